"""How the service is doing: for people, and for alarms that ring when messages stay behind.

Every figure comes from an index or a bounded look, so that asking each minute costs the same however many are enrolled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from pro.clock import Moment
from pro.domain.ledger import Balance
from pro.services import enrolment
from pro.services.parts import Parts
from pro.store import health, ledger
from pro.store.engine import Database
from pro.store.health import Beat, Jump

TICKS = 3
"""A worker is late when its newest tick is older than so many intervals."""
SETTLES = timedelta(seconds=30)
"""The demonstration ticks every two seconds and moves its clock: what passes sooner is no alarm there."""
DUE = timedelta(minutes=5)
UNKNOWN = timedelta(minutes=30)
AHEAD = timedelta(minutes=1)
"""A tick that is so far in the future was written before the clock went back."""
JUMP_STANDS = timedelta(hours=1)
"""So long an alarm stands after the clock jumped: the trail keeps it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong, in `about` by one word, and what mends it."""

    about: str
    said: str
    mend: str


@dataclass(frozen=True, slots=True)
class Health:
    ok: bool
    alarms: tuple[Alarm, ...]
    facts: Mapping[str, object]
    """JSON-able."""
    calm_until: datetime | None = None
    """When the worker will be late unless it ticks again; running time. None where it never ticked."""

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(alarm.said for alarm in self.alarms)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the study database shows."""

    beat: Beat | None
    jump: Jump | None
    due: datetime | None
    """When the oldest message that waits was due, or the oldest bell that nobody answered rang; study time."""
    unknown: int
    unknown_since: datetime | None
    balance: Balance
    recount: str
    journey: datetime | None
    """When the oldest journey that nobody made was to be made; study time."""


def is_alive(parts: Parts) -> bool:
    """Whether both databases answer; what the worker does is left out, for a dead worker must not close the diary."""
    return _answers(parts.study) and _answers(parts.contacts)


def look(parts: Parts, moment: Moment) -> Health:
    """Databases, worker, messages, clock and ledger, with every reason for an alarm."""
    study, contacts = _answers(parts.study), _answers(parts.contacts)
    facts: dict[str, object] = {"databases": {"study": _word(study), "contacts": _word(contacts)}}
    alarms = [] if contacts else [_silent("contacts")]
    if not study:
        return Health(False, (*alarms, _silent("study")), facts)
    with parts.study.reading() as session:
        signs = _signs(parts, session, moment)
    demo = parts.settings.demo
    alarms += [each for each in _alarms(signs, moment, demo) if not (demo and each.about == "due")]
    beat = signs.beat
    calm_until = None if beat is None else beat.at + late_after(beat.every, demo)
    return Health(not alarms, tuple(alarms), facts | _facts(signs, moment), calm_until)


def late_after(every: int, demo: bool) -> timedelta:
    """How old the newest tick of a worker that ticks `every` so many seconds may be."""
    longest = TICKS * timedelta(seconds=every)
    return max(longest, SETTLES) if demo else longest


def start_worker(demo: bool) -> str:
    """How to start one; the demonstration's databases are found by its setting alone."""
    return "start `PRO_DEMO=1 pro worker`, or `make demo` again" if demo else "start `pro worker`"


def _signs(parts: Parts, session: Session, moment: Moment) -> Signs:
    unknown, since = health.unknown_outcomes(session)
    waits = (health.oldest_due(session, moment.study), ledger.oldest_bell(session, moment.study))
    found = ledger.look(session)
    return Signs(
        beat=health.newest_beat(session),
        jump=health.newest_jump(session),
        due=min((at for at in waits if at is not None), default=None),
        unknown=unknown,
        unknown_since=since,
        balance=found.balance,
        recount=found.mark.recount,
        journey=enrolment.overdue_since(parts, session, moment),
    )


def _facts(signs: Signs, moment: Moment) -> dict[str, object]:
    return {
        "worker": {
            "tick_age_seconds": _age(signs.beat.at if signs.beat else None, moment.running),
            "interval_seconds": signs.beat.every if signs.beat else None,
        },
        "oldest_due_message_seconds": _age(signs.due, moment.study),
        "overdue_journey_seconds": _age(signs.journey, moment.study),
        "unknown_outcome": {"messages": signs.unknown, "oldest_seconds": _age(signs.unknown_since, moment.running)},
        "ledger": {
            "balances": signs.balance.holds and not signs.recount,
            "steps_without_message_or_reason": signs.balance.neither,
            "reminders_without_a_step": signs.balance.lonely,
            "failures_without_a_reason": signs.balance.told_nothing,
        },
        "clock_jump_seconds": signs.jump.seconds if _jumped(signs.jump, moment) and signs.jump else None,
        "study_time": moment.study.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _alarms(signs: Signs, moment: Moment, demo: bool) -> Iterator[Alarm]:
    yield from _worker_alarms(signs.beat, moment, demo)
    due, unknown = _age(signs.due, moment.study), _age(signs.unknown_since, moment.running)
    if due is not None and due > DUE.total_seconds():
        mend = "see that `pro worker` runs, and what its log says of the provider; what is too late will not be sent"
        yield Alarm("due", f"a message is due since {due} s", mend)
    yield from _journey_alarms(signs, moment, demo)
    if unknown is not None and unknown > UNKNOWN.total_seconds():
        said = f"the outcome of {signs.unknown} messages is unknown, the oldest for {unknown} s"
        yield Alarm(
            "unknown", said, "the provider does not say what it sent: see its status page; nothing is sent twice"
        )
    if not signs.balance.holds or signs.recount:
        said = f"the ledger does not balance: {signs.recount if signs.balance.holds else signs.balance}"
        yield Alarm("ledger", said, "tell the developers, with what `pro doctor` says; messages go on")
    if signs.jump is not None and _jumped(signs.jump, moment):
        said = f"the system clock jumped by {signs.jump.seconds} s at {signs.jump.at:%Y-%m-%d %H:%M} UTC"
        yield Alarm(
            "clock", said, "see that the machine follows a time server (`timedatectl`), then restart `pro worker`"
        )


def _journey_alarms(signs: Signs, moment: Moment, demo: bool) -> Iterator[Alarm]:
    overdue = _age(signs.journey, moment.study)
    if overdue is None or signs.beat is None or overdue <= late_after(signs.beat.every, demo).total_seconds():
        return
    mend = "see that `pro worker` runs, and what its log says of `setting out`; or change the patient's place by hand"
    yield Alarm("journey", f"a patient's journey was to be made {overdue} s ago", mend)


def _worker_alarms(beat: Beat | None, moment: Moment, demo: bool) -> Iterator[Alarm]:
    mend = start_worker(demo)
    if beat is None:
        yield Alarm("worker", f"no worker has ever ticked: {mend}", mend)
    elif beat.at - moment.running > AHEAD:
        ahead = round((beat.at - moment.running).total_seconds())
        yield Alarm("clock", f"the newest worker tick lies {ahead} s ahead: the system clock went back", mend)
    elif moment.running - beat.at > late_after(beat.every, demo):
        yield Alarm("worker", f"the newest worker tick is {_age(beat.at, moment.running)} s old", mend)


def _jumped(jump: Jump | None, moment: Moment) -> bool:
    return jump is not None and abs(moment.running - jump.at) <= JUMP_STANDS


def _silent(which: str) -> Alarm:
    return Alarm("databases", f"the {which} database does not answer", "see that it runs; `pro doctor` says more")


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
