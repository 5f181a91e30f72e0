"""Which flare rule fires on which patient-day. A hit asks for a review; it is never a diagnosis.

A rule looks at nothing later than the day it judges, so what it said of a day changes only when an earlier
day is recorded late. Numbers are compared exactly; nothing is rescaled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from fractions import Fraction
from functools import reduce
from typing import Literal, get_args

from pro.domain.flare_rules import Creep, Criteria, Declared, Emergency, FlareRule, Jump, Level
from pro.domain.questionnaire import Value
from pro.domain.runs import Baseline, Meets, Step, baseline_before, walk

HIT: Literal["hit"] = "hit"
NO_HIT: Literal["no hit"] = "no hit"
NOT_EVALUABLE: Literal["not evaluable"] = "not evaluable"
Result = Literal["hit", "no hit", "not evaluable"]


NOTHING_RECORDED = "no answer recorded on this day"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one rule said of one day, with all it rested on.

    `inputs` is JSON-able: numbers without fraction are int, others text; days are ISO dates.
    `baseline` is the figure compared against (R3: mean of the reference days, to 4 decimals), `n` how many
    recorded values it was made of.
    """

    rule: str
    version: str
    result: Result
    inputs: dict[str, object]
    baseline: Decimal | None
    n: int
    why: str


@dataclass(frozen=True, slots=True)
class History:
    """A patient's recorded values by (questionnaire, item) and patient-day.

    A skipped or not shown item has no value. Give the whole diary: a run of painful days reaches back as far
    as it lasts, and its baseline lies before it.
    """

    values: Mapping[tuple[str, str], Mapping[date, Value]]

    def value(self, questionnaire: str, item: str, day: date) -> Value | None:
        return self.values.get((questionnaire, item), {}).get(day)

    def numbers(self, questionnaire: str, item: str, until: date) -> dict[date, Decimal]:
        """The item's numbers up to and including that day."""
        recorded = self.values.get((questionnaire, item), {})
        return {day: number(value) for day, value in recorded.items() if day <= until}


def number(value: Value) -> Decimal:
    """The answer as a number; TypeError for one that is none (a rule on the wrong kind of item)."""
    if type(value) is not int and not isinstance(value, Decimal):
        raise TypeError(f"{value!r} is not a number")
    return Decimal(value)


def plain(value: Decimal) -> int | str:
    whole = int(value)
    return whole if whole == value else format(value.normalize(), "f")


def judge_run(rule: Jump | Level, history: History, day: date, meets: Meets, floor: Decimal) -> Evaluation:
    needed = rule.recorded_days if isinstance(rule, Jump) else 1
    numbers = history.numbers(rule.questionnaire, rule.item, day)
    if day not in numbers:
        return unknown(rule, day, NOTHING_RECORDED)

    def window(first: date) -> Baseline:
        return baseline_before(numbers, first, rule.baseline_days, rule.baseline_least)

    *_, step = walk(numbers, meets, window, floor)
    return run_evaluation(rule, numbers, step, needed)


def run_evaluation(rule: Jump | Level, numbers: Mapping[date, Decimal], step: Step, needed: int) -> Evaluation:
    base, count = step.baseline, len(step.baseline.days)
    inputs: dict[str, object] = {
        "day": step.day.isoformat(),
        "item": f"{rule.questionnaire}.{rule.item}",
        "value": plain(numbers[step.day]),
        "meets": step.met,
        "run": {day.isoformat(): plain(numbers[day]) for day in step.run},
        "baseline_values": {day.isoformat(): plain(numbers[day]) for day in base.days},
        "thresholds": thresholds(rule),
    }
    if step.met is None:
        why = f"baseline has {count} of at least {rule.baseline_least} values in {rule.baseline_days} days"
        return Evaluation(rule.key, rule.version, NOT_EVALUABLE, inputs, None, count, why)
    hit = step.met and len(step.run) >= needed
    why = f"day {len(step.run)} of {needed} in a row" if step.met else "condition not met on this day"
    return Evaluation(rule.key, rule.version, HIT if hit else NO_HIT, inputs, base.value, count, why)


