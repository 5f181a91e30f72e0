"""What is read once and kept gives what a plain reading of the file's words gives, to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from random import Random

import pytest

from pro.domain.answers import Answer
from pro.domain.methods import METHODS
from pro.domain.methods.numbers import ONE, ln
from pro.domain.questionnaire import Questionnaire, Scale, Value
from pro.domain.scoring import Score, score, under
from pro.domain.showing import shown
from tests.bench.answer_sets import answer_sets
from tests.domain.instruments import LIBRARY, MANY


def plainly(questionnaire: Questionnaire, answers: Mapping[str, Value], missing: str | None) -> dict[str, Score]:
    """Every scale read afresh, in fractions."""
    visible = shown(questionnaire, {key: Answer("answered", value) for key, value in answers.items()})
    counted = {key: answers[key] for key in visible if key in answers}
    return {scale.key: _scale(under(scale, missing), counted) for scale in questionnaire.scales}


def _scale(scale: Scale, answers: Mapping[str, Value]) -> Score:
    given = {key: answers[key] for key in scale.items if key in answers}
    answered, of = len(given), len(scale.items)
    half = max(1, (of + 1) // 2)
    least = {"all": of, "half": half, "at-least": scale.missing.count, "any": 1}.get(scale.missing.rule, 0)
    if answered < least:
        why = "not answered" if of == 1 else f"needs {least} of {of} items, {answered} answered"
        return Score(None, None, answered, of, None, why)
    if scale.method in METHODS:
        also = {key: answers[key] for key in scale.also if key in answers}
        value, reason = METHODS[scale.method](scale, {**given, **also})
        if value is None or isinstance(value, str):
            return Score(value, value, answered, of, None, reason)
    else:
        value = _combined(scale, {key: _entry(scale, key, each) for key, each in given.items()})
    return _named(scale, Fraction(value) * Fraction(scale.times) + Fraction(scale.plus), answered)


def _entry(scale: Scale, key: str, value: Value) -> Fraction:
    if key in scale.recode:
        return Fraction(scale.recode[key][str(value).lower() if isinstance(value, bool) else str(value)])
    assert isinstance(value, int | Decimal)
    return Fraction(scale.reversed[key]) - Fraction(value) if key in scale.reversed else Fraction(value)


def _combined(scale: Scale, entries: Mapping[str, Fraction]) -> Fraction:
    mean = sum(entries.values(), Fraction(0)) / len(entries)
    if scale.method == "mean":
        return mean
    if scale.method == "weighted":
        return sum((Fraction(scale.weights[key]) * entries.get(key, mean) for key in scale.items), Fraction(0))
    return mean * len(scale.items if scale.method == "prorated" else entries)


def _named(scale: Scale, value: Fraction, answered: int) -> Score:
    written = Context(prec=28).divide(Decimal(value.numerator), Decimal(value.denominator))
    for band in scale.bands:
        below = band.below is not None and value < Fraction(band.below)
        if below or (band.below is None and (band.up_to is None or value <= Fraction(band.up_to))):
            return Score(written, str(written), answered, len(scale.items), band.label)
    return Score(written, str(written), answered, len(scale.items))


@pytest.mark.prove
@pytest.mark.parametrize("questionnaire", LIBRARY.questionnaires(), ids=lambda each: f"{each.id} {each.version}")
@pytest.mark.parametrize("missing", [None, "half"])
def test_prepared_scores_are_those_of_a_plain_reading(questionnaire: Questionnaire, missing: str | None) -> None:
    for answers in answer_sets(questionnaire, MANY, Random(5)):
        assert score(questionnaire, answers, missing) == plainly(questionnaire, answers, missing), answers


def test_questionnaires_of_one_hash_are_not_taken_for_each_other() -> None:
    one = LIBRARY.latest_questionnaire("who-5")
    other = Questionnaire(**{**{name: getattr(one, name) for name in one.__slots__}, "scales": ()})
    assert hash(one) == hash(other)
    assert set(score(one, {})) == {"who_5"}
    assert score(other, {}) == {}


def test_logarithms_to_forty_digits() -> None:
    random, exactly = Random(5), Context(prec=60)
    values = [Decimal(random.randint(100, 30_100)).scaleb(-2) for _ in range(500)]
    for value in [Decimal(1), Decimal("1.0625"), Decimal("1.99"), Decimal(2), Decimal(301), *values]:
        assert abs(exactly.divide(ln(*value.as_integer_ratio()), ONE) - exactly.ln(value)) < Decimal("1e-38"), value
