"""One flare under review, and the calls a site makes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro.services import episode_page, overview, reviewing
from pro.services.access import Right
from pro.services.episode_page import Episode
from pro.services.episodes import Trigger
from pro.services.reviewing import NotRecorded
from pro.web import charts
from pro.web.desk import phrases
from pro.web.desk.frame import blueprint, language, t
from pro.web.desk.today import deadline, task_view
from pro.web.parts import current_parts, moment
from pro.web.placeholders import banner_here
from pro.web.rights import needs, site_of, who
from pro.web.words import in_language, say_number

DAYS = 14


@blueprint.get("/flares/<int:flare_id>")
@needs(Right.SEE_FLARE)
def flare(flare_id: int) -> ResponseReturnValue:
    return _page(_found(flare_id))


@blueprint.post("/flares/<int:flare_id>/review")
@needs(Right.REVIEW_FLARE)
def review(flare_id: int) -> ResponseReturnValue:
    _found(flare_id)
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
    came = request.form.get("safety_note", "")
    done = reviewing.review(current_parts(), who(), flare_id, outcome, note, moment(), safety_note=came)
    if isinstance(done, NotRecorded):
        return _page(_found(flare_id), done.why), 400  # what cannot wait may have come meanwhile: both are asked then
    return redirect(url_for("staff.flare", flare_id=flare_id, done="review"), 303)


@blueprint.post("/flares/<int:flare_id>/end")
@needs(Right.REVIEW_FLARE)
def end_flare(flare_id: int) -> ResponseReturnValue:
    found = _found(flare_id)
    done = reviewing.end_flare(current_parts(), who(), flare_id, request.form.get("end_note", ""), moment())
    if isinstance(done, NotRecorded):
        return _page(found, f"end-{done.why}"), 400
    return redirect(url_for("staff.flare", flare_id=flare_id, done="end"), 303)


@blueprint.get("/tasks/<int:task_id>")
@needs(Right.LOG_CALL)
def call(task_id: int) -> ResponseReturnValue:
    return _call_page(task_id)


@blueprint.post("/tasks/<int:task_id>")
@needs(Right.LOG_CALL)
def log_call(task_id: int) -> ResponseReturnValue:
    line = _task(task_id, even_answered=True)
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
    done = reviewing.log_call(current_parts(), who(), task_id, outcome, note, moment())
    if isinstance(done, NotRecorded):
        return _call_page(task_id, done.why), 400
    return redirect(url_for("staff.patient", number=line.number, done="call"), 303)


def _found(flare_id: int) -> Episode:
    found = episode_page.episode(current_parts(), flare_id, moment())
    site_of(found.site_id if found else None, f"flare {flare_id}")
    assert found is not None
    return found


def _task(task_id: int, *, even_answered: bool = False) -> overview.TaskLine:
    found = overview.task(current_parts(), task_id, moment(), even_answered=even_answered)
    site_of(found[1] if found else None, f"task {task_id}")
    assert found is not None
    if found[0].number is None:
        abort(404)
    return found[0]


def _page(found: Episode, problem: str = "") -> str:
    return render_template(
        "desk/flare.html",
        active="today",
        found=found,
        asked=found.kind,
        line=found.line,
        flagged=[_value(each, found) for each in found.urgent[:3]],
        rules=[_rule(each, found) for each in phrases.in_order(found.line.triggers)],
        others=[_rule(each, found) for each in found.others],
        earlier=[_rule(each, found) for each in found.earlier[:20]],
        **deadline(found.line, moment().study, found.line.zone),
        chart=_chart(found),
        answers=[_answers(each) for each in found.recorded],
        contact=_contact(found),
        reviewed=_reviewed(found),
        may_call=who().may(Right.SEE_CONTACTS, found.site_id),
        may_review=who().may(Right.REVIEW_FLARE, found.site_id),
        problem=problem,
        typed=request.form,
    )


def _value(trigger: Trigger, found: Episode) -> str:
    return phrases.trigger_line(trigger, current_parts().library, found.protocol, language())


def _rule(trigger: Trigger, found: Episode) -> dict[str, object]:
    spoken = language()
    return {
        "trigger": trigger,
        "text": in_language(trigger.rule.text, spoken) if trigger.rule else trigger.key,
        "value": _value(trigger, found),
        "seen": phrases.stamp(trigger.at, found.line.zone, spoken),
        "day": phrases.short_day(trigger.day, spoken),
        "other_day": phrases.local(trigger.at, found.line.zone).date() != trigger.day,
    }


def _answers(recorded: episode_page.Recorded) -> dict[str, object]:
    spoken = language()
    shown = [
        (phrases.short_name(item, spoken), phrases.answer_words(item, recorded.answers.get(item.key), spoken))
        for item in phrases.shown_items(recorded.questionnaire, recorded.answers)
    ]
    asked = recorded.questionnaire
    return {"title": phrases.form_title(asked, spoken), "shown": shown, "banner": banner_here(asked, spoken)}


def _contact(found: Episode) -> list[dict[str, object]]:
    """Who was told, who reviewed, who called: in the order it happened."""
    spoken, zone, asked = language(), found.line.zone, found.kind
    told = [(one.at, t("flare.told", name=one.name), phrases.word("sms", one.state, spoken)) for one in found.told]
    done = [
        (
            one.at,
            t(f"flare.did-{one.kind}", name=one.name, outcome=phrases.outcome_words(asked, one.outcome, spoken)),
            one.note,
        )
        for one in found.done
    ]
    return [
        {"at": phrases.stamp(at, zone, spoken), "what": what, "more": more}
        for at, what, more in sorted(told + done, key=lambda each: each[0])
    ]


def _reviewed(found: Episode) -> dict[str, str] | None:
    """The newest review, with what it says of a safety flag where it was asked of both."""
    review = next((one for one in reversed(found.done) if one.kind == "review"), None)
    if review is None:
        return None
    beside = [one.note for one in found.done if one.kind == "safety" and one.at == review.at]
    return {
        "outcome": phrases.outcome_words(found.kind, review.outcome, language()),
        "note": review.note,
        "safety_note": beside[-1] if beside else "",
        "by": t("flare.reviewed-by", name=review.name, when=phrases.stamp(review.at, found.line.zone, language())),
    }


def _chart(found: Episode) -> str:
    """The last days of the watched item with its baseline; empty where nothing was recorded."""
    if not found.curve or found.curve_item is None:
        return ""
    spoken, item = language(), found.curve_item
    last = found.line.until
    high, step = charts.scale_for(found.curve, (item.low, item.high))
    drawn = charts.Curve(
        points=found.curve,
        missed=found.missed,
        first=last - timedelta(days=DAYS),
        last=last,
        high=high,
        step=step,
        hatched=[charts.Hatched(found.opened_day, last, t(f"{found.kind}.n", n=found.line.n))],
        level=_baseline(found),
        width=800,
        every=7,
    )
    title = t("curve.title", what=phrases.short_name(item, spoken), days=DAYS)
    return charts.curve(drawn, title, lambda day: phrases.month_day(day, spoken))


def _baseline(found: Episode) -> charts.Level | None:
    for trigger in phrases.in_order(found.line.triggers):
        if trigger.baseline is not None and trigger.n:
            value = Decimal(trigger.baseline)
            label = t("flare.baseline", value=say_number(value, language()), n=trigger.n)
            return charts.Level(trigger.day - timedelta(days=7), trigger.day - timedelta(days=1), value, label)
    return None


def _call_page(task_id: int, problem: str = "") -> str:
    line = _task(task_id, even_answered=bool(problem))
    zone = overview.zone_of(current_parts(), who())
    return render_template(
        "desk/call.html",
        active="today",
        line=line,
        zone=zone,
        task=task_view(line, zone),
        stays=line.kind in reviewing.OUTLASTS_CALLS,
        problem=problem,
        typed=request.form,
    )
