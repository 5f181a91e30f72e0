"""The diary without script: one item a page, each post saved, then the next shown item."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask import request
from flask_wtf import FlaskForm

from pro.domain.answers import Answer, NotAllowed, from_text, to_json
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.domain.showing import shown
from pro.services.answering import CLEARED, Save, Sitting
from pro.web.forms import codes_of, item_form, problem_words
from pro.web.long import minutes_left, part_of, parts_of, welcome
from pro.web.phone import address, answer_words, page, sitting_words
from pro.web.placeholders import banner_here, banner_of
from pro.web.words import LANGUAGES, in_language, say, say_number

_EMPTY = {Kind.JOINTS: "empty-joints", Kind.INTEGER: "empty-number", Kind.DECIMAL: "empty-number"}
"""What is said where nothing was given."""


class BareForm(FlaskForm):
    """A form with its protection and no field."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a post gave: an answer to save, a problem in words, or a wish to skip that needs a second tap."""

    code: str = ""
    value: object = None
    problem: str = ""
    asks_to_skip: bool = False
    empty: bool = False
    """The problem is that nothing was given: an earlier answer is taken back by it."""


def shown_keys(questionnaires: Sequence[Questionnaire], answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """`questionnaire.item` of every item that shows now, in order."""
    keys: list[str] = []
    for one in questionnaires:
        own = {item.key: answers[key] for item in one.items if (key := f"{one.id}.{item.key}") in answers}
        keys += [f"{one.id}.{item}" for item in shown(one, own)]
    return tuple(keys)


def item_of(sitting: Sitting, key: str) -> Item | None:
    questionnaire, _, name = key.partition(".")
    for one in sitting.questionnaires:
        for item in one.items:
            if (one.id, item.key) == (questionnaire, name):
                return item
    return None


def item_address(sitting: Sitting, key: str, **more: object) -> str:
    return address(f"/d/item/{quote(key)}", a=sitting.assessment_id, **more)


def review_address(sitting: Sitting) -> str:
    return address("/d/review", a=sitting.assessment_id)


def first_address(sitting: Sitting, **more: object) -> str:
    """Where it was left: the first shown item without an answer, else the review."""
    for key in shown_keys(sitting.questionnaires, sitting.answers):
        if key not in sitting.answers:
            return item_address(sitting, key, **more)
    return review_address(sitting)


def resumed_address(sitting: Sitting) -> str:
    """Where it was left, with a word of welcome where something is answered."""
    return first_address(sitting, again=1 if sitting.answers else None)


def next_address(sitting: Sitting, key: str) -> str:
    """Back to reading again for who came from there and leaves nothing open."""
    if _from_review():
        return first_address(sitting, r=1)
    after = next_key(sitting, key)
    return item_address(sitting, after) if after else review_address(sitting)


def _from_review() -> str | None:
    return request.args.get("r")


def next_key(sitting: Sitting, key: str) -> str:
    """The next shown item; empty where only the review is left."""
    keys = shown_keys(sitting.questionnaires, sitting.answers)
    after = keys[keys.index(key) + 1 :] if key in keys else ()
    return after[0] if after else ""


def show_item(sitting: Sitting, key: str, item: Item, taken: Taken, demonstration: bool) -> str:
    """The page of one item, filled with what was posted, else with what was saved."""
    keys = shown_keys(sitting.questionnaires, sitting.answers)
    at = keys.index(key) if key in keys else 0
    answer = sitting.answers.get(key)
    parts = parts_of(sitting)
    return page(
        "phone/item_page.html",
        sitting.language,
        sitting.site,
        demonstration,
        languages=sitting.protocol.languages,
        key=key,
        item=item,
        banner=next(
            banner_here(one, sitting.language) for one in sitting.questionnaires if key.startswith(f"{one.id}.")
        ),
        form=BareForm(),
        words=next(
            one.wordings.get(sitting.language) for one in sitting.questionnaires if key.startswith(f"{one.id}.")
        ),
        n=at + 1,
        of=len(keys),
        what=sitting_words(sitting, sitting.language),
        parts=parts,
        part=part_of(parts, key),
        minutes=minutes_left(parts),
        welcome=welcome(parts, sitting.language) if parts and "again" in request.args else "",
        chosen=_posted(key, item) if taken.problem else _saved(answer, sitting.language),
        says_none=_none_posted(key) if taken.problem else _says_none(item, answer),
        code=answer.code if answer else "none",
        problem=taken.problem,
        ask_skip=taken.asks_to_skip,
        here=item_address(sitting, key, r=_from_review()),
        back_to=_back_address(sitting, keys, at),
    )


def _back_address(sitting: Sitting, keys: Sequence[str], at: int) -> str:
    if _from_review():
        return review_address(sitting)
    return item_address(sitting, keys[at - 1]) if at else ""


def take(key: str, item: Item, language: str) -> Taken:
    """Reads the post; whether it is an answer is decided by the domain."""
    match request.form.get("do"):
        case "skip":
            return Taken(asks_to_skip=True)
        case "skip-yes":
            return Taken("skipped")
        case "not-applicable":
            return Taken("not-applicable")
    texts, none = _posted(key, item), _none_posted(key)
    if not any(texts) and not none:
        return Taken(problem=say(f"phone.problem.{_EMPTY.get(item.kind, 'empty')}", language), empty=True)
    if none and any(texts):
        return Taken(problem=say("phone.problem.none-and-some", language))
    try:
        return Taken("answered", to_json(from_text(item, texts)))
    except NotAllowed as why:
        return Taken(problem=problem_words(item, why, language))


def save_of(key: str, taken: Taken) -> Save:
    language, wording = page_said(request.form.get("in"), request.form.get("words"))
    code = CLEARED if taken.empty else taken.code
    return Save(f"form-{secrets.token_hex(8)}", 1, key, code, taken.value, language=language, wording=wording)


def page_said(language: object, wording: object) -> tuple[str, str]:
    """Language and SHA-256 of the owner's text that an answer's page had; empty what is neither."""
    hashed = isinstance(wording, str) and re.fullmatch("[0-9a-f]{64}", wording)
    known = isinstance(language, str) and language in LANGUAGES
    return str(language) if known else "", str(wording) if hashed else ""


def takes_back(sitting: Sitting, key: str, taken: Taken) -> bool:
    """Sent empty where an answer stood: no page that was not changed is."""
    before = sitting.answers.get(key)
    return taken.empty and before is not None and before.code == "answered"


def _posted(key: str, item: Item) -> list[str]:
    field: Any = item_form(key, item.kind, codes_of(item))()[key]
    return [text.strip() for text in field.raw_data or []]


def _none_posted(key: str) -> bool:
    return bool(request.form.get(f"{key}.none"))


def _saved(answer: Answer | None, language: str) -> list[str]:
    if answer is None or answer.value is None:
        return []
    value = to_json(answer.value)
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, list):
        return [str(one) for one in value]
    return [say_number(answer.value, language) if isinstance(answer.value, Decimal) else str(value)]


