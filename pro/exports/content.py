"""What stands behind the keys of the data set: the items and scales of its questionnaires, in our own words alone.

An owner's text never enters it: where a wording has an owner, the library holds short labels of ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args, get_type_hints

from pro.domain.questionnaire import Item, Kind, Questionnaire, Scale, Text
from pro.library.page import cut_offs, missing_said
from pro.services.export_table import Values

ITEMS = (
    *("questionnaire", "version", "item", "kind", "label_en", "label_fr", "low", "high", "decimals"),
    *("unit_en", "unit_fr", "choices", "choices_en", "choices_fr", "not_applicable", "wording_owner"),
)
SCALES = (
    *("questionnaire", "version", "scale", "label_en", "label_fr", "low", "high", "direction", "better"),
    *("method", "missing", "items", "bands", "source"),
)
KINDS = tuple(str(kind) for kind in Kind)
DIRECTIONS: tuple[str, ...] = get_args(get_type_hints(Scale)["direction"])
BETTER: Mapping[str, str] = {"higher-worse": "lower", "higher-better": "higher"}


def items(questionnaires: Sequence[Questionnaire]) -> Iterator[Values]:
    """An item a row, in the order of its questionnaire."""
    for asked in questionnaires:
        for item in asked.items:
            labels = _said(item.short)
            limits = (item.low, item.high, item.decimals if item.kind is Kind.DECIMAL else None)
            yield (
                *(asked.id, asked.version, item.key, str(item.kind), *labels, *limits, *_said(item.unit)),
                *(_choices(item), _labels(item, "en"), _labels(item, "fr"), item.not_applicable, asked.wording_owner),
            )


def scales(questionnaires: Sequence[Questionnaire]) -> Iterator[Values]:
    """A scale a row: its range, which end is better, and how it is worked out."""
    for asked in questionnaires:
        for scale in asked.scales:
            yield (
                *(asked.id, asked.version, scale.key, *_said(scale.title), scale.low, scale.high, scale.direction),
                *(BETTER.get(scale.direction), scale.method, missing_said(scale), json.dumps(scale.items)),
                *(cut_offs(scale.bands) if scale.bands else None, (scale.source or asked.source).strip()),
            )


def _said(text: Text | None) -> tuple[str | None, str | None]:
    return (None, None) if text is None else (text.get("en"), text.get("fr"))


def _choices(item: Item) -> str | None:
    codes = [option.code for option in item.options] or list(item.joints)
    return json.dumps(codes) if codes else None


def _labels(item: Item, language: str) -> str | None:
    """Code → label; of a scale from end to end, what its two ends are called."""
    found = {option.code: option.label for option in item.options}
    ends = ((item.low, item.low_label), (item.high, item.high_label))
    found |= {format(value, "f"): label for value, label in ends if value is not None and label is not None}
    labels = {code: label[language] for code, label in found.items() if language in label}
    return json.dumps(labels, ensure_ascii=False) if labels else None
