"""Scales as one extension of ours, whole: FHIR R4 has no place for a missing rule, weights or bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pro.domain.questionnaire import Band, Missing, Scale
from pro.exports.fhir.elements import Element
from pro.exports.fhir.names import SCORING
from pro.exports.fhir.parts import Json, given, made_of, valued, worded

Data = dict[str, Any]
"""A piece of a questionnaire as its file has it."""


def scoring_extension(scales: Sequence[Scale]) -> Json:
    return made_of(SCORING, [made_of("scale", _scale(scale)) for scale in scales])


def _scale(scale: Scale) -> list[Json]:
    return [
        valued("key", scale.key),
        worded("title", scale.title),
        *(valued("item", key) for key in scale.items),
        valued("method", scale.method),
        valued("missing", _missing(scale.missing)),
        *given({"missing-or": None if scale.missing_or is None else _missing(scale.missing_or)}),
        *(made_of("weight", given({"item": key, "value": weight})) for key, weight in scale.weights.items()),
        *(valued("reversed", key) for key in scale.reversed),
        *(
            made_of("recode", given({"item": key, "answer": answer, "value": value}))
            for key, table in scale.recode.items()
            for answer, value in table.items()
        ),
        *given({"times": scale.times, "plus": scale.plus, "low": scale.low, "high": scale.high}),
        valued("direction", scale.direction),
        *(made_of("band", _band(band)) for band in scale.bands),
        *given({"source": scale.source or None}),
        *(valued("also", key) for key in scale.also),
    ]


def _missing(rule: Missing) -> str:
    return f"at-least {rule.count}" if rule.rule == "at-least" else rule.rule


def _band(band: Band) -> list[Json]:
    bounds = given({"up-to": band.up_to, "below": band.below, "source": band.source or None})
    return [valued("label", band.label), worded("text", band.text), *bounds]


# --- and back


def scales_data(scoring: Element) -> list[Data]:
    """The scales as a questionnaire's file has them."""
    return [_scale_data(each) for each in scoring.extensions("scale")]


def _scale_data(parts: Element) -> Data:
    bands = [_band_data(each) for each in parts.extensions("band")]
    data = {
        "key": parts.text_of("key"),
        "title": parts.wording_of("title"),
        "items": parts.texts_of("item"),
        "method": parts.text_of("method"),
        "missing": _missing_data(parts.text_of("missing") or ""),
        "missing_or": parts.text_of("missing-or"),
        "weights": {each.text_of("item") or "": each.number_of("value") for each in parts.extensions("weight")},
        "reversed": parts.texts_of("reversed"),
        "recode": _recode_data(parts),
        "times": parts.number_of("times"),
        "plus": parts.number_of("plus"),
        "low": parts.number_of("low"),
        "high": parts.number_of("high"),
        "direction": parts.text_of("direction"),
        "bands": bands,
        "source": parts.text_of("source"),
        "also": parts.texts_of("also"),
    }
    neutral = {"times": 1, "plus": 0, "direction": "none"}
    return {key: value for key, value in data.items() if value not in (None, [], {}) and neutral.get(key) != value}


def _missing_data(rule: str) -> str | dict[str, int]:
    name, _, count = rule.partition(" ")
    return {"at-least": int(count)} if name == "at-least" and count.isascii() and count.isdigit() else rule


def _recode_data(parts: Element) -> dict[str, dict[str, object]]:
    tables: dict[str, dict[str, object]] = {}
    for each in parts.extensions("recode"):
        tables.setdefault(each.text_of("item") or "", {})[each.text_of("answer") or ""] = each.number_of("value")
    return tables


def _band_data(parts: Element) -> Data:
    data = {
        "label": parts.text_of("label"),
        "up_to": parts.number_of("up-to"),
        "below": parts.number_of("below"),
        "text": parts.wording_of("text"),
        "source": parts.text_of("source"),
    }
    return {key: value for key, value in data.items() if value is not None}
