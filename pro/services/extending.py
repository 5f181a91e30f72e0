"""A window is extended by somebody's decision, with a reason that stands in the trail; never by itself.

What is closed stays closed: it is counted, explained and judged for flares. After an outage the decision is taken
before the worker starts again, or for what is still open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.reminders import next_bell
from pro.services.audit import Actor, lock_patient, record
from pro.services.parts import Parts
from pro.services.reminding import steps_of
from pro.store import windows
from pro.store.sittings import Found

LONGEST = timedelta(days=7)
"""No window ends later than this after its planned end: what is asked would be about another time."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Which:
    """Windows that are open at a site: of one patient, one timepoint, one day, where those are given."""

    site_id: int
    number: str | None = None
    timepoint: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Extended:
    number: str
    timepoint: str
    day: date
    planned: datetime
    """Its end before."""
    until: datetime


class NotExtended(ValueError):
    """Nothing was extended; the message is one line for the person who asked, `why` a code for pages."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(said)
        self.why = why


@dataclass(frozen=True, slots=True)
class Open:
    """The windows of one timepoint and day that are open at a site."""

    timepoint: str
    day: date
    patients: int
    hit: int
    """Of these: a reminder was not sent because it was too late, or still waits to be."""
    first_end: datetime
    last_end: datetime


def open_windows(parts: Parts, site_id: int, moment: Moment) -> tuple[Open, ...]:
    """What could be extended at a site, the newest day first."""
    with parts.study.reading() as session:
        return tuple(Open(*row) for row in windows.open_at(session, site_id, moment.study))


def foresee(parts: Parts, which: Which, until: datetime, reason: str, moment: Moment) -> tuple[Extended, ...]:
    """What `extend` would do; changes nothing. Refuses what it does."""
    _possible(until, reason, moment)
    with parts.study.reading() as session:
        return tuple(
            Extended(row.number, row.timepoint, row.day, row.late_until or row.closes_at, until)
            for patient_id in windows.patients_with_open(session, which.site_id, moment.study, which.number)
            for row in _rows(session, patient_id, which, until, moment)
        )


def extend(
    parts: Parts, actor: Actor, which: Which, until: datetime, reason: str, moment: Moment
) -> tuple[Extended, ...]:
    """Lets these windows end at `until` (an aware instant); what ends later anyway is left alone.

    Answers up to then count as on time. Each window is one event in its patient's chain; bells and links follow.
    ValueError, in one line, for an instant that has passed or is too far, and for a missing or long reason.
    """
    _possible(until, reason, moment)
    with parts.study.reading() as session:
        patients = windows.patients_with_open(session, which.site_id, moment.study, which.number)
    return tuple(
        one for id_ in patients for one in _of_patient(parts, actor, id_, which, until, reason.strip(), moment)
    )


def _of_patient(
    parts: Parts, actor: Actor, patient_id: int, which: Which, until: datetime, reason: str, moment: Moment
) -> list[Extended]:
    done = []
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        for row in _rows(session, patient_id, which, until, moment):
            end = row.late_until or row.closes_at
            if _extend(parts, session, row, until, moment):
                payload = {"timepoint": row.timepoint, "day": row.day, "from": end, "until": until, "reason": reason}
                record(session, patient, "window.extended", payload, actor, moment.study)
                done.append(Extended(patient.number, row.timepoint, row.day, end, until))
    return done


def _possible(until: datetime, reason: str, moment: Moment) -> None:
    if until <= moment.study:
        raise NotExtended("past", f"{until.isoformat()} has passed: give an instant that is still to come")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise NotExtended("no-reason", f"say why, in up to {LONGEST_REASON} characters")


def _rows(session: Session, patient_id: int, which: Which, until: datetime, moment: Moment) -> list[Found]:
    """The open windows of this patient that are meant and would end earlier."""
    meant = [row for row in windows.open_of(session, patient_id, moment.study) if _wanted(row, which)]
    earlier = [row for row in meant if (row.late_until or row.closes_at) < until]
    for row in earlier:
        end = row.late_until or row.closes_at
        if until - end > LONGEST:
            said = f"{row.number} {row.timepoint} {row.day} ends at {end:%Y-%m-%d %H:%M} UTC: {_FAR}"
            raise NotExtended("too-far", said)
    return earlier


_FAR = f"it may be extended by {LONGEST.days} days at most"


def _wanted(row: Found, which: Which) -> bool:
    return which.timepoint in (None, row.timepoint) and which.day in (None, row.day)


def _extend(parts: Parts, session: Session, row: Found, until: datetime, moment: Moment) -> bool:
    bell = next_bell(steps_of(parts, row).steps, until, moment.study)
    return windows.extend(session, row.id, until, bell)
