"""What became of a step, and when it does not balance."""

from __future__ import annotations

import pytest

from pro.domain.ledger import Balance, Fate, Fault, Step, fate, imbalance
from pro.domain.message import State


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(None, None, rung=False), Fate.PLANNED),
        (Step(None, "submitted"), Fate.NOT_SENT),
        (Step(State.PENDING, None), Fate.QUEUED),
        (Step(State.CLAIMED, None), Fate.QUEUED),
        (Step(State.SENDING, None), Fate.UNKNOWN),
        (Step(State.SENT, None), Fate.SENT),
        (Step(State.DELIVERED, None), Fate.DELIVERED),
        (Step(State.UNDELIVERED, None), Fate.NOT_DELIVERED),
        (Step(State.SENT, None, opened=True), Fate.OPENED),
        (Step(State.DELIVERED, None, opened=True, answered=True), Fate.ANSWERED),
        (Step(State.DELIVERED, None, answered=True), Fate.DELIVERED),
        (Step(State.DELIVERED, "submitted"), Fate.NOT_SENT),
        (Step(State.DROPPED, "too-late"), Fate.NOT_SENT),
        (Step(State.FAILED, "failed", opened=True), Fate.NOT_SENT),
    ],
)
def test_the_furthest_that_a_step_came(step: Step, expected: Fate) -> None:
    assert fate(step) is expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(None, None, rung=False), None),
        (Step(None, None), Fault.NEITHER),
        (Step(None, "too-late"), None),
        (Step(State.SENT, None), None),
        (Step(State.DROPPED, None), Fault.TOLD_NOTHING),
        (Step(State.FAILED, None), Fault.TOLD_NOTHING),
        (Step(State.FAILED, "failed"), None),
    ],
)
def test_what_does_not_balance(step: Step, expected: Fault | None) -> None:
    assert imbalance(step) is expected


def test_a_balance_says_what_is_wrong_and_how_often() -> None:
    assert (Balance().holds, str(Balance())) == (True, "it balances")
    found = Balance(neither=1) + Balance(neither=1, lonely=3)
    assert not found.holds
    assert str(found) == f"{Fault.NEITHER} (2); {Fault.LONELY} (3)"
    assert not Balance(uncounted=1).holds
    assert not Balance(told_nothing=1).holds
