"""Figures of what was sent to patients, for the first screen: the week, the line of the day, and who stopped it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from pro.store import desk, desk_messages, desk_tasks
from pro.store.desk import Found

LAST_DAYS = timedelta(days=7)
"""Messages are counted over so long."""
NAMED = 5
"""Patients whose messages failed, on one screen."""
STOPS = 5
"""Patients who stopped the messages, on one screen."""


@dataclass(frozen=True, slots=True)
class MessageFigures:
    """Messages due to patients in the last days; `sent` of `due` without what failed, and what became of them."""

    due: int
    sent: int
    delivered: int
    awaiting: int
    failed: int
    waiting: int
    """Due and not yet at the provider."""
    unknown: int
    dropped: int
    no_number: int
    """Of the dropped: there was no number to send them to."""
    failed_numbers: tuple[str, ...]
    """Patients of those that failed, the newest first: as many as are named."""
    failed_others: int
    """Patients of those that failed beyond the named ones."""


@dataclass(frozen=True, slots=True)
class SentLine:
    """One line of what left since the patient-day began, or on the day before while nothing was due; what nobody
    needed is not counted."""

    sent: int
    due: int
    yesterday: bool
    unreachable: int
    """Patients whose number has to be checked."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A patient who wants no messages any more."""

    number: str
    at: datetime


def sent_of(
    session: Session, ids: Collection[int], yesterday: datetime, today: datetime, now: datetime
) -> tuple[MessageFigures, SentLine]:
    """The last days and the line of the day; `yesterday` and `today` are when those patient-days opened."""
    since = now - LAST_DAYS
    before, day_before, day = desk_messages.counts_from(session, ids, (since, yesterday, today), now)
    failed = desk_messages.failed_patients(session, ids, since, now, NAMED)
    week = figures_of(Counter(before) + Counter(day_before) + Counter(day), failed)
    line, other = figures_of(day), figures_of(day_before)
    shown = line if line.due else other
    unreachable = desk_tasks.count_unreachable(session, ids)
    return week, SentLine(shown.sent, shown.due, bool(not line.due and other.due), unreachable)


def stopped(session: Session, ids: Collection[int], now: datetime) -> tuple[Stopped, ...]:
    """The newest first, one more than are shown where there are more."""
    rows = desk.stopped(session, ids, now - LAST_DAYS, STOPS + 1)
    return tuple(Stopped(row.number, row.opted_out_at) for row in rows)


def figures_of(counts: dict[str, int], failed_patients: Sequence[Found] = ()) -> MessageFigures:
    """Counts by state as the desk says them; what was dropped was never to be sent and stands apart."""
    failed = counts.get("failed", 0) + counts.get("undelivered", 0)
    sent = counts.get("sent", 0) + counts.get("delivered", 0)
    waiting = counts.get("pending", 0) + counts.get("claimed", 0)
    unknown = counts.get("sending", 0)
    return MessageFigures(
        due=sent + failed + waiting + unknown,
        sent=sent,
        delivered=counts.get("delivered", 0),
        awaiting=counts.get("sent", 0),
        failed=failed,
        waiting=waiting,
        unknown=unknown,
        dropped=counts.get("dropped", 0) + counts.get("no-number", 0),
        no_number=counts.get("no-number", 0),
        failed_numbers=tuple(row.number for row in failed_patients),
        failed_others=failed_patients[0].in_all - len(failed_patients) if failed_patients else 0,
    )
