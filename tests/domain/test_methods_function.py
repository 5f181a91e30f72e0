"""HAQ and RAPID3 a second time, straight from the forms' instructions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.answers import NotAllowed
from tests.domain.instruments import MANY, close, scored, value

SIZES = {"dressing": 2, "arising": 2, "eating": 3, "walking": 2, "hygiene": 3, "reach": 2, "grip": 3, "activities": 3}
ITEMS = [f"{category}{n}" for category, size in SIZES.items() for n in range(1, size + 1)]

answered = st.integers(0, 3)
mostly = st.fixed_dictionaries({key: st.none() | answered for key in ITEMS})
by_category = st.lists(st.sampled_from(list(SIZES)), unique=True).flatmap(
    lambda out: st.fixed_dictionaries(
        {key: st.none() if key.rstrip("123") in out else answered | answered | st.none() for key in ITEMS}
    )
)
categories = st.lists(st.sampled_from(list(SIZES)), unique=True)


def by_the_instructions(answers: Mapping[str, int | None], raised: set[str]) -> float | None:
    scores = []
    for category, size in SIZES.items():
        known = [n for n in (answers[f"{category}{i}"] for i in range(1, size + 1)) if n is not None]
        if known:
            score = max(known)
            if category in raised and score in (0, 1):
                score = 2
            scores.append(score)
    return fmean(scores) if len(scores) >= 6 else None


def test_twenty_items_in_eight_categories() -> None:
    assert (len(ITEMS), len(SIZES)) == (20, 8)


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(mostly | by_category, categories, categories)
def test_haq_equals_the_instructions(answers: dict[str, int | None], aids: list[str], help_: list[str]) -> None:
    found = scored("haq-di", {**answers, "aids": aids, "help": help_})
    index, alternative = found["haq_di"], found["haq_di_alternative"]
    assert close(index.value, by_the_instructions(answers, {*aids, *help_}))
    assert close(alternative.value, by_the_instructions(answers, set()))
    assert index.answered == sum(n is not None for n in answers.values())
    assert index.of == 20
    if isinstance(index.value, Decimal) and isinstance(alternative.value, Decimal):
        assert 0 <= alternative.value <= index.value <= 3
    else:
        assert "of 8 categories" in str(index.reason)


@given(st.fixed_dictionaries(dict.fromkeys(ITEMS, answered)), categories, st.sampled_from(ITEMS))
def test_a_harder_item_never_lowers_the_index(answers: dict[str, int], aids: list[str], item: str) -> None:
    before = value("haq-di", "haq_di", {**answers, "aids": aids})
    after = value("haq-di", "haq_di", {**answers, item: 3, "aids": aids})
    assert isinstance(before, Decimal)
    assert isinstance(after, Decimal)
    assert before <= after
    assert (before * 8) % 1 == 0


@pytest.mark.parametrize(("worst", "index"), [(0, 2), (1, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("kind", ["aids", "help"])
def test_an_aid_makes_2_of_0_and_1_and_leaves_3(worst: int, index: int, kind: str) -> None:
    answers: dict[str, object] = dict.fromkeys(ITEMS, 0) | {"grip2": worst, kind: ["grip"]}
    assert value("haq-di", "haq_di", answers) == Decimal(index) / 8


@pytest.mark.parametrize(("missing", "divided_by"), [(0, 8), (1, 7), (2, 6), (3, None)])
def test_the_sum_is_divided_by_the_categories_answered(missing: int, divided_by: int | None) -> None:
    kept = list(SIZES)[missing:]
    found = scored("haq-di", {f"{category}1": 1 for category in kept} | {f"{kept[0]}2": 2})["haq_di"]
    if divided_by is None:
        assert (found.value, found.reason) == (None, "needs 6 of 8 categories, 5 answered")
    else:
        assert close(found.value, (divided_by + 1) / divided_by)


def test_an_aid_answers_for_no_category() -> None:
    five = {f"{category}1": 1 for category in list(SIZES)[:5]}
    assert value("haq-di", "haq_di", {**five, "aids": ["activities"]}) is None


@pytest.mark.parametrize(("item", "raw"), [("aids", ["cane"]), ("aids", "walking"), ("dressing1", 4), ("grip3", "x")])
def test_what_haq_does_not_take_is_refused_by_name(item: str, raw: object) -> None:
    with pytest.raises(NotAllowed, match=f"^{item} "):
        scored("haq-di", {item: raw})


# --- RAPID3

FUNCTION = tuple("abcdefghij")
halves = st.integers(0, 20).map(lambda n: Decimal(n) / 2)
forms = st.fixed_dictionaries({**dict.fromkeys(FUNCTION, answered), "pain": halves, "global": halves})


def tenths(answers: Mapping[str, int | Decimal]) -> tuple[int, int]:
    """Function and RAPID3 in whole tenths: the function sum times ten over three, rounded to the nearest."""
    total = sum(int(answers[key]) for key in FUNCTION)
    function = round(total * 10 / 3)
    return function, function + int(10 * answers["pain"]) + int(10 * answers["global"])


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(forms)
def test_rapid3_equals_the_form(answers: dict[str, int | Decimal]) -> None:
    found = scored("rapid3", answers)
    function, total = tenths(answers)
    assert found["function"].value == Decimal(function) / 10
    assert found["rapid3"].value == Decimal(total) / 10
    bands = ["near remission"] * (total <= 30) + ["low"] * (total <= 60) + ["moderate"] * (total <= 120) + ["high"]
    assert found["rapid3"].band == bands[0]


@given(forms, st.sampled_from([*FUNCTION, "pain", "global"]))
def test_rapid3_needs_every_answer(answers: dict[str, int | Decimal], left_out: str) -> None:
    found = scored("rapid3", {**answers, left_out: None})
    assert found["rapid3"].value is None
    assert (found["function"].value is None) == (left_out in FUNCTION)


@given(forms, st.sampled_from(FUNCTION))
def test_a_harder_item_never_lowers_rapid3(answers: dict[str, int | Decimal], item: str) -> None:
    before, after = value("rapid3", "rapid3", answers), value("rapid3", "rapid3", {**answers, item: 3})
    assert isinstance(before, Decimal)
    assert isinstance(after, Decimal)
    assert 0 <= before <= after <= 30


def test_function_is_rounded_before_it_is_added() -> None:
    """Unrounded, 1/3 + 1.5 + 1.0 would be 2.8333."""
    answers = {**dict.fromkeys(FUNCTION, 0), "a": 1, "pain": "1.5", "global": 1}
    assert value("rapid3", "rapid3", answers) == Decimal("2.8")


@pytest.mark.parametrize("raw", [Decimal("1.2"), "0.25", -1, "10.5", Decimal("0.1")])
@pytest.mark.parametrize("item", ["pain", "global"])
def test_pain_and_global_go_by_halves(item: str, raw: object) -> None:
    with pytest.raises(NotAllowed, match=f"^{item} "):
        scored("rapid3", {item: raw})
