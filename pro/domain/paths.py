"""Ways through a questionnaire that together show every item, and leave out every item that can be left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, product

from pro.domain.answers import NUMBERS, Answer, NotAllowed, check
from pro.domain.questionnaire import AllOf, AnyOf, Condition, Item, Kind, Questionnaire, Test, Value
from pro.domain.showing import holds, named, shown

MOST_TRIED = 20_000
"""Combinations of answers that are looked at; questionnaires in use need a few hundred."""


@dataclass(frozen=True, slots=True)
class Path:
    answers: Mapping[str, Value]
    """An answer for every item that shows on this way."""
    shown: tuple[str, ...]
    """Those items, in order."""


@dataclass(frozen=True, slots=True)
class Ways:
    paths: tuple[Path, ...]
    never: tuple[str, ...] = ()
    """Items that none of the combinations tried has shown."""
    always: tuple[str, ...] = ()
    """Items with a condition that all of them met."""


Goal = tuple[str, Test | None, bool]
"""An item shows or does not; or one comparison of its condition holds or does not."""


def ways(questionnaire: Questionnaire) -> Ways:
    """A small set of paths: each item shows on one of them, each item with a condition is left out on another.

    Each comparison inside a condition holds on one and fails on another, where answers can make it so.
    """
    asked = [item for item in questionnaire.items if item.result_of is None]
    tried = list(_tried(questionnaire, asked))
    reached = [_reached(path, asked) for path in tried]
    open_: set[Goal] = set().union(*reached)
    paths: list[Path] = []
    while open_:
        best = max(range(len(tried)), key=lambda n: len(open_ & reached[n]))
        paths.append(tried[best])
        open_ -= reached[best]
    met: set[Goal] = set().union(*reached)
    never = tuple(item.key for item in asked if (item.key, None, True) not in met)
    always = tuple(item.key for item in asked if item.show_if is not None and (item.key, None, False) not in met)
    return Ways(tuple(paths), never, always)


def _reached(path: Path, asked: list[Item]) -> set[Goal]:
    found: set[Goal] = {(key, None, True) for key in path.shown}
    for item in asked:
        if item.show_if is not None:
            found |= {(item.key, None, item.key in path.shown)}
            tests = [test for test in _tests(item.show_if) if test.item in path.answers]
            found |= {(item.key, test, holds(test, path.answers)) for test in tests}
    return found


def _tried(questionnaire: Questionnaire, asked: list[Item]) -> Iterator[Path]:
    deciding = {key for item in asked if item.show_if is not None for key in named(item.show_if)}
    tests = [test for item in asked if item.show_if is not None for test in _tests(item.show_if)]
    choices = [_candidates(item, tests) if item.key in deciding else [_usual(item)] for item in asked]
    keys = [item.key for item in asked]
    for values in islice(product(*choices), MOST_TRIED):
        given = dict(zip(keys, values, strict=True))
        visible = shown(questionnaire, {key: Answer("answered", value) for key, value in given.items()})
        seen = tuple(key for key in visible if key in given)
        yield Path({key: given[key] for key in seen}, seen)


def _tests(condition: Condition) -> Iterator[Test]:
    match condition:
        case AnyOf(of) | AllOf(of):
            for part in of:
                yield from _tests(part)
        case Test():
            yield condition


def _candidates(item: Item, tests: list[Test]) -> list[Value]:
    """Answers on either side of whatever is asked of the item."""
    compared = [test.value for test in tests if test.item == item.key]
    return list(dict.fromkeys(value for raw in _raw(item, compared) if (value := _allowed(item, raw)) is not None))


def _raw(item: Item, compared: list[Value | None]) -> Iterator[object]:
    match item.kind:
        case Kind.YES_NO:
            yield from (False, True)
        case Kind.ONE:
            yield from (option.code for option in item.options)
        case Kind.SEVERAL:
            yield from ([option.code] for option in item.options)
        case Kind.JOINTS:
            yield []
            yield from ([value] for value in (item.joints[0], *compared) if isinstance(value, str))
        case kind if kind in NUMBERS:
            yield from _beside(item, compared)
        case _:
            yield _usual(item)
            yield from compared


def _beside(item: Item, compared: list[Value | None]) -> Iterator[Decimal]:
    step = item.step or Decimal(1).scaleb(-item.decimals)
    for value in compared:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            yield from (Decimal(value) - step, Decimal(value), Decimal(value) + step)
    yield from (bound for bound in (item.low, item.high) if bound is not None)


def _allowed(item: Item, raw: object) -> Value | None:
    try:
        return check(item, raw)
    except NotAllowed:
        return None


_PLAIN: Mapping[Kind, object] = {
    Kind.YES_NO: False,
    Kind.JOINTS: (),
    Kind.DATE: "2026-03-02",
    Kind.TIME: "18:30",
    Kind.TEXT: "…",
}


def _usual(item: Item) -> Value:
    """An answer where it does not matter which: the first option, the least number, no joint."""
    if item.kind in NUMBERS:
        return check(item, item.low)
    if item.options:
        code = item.options[0].code
        return check(item, [code] if item.kind is Kind.SEVERAL else code)
    return check(item, _PLAIN[item.kind])
