"""Patients: the list, one patient's page, and the name behind a number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue

from pro.domain.assessment import State
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.domain.showing import named
from pro.services import examining
from pro.services import patients as service
from pro.services.access import Right
from pro.services.audit_trail import Entry, without_flare
from pro.services.patients import AnswerRow, Beside, FlareSpan, PatientPage
from pro.services.standing import Review
from pro.store.desk import Found
from pro.web import charts
from pro.web.desk import phrases
from pro.web.desk.frame import blueprint, language, t
from pro.web.desk.steps import step_view
from pro.web.desk.today import task_view
from pro.web.parts import current_parts, moment
from pro.web.placeholders import banner_here
from pro.web.rights import needs, site_of, who
from pro.web.words import in_language, say_phone

AHEAD = timedelta(days=16)


@blueprint.get("/patients")
@needs(Right.SEE_PATIENT)
def patients() -> ResponseReturnValue:
    found = service.listing(current_parts(), who(), moment(), request.args.get("after", "")[:40])
    names = {place.id: place.name for place in found.places}
    return render_template("desk/patients.html", active="patients", found=found, names=names, may_enrol=_may_enrol())


@blueprint.get("/patients/<number>")
@needs(Right.SEE_PATIENT)
def patient(number: str) -> ResponseReturnValue:
    return _page(found_patient(number))


@blueprint.post("/patients/<number>/contact")
@needs(Right.SEE_CONTACTS)
def contact(number: str) -> ResponseReturnValue:
    """Shows name and number, in this one answer; that they were shown is in the trail."""
    found = found_patient(number)
    person = service.show_contact(current_parts(), who(), found, moment())
    telephone = say_phone(person.number) if person else ""
    return render_template("desk/contact.html", active="patients", number=number, person=person, telephone=telephone)


def found_patient(number: str) -> Found:
    """The patient of that study number at a site of the reader's; else the answer is that there is none."""
    found = service.find(current_parts(), who(), number)
    site_of(found.site_id if found else None, f"patient {number}")
    assert found is not None
    return found


def _may_enrol() -> bool:
    return who().may(Right.ENROL)


def _page(row: Found) -> str:
    every = request.args.get("answers") == "all"
    all_steps = request.args.get("messages") == "all"
    page = service.page(current_parts(), row, moment(), request.args.get("curve", ""), every, all_steps)
    spoken, library = language(), current_parts().library
    sees_flares = who().may(Right.SEE_FLARE, row.site_id)
    history = page.history if sees_flares else tuple(without_flare(one, library) for one in page.history)
    to_review = [span for span in page.flares if span.to_review]
    return render_template(
        "desk/patient.html",
        active="patients",
        page=page,
        review=_review(to_review),
        waiting=max(to_review, key=lambda span: (span.kind != "flare", span.n), default=None) if sees_flares else None,
        day_of_study=(page.today - page.day0).days,
        chart=chart(page),
        spans=[_span_words(page, span) for span in page.flares],
        columns=[item for item in page.questionnaire.items if item.kind in service.COUNTED][:6],
        **_steps(page, spoken),
        **_received(page, spoken),
        all_steps=all_steps,
        **_history(page, history, spoken),
        tasks=[task_view(line, page.place.zone) for line in page.tasks],
        every=every,
        beside=[_beside_view(each) for each in page.beside if each.rows],
        banner=banner_here(page.questionnaire, spoken),
        rights=_rights(row.site_id),
        exams=examining.due(current_parts(), row, moment()),
    )


def _review(to_review: Sequence[FlareSpan]) -> Review | None:
    if not to_review:
        return None
    safety = any(span.kind != "flare" for span in to_review)
    return Review("safety" if safety else "flare", all(span.undecided for span in to_review))


def _steps(page: service.PatientPage, spoken: str) -> dict[str, object]:
    times = [(one, one.zone or page.zone_at(one.at)) for one in page.steps]
    clocks = phrases.clocks_of([(one.at, zone) for one, zone in times], page.place.zone, spoken)
    steps = [step_view(one, page.protocol, zone, spoken, clocks) for one, zone in times]
    return {"steps": steps, "steps_in": clocks.once}


def _received(page: service.PatientPage, spoken: str) -> dict[str, object]:
    """When each answer shown came, in words."""
    times = {row.made_at: page.zone_at(row.made_at) for row in page.answers}
    clocks = phrases.clocks_of(times.items(), page.place.zone, spoken)
    said = {at: clocks.mark(phrases.stamp(at, zone, spoken), at, zone) for at, zone in times.items()}
    return {"received": said, "received_in": clocks.once}


