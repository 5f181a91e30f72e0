"""A patient's way: link, start, questions, sending, thanks. GET changes nothing."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from pro.domain.questionnaire import Text
from pro.services import answering, snoozing, visiting
from pro.services.answering import LinkView, Saved, Sitting, Started
from pro.web import item_pages, sending, snooze
from pro.web.asked import row_number_or_none
from pro.web.assets import style_of_start
from pro.web.csrf import script_token
from pro.web.document import document, later_script, piece
from pro.web.item_pages import BareForm
from pro.web.long import any_long
from pro.web.parts import current_parts, moment
from pro.web.phone import (
    REPORT,
    address,
    chosen_language,
    clock_words,
    page,
    report_words,
    waiting_words,
    wanted_language,
)
from pro.web.visit import keep_session, mark_read, session_token, status_page, the_sitting, unread
from pro.web.words import LANGUAGES, in_language

blueprint = Blueprint("patient", __name__, url_prefix="/d")
blueprint.register_blueprint(sending.blueprint)
blueprint.register_blueprint(snooze.blueprint)

MODES = ("own-phone", "read-aloud")


# --- the link


@blueprint.get("/<token>")
def link(token: str) -> ResponseReturnValue:
    view = answering.open_link(current_parts(), token, moment())
    if view.status != "ready":
        return status_page(view, view.status, token)
    language = wanted_language(view.language, view.languages)
    return page(
        "phone/start.html",
        language,
        view.site,
        view.demonstration,
        languages=view.languages,
        form=BareForm(),
        waiting=[waiting_words(one, view, moment().study, language) for one in view.waiting],
        days=len({one.day for one in view.waiting if one.repeats}) if all(one.repeats for one in view.waiting) else 0,
        reports=report_words(view.reports, language),
        opted_out=view.opted_out,
        start_to=address(f"/d/{token}/start"),
        stop_to=address(f"/d/{token}/stop"),
        later_to=address(f"/d/{token}/later"),
        later_at=clock_words(view.snoozed_to, view.zone, language) if view.snoozed_to else "",
        page_style=lambda template: style_of_start(template, long=any_long(view)),
    )


@blueprint.post("/<token>/start")
def start(token: str) -> ResponseReturnValue:
    wanted, _, mode = request.form.get("start", "").partition(" ")
    _, is_report, timepoint = wanted.partition(REPORT)
    reported = answering.report_now(current_parts(), token, timepoint, moment()) if is_report else None
    if is_report and reported is None:
        return redirect(address(f"/d/{token}"), 303)
    started = answering.start(
        current_parts(),
        token,
        moment(),
        assessment_id=reported or row_number_or_none(wanted),
        mode=mode if mode in MODES else MODES[0],
        language=chosen_language() or None,
    )
    if not isinstance(started, Started):
        return redirect(address(f"/d/{token}"), 303)
    answer = make_response(_begin(started, request.form.get("js", ""), address(f"/d/{token}")))
    keep_session(answer, started.session_token)
    return answer


def _begin(started: Started, js: str, start: str) -> ResponseReturnValue:
    """All questions into the open start page, all of them as a page, or the first of them as a page."""
    if js == "piece":
        return piece(started.sitting, script_token(started.session_token), start)
    if js:
        return _document(started.sitting, started.session_token)
    return redirect(item_pages.resumed_address(started.sitting), 303)


def _document(sitting: Sitting, session_token: str) -> str:
    return document(sitting, script_token(session_token), current_parts().settings.demo)


# --- stopping the messages


@blueprint.get("/<token>/stop")
def ask_stop(token: str) -> ResponseReturnValue:
    return _stop_page(token)


@blueprint.post("/<token>/stop")
def stop(token: str) -> ResponseReturnValue:
    """Stops them, or brings them back to who has stopped them."""
    again = "start" in request.form
    change = visiting.resume_messages if again else visiting.stop_messages
    if not change(current_parts(), token, moment()):
        return status_page(answering.open_link(current_parts(), token, moment()), "unknown")
    return _stop_page(token, resumed=again)


def _stop_page(token: str, *, resumed: bool = False) -> ResponseReturnValue:
    view = answering.open_link(current_parts(), token, moment())
    if view.status == "unknown":
        return status_page(view, "unknown")
    spoken = wanted_language(view.language, view.languages)
    lost = snoozing.lost(current_parts(), token, moment()) if resumed else None
    return page(
        "phone/stop.html",
        spoken,
        view.site,
        view.demonstration,
        languages=view.languages,
        form=BareForm(),
        now="resumed" if resumed else "stopped" if view.opted_out else "",
        may_start=view.status not in ("expired", "withdrawn"),
        replies=current_parts().settings.sms_replies,
        back_to=address(f"/d/{token}"),
        lost=clock_words(lost, view.zone, spoken) if lost else "",
        later=address(f"/d/{token}/later"),
    )


# --- the questions


@blueprint.get("/now")
def now() -> ResponseReturnValue:
    found = the_sitting()
    return _document(found, session_token()) if isinstance(found, Sitting) else found


@blueprint.get("/item")
def first_item() -> ResponseReturnValue:
    found = the_sitting()
    return redirect(item_pages.first_address(found), 303) if isinstance(found, Sitting) else found


@blueprint.get("/item/<key>")
def item(key: str) -> ResponseReturnValue:
    found = the_sitting()
    if not isinstance(found, Sitting):
        return found
    asked = item_pages.item_of(found, key)
    if asked is None:
        return redirect(item_pages.first_address(found), 303)
    if advice := unread(found):
        return _urgent_page(found, advice.text, key)
    return item_pages.show_item(found, key, asked, item_pages.Taken(), current_parts().settings.demo)


@blueprint.post("/item/<key>")
def answer_item(key: str) -> ResponseReturnValue:
    found = the_sitting()
    if not isinstance(found, Sitting):
        return found
    asked = item_pages.item_of(found, key)
    if asked is None:
        return redirect(item_pages.first_address(found), 303)
    taken = item_pages.take(key, asked, found.language)
    if item_pages.takes_back(found, key, taken):
        sending.keep(found.assessment_id, [item_pages.save_of(key, taken)])
        found = the_sitting()
        if not isinstance(found, Sitting):
            return found
    if not taken.code:
        shown = item_pages.show_item(found, key, asked, taken, current_parts().settings.demo)
        return shown, 422 if taken.problem else 200
    saved = sending.keep(found.assessment_id, [item_pages.save_of(key, taken)])
    return _after_saving(saved, key)


def _after_saving(saved: Saved, key: str) -> ResponseReturnValue:
    """On to the next item, or to what stands in the way: an emergency, a closed diary."""
    found = the_sitting()
    if not isinstance(found, Sitting):
        return found
    if saved.emergency is None:
        return redirect(item_pages.next_address(found, key), 303)
    return _urgent_page(found, saved.emergency, item_pages.next_key(found, key), saved.told_at or moment().study)


def _urgent_page(found: Sitting, advice: Text, then: str, told_at: datetime | None = None) -> str:
    """The advice instead of the page `then`, which comes once it was read."""
    told = clock_words(told_at, found.zone, found.language) if told_at else ""
    return page(
        "phone/urgent.html",
        found.language,
        found.site,
        current_parts().settings.demo,
        languages=found.protocol.languages,
        form=BareForm(),
        advice=in_language(advice, found.language),
        told=told,
        read_to=address(f"/d/read/{then or 'review'}", a=found.assessment_id),
    )


@blueprint.post("/read/<key>")
def read(key: str) -> ResponseReturnValue:
    """The patient has read the advice: only this phone keeps that."""
    found = the_sitting()
    if not isinstance(found, Sitting):
        return found
    known = item_pages.item_of(found, key) is not None
    then = item_pages.item_address(found, key) if known else item_pages.review_address(found)
    answer = make_response(redirect(then, 303))
    if advice := answering.advice_of(found):
        mark_read(answer, advice)
    return answer


@blueprint.get("/review")
def review() -> ResponseReturnValue:
    found = the_sitting()
    if not isinstance(found, Sitting):
        return found
    if advice := unread(found):
        return _urgent_page(found, advice.text, "review")
    return item_pages.show_review(found, current_parts().settings.demo)


@blueprint.get("/later.<language>.js")
def later(language: str) -> ResponseReturnValue:
    if language not in LANGUAGES:
        abort(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(later_script(language), mimetype="text/javascript", headers=headers)


@blueprint.errorhandler(CSRFError)
def form_went_stale(error: CSRFError) -> ResponseReturnValue:
    return status_page(LinkView("unknown", demonstration=current_parts().settings.demo), "broken")
