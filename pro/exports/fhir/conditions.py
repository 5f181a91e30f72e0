"""`show_if` as FHIR's enableWhen. What its one flat list of any or all cannot say travels in an extension of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pro.domain.questionnaire import AllOf, AnyOf, Condition, Item, Kind, Test
from pro.exports.fhir.names import CONDITION, JOINT_SYSTEM, option_system
from pro.exports.fhir.parts import Json, made_of, valued

OPERATORS: Mapping[str, str] = {"is": "=", "includes": "=", "at_least": ">=", "at_most": "<=", "not_empty": "exists"}


class Conditions:
    """Writes the conditions of one questionnaire's items."""

    def __init__(self, questionnaire: str, items: Mapping[str, Item]) -> None:
        self.questionnaire = questionnaire
        self.items = items

    def fields(self, condition: Condition) -> Json:
        """enableWhen and enableBehavior where they can say it, our extension where they cannot or not in this order."""
        flat = flattened(condition)
        if flat is None:
            return {"extension": [made_of(CONDITION, [self._tree(condition)])]}
        fields: Json = {"enableWhen": [self._when(test) for test in flat.tests]}
        if isinstance(condition, Test):
            return fields
        fields["enableBehavior"] = flat.word
        if condition.of != flat.tests or _word(condition) != flat.word:
            fields["extension"] = [made_of(CONDITION, [self._tree(condition)])]
        return fields

    def _tree(self, condition: Condition) -> Json:
        if isinstance(condition, Test):
            when = self._when(condition)
            operator = valued("op", condition.op)
            answer = [{"url": "answer", f"value{name[6:]}": value} for name, value in when.items() if "answer" in name]
            return made_of("test", [valued("item", condition.item), operator, *answer])
        return made_of(_word(condition), [self._tree(part) for part in condition.of])

    def _when(self, test: Test) -> Json:
        answer = {"answerBoolean": True} if test.op == "not_empty" else self._answer(test)
        return {"question": test.item, "operator": OPERATORS[test.op], **answer}

    def _answer(self, test: Test) -> Json:
        item = self.items[test.item]
        match test.value:
            case bool():
                return {"answerBoolean": test.value}
            case int():
                return {"answerInteger": test.value}
            case Decimal():
                return {"answerDecimal": test.value}
            case _:
                return _worded(item, str(test.value), option_system(self.questionnaire, item.key))


def _worded(item: Item, text: str, options: str) -> dict[str, Any]:
    match item.kind:
        case Kind.JOINTS:
            return {"answerCoding": {"system": JOINT_SYSTEM, "code": text}}
        case Kind.DATE:
            return {"answerDate": text}
        case Kind.TIME:
            return {"answerTime": f"{text}:00"}
        case Kind.TEXT:
            return {"answerString": text}
        case _:
            return {"answerCoding": {"system": options, "code": text}}


@dataclass(frozen=True, slots=True)
class Flat:
    word: Literal["any", "all"]
    tests: tuple[Test, ...]


def flattened(condition: Condition) -> Flat | None:
    """One any or all of plain tests that means the same, or None where nesting says more than that.

    `all` of an `all` is one longer `all`, and either of a single part is that part.
    """
    if isinstance(condition, Test):
        return Flat("all", (condition,))
    if len(condition.of) == 1 and not isinstance(condition.of[0], Test):
        return flattened(condition.of[0])
    word = _word(condition)
    tests: list[Test] = []
    for part in condition.of:
        inner = flattened(part)
        if inner is None or (len(inner.tests) > 1 and inner.word != word):
            return None
        tests += inner.tests
    return Flat(word, tuple(tests)) if tests else None


def _word(condition: AnyOf | AllOf) -> Literal["any", "all"]:
    return "any" if isinstance(condition, AnyOf) else "all"
