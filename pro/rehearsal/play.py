"""One share of a rehearsal: some sites with their patients, from the first enrolment to the last closing."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from pro.clock import Moment
from pro.domain import zones
from pro.domain.protocol import Protocol
from pro.rehearsal.answers import Respondent, respondent
from pro.rehearsal.kills import Killed, Kills
from pro.rehearsal.people import ZONE, Person
from pro.rehearsal.provider import NO_FAULTS, Faults, Provider, Receipt
from pro.services import access, founding, settling
from pro.services.access import Identity
from pro.services.audit import Actor
from pro.services.parts import Parts
from pro.walking import next_work
from pro.worker import tick_once

MAKER = Actor("rehearsal", "system")
STUDY, PASSWORD = "REHEARSAL", "a rehearsal, nothing real"
EVERY = timedelta(seconds=15)
"""Between ticks while anything waits, as the worker does."""
AFTER = timedelta(days=3)
"""How long it goes on after the last window: receipts come late."""
ENOUGH = 5000
"""Ticks in a row that leave work behind: then something goes wrong for good."""

Act = Callable[[Moment], None]
Progress = Callable[[int], None]
"""Told the study day now and then."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a share plays."""

    protocol: Protocol
    seed: int
    share: int
    start: date
    end: datetime
    people: tuple[Person, ...]
    sites: tuple[int, ...]
    faults: bool = True


class Stuck(Exception):
    """The worker ticks and ticks and the work is not done."""


@dataclass
class Play:
    """What is still to happen, in the order of its instants, and the clock that walks over it."""

    parts: Parts
    brief: Brief
    provider: Provider
    kills: Kills
    now: datetime
    respondent: Respondent
    coming: list[tuple[datetime, int, Act, bool]] = field(default_factory=list)
    planned: int = 0
    looked: bool = False
    """Whether `work` is what the databases say: what may have brought new work makes it unknown."""
    work: datetime | None = None
    ticked: datetime | None = None
    worker: int = 1
    ticks: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Parts of ticks that raised an error."""
    staff: dict[str, Identity] = field(default_factory=dict)
    site_ids: dict[int, int] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    """What people did, counted."""
    given: dict[int, dict[str, object]] = field(default_factory=dict)
    """Assessment → what was answered, by `questionnaire.item`."""
    telephones: dict[int, list[str]] = field(default_factory=dict)
    """Patient → their numbers, oldest first."""

    def plan(self, at: datetime, act: Act, *, brings_work: bool = True) -> None:
        self.planned += 1
        heapq.heappush(self.coming, (at.astimezone(UTC), self.planned, act, brings_work))

    def run(self, until: datetime, progress: Progress = lambda day: None) -> None:
        """Everything up to that instant, the worker ticking whenever it has something to do."""
        while self.coming and self.coming[0][0] <= until:
            at, _, act, brings_work = heapq.heappop(self.coming)
            self._walk(at)
            act(self._reach(at))
            self.looked = self.looked and not brings_work
            progress((at.date() - self.brief.start).days)
        self._walk(until)

    def _reach(self, at: datetime) -> Moment:
        self.now = max(self.now, at)
        return Moment(self.now, self.now)

    def _walk(self, until: datetime) -> None:
        in_a_row = 0
        while (work := self._next_work()) is not None and (at := self._next_tick(work)) <= until:
            in_a_row = in_a_row + 1 if work <= self.now else 0
            if in_a_row > ENOUGH:
                raise Stuck(f"{ENOUGH} ticks up to {at:%Y-%m-%d %H:%M} left work behind")
            self._tick(at)

    def _next_work(self) -> datetime | None:
        if not self.looked:
            with self.parts.study.plain_reading() as session:
                self.work, self.looked = next_work(session), True
        return self.work

    def _next_tick(self, work: datetime) -> datetime:
        earliest = self.now if self.ticked is None else max(self.now, self.ticked + EVERY)
        return max(work, earliest)

    def _tick(self, at: datetime) -> None:
        moment, began = self._reach(at), self.provider.elapsed
        self.kills.next_life()
        self.looked = False
        try:
            self.failed.update(
                tick_once(
                    self.parts,
                    moment,
                    f"worker {self.worker}",
                    at=self.kills.at,
                    seconds=self.provider.seconds,
                )
            )
        except Killed:
            self.worker += 1
        self.ticks += 1
        self.now = self.ticked = at + timedelta(seconds=self.provider.elapsed - began)
        self._call_in()

    def _call_in(self) -> None:
        """The provider's receipts, each at its time."""
        for one in self.provider.receipts:
            self.plan(max(one.at, self.now), self._receipt(one), brings_work=False)
        self.provider.receipts.clear()

    def _receipt(self, one: Receipt) -> Act:
        def take(moment: Moment) -> None:
            settling.settle_receipt(self.parts, one.message_id, one.provider_id, one.status, one.code, moment)

        return take


