"""Messages as the desk reads them: what was sent, what became of it, and why some were not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from pro.clock import Moment
from pro.library import Library
from pro.services import courses
from pro.services.access import Identity, Right
from pro.services.courses import Stay
from pro.services.enrolment.holding import why_unsent
from pro.services.messages_sent import LAST_DAYS, MessageFigures, figures_of
from pro.services.overview import Place, read_places
from pro.services.parts import Parts
from pro.store import desk_messages
from pro.store.desk import Found

PAGE = 50
STEPS = 30

Filter = Literal["all", "failed", "waiting", "not-sent"]
STATES: dict[Filter, tuple[str, ...]] = {
    "all": (),
    "failed": ("failed", "undelivered"),
    "waiting": ("pending", "claimed", "sending", "sent"),
    "not-sent": ("dropped",),
}

Lived = Mapping[int, Sequence[Stay]]
"""Where each patient lived, the newest last."""


@dataclass(frozen=True, slots=True)
class Text:
    """One message."""

    id: int
    due_at: datetime
    template: str
    state: str
    at: datetime | None
    """When it last changed; None while it only waits."""
    error: str | None
    number: str | None
    staff: str | None
    zone: str | None
    """The zone whose clocks the patient saw then; None where it concerns no patient."""
    opened: bool = False
    """Start was pressed on the page behind its link."""
    answered: bool = False
    """Everything that it announces was sent in."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A reminder step that no message carried."""

    number: str
    timepoint: str
    day: date
    planned_at: datetime
    why: str
    zone: str
    """The zone whose clocks the patient saw then."""


@dataclass(frozen=True, slots=True)
class Outbox:
    places: tuple[Place, ...]
    figures: MessageFigures
    texts: tuple[Text, ...]
    unsent: tuple[Unsent, ...]
    """Steps of the last days that no message carried."""
    next: tuple[datetime, int] | None


def page(
    parts: Parts, identity: Identity, moment: Moment, chosen: Filter, before: tuple[datetime, int] | None
) -> Outbox:
    """One screen of messages, the newest first."""
    ids = identity.sites(Right.SEE_MESSAGES)
    now = moment.study
    since = now - LAST_DAYS
    with parts.study.reading() as session:
        found = desk_messages.page(session, ids, now, before, STATES[chosen], PAGE + 1)
        today = now.date() + timedelta(days=1)
        steps = desk_messages.unsent_steps(session, ids, since.date(), today, STEPS) if before is None else []
        lived = courses.stays_of(session, (*found, *steps))
        return Outbox(
            places=read_places(session, ids),
            figures=figures_of(desk_messages.counts(session, ids, since, now)),
            texts=tuple(text_of(row, lived, parts.library) for row in found[:PAGE]),
            unsent=tuple(unsent_of(row, lived, parts.library) for row in steps),
            next=(found[PAGE - 1].due_at, found[PAGE - 1].id) if len(found) > PAGE else None,
        )


def text_of(row: Found, lived: Lived, library: Library) -> Text:
    at = row.sent_at if row.state in ("sent", "delivered", "undelivered", "failed") else None
    known = (row.id, row.due_at, row.template, row.state, at, row.error, row.number, row.staff_name)
    zone = _zone_at(row, row.due_at, lived, library) if row.patient_id in lived else None
    return Text(*known, zone, opened=bool(row.opened), answered=bool(row.answered))


def unsent_of(row: Found, lived: Lived, library: Library) -> Unsent:
    zone = _zone_at(row, row.planned_at, lived, library)
    return Unsent(row.number, row.timepoint, row.day, row.planned_at, why_unsent(row.why_none, row.excused_why), zone)


def _zone_at(row: Found, at: datetime, lived: Lived, library: Library) -> str:
    return courses.zone_at(lived[row.patient_id], at, library.protocol(row.protocol, row.protocol_version).cutoff)
