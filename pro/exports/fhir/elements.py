"""Reading FHIR JSON so that nothing is lost in silence: what was not taken from an element can be named."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar

from pro.exports.fhir.names import TRANSLATION

T = TypeVar("T")

_NAMES = {str: "text", bool: "true or false", list: "a list", dict: "an object", int: "a number"}
Wording = dict[str, str]


class NotAQuestionnaire(ValueError):
    """What was given cannot be read as a FHIR Questionnaire; the message says where and why."""


class Element:
    """One object of the resource. Each `take` removes what it read; what is left at the end was not understood."""

    def __init__(self, raw: object, place: str) -> None:
        if not isinstance(raw, dict):
            raise NotAQuestionnaire(f"{place} must be an object")
        self.raw: dict[str, Any] = dict(raw)
        self.place = place
        self._extensions: list[Element] | None = None
        self._lost: list[str] = []

    def take(self, name: str, kind: type[T]) -> T | None:
        """The value of that name, or None where it is absent; refuses one of another type."""
        value = self.raw.pop(name, None)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise NotAQuestionnaire(f"{self.place}.{name} must be {_NAMES[kind]}")
        return value

    def take_any(self, prefix: str) -> tuple[str, object] | None:
        """Type and value of a field like `value[x]` or `answer[x]`; None where there is none."""
        for name in list(self.raw):
            if name.startswith(prefix) and name[len(prefix) : len(prefix) + 1].isupper():
                return name[len(prefix) :], self.raw.pop(name)
        return None

    def children(self, name: str) -> list[Element]:
        found = self.take(name, list) or []
        return [Element(each, f"{self.place}.{name}[{i}]") for i, each in enumerate(found)]

    def child(self, name: str) -> Element | None:
        found = self.take(name, dict)
        return None if found is None else Element(found, f"{self.place}.{name}")

    def wording(self, name: str, main: str) -> Wording:
        """The text by language: the element's own in the main one, its translations beside it."""
        text = self.take(name, str)
        found = {} if text is None or not text.strip() else {main: text}
        beside = self.child(f"_{name}")
        if beside is None:
            return found
        found = {**beside.translations(), **found}
        if left := beside.left():
            self.raw[f"_{name}"] = left
        return {language: found[language] for language in sorted(found, key=lambda each: each != main)}

    # --- extensions

    def extensions(self, url: str) -> list[Element]:
        """The extensions of that address, taken."""
        rest = self.every_extension()
        self._extensions = [each for each in rest if each.raw.get("url") != url]
        return [each for each in rest if each.raw.get("url") == url]

    def extension(self, url: str) -> Element | None:
        """The first extension of that address; a second one stays and is named as not understood."""
        rest = self.every_extension()
        first = next((each for each in rest if each.raw.get("url") == url), None)
        self._extensions = [each for each in rest if each is not first]
        return first

    def every_extension(self) -> list[Element]:
        """Those that nobody took yet."""
        if self._extensions is None:
            self._extensions = self.children("extension")
        return self._extensions

    def value_of(self, url: str) -> tuple[str, object] | None:
        found = self.extension(url)
        if found is None:
            return None
        value = found.take_any("value")
        self._lost += [f"extension {url}: {each}" for each in found.left()]
        return value

    def text_of(self, url: str) -> str | None:
        return _text(self.value_of(url))

    def texts_of(self, url: str) -> list[str]:
        return [text for each in self.extensions(url) if (text := _text(each.take_any("value"))) is not None]

    def number_of(self, url: str) -> Decimal | None:
        found = self.value_of(url)
        return None if found is None else number(found[1])

    def true_of(self, url: str) -> bool:
        found = self.value_of(url)
        return found is not None and found[1] is True

    def wording_of(self, url: str) -> Wording | None:
        """The texts of an extension that holds one in each language."""
        found = self.extension(url)
        return None if found is None else found.translations() or None

    def translations(self) -> Wording:
        pairs = [(each.text_of("lang"), each.text_of("content")) for each in self.extensions(TRANSLATION)]
        return {language: content for language, content in pairs if language is not None and content is not None}

    def left(self) -> list[str]:
        """What nobody took, in words that a reader of the FHIR file can find."""
        extensions = [f"extension {each.raw.get('url', '(without url)')}" for each in self._extensions or ()]
        return [*self._lost, *extensions, *(name for name in self.raw if name not in ("url", "id"))]


def _text(found: tuple[str, object] | None) -> str | None:
    return found[1] if found is not None and isinstance(found[1], str) else None


def number(value: object) -> Decimal | None:
    """The number as written, exactly; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)


def depth(value: object) -> int:
    """How many lists and objects stand inside one another."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        each, level = waiting.pop()
        if isinstance(each, dict | list):
            deepest = max(deepest, level)
            waiting += [(part, level + 1) for part in _parts(each)]
    return deepest


def _parts(value: dict[str, object] | list[object]) -> Iterator[object]:
    yield from value.values() if isinstance(value, dict) else value
