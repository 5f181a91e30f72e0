from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.amendments import Change, Standing, amend
from pro.domain.protocol import Timepoint
from pro.domain.schedule import Planned, plan
from pro.domain.zones import zone
from tests.domain.thera import protocol, timepoint

PARIS = zone("Europe/Paris")
DAY0 = date(2026, 3, 2)
VISIT = timepoint("visit", 14, before=1, after=1, at=("10:00",))
DIARY = timepoint("diary", 0, 20, late_until=time(12), at=("18:00",))
NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
ordinary = settings(max_examples=2_000 if os.environ.get("PRO_PROVE") == "1" else 100, deadline=None)


def planned(*timepoints: Timepoint) -> tuple[Planned, ...]:
    return plan(protocol(*timepoints), DAY0, PARIS)


def one(changes: tuple[Change, ...], key: str, day: str = "") -> Change:
    (found,) = (each for each in changes if each.timepoint == key and (not day or each.day.isoformat() == day))
    return found


def test_the_same_protocol_changes_nothing() -> None:
    plain = planned(VISIT, DIARY)
    changes = amend([Standing(each) for each in plain], plain, NOW)
    assert {(each.kind, each.why) for each in changes} == {("stays", "same")}


def test_a_visit_that_is_untouched_moves_with_its_steps() -> None:
    later = replace(VISIT, first_day=15, last_day=15)
    change = one(amend([Standing(planned(VISIT)[0])], planned(later), NOW), "visit")
    assert (change.kind, change.why, change.day) == ("moves", "window", date(2026, 3, 17))
    assert {step.kind for step in change.steps} == {"moves"}
    assert change.steps[0].before == datetime(2026, 3, 15, 9, tzinfo=UTC)
    assert change.steps[0].after == datetime(2026, 3, 16, 9, tzinfo=UTC)


def test_new_reminders_alone_leave_the_window() -> None:
    evening = replace(VISIT, reminders=timepoint("", 0, at=("10:00", "18:00")).reminders)
    change = one(amend([Standing(planned(VISIT)[0])], planned(evening), NOW), "visit")
    assert (change.kind, change.why) == ("moves", "reminders")
    assert [(step.step, step.kind) for step in change.steps] == [
        ("at-10:00/-1", "stays"),
        ("at-10:00/0", "stays"),
        ("at-10:00/1", "stays"),
        ("at-18:00/-1", "appears"),
        ("at-18:00/0", "appears"),
        ("at-18:00/1", "appears"),
    ]


def test_what_is_answered_sent_or_over_stays() -> None:
    visit = planned(VISIT)[0]
    for standing, why in (
        (Standing(visit, answered=True), "answered"),
        (Standing(visit, sent=frozenset({"at-10:00/-1"})), "message-sent"),
        (Standing(visit, settled=True), "over"),
    ):
        later = planned(replace(VISIT, first_day=15, last_day=15))
        assert [(each.kind, each.why) for each in amend([standing], later, NOW)] == [("stays", why)]
        assert [(each.kind, each.why) for each in amend([standing], (), NOW)] == [("stays", why)]


def test_a_shorter_diary_loses_its_untouched_days_and_a_longer_one_gains() -> None:
    standing = [Standing(each) for each in planned(DIARY)]
    shorter = amend(standing, planned(replace(DIARY, last_day=10)), NOW)
    assert [each.day.isoformat() for each in shorter if each.kind == "vanishes"][0::9] == ["2026-03-13", "2026-03-22"]
    longer = amend(standing, planned(replace(DIARY, last_day=22)), NOW)
    assert [each.day.isoformat() for each in longer if each.kind == "appears"] == ["2026-03-23", "2026-03-24"]


def test_nothing_is_made_that_would_be_over() -> None:
    earlier = planned(replace(DIARY, first_day=-3, last_day=-1))
    assert amend([], earlier, NOW) == ()
    change = one(amend([Standing(planned(VISIT)[0])], planned(replace(VISIT, first_day=1, last_day=1)), NOW), "visit")
    assert (change.kind, change.why) == ("stays", "would-be-over")


visits = st.builds(
    lambda day, before, after, at: replace(
        timepoint("visit", day, before=before, after=after, at=tuple(at)), late_until=None
    ),
    st.integers(-3, 20),
    st.integers(0, 3),
    st.integers(0, 3),
    st.lists(st.sampled_from(("09:00", "12:00", "18:00")), unique=True),
)
diaries = st.builds(
    lambda first, length, every, burst: replace(
        timepoint("diary", first, first + length, at=("18:00",)), every=every, burst=min(burst, every)
    ),
    st.integers(-3, 5),
    st.integers(0, 25),
    st.integers(1, 9),
    st.integers(1, 4),
)
protocols = st.builds(planned, visits, diaries)


@pytest.mark.prove
@given(protocols, protocols, st.data(), st.integers(-5, 30))
@ordinary
def test_an_amendment_never_moves_what_was_answered_or_sent(
    before: tuple[Planned, ...], after: tuple[Planned, ...], data: st.DataObject, day: int
) -> None:
    now = NOW + timedelta(days=day)
    standing = [
        Standing(
            each,
            answered=data.draw(st.booleans()),
            sent=frozenset(step.step for step in each.reminders if step.at <= now and data.draw(st.booleans())),
        )
        for each in before
    ]
    changes = amend(standing, after, now)
    by_before = {id(each.before): each for each in changes if each.before is not None}
    assert len(by_before) == len(standing)
    for each in standing:
        change = by_before[id(each.planned)]
        if each.answered or each.sent or each.planned.end <= now:
            assert (change.kind, change.after) == ("stays", each.planned)
            assert {step.kind for step in change.steps} <= {"stays"}
        elif change.kind != "stays":
            assert change.after is None or change.after.end > now
    kept = [each.after for each in changes if each.after is not None]
    assert len({(each.timepoint, each.day) for each in kept}) == len(kept)
