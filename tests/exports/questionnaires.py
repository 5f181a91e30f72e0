"""Questionnaires that nobody would write, for holding what goes out and comes in to everything the format allows."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from pro.domain.joints import NAMES

LANGUAGES = (["en", "fr"], ["fr", "en"], ["en"], ["fr"])

_LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))
TEXTS = st.text(_LETTERS, min_size=1, max_size=30).filter(lambda text: text.strip() == text != "")
CODES = st.from_regex(r"[A-Za-z0-9_.-]{1,8}", fullmatch=True)
KEYS = st.from_regex(r"[a-z][a-z0-9]{0,5}([_-][a-z0-9]{1,3})?", fullmatch=True)
KINDS = ("yes-no", "one", "several", "rating", "vas", "integer", "decimal", "date", "time", "text", "joints")

Data = dict[str, Any]


def _wording(draw: st.DrawFn, languages: list[str]) -> dict[str, str]:
    return {language: draw(TEXTS) for language in languages}


def _item(draw: st.DrawFn, key: str, languages: list[str], earlier: list[Data]) -> Data:
    kind = draw(st.sampled_from(KINDS))
    item: Data = {"key": key, "kind": kind, "text": _wording(draw, languages), "short": _wording(draw, languages)}
    if draw(st.booleans()):
        item["help"] = _wording(draw, languages)
    if kind in ("one", "several"):
        codes = draw(st.lists(CODES, min_size=2, max_size=4, unique=True))
        item["options"] = [{"code": code, "label": _wording(draw, languages)} for code in codes]
        if kind == "several" and draw(st.booleans()):
            item["options"][-1]["alone"] = True
    elif kind in ("rating", "vas"):
        item |= {"low_label": _wording(draw, languages), "high_label": _wording(draw, languages)}
    elif kind == "joints":
        item["joints"] = draw(
            st.lists(st.sampled_from([*NAMES, "L-hip", "R-MTP1"]), min_size=1, max_size=5, unique=True)
        )
        item["mark"] = draw(st.sampled_from(["tender", "swollen", "other"]))
    elif kind in ("integer", "decimal"):
        low = draw(st.integers(-50, 50))
        item |= {"low": low, "high": low + draw(st.integers(1, 500)), "unit": _wording(draw, languages)}
        if kind == "decimal":
            item["decimals"] = draw(st.integers(1, 4))
            if draw(st.booleans()):
                item["step"] = draw(st.sampled_from([Decimal("0.5"), Decimal("0.1"), Decimal(1)]))
    if draw(st.booleans()):
        item["not_applicable"] = True
    if earlier and draw(st.booleans()):
        item["show_if"] = _condition(draw, earlier, 0)
    return item


def _condition(draw: st.DrawFn, earlier: list[Data], deep: int) -> Data:
    if deep < 3 and draw(st.booleans()):
        parts = [_condition(draw, earlier, deep + 1) for _ in range(draw(st.integers(1, 3)))]
        return {draw(st.sampled_from(["any", "all"])): parts}
    item = draw(st.sampled_from(earlier))
    return {"item": item["key"], **draw(st.sampled_from(_tests(item)))}


def _tests(item: Data) -> list[Data]:
    match item["kind"]:
        case "yes-no":
            return [{"is": True}, {"is": False}]
        case "one":
            return [{"is": option["code"]} for option in item["options"]]
        case "several":
            return [{"not_empty": True}, *({"includes": option["code"]} for option in item["options"])]
        case "joints":
            joint = item["joints"][0]
            return [{"not_empty": True}, {"includes": joint if re.match("[LR]-", joint) else f"L-{joint}"}]
        case "date":
            return [{"is": "2026-03-02"}]
        case "time":
            return [{"is": "18:30"}]
        case "text":
            return [{"is": "nothing new"}]
        case _:
            low = item.get("low", 0)
            return [{"is": low}, {"at_least": low}, {"at_most": low}]


def _scale(draw: st.DrawFn, key: str, languages: list[str], items: list[Data]) -> Data:
    numbers = [item["key"] for item in items if item["kind"] in ("rating", "vas", "integer", "decimal")]
    chosen = draw(st.lists(st.sampled_from(numbers), min_size=1, unique=True))
    method = draw(st.sampled_from(["sum", "mean", "prorated", "weighted"]))
    scale: Data = {"key": key, "title": _wording(draw, languages), "items": chosen, "method": method}
    scale["missing"] = draw(st.sampled_from(["all", "half", {"at-least": len(chosen)}]))
    if method == "weighted":
        scale["weights"] = {each: draw(st.decimals(-3, 3, places=2)) for each in chosen}
    if draw(st.booleans()):
        scale |= {"missing_or": "any", "reversed": chosen[:1], "times": Decimal("1.25"), "plus": Decimal("-0.50")}
    if draw(st.booleans()):
        scale |= {"low": 0, "high": 10, "direction": "higher-better", "source": draw(TEXTS)}
        scale["bands"] = [
            {"label": "first", draw(st.sampled_from(["up_to", "below"])): 5, "text": _wording(draw, languages)},
            {"label": "second", "text": _wording(draw, languages), "source": draw(TEXTS)},
        ]
    return scale


@st.composite
def files(draw: st.DrawFn) -> Data:
    """A questionnaire file's plain values that the checker takes."""
    languages = draw(st.sampled_from(LANGUAGES))
    items: list[Data] = []
    for key in draw(st.lists(KEYS, min_size=1, max_size=6, unique=True)):
        items.append(_item(draw, key, languages, items))
    scored = any(item["kind"] in ("rating", "vas", "integer", "decimal") for item in items)
    scales = draw(st.lists(KEYS, max_size=2, unique=True)) if scored else []
    data: Data = {
        "id": draw(KEYS),
        "version": str(draw(st.integers(1, 12))),
        "languages": languages,
        "title": _wording(draw, languages),
        "recall": _wording(draw, languages),
        "minutes": draw(st.sampled_from([1, 2, Decimal("0.5")])),
        "source": draw(TEXTS),
        "licence": draw(TEXTS),
        "items": items,
        "scales": [_scale(draw, key, languages, items) for key in scales],
    }
    if draw(st.booleans()):
        data["wording"] = {"owner": draw(TEXTS), "ask": draw(TEXTS)}
    return data
