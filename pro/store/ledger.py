"""SQL of the ledger's balance: a look at what is new, and a recount. Decides nothing, commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, func, select, update

from pro.domain.ledger import NOTHING_CAME, Balance
from pro.domain.message import State
from pro.store import instants, snoozes
from pro.store.engine import Connected, insert_for
from pro.store.quick import met_often
from pro.store.sittings import Found
from pro.store.tables import metadata

_t = metadata.tables
_reminder, _message, _event = _t["reminder"], _t["message"], _t["message_event"]
_mark, _assessment, _patient = _t["ledger_mark"], _t["assessment"], _t["patient"]

AT_MOST = 20_000
"""Rows that one look goes over; what is left is next."""


@dataclass(frozen=True, slots=True)
class Mark:
    message_to: int = 0
    event_to: int = 0
    seen_message: int = 0
    seen_event: int = 0
    seen_at: datetime | None = None
    recounted_at: datetime | None = None
    recount: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What is wrong among what is new, and up to where was looked."""

    mark: Mark
    balance: Balance
    message_to: int
    event_to: int


_carried = select(1).where(_reminder.c.message_id == _message.c.id).exists()
_untold = and_(_reminder.c.message_id == _message.c.id, _reminder.c.why_none.is_(None))
_neither = and_(_reminder.c.message_id.is_(None), _reminder.c.why_none.is_(None))
_came_to_nothing = _message.c.state.in_(tuple(NOTHING_CAME))
_taken_back = and_(_message.c.state == State.DROPPED, _message.c.dedupe_key.startswith(snoozes.PREFIX))
"""Asked for and undone: asked for at the same time again, its step belongs to the newer message."""
_unexplained = (
    select(func.count())
    .select_from(_reminder)
    .where(_neither)
    # left to itself SQLite takes the index of messages, and goes over every step that has none: as many as the study is old
    .with_hint(_reminder, "INDEXED BY ix_reminder_unexplained", "sqlite")
)
_lonely = and_(_message.c.template == "reminder", ~_carried, ~_taken_back)

_newest = select(select(func.max(_message.c.id)).scalar_subquery(), select(func.max(_event.c.id)).scalar_subquery())
_new = select(
    _unexplained.scalar_subquery(),
    select(func.count())
    .select_from(_message)
    .where(_message.c.id > bindparam("message_from"), _message.c.id <= bindparam("message_to"), _lonely)
    .scalar_subquery(),
    select(func.count())
    .select_from(_event)
    .join(_message, _message.c.id == _event.c.message_id)
    .join(_reminder, _untold)
    .where(_event.c.id > bindparam("event_from"), _event.c.id <= bindparam("event_to"))
    .where(_event.c.kind.in_(tuple(NOTHING_CAME)), _came_to_nothing)
    .scalar_subquery(),
)
_marks = select(_mark).where(_mark.c.id == 1)


def mark(session: Connected) -> Mark:
    row = session.connection().execute(_marks).first()
    return Mark() if row is None else Mark(*(getattr(row, name) for name in Mark.__slots__))


def look(session: Connected) -> Look:
    """Steps without message or reason, and what came since the mark. Three statements, each from an index."""
    connection, at = session.connection(), mark(session)
    newest = connection.execute(_newest).one()
    message_to = min(newest[0] or 0, at.message_to + AT_MOST)
    event_to = min(newest[1] or 0, at.event_to + AT_MOST)
    values = {"message_from": at.message_to, "message_to": message_to, "event_from": at.event_to, "event_to": event_to}
    neither, lonely, told_nothing = connection.execute(_new, values).one()
    return Look(at, Balance(neither=neither, lonely=lonely, told_nothing=told_nothing), message_to, event_to)


def keep(session: Connected, values: dict[str, object]) -> None:
    """Writes these columns of the one row."""
    connection = session.connection()
    first = {"id": 1, "message_to": 0, "event_to": 0, "seen_message": 0, "seen_event": 0, "recount": "", **values}
    connection.execute(_kept(insert_for(connection), tuple(first), tuple(values)), first)


@lru_cache
def _kept(insert: Any, names: tuple[str, ...], changed: tuple[str, ...]) -> Any:
    made = insert(_mark).values({name: bindparam(name) for name in names})
    return made.on_conflict_do_update(index_elements=["id"], set_={name: made.excluded[name] for name in changed})


def forget(session: Connected) -> None:
    """Looks at everything again from the beginning."""
    session.connection().execute(update(_mark).values(message_to=0, event_to=0, seen_message=0, seen_event=0))


# The recount

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_everywhere = select(_t["site"].c.id)
"""Every site by name, so that an index that begins with the site finds the days."""
_recent = and_(_message.c.site_id.in_(_everywhere), _message.c.due_at >= bindparam("since"))
_recount = (
    _unexplained,
    select(func.count()).select_from(_message).join(_reminder, _untold).where(_came_to_nothing, _recent),
    select(func.count()).select_from(_message).where(_lonely, _recent),
)
_closed_page = met_often(
    select(
        _assessment.c.id.label("assessment_id"),
        *(_assessment.c[name] for name in ("timepoint", "day", "protocol", "protocol_version")),
        *instants.COLUMNS,
        _assessment.c.clocks,
        _patient.c.zone,
    )
    .join_from(_assessment, _patient, _assessment.c.patient_id == _patient.c.id)
    .where(_assessment.c.id > bindparam("after"), _assessment.c.closed_at.is_not(None))
    .order_by(_assessment.c.id)
    .limit(bindparam("at_most"))
)
_between = select(_reminder.c.assessment_id, _reminder.c.step).where(
    _reminder.c.assessment_id.between(bindparam("first"), bindparam("last"))
)
_on_day = and_(_assessment.c.site_id.in_(_everywhere), _assessment.c.day == bindparam("day"))
_closed_on_day = _closed_page.where(_on_day)
_between_on_day = _between.join(_assessment, _assessment.c.id == _reminder.c.assessment_id).where(_on_day)


def count_messages(session: Connected, since: datetime | None) -> Balance:
    """Every step and every reminder; with `since` those due from then on (study time)."""
    connection = session.connection()
    return Balance(*(int(connection.execute(one, {"since": since or LONG_AGO}).scalar_one()) for one in _recount))


def closed_page(session: Connected, after: int, day: date | None, limit: int) -> Sequence[Found]:
    """Closed assessments, of one day or of all, by id from the one after `after`, with what plans their steps."""
    values = {"after": after, "at_most": limit}
    if day is None:
        return session.connection().execute(_closed_page, values).all()
    return session.connection().execute(_closed_on_day, values | {"day": day}).all()


def steps_between(session: Connected, first: int, last: int, day: date | None) -> set[tuple[int, str]]:
    """(assessment, step) of every row of the ledger in a range of assessments, of one day or of all."""
    values = {"first": first, "last": last}
    if day is None:
        return {(row[0], row[1]) for row in session.connection().execute(_between, values)}
    return {(row[0], row[1]) for row in session.connection().execute(_between_on_day, values | {"day": day})}


def oldest_bell(session: Connected, before: datetime) -> datetime | None:
    """The oldest bell that rang before `before` and that nobody answered; study time."""
    wanted = select(func.min(_assessment.c.next_at)).where(
        _assessment.c.next_at.is_not(None), _assessment.c.next_at <= before
    )
    found: datetime | None = session.connection().execute(wanted).scalar()
    return found
