"""What became of each message and each step of one patient: planned, queued, sent, delivered, opened, answered, or why
not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.ledger import Fate, fate
from pro.domain.ledger import Step as Known
from pro.domain.message import State
from pro.domain.protocol import Protocol
from pro.domain.reminders import leaves_at
from pro.domain.schedule import PlannedReminder, steps_of
from pro.library import Library
from pro.services.enrolment import journeys
from pro.services.enrolment.holding import kind_of_excuse, why_unsent
from pro.services.enrolment.journeys import Coming, Foretold
from pro.services.parts import Parts
from pro.store import desk_messages
from pro.store.desk import Found

AHEAD = timedelta(days=3)
"""How far what is planned is listed."""
COMING = 3
"""Instants of it."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One message, or the steps of one instant that none carried."""

    at: datetime
    """When it was or is due."""
    fate: Fate
    template: str
    announces: tuple[tuple[str, date], ...]
    """Timepoint and day of each assessment it was for."""
    staff: str | None = None
    why: str | None = None
    """Why it was not sent or not delivered, or will not be sent: a reason's or the provider's code."""
    failed: bool = False
    """It was to leave, and the provider did not take it."""
    leaves_at: datetime | None = None
    """When it will leave, where quiet hours hold it up."""
    zone: str | None = None
    """Whose clocks it goes by, where the patient will have travelled by then."""
    quiet_in: str | None = None
    """The zone whose quiet hours will silence it."""
    sent_at: datetime | None = None
    delivered: bool = False
    """By a receipt."""
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    """When Start was pressed first for what it announces, where that was after it left."""
    answered_at: datetime | None = None


def followed(session: Session, parts: Parts, found: Found, moment: Moment, limit: int) -> tuple[Followed, ...]:
    """A patient's messages and steps, the newest first: up to `limit` that are due, and the next that are planned."""
    now = moment.study
    rows = desk_messages.of_patient(session, found.patient_id, now + AHEAD, limit)
    unreached = "no-number" if found.number_wrong_at else None
    past = [
        *_messages(session, rows, unreached),
        *_unsent(desk_messages.unsent_steps_of(session, found.patient_id, limit)),
    ]
    newest = sorted(past, key=lambda one: one.at, reverse=True)[:limit]
    planned = () if found.withdrawn_at or found.study_ended_at else _planned(session, parts, found, moment)
    return (*reversed(planned), *newest)


def _messages(session: Session, rows: Sequence[Found], unreached: str | None) -> Iterator[Followed]:
    ids = [row.id for row in rows]
    carried: dict[int, list[Found]] = {}
    for each in desk_messages.carried(session, ids) if ids else ():
        carried.setdefault(each.message_id, []).append(each)
    delivered = desk_messages.delivered(session, ids) if ids else {}
    for row in rows:
        one = _message(row, carried.get(row.id, ()), delivered.get(row.id))
        idle = _idle(one, carried.get(row.id, ()), unreached)
        yield replace(one, fate=Fate.PLANNED, why=idle) if idle else one


def _idle(one: Followed, carried: Sequence[Found], unreached: str | None) -> str | None:
    """Why a message that waits will come to nothing when its time comes, where that is known already."""
    if one.fate is not Fate.QUEUED or one.template != "reminder":
        return None
    if carried and all(each.submitted_at for each in carried):
        return "submitted"
    return unreached


def _message(row: Found, carried: Sequence[Found], delivered_at: datetime | None) -> Followed:
    came = fate(Known(State(row.state), None, bool(row.opened), bool(row.answered)))
    opened = [one.started_at for one in carried if one.started_at and one.started_at >= (row.sent_at or row.due_at)]
    return Followed(
        at=row.due_at,
        fate=came,
        template=row.template,
        announces=tuple((one.timepoint, one.day) for one in carried),
        staff=row.staff_name,
        why=_why(row.error, carried) if came in (Fate.NOT_SENT, Fate.NOT_DELIVERED) else None,
        failed=row.state == State.FAILED,
        sent_at=row.sent_at,
        delivered=row.state == State.DELIVERED,
        delivered_at=delivered_at,
        opened_at=min(opened, default=None) if came in (Fate.OPENED, Fate.ANSWERED) else None,
        answered_at=max(one.submitted_at for one in carried) if came is Fate.ANSWERED else None,
    )


