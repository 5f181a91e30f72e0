"""What is frozen into a response: every item with its answer, or why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pro.domain.answers import Answer, Code, NotAllowed, Why, check, to_json
from pro.domain.questionnaire import Item, Questionnaire, Value
from pro.domain.showing import shown

Completeness = Literal["complete", "partial", "empty"]
ITEM_CODES = (*get_args(Code), "not-shown", "not-reached")
"""What stands for an item in a response."""


@dataclass(frozen=True, slots=True)
class Frozen:
    items: dict[str, dict[str, object]]
    """Every item of the questionnaire: `code` (answered, skipped, not-applicable, not-shown, not-reached)
    and, where answered, `value` as canonical JSON."""
    values: dict[str, Value]
    """The answers that count: shown and answered. What scores and flare rules read."""
    completeness: Completeness
    missing: tuple[str, ...]
    """Items that show and were not reached."""


def freeze(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> Frozen:
    """What the answers amount to when no more can be given.

    Raises NotAllowed for an unknown item or an answer that is not allowed.
    """
    for key in answers.keys() - {item.key for item in questionnaire.items}:
        raise NotAllowed(key, Why.UNKNOWN_ITEM)
    visible = set(shown(questionnaire, answers))
    items: dict[str, dict[str, object]] = {}
    values: dict[str, Value] = {}
    for item in questionnaire.items:
        answer = answers.get(item.key) if item.key in visible else None
        if answer is None:
            items[item.key] = {"code": "not-reached" if item.key in visible else "not-shown"}
        elif answer.code == "answered":
            values[item.key] = check(item, answer.value)
            items[item.key] = {"code": "answered", "value": to_json(values[item.key])}
        else:
            items[item.key] = {"code": _unanswered(item, answer)}
    missing = tuple(key for key, frozen in items.items() if frozen["code"] == "not-reached")
    return Frozen(items, values, _completeness(len(visible), len(missing)), missing)


def _unanswered(item: Item, answer: Answer) -> str:
    if answer.code == "not-applicable" and not item.not_applicable:
        raise NotAllowed(item.key, Why.NOT_APPLICABLE)
    return answer.code


def _completeness(shown_items: int, missing: int) -> Completeness:
    if missing == 0:
        return "complete"
    return "empty" if missing == shown_items else "partial"
