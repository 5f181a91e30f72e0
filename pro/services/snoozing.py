"""A patient's "remind me later": one more reminder for what waits now, at a time that suits, and undoing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal, cast

from sqlmodel import Session

from pro.clock import Moment
from pro.domain import reminders, zones
from pro.domain.schedule import day_closes, day_opens, patient_day
from pro.domain.snooze import SOONEST, snooze_times, step_key
from pro.services.answering import is_over, token_hash
from pro.services.audit import lock_patient, patient_actor, record
from pro.services.parts import Parts
from pro.services.reminding import Rung, steps_of
from pro.store import assessments, messages, sittings, snoozes
from pro.store.engine import Connected
from pro.store.sittings import Found

UNDONE = "snooze-undone"
COMING = 8
"""Windows to come whose reminders are looked at."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page shows: the time that is set, times to choose from, or why there are none."""

    zone: str
    set_at: datetime | None = None
    times: tuple[datetime, ...] = ()
    """Beside the one that is set: it may be moved there."""
    usual: tuple[datetime, ...] = ()
    """The protocol's own reminders that still come before the day is over."""
    why_none: Literal["", "no-time", "daily-cap", "not-now"] = ""


def offer(parts: Parts, token: str, moment: Moment) -> Offer | None:
    """What may be asked for behind this link; None for one that is unknown, over or revoked. Changes nothing."""
    with parts.study.plain_reading() as session:
        who = _who(session, token, moment)
        return None if who is None else _offer(parts, session, who, moment)


def snooze(parts: Parts, token: str, wanted: str, moment: Moment) -> bool:
    """Plans the reminder, `wanted` being one of the offered times as ISO text; False where it is not offered (any more).

    One message for everything that waits, in place of the one that was asked for before. Whether it may really go is
    asked again when it is due.
    """
    with parts.study.writing() as session:
        who = _locked(session, token, moment)
        offered = _offer(parts, session, who, moment) if who else None
        at = next((one for one in offered.times if one.isoformat() == wanted), None) if offered else None
        if who is None or at is None:
            return False
        before = snoozes.waiting(session, who.patient_id, moment.study)
        if before is not None and not messages.drop(session, [before.id], UNDONE, moment.study):
            return False
        _plan(parts, session, who, at, moment)
        said = {"at": at.isoformat()} | ({"instead_of": before.due_at.isoformat()} if before else {})
        _note(session, who, "reminder.snoozed", said, moment)
        return True


def lost(parts: Parts, token: str, moment: Moment) -> datetime | None:
    """When the reminder would have come that was asked for and fell with the messages; None where there is none."""
    with parts.study.plain_reading() as session:
        who = _who(session, token, moment)
        found = snoozes.lost_by_stopping(session, who.patient_id, moment.study) if who else None
        due_at: datetime | None = found.due_at if found else None
        return None if who and snoozes.waiting(session, who.patient_id, moment.study) else due_at


def undo(parts: Parts, token: str, moment: Moment) -> bool:
    """Takes the reminder back that was asked for; False where none waits."""
    with parts.study.writing() as session:
        who = _locked(session, token, moment)
        waiting = snoozes.waiting(session, who.patient_id, moment.study) if who else None
        if who is None or waiting is None or not messages.drop(session, [waiting.id], UNDONE, moment.study):
            return False
        _note(session, who, "reminder.snooze_undone", {}, moment)
        return True


def _who(session: Connected, token: str, moment: Moment) -> Found | None:
    found = sittings.by_link(session, token_hash(token))
    return None if found is None or is_over(found, moment) or found.withdrawn_at else found


def _locked(session: Session, token: str, moment: Moment) -> Found | None:
    """The patient is locked first; what decides is read after it."""
    found = _who(session, token, moment)
    if found is None:
        return None
    lock_patient(session, found.patient_id)
    return _who(session, token, moment)


