from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain import zones
from pro.domain.assessment import Instants
from pro.domain.protocol import QuietHours
from pro.domain.reminders import (
    HELD_UP,
    DueStep,
    Facts,
    Verdict,
    Why,
    due_steps,
    in_quiet_hours,
    next_bell,
    not_after,
    quiet_ends,
    share,
    verdict,
    why_silent,
)
from pro.domain.schedule import PlannedReminder, plan_one
from pro.domain.zones import zone
from tests.domain.thera import DIARY, QUIET

PARIS = zone("Europe/Paris")
MOMENT = timedelta(microseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SIX = PlannedReminder("at-18:00", utc("2026-03-02T17:00"))
EIGHT = PlannedReminder("at-20:00", utc("2026-03-02T19:00"))
END = utc("2026-03-03T11:00")


def test_the_bell_rings_for_each_step_and_for_the_close() -> None:
    rung = []
    after = utc("2026-03-02T03:00")
    for _ in range(4):
        bell = next_bell((EIGHT, SIX), END, after)
        rung.append(bell)
        after = bell or END
    assert rung == [SIX.at, EIGHT.at, END, None]


def test_the_bell_is_strictly_later_and_never_after_the_end() -> None:
    beyond = PlannedReminder("at-13:00", END + timedelta(hours=1))
    assert next_bell((SIX,), END, SIX.at - MOMENT) == SIX.at
    assert next_bell((SIX,), END, SIX.at) == END
    assert next_bell((SIX, beyond), END, END) is None


def test_steps_are_due_once_their_instant_has_come() -> None:
    assert due_steps((EIGHT, SIX), SIX.at - MOMENT) == ()
    assert due_steps((EIGHT, SIX), SIX.at) == (SIX,)
    assert due_steps((EIGHT, SIX), END) == (SIX, EIGHT)
    assert due_steps((EIGHT, SIX), END, after=SIX.at) == (EIGHT,)


def test_steps_of_a_patient_at_an_instant_share_a_message() -> None:
    diary, visit = DueStep(1, 10, "at-18:00", SIX.at), DueStep(1, 11, "at-18:00/0", SIX.at)
    later, other = DueStep(1, 10, "at-20:00", EIGHT.at), DueStep(2, 12, "at-18:00", SIX.at)
    messages = share([later, diary, other, visit])
    assert [(one.patient, one.at, one.steps) for one in messages] == [
        (1, SIX.at, (diary, visit)),
        (2, SIX.at, (other,)),
        (1, EIGHT.at, (later,)),
    ]
    assert messages[0].dedupe_key == "reminder:1:2026-03-02T17:00:00Z"
    assert len({one.dedupe_key for one in messages}) == 3


def test_a_message_may_wait_but_not_past_the_end() -> None:
    assert not_after(SIX.at, END, timedelta(hours=2)) == SIX.at + timedelta(hours=2)
    assert not_after(END - timedelta(hours=1), END, timedelta(hours=2)) == END


@pytest.mark.parametrize(
    ("instant", "quiet"),
    [
        ("2026-01-15T19:29:59.999999", False),
        ("2026-01-15T19:30", True),
        ("2026-01-15T23:00", True),
        ("2026-01-16T07:29:59.999999", True),
        ("2026-01-16T07:30", False),
        ("2026-07-15T18:29", False),  # summer time
        ("2026-07-15T18:30", True),
    ],
)
def test_quiet_hours_are_the_patients(instant: str, quiet: bool) -> None:
    assert in_quiet_hours(utc(instant), PARIS, QUIET) is quiet


def test_quiet_hours_within_a_day_and_none() -> None:
    siesta, none = QuietHours(time(13), time(15)), QuietHours(time(9), time(9))
    assert [in_quiet_hours(utc(f"2026-01-15T{h}:00"), zone("UTC"), siesta) for h in (12, 13, 14, 15)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not any(in_quiet_hours(utc(f"2026-01-15T{h:02}:00"), zone("UTC"), none) for h in range(24))


@pytest.mark.parametrize(
    ("instant", "ends", "quiet"),
    [
        ("2026-01-15T12:00", "2026-01-15T12:00", QUIET),
        ("2026-01-15T19:30", "2026-01-16T07:30", QUIET),
        ("2026-01-16T03:00", "2026-01-16T07:30", QUIET),
        ("2026-03-28T21:00", "2026-03-29T06:30", QUIET),  # the night loses an hour
        ("2026-10-24T21:00", "2026-10-25T07:30", QUIET),
        # The end is skipped: they end with the jump. It repeats: each time.
        ("2026-03-29T00:00", "2026-03-29T01:00", QuietHours(time(22), time(2, 30))),
        ("2026-10-24T22:00", "2026-10-25T00:30", QuietHours(time(22), time(2, 30))),
        ("2026-10-25T01:15", "2026-10-25T01:30", QuietHours(time(22), time(2, 30))),
    ],
)
def test_quiet_hours_end(instant: str, ends: str, quiet: QuietHours) -> None:
    assert quiet_ends(utc(instant), PARIS, quiet) == utc(ends)


@given(
    st.sampled_from(sorted(zones.names())),
    st.datetimes(datetime(1970, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 - made UTC below
    st.builds(QuietHours, st.sampled_from([time(20, 30), time(23), time(1)]), st.times()),
)
@settings(deadline=None, max_examples=100)
def test_quiet_hours_end_outside_them(name: str, naive: datetime, quiet: QuietHours) -> None:
    instant = naive.replace(tzinfo=UTC)
    ends = quiet_ends(instant, zone(name), quiet)
    assert instant <= ends <= instant + timedelta(hours=49)
    assert not in_quiet_hours(ends, zone(name), quiet)


def waiting(**known: datetime) -> Instants:
    planned = plan_one(DIARY, date(2026, 3, 2), PARIS, time(4))
    assert planned is not None
    return Instants(planned.opens_at, planned.closes_at, planned.late_until, **known)  # type: ignore[arg-type]


FACTS = Facts(
    now=SIX.at,
    due_at=SIX.at,
    not_after=SIX.at + timedelta(hours=2),
    assessments=(waiting(),),
    zone=PARIS,
    quiet=QUIET,
    daily_cap=3,
)
NIGHT = utc("2026-03-02T19:45")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (FACTS, "ok"),
        (replace(FACTS, withdrawn=True, opted_out=True), "withdrawn"),
        (replace(FACTS, opted_out=True, has_number=False), "opted-out"),
        (replace(FACTS, has_number=False), "no-number"),
        (replace(FACTS, assessments=(waiting(cancelled_at=SIX.at),)), "cancelled"),
        (replace(FACTS, assessments=(waiting(submitted_at=SIX.at),)), "submitted"),
        # An answer explains what was due after it, and before it what nothing else had kept back.
        (replace(FACTS, assessments=(waiting(submitted_at=SIX.at, excused_at=SIX.at),)), "submitted"),
        (replace(FACTS, now=EIGHT.at, assessments=(waiting(submitted_at=EIGHT.at),)), "submitted"),
        (replace(FACTS, now=EIGHT.at, assessments=(waiting(submitted_at=EIGHT.at, excused_at=SIX.at),)), "excused"),
        (replace(FACTS, due_at=NIGHT, now=END, assessments=(waiting(submitted_at=END - MOMENT),)), "quiet-hours"),
        (replace(FACTS, assessments=(waiting(closed_at=SIX.at),)), "closed"),
        (replace(FACTS, assessments=()), "closed"),
        (replace(FACTS, now=END, not_after=END), "closed"),
        (replace(FACTS, now=utc("2026-03-02T02:00")), "not-open"),
        (replace(FACTS, now=FACTS.not_after), "ok"),
        (replace(FACTS, now=FACTS.not_after + MOMENT), "too-late"),
        (replace(FACTS, sent_today=2), "ok"),
        (replace(FACTS, sent_today=3), "daily-cap"),
        (replace(FACTS, now=utc("2026-03-02T19:30"), not_after=END), "quiet-hours"),
        # One of two is done already: the other still waits.
        (replace(FACTS, assessments=(waiting(submitted_at=SIX.at), waiting())), "ok"),
    ],
)
def test_the_verdict_names_the_reason(facts: Facts, why: str) -> None:
    given = verdict(facts)
    assert (given.send, given.why) == (why == "ok", why)


SINCE: dict[Why, datetime | None] = dict.fromkeys(("submitted", "cancelled", "withdrawn", "excused", "opted-out"))


@pytest.mark.parametrize(
    ("came", "why"),
    [
        ({}, "too-late"),
        ({"excused": SIX.at - MOMENT, "submitted": SIX.at + MOMENT}, "excused"),
        ({"excused": SIX.at - MOMENT, "submitted": SIX.at}, "submitted"),
        ({"opted-out": SIX.at - MOMENT, "withdrawn": EIGHT.at, "cancelled": EIGHT.at}, "opted-out"),
        ({"opted-out": SIX.at, "excused": SIX.at - HELD_UP}, "excused"),
        # A working worker may need some minutes: what came first within them stopped it.
        ({"submitted": SIX.at + HELD_UP, "excused": SIX.at + MOMENT}, "excused"),
        ({"submitted": SIX.at + HELD_UP}, "submitted"),
        ({"submitted": SIX.at + HELD_UP + MOMENT}, "too-late"),
        ({"withdrawn": EIGHT.at, "cancelled": EIGHT.at}, "too-late"),
    ],
)
def test_a_step_is_explained_by_what_stood_in_its_way_at_its_time(came: dict[Why, datetime], why: str) -> None:
    assert why_silent(SIX.at, {**SINCE, **came}) == why


def test_a_quiet_message_waits_only_where_waiting_helps() -> None:
    patient = replace(FACTS, now=NIGHT, not_after=END)
    assert verdict(patient) == Verdict(False, "quiet-hours", again_at=utc("2026-03-03T07:30"))
    assert verdict(replace(patient, not_after=NIGHT + timedelta(hours=2))) == Verdict(False, "quiet-hours")


def test_another_quiet_time_makes_another_verdict() -> None:
    late_riser = replace(FACTS, quiet=QuietHours(time(18), time(19)))
    assert verdict(late_riser).why == "quiet-hours"
