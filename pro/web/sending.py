"""What leaves the phone: saves by the script, the submission by script or form, and the thanks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeGuard

from flask import Blueprint, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from pro.services import answering, visiting
from pro.services.answering import (
    Changed,
    Closed,
    Incomplete,
    LinkView,
    NoSitting,
    Reviewed,
    Save,
    Saved,
    Sitting,
    Submitted,
)
from pro.web import item_pages
from pro.web.asked import instant, is_plain, is_row_number, row_number
from pro.web.csrf import guard, is_own_form, is_own_script
from pro.web.forms import problem_words
from pro.web.parts import current_parts, moment
from pro.web.phone import address, clock_words, wanted_language
from pro.web.visit import not_now, session_token, status_page, thanks_page, the_sitting
from pro.web.words import in_language, say

blueprint = Blueprint("sending", __name__)


@blueprint.post("/save")
@guard.exempt
def save() -> ResponseReturnValue:
    if not is_own_script(request, session_token()):
        return jsonify(error="session"), 401
    body = _body()
    assessment_id, saves = body.get("assessment"), _read_saves(body.get("saves"), _instant(body.get("now")))
    if not is_row_number(assessment_id) or saves is None:
        return jsonify(error="saves"), 400
    saved = keep(assessment_id, saves)
    if saved.closed:
        return jsonify(error=saved.closed), 410 if saved.closed == "no-session" else 409
    return jsonify(_saved_json(saved, assessment_id, str(body.get("lang") or (saves[-1].language if saves else ""))))


def _saved_json(saved: Saved, assessment_id: int, language: str) -> dict[str, Any]:
    body: dict[str, Any] = {"acknowledged": saved.acknowledged, "refused": [], "emergency": None}
    if not saved.refused and saved.emergency is None:
        return body
    found = answering.sitting(current_parts(), session_token(), moment(), assessment_id)
    if isinstance(found, NoSitting):
        return body
    languages = found.protocol.languages
    language = language if language in languages else wanted_language(found.language, languages)
    for one in saved.refused:
        asked = item_pages.item_of(found, one.item)
        why = problem_words(asked, one.why, language) if asked else ""
        body["refused"].append({"client": one.client, "seq": one.seq, "item": one.item, "why": why})
    if saved.emergency is not None:
        told = clock_words(saved.told_at or moment().study, found.zone, language)
        advice = in_language(saved.emergency, language)
        held = answering.advice_of(found)
        seen = held.seen if held else ""
        body["emergency"] = {"advice": advice, "told": say("phone.urgent.told", language, clock=told), "seen": seen}
    return body


def _body() -> Mapping[str, Any]:
    body = _json(request.get_data())
    return body if isinstance(body, dict) else {}


def _json(text: bytes) -> object:
    """None where it is not JSON."""
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _reviewed(given: object) -> Reviewed | None:
    """The answers that were read, as page or script says them; None from a page that does not say."""
    if not isinstance(given, dict):
        return None
    pairs = {key: one for key, one in given.items() if isinstance(one, list) and len(one) == 2}
    return {key: (str(code), value) for key, (code, value) in pairs.items()}


def _read_saves(given: object, sent_at: datetime | None) -> list[Save] | None:
    """All of them, or None: a list with something else in it is not acknowledged by halves."""
    saves = [_read_save(one, sent_at) for one in given] if isinstance(given, list) else [None]
    read = [one for one in saves if one is not None]
    return read if len(read) == len(saves) else None


def _read_save(one: object, sent_at: datetime | None) -> Save | None:
    """A save as the phone sent it; None where it is not one. A phone's wrong clock takes no answer away."""
    if not isinstance(one, dict):
        return None
    client, item_key, code = (one.get(name) for name in ("client", "item", "code"))
    if not (_is_text(client) and 0 < len(client) <= 64 and _is_text(item_key) and _is_text(code)):
        return None
    seq, value = one.get("seq"), one.get("value")
    if not is_row_number(seq) or seq >= 2**31 or (isinstance(value, str) and not is_plain(value)):
        return None
    when = (_instant(one.get("at")), _offset(one.get("offset")))
    said = item_pages.page_said(one.get("lang"), one.get("words"))
    return Save(client, seq, item_key, code, value, *when, *said, sent_at)


def _is_text(given: object) -> TypeGuard[str]:
    return isinstance(given, str) and is_plain(given)


def _offset(given: object) -> int | None:
    if not isinstance(given, int) or isinstance(given, bool):
        return None
    return given if abs(given) <= 1080 else None


def _instant(given: object) -> datetime | None:
    return instant(given) if isinstance(given, str) else None


def keep(assessment_id: int, saves: list[Save]) -> Saved:
    return answering.save(current_parts(), session_token(), assessment_id, saves, moment())


# --- sending


@blueprint.post("/submit")
@guard.exempt
def submit() -> ResponseReturnValue:
    """With script the thanks as a piece of page; without, the next page. Twice is the same as once."""
    if request.is_json:
        return _submit_by_script()
    guard.protect()
    assessment_id = request.args.get("a", type=row_number) or 0
    reviewed = _reviewed(_json(request.form.get("reviewed", "").encode()))
    done = answering.submit(current_parts(), session_token(), assessment_id, moment(), reviewed)
    if isinstance(done, Submitted):
        return redirect(address("/d/thanks", a=assessment_id), 303)
    found = the_sitting()
    if isinstance(done, Incomplete) and isinstance(found, Sitting):
        return item_pages.show_review(found, current_parts().settings.demo, missing=done.missing), 422
    if isinstance(done, Changed) and isinstance(found, Sitting):
        return item_pages.show_review(found, current_parts().settings.demo, changed=done.answers), 409
    return found if not isinstance(found, Sitting) else not_now("closed", found)


def _submit_by_script() -> ResponseReturnValue:
    if not is_own_script(request, session_token()):
        return jsonify(error="session"), 401
    body = _body()
    assessment_id = body.get("assessment")
    if not is_row_number(assessment_id):
        return jsonify(error="assessment"), 400
    reviewed = _reviewed(body.get("reviewed"))
    done = answering.submit(current_parts(), session_token(), assessment_id, moment(), reviewed)
    match done:
        case Incomplete(missing):
            return jsonify(missing=missing), 422
        case Changed(answers):
            return jsonify(changed={key: item_pages.as_page_has_it(one) for key, one in answers.items()}), 409
        case Closed(why):
            return jsonify(error=why), 410 if why == "no-session" else 409
    return thanks_page(done, str(body.get("lang", "")), whole=False)


@blueprint.post("/continue")
@guard.exempt
def go_on() -> ResponseReturnValue:
    """From the thanks to what else waits or is reported: all at once, or an item a page where there was no script."""
    if not is_own_form(request, session_token()):
        return status_page(LinkView("unknown", demonstration=current_parts().settings.demo), "broken")
    report = request.form.get("report", "")
    reported = answering.report_here(current_parts(), session_token(), report, moment()) if report else None
    assessment_id = reported or request.args.get("a", type=row_number) or 0
    answering.continue_with(current_parts(), session_token(), assessment_id, moment())
    return redirect(address("/d/now" if request.form.get("js") else "/d/item", a=assessment_id), 303)


@blueprint.get("/thanks")
def thanks() -> ResponseReturnValue:
    assessment_id = request.args.get("a", type=row_number) or 0
    done = visiting.thanks(current_parts(), session_token(), assessment_id, moment())
    if done is None:
        return redirect(address("/d/now", a=assessment_id), 303)
    return thanks_page(done, whole=True, script=False)
