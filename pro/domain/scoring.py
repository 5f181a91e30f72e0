"""Scores from answers, exactly: whole numbers and fractions inside, decimals outside, no floats.

A scale says how each answer enters (`recode`, `reversed`, `weights`), how the entries become one number
(`method`), what may be missing (`missing`), how the number is moved (`times`, `plus`) and named (`bands`).
What those words cannot say is a named function in `methods`; there is no expression language.

What a scale says is read once for each questionnaire and becomes a function of the answers: entries are whole
numbers of the smallest part that any entry has, and what a total comes to is kept, since a scale has few totals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import NamedTuple

from pro.domain.methods import METHODS
from pro.domain.methods.outcome import Number
from pro.domain.questionnaire import Condition, Questionnaire, Scale, Value
from pro.domain.showing import holds

DIGITS = 28
"""Significant digits of a score that no decimal can write exactly (a third)."""
EXACTLY = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
QUESTIONNAIRES_KEPT, TOTALS_KEPT = 256, 1024

Exact = int | Fraction
Entries = Mapping[str, Exact]
"""What each answered item enters with, in parts of the scale's unit."""
Combine = Callable[[Entries], tuple[Exact, int]]


class Score(NamedTuple):
    """One is made for every scale of every answer set, so it is a cheap one."""

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


Scorer = Callable[[Mapping[str, Value]], Score]
Branches = tuple[tuple[str, Condition], ...]


def score(questionnaire: Questionnaire, answers: Mapping[str, Value], missing: str | None = None) -> dict[str, Score]:
    """Every scale's score by scale key; answers to items that do not show are left out.

    `missing` names the other missing rule for the scales that have it (`missing_or`); the rest keep theirs.
    """
    prepared = _prepared(questionnaire, missing)
    if prepared.branches:
        answers = _counting(prepared.branches, answers)
    return {key: scored(answers) for key, scored in prepared.scorers}


def under(scale: Scale, missing: str | None) -> Scale:
    """The scale as it scores under the named missing rule: its other one where that is meant, else as it is."""
    other = scale.missing_or
    return scale if other is None or other.rule != missing else replace(scale, missing=other)


def offers(questionnaire: Questionnaire, missing: str) -> bool:
    """Whether some scale of it scores under the named missing rule."""
    return any(under(scale, missing).missing.rule == missing for scale in questionnaire.scales)


def _counting(branches: Branches, answers: Mapping[str, Value]) -> Mapping[str, Value]:
    """The answers without those to items that do not show, which count for no later condition either."""
    counting = dict(answers)
    for key, condition in branches:
        if not holds(condition, counting):
            counting.pop(key, None)
    return counting


# --- a scale, read once


@dataclass(frozen=True, slots=True)
class _Prepared:
    branches: Branches
    """The items that show only on a condition, in their order."""
    scorers: tuple[tuple[str, Scorer], ...]


@lru_cache(maxsize=QUESTIONNAIRES_KEPT)
def _prepared(questionnaire: Questionnaire, missing: str | None) -> _Prepared:
    decimals = max((item.decimals for item in questionnaire.items), default=0)
    scales = [under(scale, missing) for scale in questionnaire.scales]
    branches = tuple((item.key, item.show_if) for item in questionnaire.items if item.show_if is not None)
    return _Prepared(
        branches,
        tuple((each.key, _by_name(each) if each.method in METHODS else _by_entries(each, decimals)) for each in scales),
    )


def _by_entries(scale: Scale, decimals: int) -> Scorer:
    recoded = (number for table in scale.recode.values() for number in table.values())
    unit = _unit([Decimal(1).scaleb(-decimals), *scale.reversed.values(), *recoded])
    entered = [(key, _entered(scale, key, unit)) for key in scale.items]
    combine = COMBINATIONS[scale.method](scale)
    lacking = _lacking(scale)
    finished = _finished(scale, unit)

    def scored(answers: Mapping[str, Value]) -> Score:
        entries = {key: enter(answers[key]) for key, enter in entered if key in answers}
        answered = len(entries)
        return lacking[answered] or finished(answered, *combine(entries))

    return _by_answer(scale.items[0], scored) if len(scale.items) == 1 else scored


def _by_answer(key: str, scored: Scorer) -> Scorer:
    """What the scale of one item comes to is kept by its answer."""

    @lru_cache(maxsize=TOTALS_KEPT)
    def of(answer: Value | None) -> Score:
        return scored({} if answer is None else {key: answer})

    return lambda answers: of(answers.get(key))


def _by_name(scale: Scale) -> Scorer:
    method, items, also = METHODS[scale.method], scale.items, scale.also
    lacking = _lacking(scale)
    finished = _finished(scale, 1)

    def scored(answers: Mapping[str, Value]) -> Score:
        given = {key: answers[key] for key in items if key in answers}
        answered = len(given)
        for key in also:
            if key in answers:
                given[key] = answers[key]
        if lack := lacking[answered]:
            return lack
        value, reason = method(scale, given)
        if value is None or isinstance(value, str):
            return Score(value, value, answered, len(items), None, reason)
        return finished(answered, *value.as_integer_ratio())

    return scored


