"""The whole questionnaire in one document. All but a patient's own part is rendered once and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flask import g, render_template
from markupsafe import Markup

from pro.domain.answers import to_json
from pro.domain.questionnaire import AllOf, AnyOf, Condition, Item, Kind, Questionnaire
from pro.services.answering import Sitting
from pro.web.assets import (
    LATER,
    page_script,
    page_style,
    script_text,
    scripts_of,
    static_address,
    style_text,
    styled,
)
from pro.web.headers import allow_script, allow_style
from pro.web.item_pages import as_page_has_it
from pro.web.long import is_long, parts_of, state_of
from pro.web.parts import moment
from pro.web.phone import address, frame, other_language, sitting_words, until_words
from pro.web.placeholders import banner_here, banner_of
from pro.web.visit import unread
from pro.web.words import in_language, say, say_number, say_phone, texts

CUT = "<!--own-->"
TEMPLATE = "phone/document.html"

_WORDS = {
    "where": "item.where",
    "none-yet": "item.none-yet",
    "on-phone": "item.on-phone",
    "received": "item.received",
    "skipped": "review.skipped",
    "not-applicable": "review.not-applicable",
    "problem.empty": "problem.empty",
    "problem.empty-joints": "problem.empty-joints",
    "problem.empty-number": "problem.empty-number",
    "problem.number": "problem.number",
    "problem.whole": "problem.whole",
    "problem.low": "problem.low",
    "problem.high": "problem.high",
    "sending.waiting": "sending.waiting",
    "sending.gone": "sending.gone",
    "sending.closed": "sending.closed",
    "sending.refused": "sending.refused",
    "call": "urgent.call",
}
"""What the script says by itself: its key → ours."""


_LINE_WORDS = {"vas-empty": "item.vas-empty", "vas-set": "item.vas-set", "less": "item.less", "more": "item.more"}
_LONG_WORDS = {
    **{key: f"long.{key}" for key in ("part", "left", "back", "recall")},
    "next": "item.next",
}
_LATER_WORDS = {
    **{key: f"review.{key}" for key in ("of", "mark", "no-joint", "count", "none", "skipped", "not-applicable")},
    **{key: f"review.{key}" for key in ("edit", "answer", "missing-each")},
    **{key: f"review.{key}" for key in ("changed-each", "changed-then")},
    "changed": "review.changed",
    "busy": "sending.busy",
    "sending.offline": "sending.offline",
    "sending.back": "sending.back",
    "missing": "review.missing",
    "count-part": "long.count",
    "skipped-part": "long.skipped",
    **{key: f"item.{key}" for key in ("map-help", "hand-help", "hand-open", "hand-done", "body", "list", "drawing")},
    **{key: f"item.{key}" for key in ("steps", "both", "left", "right", "left-hand", "right-hand")},
    **{
        key: f"item.{key}"
        for key in ("left-foot", "right-foot", "top", "foot-help", "foot-done", "top-help", "top-done", "map-help-more")
    },
    **{key: f"item.{key}" for key in ("mark-none", "mark-tender", "mark-swollen", "mark-other")},
}


def _said(wanted: Mapping[str, str], language: str) -> dict[str, object]:
    """The script's key → our wording; of a counted text both forms, under `key.one` and `key.other`."""
    entries, words = texts("phone", language), dict[str, object]()
    for own, key in wanted.items():
        entry = entries[key]
        words |= {own: entry} if isinstance(entry, str) else {f"{own}.{form}": text for form, text in entry.items()}
    return words


@lru_cache
def later_script(language: str) -> str:
    """What comes after the first answer, with its words; the browser keeps it."""
    return f"{script_text('joints.js', 'later.js')}\nself.proLater.words={_json(_said(_LATER_WORDS, language))};\n"


@lru_cache
def later_address(language: str) -> str:
    """Where it is; the address changes with it."""
    return f"/d/later.{language}.js?v={sha256(later_script(language).encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document depends on beside the patient."""

    questionnaires: tuple[Questionnaire, ...]
    language: str
    demonstration: bool
    languages: tuple[str, ...]
    """Those that the patient may choose among."""

    def __hash__(self) -> int:
        worded = tuple((one.sha256, one.wordings.get(self.language)) for one in self.questionnaires)
        return hash((worded, self.language, self.demonstration, self.languages))

    @property
    def has_line(self) -> bool:
        return any(item.kind is Kind.VAS for one in self.questionnaires for item in one.items)

    @property
    def is_long(self) -> bool:
        return is_long(self.questionnaires)

    @property
    def scripts(self) -> tuple[str, ...]:
        return scripts_of(has_line=self.has_line, long=self.is_long)

    @property
    def styled(self) -> tuple[str, ...]:
        """The scripts whose elements the page must style."""
        return styled(long=self.is_long)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is the same for everyone: what stands before the patient's own part, and after it."""

    before: str
    size: int
    after: str


