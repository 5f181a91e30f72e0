"""Up to four worker processes that are killed or frozen at random points, until nothing is left to send.

Run as a program: `python -m tests.sms.crashing PLAN`, PLAN being a file of JSON. It reads the library once and forks,
so that a restart costs milliseconds; each worker joins its own parts. What is killed where is written to the log.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from pro.clock import Moment
from pro.domain import message
from pro.services import delivery, reconciling
from pro.services.parts import Parts
from pro.services.shift import Pace, Shift
from pro.sms.twilio import TwilioSender
from pro.store.messages import Found
from pro.store.tables import metadata
from tests.factories import make_parts
from tests.sms.outbox import EVENING
from tests.sms.provider import Provider

BEFORE_CALLS = ("after-claim", "before-mark-commit", "after-mark")
PER_BATCH = (*BEFORE_CALLS, "before-record", "after-record")
PER_MESSAGE = ("before-post", "after-post", "after-ask")
POINTS = (*PER_BATCH, *PER_MESSAGE)
ANYWHERE = "anywhere"
FROZEN, FROZEN_LONG = "frozen", "frozen-long"
POSTING = "before-post"
"""Between the look at the lease and the call: only there does it matter how long a worker is frozen."""
LONG = (0.5, 3.0)
"""Seconds of a freeze elsewhere: also longer than a lease."""


@dataclass(frozen=True)
class Plan:
    study_url: str
    contacts_url: str
    provider: str
    log: str
    seed: int
    batch_probability: float
    message_probability: float
    anywhere_probability: float
    """Per look of the supervisor, 50 times a second, while its worker lives."""
    blind: bool
    """Sends again when the lease has ended, without asking: what the product must not do."""
    workers: int = 2
    freeze_probability: float = 0.0
    """Per look of the supervisor: SIGSTOP anywhere, for less than the reserve and the settling delay together."""
    freeze_long_probability: float = 0.0
    """Per point but `before-post`: SIGSTOP, mostly for longer than the lease."""
    lease: float = 1.6
    reserve: float = 0.8
    timeout: float = 0.35
    settling: float = 0.6
    batch: int = 5
    lanes: int = 3
    """Calls at a time, in every other life of a worker."""

    def lanes_of(self, life: int) -> int:
        return self.lanes if life % 2 else 1


def main(path: str) -> int:
    plan = Plan(**json.loads(Path(path).read_text()))
    chance = random.Random(plan.seed)
    make_parts((plan.study_url, plan.contacts_url))  # reads the library before forking
    lives: dict[int, int] = {_fork(plan, slot): slot for slot in range(plan.workers)}
    life = plan.workers
    thaw: dict[int, float] = {}
    while lives:
        for pid in list(lives):
            _disturb(plan, pid, chance, thaw)
            ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
            if ended and os.WIFSTOPPED(status):
                thaw.setdefault(pid, time.monotonic() + chance.uniform(*LONG))
            elif ended:
                thaw.pop(pid, None)
                del lives[pid]
                if os.WIFSIGNALED(status):
                    lives[_fork(plan, life)] = life
                    life += 1
                elif os.waitstatus_to_exitcode(status):
                    return 1
        time.sleep(0.02)
    return 0


def _disturb(plan: Plan, pid: int, chance: random.Random, thaw: dict[int, float]) -> None:
    """Kills it, freezes it for a bounded time, or lets it go on."""
    if chance.random() < plan.anywhere_probability:
        os.kill(pid, signal.SIGKILL)
        _note(plan, ANYWHERE)
    elif pid in thaw and time.monotonic() >= thaw[pid]:
        del thaw[pid]
        os.kill(pid, signal.SIGCONT)
    elif pid not in thaw and chance.random() < plan.freeze_probability:
        bound = plan.reserve + plan.settling - 2 * plan.timeout - 0.5  # what the call itself and a slow machine take
        thaw[pid] = time.monotonic() + chance.uniform(0.05, max(bound, 0.1))
        os.kill(pid, signal.SIGSTOP)
        _note(plan, FROZEN)


def _fork(plan: Plan, life: int) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work(plan, life)
        except BaseException as error:
            print(f"worker {life}: {error!r}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return pid


def work(plan: Plan, life: int) -> None:
    """One life of a worker: ticks until nothing is pending, claimed or in doubt."""
    parts = join(plan, life)
    pace = Pace(timedelta(seconds=plan.lease), timedelta(seconds=plan.reserve), plan.batch)
    at = crasher(plan, life)
    message.FIRST_PAUSE = timedelta(seconds=0.2)
    if plan.blind:
        reconciling._settle = _resend
    while _left_or_unknown(parts):
        moment = Moment(EVENING, datetime.now(UTC))
        with contextlib.suppress(SQLAlchemyError):  # as the real worker does: the next tick tries again
            delivery.tick(parts, moment, f"worker-{life}", pace=pace, at=at)
        time.sleep(0.03)


def _left_or_unknown(parts: Parts) -> bool:
    try:
        return left(parts) > 0
    except SQLAlchemyError:  # the database restarts
        time.sleep(0.2)
        return True


def join(plan: Plan, life: int = 0) -> Parts:
    parts = make_parts((plan.study_url, plan.contacts_url))
    account = Provider(address=plan.provider).account()
    settling = timedelta(seconds=plan.settling)
    sender = TwilioSender(account, timeout=plan.timeout, settling=settling, lanes=plan.lanes_of(life))
    return dataclasses.replace(parts, sender=sender)


def crasher(plan: Plan, life: int) -> Callable[[str], None]:
    chance = random.Random(f"{plan.seed}:{life}")

    def at(point: str) -> None:
        probability = plan.batch_probability if point in PER_BATCH else plan.message_probability
        if chance.random() < probability:
            _note(plan, point)
            os.kill(os.getpid(), signal.SIGKILL)
        # elsewhere another lane may stand between its look and its call
        alone = plan.lanes_of(life) == 1 or point in BEFORE_CALLS
        if alone and point != POSTING and chance.random() < plan.freeze_long_probability:
            _note(plan, FROZEN_LONG)
            os.kill(os.getpid(), signal.SIGSTOP)

    return at


def _note(plan: Plan, point: str) -> None:
    log = os.open(plan.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{point}\n".encode())
    os.close(log)


def _resend(shift: Shift, row: Found, number: str | None) -> None:
    """The lease has ended, so it is sent again: the mistake that the house avoids."""
    reconciling._never_sent(shift, row)


def left(parts: Parts) -> int:
    table: Any = metadata.tables["message"]
    unfinished = select(func.count()).where(table.c.state.in_(("pending", "claimed", "sending")))
    with parts.study.reading() as session:
        return int(session.execute(unfinished).scalar_one())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
