"""What one tick of one worker carries with it while it moves messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pro.clock import Moment
from pro.services.parts import Parts


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a worker may hold a message, and how many at a time."""

    lease: timedelta = timedelta(seconds=120)
    reserve: timedelta = timedelta(seconds=45)
    """The provider is only called while more than this is left of the lease: well over its time-outs."""
    batch: int = 50
    batches: int = 10
    """In one tick, so that the other parts of a tick get their turn."""


PACE = Pace()


def pass_by(point: str) -> None:
    """Nothing happens at a named point; tests end the process there."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Running time goes on while a tick works; study time stays at the tick's reading."""

    parts: Parts
    moment: Moment
    worker: str
    """Unlike any other worker's name, also that of an earlier life of the same process."""
    pace: Pace = PACE
    at: Callable[[str], None] = pass_by
    seconds: Callable[[], float] = time.monotonic
    began: float = field(default=0.0)

    def running(self) -> datetime:
        return self.moment.running + timedelta(seconds=self.seconds() - self.began)

    def lease(self) -> datetime:
        return self.running() + self.pace.lease


def begin(
    parts: Parts,
    moment: Moment,
    worker: str,
    pace: Pace = PACE,
    at: Callable[[str], None] = pass_by,
    seconds: Callable[[], float] = time.monotonic,
) -> Shift:
    return Shift(parts, moment, worker, pace, at, seconds, began=seconds())
