from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pro.domain.assessment import Instants, State, end, is_fillable, is_over, state

OPENS = datetime(2026, 3, 2, 3, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=1)
LATE = CLOSES + timedelta(hours=8)
MOMENT = timedelta(microseconds=1)
NOON = OPENS + timedelta(hours=8)


def diary(**known: datetime | bool) -> Instants:
    return Instants(OPENS, CLOSES, LATE, **known)  # type: ignore[arg-type]


def visit(**known: datetime | bool) -> Instants:
    return Instants(OPENS, CLOSES, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instants", "now", "expected"),
    [
        (diary(), OPENS - MOMENT, State.EXPECTED),
        (diary(), OPENS, State.OPEN),
        (diary(started_at=NOON), NOON, State.BEGUN),
        (diary(), CLOSES, State.OPEN),  # late filling
        (diary(started_at=NOON, answered=True), LATE - MOMENT, State.BEGUN),
        (diary(), LATE, State.MISSED),
        (diary(started_at=NOON), LATE, State.MISSED),  # begun, nothing answered
        (diary(started_at=NOON, answered=True), LATE, State.PARTIAL),
        (visit(), CLOSES - MOMENT, State.OPEN),
        (visit(), CLOSES, State.MISSED),
        (visit(answered=True), CLOSES, State.PARTIAL),
        (diary(closed_at=NOON, answered=True), NOON, State.PARTIAL),
        (diary(closed_at=NOON), NOON, State.MISSED),
        (diary(submitted_at=NOON), NOON, State.COMPLETED),
        (diary(submitted_at=CLOSES - MOMENT), LATE, State.COMPLETED),
        (diary(submitted_at=CLOSES), LATE, State.LATE),
        (diary(submitted_at=NOON, cancelled_at=NOON, excused_at=NOON), LATE, State.COMPLETED),
        (diary(cancelled_at=NOON), OPENS - MOMENT, State.CANCELLED),
        (diary(cancelled_at=NOON, excused_at=NOON), LATE, State.CANCELLED),
        (diary(excused_at=NOON), NOON, State.EXCUSED),
        (diary(excused_at=NOON, answered=True), LATE, State.EXCUSED),
    ],
)
def test_the_state_follows_from_the_instants(instants: Instants, now: datetime, expected: State) -> None:
    assert state(instants, now) is expected


@pytest.mark.parametrize(
    ("instants", "now", "fillable"),
    [
        (diary(), OPENS - MOMENT, False),
        (diary(), OPENS, True),
        (diary(), CLOSES, True),
        (diary(), LATE - MOMENT, True),
        (diary(), LATE, False),
        (visit(), CLOSES - MOMENT, True),
        (visit(), CLOSES, False),
        (diary(started_at=NOON, answered=True), NOON, True),
        (diary(excused_at=NOON), NOON, True),  # an excuse takes nothing from the patient
        (diary(submitted_at=NOON), NOON, False),
        (diary(closed_at=NOON), NOON, False),
        (diary(cancelled_at=NOON), NOON, False),
    ],
)
def test_what_may_still_be_filled(instants: Instants, now: datetime, fillable: bool) -> None:
    assert is_fillable(instants, now) is fillable


def test_the_end_is_where_late_filling_ends() -> None:
    assert end(diary()) == LATE
    assert end(visit()) == CLOSES
    assert not is_over(diary(), CLOSES)
    assert is_over(visit(), CLOSES)
    assert is_over(diary(closed_at=NOON), NOON)
