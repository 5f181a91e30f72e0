"""Answer options of a FHIR item, from the item itself or from a value set inside the resource."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pro.domain.joints import JOINTS, NAMES
from pro.exports.fhir import names
from pro.exports.fhir.elements import Element
from pro.exports.fhir.reading_words import another, word

Option = dict[str, Any]


def contained_options(root: Element) -> dict[str, list[Element]]:
    """The codings of each value set inside the resource, by its id; the value sets are taken, other resources stay."""
    found: dict[str, list[Element]] = {}
    rest = []
    for each in root.children("contained"):
        id_ = each.raw.get("id")
        if each.raw.get("resourceType") == "ValueSet" and isinstance(id_, str):
            found[id_] = _codings(each)
        else:
            rest.append(each.raw)
    if rest:
        root.raw["contained"] = rest
    return found


def _codings(value_set: Element) -> list[Element]:
    expansion, compose = value_set.child("expansion"), value_set.child("compose")
    if expansion is not None and "contains" in expansion.raw:
        return expansion.children("contains")
    includes = [] if compose is None else compose.children("include")
    return [concept for include in includes for concept in include.children("concept")]


class Options:
    """Reads the options of one item; what it cannot carry goes to `notes`."""

    def __init__(self, notes: list[str], link: str, main: str) -> None:
        self.notes = notes
        self.link = link
        self.main = main
        self.taken: set[str] = set()
        self.systems: set[str] = set()

    def read(self, item: Element, contained: Mapping[str, list[Element]]) -> list[Option]:
        options = [self._option(each) for each in item.children("answerOption")]
        named = item.take("answerValueSet", str)
        if named is not None:
            codings = contained.get(named.removeprefix("#")) if named.startswith("#") else None
            if codings is None:
                self.notes.append(f"{self.link}: its answers stand in the value set {named}, which is not in this file")
            options += [self._coded(each) for each in codings or ()]
        return options

    def _option(self, option: Element) -> Option:
        alone = option.true_of(names.EXCLUSIVE)
        kind, value = option.take_any("value") or ("", None)
        if kind == "Coding":
            read = self._coded(Element(value, f"{option.place}.valueCoding"))
        else:
            text = str(value) if isinstance(value, str | int | Decimal) else "?"
            if text == "?" or kind not in ("String", "Integer", "Date", "Time"):
                self.notes.append(f"{self.link}: an option of type {kind or 'none'} is carried as {text!r}")
            read = {"code": another(text, self.taken), "label": {self.main: text}}
        self._name_left(option)
        return {**read, **({"alone": True} if alone else {})}

    def _coded(self, coding: Element) -> Option:
        self.systems.add(coding.take("system", str) or "")
        label = coding.wording("display", self.main)
        code = coding.take("code", str)
        if code is None:
            code = word(label.get(self.main, "")) or "option"
            self.notes.append(f"{self.link}: an option without a code gets {code!r}")
        named = another(code, self.taken)
        if named != code:
            self.notes.append(f"{self.link}: the code {code!r} stands there twice; the second becomes {named!r}")
        self._name_left(coding)
        return {"code": named, "label": label or {self.main: code}}

    def _name_left(self, element: Element) -> None:
        self.notes += [f"{self.link}: {each} of an option is not carried" for each in element.left()]


def joints_of(options: list[Option]) -> list[str]:
    """The joints that the options are, both sides in one name where both stand there."""
    codes = [str(option["code"]) for option in options]
    both = [name for name in NAMES if {f"L-{name}", f"R-{name}"} <= set(codes)]
    return [*both, *(code for code in codes if code.partition("-")[2] not in both)]


def are_joints(options: list[Option], systems: set[str]) -> bool:
    return bool(options) and systems == {names.JOINT_SYSTEM} and all(option["code"] in JOINTS for option in options)
