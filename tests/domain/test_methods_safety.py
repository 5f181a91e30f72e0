"""Provisional grades and adherence, against a second computation that shares no code with the first."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.answers import check
from pro.domain.methods import METHODS
from pro.domain.methods.safety import REACTION_GRADES
from pro.domain.questionnaire import Kind, Questionnaire
from pro.domain.scoring import Score, score
from pro.library import load
from tests.domain.instruments import MANY as SETS

MANY = settings(max_examples=2 * SETS, deadline=None)


@cache
def asked(id_: str) -> Questionnaire:
    return load().latest_questionnaire(id_)


def scored(id_: str, **answers: object) -> dict[str, Score]:
    items = asked(id_)
    return score(items, {key: check(items.item(key), raw) for key, raw in answers.items() if raw is not None})


# --- fever


def fever(tenths: int | None, hours: Decimal | None = None) -> Score:
    heat = None if tenths is None else Decimal(tenths) / 10
    return scored("fever-grade", temperature=heat, hours_above_40=hours)["fever_grade"]


def grade_by_the_table(tenths: int, hours: Decimal | None) -> int:
    """In tenths of a degree, row by row from the top."""
    rows = [(4, tenths >= 401 and hours is not None and hours > 24), (3, tenths >= 401)]
    rows += [(2, tenths >= 391), (1, tenths >= 380), (0, True)]
    return next(grade for grade, holds in rows if holds)


@MANY
@given(tenths=st.integers(340, 430), hours=st.none() | st.decimals(0, 240, places=1))
def test_fever(tenths: int, hours: Decimal | None) -> None:
    found = fever(tenths, hours)
    expected = grade_by_the_table(tenths, hours)
    assert found.value == expected
    assert found.band == (f"provisional grade {expected}" if expected else "none")


def test_every_temperature_that_can_be_typed() -> None:
    grades = [fever(tenths).value for tenths in range(340, 431)]
    assert grades == [0] * 40 + [1] * 11 + [2] * 10 + [3] * 30


@given(lower=st.integers(340, 430), more=st.integers(0, 90), hours=st.decimals(0, 240, places=1))
def test_a_higher_fever_is_never_graded_lower(lower: int, more: int, hours: Decimal) -> None:
    low, high = (fever(min(tenths, 430), hours).value for tenths in (lower, lower + more))
    assert isinstance(low, Decimal)
    assert isinstance(high, Decimal)
    assert low <= high


def test_without_a_temperature_there_is_no_grade() -> None:
    assert fever(None) == Score(None, None, 0, 2, None, "needs temperature, which is not answered")


# --- injection site

SIGNS = {1: "tenderness warmth redness itch bruise", 2: "pain swelling phlebitis", 3: "wound surgery"}


@MANY
@given(signs=st.lists(st.sampled_from(" ".join(SIGNS.values()).split()), unique=True, min_size=1))
def test_the_worst_sign_counts(signs: list[str]) -> None:
    found = scored("injection-site-grade", reactions=signs)["injection_site_grade"]
    expected = max(grade for grade, names in SIGNS.items() for sign in signs if sign in names.split())
    assert found.value == expected
    assert found.band == f"provisional grade {expected}"


def test_nothing_noticed_is_no_reaction_and_no_answer_is_no_grade() -> None:
    assert scored("injection-site-grade", reactions=["none"])["injection_site_grade"].value == 0
    assert scored("injection-site-grade")["injection_site_grade"].reason == "not answered"


@pytest.mark.parametrize(("id_", "item"), [("injection-site-grade", "reactions"), ("injection-diary", "reaction")])
def test_every_sign_that_can_be_chosen_has_a_grade(id_: str, item: str) -> None:
    it = asked(id_).item(item)
    assert it.kind is Kind.SEVERAL
    assert {option.code for option in it.options} <= REACTION_GRADES.keys()


def test_a_sign_without_a_grade_is_named_and_not_guessed() -> None:
    (scale,) = asked("injection-site-grade").scales
    found = METHODS["injection_site_grade_provisional"](scale, {"reactions": ("itch", "tickle")})
    assert (found.value, found.reason) == (None, "no grade is known for tickle")
    assert METHODS["injection_site_grade_provisional"](scale, {}).reason == "not answered"
    assert METHODS["injection_site_grade_provisional"](scale, {"reactions": ()}).reason == "not answered"


@pytest.mark.parametrize("id_", ["fever-grade", "injection-site-grade"])
def test_a_grade_says_that_it_is_provisional(id_: str) -> None:
    (scale,) = asked(id_).scales
    assert "provisional" in scale.title["en"]
    assert "provisoire" in scale.title["fr"]
    assert all("provisional" in band.label for band in scale.bands[1:])


# --- adherence

counts = st.none() | st.integers(0, 120)


@MANY
@given(
    due=counts,
    answered=counts,
    taken=counts,
    part=st.none() | st.integers(0, 20),
    counting=st.none() | st.sampled_from(["0", "0.5"]) | st.decimals(0, 1, places=2).map(str),
)
def test_adherence_of_any_numbers(
    due: int | None, answered: int | None, taken: int | None, part: int | None, counting: str | None
) -> None:
    found = scored("adherence", due=due, answered=answered, taken=taken, part=part, part_counts=counting)
    known = due is not None and answered is not None and taken is not None and not (part and counting is None)
    if not known or not (taken or 0) + (part or 0) <= (answered or 0) <= (due or 0):
        assert all(each.value is None and each.reason for each in found.values())
        return
    doses = Fraction(taken or 0) + Fraction(part or 0) * Fraction(counting or "0")
    for key, days in (("reported", answered), ("conservative", due)):
        if not days:
            assert found[key].value is None
            assert found[key].reason == f"{'answered' if key == 'reported' else 'due'} is 0"
        else:
            assert close(found[key], doses / days * 100)


@st.composite
def treatments(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Numbers that agree with each other: due, answered, taken, taken in part."""
    due = draw(st.integers(1, 400))
    answered = draw(st.integers(1, due))
    taken = draw(st.integers(0, answered))
    return due, answered, taken, draw(st.integers(0, answered - taken))


