"""The gout flare's two forms and the RA flare sum, against tables written out."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro.domain.answers import NotAllowed
from tests.domain.instruments import questionnaire, scored, value

SIGNS = ("declared", "rest_pain", "swollen", "warm")
MET: dict[str, list[object]] = {"declared": [True], "rest_pain": [4, 10], "swollen": [1, 7], "warm": [1, 2]}
NOT_MET: dict[str, list[object]] = {"declared": [False], "rest_pain": [0, 3], "swollen": [0], "warm": [0]}


def possible(states: tuple[bool | None, ...]) -> set[bool]:
    """Whether there is a flare by count, for every way in which the unknown signs could turn out."""
    ways = product(*([state] if state is not None else [True, False] for state in states))
    return {sum(way) >= 3 for way in ways}


def possible_tree(states: tuple[bool | None, ...]) -> set[bool]:
    ways = product(*([state] if state is not None else [True, False] for state in states))
    return {way[1] and way[0] for way in ways}


def told(ways: set[bool]) -> str | None:
    return None if len(ways) == 2 else "flare" if True in ways else "no flare"


@pytest.mark.parametrize("states", list(product([True, False, None], repeat=4)))
def test_every_state_of_four_signs(states: tuple[bool | None, ...]) -> None:
    """A result exists exactly where no way of answering the rest could change it."""
    for choice in (0, -1):
        answers = {
            sign: None if state is None else (MET if state else NOT_MET)[sign][choice]
            for sign, state in zip(SIGNS, states, strict=True)
        }
        found = scored("gout-flare", answers)
        assert found["gout_flare"].value == told(possible(states))
        assert found["gout_flare_tree"].value == told(possible_tree(states))
        met = None if states == (None,) * 4 else Decimal(states.count(True))
        assert found["criteria_met"].value == met
        assert all((each.value is None) == bool(each.reason) for each in found.values())


@given(st.integers(0, 10), st.integers(0, 68), st.integers(0, 68), st.booleans())
def test_complete_answers_always_have_a_result(pain: int, swollen: int, warm: int, declared: bool) -> None:
    answers = {"declared": declared, "rest_pain": pain, "swollen": swollen, "warm": warm}
    found = scored("gout-flare", answers)
    met = declared + (pain > 3) + (swollen > 0) + (warm > 0)
    assert found["criteria_met"].value == met
    assert found["gout_flare"].value == ("flare" if met >= 3 else "no flare")
    assert found["gout_flare_tree"].value == ("flare" if pain > 3 and declared else "no flare")


def test_it_says_where_it_is_validated() -> None:
    asked = questionnaire("gout-flare")
    assert "validated in gout" in asked.title["en"]
    for scale in asked.scales[1:]:
        assert "validated in gout" in scale.title["en"]
        assert "validé dans la goutte" in scale.title["fr"]


@pytest.mark.parametrize(("item", "raw"), [("declared", 1), ("rest_pain", 11), ("swollen", -1), ("warm", True)])
def test_what_the_signs_do_not_take_is_refused_by_name(item: str, raw: object) -> None:
    with pytest.raises(NotAllowed, match=f"^{item} "):
        scored("gout-flare", {item: raw})


RATINGS = ("pain", "function", "fatigue", "stiffness", "participation")


@given(st.lists(st.none() | st.integers(0, 10), min_size=5, max_size=5))
def test_the_ra_flare_sum_needs_all_five(row: list[int | None]) -> None:
    total = 0
    for n in row:
        total += n or 0
    found = value("ra-flare", "ra_flare", dict(zip(RATINGS, row, strict=True)))
    assert found == (None if None in row else total)
