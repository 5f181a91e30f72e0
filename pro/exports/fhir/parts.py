"""Small pieces of FHIR JSON: extensions, texts with their translations, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pro.domain.questionnaire import Text
from pro.exports.fhir.names import CONTROLS, ITEM_CONTROL, TRANSLATION

Json = dict[str, Any]


def texts(name: str, wording: Text, main: str) -> Json:
    """`name` in the main language, and beside it `_name` with the other languages as translations."""
    others = [_translation(language, text) for language, text in wording.items() if language != main]
    return {name: wording[main], **({f"_{name}": {"extension": others}} if others else {})}


def _translation(language: str, text: str) -> Json:
    parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": text}]
    return {"url": TRANSLATION, "extension": parts}


def worded(url: str, wording: Text) -> Json:
    """An extension that holds a text in each language: an extension's own value cannot be translated everywhere."""
    return made_of(url, [_translation(language, text) for language, text in wording.items()])


def valued(url: str, value: str | bool | int | Decimal) -> Json:
    """An extension with one value: text, yes or no, a whole number, or a decimal."""
    match value:
        case bool():
            return {"url": url, "valueBoolean": value}
        case int():
            return {"url": url, "valueInteger": value}
        case Decimal():
            return {"url": url, "valueDecimal": value}
        case _:
            return {"url": url, "valueString": value}


def made_of(url: str, parts: list[Json]) -> Json:
    return {"url": url, "extension": parts}


def given(values: Mapping[str, str | bool | int | Decimal | None]) -> list[Json]:
    """A part for each value that there is."""
    return [valued(url, value) for url, value in values.items() if value is not None]


def control(code: str) -> Json:
    """How the item is shown, by FHIR's own list: slider, lower, upper, help …"""
    return {"url": ITEM_CONTROL, "valueCodeableConcept": {"coding": [{"system": CONTROLS, "code": code}]}}