def _offer(parts: Parts, session: Connected, who: Found, moment: Moment) -> Offer:
    open_now = _rung(parts, session, who, moment)
    if not open_now or who.opted_out_at is not None:
        return Offer(who.zone, why_none="not-now")
    waiting = snoozes.waiting(session, who.patient_id, moment.study)
    set_at, moved = (waiting.due_at, waiting.id) if waiting else (None, None)
    first = open_now[0]
    planned = _planned(parts, session, who, open_now, moment)
    zone, cutoff = zones.zone(who.zone), first.protocol.cutoff
    today_ends = day_closes(patient_day(moment.study, zone, cutoff), zone, cutoff)
    ends = min(today_ends, max(_closing(one, moment.study) for one in open_now))
    times = snooze_times(moment.study, ends, zone, first.protocol.quiet_hours, planned)
    left = tuple(at for at in times if at != set_at and _room(session, who, first, at, moment, planned, moved))
    usual = tuple(sorted({at for at in planned if moment.study < at < today_ends}))
    why: Literal["", "no-time", "daily-cap"] = "" if left or set_at else "daily-cap" if times else "no-time"
    return Offer(who.zone, set_at, left, usual, why)


def _planned(parts: Parts, session: Connected, who: Found, waiting: Sequence[Rung], moment: Moment) -> list[datetime]:
    """The protocol's own reminders, of what waits and of what opens soon."""
    coming = [_one(parts, who, row) for row in assessments.coming(session, who.patient_id, moment.study, COMING)]
    return [step.at for one in (*waiting, *coming) for step in one.steps if step.at < one.end]


def _rung(parts: Parts, session: Connected, who: Found, moment: Moment) -> list[Rung]:
    """What waits for the patient and is not excused, with its steps."""
    waiting = assessments.waiting(session, who.patient_id, moment.study)
    return [_one(parts, who, row) for row in waiting if row.excused_at is None]


def _one(parts: Parts, who: Found, row: Found) -> Rung:
    return steps_of(parts, cast(Found, SimpleNamespace(**who._mapping, **row._mapping)))


def _closing(one: Rung, now: datetime) -> datetime:
    """Nobody is reminded into the late time who may still be in time."""
    return cast(datetime, one.row.closes_at) if now < one.row.closes_at else one.end


def _room(
    session: Connected,
    who: Found,
    first: Rung,
    at: datetime,
    moment: Moment,
    planned: Sequence[datetime],
    moved: int | None,
) -> bool:
    """Whether the day's messages hold it: those that went and the protocol's own that still come, not the one `moved`."""
    zone, cutoff = zones.zone(who.zone), first.protocol.cutoff
    day = patient_day(at, zone, cutoff)
    since, until = day_opens(day, zone, cutoff), day_closes(day, zone, cutoff)
    went = snoozes.planned_on_day(session, who.patient_id, since, until, but=moved)
    coming = {one for one in planned if max(since, moment.study) < one < until}
    return went + len(coming) < first.protocol.daily_cap


def _plan(parts: Parts, session: Session, who: Found, at: datetime, moment: Moment) -> None:
    """Held up until shortly before the protocol's next reminder, it is dropped: two texts would come at once."""
    zone = zones.zone(who.zone)
    waiting = _rung(parts, session, who, moment)
    carried = [one for one in waiting if at < one.end]
    latest = max(reminders.not_after(at, one.end, one.protocol.late_message) for one in carried)
    usual = [one - SOONEST for one in _planned(parts, session, who, waiting, moment) if one > at]
    made = messages.queue(
        session,
        dedupe_key=snoozes.next_key(session, who.patient_id),
        site_id=who.site_id,
        patient_id=who.patient_id,
        staff_id=None,
        template="reminder",
        language=who.language,
        due_at=at,
        not_after=min([latest, *usual]),
    )
    assert made is not None
    snoozes.keep_steps(session, [(one.row.assessment_id, _step(one.row, at, zone)) for one in carried], at, made)


def _step(row: Any, at: datetime, zone: Any) -> str:
    several = (row.closes_at - row.opens_at).days > 1
    return step_key(at, zone, row.day, several_days=several)


def _note(session: Session, who: Found, kind: str, said: dict[str, str], moment: Moment) -> None:
    patient = lock_patient(session, who.patient_id)
    record(session, patient, kind, said, patient_actor(who.number), moment.study)
