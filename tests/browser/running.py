"""A server whose time passes as the browser's does, and waiting for it.

Which of two pages' answers is the newer is found from how long a phone kept each: against a clock that stands, an
answer that a busy machine sent late looks older than one that was sent at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from playwright.sync_api import Page

from pro.clock import FixedClock, Moment


class RunningClock(FixedClock):
    """Begins at an instant, or at the one that it is put to, and goes on with what has passed since it was made."""

    def __init__(self, study: datetime) -> None:
        super().__init__(study)
        self._made = monotonic()

    def now(self) -> Moment:
        passed = timedelta(seconds=monotonic() - self._made)
        return Moment(self.moment.study + passed, self.moment.running + passed)


def until(page: Page, holds: Callable[[], object], otherwise: str) -> None:
    """Asks again and again, for 15 s at most; the page goes on meanwhile (its security policy refuses a predicate)."""
    for _ in range(150):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(otherwise)


def until_received(page: Page) -> None:
    """Until nothing waits on the phone."""
    until(page, lambda: page.evaluate("() => localStorage.length") == 0, "an answer still waits on the phone")


def enter(page: Page) -> None:
    """Enter, until the page that it leads to is there with its styles: its rows can be seen, and measured, before."""
    with page.expect_navigation():
        page.keyboard.press("Enter")
