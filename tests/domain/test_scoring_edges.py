"""Where a score turns: what stands at the very edge of a rule, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import pytest

from pro.domain.joints import JOINTS
from pro.domain.questionnaire import Band, Item, Kind, Missing, Option, Questionnaire, Scale, Value
from pro.domain.questionnaire import Test as Compare
from pro.domain.scoring import Score, offers, score, why_missing

WORDS = {"en": "x", "fr": "x"}


def rating(key: str) -> Item:
    return Item(key, Kind.RATING, WORDS, WORDS, low=Decimal(0), high=Decimal(10))


A, B = rating("a"), rating("b")
ONE = Scale("s", WORDS, ("a",), "sum", Missing("all"), {}, {}, {})
TWO = replace(ONE, items=("a", "b"), missing=Missing("any"))


def asked(*scales: Scale, items: tuple[Item, ...] = (A, B)) -> Questionnaire:
    return Questionnaire("q", "1", "", WORDS, ("en", "fr"), WORDS, Decimal(1), "", "", items, scales)


def scored(scale: Scale, answers: dict[str, Value], items: tuple[Item, ...] = (A, B)) -> Score:
    return score(asked(scale, items=items), answers)["s"]


def test_an_item_that_shows_and_is_not_answered_does_not_enter() -> None:
    shows = replace(B, show_if=Compare("a", "at_least", 4))
    assert scored(TWO, {"a": 5}, (A, shows)) == Score(Decimal(5), "5", 1, 2)


def test_a_score_of_one_hidden_item_does_not_exist() -> None:
    hidden = replace(B, show_if=Compare("a", "at_least", 4))
    only = replace(ONE, items=("b",))
    assert scored(only, {"a": 3, "b": 9}, (A, hidden)).reason == "not answered"
    assert scored(only, {"a": 4, "b": 9}, (A, hidden)).value == 9


def test_a_rule_is_offered_where_one_scale_at_least_has_it() -> None:
    both = asked(ONE, replace(TWO, key="t", missing_or=Missing("half")))
    assert offers(both, "half") is True
    assert offers(both, "all") is True
    assert offers(both, "at-least") is False
    assert offers(asked(ONE), "half") is False


@pytest.mark.parametrize("digits", ["3.25", "3.5", "0.001"])
def test_an_answer_with_more_digits_than_its_item_enters_whole(digits: str) -> None:
    assert scored(ONE, {"a": Decimal(digits)}).text == digits


def test_whole_and_decimal_answers_are_added_in_one_unit() -> None:
    tenths = replace(B, kind=Kind.DECIMAL, decimals=1, high=Decimal(100))
    assert scored(TWO, {"a": 3, "b": Decimal("20.0")}, (A, tenths)).text == "23"
    assert scored(TWO, {"a": 3, "b": Decimal("0.5")}, (A, tenths)).text == "3.5"


def test_a_decimal_answer_is_not_rounded_to_the_callers_context() -> None:
    with localcontext(prec=3):
        assert scored(ONE, {"a": Decimal("3.2514")}).text == "3.2514"


def test_a_reversed_and_a_weighted_answer_with_digits_enter_exactly() -> None:
    reversed_ = replace(ONE, reversed={"a": Decimal(10)})
    assert scored(reversed_, {"a": Decimal("3.25")}).text == "6.75"
    weighted = replace(ONE, method="weighted", weights={"a": Decimal("0.3")})
    assert scored(weighted, {"a": Decimal("2.5")}).text == "0.75"


BANDS = (Band("low", None, WORDS, below=Decimal(1)), Band("rest", None, WORDS))


@pytest.mark.parametrize(("value", "band"), [(-5, "low"), (0, "low"), (1, "rest"), (10, "rest")])
def test_the_next_whole_number_under_an_exclusive_bound_is_in_its_band(value: int, band: str) -> None:
    assert scored(replace(ONE, bands=BANDS), {"a": value}).band == band


@pytest.mark.parametrize("value", [-1000, -1, 0, 1, 1000])
def test_a_band_without_a_bound_holds_every_value(value: int) -> None:
    assert scored(replace(ONE, bands=(Band("all", None, WORDS),)), {"a": value}).band == "all"


def test_a_value_above_every_bound_has_no_band() -> None:
    assert scored(replace(ONE, bands=(Band("low", Decimal(3), WORDS),)), {"a": 4}).band is None


@pytest.mark.parametrize("answered", [0, 1])
def test_a_method_that_decides_by_itself_is_asked_without_any_answer(answered: int) -> None:
    assert why_missing(replace(ONE, missing=Missing("rule-of-method")), answered) is None


@pytest.mark.parametrize("value", ["3", ("L-knee",)])
def test_what_is_no_number_and_has_no_recode_is_refused_by_scale_and_item(value: Value) -> None:
    with pytest.raises(TypeError) as refused:
        scored(ONE, {"a": value})
    assert str(refused.value) == "s: a is not a number and has no recode"


def test_a_recode_may_name_numbers_below_zero() -> None:
    table = {"-1": Decimal(7), "0": Decimal("0.5"), "1": Decimal(2)}
    recoded = replace(ONE, recode={"a": table})
    assert [scored(recoded, {"a": answer}).text for answer in (-1, 0, 1)] == ["7", "0.5", "2"]


# --- named methods

TENDER, OUT = (Item(key, Kind.JOINTS, WORDS, WORDS, joints=JOINTS) for key in ("tender", "out"))
COUNT = replace(ONE, items=("tender",), also=("out",), method="joint_count", bands=BANDS)


def test_a_count_is_a_score_like_any_other() -> None:
    """With its text, its band and its number; what is read besides may be left out."""
    found = scored(COUNT, {"tender": ("L-knee", "R-knee")}, (TENDER, OUT))
    assert found == Score(Decimal(2), "2", 1, 1, "rest")
    assert isinstance(found.value, Decimal)
    assert scored(COUNT, {"tender": ("L-knee",), "out": ("L-knee",)}, (TENDER, OUT)).band == "low"


def test_a_profile_is_text_and_has_no_band() -> None:
    level = Item("a", Kind.ONE, WORDS, WORDS, options=(Option("1", WORDS), Option("2", WORDS)))
    profile = replace(ONE, method="eq5d_profile", missing=Missing("rule-of-method"), bands=BANDS)
    assert scored(profile, {"a": "2"}, (level,)) == Score("2", "2", 1, 1)