def _history(page: service.PatientPage, entries: Sequence[Entry], spoken: str) -> dict[str, object]:
    """Events in words, each with its instant to the second."""
    clocks = phrases.clocks_of([(one.at, page.zone_at(one.at)) for one in entries], page.place.zone, spoken)
    lines = []
    for one in entries:
        zone = page.zone_at(one.at)
        when = clocks.mark(phrases.stamp(one.at, zone, spoken, seconds=True), one.at, zone)
        lines.append((when, phrases.event_line(one, page.protocol, spoken), phrases.by_words(one, spoken)))
    return {"history": lines, "history_in": clocks.once}


def _beside_view(beside: Beside) -> dict[str, object]:
    """A line a day."""
    asked = beside.questionnaire
    return {
        "title": phrases.form_title(asked, language()),
        "banner": banner_here(asked, language()),
        "rows": [(row, _reported(asked, row)) for row in beside.rows],
    }


def _reported(asked: Questionnaire, row: AnswerRow) -> list[str]:
    """`Place of the injection: Left thigh`: the first answer, and of the others those that say that there was something."""
    spoken, gates = language(), {key for item in asked.items if item.show_if for key in named(item.show_if)}
    return [
        f"{phrases.short_name(item, spoken)}{t('colon')}{phrases.answer_words(item, row.answers.get(item.key), spoken)}"
        for item in phrases.shown_items(asked, row.answers)
        if item is asked.items[0] or not _says_nothing(item, row.answers.get(item.key) or {}, gates)
    ]


def _says_nothing(item: Item, answer: Mapping[str, object], gates: Collection[str]) -> bool:
    if answer.get("code") != "answered":
        return answer.get("code", "not-reached") == "not-reached"  # the day is marked as partial
    value = answer["value"]
    if item.kind is Kind.YES_NO:
        return not value or item.key in gates
    return value in ([], *([option.code] for option in item.options if option.alone))


def _rights(site_id: int) -> dict[str, bool]:
    wanted = (Right.SEE_CONTACTS, Right.LOG_CALL, Right.WITHDRAW, Right.SEE_FLARE, Right.ENTER_EXAM)
    return {right.name.lower(): who().may(right, site_id) for right in wanted}


def chart(page: PatientPage) -> str:
    """The whole curve; empty where nothing was recorded."""
    if not page.curve:
        return ""
    spoken = language()
    high, step = charts.scale_for(page.curve, (page.item.low, page.item.high))
    last = _last_drawn(page)
    drawn = charts.Curve(
        points=page.curve,
        missed=page.missed,
        first=page.day0,
        last=last,
        high=high,
        step=step,
        hatched=[_hatched(page, span) for span in page.flares],
        flags=[
            charts.Flag(flag.day, _title(page, flag.timepoint), flag.state in (State.EXPECTED, State.OPEN, State.BEGUN))
            for flag in page.visits
            if page.day0 <= flag.day <= last
        ],
    )
    what = phrases.short_name(page.item, spoken)
    since = phrases.month_day(page.day0, spoken)
    title = t("curve.whole", what=what, since=since, flares=sum(span.kind != "safety" for span in page.flares))
    return charts.curve(drawn, title, lambda day: phrases.month_day(day, spoken))


def _last_drawn(page: PatientPage) -> date:
    """A little of what is to come; of a patient who has left nothing that came after, but what was recorded."""
    left = page.standing.withdrawn_at or page.standing.ended_at
    if left is None:
        return min(page.last_day, max(page.today + timedelta(days=2), _next_flag(page)))
    return max(phrases.local(left, page.zone_at(left)).date(), page.curve[-1].day, page.day0 + timedelta(days=7))


def _next_flag(page: PatientPage) -> date:
    flag = page.next_visit
    near = flag is not None and flag.day - page.today <= AHEAD
    return flag.day + timedelta(days=2) if flag is not None and near else page.today


def _title(page: PatientPage, timepoint: str) -> str:
    return in_language(page.protocol.timepoint(timepoint).title, language())


def _hatched(page: PatientPage, span: FlareSpan) -> charts.Hatched:
    words = t("flare.n-state", what=_what(span), state=_state_words(span))
    return charts.Hatched(span.first, max(span.last, span.first), words)


def _what(span: FlareSpan) -> str:
    """`flare 2`, `safety flag 2` where it is nothing else, `safety flag and flare 2`."""
    return t(f"{span.kind}.n", n=span.n)


def _state_words(span: FlareSpan) -> str:
    return phrases.word("safety.span" if span.kind == "safety" else "span", span.outcome or "to-review", language())


def _span_words(page: PatientPage, span: FlareSpan) -> dict[str, object]:
    spoken = language()
    days = t("flare.span", first=phrases.month_day(span.first, spoken), last=phrases.month_day(span.last, spoken))
    return {"span": span, "what": _what(span), "days": days, "state": _state_words(span)}
