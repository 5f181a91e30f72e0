"""A server whose time passes as the browser's does.

Which of two pages' answers is the newer is found from how long a phone kept each: against a clock that stands, an
answer that a busy machine sent late looks older than one that was sent at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from pro.clock import FixedClock, Moment


class RunningClock(FixedClock):
    """Begins at an instant, or at the one that it is put to, and goes on with what has passed since it was made."""

    def __init__(self, study: datetime) -> None:
        super().__init__(study)
        self._made = monotonic()

    def now(self) -> Moment:
        passed = timedelta(seconds=monotonic() - self._made)
        return Moment(self.moment.study + passed, self.moment.running + passed)
