"""One question before a tick begins: is there anything to do? It costs what is due, not how many are enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, bindparam, false, func, or_, select

from pro.store import courses, states
from pro.store.engine import Connected
from pro.store.tables import metadata

_t = metadata.tables
_assessment, _flare, _message, _counter = _t["assessment"], _t["flare"], _t["message"], _t["counter"]

HOURS_SWEEP = "hour's sweep"
"""Its key among the counters."""

_study: BindParameter[datetime] = bindparam("study")
_running: BindParameter[datetime] = bindparam("running")
# The first bell by its index, held against the clock afterwards: asked for those before an instant that it does not
# know yet, PostgreSQL expects a third of all and reads the table from its beginning, which in the end holds none.
_rung = select(func.min(_assessment.c.next_at)).where(_assessment.c.next_at.is_not(None)).scalar_subquery() <= _study
_untold = (
    select(func.min(_flare.c.next_tell_at))
    .where(_flare.c.next_tell_at.is_not(None), _flare.c.ended_at.is_(None), _flare.c.acknowledged_at.is_(None))
    .scalar_subquery()
    <= _study
)
_waiting = select(1).where(
    states.PENDING,
    _message.c.due_at <= _study,
    or_(_message.c.lease_until.is_(None), _message.c.lease_until <= _running),
)
_doubtful = select(1).where(states.HELD, _message.c.lease_until <= _running)
_readable = select(1).where(states.READABLE)
_silent = select(1).where(states.NO_RECEIPT, _message.c.sent_at < bindparam("no_receipt_since"))
_swept = select(1).where(_counter.c.key == HOURS_SWEEP, _counter.c.window >= bindparam("hour"))
_look = select(
    or_(_rung, _untold, *(one.exists() for one in (_waiting, _doubtful, _readable, _silent))).label("work"),
    _swept.exists().label("swept"),
    func.coalesce(courses.first_bell <= _study, false()).label("journeys"),
)


@dataclass(frozen=True, slots=True)
class Due:
    """What one look found: whether anything waits, whether this hour's sweep was done, whether a journey is due."""

    work: bool
    swept: bool
    journeys: bool


def look(session: Connected, study: datetime, running: datetime, no_receipt: timedelta) -> Due:
    """`study` and `running` are the two clocks; `no_receipt` is how long a text waits for its receipt."""
    values = {
        "study": study,
        "running": running,
        "no_receipt_since": study - no_receipt,
        "hour": study.replace(minute=0, second=0, microsecond=0),
    }
    row = session.connection().execute(_look, values).one()
    return Due(bool(row.work), bool(row.swept), bool(row.journeys))