def begin(parts: Parts, brief: Brief) -> Play:
    """Study, sites and staff are made; nobody is enrolled yet."""
    first = datetime.combine(brief.start, time(6), zones.zone(ZONE)).astimezone(UTC)
    dice = random.Random(f"{brief.seed}/{brief.share}/kills")
    provider = Provider(brief.seed, Faults() if brief.faults else NO_FAULTS, _outages(brief))
    kills = Kills(dice, 1.0 if brief.faults else 0.0)
    play = Play(replace(parts, sender=provider), brief, provider, kills, first, respondent(brief.protocol))
    _found(play, Moment(first, first))
    return play


def _outages(brief: Brief) -> tuple[tuple[datetime, datetime], ...]:
    """Two evenings on which the provider is away for half an hour, and one morning."""
    if not brief.faults:
        return ()
    dice = random.Random(f"{brief.seed}/{brief.share}/outages")
    days = (brief.end.date() - brief.start).days
    found = []
    for hour in (17, 19, 9):
        on = brief.start + timedelta(days=dice.randrange(5, max(6, days - 5)))
        first = datetime.combine(on, time(hour, 50), zones.zone(ZONE)).astimezone(UTC)
        found.append((first, first + timedelta(minutes=30)))
    return tuple(found)


def code_of(site: int) -> str:
    """Letters that open the study numbers of a site: A, B … Z, AA …"""
    letters = chr(ord("A") + site % 26)
    return letters if site < 26 else code_of(site // 26 - 1) + letters


def _found(play: Play, moment: Moment) -> None:
    parts, protocol = play.parts, play.brief.protocol
    title = next(iter(protocol.title.values()))
    founding.create_study(parts, MAKER, STUDY, title, protocol.id, moment, demonstration=True)
    for site in play.brief.sites:
        code = code_of(site)
        new = founding.NewSite(STUDY, code, f"Site {code}", "+33 1 99 00 00 56", version=protocol.version)
        play.site_ids[site] = founding.create_site(parts, MAKER, new, moment)
        for login, role, duty in _staff_of(code):
            phone = None if duty is None else f"+33 6 00 01 {duty:02d} {site % 100:02d}"
            staff = founding.NewStaff(login, login, PASSWORD, role, STUDY, code, "fr", duty, phone)
            founding.create_staff(parts, MAKER, staff, moment)
            play.staff[login] = _sign_in(parts, login, moment)


def _staff_of(code: str) -> Sequence[tuple[str, str, int | None]]:
    low = code.lower()
    return (
        (f"coordinator-{low}", "coordinator", None),
        (f"investigator-{low}", "investigator", 1),
        (f"second-{low}", "investigator", 2),
    )


def _sign_in(parts: Parts, login: str, moment: Moment) -> Identity:
    signed = access.sign_in(parts, login, PASSWORD, f"desk of {login}", moment)
    assert isinstance(signed, access.SignedIn), signed
    found = access.staff_of(parts, signed.token, moment)
    assert found is not None, login
    return found