def judge_jump(rule: Jump, history: History, day: date) -> Evaluation:
    """R1: far enough above the baseline and at the floor or over, on consecutive recorded days."""

    def meets(value: Decimal, base: Decimal) -> bool:
        return value - base >= rule.jump and value >= rule.floor

    return judge_run(rule, history, day, meets, rule.floor)


def judge_level(rule: Level, history: History, day: date) -> Evaluation:
    """R2: at the level or over while the baseline is under it.

    The baseline is held as in R1: it is the one before the first of the consecutive recorded days at the
    level, so that a long bad spell does not become its own baseline and fall silent after four days.
    """

    def meets(value: Decimal, base: Decimal) -> bool:
        return value >= rule.at_least and base < rule.at_least

    return judge_run(rule, history, day, meets, rule.at_least)


# The other rules


def judge_creep(rule: Creep, history: History, day: date, day0: date) -> Evaluation:
    """R3: mean of the last days, this one included, against the mean of the reference days.

    Not evaluable until the reference days are over (they would lie in the future), nor without a value today.
    """
    numbers = history.numbers(rule.questionnaire, rule.item, day)
    first, last = (day0 + timedelta(offset) for offset in (rule.reference_first, rule.reference_last))
    before = day - timedelta(rule.days)
    recent = {at: value for at, value in numbers.items() if at > before}
    reference = {at: value for at, value in numbers.items() if first <= at <= last}
    why = creep_obstacle(rule, day, last, recent, reference)
    if why:
        return unknown(rule, day, why, n=len(reference))
    now, then = mean(recent.values()), mean(reference.values())
    inputs: dict[str, object] = {
        "day": day.isoformat(),
        "item": f"{rule.questionnaire}.{rule.item}",
        "value": plain(numbers[day]),
        "mean": plain(rounded(now)),
        "values": {at.isoformat(): plain(recent[at]) for at in sorted(recent)},
        "reference_values": {at.isoformat(): plain(reference[at]) for at in sorted(reference)},
        "thresholds": thresholds(rule),
    }
    hit = now - then >= Fraction(rule.rise)
    why = f"mean of {len(recent)} values is {plain(rounded(now - then))} above the reference"
    result = HIT if hit else NO_HIT
    return Evaluation(rule.key, rule.version, result, inputs, rounded(then), len(reference), why)


def creep_obstacle(
    rule: Creep, day: date, last: date, recent: Mapping[date, Decimal], reference: Mapping[date, Decimal]
) -> str:
    if day not in recent:
        return NOTHING_RECORDED
    if day <= last:
        return "the reference days are not over"
    if not reference:
        return "no reference: nothing recorded on its days"
    if len(recent) < rule.days_least:
        return f"{len(recent)} of at least {rule.days_least} values in the last {rule.days} days"
    return ""


_EXACT = Context(prec=1000, traps=[Inexact])
"""Adds without rounding, and refuses where it could not: fractions cost twenty times as much."""


def mean(values: Collection[Decimal]) -> Fraction:
    return Fraction(reduce(_EXACT.add, values)) / len(values)


