"""An amendment and another hand at once, in the order that hurts: one is stopped inside its transaction. Both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from pro import worker
from pro.clock import Moment
from pro.domain.protocol import QuestionnaireVersion
from pro.services import amending_patients, balancing, closing, delivery, marking, reminding
from pro.services.amending import approve
from pro.services.enrolment import COMMAND_LINE, NotEnrollable, enrol, inclusion
from pro.store import bells
from pro.store.tables import metadata
from tests.amendment import DIARY, FIRST, NOON, OTHER, SECOND, VISIT, Town
from tests.conftest import Urls
from tests.domain.thera import timepoint
from tests.services.play import stand
from tests.services.test_bells import rows
from tests.services.test_races import Hand, stopped_in

t = metadata.tables
SIX = datetime(2026, 4, 15, 16, tzinfo=UTC)
"""18:00 in Paris: the diary's first reminder by version 1; by version 2 it comes at 19:00."""


@pytest.fixture
def town(database_urls: Urls) -> Town:
    town = Town(database_urls, SECOND)
    town.patient()
    stand(town.parts, SIX)
    return town


def going(town: Town, at: datetime = SIX) -> Callable[[], object]:
    return lambda: approve(town.parts, town.lead, town.study, "2", "why", Moment(at, at))


def diary(town: Town) -> dict[str, Any]:
    day = date(2026, 4, 15)
    [found] = [row for row in rows(town.parts, "assessment") if (row["timepoint"], row["day"]) == ("diary", day)]
    return found


def sent(town: Town) -> list[datetime]:
    """Instants of the texts that left."""
    return sorted(row["due_at"] for row in rows(town.parts, "message") if row["state"] == "sent")  # type: ignore[type-var,misc]


def evening(town: Town) -> None:
    for hour in (17, 18, 19):
        worker.tick_once(town.parts, stand(town.parts, SIX.replace(hour=hour)), "later")
    assert balancing.recount(town.parts).holds


def test_a_reminder_that_is_being_queued_is_dropped_and_comes_at_its_new_time(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = Moment(SIX, SIX)
    with stopped_in(monkeypatch, bells, "keep_reminders", lambda: reminding.tick(town.parts, moment)) as tick:
        approval = Hand(going(town))
    approval.join()
    assert tick.result == 1
    assert not isinstance(approval.result, Exception), approval.result
    assert [row["error"] for row in rows(town.parts, "message")] == ["amended"]
    evening(town)
    assert sent(town) == [SIX + timedelta(hours=1), SIX + timedelta(hours=2)]


def test_a_worker_that_ticks_while_it_is_approved_goes_by_the_new_times(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stopped_in(monkeypatch, amending_patients, "write", going(town)) as approval:
        tick = Hand(lambda: worker.tick_once(town.parts, Moment(SIX, SIX), "now"))
    tick.join()
    assert not isinstance(approval.result, Exception), approval.result
    assert tick.result == ()
    worker.tick_once(town.parts, Moment(SIX, SIX), "now")
    assert sent(town) == []
    evening(town)
    assert sent(town) == [SIX + timedelta(hours=1), SIX + timedelta(hours=2)]


def test_a_message_that_is_being_marked_is_sent_and_its_diary_stays(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding.tick(town.parts, Moment(SIX, SIX))
    before = diary(town)
    with stopped_in(
        monkeypatch, marking, "_mark", lambda: delivery.tick(town.parts, Moment(SIX, SIX), "now")
    ) as delivered:
        approval = Hand(going(town))
    approval.join()
    assert not isinstance(delivered.result, Exception), delivered.result
    assert diary(town) == before
    evening(town)
    assert sent(town) == [SIX, SIX + timedelta(hours=2)], "18:00 and 20:00, as version 1 has it"


def test_a_message_that_was_claimed_is_not_marked_once_its_step_has_moved(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminding.tick(town.parts, Moment(SIX, SIX))
    with stopped_in(monkeypatch, amending_patients, "write", going(town)) as approval:
        tick = Hand(lambda: delivery.tick(town.parts, Moment(SIX, SIX), "now"))
    tick.join()
    assert not isinstance(approval.result, Exception), approval.result
    assert not isinstance(tick.result, Exception), tick.result
    assert sent(town) == []
    evening(town)
    assert sent(town) == [SIX + timedelta(hours=1), SIX + timedelta(hours=2)]


def test_what_was_found_over_and_moves_meanwhile_is_not_closed(
    database_urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker reads at noon that the diary is over; the amendment, a second earlier by its clock, gives it an hour."""
    longer = replace(DIARY, late_until=time(13))
    town = Town(database_urls, (VISIT, OTHER, longer))
    town.patient()
    over = datetime(2026, 4, 16, 10, tzinfo=UTC)
    with town.parts.study.writing() as session:
        session.execute(update(t["assessment"]).values(next_at=over))
    with stopped_in(
        monkeypatch, closing, "close", lambda: closing.tick(town.parts, Moment(over, over)), before=True
    ) as tick:
        assert not isinstance(going(town, over - timedelta(seconds=1))(), Exception)
    assert not isinstance(tick.result, Exception), tick.result
    assert (diary(town)["closed_at"], diary(town)["late_until"]) == (None, over + timedelta(hours=1))


def test_whoever_is_enrolled_meanwhile_is_asked_by_the_new_version_or_not_at_all(
    database_urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form was opened by version 1; its criteria may be others now."""
    asks = (QuestionnaireVersion("pain-vas-48h", "2"),)
    screening = replace(timepoint("screening", -7, before=7, after=6, respondent="clinician"), questionnaires=asks)
    town = Town(database_urls, (screening, *SECOND), first=(screening, *FIRST))
    town.patient()
    stand(town.parts, SIX)
    site = town.made.sites["R"]
    with town.parts.study.writing() as session:
        row = {"site_id": site, "protocol": "thera-demo", "version": "1", "sha256": ""}
        session.execute(t["protocol_in_force"].insert().values(**row, from_at=NOON - timedelta(days=9)))
    person = {"name": "Anna", "phone": "06 98 76 54 32", "zone": "Europe/Paris", "language": "en"}

    def come() -> object:
        asked = {"criteria": {}, "screening_value": 60, "day0": SIX.date(), **person}
        return enrol(town.parts, COMMAND_LINE, site, moment=Moment(SIX, SIX), **asked)  # type: ignore[arg-type]

    with stopped_in(monkeypatch, inclusion, "place", come) as enrolment:
        assert not isinstance(going(town)(), Exception)
    assert isinstance(enrolment.result, NotEnrollable)
    assert [one.why for one in enrolment.result.problems] == ["amended"]
    assert len(rows(town.parts, "patient")) == 1


def test_two_who_approve_at_once_carry_it_out_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    with stopped_in(monkeypatch, amending_patients, "write", going(town)) as approval:
        again = Hand(going(town))
    again.join()
    for hand in (approval, again):
        assert not isinstance(hand.result, Exception), hand.result
    assert [row["kind"] for row in rows(town.parts, "audit_event")].count("patient.amended") == 1
    assert rows(town.parts, "amendment")[0]["patients"] == 1
