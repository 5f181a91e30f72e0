"""enableWhen as `show_if`. A comparison that ours does not know is named and left out, never bent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pro.exports.fhir.elements import Element, number
from pro.exports.fhir.names import CONDITION

Data = dict[str, Any]
_NUMBERS = ("rating", "vas", "integer", "decimal")
_LISTS = ("several", "joints")


@dataclass(frozen=True, slots=True)
class Whens:
    """What one FHIR item says about when it is asked."""

    tests: list[Element]
    behaviour: str | None
    tree: Element | None


def taken(item: Element) -> Whens:
    return Whens(item.children("enableWhen"), item.take("enableBehavior", str), item.extension(CONDITION))


class Conditions:
    """Translates against the items read so far: linkId → our key, key → the item as the file has it."""

    def __init__(self, notes: list[str], keys: Mapping[str, str], items: Mapping[str, Data]) -> None:
        self.notes = notes
        self.keys = keys
        self.items = items

    def read(self, link: str, whens: Whens) -> Data | None:
        tests = [self._when(link, each) for each in whens.tests]
        carried = [test for test in tests if test is not None]
        tree = None if whens.tree is None else next(iter(self._trees(whens.tree)), None)
        condition = self._joined(link, carried, len(tests), whens.behaviour)
        if tree is not None and (not whens.tests or _flat(tree) == _flat(condition)):
            return tree
        return condition

    def _joined(self, link: str, carried: list[Data], of: int, behaviour: str | None) -> Data | None:
        word = behaviour if behaviour in ("any", "all") else "any"
        if of > 1 and word != behaviour:
            self.notes.append(f"{link}: enableBehavior {behaviour!r} is none; any is assumed")
        if 0 < len(carried) < of:
            effect = "shows less often" if word == "any" else "shows more often"
            self.notes.append(f"{link}: without what could not be carried it {effect} than it should")
        if of and not carried:
            self.notes.append(f"{link}: none of its conditions could be carried; it shows always")
        if not carried:
            return None
        return carried[0] if of == 1 and behaviour is None else {word: carried}

    # --- one comparison

    def _when(self, link: str, when: Element) -> Data | None:
        question, operator = when.take("question", str) or "", when.take("operator", str) or ""
        kind, answer = when.take_any("answer") or ("", None)
        key = self.keys.get(question)
        if key is None:
            self.notes.append(f"{link}: it waits for {question!r}, which is no question that is carried")
            return None
        test = self._test(self.items[key], operator, kind, answer)
        if test is None:
            told = f"{question} {operator} {_told(answer)}"
            self.notes.append(f"{link}: the condition {told} cannot be said in show_if and is left out")
        self.notes += [f"{link}: {each} of a condition is not carried" for each in when.left()]
        return test

    def _test(self, item: Data, operator: str, kind: str, answer: object) -> Data | None:
        match operator:
            case "=":
                op = "includes" if item["kind"] in _LISTS else "is"
                value = _plain(kind, answer)
                return None if value is None else {"item": item["key"], op: value}
            case "exists":
                return _exists(item) if answer is True else None
            case ">=" | "<=" | ">" | "<":
                return _compared(item, operator, number(answer))
            case _:
                return None

    # --- our own extension

    def _trees(self, parent: Element) -> list[Data]:
        found: list[Data] = []
        for each in parent.children("extension"):
            word = each.raw.get("url")
            if word in ("any", "all"):
                found.append({word: self._trees(each)})
            elif word == "test":
                found.append(self._tree_test(each))
        return found

    def _tree_test(self, parts: Element) -> Data:
        kind, answer = parts.value_of("answer") or ("", None)
        op, link = parts.text_of("op") or "is", parts.text_of("item") or ""
        return {"item": self.keys.get(link, link), op: _plain(kind, answer)}


def _plain(kind: str, answer: object) -> object:
    """An answer as a condition of ours writes it."""
    if kind == "Coding" and isinstance(answer, dict):
        code = answer.get("code")
        return code if isinstance(code, str) else None
    if kind == "Boolean" and isinstance(answer, bool):
        return answer
    if kind in ("Integer", "Decimal"):
        return number(answer)
    if isinstance(answer, str) and kind in ("String", "Date", "Time"):
        return answer[:5] if kind == "Time" else answer
    return None


def _exists(item: Data) -> Data | None:
    """Any answer at all, said by the answers there are."""
    key, kind = item["key"], item["kind"]
    if kind in _LISTS:
        return {"item": key, "not_empty": True}
    if kind in _NUMBERS:
        return {"item": key, "at_least": item["low"]}
    answers = {"yes-no": [True, False], "one": [option["code"] for option in item.get("options", ())]}.get(kind)
    return None if answers is None else {"any": [{"item": key, "is": answer} for answer in answers]}


def _compared(item: Data, operator: str, value: Decimal | None) -> Data | None:
    if value is None or item["kind"] not in _NUMBERS:
        return None
    if operator in (">=", "<="):
        return {"item": item["key"], "at_least" if operator == ">=" else "at_most": value}
    step = Decimal(1).scaleb(-int(item.get("decimals", 0)))
    if operator == ">":
        return {"item": item["key"], "at_least": value // step * step + step}
    return {"item": item["key"], "at_most": -(-value // step * step) - step}


def _told(answer: object) -> str:
    return str(answer.get("code", "?")) if isinstance(answer, dict) else str(answer)


def _flat(condition: Data | None) -> tuple[str, list[Data]] | None:
    """The condition as one any or all of tests, as `conditions.flattened` has it; None where nesting says more."""
    if condition is None:
        return None
    word = next((word for word in ("any", "all") if word in condition), None)
    if word is None:
        return "all", [condition]
    parts: list[Data] = condition[word]
    if len(parts) == 1:
        return _flat(parts[0])
    tests: list[Data] = []
    for part in parts:
        inner = _flat(part)
        if inner is None or (len(inner[1]) > 1 and inner[0] != word):
            return None
        tests += inner[1]
    return word, tests
