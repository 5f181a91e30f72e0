"""Scores, against a second computation that shares no code with the first."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, getcontext
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro.domain.joints import JOINTS, SETS
from pro.domain.methods import METHODS
from pro.domain.questionnaire import Band, Item, Kind, Missing, Option, Questionnaire, Scale, Value
from pro.domain.questionnaire import Test as Compare
from pro.domain.scoring import Score, score

WORDS = {"en": "x", "fr": "x"}
KEYS = tuple("abcdefg")
WEIGHTS = dict(zip(KEYS, map(Decimal, ["0.21", "0.16", "0.15", "0.12", "0.12", "0.12", "0.12"]), strict=True))
"""The final weights of a seven-item impact score (Gossec 2011)."""


def rating(key: str) -> Item:
    return Item(key, Kind.RATING, WORDS, WORDS, low=Decimal(0), high=Decimal(10))


SCALE = Scale("s", WORDS, KEYS, "sum", Missing("all"), {}, {}, {})


def questionnaire(scale: Scale, items: tuple[Item, ...] | None = None) -> Questionnaire:
    items = items or tuple(rating(key) for key in KEYS)
    return Questionnaire("q", "1", "", WORDS, ("en", "fr"), WORDS, Decimal(1), "", "", items, (scale,))


def scored(scale: Scale, answers: dict[str, Value], items: tuple[Item, ...] | None = None) -> Score:
    return score(questionnaire(scale, items), answers)["s"]


def of(*values: int | None) -> dict[str, Value]:
    return {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}


# --- methods on known values


@pytest.mark.parametrize(
    ("method", "value"),
    [("sum", "34"), ("mean", "4.857142857142857142857142857"), ("prorated", "34"), ("weighted", "5.09")],
)
def test_methods_on_one_row(method: str, value: str) -> None:
    weights = WEIGHTS if method == "weighted" else {}
    found = scored(replace(SCALE, method=method, weights=weights), of(7, 5, 6, 4, 5, 3, 4))
    assert (found.value, found.text, found.answered, found.of) == (Decimal(value), value, 7, 7)


WEIGHTED = replace(SCALE, method="weighted", weights=WEIGHTS, missing=Missing("at-least", 6))


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ((0, 0, 0, 0, 0, 0, 0), "0"),
        ((10, 10, 10, 10, 10, 10, 10), "10"),
        ((2, 2, 2, 2, 2, 2, 2), "2"),
        ((3, 1, 2, 1, 2, 0, 1), "1.57"),
    ],
)
def test_weighted_rows(row: tuple[int, ...], value: str) -> None:
    assert scored(WEIGHTED, of(*row)).value == Decimal(value)


def test_a_missing_item_stands_at_the_mean_of_the_others() -> None:
    found = scored(WEIGHTED, of(7, None, 6, 4, 5, 3, 4))
    assert found.value is not None
    assert str(found.value).startswith("5.0633")
    assert (found.answered, found.of) == (6, 7)


def test_two_missing_items_are_too_many_and_it_says_so() -> None:
    found = scored(WEIGHTED, of(7, 5, 6, 4, None, 3, None))
    assert found == Score(None, None, 5, 7, None, "needs 6 of 7 items, 5 answered")


@pytest.mark.parametrize(
    ("missing", "least"),
    [(Missing("all"), 7), (Missing("half"), 4), (Missing("at-least", 5), 5), (Missing("any"), 1)],
)
@pytest.mark.parametrize("answered", range(8))
def test_each_missing_rule(missing: Missing, least: int, answered: int) -> None:
    row = [4] * answered + [None] * (7 - answered)
    found = scored(replace(SCALE, method="mean", missing=missing), of(*row))
    assert found.answered == answered
    if answered >= least:
        assert (found.value, found.reason) == (4, None)
    else:
        assert found.value is None
        assert found.reason == f"needs {least} of 7 items, {answered} answered"


def test_half_of_an_even_number_is_half() -> None:
    scale = replace(SCALE, items=("a", "b"), missing=Missing("half"))
    assert scored(scale, {"b": 3}).value == 3


def test_the_other_missing_rule_scores_where_it_is_named() -> None:
    two = replace(SCALE, items=("a", "b", "c"), method="mean", missing=Missing("any"), missing_or=Missing("half"))
    asked = questionnaire(two)
    assert score(asked, {"b": 3})["s"].value == 3
    assert score(asked, {"b": 3}, "any")["s"].value == 3
    assert score(asked, {"b": 3}, "half")["s"].reason == "needs 2 of 3 items, 1 answered"
    assert score(asked, {"b": 3, "c": 4}, "half")["s"].value == Decimal("3.5")


def test_a_rule_that_a_scale_does_not_have_changes_nothing() -> None:
    asked = questionnaire(replace(SCALE, missing=Missing("any"), missing_or=Missing("half")))
    assert score(asked, {"b": 3}, "all")["s"].value == 3


def test_one_unanswered_item_says_it_plainly() -> None:
    assert scored(replace(SCALE, items=("a",)), {}).reason == "not answered"


def test_reversed_and_moved() -> None:
    scale = replace(SCALE, items=("a", "b"), reversed={"b": Decimal(10)}, times=Decimal("2.5"), plus=Decimal("-0.5"))
    assert scored(scale, {"a": 3, "b": 8}).value == (3 + (10 - 8)) * Decimal("2.5") - Decimal("0.5")


def test_recoded_choices_and_yes_no() -> None:
    items = (
        Item("a", Kind.YES_NO, WORDS, WORDS),
        Item("b", Kind.ONE, WORDS, WORDS, options=(Option("yes", WORDS), Option("part", WORDS))),
        rating("c"),
    )
    recode = {
        "a": {"true": Decimal(1), "false": Decimal(0)},
        "b": {"yes": Decimal(1), "part": Decimal("0.5")},
        "c": {str(n): Decimal(n * 10) for n in range(11)},
    }
    scale = replace(SCALE, items=("a", "b", "c"), recode=recode)
    assert scored(scale, {"a": True, "b": "part", "c": 3}, items).value == Decimal("31.5")
    assert scored(scale, {"a": False, "b": "yes", "c": 0}, items).value == 1


BANDS = (Band("low", Decimal("3.2"), WORDS), Band("mid", Decimal("5.1"), WORDS), Band("high", None, WORDS))


@pytest.mark.parametrize(("value", "band"), [("3.2", "low"), ("3.3", "mid"), ("5.1", "mid"), ("5.2", "high")])
def test_a_bands_upper_bound_belongs_to_it(value: str, band: str) -> None:
    item = Item("a", Kind.DECIMAL, WORDS, WORDS, low=Decimal(0), high=Decimal(10), decimals=1)
    assert scored(replace(SCALE, items=("a",), bands=BANDS), {"a": Decimal(value)}, (item,)).band == band


@pytest.mark.parametrize(("value", "band"), [("2.5", "none"), ("2.6", "low"), ("3.2", "low"), ("3.3", "high")])
def test_an_exclusive_bound_belongs_to_the_next_band(value: str, band: str) -> None:
    bands = (
        Band("none", None, WORDS, below=Decimal("2.6")),
        Band("low", Decimal("3.2"), WORDS),
        Band("high", None, WORDS),
    )
    item = Item("a", Kind.DECIMAL, WORDS, WORDS, low=Decimal(0), high=Decimal(10), decimals=1)
    assert scored(replace(SCALE, items=("a",), bands=bands), {"a": Decimal(value)}, (item,)).band == band


def test_a_band_is_judged_on_the_exact_value_not_on_the_written_one() -> None:
    bands = (Band("low", Decimal("0." + "3" * 28), WORDS), Band("high", None, WORDS))
    thirds = replace(SCALE, items=("a", "b", "c"), method="mean", bands=bands)
    found = scored(thirds, {"a": 1, "b": 0, "c": 0})
    assert found.text == "0." + "3" * 28
    assert found.band == "high"


def test_what_does_not_show_does_not_count() -> None:
    hidden = replace(rating("b"), show_if=Compare("a", "at_least", 4))
    scale = replace(SCALE, items=("a", "b"), missing=Missing("any"))
    assert scored(scale, {"a": 3, "b": 9}, (rating("a"), hidden)).value == 3
    assert scored(scale, {"a": 4, "b": 9}, (rating("a"), hidden)).value == 13


# --- against a second computation

rows = st.lists(st.none() | st.integers(0, 10), min_size=7, max_size=7)


def second(method: str, row: list[int | None], least: int, times: Fraction, plus: Fraction) -> Fraction | None:
    """By the book: fill the gaps, then weigh and add, in plain fractions."""
    given_ = [n for n in row if n is not None]
    if len(given_) < least:
        return None
    filled = [Fraction(sum(given_), len(given_)) if n is None else Fraction(n) for n in row]
    weights = {"sum": [Fraction(1)] * 7, "mean": [Fraction(1, 7)] * 7, "prorated": [Fraction(1)] * 7}
    by = weights.get(method) or [Fraction(w) for w in WEIGHTS.values()]
    total = Fraction(0)
    for weight, number in zip(by, filled, strict=True):
        total += weight * number
    if method == "sum":
        total = Fraction(sum(given_))
    return total * times + plus


@given(
    row=rows,
    method=st.sampled_from(["sum", "mean", "prorated", "weighted"]),
    rule=st.sampled_from(["all", "half", "at-least", "any"]),
    times=st.decimals("-5", "5", places=2),
    plus=st.decimals("-5", "5", places=2),
)
def test_scores_equal_the_second_computation(
    row: list[int | None],
    method: str,
    rule: Literal["all", "half", "at-least", "any"],
    times: Decimal,
    plus: Decimal,
) -> None:
    weights = WEIGHTS if method == "weighted" else {}
    scale = replace(SCALE, method=method, weights=weights, missing=Missing(rule, 5), times=times, plus=plus)
    least = {"all": 7, "half": 4, "at-least": 5, "any": 1}[rule]
    found = scored(scale, of(*row))
    expected = second(method, row, least, Fraction(times), Fraction(plus))
    if expected is None:
        assert found.value is None
        assert found.reason
    else:
        assert isinstance(found.value, Decimal)
        assert abs(Fraction(found.value) - expected) <= abs(expected) / 10**27
        assert found.reason is None
        assert found.text == str(found.value)


@given(row=st.lists(st.integers(0, 10), min_size=7, max_size=7))
def test_reversing_twice_is_the_scale_itself(row: list[int]) -> None:
    all_reversed = replace(SCALE, reversed=dict.fromkeys(KEYS, Decimal(10)))
    mirrored = [10 - n for n in row]
    assert scored(all_reversed, of(*row)).value == scored(SCALE, of(*mirrored)).value


def test_scores_do_not_hang_on_the_decimal_context() -> None:
    getcontext().prec, before = 3, getcontext().prec
    try:
        found = scored(replace(SCALE, method="mean"), of(7, 5, 6, 4, 5, 3, 4))
    finally:
        getcontext().prec = before
    assert found.text == "4.857142857142857142857142857"


# --- joint counts

ALL_JOINTS = Item("tender", Kind.JOINTS, WORDS, WORDS, joints=JOINTS)
REPLACED = replace(ALL_JOINTS, key="replaced")
COUNT = replace(SCALE, items=("tender",), method="joint_count")
MARKED = ("L-MCP2", "L-MCP3", "R-MCP2", "L-wrist", "R-ankle", "L-hip")


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("joint_count", 6),
        ("joint_count_28", 4),
        ("joint_count_44", 5),
        ("joint_count_66", 5),
        ("joint_count_68", 6),
        ("joint_count_hh12", 6),
    ],
)
def test_joint_counts(method: str, value: int) -> None:
    assert scored(replace(COUNT, method=method), {"tender": MARKED}, (ALL_JOINTS,)).value == value


def test_every_joint_marked_counts_the_whole_set() -> None:
    for name, joints in SETS.items():
        found = scored(replace(COUNT, method=f"joint_count_{name}"), {"tender": JOINTS}, (ALL_JOINTS,))
        assert found.value == len(joints)


def test_replaced_joints_are_out_of_the_count() -> None:
    scale = replace(COUNT, items=("tender", "replaced"), missing=Missing("rule-of-method"))
    items = (ALL_JOINTS, REPLACED)
    assert scored(scale, {"tender": MARKED, "replaced": ("L-hip", "R-knee")}, items).value == 5
    assert scored(scale, {"tender": MARKED}, items).value == 6
    assert scored(scale, {"replaced": ("L-hip",)}, items).reason == "needs tender, which is not answered"


def test_what_a_method_reads_besides_is_not_counted_as_answered() -> None:
    scale = replace(COUNT, items=("tender",), also=("replaced",))
    found = scored(scale, {"tender": MARKED, "replaced": ("L-hip",)}, (ALL_JOINTS, REPLACED))
    assert (found.value, found.answered, found.of) == (5, 1, 1)
    assert scored(scale, {"replaced": ("L-hip",)}, (ALL_JOINTS, REPLACED)).reason == "not answered"


def test_no_mark_is_a_count_of_zero_and_no_answer_is_no_count() -> None:
    assert scored(COUNT, {"tender": ()}, (ALL_JOINTS,)).value == 0
    assert scored(COUNT, {}, (ALL_JOINTS,)) == Score(None, None, 0, 1, None, "not answered")


def test_each_named_method_says_where_it_comes_from() -> None:
    for name, method in METHODS.items():
        assert method.__doc__, name
        assert any(word in method.__doc__ for word in ("19", "20", "user guide", "By definition")), name