def document(sitting: Sitting, token: str, demonstration: bool) -> str:
    """The whole page: one string join and a small template for each patient."""
    asked = Asked(sitting.questionnaires, sitting.language, demonstration, sitting.protocol.languages)
    kept = _whole(asked)
    allow_style(style_text(TEMPLATE, asked.styled))
    allow_script(script_text(*asked.scripts))
    g.known_bytes = kept.size
    own = render_template(
        "phone/tail.html",
        t=lambda key, **values: say(f"phone.{key}", sitting.language, **values),
        site=sitting.site,
        phone_words=say_phone,
        state=_json(_state(sitting, token)),
    )
    return kept.before + own + kept.after


def piece(sitting: Sitting, token: str, start: str) -> str:
    """The same questions for a start page that is open already and has the style."""
    kept = _piece(Asked(sitting.questionnaires, sitting.language, False, sitting.protocol.languages))
    g.known_bytes = kept.size
    return f'{kept.before}<script type="application/json" id="state">{_json(_state(sitting, token, start))}</script>'


@lru_cache(maxsize=64)
def _whole(asked: Asked) -> Kept:
    before, _, after = _rendered(TEMPLATE, asked).partition(CUT)
    return Kept(before, len(before.encode()), after)


@lru_cache(maxsize=64)
def _piece(asked: Asked) -> Kept:
    text = _rendered("phone/asked.html", asked)
    return Kept(text, len(text.encode()), "")


def _rendered(template: str, asked: Asked) -> str:
    language = asked.language
    banners = {one.id: banner_here(one, language) for one in asked.questionnaires}
    worded = {one.id: one.wordings.get(language) for one in asked.questionnaires}
    values = {
        "banner": banner_of(asked.questionnaires, language),
        "banner_here": lambda key: banners[key.partition(".")[0]],
        "template": template,
        "page_style": lambda _: page_style(template, asked.styled),
        "page_script": lambda: page_script(*asked.scripts),
        "title": in_language(asked.questionnaires[0].title, language),
        "asked": [(f"{one.id}.{item.key}", item) for one in asked.questionnaires for item in one.items],
        "meta": lambda item, key: _meta(item, key.partition(".")[0], language, worded[key.partition(".")[0]]),
        "script_words": lambda: _json(_script_words(asked)),
        "cut": Markup(CUT),
    }
    text = render_template(template, **{**frame(language, None, asked.demonstration, asked.languages), **values})
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _state(sitting: Sitting, token: str, start: str = "") -> dict[str, Any]:
    other = other_language(sitting.language, sitting.protocol.languages)
    return {
        "assessment": sitting.assessment_id,
        "token": token,
        "address": address("/d/now", a=sitting.assessment_id),
        "start": start,
        "what": sitting_words(sitting, sitting.language),
        "telephone": sitting.site.telephone,
        "emergency": sitting.site.emergency,
        "urgent": _urgent(sitting),
        "other": address("/d/now", a=sitting.assessment_id, lang=other or sitting.language),
        "later": later_address(sitting.language),
        "laterStyle": static_address(LATER),
        "answers": {key: as_page_has_it(answer) for key, answer in sitting.answers.items()},
        **_parts(sitting),
    }


def _parts(sitting: Sitting) -> dict[str, Any]:
    """The parts of a long sitting, and how long it may be put down; a short one has none."""
    parts = parts_of(sitting)
    if not parts:
        return {}
    until = until_words(sitting.instants, moment().study, sitting.zone, sitting.language)
    pause = say("phone.long.pause", sitting.language, until=until)
    return {"parts": state_of(parts, sitting.language), "pause": pause}


def _urgent(sitting: Sitting) -> dict[str, str] | None:
    """What the script shows at once on every load, until it was read."""
    advice = unread(sitting)
    if advice is None:
        return None
    told = say("phone.urgent.told-already", sitting.language)
    return {"advice": in_language(advice.text, sitting.language), "told": told, "seen": advice.seen}


def _json(value: object) -> Markup:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _script_words(asked: Asked) -> dict[str, object]:
    wanted = _WORDS | (_LINE_WORDS if asked.has_line else {}) | (_LONG_WORDS if asked.is_long else {})
    return _said(wanted, asked.language) | {"comma": asked.language == "fr"}


def _meta(item: Item, questionnaire: str, language: str, wording: str | None = None) -> Markup:
    """What the script must know of an item beside its fields."""
    facts: dict[str, Any] = {"words": wording}
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
