"""Which items of a questionnaire show, by the answers given so far: decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from pro.domain.answers import Answer
from pro.domain.questionnaire import AnyOf, Condition, Questionnaire, Test, Value


def shown(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Keys of the items that show now, in order.

    An answer to an item that does not show counts for no later condition.
    """
    return tuple(seen(questionnaire, {key: each.value for key, each in answers.items() if each.code == "answered"}))


def seen(questionnaire: Questionnaire, values: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """The items that show now, in order, each with its value, None where it has none."""
    found: dict[str, Value | None] = {}
    for item in questionnaire.items:
        if item.show_if is None or holds(item.show_if, found):
            found[item.key] = values.get(item.key)
    return found


def to_come(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """Keys of the items that show without an answer, and of those that one of them may still bring.

    Who goes on answers only ever makes them fewer, whatever branch opens.
    """
    showing = shown(questionnaire, answers)
    open_: list[str] = []
    for item in questionnaire.items:
        if item.key in showing:
            still = item.key not in answers
        else:
            still = item.show_if is not None and not named(item.show_if).isdisjoint(open_)
        if still:
            open_.append(item.key)
    return tuple(open_)


def named(condition: Condition) -> frozenset[str]:
    """The items whose answers a condition compares."""
    if isinstance(condition, Test):
        return frozenset({condition.item})
    return frozenset().union(*(named(part) for part in condition.of))


def holds(condition: Condition, values: Mapping[str, Value | None]) -> bool:
    """Whether the condition is met; a test of an item without a value is not."""
    if isinstance(condition, Test):
        value = values.get(condition.item)
        return value is not None and _MEETS[condition.op](value, condition.value)
    met = (holds(part, values) for part in condition.of)
    return any(met) if isinstance(condition, AnyOf) else all(met)


def _number(value: Value | None) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise TypeError(f"{value!r} is not a number")
    return value


_MEETS: Mapping[str, Callable[[Value, Value | None], bool]] = {
    "is": lambda value, wanted: type(value) is type(wanted) and value == wanted,
    "at_least": lambda value, wanted: _number(value) >= _number(wanted),
    "at_most": lambda value, wanted: _number(value) <= _number(wanted),
    "includes": lambda value, wanted: isinstance(value, tuple) and wanted in value,
    "not_empty": lambda value, _: bool(value),
}
