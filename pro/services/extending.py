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


def extend(
    parts: Parts, actor: Actor, which: Which, until: datetime, reason: str, moment: Moment
) -> tuple[Extended, ...]:
    """Lets these windows end at `until` (an aware instant); what ends later anyway is left alone.

    Answers up to then count as on time. Each window is one event in its patient's chain; bells and links follow.
    ValueError, in one line, for an instant that has passed or is too far, and for a missing or long reason.
    """
    if until <= moment.study:
        raise ValueError(f"{until.isoformat()} has passed: give an instant that is still to come")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise ValueError(f"say why, in up to {LONGEST_REASON} characters")
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
        for row in windows.open_of(session, patient_id, moment.study):
            end = row.late_until or row.closes_at
            if not _wanted(row, which) or end >= until:
                continue
            if until - end > LONGEST:
                raise ValueError(f"{patient.number} {row.timepoint} {row.day} ends at {end:%Y-%m-%d %H:%M} UTC: {_FAR}")
            if _extend(parts, session, row, until, moment):
                payload = {"timepoint": row.timepoint, "day": row.day, "from": end, "until": until, "reason": reason}
                record(session, patient, "window.extended", payload, actor, moment.study)
                done.append(Extended(patient.number, row.timepoint, row.day, end, until))
    return done


_FAR = f"it may be extended by {LONGEST.days} days at most"


def _wanted(row: Found, which: Which) -> bool:
    return which.timepoint in (None, row.timepoint) and which.day in (None, row.day)


def _extend(parts: Parts, session: Session, row: Found, until: datetime, moment: Moment) -> bool:
    bell = next_bell(steps_of(parts, row).steps, until, moment.study)
    return windows.extend(session, row.id, until, bell)
