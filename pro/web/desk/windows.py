"""After an outage: which open windows end later, until when and why, said before it is done. A decision of the site."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro.domain import zones
from pro.domain.patient_days import clock_instant
from pro.services import extending
from pro.services.access import Right
from pro.services.extending import Extended, NotExtended, Open, Which
from pro.services.overview import Place, places, protocol_of
from pro.web.desk import phrases
from pro.web.desk.frame import blueprint, language, t
from pro.web.desk.steps import announced
from pro.web.enrolment_forms import day as read_day
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, site_of, who
from pro.web.words import say_place

ADDRESS = "/windows/<int:site_id>"


class Wrong(Exception):
    """What was typed does not hold, in one line of the reader's language."""

    def __init__(self, why: str, **values: object) -> None:
        super().__init__(why)
        self.said = t(f"windows.problem.{why}", **values)


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody wants: these windows, until then, and why."""

    chosen: tuple[Which, ...]
    until: datetime
    reason: str
    fields: Mapping[str, str]


@blueprint.get(ADDRESS)
@needs(Right.EXTEND)
def windows(site_id: int) -> ResponseReturnValue:
    return _page(_place(site_id))


@blueprint.post(ADDRESS)
@needs(Right.EXTEND)
def extend_windows(site_id: int) -> ResponseReturnValue:
    """First says whom it concerns, then, asked again, extends."""
    place = _place(site_id)
    try:
        decision = _typed(place)
        seen = _foreseen(decision)
    except Wrong as wrong:
        return _page(place, wrong.said), 422
    except NotExtended as refused:
        return _page(place, t(f"windows.problem.{refused.why}")), 422
    if request.form.get("step") != "do":
        return _confirm(place, decision, seen)
    actor = who().actor(Right.EXTEND, place.id)
    done = [
        one
        for which in decision.chosen
        for one in extending.extend(current_parts(), actor, which, decision.until, decision.reason, moment())
    ]
    flash(t("windows.done", n=len(done), until=_stamp(decision.until, place)))
    return redirect(url_for("staff.windows", site_id=place.id), 303)


def _place(site_id: int) -> Place:
    found = next((one for one in places(current_parts(), who(), Right.EXTEND) if one.id == site_id), None)
    site_of(found.id if found else site_id, f"windows of site {site_id}")
    assert found is not None
    return found


# ── What was typed


def _typed(place: Place) -> Decision:
    form = request.form
    number, reason = form.get("patient", "").strip()[:40], form.get("reason", "").strip()
    named = " ".join(form.getlist("window"))
    chosen = tuple(_which(place, each, number) for each in named.split())
    if not chosen:
        raise Wrong("none-chosen")
    fields = {"window": named, "patient": number, "day": form.get("day", ""), "time": form.get("time", "")}
    return Decision(chosen, _until(place), reason, {**fields, "reason": reason})


def _which(place: Place, typed: str, number: str) -> Which:
    """`diary~2026-04-14`"""
    timepoint, _, typed_day = typed.partition("~")
    day = read_day(typed_day)
    if day is None:
        raise Wrong("none-chosen")
    return Which(place.id, number or None, timepoint, day)


def _until(place: Place) -> datetime:
    day, clock = read_day(request.form.get("day", "")), re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", _clock())
    if day is None or clock is None or not 2000 < day.year < 2200:
        raise Wrong("no-until")
    return clock_instant(day, time(int(clock[1]), int(clock[2])), zones.zone(place.zone)).astimezone(UTC)


def _clock() -> str:
    return request.form.get("time", "").strip()[:5]


def _foreseen(decision: Decision) -> tuple[Extended, ...]:
    seen = tuple(
        one
        for which in decision.chosen
        for one in extending.foresee(current_parts(), which, decision.until, decision.reason, moment())
    )
    number = decision.fields["patient"]
    if not seen:
        raise Wrong("no-patient", number=number) if number else Wrong("nothing")
    return seen


# ── What is answered


def _confirm(place: Place, decision: Decision, seen: Sequence[Extended]) -> str:
    back = url_for("staff.windows", site_id=place.id)
    return render_template(
        "desk/confirm.html",
        active="today",
        crumb=t("windows.page"),
        title=t("windows.confirm", until=_stamp(decision.until, place)),
        lines=[*_lines(place, seen), *(t(f"windows.line-{key}") for key in ("on-time", "sends", "trail"))],
        fields=decision.fields,
        why=decision.reason,
        action=back,
        back=back,
        button=t("windows.button", n=len({one.number for one in seen})),
    )


def _lines(place: Place, seen: Sequence[Extended]) -> list[str]:
    """`Daily diary of 14 Apr: 9 patients, instead of 15 Apr 12:00.`"""
    keyed = sorted(seen, key=lambda one: (one.timepoint, one.day))
    lines = []
    for (timepoint, day), rows in groupby(keyed, key=lambda one: (one.timepoint, one.day)):
        ends = [one.planned for one in rows]
        was = _stamp(min(ends), place)
        lines.append(t("windows.line", what=_title(place, timepoint, day), n=len(ends), was=was))
    return lines


def _page(place: Place, problem: str = "") -> str:
    found = extending.open_windows(current_parts(), place.id, moment())
    return render_template(
        "desk/windows.html",
        active="today",
        place=place,
        others=[one for one in places(current_parts(), who(), Right.EXTEND) if one.id != place.id],
        town=say_place(place.zone, language()),
        rows=[_row(place, one) for one in found],
        chosen=" ".join(request.form.getlist("window")).split(),
        typed=request.form,
        problem=problem,
        today=phrases.local(moment().study, place.zone).date(),
    )


def _row(place: Place, one: Open) -> dict[str, object]:
    first, last = (_stamp(at, place) for at in (one.first_end, one.last_end))
    ends = t("windows.ends", when=first) if first == last else t("windows.ends-between", first=first, last=last)
    return {
        "key": f"{one.timepoint}~{one.day.isoformat()}",
        "title": _title(place, one.timepoint, one.day),
        "patients": t("windows.patients", n=one.patients),
        "hit": t("windows.unreminded", n=one.hit) if one.hit else "",
        "ends": ends,
    }


def _title(place: Place, timepoint: str, day: date) -> str:
    return announced(((timepoint, day),), protocol_of(current_parts().library, (place,)), language())


def _stamp(at: datetime, place: Place) -> str:
    return phrases.stamp(at, place.zone, language())
