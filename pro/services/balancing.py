"""Does the ledger balance? Looked at wherever something happened, for the price of what is new; recounted at night."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from pro.clock import Moment
from pro.domain.ledger import Balance
from pro.services.parts import Parts
from pro.services.reminding import steps_of
from pro.store import ledger
from pro.store.engine import Connected
from pro.store.ledger import Look

log = logging.getLogger(__name__)

IN_FLIGHT = timedelta(minutes=1)
"""No transaction of ours lasts so long: what has a lower number than what was seen then is committed by now."""
RECOUNT = timedelta(hours=20)
RECOUNTED = timedelta(days=3)
"""How far back the nightly recount goes, by study time."""
PAGE = 2000


def check(parts: Parts, moment: Moment) -> Balance:
    """Looks at what came since the last check; where that balances the mark moves on, else it stays and is seen again."""
    with parts.study.plain_reading() as session:
        found = ledger.look(session)
    if not found.balance.holds:
        log.error("the ledger does not balance: %s", found.balance)
        return found.balance
    values = _moved(found, moment.running)
    if values:
        with parts.study.plain_writing() as session:
            ledger.keep(session, values)
    return found.balance


def _moved(found: Look, now: datetime) -> dict[str, object]:
    """The marks go to what was seen a while ago: on PostgreSQL a lower number may be committed after a higher one."""
    mark = found.mark
    if mark.seen_at is not None and timedelta(0) <= now - mark.seen_at < IN_FLIGHT:
        return {}
    if (found.message_to, found.event_to) == (mark.message_to, mark.event_to):
        return {}
    return {
        "message_to": mark.seen_message,
        "event_to": mark.seen_event,
        "seen_message": found.message_to,
        "seen_event": found.event_to,
        "seen_at": now,
    }


def recount_if_due(parts: Parts, moment: Moment) -> Balance | None:
    """The nightly recount of the last days; every hour while it finds something. None where it was not its time."""
    with parts.study.plain_reading() as session:
        mark = ledger.mark(session)
    if not mark.recount and mark.recounted_at is not None and moment.running - mark.recounted_at < RECOUNT:
        return None
    found = recount(parts, moment.study - RECOUNTED)
    with parts.study.plain_writing() as session:
        ledger.keep(session, {"recounted_at": moment.running, "recount": "" if found.holds else str(found)})
    return found


def recount(parts: Parts, since: datetime | None = None) -> Balance:
    """Every step against every message, and each closed assessment against its protocol; all of them without `since`.

    Reads a page at a time and writes nothing. With `since` the days from then to `RECOUNTED` later, each by itself, so
    that the price is that of these days.
    """
    with parts.study.plain_reading() as session:
        total = ledger.count_messages(session, since)
    days = (None,) if since is None else [since.date() + timedelta(days=n) for n in range(RECOUNTED.days + 2)]
    return total + Balance(uncounted=sum(_uncounted(parts, day) for day in days))


def _uncounted(parts: Parts, day: date | None) -> int:
    after, uncounted = 0, 0
    while True:
        with parts.study.plain_reading() as session:
            after, more = _page(parts, session, after, day)
        uncounted += more
        if not after:
            return uncounted


def _page(parts: Parts, session: Connected, after: int, day: date | None) -> tuple[int, int]:
    """The last assessment of the page (0 after the last page), and its planned steps that the ledger lacks."""
    rows = ledger.closed_page(session, after, day, PAGE)
    if not rows:
        return 0, 0
    kept = ledger.steps_between(session, rows[0].assessment_id, rows[-1].assessment_id, day)
    missing = sum((row.assessment_id, step.step) not in kept for row in rows for step in steps_of(parts, row).steps)
    return (rows[-1].assessment_id if len(rows) == PAGE else 0), missing
