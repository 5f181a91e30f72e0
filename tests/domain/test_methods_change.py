"""Pain since baseline, a second time: whole numbers and a quotient."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.instruments import close, scored

pains = st.none() | st.integers(0, 100)


@given(pains, pains)
def test_change_is_a_difference_and_a_quotient(before: int | None, now: int | None) -> None:
    found = scored("pain-response", {"baseline": before, "current": now})
    both = before is not None and now is not None
    assert close(found["change"].value, now - before if both else None)  # type: ignore[operator]
    assert close(found["relative_change"].value, (now / before - 1) * 100 if both and before else None)  # type: ignore[operator]
    assert close(found["pain_now"].value, now)


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_three_thresholds_are_reached_at_their_own_value(before: int, now: int) -> None:
    found = scored("pain-response", {"baseline": before, "current": now})
    fall = before - now
    absolute = (
        "fall of 20 or more" if fall >= 20 else "fall of 15 or more" if fall >= 15 else "no improvement that matters"
    )
    assert found["change"].band == absolute
    if before:
        assert (found["relative_change"].band == "fall of 20 % or more") == (5 * fall >= before)
    assert (found["pain_now"].band == "acceptable") == (now <= 40)


def test_a_baseline_of_nothing_says_why_there_is_no_share() -> None:
    found = scored("pain-response", {"baseline": 0, "current": 0})["relative_change"]
    assert (found.value, found.reason) == (None, "the baseline is 0, so there is no share of it")
    assert scored("pain-response", {"baseline": 100, "current": 0})["relative_change"].value == Decimal(-100)