def _says_none(item: Item, answer: Answer | None) -> bool:
    return item.kind is Kind.JOINTS and answer is not None and answer.value == ()


def as_page_has_it(answer: Answer | None) -> list[object] | None:
    """Code and value, as script and review page keep an answer and say it again when they send."""
    if answer is None:
        return None
    return [answer.code, None if answer.value is None else to_json(answer.value)]


def show_review(
    sitting: Sitting, demonstration: bool, *, missing: Collection[str] = (), changed: Collection[str] = ()
) -> str:
    """Every shown item with its answer and the way back to it; first what is missing or was changed elsewhere."""
    rows = [_review_row(sitting, key) for key in shown_keys(sitting.questionnaires, sitting.answers)]
    return page(
        "phone/review.html",
        sitting.language,
        sitting.site,
        demonstration,
        languages=sitting.protocol.languages,
        banner=banner_of(sitting.questionnaires, sitting.language),
        form=BareForm(),
        rows=rows,
        groups=_groups(sitting, rows),
        missing=[row for row in rows if row["key"] in missing],
        changed=[row for row in rows if row["key"] in changed],
        reviewed=json.dumps({key: as_page_has_it(one) for key, one in sitting.answers.items()}),
        what=sitting_words(sitting, sitting.language),
        submit_to=address("/d/submit", a=sitting.assessment_id),
        back_to=item_address(sitting, rows[-1]["key"]),
    )


def _groups(sitting: Sitting, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a long sitting by its parts, open where something is missing; none of a short one."""
    groups = []
    for part in parts_of(sitting):
        own = [row for row in rows if row["key"] in part.keys]
        lacking = [row for row in own if not row["answered"]]
        left_out = sum(row["left_out"] for row in own)
        groups.append(
            {
                "title": part.title,
                "count": say("phone.long.count", sitting.language, n=part.answered, of=len(own)),
                "left_out": say("phone.long.skipped", sitting.language, n=left_out) if left_out else "",
                "open": bool(lacking),
                "rows": lacking + [row for row in own if row["answered"]],
            }
        )
    return groups


def _review_row(sitting: Sitting, key: str) -> dict[str, Any]:
    item, answer = item_of(sitting, key), sitting.answers.get(key)
    if item is None:
        raise KeyError(key)
    return {
        "key": key,
        "short": in_language(item.short, sitting.language),
        "answered": answer is not None,
        "left_out": answer is not None and answer.code == "skipped",
        "words": answer_words(item, answer, sitting.language),
        "to": item_address(sitting, key, r=1),
    }
