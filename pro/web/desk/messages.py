"""Messages: what was sent, what became of it, and why some were not."""

from __future__ import annotations

from datetime import datetime

from flask import render_template, request
from flask.typing import ResponseReturnValue

from pro.services import outbox_view
from pro.services.access import Right
from pro.services.outbox_view import Filter, Text, Unsent
from pro.web.asked import instant, row_number_or_none
from pro.web.desk import phrases
from pro.web.desk.frame import blueprint, language, t
from pro.web.desk.today import message_bar
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who


@blueprint.get("/messages")
@needs(Right.SEE_MESSAGES)
def messages() -> ResponseReturnValue:
    chosen = _chosen()
    found = outbox_view.page(current_parts(), who(), moment(), chosen, _before(request.args.get("before", "")))
    zone = found.places[0].zone if found.places else "UTC"
    return render_template(
        "desk/messages.html",
        active="messages",
        found=found,
        chosen=chosen,
        filters=tuple(outbox_view.STATES),
        figures=found.figures,
        bar=message_bar(found.figures),
        texts=[text_view(text, zone) for text in found.texts],
        unsent=[unsent_view(each, zone) for each in found.unsent],
        next=f"{found.next[0].isoformat()}~{found.next[1]}" if found.next else None,
    )


def text_view(text: Text, zone: str) -> dict[str, object]:
    """A message in words: when, by the patient's clocks of that time, what it was, and what became of it."""
    spoken = language()
    here = text.zone or zone
    due = f"{phrases.short_day(phrases.local(text.due_at, here).date(), spoken)} "
    due += phrases.clock(text.due_at, here, spoken)
    opened = text.opened and text.state in ("sending", "sent", "delivered", "undelivered")
    state = phrases.word("sms", "left" if opened and text.state != "delivered" else text.state, spoken)
    if text.at is not None:
        state += f" {phrases.clock(text.at, here, spoken)}"
    if opened:
        state += f", {t('sms.opened')}" + (f", {t('sms.answered')}" if text.answered else "")
    why = phrases.word("why", text.error, spoken) if text.error and not opened else ""
    if text.state == "pending" and text.answered:
        state, why = t("step.will-not"), phrases.word("why", "submitted", spoken)
    shapes = {"delivered": "check", "sent": "waiting", "failed": "fail", "undelivered": "fail", "dropped": "none"}
    tones = {"delivered": "fine", "failed": "hot", "undelivered": "hot", "dropped": "soft"}
    return {
        "text": text,
        "when": phrases.whose_clock(due, text.due_at, here, zone, spoken),
        "what": phrases.word("template", text.template, spoken),
        "state": state,
        "why": why,
        "shape": "check" if opened else shapes.get(text.state, "tried"),
        "tone": "fine" if opened else tones.get(text.state, ""),
    }


def unsent_view(each: Unsent, zone: str) -> dict[str, object]:
    spoken = language()
    return {
        "unsent": each,
        "when": phrases.told(each.planned_at, each.zone, zone, spoken),
        "why": phrases.word("why", each.why, spoken),
    }


def _chosen() -> Filter:
    asked = request.args.get("show", "all")
    return next((each for each in outbox_view.STATES if each == asked), "all")


def _before(asked: str) -> tuple[datetime, int] | None:
    """Where the page begins, from the address; None where it is not readable."""
    at, _, id_ = asked.partition("~")
    found, number = instant(at), row_number_or_none(id_)
    return (found, number) if found and number is not None else None