def _lacking(scale: Scale) -> list[Score | None]:
    """By number of items answered: the score that is none for want of answers, or None where they are enough."""
    of = len(scale.items)
    reasons = [(answered, why_missing(scale, answered)) for answered in range(of + 1)]
    return [Score(None, None, answered, of, None, reason) if reason else None for answered, reason in reasons]


def _finished(scale: Scale, unit: int) -> Callable[[int, Number, int], Score]:
    """The score of so many answers that come to numerator / denominator, in parts of 1 / unit."""
    times, parts = (Fraction(scale.times) / unit).as_integer_ratio()
    plus, plus_parts = scale.plus.as_integer_ratio()
    of, bounds = len(scale.items), _bounds(scale)

    @lru_cache(maxsize=TOTALS_KEPT)
    def finished(answered: int, numerator: Number, denominator: int) -> Score:
        top, bottom = numerator.as_integer_ratio()
        top, bottom = top * times, bottom * denominator * parts
        if plus:
            top, bottom = top * plus_parts + plus * bottom, bottom * plus_parts
        value = EXACTLY.divide(Decimal(top), Decimal(bottom))
        return Score(value, str(value), answered, of, _band(bounds, top, bottom))

    return finished


def _bounds(scale: Scale) -> list[tuple[str, int, int, bool]]:
    """Each band's label, its upper bound (numerator, denominator), and whether that belongs to it.

    The last band without a bound has 1 / 0, which is above every value.
    """
    ends = [(band.label, band.up_to if band.below is None else band.below, band.below is None) for band in scale.bands]
    return [(label, *((1, 0) if end is None else end.as_integer_ratio()), inclusive) for label, end, inclusive in ends]


def _band(bounds: list[tuple[str, int, int, bool]], top: int, bottom: int) -> str | None:
    """The label of the band that holds top / bottom; `up_to` belongs to its band, `below` to the next."""
    for label, end_top, end_bottom, inclusive in bounds:
        over = top * end_bottom - end_top * bottom
        if over < 0 or (over == 0 and inclusive):
            return label
    return None


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


# --- how an answer enters


def _unit(numbers: Iterable[Decimal]) -> int:
    """How many parts one is cut into, so that each of the numbers is a whole number of parts."""
    return lcm(*(Fraction(number).denominator for number in numbers))


def _entered(scale: Scale, key: str, unit: int) -> Callable[[Value], Exact]:
    """The number of parts that an answer enters with, after recoding or reversing."""
    if key in scale.recode:
        table = {answer: _parts(number, unit) for text, number in scale.recode[key].items() for answer in _named(text)}
        return table.__getitem__
    mirror = _parts(scale.reversed[key], unit) if key in scale.reversed else None

    def entered(value: Value) -> Exact:
        if isinstance(value, (str, tuple)):
            raise TypeError(f"{scale.key}: {key} is not a number and has no recode")
        number: Exact
        if isinstance(value, int):
            number = value * unit
        else:
            numerator, denominator = value.as_integer_ratio()
            parts, rest = divmod(numerator * unit, denominator)
            number = parts if rest == 0 else Fraction(numerator * unit, denominator)
        return number if mirror is None else mirror - number

    return entered


def _parts(number: Decimal, unit: int) -> int:
    return int(Fraction(number) * unit)


def _named(text: str) -> tuple[Value, ...]:
    """The answers that a recode table calls so: `true`, `3` for a rating and for an option, an option's code."""
    if text in ("true", "false"):
        return (text, text == "true")
    return (text, int(text)) if text.removeprefix("-").isdecimal() else (text,)


# --- how entries become one number, written as numerator and denominator


def _sum(scale: Scale) -> Combine:
    return lambda entries: (sum(entries.values()), 1)


def _mean(scale: Scale) -> Combine:
    return lambda entries: (sum(entries.values()), len(entries))


def _prorated(scale: Scale) -> Combine:
    """The sum, each missing item standing at the mean of those answered."""
    of = len(scale.items)
    return lambda entries: (sum(entries.values()) * of, len(entries))


def _weighted(scale: Scale) -> Combine:
    """Weights times entries, each missing item standing at the plain mean of those answered."""
    unit = _unit(scale.weights.values())
    weights = [(key, _parts(scale.weights[key], unit)) for key in scale.items]

    def combined(entries: Entries) -> tuple[Exact, int]:
        answered, total = len(entries), sum(entries.values())
        weighed = sum(weight * (entries[key] * answered if key in entries else total) for key, weight in weights)
        return weighed, answered * unit

    return combined


COMBINATIONS: Mapping[str, Callable[[Scale], Combine]] = {
    "sum": _sum,
    "mean": _mean,
    "prorated": _prorated,
    "weighted": _weighted,
}
