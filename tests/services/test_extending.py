"""A window ends later by a decision that stands in the trail, and never by itself. Both engines."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pro import worker
from pro.services import answering, audit_trail, closing, extending
from pro.services.audit import Actor
from pro.services.enrolment import COMMAND_LINE
from pro.services.enrolment.travelling import change_zone
from pro.services.extending import Which
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import fill, give_link, stand
from tests.services.test_bells import DAY, SIX, rows, set_bells, walk

t = metadata.tables
WHO = Actor("ana", "coordinator")
LATER = SIX + timedelta(hours=30)
"""Midnight of the day after: twelve hours after the diary's last call."""


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def site(parts: Parts) -> int:
    made = make_study(parts)
    stand(parts, SIX)
    for number in ("R-001", "R-002"):
        set_bells(parts, make_patient(parts, made, number, day0=DAY), SIX - timedelta(days=30))
    return made.sites["R"]


def diary(parts: Parts, patient: int = 1) -> dict[str, object]:
    wanted = ("diary", DAY, patient)
    return next(row for row in rows(parts, "assessment") if (row["timepoint"], row["day"], row["patient_id"]) == wanted)


def extend(parts: Parts, which: Which, until: datetime = LATER, reason: str = "outage of the network") -> int:
    return len(extending.extend(parts, WHO, which, until, reason, parts.clock.now()))


def test_one_patient_s_diary_ends_later_and_the_trail_says_who_and_why(parts: Parts, site: int) -> None:
    worker.tick_once(parts, stand(parts, SIX), "w")
    assert extend(parts, Which(site, "R-001", "diary", DAY)) == 1
    row = diary(parts)
    assert (row["closes_at"], row["late_until"]) == (LATER, None)
    assert row["next_at"] == SIX + timedelta(hours=2), "the next reminder still rings"
    assert diary(parts, 2)["late_until"] == SIX + timedelta(hours=18)
    (event,) = [row for row in rows(parts, "audit_event") if row["kind"] == "window.extended"]
    assert (event["chain"], event["actor"]) == ("patient:R-001", "ana")
    assert "outage of the network" in str(event["payload"])
    assert audit_trail.verify_database(parts).ok
    links = [row["expires_at"] for row in rows(parts, "link") if row["patient_id"] == 1]
    assert links
    assert all(str(at) >= str(LATER) for at in links)


def test_what_is_sent_until_then_is_on_time_and_it_closes_at_the_new_end(parts: Parts, site: int) -> None:
    token = give_link(parts, 1, until=SIX + timedelta(days=9))
    extend(parts, Which(site, timepoint="diary", day=DAY))
    moment = stand(parts, LATER - timedelta(hours=1))
    closing.tick(parts, moment)
    assert diary(parts)["closed_at"] is None
    page = answering.open_link(parts, token, moment)
    assert DAY in {one.day for one in page.waiting}
    walk(parts, LATER + timedelta(hours=1))
    assert diary(parts)["closed_at"] is not None
    kept = {row["step"] for row in rows(parts, "reminder") if row["assessment_id"] == diary(parts)["id"]}
    assert kept == {"at-18:00", "at-20:00"}


def test_a_whole_site_after_an_outage_before_the_worker_starts_again(parts: Parts, site: int) -> None:
    """The diaries ran out while the worker was off: nobody has closed them yet."""
    stand(parts, SIX + timedelta(hours=20))
    assert extend(parts, Which(site, timepoint="diary", day=DAY)) == 2
    worker.tick_once(parts, parts.clock.now(), "w")
    assert diary(parts)["closed_at"] is None
    sent = len([row for row in rows(parts, "message") if row["state"] == "sent"])
    assert sent == 0, "what was due meanwhile is too late, whatever is decided about the window"


def test_what_is_closed_or_sent_stays_as_it_is(parts: Parts, site: int) -> None:
    fill(parts, give_link(parts, 1))
    assert extend(parts, Which(site, "R-001", "diary", DAY)) == 0
    walk(parts, SIX + timedelta(hours=20))
    assert extend(parts, Which(site, "R-002", "diary", DAY)) == 0


@pytest.mark.parametrize(
    ("until", "reason", "said"),
    [
        (SIX, "x", "has passed"),
        (LATER, " ", "say why"),
        (LATER, "x" * 501, "say why"),
        (SIX + timedelta(days=9), "x", "by 7 days at most"),
    ],
)
def test_what_is_refused_says_so_and_changes_nothing(
    parts: Parts, site: int, until: datetime, reason: str, said: str
) -> None:
    before = rows(parts, "assessment")
    with pytest.raises(ValueError, match=said):
        extend(parts, Which(site), until, reason)
    assert rows(parts, "assessment") == before


def test_a_journey_does_not_take_back_the_time_that_was_granted(parts: Parts, site: int) -> None:
    """Eastwards the next day opens sooner, and the window would end there."""
    assert extend(parts, Which(site, "R-001", "diary", DAY)) == 1
    for patient in (1, 2):
        change_zone(parts, COMMAND_LINE, patient, "Asia/Tokyo", parts.clock.now())
    assert diary(parts)["closes_at"] == LATER
    assert diary(parts)["late_until"] is None
    planned = diary(parts, 2)
    assert planned["late_until"] is not None
    assert str(planned["closes_at"]) < str(LATER)
