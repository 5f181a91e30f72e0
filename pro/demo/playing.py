"""How the story is played: what is still to happen in its order, the worker ticking at every bell between."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pro.clock import Moment
from pro.demo.people import PASSWORD, PEOPLE, TODAY
from pro.services import access
from pro.services.access import Identity
from pro.services.parts import Parts
from pro.sms.sender import Outcome, Refused, Sender, Sms
from pro.walking import WALKER, is_waiting, walk
from pro.worker import tick_once

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DeadNumbers:
    """A provider that refuses some numbers and hands the rest on."""

    sender: Sender
    dead: set[str]

    @property
    def settling(self) -> timedelta:
        return self.sender.settling

    @property
    def lanes(self) -> int:
        return self.sender.lanes

    def send(self, sms: Sms) -> Outcome:
        if sms.label in self.dead:
            return Refused("21211", "not in service", "wrong-number")
        return self.sender.send(sms)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sender, name)


@dataclass
class Story:
    """What is still to happen, in the order of its instants."""

    parts: Parts
    progress: Progress
    now: datetime
    coming: list[tuple[datetime, int, Callable[[Moment], None]]] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    """Name → study number."""
    ids: dict[str, int] = field(default_factory=dict)
    staff: dict[str, Identity] = field(default_factory=dict)
    done: int = 0
    bells: int = 0
    clock: Callable[[datetime], Moment] = lambda at: Moment(at, at)
    """Moves both clocks to an instant of study time."""

    def who(self, login: str, moment: Moment) -> Identity:
        """That member of staff, signed in once."""
        if login not in self.staff:
            self.staff[login] = sign_in(self.parts, login, moment)
        return self.staff[login]

    def plan(self, at: datetime, act: Callable[[Moment], None]) -> None:
        heapq.heappush(self.coming, (at, len(self.coming) + self.done * 1_000_000, act))

    def play(self, until: datetime) -> None:
        """Plays everything up to that instant, the worker ticking at every bell between."""
        while self.coming and self.coming[0][0] <= until:
            at, _, act = heapq.heappop(self.coming)
            self.reach(at)
            moment = self.clock(at)
            act(moment)
            if is_waiting(self.parts, at):
                tick_once(self.parts, moment, WALKER)
            self.done += 1
            self.progress("playing", (at.date() - PEOPLE[0].day0).days, (TODAY - PEOPLE[0].day0).days)
        self.reach(until)
        tick_once(self.parts, self.clock(until), WALKER)

    def reach(self, at: datetime) -> None:
        if at > self.now:
            self.bells += walk(self.parts, self.now, at, self.clock)
            self.now = at


def sign_in(parts: Parts, login: str, moment: Moment) -> Identity:
    signed = access.sign_in(parts, login, PASSWORD, f"desk of {login}", moment)
    assert isinstance(signed, access.SignedIn), signed
    found = access.staff_of(parts, signed.token, moment)
    assert found is not None, login
    return found
