"""Study time and running time, read in one place and passed in everywhere else.

Study time decides what is due, open, late and flared, and stamps the record. Running time is never moved and
decides leases, sessions, rate limits and heartbeats. Outside the demonstration they are the same instant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of both clocks, aware UTC; an instant of another zone is turned into UTC."""

    study: datetime
    running: datetime

    def __post_init__(self) -> None:
        # a database without zones keeps wall clocks: they must all be of one zone
        if self.study.tzinfo is not UTC:
            object.__setattr__(self, "study", self.study.astimezone(UTC))
        if self.running.tzinfo is not UTC:
            object.__setattr__(self, "running", self.running.astimezone(UTC))


class Clock:
    """Reads both clocks; `offset` says how far study time stands from running time."""

    def __init__(self, offset: Callable[[], timedelta] = timedelta) -> None:
        self._offset = offset

    def now(self) -> Moment:
        running = datetime.now(UTC)
        return Moment(study=running + self._offset(), running=running)


class FixedClock(Clock):
    """A clock that stands until it is moved (tests, rehearsal)."""

    def __init__(self, study: datetime, running: datetime | None = None) -> None:
        super().__init__()
        self.moment = Moment(study=study, running=running or study)

    def now(self) -> Moment:
        return self.moment

    def move(self, by: timedelta) -> Moment:
        """Moves both clocks on and returns the new moment."""
        self.moment = Moment(self.moment.study + by, self.moment.running + by)
        return self.moment
