"""The system clock held against one that nobody sets: it may be slewed, and must not jump."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pro.clock import Moment
from pro.services import audit
from pro.services.parts import Parts
from pro.store.heartbeats import Beat

log = logging.getLogger(__name__)

JUMP = timedelta(minutes=1)
"""What two ticks may differ by on the two clocks; a second put right by the time server is far less."""


def steady() -> float:
    """Seconds since this machine started, its sleep included where the system counts it; nobody sets this clock."""
    kind = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(kind)


def jump(before: Beat, after: Beat) -> timedelta | None:
    """By how much the system clock went ahead (or back, under 0) of the steady one between two ticks of a process.

    None where that is a minute or less, or where one of them was not measured.
    """
    if before.monotonic is None or after.monotonic is None:
        return None
    moved = (after.at - before.at) - timedelta(seconds=after.monotonic - before.monotonic)
    return moved if abs(moved) > JUMP else None


@dataclass(slots=True)
class Timekeeper:
    """What one worker remembers of its last tick."""

    seconds: Callable[[], float] = steady
    last: Beat | None = None

    def next(self, parts: Parts, moment: Moment, beat: Beat) -> Beat:
        """The beat with the jump it found, which is written into the chain `system` and said in the log."""
        before, self.last = self.last, beat
        moved = jump(before, beat) if before is not None else None
        if before is None or moved is None:
            return beat
        seconds = round(moved.total_seconds())
        log.error("the system clock jumped by %s s between two ticks", seconds)
        payload = {"worker": beat.worker, "seconds": seconds, "from": before.at, "to": beat.at}
        with parts.study.writing() as session:
            audit.record_for_system(session, "clock.jumped", payload, audit.WORKER, moment.study)
        return Beat(beat.worker, beat.at, beat.every, beat.monotonic, moment.running, seconds)
