"""Scores from answers, exactly: fractions inside, decimals outside, no floats.

A scale says how each answer enters (`recode`, `reversed`, `weights`), how the entries become one number
(`method`), what may be missing (`missing`), how the number is moved (`times`, `plus`) and named (`bands`).
What those words cannot say is a named function in `methods`; there is no expression language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction

from pro.domain.answers import Answer, shown
from pro.domain.methods import METHODS
from pro.domain.methods.outcome import Outcome
from pro.domain.questionnaire import Band, Questionnaire, Scale, Value

DIGITS = 28
"""Significant digits of a score that no decimal can write exactly (a third)."""


@dataclass(frozen=True, slots=True)
class Score:
    value: Decimal | str | None
    """Not rounded; text where the score is no number (a profile); None where there is no score."""
    text: str | None
    """The value as the record writes it."""
    answered: int
    """How many of the scale's items entered."""
    of: int
    band: str | None = None
    reason: str | None = None
    """Why there is no value."""


def score(questionnaire: Questionnaire, answers: Mapping[str, Value], missing: str | None = None) -> dict[str, Score]:
    """Every scale's score by scale key; answers to items that do not show are left out.

    `missing` names the other missing rule for the scales that have it (`missing_or`); the rest keep theirs.
    """
    visible = shown(questionnaire, {key: Answer("answered", value) for key, value in answers.items()})
    counted = {key: answers[key] for key in visible if key in answers}
    return {scale.key: _scale_score(under(scale, missing), counted) for scale in questionnaire.scales}


def under(scale: Scale, missing: str | None) -> Scale:
    """The scale as it scores under the named missing rule: its other one where that is meant, else as it is."""
    other = scale.missing_or
    return scale if other is None or other.rule != missing else replace(scale, missing=other)


def offers(questionnaire: Questionnaire, missing: str) -> bool:
    """Whether some scale of it scores under the named missing rule."""
    return any(under(scale, missing).missing.rule == missing for scale in questionnaire.scales)


def _scale_score(scale: Scale, answers: Mapping[str, Value]) -> Score:
    given = {key: answers[key] for key in scale.items if key in answers}
    outcome = _outcome(scale, given, {key: answers[key] for key in scale.also if key in answers})
    if outcome.value is None:
        return Score(None, None, len(given), len(scale.items), None, outcome.reason)
    if isinstance(outcome.value, str):
        return Score(outcome.value, outcome.value, len(given), len(scale.items))
    moved = outcome.value * Fraction(scale.times) + Fraction(scale.plus)
    value = to_decimal(moved)
    return Score(value, str(value), len(given), len(scale.items), band_of(scale, moved))


def _outcome(scale: Scale, given: Mapping[str, Value], also: Mapping[str, Value]) -> Outcome:
    reason = why_missing(scale, len(given))
    if reason is not None:
        return Outcome(None, reason)
    if scale.method in METHODS:
        return METHODS[scale.method](scale, {**given, **also})
    return Outcome(COMBINATIONS[scale.method](scale, entries(scale, given)))


def why_missing(scale: Scale, answered: int) -> str | None:
    """Why the scale has no score with so many items answered, or None where it has one."""
    of = len(scale.items)
    match scale.missing.rule:
        case "all":
            least = of
        case "half":
            least = max(1, (of + 1) // 2)
        case "at-least":
            least = scale.missing.count
        case "any":
            least = 1
        case _:
            least = 0
    if answered >= least:
        return None
    return "not answered" if of == 1 else f"needs {least} of {of} items, {answered} answered"


def entries(scale: Scale, given: Mapping[str, Value]) -> dict[str, Fraction]:
    """The number each answer enters with, after recoding or reversing."""
    return {key: _entry(scale, key, value) for key, value in given.items()}


def _entry(scale: Scale, key: str, value: Value) -> Fraction:
    if key in scale.recode:
        return Fraction(scale.recode[key][as_text(value)])
    if isinstance(value, str | tuple):
        raise TypeError(f"{scale.key}: {key} is not a number and has no recode")
    number = Fraction(value)
    return Fraction(scale.reversed[key]) - number if key in scale.reversed else number


def as_text(value: Value) -> str:
    """The answer as a recode table names it: `true`, `3`, `38.5`, an option's code."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def band_of(scale: Scale, value: Fraction) -> str | None:
    """The label of the band that holds the value; `up_to` belongs to its band, `below` to the next."""
    for band in scale.bands:
        if holds(band, value):
            return band.label
    return None


def holds(band: Band, value: Fraction) -> bool:
    """Whether the value lies under the band's upper bound."""
    if band.below is not None:
        return value < Fraction(band.below)
    return band.up_to is None or value <= Fraction(band.up_to)


def to_decimal(value: Fraction) -> Decimal:
    """The value as a decimal: exact where one exists within DIGITS digits, else rounded half-even to them."""
    with localcontext() as context:
        context.prec = DIGITS
        return Decimal(value.numerator) / Decimal(value.denominator)


# --- how entries become one number


def _sum(scale: Scale, entered: Mapping[str, Fraction]) -> Fraction:
    return sum(entered.values(), Fraction(0))


def _mean(scale: Scale, entered: Mapping[str, Fraction]) -> Fraction:
    return _sum(scale, entered) / len(entered)


def _prorated(scale: Scale, entered: Mapping[str, Fraction]) -> Fraction:
    """The sum, each missing item standing at the mean of those answered."""
    return _mean(scale, entered) * len(scale.items)


def _weighted(scale: Scale, entered: Mapping[str, Fraction]) -> Fraction:
    """Weights times entries, each missing item standing at the plain mean of those answered."""
    mean = _mean(scale, entered)
    weighed = (Fraction(scale.weights[key]) * entered.get(key, mean) for key in scale.items)
    return sum(weighed, Fraction(0))


COMBINATIONS: Mapping[str, Callable[[Scale, Mapping[str, Fraction]], Fraction]] = {
    "sum": _sum,
    "mean": _mean,
    "prorated": _prorated,
    "weighted": _weighted,
}
