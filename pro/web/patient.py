"""A patient's way: link, start, questions, sending, thanks. GET changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from pro.services import answering, visiting
from pro.services.answering import Closed, Incomplete, LinkView, NoSitting, Save, Saved, Sitting, Started, Submitted
from pro.web import item_pages
from pro.web.assets import page_style
from pro.web.csrf import guard, is_own_script, script_token
from pro.web.document import document, later_script, piece, style_of_start
from pro.web.forms import problem_words
from pro.web.item_pages import BareForm
from pro.web.parts import current_parts, moment
from pro.web.phone import (
    address,
    chosen_language,
    clock_words,
    frame,
    next_words,
    page,
    time_words,
    waiting_words,
    wanted_language,
)
from pro.web.words import LANGUAGES, in_language, say

blueprint = Blueprint("patient", __name__, url_prefix="/d")

MODES = ("own-phone", "read-aloud")
NOT_NOW = {"no-session": "gone", "nothing-due": "nothing-due", "withdrawn": "withdrawn", "not-open": "not-yet"}
STATUS_CODES = {"unknown": 404, "expired": 410, "gone": 410, "closed": 410, "broken": 400}


# --- the link


@blueprint.get("/<token>")
def link(token: str) -> ResponseReturnValue:
    view = answering.open_link(current_parts(), token, moment())
    if view.status != "ready":
        return _status_page(view, view.status, token)
    language = wanted_language(view.language)
    return page(
        "phone/start.html",
        language,
        view.site,
        view.demonstration,
        form=BareForm(),
        waiting=[waiting_words(one, view, moment().study, language) for one in view.waiting],
        days=len({one.day for one in view.waiting}),
        opted_out=view.opted_out,
        start_to=address(f"/d/{token}/start"),
        stop_to=address(f"/d/{token}/stop"),
        page_style=lambda template: page_style(template, style_of_start(template)),
    )


def _status_page(view: LinkView, status: str, token: str = "", go_on: str = "") -> ResponseReturnValue:
    """A calm page that says what to do."""
    language = wanted_language(view.language if view.site else None)
    coming = view.next if status == "nothing-due" else ()
    opens = time_words(view.next[0].at, moment().study, view.zone, language) if view.next else ""
    text = page(
        "phone/status.html",
        language,
        view.site,
        view.demonstration,
        status=status,
        coming=next_words(coming, moment().study, view.zone, language),
        opens=opens if status == "not-yet" else "",
        go_on=go_on,
        opted_out=view.opted_out,
        stop_to=address(f"/d/{token}/stop") if token and status in ("nothing-due", "not-yet") else "",
    )
    return text, STATUS_CODES.get(status, 200)


@blueprint.post("/<token>/start")
def start(token: str) -> ResponseReturnValue:
    wanted, _, mode = request.form.get("start", "").partition(" ")
    started = answering.start(
        current_parts(),
        token,
        moment(),
        assessment_id=int(wanted) if wanted.isdecimal() else None,
        mode=mode if mode in MODES else MODES[0],
        language=chosen_language() or None,
    )
    if not isinstance(started, Started):
        return redirect(address(f"/d/{token}"), 303)
    answer = make_response(_begin(started, request.form.get("js", ""), address(f"/d/{token}")))
    _keep_session(answer, started.session_token)
    return answer


def _begin(started: Started, js: str, start: str) -> ResponseReturnValue:
    """All questions into the open start page, all of them as a page, or the first of them as a page."""
    if js == "piece":
        return piece(started.sitting, script_token(started.session_token), start)
    if js:
        return _document(started.sitting, started.session_token)
    return redirect(item_pages.first_address(started.sitting), 303)


def _document(sitting: Sitting, session_token: str) -> str:
    return document(sitting, script_token(session_token), current_parts().settings.demo)


# --- stopping the messages


@blueprint.get("/<token>/stop")
def ask_stop(token: str) -> ResponseReturnValue:
    return _stop_page(token, done=False)


@blueprint.post("/<token>/stop")
def stop(token: str) -> ResponseReturnValue:
    done = visiting.stop_messages(current_parts(), token, moment())
    if not done:
        return _status_page(answering.open_link(current_parts(), token, moment()), "unknown")
    return _stop_page(token, done=True)


def _stop_page(token: str, *, done: bool) -> ResponseReturnValue:
    view = answering.open_link(current_parts(), token, moment())
    if view.status == "unknown":
        return _status_page(view, "unknown")
    language = wanted_language(view.language)
    back_to = address(f"/d/{token}")
    return page("phone/stop.html", language, view.site, view.demonstration, form=BareForm(), done=done, back_to=back_to)


# --- the questions


@blueprint.get("/now")
def now() -> ResponseReturnValue:
    found = _sitting()
    return _document(found, _session_token()) if isinstance(found, Sitting) else found


@blueprint.get("/item")
def first_item() -> ResponseReturnValue:
    found = _sitting()
    return redirect(item_pages.first_address(found), 303) if isinstance(found, Sitting) else found


@blueprint.get("/item/<key>")
def item(key: str) -> ResponseReturnValue:
    found = _sitting()
    if not isinstance(found, Sitting):
        return found
    asked = item_pages.item_of(found, key)
    if asked is None:
        return redirect(item_pages.first_address(found), 303)
    return item_pages.show_item(found, key, asked, item_pages.Taken(), current_parts().settings.demo)


@blueprint.post("/item/<key>")
def answer_item(key: str) -> ResponseReturnValue:
    found = _sitting()
    if not isinstance(found, Sitting):
        return found
    asked = item_pages.item_of(found, key)
    if asked is None:
        return redirect(item_pages.first_address(found), 303)
    taken = item_pages.take(key, asked, found.language)
    if not taken.code:
        shown = item_pages.show_item(found, key, asked, taken, current_parts().settings.demo)
        return shown, 422 if taken.problem else 200
    saved = _save(found.assessment_id, [item_pages.save_of(key, taken)])
    return _after_saving(saved, key)


def _after_saving(saved: Saved, key: str) -> ResponseReturnValue:
    """On to the next item, or to what stands in the way: an emergency, a closed diary."""
    found = _sitting()
    if not isinstance(found, Sitting):
        return found
    go_on = item_pages.next_address(found, key)
    if saved.emergency is None:
        return redirect(go_on, 303)
    told = clock_words(saved.told_at or moment().study, found.zone, found.language)
    advice = in_language(saved.emergency, found.language)
    return page(
        "phone/urgent.html",
        found.language,
        found.site,
        current_parts().settings.demo,
        advice=advice,
        told=told,
        go_on=go_on,
    )


@blueprint.get("/review")
def review() -> ResponseReturnValue:
    found = _sitting()
    return item_pages.show_review(found, current_parts().settings.demo) if isinstance(found, Sitting) else found


@blueprint.get("/later.<language>.js")
def later(language: str) -> ResponseReturnValue:
    if language not in LANGUAGES:
        abort(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(later_script(language), mimetype="text/javascript", headers=headers)


# --- what the script sends


@blueprint.post("/save")
@guard.exempt
def save() -> ResponseReturnValue:
    if not is_own_script(request, _session_token()):
        return jsonify(error="session"), 401
    body = _body()
    saves = [_read_save(one) for one in body.get("saves", ()) if isinstance(one, dict)]
    assessment_id = body.get("assessment")
    if not isinstance(assessment_id, int) or None in saves:
        return jsonify(error="saves"), 400
    saved = _save(assessment_id, [one for one in saves if one])
    if saved.closed:
        return jsonify(error=saved.closed), 410 if saved.closed == "no-session" else 409
    return jsonify(_saved_json(saved, assessment_id))


def _saved_json(saved: Saved, assessment_id: int) -> dict[str, Any]:
    body: dict[str, Any] = {"acknowledged": saved.acknowledged, "refused": [], "emergency": None}
    if not saved.refused and saved.emergency is None:
        return body
    found = answering.sitting(current_parts(), _session_token(), moment(), assessment_id)
    if isinstance(found, NoSitting):
        return body
    language = wanted_language(found.language)
    for one in saved.refused:
        asked = item_pages.item_of(found, one.item)
        why = problem_words(asked, one.why, language) if asked else ""
        body["refused"].append({"client": one.client, "seq": one.seq, "item": one.item, "why": why})
    if saved.emergency is not None:
        told = clock_words(saved.told_at or moment().study, found.zone, language)
        advice = in_language(saved.emergency, language)
        body["emergency"] = {"advice": advice, "told": say("phone.urgent.told", language, clock=told)}
    return body


def _body() -> Mapping[str, Any]:
    try:
        body = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _read_save(one: Mapping[str, Any]) -> Save | None:
    """A save as the phone sent it; None where it is not one."""
    client, seq, item_key, code = (one.get(name) for name in ("client", "seq", "item", "code"))
    if not (isinstance(client, str) and 0 < len(client) <= 64 and isinstance(item_key, str) and isinstance(code, str)):
        return None
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < 2**31:
        return None
    offset = one.get("offset")
    whole = isinstance(offset, int) and not isinstance(offset, bool) and abs(offset) <= 1080
    return Save(client, seq, item_key, code, one.get("value"), _instant(one.get("at")), offset if whole else None)


def _instant(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _save(assessment_id: int, saves: list[Save]) -> Saved:
    return answering.save(current_parts(), _session_token(), assessment_id, saves, moment())


# --- sending


@blueprint.post("/submit")
@guard.exempt
def submit() -> ResponseReturnValue:
    """With script the thanks as a piece of page; without, the next page. Twice is the same as once."""
    if request.is_json:
        return _submit_by_script()
    guard.protect()
    assessment_id = request.args.get("a", type=int) or 0
    done = answering.submit(current_parts(), _session_token(), assessment_id, moment())
    if isinstance(done, Submitted):
        return redirect(address("/d/thanks", a=assessment_id), 303)
    found = _sitting()
    if isinstance(done, Incomplete) and isinstance(found, Sitting):
        return item_pages.show_review(found, current_parts().settings.demo, done.missing), 422
    return found if not isinstance(found, Sitting) else _not_now("closed", found)


def _submit_by_script() -> ResponseReturnValue:
    if not is_own_script(request, _session_token()):
        return jsonify(error="session"), 401
    body = _body()
    assessment_id = body.get("assessment")
    if not isinstance(assessment_id, int):
        return jsonify(error="assessment"), 400
    done = answering.submit(current_parts(), _session_token(), assessment_id, moment())
    match done:
        case Incomplete(missing):
            return jsonify(missing=missing), 422
        case Closed(why):
            return jsonify(error=why), 410 if why == "no-session" else 409
    return _thanks_page(done, str(body.get("lang", "")), whole=False)


@blueprint.get("/thanks")
def thanks() -> ResponseReturnValue:
    assessment_id = request.args.get("a", type=int) or 0
    done = visiting.thanks(current_parts(), _session_token(), assessment_id, moment())
    if done is None:
        return redirect(address("/d/now", a=assessment_id), 303)
    return _thanks_page(done, whole=True)


def _thanks_page(done: Submitted, language: str = "", *, whole: bool) -> str:
    sitting = done.sitting
    language = language if language in sitting.questionnaires[0].languages else wanted_language(sitting.language)
    words = {
        "received": clock_words(done.submitted_at, sitting.zone, language),
        "receipt": done.receipt,
        "coming": next_words(done.next, moment().study, sitting.zone, language),
    }
    if whole:
        return page("phone/thanks.html", language, sitting.site, current_parts().settings.demo, **words)
    return render_piece("phone/thanks_parts.html", language, sitting, words)


def render_piece(template: str, language: str, sitting: Sitting, words: Mapping[str, Any]) -> str:
    from flask import render_template

    return render_template(template, **{**frame(language, sitting.site, False), **words})


# --- the session of this phone


def _cookie() -> str:
    return "__Host-pro" if current_parts().settings.https else "pro"


def _session_token() -> str:
    return request.cookies.get(_cookie(), "")


def _keep_session(answer: Response, token: str) -> None:
    secure = current_parts().settings.https
    answer.set_cookie(_cookie(), token, path="/", httponly=True, samesite="Lax", secure=secure)


def _sitting() -> Sitting | ResponseReturnValue:
    """The sitting that the cookie and the address name, in the language asked for; else the page that says what to do."""
    wanted = request.args.get("a", type=int)
    found = answering.sitting(current_parts(), _session_token(), moment(), wanted)
    if isinstance(found, NoSitting):
        return _status_page(found.view, NOT_NOW[found.status])
    if not found.fillable:
        return _over(found)
    return answering.speak(current_parts(), found, wanted_language(found.language))


def _over(found: Sitting) -> ResponseReturnValue:
    """What can no longer be filled: sent (the thanks again), or closed."""
    if found.instants.submitted_at is not None:
        done = visiting.thanks(current_parts(), _session_token(), found.assessment_id, moment())
        if done is not None:
            return _thanks_page(done, whole=True)
    return _not_now("closed" if moment().study >= found.instants.opens_at else "not-yet", found)


def _not_now(status: str, found: Sitting) -> ResponseReturnValue:
    demonstration = current_parts().settings.demo
    view = LinkView("nothing-due", found.language, found.zone, found.site, demonstration=demonstration)
    return _status_page(view, status)


@blueprint.errorhandler(CSRFError)
def form_went_stale(error: CSRFError) -> ResponseReturnValue:
    return _status_page(LinkView("unknown", demonstration=current_parts().settings.demo), "broken")
