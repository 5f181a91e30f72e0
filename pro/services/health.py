"""How the service is doing: for people, and for alarms that ring when messages stay behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from pro.clock import Moment
from pro.services.parts import Parts
from pro.store import health
from pro.store.engine import Database

TICKS = 3
"""A worker is late when its newest tick is older than so many intervals."""
DUE = timedelta(minutes=5)
UNKNOWN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Health:
    ok: bool
    problems: tuple[str, ...]
    facts: Mapping[str, object]
    """JSON-able."""


def is_alive(parts: Parts) -> bool:
    """Whether both databases answer; what the worker does is left out, for a dead worker must not close the diary."""
    return _answers(parts.study) and _answers(parts.contacts)


def look(parts: Parts, moment: Moment) -> Health:
    """Databases, worker, messages and ledger, with every reason for an alarm."""
    study, contacts = _answers(parts.study), _answers(parts.contacts)
    facts: dict[str, object] = {"databases": {"study": _word(study), "contacts": _word(contacts)}}
    problems = [] if contacts else ["the contacts database does not answer"]
    if not study:
        return Health(False, (*problems, "the study database does not answer"), facts)
    with parts.study.reading() as session:
        beat = health.newest_beat(session)
        due = health.oldest_due(session, moment.study)
        unknown, since = health.unknown_outcomes(session)
        ledger = health.ledger(session)
    tick_age = _age(beat.at if beat else None, moment.running)
    due_age, unknown_age = _age(due, moment.study), _age(since, moment.running)
    facts |= {
        "worker": {"tick_age_seconds": tick_age, "interval_seconds": beat.every if beat else None},
        "oldest_due_message_seconds": due_age,
        "unknown_outcome": {"messages": unknown, "oldest_seconds": unknown_age},
        "ledger": {
            "steps": ledger.steps,
            "with_message": ledger.with_message,
            "explained": ledger.explained,
            "balances": ledger.balances,
        },
        "study_time": moment.study.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if tick_age is None or beat is None:
        problems.append("no worker has ever ticked: start one with `pro worker`")
    elif tick_age > TICKS * beat.every:
        problems.append(f"the newest worker tick is {tick_age} s old")
    if due_age is not None and due_age > DUE.total_seconds():
        problems.append(f"a message is due since {due_age} s")
    if unknown_age is not None and unknown_age > UNKNOWN.total_seconds():
        problems.append(f"the outcome of {unknown} messages is unknown, the oldest for {unknown_age} s")
    if not ledger.balances:
        problems.append(
            f"the ledger does not balance: {ledger.neither} steps without message or reason, "
            f"{ledger.messages_without_step} reminders without a step"
        )
    return Health(not problems, tuple(problems), facts)


def _answers(database: Database) -> bool:
    try:
        with database.reading() as session:
            return health.answers(session)
    except SQLAlchemyError:
        return False


def _word(answers: bool) -> str:
    return "ok" if answers else "no answer"


def _age(since: datetime | None, now: datetime) -> int | None:
    """Whole seconds, never under 0."""
    return None if since is None else max(0, int((now - since).total_seconds()))
