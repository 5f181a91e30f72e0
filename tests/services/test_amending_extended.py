"""Time that somebody granted after an outage is not taken back by an amendment. Both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from pro import worker
from pro.services import audit_trail, extending
from pro.services.audit import Actor
from pro.services.extending import Which
from pro.store.tables import metadata
from tests.amendment import AT_NINETEEN, DIARY, LATER, NOON, OTHER, VISIT, Town
from tests.conftest import Urls
from tests.domain.thera import timepoint
from tests.services.play import stand
from tests.services.test_amending import go, look, one, touch, utc
from tests.services.test_bells import walk

t = metadata.tables
TODAY = date(2026, 4, 15)
GRANTED = NOON + timedelta(days=3)
PLANNED_END = utc("2026-04-16T10:00")
"""12:00 in Paris of the day after."""


def extend(town: Town, key: str, day: date, until: datetime = GRANTED) -> None:
    which, now = Which(town.made.sites["R"], "R-001", key, day), town.parts.clock.now()
    assert extending.extend(town.parts, Actor("ana", "coordinator"), which, until, "the network was down", now)


def test_a_granted_end_stays_where_only_the_reminders_change(database_urls: Urls) -> None:
    town = Town(database_urls, (VISIT, OTHER, AT_NINETEEN))
    town.patient()
    town.patient("R-002")
    extend(town, "diary", TODAY)
    shown = next(item for item in look(town)[0].items if (item.timepoint, item.day) == ("diary", TODAY))
    assert (shown.kind, shown.why) == ("moves", "reminders")
    assert shown.after is not None
    assert (shown.after.closes_at, shown.after.late_until) == (GRANTED, None)
    go(town)
    row = one(town, "diary", TODAY)
    assert (row["closes_at"], row["late_until"], row["protocol_version"]) == (GRANTED, None, "2")
    assert row["next_at"] == utc("2026-04-15T17:00"), "19:00 in Paris: the reminder inside it has moved"
    assert one(town, "diary", TODAY, 2)["late_until"] == PLANNED_END, "nobody extended that one"
    walk(town.parts, PLANNED_END + timedelta(hours=1))
    assert one(town, "diary", TODAY)["closed_at"] is None
    assert one(town, "diary", TODAY, 2)["closed_at"] is not None
    worker.tick_once(town.parts, stand(town.parts, GRANTED + timedelta(minutes=1)), "w")
    assert one(town, "diary", TODAY)["closed_at"] is not None
    assert audit_trail.verify_database(town.parts).ok


@pytest.mark.parametrize(("after", "closes"), [(2, "2026-04-20T22:00"), (4, "2026-04-22T02:00")])
def test_the_later_of_the_two_ends_holds(sqlite_urls: Urls, after: int, closes: str) -> None:
    wide = timepoint("visit", 7, before=2, after=after, at=("11:00",))
    town = Town(sqlite_urls, (wide, OTHER, DIARY), first=(replace(wide, window_after=1), OTHER, DIARY))
    town.patient()
    extend(town, "visit", date(2026, 4, 17), utc("2026-04-20T22:00"))
    go(town)
    row = one(town, "visit", date(2026, 4, 17))
    assert (row["closes_at"], row["late_until"]) == (utc(closes), None)


def test_a_visit_that_moves_keeps_the_time_that_was_granted(sqlite_urls: Urls) -> None:
    early = timepoint("visit", 7, before=2, after=1, at=("11:00",))
    sooner = replace(early, first_day=6, last_day=6)
    town = Town(sqlite_urls, (sooner, OTHER, DIARY), (LATER, OTHER, DIARY), first=(early, OTHER, DIARY))
    town.patient()
    extend(town, "visit", date(2026, 4, 17), utc("2026-04-20T22:00"))
    go(town)
    assert one(town, "visit", date(2026, 4, 16))["closes_at"] == utc("2026-04-20T22:00")
    go(town, "3")
    assert one(town, "visit", date(2026, 4, 19))["closes_at"] == utc("2026-04-21T02:00"), "planned to end later yet"


def test_what_ends_late_without_a_decision_goes_by_the_plan(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, (VISIT, OTHER, AT_NINETEEN))
    town.patient()
    touch(town, one(town, "diary", TODAY)["id"], closes_at=GRANTED, late_until=None)
    go(town)
    assert one(town, "diary", TODAY)["late_until"] == PLANNED_END


def test_a_decision_whose_words_were_redacted_still_holds(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, (VISIT, OTHER, AT_NINETEEN))
    town.patient()
    extend(town, "diary", TODAY)
    events = t["audit_event"]
    with town.parts.study.writing() as session:
        session.execute(update(events).where(events.c.kind == "window.extended").values(payload=None, salt=None))
    go(town)
    assert one(town, "diary", TODAY)["closes_at"] == GRANTED
