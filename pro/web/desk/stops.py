"""Hold, pause and end of one patient: excused with a reason, taken back where the services allow it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from flask import request
from flask.typing import ResponseReturnValue

from pro.services import enrolment
from pro.services.access import Right
from pro.services.enrolment import holding
from pro.services.enrolment.holding import LeftOut, Stood
from pro.store.desk import Found
from pro.web.asked import row_number_or_none
from pro.web.desk import phrases
from pro.web.desk.course import (
    ADDRESS,
    Wrongs,
    back,
    c,
    confirm,
    day_asked,
    is_confirmed,
    is_wrong,
    long_day,
    reason_typed,
    tells,
    titles,
)
from pro.web.desk.frame import blueprint, language, my_places
from pro.web.desk.journeys import clocks_said
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who


@blueprint.post(f"{ADDRESS}/hold")
@needs(Right.WITHDRAW)
@tells("hold")
def hold_course(row: Found) -> ResponseReturnValue:
    done = holding.hold(current_parts(), who(), row.patient_id, reason_typed(), moment())
    return back(row, _said("hold.done", row, done))


@blueprint.post(f"{ADDRESS}/resume")
@needs(Right.WITHDRAW)
@tells("hold")
def resume_course(row: Found) -> ResponseReturnValue:
    done = holding.resume(current_parts(), who(), row.patient_id, moment())
    return back(row, _said("hold.resumed", row, done))


@blueprint.post(f"{ADDRESS}/pause")
@needs(Right.WITHDRAW)
@tells("pause")
def pause_course(row: Found) -> ResponseReturnValue:
    """First says what is left out, then, asked again, pauses."""
    first, last, why = _pause_typed()
    if is_confirmed():
        done = holding.pause(current_parts(), who(), row.patient_id, first, last, why, moment())
        return back(row, _said("pause.done", row, done, first=long_day(first), last=long_day(last)))
    seen = holding.foresee_pause(current_parts(), row.patient_id, first, last, moment())
    fields = {"first": first.isoformat(), "last": last.isoformat(), "why": why}
    return confirm(row, "pause", _left_out(row, first, last, seen), fields, c("pause.button"))


@blueprint.post(f"{ADDRESS}/unpause")
@needs(Right.WITHDRAW)
@tells("pause")
def unpause_course(row: Found) -> ResponseReturnValue:
    pause_id = row_number_or_none(request.form.get("pause", "")) or 0
    done = holding.unpause(current_parts(), who(), row.patient_id, pause_id, moment())
    return back(row, _said("pause.taken-back", row, done))


@blueprint.post(f"{ADDRESS}/end")
@needs(Right.WITHDRAW)
@tells("end")
def end_course(row: Found) -> ResponseReturnValue:
    """First says what will stop, then, asked again, ends it for good."""
    if row.withdrawn_at is not None or row.study_ended_at is not None:
        return back(row, c("already"))
    why = reason_typed()
    if is_confirmed():
        done = holding.end(current_parts(), who(), row.patient_id, why, moment())
        return back(row, _said("end.done", row, done))
    return confirm(row, "end", _stopping(row), {"why": why}, c("end.button", number=row.number))


def _pause_typed() -> tuple[date, date, str]:
    """Everything that is missing is told at once."""
    first, last = (partial(day_asked, field, c(f"pause.{field}")) for field in ("first", "last"))
    wrong = [one for one in (is_wrong(first), is_wrong(last), is_wrong(reason_typed)) if one is not None]
    if wrong:
        raise Wrongs(wrong)
    return first(), last(), reason_typed()


def _left_out(row: Found, first: date, last: date, seen: LeftOut) -> list[str]:
    lines = [c("pause.line-days", first=long_day(first), last=long_day(last), n=seen.days)]
    lines.append(c("pause.line-excused", n=seen.assessments) if seen.assessments else c("pause.line-nothing"))
    if seen.today:
        lines.append(c("pause.line-today", n=len(seen.today), times=_times(row, seen.today)))
    if seen.visits:
        lines.append(c("pause.line-visits", visits=titles(row, seen.visits)))
    return [*lines, c("pause.line-back")]


def _times(row: Found, instants: Sequence[datetime]) -> str:
    """By the patient's clocks, and whose they are where the site's show another time."""
    site = next((place.zone for place in my_places() if place.id == row.site_id), row.zone)
    return phrases.whose_clock(clocks_said(instants, row.zone), instants[-1], row.zone, site, language())


def _stopping(row: Found) -> list[str]:
    stops = enrolment.preview_withdrawal(current_parts(), row.patient_id, moment())
    lines = [c("end.line-assessments", n=stops.assessments)]
    if stops.begun:
        lines.append(c("end.line-begun", n=stops.begun))
    lines += [c("end.line-reminders", n=stops.reminders), c("end.line-links")]
    if stops.flares:
        lines.append(c("end.line-flares", n=stops.flares))
    return [*lines, c("end.line-stays"), c("end.line-final")]


def _said(key: str, row: Found, done: Stood, **values: object) -> str:
    return c("already") if done.already else c(key, number=row.number, n=done.assessments, **values)
