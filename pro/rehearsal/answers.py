"""What a simulated patient answers: any questionnaire, item by item as they show, from how ill they are that day."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pro.domain.answers import NUMBERS, Answer, check, to_json
from pro.domain.flare_rules import Criteria, Declared, Emergency
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Item, Kind, Option, Questionnaire, Value
from pro.domain.showing import holds
from pro.rehearsal.people import Person

SKIPS = 0.01
LARGE = 100
"""A scale wider than this, such as minutes up to a day, is used in its first tenth."""
FULL = 0.9
"""Chance of the first of choices that begin with a yes: the whole dose, as most have it on most days."""
FEVER = 0.08
"""Chance of a fever on a day of a bad spell."""


@dataclass(frozen=True, slots=True)
class Day:
    """How somebody is on one study day: `ill` from 0 (well) to 1."""

    date: date
    ill: float
    spell: bool
    fever: bool


def day_of(person: Person, day: int, on: date) -> Day:
    """A slow fall over the weeks, a little noise, and bad spells."""
    dice = person.dice("day", day)
    spell = any(first <= day <= last for first, last in person.spells)
    usual = person.severity * (1 - day / 400) + dice.choice((-0.1, 0.0, 0.0, 0.0, 0.0, 0.1))
    ill = max(0.7, usual + 0.35) if spell else min(usual, 0.6)
    return Day(on, max(0.0, min(1.0, ill)), spell, spell and dice.random() < FEVER)


@dataclass(frozen=True)
class Respondent:
    """Answers by the rules of one protocol: what is an emergency or a declared flare is no matter of chance."""

    urgent: Mapping[tuple[str, str], Decimal]
    declared: frozenset[tuple[str, str]]
    signs: frozenset[tuple[str, str]]
    """What a flare shows itself by: none of it outside bad spells."""

    def answers(self, questionnaire: Questionnaire, day: Day, dice: random.Random) -> dict[str, Answer]:
        """An answer or a deliberate skip for every item that shows."""
        given: dict[str, Answer] = {}
        values: dict[str, Value | None] = {}
        for item in questionnaire.items:
            if item.result_of is not None or (item.show_if is not None and not holds(item.show_if, values)):
                continue
            key = (questionnaire.id, item.key)
            answer = self._answer(key, item, day, dice)
            given[item.key], values[item.key] = answer, answer.value
        return given

    def _answer(self, key: tuple[str, str], item: Item, day: Day, dice: random.Random) -> Answer:
        if key in self.declared:
            return Answer("answered", day.spell)
        if key in self.signs and not day.spell:
            return Answer("answered", False if item.kind is Kind.YES_NO else check(item, ()))
        if key in self.urgent:
            shift = dice.randrange(0, 15) if day.fever else -dice.randrange(6, 20)
            return Answer("answered", _number(item, self.urgent[key] + Decimal(shift) / 10))
        if item.kind is Kind.TEXT or dice.random() < SKIPS:
            return Answer("skipped")
        return Answer("answered", check(item, _raw(item, day, dice)))


def respondent(protocol: Protocol) -> Respondent:
    """Who answers by the rules of this protocol."""
    urgent = {(r.questionnaire, r.item): r.at_least for r in protocol.flare_rules if isinstance(r, Emergency)}
    declared = {(r.questionnaire, r.item) for r in protocol.flare_rules if isinstance(r, Declared)}
    declared |= {(r.questionnaire, r.declared) for r in protocol.flare_rules if isinstance(r, Criteria)}
    criteria = [r for r in protocol.flare_rules if isinstance(r, Criteria)]
    signs = {(r.questionnaire, key) for r in criteria for key in (r.swollen, r.warm)}
    return Respondent(urgent, frozenset(declared), frozenset(signs))


def _raw(item: Item, day: Day, dice: random.Random) -> object:
    if item.kind in NUMBERS:
        return _scaled(item, day, dice)
    match item.kind:
        case Kind.YES_NO:
            return dice.random() < 0.1 + 0.5 * day.ill
        case Kind.ONE if not _is_graded(item):
            full = item.options[0].code == "yes"
            return item.options[0].code if full and dice.random() < FULL else _any(item.options[full:], dice)
        case Kind.ONE:
            place = day.ill * (len(item.options) - 1) + dice.uniform(-0.6, 0.6)
            return item.options[max(0, min(len(item.options) - 1, round(place)))].code
        case Kind.SEVERAL:
            return [_several(item, day, dice)]
        case Kind.JOINTS:
            return tuple(item.joints[: max(0, round(6 * day.ill) - 1)])
        case Kind.DATE:
            return day.date.isoformat()
        case _:
            return "18:30"


def _is_graded(item: Item) -> bool:
    """Whether the choices are degrees, by their codes: `0` to `3`; a place or a reason is none of illness."""
    return all(option.code.lstrip("-").isdecimal() for option in item.options)


def _any(options: Sequence[Option], dice: random.Random) -> str:
    return dice.choice(options).code


def _several(item: Item, day: Day, dice: random.Random) -> str:
    alone = [option.code for option in item.options if option.alone]
    if alone and dice.random() > 0.6 * day.ill:
        return alone[0]
    return _any(item.options, dice)


def _scaled(item: Item, day: Day, dice: random.Random) -> Value:
    low, high = item.low or Decimal(0), item.high if item.high is not None else Decimal(10)
    width = high - low if high - low <= LARGE else (high - low) / 10
    noise = 0.0 if width <= 10 else dice.uniform(-0.05, 0.05)
    return _number(item, low + width * Decimal(round(max(0.0, min(1.0, day.ill + noise)), 3)))


def _number(item: Item, wanted: Decimal) -> Value:
    """The nearest number that the item takes."""
    step = item.step or Decimal(1).scaleb(-item.decimals if item.kind is Kind.DECIMAL else 0)
    low = item.low if item.low is not None else Decimal(0)
    value = low + round((wanted - low) / step) * step
    value = max(low, value if item.high is None else min(item.high, value))
    return check(item, str(value) if item.kind is Kind.DECIMAL else int(value))


def as_saved(answer: Answer) -> object:
    """The value as a phone sends it."""
    return None if answer.value is None else to_json(answer.value)
