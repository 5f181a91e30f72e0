"""Which items of a questionnaire can never show, whatever is answered."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import product

from pro.domain.questionnaire import AnyOf, Condition, Item, Kind, Questionnaire, Test, Value

MOST = 4096
"""Ways in which a condition may hold that are looked through; with more it is taken to be reachable."""

Way = frozenset[Test]
"""Comparisons that must all hold together."""


@lru_cache(maxsize=256)
def never_shown(questionnaire: Questionnaire) -> tuple[str, ...]:
    """Keys of the items whose `show_if` cannot hold; an item also needs those it asks about to show."""
    items = {item.key: item for item in questionnaire.items}
    return tuple(item.key for item in questionnaire.items if not _reachable(item, items))


def _reachable(item: Item, items: dict[str, Item]) -> bool:
    if item.show_if is None:
        return True
    ways = _shows(item, items, ())
    return len(ways) > MOST or any(_holds(way, items) for way in ways)


def _shows(item: Item, items: dict[str, Item], seen: tuple[str, ...]) -> list[Way]:
    """The ways in which the item comes to show, what it depends on included."""
    if item.show_if is None:
        return [frozenset()]
    if item.key in seen:
        return []
    found: list[Way] = []
    for way in _ways(item.show_if):
        asked = [items[key] for key in sorted({test.item for test in way}) if key in items]
        found += _together([[way], *(_shows(one, items, (*seen, item.key)) for one in asked)])
        if len(found) > MOST:
            break
    return found


def _ways(condition: Condition) -> list[Way]:
    if isinstance(condition, Test):
        return [frozenset({condition})]
    parts = [_ways(part) for part in condition.of]
    return [way for part in parts for way in part] if isinstance(condition, AnyOf) else _together(parts)


def _together(parts: Iterable[list[Way]]) -> list[Way]:
    found: list[Way] = [frozenset()]
    for part in parts:
        found = [one | other for one, other in product(found, part)]
        if len(found) > MOST:
            break
    return found


def _holds(way: Way, items: dict[str, Item]) -> bool:
    by_item: dict[str, list[Test]] = {}
    for test in way:
        by_item.setdefault(test.item, []).append(test)
    return all(_allows(items[key], tests) for key, tests in by_item.items() if key in items)


def _allows(item: Item, tests: list[Test]) -> bool:
    """Whether one answer of the item meets all of these."""
    if item.kind in (Kind.SEVERAL, Kind.JOINTS):
        alone = {option.code for option in item.options if option.alone}
        wanted = {test.value for test in tests if test.op == "includes"}
        return len(wanted) < 2 or not wanted & alone
    return any(all(_meets(answer, test) for test in tests) for answer in _answers(item, tests))


def _answers(item: Item, tests: list[Test]) -> list[Value]:
    """Answers among which one is that meets the tests, if any is: each value compared with, and the ends."""
    if item.kind is Kind.YES_NO:
        return [True, False]
    named: list[Value] = [test.value for test in tests if test.value is not None]
    if item.low is None or item.high is None:
        return named
    return [one for one in (*named, item.low, item.high) if item.low <= _number(one) <= item.high]


def _meets(answer: Value, test: Test) -> bool:
    if test.op == "is":
        return answer == test.value
    if test.op == "at_least":
        return _number(answer) >= _number(test.value)
    return test.op != "at_most" or _number(answer) <= _number(test.value)


def _number(value: object) -> Decimal:
    return Decimal(str(value))
