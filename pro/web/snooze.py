"""The page "remind me later": a few times to choose from, or the one that is set and how to take it back."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from pro.services import answering, snoozing
from pro.services.answering import LinkView
from pro.web.item_pages import BareForm
from pro.web.parts import current_parts, moment
from pro.web.phone import address, clock_words, page, until_words, wanted_language
from pro.web.visit import status_page
from pro.web.words import join_words, say

blueprint = Blueprint("snooze", __name__)


@blueprint.get("/<token>/later")
def later(token: str) -> ResponseReturnValue:
    offer = snoozing.offer(current_parts(), token, moment())
    view = answering.open_link(current_parts(), token, moment())
    if offer is None or offer.why_none == "not-now":
        return status_page(view, view.status, token) if view.status != "ready" else redirect(address(f"/d/{token}"))
    language = wanted_language(view.language, view.languages)
    return page(
        "phone/later.html",
        language,
        view.site,
        view.demonstration,
        languages=view.languages,
        form=BareForm(),
        set_at=clock_words(offer.set_at, offer.zone, language) if offer.set_at else "",
        times=[(one.isoformat(), clock_words(one, offer.zone, language)) for one in offer.times],
        usual=usual_words(offer, language),
        why_none=offer.why_none,
        until=_until(view, language),
        back_to=address(f"/d/{token}"),
    )


def usual_words(offer: snoozing.Offer, language: str) -> str:
    """Which reminders come anyway; empty where none does."""
    clocks = [clock_words(one, offer.zone, language) for one in offer.usual]
    return say("phone.later.usual", language, n=len(clocks), clocks=join_words(clocks, language)) if clocks else ""


def _until(view: LinkView, language: str) -> str:
    """Until when it may be filled, where one thing waits."""
    if len(view.waiting) != 1:
        return ""
    (one,) = view.waiting
    return until_words(one.instants, moment().study, view.zone, language)


@blueprint.post("/<token>/later")
def choose(token: str) -> ResponseReturnValue:
    """Whatever came of it stands on the page that follows."""
    if "undo" in request.form:
        snoozing.undo(current_parts(), token, moment())
    else:
        snoozing.snooze(current_parts(), token, request.form.get("at", ""), moment())
    return redirect(address(f"/d/{token}/later"), 303)