@MANY
@given(treatment=treatments(), counting=st.sampled_from(["0", "0.5", "1"]))
def test_adherence_of_a_treatment(treatment: tuple[int, int, int, int], counting: str) -> None:
    due, answered, taken, part = treatment
    found = scored("adherence", due=due, answered=answered, taken=taken, part=part, part_counts=counting)
    doses = [Fraction(1)] * taken + [Fraction(counting)] * part
    assert close(found["reported"], sum(doses, Fraction(0)) / answered * 100)
    assert close(found["conservative"], sum(doses, Fraction(0)) / due * 100)
    reported, conservative = found["reported"].value, found["conservative"].value
    assert isinstance(reported, Decimal)
    assert isinstance(conservative, Decimal)
    assert 0 <= conservative <= reported <= 100
    if taken < answered - part:
        more = scored("adherence", due=due, answered=answered, taken=taken + 1, part=part, part_counts=counting)
        assert all(Fraction(str(more[key].value)) > Fraction(str(found[key].value)) for key in found)


def close(found: Score, expected: Fraction) -> bool:
    assert isinstance(found.value, Decimal)
    return abs(Fraction(found.value) - expected) <= expected / 10**27


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"due": 28, "taken": 20}, "needs answered"),
        ({}, "needs due, answered, taken"),
        ({"due": 20, "answered": 21, "taken": 20}, "more days answered than doses due"),
        ({"due": 28, "answered": 24, "taken": 25}, "more doses than days answered"),
        ({"due": 28, "answered": 24, "taken": 20, "part": 5, "part_counts": 0}, "more doses than days answered"),
        ({"due": 28, "answered": 24, "taken": 20, "part": 1}, "needs part_counts"),
    ],
)
def test_numbers_that_make_no_share_say_why(numbers: dict[str, int], reason: str) -> None:
    for found in scored("adherence", **numbers).values():
        assert found.value is None
        assert (found.reason or "").startswith(reason)


def test_four_weeks_with_four_days_unanswered() -> None:
    found = scored("adherence", due=28, answered=24, taken=23)
    assert round(Decimal(str(found["reported"].value)), 1) == Decimal("95.8")
    assert round(Decimal(str(found["conservative"].value)), 1) == Decimal("82.1")
