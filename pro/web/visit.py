"""The session of a phone, and the pages that say what to do where there is nothing to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from pro.services import answering, visiting
from pro.services.answering import Advice, LinkView, NoSitting, Sitting, Submitted
from pro.web.asked import row_number
from pro.web.assets import style_of_start
from pro.web.csrf import script_token
from pro.web.item_pages import BareForm
from pro.web.long import any_long
from pro.web.parts import current_parts, moment
from pro.web.phone import (
    address,
    clock_words,
    frame,
    next_words,
    open_words,
    page,
    report_words,
    time_words,
    wanted_language,
)
from pro.web.words import in_language

NOT_NOW = {"no-session": "gone", "nothing-due": "nothing-due", "withdrawn": "withdrawn", "not-open": "not-yet"}
CALM = ("nothing-due", "not-yet")
"""Nothing is wrong, there is only nothing to fill in."""
STATUS_CODES = {"unknown": 404, "expired": 410, "gone": 410, "closed": 410, "broken": 400}


def _cookie() -> str:
    return "__Host-pro" if current_parts().settings.https else "pro"


def session_token() -> str:
    return request.cookies.get(_cookie(), "")


def keep_session(answer: Response, token: str) -> None:
    secure = current_parts().settings.https
    answer.set_cookie(_cookie(), token, path="/", httponly=True, samesite="Lax", secure=secure)


# --- the emergency advice, until it was read


READ = "pro-read"
"""The cookie of the advice that was read; the script writes it too, so that it needs no network."""


def unread(sitting: Sitting) -> Advice | None:
    """The advice that the saved answers call for, as long as the patient has not touched that it was read."""
    advice = answering.advice_of(sitting)
    return None if advice is None or request.cookies.get(READ) == advice.seen else advice


def mark_read(answer: Response, advice: Advice) -> None:
    answer.set_cookie(READ, advice.seen, path="/d", samesite="Lax", secure=current_parts().settings.https)


def the_sitting() -> Sitting | ResponseReturnValue:
    """The sitting that the cookie and the address name, in the language asked for; else the page that says what to do."""
    wanted = request.args.get("a", type=row_number)
    found = answering.sitting(current_parts(), session_token(), moment(), wanted)
    if isinstance(found, NoSitting):
        return status_page(found.view, NOT_NOW[found.status])
    if not found.fillable:
        return _over(found)
    return answering.speak(found, wanted_language(found.language, found.protocol.languages))


def _over(found: Sitting) -> ResponseReturnValue:
    """What can no longer be filled: sent (the thanks again), or closed."""
    if found.instants.submitted_at is not None:
        done = visiting.thanks(current_parts(), session_token(), found.assessment_id, moment())
        if done is not None:
            return thanks_page(done, whole=True)
    return not_now("closed" if moment().study >= found.instants.opens_at else "not-yet", found)


def not_now(status: str, found: Sitting) -> ResponseReturnValue:
    demonstration = current_parts().settings.demo
    view = LinkView(
        "nothing-due",
        found.language,
        found.zone,
        found.site,
        languages=found.protocol.languages,
        demonstration=demonstration,
    )
    return status_page(view, status)


def status_page(view: LinkView, status: str, token: str = "", go_on: str = "") -> ResponseReturnValue:
    """A calm page that says what to do."""
    language = wanted_language(view.language if view.site else None, view.languages)
    advice = answering.advice_of(view.sent) if view.sent and status == "nothing-due" else None
    coming = view.next if status == "nothing-due" else ()
    opens = time_words(view.next[0].at, moment().study, view.zone, language) if view.next else ""
    reports = report_words(view.reports, language) if token and status in CALM else []
    text = page(
        "phone/status_report.html" if reports else "phone/status.html",
        language,
        view.site,
        view.demonstration,
        languages=view.languages,
        status=status,
        coming=next_words(coming, moment().study, view.zone, language),
        receipt=view.receipt if status == "nothing-due" else None,
        advice=in_language(advice.text, language) if advice else "",
        opens=opens if status == "not-yet" else "",
        go_on=go_on,
        opted_out=view.opted_out,
        stop_to=address(f"/d/{token}/stop") if token and status in CALM else "",
        **(_reporting(reports, view, token) if reports else {}),
    )
    return text, STATUS_CODES.get(status, 200)


def _reporting(reports: Sequence[Mapping[str, str]], view: LinkView, token: str) -> dict[str, Any]:
    """The form that opens what the patient reports, led by script as the start page is."""
    return {
        "reports": reports,
        "form": BareForm(),
        "start_to": address(f"/d/{token}/start"),
        "page_style": lambda template: style_of_start(template, long=any_long(view)),
    }


def thanks_page(done: Submitted, language: str = "", *, whole: bool, script: bool = True) -> str:
    """The receipt, the advice where there is any, and the way to what else waits; `script`: that it is led by script."""
    sitting, now = done.sitting, moment().study
    advice = answering.advice_of(sitting)
    languages = sitting.protocol.languages
    language = language if language in languages else wanted_language(sitting.language, languages)
    words = {
        "received": clock_words(done.submitted_at, sitting.zone, language),
        "receipt": done.receipt,
        "advice": in_language(advice.text, language) if advice else "",
        "waiting": [open_words(one, now, sitting.zone, language) for one in done.waiting],
        "coming": next_words(done.next, now, sitting.zone, language),
        "reports": report_words(done.reports, language),
        "report_to": address("/d/continue"),
        "token": script_token(session_token()),
        "js": "1" if script else "",
    }
    if whole:
        return page(
            "phone/thanks.html",
            language,
            sitting.site,
            current_parts().settings.demo,
            languages=languages,
            **words,
        )
    return _piece("phone/thanks_parts.html", language, sitting, words)


def _piece(template: str, language: str, sitting: Sitting, words: Mapping[str, Any]) -> str:
    return render_template(template, **{**frame(language, sitting.site, False, sitting.protocol.languages), **words})
