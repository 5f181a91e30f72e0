"""What one tick of one worker carries with it while it moves messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pro.clock import Moment
from pro.services.outages import Calls
from pro.services.parts import Parts


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a worker may hold a message, and how many at a time."""

    lease: timedelta = timedelta(seconds=120)
    reserve: timedelta = timedelta(seconds=45)
    """The provider is only called while more than this is left of the lease: well over its time-outs."""
    batch: int = 100
    batches: int = 5
    turn: timedelta = timedelta(seconds=15)
    """So many in one tick, and none begun later than that: the tick's other parts and its sign of life get their turn."""


PACE = Pace()
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""On Linux the monotonic clock stands while the machine sleeps; leases go on."""


def steady() -> float:
    """Seconds of running time, those included in which the machine slept."""
    return time.clock_gettime(_STEADY)


def pass_by(point: str) -> None:
    """Nothing happens at a named point; tests end the process there."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Both clocks go on while a tick works: a worker that stood still asks with the time at which it goes on."""

    parts: Parts
    moment: Moment
    worker: str
    """Unlike any other worker's name, also that of an earlier life of the same process."""
    pace: Pace = PACE
    at: Callable[[str], None] = pass_by
    seconds: Callable[[], float] = steady
    began: float = field(default=0.0)
    calls: Calls = field(default_factory=Calls)
    """What came of this tick's calls to the provider."""

    def now(self) -> Moment:
        """The tick's reading, and as much as has passed since."""
        passed = timedelta(seconds=self.seconds() - self.began)
        return Moment(self.moment.study + passed, self.moment.running + passed)

    def study(self) -> datetime:
        return self.now().study

    def running(self) -> datetime:
        return self.now().running

    def lease(self) -> datetime:
        return self.running() + self.pace.lease


def begin(
    parts: Parts,
    moment: Moment,
    worker: str,
    pace: Pace = PACE,
    at: Callable[[str], None] = pass_by,
    seconds: Callable[[], float] = steady,
) -> Shift:
    return Shift(parts, moment, worker, pace, at, seconds, began=seconds())
