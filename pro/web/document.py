"""The whole questionnaire in one document. All but a patient's own part is rendered once and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask import g, render_template
from markupsafe import Markup

from pro.domain.answers import to_json
from pro.domain.questionnaire import AllOf, AnyOf, Condition, Item, Kind, Questionnaire
from pro.services.answering import Sitting
from pro.web.assets import script_text, style_text
from pro.web.headers import allow_script, allow_style
from pro.web.phone import address, frame, sitting_words
from pro.web.words import in_language, say, say_number, texts

CUT = "<!--own-->"
STYLE = ("looks.css", "phone.css", "questions.css")

_WORDS = {
    "where": "item.where",
    "vas-empty": "item.vas-empty",
    "vas-set": "item.vas-set",
    "none-yet": "item.none-yet",
    "on-phone": "item.on-phone",
    "received": "item.received",
    "less": "item.less",
    "more": "item.more",
    "map-help": "item.map-help",
    "left": "item.left",
    "right": "item.right",
    "left-hand": "item.left-hand",
    "right-hand": "item.right-hand",
    "hand-help": "item.hand-help",
    "hand-open": "item.hand-open",
    "list": "item.list",
    "drawing": "item.drawing",
    "both": "item.both",
    "mark-none": "item.mark-none",
    "mark-tender": "item.mark-tender",
    "mark-swollen": "item.mark-swollen",
    "mark-other": "item.mark-other",
    "of": "review.of",
    "mark": "review.mark",
    "no-joint": "review.no-joint",
    "count": "review.count",
    "none": "review.none",
    "skipped": "review.skipped",
    "not-applicable": "review.not-applicable",
    "edit": "review.edit",
    "answer": "review.answer",
    "missing-each": "review.missing-each",
    "problem.empty": "problem.empty",
    "problem.empty-joints": "problem.empty-joints",
    "problem.number": "problem.number",
    "problem.whole": "problem.whole",
    "problem.low": "problem.low",
    "problem.high": "problem.high",
    "busy": "sending.busy",
    "sending.offline": "sending.offline",
    "sending.waiting": "sending.waiting",
    "sending.gone": "sending.gone",
    "sending.closed": "sending.closed",
    "sending.refused": "sending.refused",
    "call": "urgent.call",
}
"""What the script says by itself: its key → ours."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is the same for everyone: everything before the patient's own part, and after it."""

    before: str
    before_bytes: int
    after: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document depends on."""

    questionnaires: tuple[Questionnaire, ...]
    language: str
    demonstration: bool

    def __hash__(self) -> int:
        return hash((tuple(one.sha256 for one in self.questionnaires), self.language, self.demonstration))


def document(sitting: Sitting, token: str, demonstration: bool, start: str = "") -> str:
    """The page: one string join and a small template for each patient."""
    head = _head(Asked(sitting.questionnaires, sitting.language, demonstration))
    allow_style(style_text(*STYLE))
    allow_script(script_text("phone.js"))
    g.known_bytes = head.before_bytes
    own = render_template(
        "phone/tail.html",
        t=lambda key, **values: say(f"phone.{key}", sitting.language, **values),
        site=sitting.site,
        phone_words=_phone_words,
        state=_json(_state(sitting, token, start)),
    )
    return head.before + own + head.after


def _phone_words(number: str) -> str:
    return _known_phone(number)


@lru_cache(maxsize=256)
def _known_phone(number: str) -> str:
    from pro.web.words import say_phone

    return say_phone(number)


@lru_cache(maxsize=64)
def _head(asked: Asked) -> Head:
    language = asked.language
    items = tuple((f"{one.id}.{item.key}", item) for one in asked.questionnaires for item in one.items)
    text = render_template(
        "phone/document.html",
        **{
            **frame(language, None, asked.demonstration),
            "switch_to": f"/d/now?lang={'en' if language == 'fr' else 'fr'}",
            "title": in_language(asked.questionnaires[0].title, language),
            "asked": items,
            "meta": lambda item, key: _meta(item, key.partition(".")[0], language),
            "script_words": lambda: _json(_script_words(language)),
            "cut": Markup(CUT),
        },
    )
    before, _, after = text.partition(CUT)
    before = "\n".join(line.strip() for line in before.splitlines() if line.strip())
    return Head(before, len(before.encode()), after)


def _state(sitting: Sitting, token: str, start: str) -> dict[str, Any]:
    return {
        "assessment": sitting.assessment_id,
        "token": token,
        "address": address("/d/now", a=sitting.assessment_id),
        "start": start,
        "what": sitting_words(sitting, sitting.language),
        "telephone": sitting.site.telephone,
        "emergency": sitting.site.emergency,
        "answers": {
            key: [answer.code, None if answer.value is None else to_json(answer.value)]
            for key, answer in sitting.answers.items()
        },
    }


def _json(value: object) -> Markup:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _script_words(language: str) -> dict[str, object]:
    entries = texts("phone", language)
    words: dict[str, object] = {own: entries[key] for own, key in _WORDS.items()}
    missing = entries["review.missing"]
    if isinstance(missing, Mapping):
        words |= {"missing.one": missing["one"], "missing.other": missing["other"]}
    return words | {"comma": language == "fr"}


def _meta(item: Item, questionnaire: str, language: str) -> Markup:
    """What the script must know of an item beside its fields."""
    facts: dict[str, Any] = {}
    if item.show_if is not None:
        facts["show"] = _condition(item.show_if, questionnaire)
    if item.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.VAS, Kind.RATING):
        low, high = (0, 100) if item.kind is Kind.VAS else (item.low, item.high)
        facts |= {"low": _plain(low), "high": _plain(high)}
    if item.kind is Kind.DECIMAL:
        facts |= {"decimals": item.decimals, "tooLong": say("phone.problem.decimals", language, n=item.decimals)}
    if item.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.VAS):
        middle = (Decimal(facts["low"] or 0) + Decimal(facts["high"] or 10)) / 2
        facts["example"] = say_number(middle if item.kind is Kind.DECIMAL else int(middle), language)
    if item.unit:
        facts["unit"] = in_language(item.unit, language)
    if item.kind is Kind.VAS:
        facts["ends"] = [in_language(end or {"en": ""}, language) for end in (item.low_label, item.high_label)]
    if item.kind is Kind.JOINTS:
        facts["mark"] = item.mark
    if alone := [option.code for option in item.options if option.alone]:
        facts["alone"] = alone
    if item.not_applicable:
        facts["na"] = 1
    facts = {name: value for name, value in facts.items() if value is not None}
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
    return Markup(f" data-meta='{safe}'") if facts else Markup("")


def _plain(number: Decimal | int | None) -> float | int | None:
    if number is None:
        return None
    return int(number) if number == int(number) else float(number)


def _condition(condition: Condition, questionnaire: str) -> dict[str, Any]:
    match condition:
        case AnyOf(of):
            return {"any": [_condition(one, questionnaire) for one in of]}
        case AllOf(of):
            return {"all": [_condition(one, questionnaire) for one in of]}
    value = None if condition.value is None else to_json(condition.value)
    return {"item": f"{questionnaire}.{condition.item}", "op": condition.op, "value": value}
