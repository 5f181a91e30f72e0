"""The scheduler: interval ticks, each of which does what is due and remembers nothing.

Any number of workers may run on one database; what they share stands in its tables. The job store is in memory on
purpose: schedulers that share one fire twice.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import NamedTuple

from apscheduler.schedulers.background import BackgroundScheduler

from pro.clock import Moment
from pro.faults import place_of
from pro.services import amending, attention, balancing, closing, delivery, enrolment, flagging, reminding
from pro.services.outages import Outages
from pro.services.parts import Parts
from pro.services.shift import pass_by, steady
from pro.services.timekeeping import Timekeeper
from pro.store import counters, due, heartbeats
from pro.store.due import Due
from pro.store.heartbeats import Beat

log = logging.getLogger(__name__)

EVERY, EVERY_IN_DEMONSTRATION = 15, 2
"""Seconds between ticks."""
DAYS_SWEEP = "day's sweep"
"""Its key among the counters."""

Reading = Callable[[], Moment]

logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a tick that goes on is no fault to be told of


class Ticked(NamedTuple):
    failed: tuple[str, ...]
    """Names of the parts that failed."""
    more: bool
    """Messages are left that could go now."""


def run(parts: Parts, stopped: threading.Event | None = None) -> None:
    """Ticks until SIGTERM or SIGINT, or until `stopped` is set; the tick in hand is finished."""
    stopped = stopped or threading.Event()
    every = EVERY_IN_DEMONSTRATION if parts.settings.demo else EVERY
    worker, keeper, outages = name(), Timekeeper(), Outages()
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        lambda: _until_through(
            lambda: _tick(parts, parts.clock.now, worker, every, keeper=keeper, outages=outages), stopped
        ),
        "interval",
        seconds=every,
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=datetime.now(UTC),
    )
    _stop_on_signals(stopped)
    scheduler.start()
    log.info("worker %s ticks every %s s", worker, every)
    stopped.wait()
    scheduler.shutdown(wait=True)
    parts.study.close()
    parts.contacts.close()
    log.info("worker %s has stopped", worker)


def _until_through(tick: Callable[[], Ticked], stopped: threading.Event) -> None:
    """A tick that had to leave something is followed by the next at once, each with its sign of life."""
    while tick().more and not stopped.is_set():
        pass


def tick_once(
    parts: Parts,
    moment: Moment,
    worker: str,
    *,
    at: Callable[[str], None] = pass_by,
    seconds: Callable[[], float] = steady,
) -> tuple[str, ...]:
    """Everything that is due at `moment`, once; the names of the parts that failed. `at`, `seconds`: as in delivery."""
    every = EVERY_IN_DEMONSTRATION if parts.settings.demo else EVERY
    return _tick(parts, lambda: moment, worker, every, at, seconds).failed


def name() -> str:
    """Unlike that of any other worker, and of this process in an earlier life."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def _tick(
    parts: Parts,
    now: Reading,
    worker: str,
    every: int,
    at: Callable[[str], None] = pass_by,
    seconds: Callable[[], float] = steady,
    keeper: Timekeeper | None = None,
    outages: Outages | None = None,
) -> Ticked:
    """One look first: an idle tick is that look and a sign of life, however many patients there are."""
    failed, more = [], False
    found = Due(work=True, swept=False, journeys=True)

    def look() -> None:
        nonlocal found
        found = _look(parts, now())

    def deliver() -> None:
        nonlocal more
        more = delivery.tick(parts, now(), worker, at=at, seconds=seconds, outages=outages).more

    def survives(part: str, do: Callable[[], object]) -> None:
        if not _survives(part, do):
            failed.append(part)

    survives("looking", look)
    if found.journeys:  # before the reminders: what is due there now goes by the clocks there, quiet hours too
        survives("setting out", lambda: enrolment.set_out(parts, now()))
    if found.work:
        # Each part reads the clock anew: leases count from when delivery begins.
        survives("reminding", lambda: reminding.tick(parts, now()))
        survives("closing", lambda: closing.tick(parts, now()))
        survives("flagging", lambda: flagging.tick(parts, now()))
        survives("delivery", deliver)
        survives("balancing", lambda: balancing.check(parts, now()))
    if not found.swept:
        survives("sweeping", lambda: _sweep(parts, now()))
    survives("heartbeat", lambda: _beat(parts, now(), worker, every, keeper))
    return Ticked(tuple(failed), more)


def _look(parts: Parts, moment: Moment) -> Due:
    with parts.study.plain_reading() as session:
        return due.look(session, moment.study, moment.running, delivery.NO_RECEIPT)


def _survives(part: str, do: Callable[[], object]) -> bool:
    """One part's fault does not stop the others. Values are kept out of the log: they may be numbers."""
    try:
        do()
    except Exception as error:
        log.error("%s failed: %s", part, place_of(error))
        return False
    return True


def _sweep(parts: Parts, moment: Moment) -> None:
    """Once an hour, by whichever worker comes first: of study time, which a demonstration moves through many at once."""
    hour = moment.study.replace(minute=0, second=0, microsecond=0)
    with parts.study.plain_writing() as session:
        first = counters.bump(session, due.HOURS_SWEEP, hour) == 1
        counters.forget_before(session, due.HOURS_SWEEP, hour)
        heartbeats.forget_silent(session, moment.running)
    if first:
        attention.sweep(parts, moment)
        balancing.recount_if_due(parts, moment)
        amending.go_on(parts, moment)
        _sweep_of_the_day(parts, moment)


def _sweep_of_the_day(parts: Parts, moment: Moment) -> None:
    """What goes over every patient: once a day, and in the next hour again where it failed."""
    day = moment.running.replace(hour=0, minute=0, second=0, microsecond=0)
    with parts.study.plain_reading() as session:
        if counters.count(session, DAYS_SWEEP, day):
            return
    enrolment.sweep(parts, moment)
    with parts.study.plain_writing() as session:
        counters.forget_before(session, DAYS_SWEEP, day)
        counters.bump(session, DAYS_SWEEP, day)


def _beat(parts: Parts, moment: Moment, worker: str, every: int, keeper: Timekeeper | None) -> None:
    """A sign of life, with what the steady clock shows where somebody remembers it from tick to tick."""
    beat = Beat(worker, moment.running, every)
    if keeper is not None:
        beat = keeper.next(parts, moment, Beat(worker, moment.running, every, keeper.seconds()))
    with parts.study.plain_writing() as session:
        heartbeats.beat(session, beat)


def _stop_on_signals(stopped: threading.Event) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