def _why(error: str | None, carried: Sequence[Found]) -> str | None:
    whys = {why_unsent(error or "", one.excused_why) for one in carried}
    return whys.pop() if error and len(whys) == 1 else error


def _unsent(rows: Iterable[Found]) -> Iterator[Followed]:
    """A line for each instant and reason: one message would have carried its steps."""
    for (at, why), steps in groupby(rows, key=lambda row: (row.planned_at, why_unsent(row.why_none, row.excused_why))):
        announces = tuple((step.timepoint, step.day) for step in steps)
        yield Followed(at, Fate.NOT_SENT, "reminder", announces, why=why)


def _planned(session: Session, parts: Parts, found: Found, moment: Moment) -> tuple[Followed, ...]:
    """The next instants at which the patient will be reminded or would be, the nearest first; with a journey to come."""
    until = moment.study + AHEAD
    journey = journeys.coming(parts, session, found.patient_id, moment)
    change = None if journey is None else journey.made_at
    now = _by_clocks_of_now(session, parts.library, found, moment.study)
    told = [each for each in now if change is None or each.at < change]
    told += () if journey is None else journey.reminders
    at: dict[tuple[datetime, str], list[Foretold]] = {}
    for each in told:
        if moment.study < each.at <= until:
            at.setdefault((each.at, each.excused), []).append(each)
    unasked = "opted-out" if found.opted_out_at else "no-number" if found.number_wrong_at else None
    to_go = [_to_go(at[one], one[1] or unasked, found.zone) for one in sorted(at)[:COMING]]
    return tuple(to_go if journey is None else (_on_the_way(one, journey) for one in to_go))


def _on_the_way(one: Followed, journey: Coming) -> Followed:
    """Quiet hours go by the new clocks before the first day by them opens."""
    zone = journey.stay.zone
    quiet_in = zone if one.quiet_in and one.at >= journey.made_at else one.quiet_in
    return replace(one, quiet_in=quiet_in, zone=zone if one.at >= journey.opens else None)


def _by_clocks_of_now(session: Session, library: Library, found: Found, now: datetime) -> Iterator[Foretold]:
    zone = zones.zone(found.zone)
    for row in desk_messages.to_come(session, found.patient_id, now, now + AHEAD):
        protocol = library.protocol(row.protocol, row.protocol_version)
        for step in _steps(protocol, row, found.zone):
            leaves = leaves_at(step.at, row.closes_at, zone, protocol.quiet_hours, protocol.late_message)
            excused = kind_of_excuse(row.excused_why)
            yield Foretold(row.timepoint, row.day, step.at, leaves, moves=False, excused=excused)


def _to_go(steps: Sequence[Foretold], silent: str | None, zone: str) -> Followed:
    """What one message will carry, or would but for what silences it; it leaves while any of its steps may."""
    at, leaves = steps[0].at, max((one.leaves_at for one in steps if one.leaves_at and not silent), default=None)
    announces = tuple((one.timepoint, one.day) for one in steps)
    why = silent or ("quiet-hours" if leaves is None else None)
    quiet_in = zone if why == "quiet-hours" else None
    return Followed(at, Fate.PLANNED, "reminder", announces, why=why, leaves_at=leaves, quiet_in=quiet_in)


def _steps(protocol: Protocol, row: Found, zone: str) -> tuple[PlannedReminder, ...]:
    clocks = zones.zone(row.clocks or zone)
    return steps_of(protocol.timepoint(row.timepoint), row.day, row.opens_at, row.closes_at, clocks, protocol.cutoff)
