"""A patient's course as the desk reads it: where the patient lives and lived, what is on hold or paused, what was done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.domain.schedule import patient_day
from pro.domain.zones import zone
from pro.services import anchoring, audit_trail
from pro.services.audit_trail import Entry
from pro.services.calendars import calendar_of
from pro.services.parts import Parts
from pro.store import courses, desk, trail
from pro.store.desk import Found

KINDS = tuple(
    f"patient.{name}"
    for name in (
        "zone-changed", "zone-planned", "zone-unplanned", "held", "resumed", "paused", "unpaused", "ended", "event",
        "withdrawn",
    )
)  # fmt: skip
"""Events of the trail that the page lists."""
LISTED = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a patient is asked at the moment, for lists and headings."""

    withdrawn_at: datetime | None = None
    ended_at: datetime | None = None
    held_at: datetime | None = None
    paused_until: date | None = None
    """The last day of the pause that holds today."""
    pauses_from: date | None = None
    """The first day of the next one, where none holds."""
    opted_out_at: datetime | None = None
    """Since when the patient wants no messages."""
    travels_from: date | None = None
    """The first day elsewhere, of a journey to come."""

    @property
    def is_asked(self) -> bool:
        return not (self.withdrawn_at or self.ended_at or self.held_at or self.paused_until)


@dataclass(frozen=True, slots=True)
class Stay:
    zone: str
    from_day: date
    """The first patient-day by these clocks; in the first zone, day 0."""


@dataclass(frozen=True, slots=True)
class Paused:
    id: int
    first: date
    last: date
    why: str
    over: bool


@dataclass(frozen=True, slots=True)
class Course:
    patient_id: int
    number: str
    site_id: int
    site_zone: str
    zone: str
    today: date
    day0: date
    protocol: Protocol
    standing: Standing
    held_why: str | None
    ended_why: str | None
    stays: tuple[Stay, ...]
    """The newest last."""
    journey: Stay | None
    """A change of zone that is to come."""
    pauses: tuple[Paused, ...]
    events: tuple[str, ...]
    """What staff may report and the protocol counts from."""
    history: tuple[Entry, ...]

    def zone_at(self, at: datetime) -> str:
        """The zone by whose clocks something of that instant is told."""
        return zone_at(self.stays, at, self.protocol.cutoff)


def course(parts: Parts, found: Found, moment: Moment) -> Course:
    """Everything the page of a patient's course shows."""
    protocol = parts.library.protocol(found.protocol, found.protocol_version)
    with parts.study.reading() as session:
        today = calendar_of(session, found.patient_id, found.zone, protocol.cutoff).holds(moment.study)
        coming = courses.journey_of(session, found.patient_id)
        pauses = courses.pauses_of(session, [found.patient_id])
        return Course(
            patient_id=found.patient_id,
            number=found.number,
            site_id=found.site_id,
            site_zone=desk.sites(session, [found.site_id])[0].zone,
            zone=found.zone,
            today=today,
            day0=found.day0,
            protocol=protocol,
            standing=_standing(found, pauses, today, None if coming is None else coming.from_day),
            held_why=found.held_why,
            ended_why=found.ended_why,
            stays=stays(session, found),
            journey=None if coming is None else Stay(coming.zone, coming.from_day),
            pauses=tuple(Paused(each.id, each.first, each.last, each.why, each.last < today) for each in pauses),
            events=anchoring.reportable(protocol),
            history=_history(session, found.number),
        )


def stays(session: Session, found: Found) -> tuple[Stay, ...]:
    """The zones lived in, one after the other; what was given up before it began is not among them."""
    return _lived(found, courses.stays(session, found.patient_id))


def stays_of(session: Session, patients: Iterable[Found]) -> dict[int, tuple[Stay, ...]]:
    """The same of several patients in one statement; each row has `patient_id`, `zone` and `day0`."""
    known = {each.patient_id: each for each in patients if each.patient_id is not None}
    rows: dict[int, list[Found]] = {}
    for row in courses.stays_of(session, known) if known else ():
        rows.setdefault(row.patient_id, []).append(row)
    return {id_: _lived(each, rows.get(id_, ())) for id_, each in known.items()}


def _lived(found: Found, rows: Sequence[Found]) -> tuple[Stay, ...]:
    listed = [Stay(row.zone, row.from_day) for row in rows] or [Stay(found.zone, found.day0)]
    kept = [one for n, one in enumerate(listed) if n == 0 or one.zone != listed[n - 1].zone]
    first = Stay(kept[0].zone, min(kept[0].from_day, found.day0))
    return (first, *kept[1:])


def zone_at(lived: Sequence[Stay], at: datetime, cutoff: time) -> str:
    """The zone by whose clocks the patient-day of that instant goes; before the first stay, that of the first."""
    here = (stay.zone for stay in reversed(lived) if patient_day(at, zone(stay.zone), cutoff) >= stay.from_day)
    return next(here, lived[0].zone)


def standings(session: Session, patients: Sequence[Found], protocol: Protocol, now: datetime) -> Mapping[int, Standing]:
    """How each of these patients stands, in two statements."""
    pauses: dict[int, list[Found]] = {}
    ids = [each.patient_id for each in patients]
    for row in courses.pauses_of(session, ids, now.date()) if ids else ():
        pauses.setdefault(row.patient_id, []).append(row)
    leave = {row.patient_id: row.from_day for row in courses.journeys_of(session, ids)} if ids else {}
    return {
        each.patient_id: _standing(
            each,
            pauses.get(each.patient_id, ()),
            patient_day(now, zone(each.zone), protocol.cutoff),
            leave.get(each.patient_id),
        )
        for each in patients
    }


def _standing(found: Found, pauses: Collection[Found], today: date, travels_from: date | None) -> Standing:
    until = max((each.last for each in pauses if each.first <= today <= each.last), default=None)
    coming = min((each.first for each in pauses if each.first > today), default=None)
    coming = None if until else coming
    return Standing(
        found.withdrawn_at, found.study_ended_at, found.held_at, until, coming, found.opted_out_at, travels_from
    )


def _history(session: Session, number: str) -> tuple[Entry, ...]:
    rows = trail.of_kinds(session, f"{trail.PREFIX}{number}", KINDS, LISTED)
    return tuple(audit_trail.entry_of(row) for row in rows)