def rounded(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def judge_declared(rule: Declared, history: History, day: date) -> Evaluation:
    """R4: the patient says so."""
    value = history.value(rule.questionnaire, rule.item, day)
    if not isinstance(value, bool):
        return unknown(rule, day, NOTHING_RECORDED)
    inputs = {"day": day.isoformat(), "item": f"{rule.questionnaire}.{rule.item}", "value": value}
    why = "answered yes" if value else "answered no"
    return Evaluation(rule.key, rule.version, HIT if value else NO_HIT, inputs, None, 0, why)


def judge_criteria(rule: Criteria, history: History, day: date) -> Evaluation:
    """R5: so many of four signs (the published count form; validated in gout, not in this disease).

    A sign without an answer is unknown: the rule hits when the known ones suffice, does not when they could
    not even with all the unknown ones, and is not evaluable in between. `tree` in the inputs is the tree form:
    pain at rest, then declared.
    """
    raw = {key: history.value(rule.questionnaire, getattr(rule, key), day) for key in SIGNS}
    met = {key: sign_met(key, value, rule) for key, value in raw.items()}
    count = sum(known is True for known in met.values())
    missing = sum(known is None for known in met.values())
    inputs: dict[str, object] = {
        "day": day.isoformat(),
        "met": met,
        "values": {getattr(rule, key): jsonable(value) for key, value in raw.items()},
        "tree": both(met["rest_pain"], met["declared"]),
        "thresholds": thresholds(rule),
    }
    result = HIT if count >= rule.needed else NO_HIT if count + missing < rule.needed else NOT_EVALUABLE
    why = f"{count} of {rule.needed} signs" + (f", {missing} without an answer" if missing else "")
    return Evaluation(rule.key, rule.version, result, inputs, None, 0, why)


SIGNS = ("declared", "rest_pain", "swollen", "warm")


def sign_met(sign: str, value: Value | None, rule: Criteria) -> bool | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return len(value) > 0
    return number(value) > rule.rest_pain_above if sign == "rest_pain" else number(value) >= 1


def both(first: bool | None, second: bool | None) -> bool | None:
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def judge_emergency(rule: Emergency, history: History, day: date) -> Evaluation:
    """R7 looked at again with the day's other rules; `is_emergency` judges the answer as it is given."""
    value = history.value(rule.questionnaire, rule.item, day)
    if value is None:
        return unknown(rule, day, NOTHING_RECORDED)
    inputs: dict[str, object] = {
        "day": day.isoformat(),
        "item": f"{rule.questionnaire}.{rule.item}",
        "value": plain(number(value)),
        "thresholds": thresholds(rule),
    }
    hit = is_emergency(rule, value)
    why = "at the limit or over" if hit else "under the limit"
    return Evaluation(rule.key, rule.version, HIT if hit else NO_HIT, inputs, None, 0, why)


def is_emergency(rule: Emergency, value: Value | None) -> bool:
    """Whether this answer alone calls for the emergency text and an episode at once."""
    return value is not None and number(value) >= rule.at_least


# All of them


def evaluate(rules: Iterable[FlareRule], history: History, day: date, day0: date) -> tuple[Evaluation, ...]:
    """What each rule says of that patient-day, in the rules' order; nothing later in the history is looked at."""
    return tuple(judge(rule, history, day, day0) for rule in rules)


def judge(rule: FlareRule, history: History, day: date, day0: date) -> Evaluation:
    match rule:
        case Jump():
            return judge_jump(rule, history, day)
        case Level():
            return judge_level(rule, history, day)
        case Creep():
            return judge_creep(rule, history, day, day0)
        case Declared():
            return judge_declared(rule, history, day)
        case Criteria():
            return judge_criteria(rule, history, day)
        case Emergency():
            return judge_emergency(rule, history, day)


def unknown(rule: FlareRule, day: date, why: str, n: int = 0) -> Evaluation:
    return Evaluation(rule.key, rule.version, NOT_EVALUABLE, {"day": day.isoformat()}, None, n, why)


THRESHOLDS = (
    "jump", "floor", "recorded_days", "at_least", "rise", "days", "days_least", "reference_first",
    "reference_last", "rest_pain_above", "needed", "baseline_days", "baseline_least",
)  # fmt: skip


def thresholds(rule: FlareRule) -> dict[str, object]:
    return {name: plain(Decimal(getattr(rule, name))) for name in _FIGURES[type(rule)]}


_FIGURES = {
    kind: tuple(name for name in THRESHOLDS if name in {each.name for each in fields(kind)})
    for kind in get_args(FlareRule)
}


def jsonable(value: Value | None) -> object:
    if isinstance(value, tuple):
        return list(value)
    return plain(value) if isinstance(value, Decimal) else value
