"""A small study whose workers stop wherever a test wants them to, beside a provider that misbehaves as it is told.

Each worker is a thread, and only one thread moves at a time: the test's, or the worker's that it lets go on. So a worker
can be left standing between two statements for as long as the clock is moved, and come back to a world that changed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, update

from pro import worker
from pro.clock import FixedClock
from pro.services.parts import Parts
from pro.services.shift import PACE
from pro.sms.sender import Accepted, Emptied, Found, NotProcessed, Outcome, Refused, Sms, Unknown
from pro.store import counters, due
from pro.store.engine import Database
from pro.store.tables import metadata
from pro.walking import next_work
from tests.conftest import PROVE
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import give_link
from tests.sms.outbox import TODAY

MORNING = datetime(2026, 4, 15, 6, 0, tzinfo=UTC)
"""08:00 in Paris, on day 15 of everybody: week 2 is open beside the diary."""
LAST_DAY = TODAY + timedelta(days=1 if PROVE else 0)
SETTLING = timedelta(minutes=5)
HANG = timedelta(seconds=10)
ATOMIC = "before-mark-commit"
"""Inside a transaction: a worker may die there, but whoever stood there would make all others wait."""
LOOKED = "before-post"
"""Between the look at the lease and the call: the one place where it matters how long a worker stands."""
BOUND = PACE.reserve + SETTLING - 2 * HANG
"""So long a worker may stand there: less what calls may take meanwhile, and what the provider's list lags."""
POINTS = ("after-claim", ATOMIC, "after-mark", LOOKED, "after-post", "before-record", "after-record", "after-ask")

Fault = Literal["429", "5xx-before", "hang-before", "ack-lost", "hang-taken", "5xx-after", "slow", "21610", "21211"]
FATES: tuple[tuple[str, int | None], ...] = (
    *[("delivered", None)] * 4,
    ("undelivered", 30003),
    ("undelivered", 30005),
    ("failed", 30500),
    ("failed", 30500),
    ("failed", 21610),
)
BROKE_DOWN = 30500

_t = metadata.tables


class Killed(BaseException):
    """The worker's process has ended: nothing that follows is carried out, not even what cleans up."""


@dataclass
class Text:
    """One text that the provider took."""

    message_id: int
    provider_id: str
    to: str
    body: str
    at: datetime
    shown_from: datetime
    """From then on its list shows it."""
    fate: tuple[str, int | None] | None = None
    redacted: bool = False

    @property
    def arrives(self) -> bool:
        """A text over which the provider broke down never reached the network."""
        return self.fate is None or self.fate[1] != BROKE_DOWN


@dataclass
class Provider:
    """Does the faults it is told, then nothing but what it should."""

    clock: FixedClock
    settling: timedelta = SETTLING
    lanes: int = 1
    faults: list[Fault] = field(default_factory=list)
    lag: timedelta = timedelta(0)
    away: bool = False
    """Its list is not to be had."""
    texts: list[Text] = field(default_factory=list)
    drawn: Counter[str] = field(default_factory=Counter)
    watch: Callable[[Sms, int], None] = lambda sms, message_id: None

    def send(self, sms: Sms) -> Outcome:
        fault = self.faults.pop(0) if self.faults else ""
        self.drawn[fault] += 1
        if fault == "429":
            return NotProcessed("429")
        if fault in ("21610", "21211"):
            return Refused(fault, "refused", "opted-out" if fault == "21610" else "wrong-number")
        if fault in ("5xx-before", "hang-before"):
            self._take_time(fault)
            return Unknown(fault)
        text = self._take(sms)
        self._take_time(fault)
        return Unknown(fault) if fault in ("ack-lost", "hang-taken", "5xx-after") else Accepted(text.provider_id, 1)

    def _take_time(self, fault: str) -> None:
        if fault in ("hang-before", "hang-taken", "slow"):
            self.clock.move(HANG)

    def _take(self, sms: Sms) -> Text:
        id_, now = int((sms.callback_url or "").rpartition("/")[2]), self.clock.now().running
        self.watch(sms, id_)
        text = Text(id_, f"SM{len(self.texts) + 1}", sms.to, sms.body, now, now + self.lag)
        self.texts.append(text)
        return text

    def find_since(self, to: str, since: datetime) -> tuple[Found, ...] | Unknown:
        if self.away:
            return Unknown("away")
        now = self.clock.now().running
        return tuple(
            Found(one.provider_id, "" if one.redacted else one.body, status, None if code is None else str(code), 1)
            for one in self.texts
            if one.to == to and one.shown_from <= now
            for status, code in [one.fate or ("sent", None)]
        )

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        return True

    def redact(self, provider_id: str) -> Emptied:
        for text in self.texts:
            text.redacted |= text.provider_id == provider_id
        return Emptied()

    def arrived(self) -> Counter[int]:
        return Counter(text.message_id for text in self.texts if text.arrives)


Tick = Callable[[str, Callable[[str], None]], tuple[str, ...]]
"""A worker's name and its points → the parts of the tick that failed."""


class Worker:
    """One of several; `stands` names the point at which it was stopped in the middle of a tick."""

    def __init__(self, tick: Tick, now: Callable[[], datetime], slot: int) -> None:
        self._tick, self._now, self._slot, self._lives = tick, now, slot, 0
        self._thread: threading.Thread | None = None
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._stop: str | None = None
        self._kill = self._dead = False
        self._fault: BaseException | None = None
        self.stands: str | None = None
        self.since: datetime
        """When it came to where it stands."""
        self.stood = timedelta(0)
        """How long it stood between its last look at the lease and the call."""
        self.passed: Callable[[str], None] = lambda point: None
        """Told every point, before anything is done there."""

    def go(self, stop: str | None, *, kill: bool = False) -> None:
        """Goes on, or begins a tick, until it comes to that point and stands there or dies; else to the tick's end."""
        self._stop, self._kill = stop, kill
        if self._thread is None:
            self._lives += 1
            self._dead = False
            self._thread = threading.Thread(target=self._live, daemon=True)
            self._thread.start()
        else:
            self.stands = None
            self._go.release()
        self._back.acquire()
        if self.stands is None:
            self._thread.join()
            self._thread = None
            fault, self._fault = self._fault, None
            if fault is not None:
                raise fault

    def die(self) -> None:
        """Ends it where it stands."""
        if self.stands is not None:
            self._dead = True
            self.go(None)

    def _live(self) -> None:
        try:
            failed = self._tick(f"worker {self._slot}, life {self._lives}", self._at)
            assert not failed, f"parts of a tick failed: {failed}"
        except Killed:
            pass
        except BaseException as fault:
            self._fault = fault
        finally:
            self.stands = None
            self._back.release()

    def _at(self, point: str) -> None:
        if self._dead:
            raise Killed(point)
        self.stood = timedelta(0)
        try:
            self.passed(point)
        except AssertionError as broken:  # a tick survives its parts' faults: this is the test's own
            self._fault, self._dead = broken, True
            raise Killed(point) from broken
        if point != self._stop:
            return
        if self._kill:
            self._dead = True
            raise Killed(point)
        if point != ATOMIC:
            self.stands, self.since = point, self._now()
            self._back.release()
            self._go.acquire()
            if self._dead:
                raise Killed(point)
            self.stood = self._now() - self.since if point == LOOKED else timedelta(0)


class World:
    """Three patients, as many workers, one clock, one provider."""

    def __init__(self, urls: tuple[str, str], workers: int = 3) -> None:
        self.clock = FixedClock(MORNING)
        self.provider = Provider(self.clock)
        self.parts = parts_on(urls, self.clock, self.provider)
        self.workers = [Worker(self._tick, lambda: self.now, slot) for slot in range(1, workers + 1)]

    @property
    def now(self) -> datetime:
        """Study time and running time are one here."""
        return self.clock.now().study

    def _tick(self, name: str, at: Callable[[str], None]) -> tuple[str, ...]:
        """As the scheduler's: each part reads the clock anew, and delivery counts running time on."""
        return worker._tick(self.parts, self.clock.now, name, worker.EVERY, at, self._seconds).failed

    def _seconds(self) -> float:
        return (self.now - MORNING).total_seconds()

    def move(self, until: datetime) -> None:
        """The clock goes on; whoever stands between look and call goes on before that may do harm."""
        while self.now < until:
            bound = BOUND - self.provider.lag
            waits = [(one.since + bound, n) for n, one in enumerate(self.workers) if one.stands == LOOKED]
            at, first = min(waits, default=(until, None))
            self._reach(min(at, until))
            if first is not None and at <= until:
                self.workers[first].go(None)

    def show_late(self, lag: timedelta) -> None:
        """From now on its list shows texts so late; whoever stands there too long for that goes on before."""
        for one in self.workers:
            if one.stands == LOOKED and one.since + BOUND - lag <= self.now:
                one.go(None)
        self.provider.lag = lag

    def _reach(self, at: datetime) -> None:
        if at > self.now:
            self.clock.move(at - self.now)

    def next_bell(self) -> datetime | None:
        """The next instant at which the worker has anything to do; `now` where that is overdue."""
        with self.parts.study.plain_reading() as session:
            found = next_work(session)
        return found if found is None else max(found, self.now)

    def close(self) -> None:
        for one in self.workers:
            one.die()
        self.parts.study.close()
        self.parts.contacts.close()


def parts_on(urls: tuple[str, str], clock: FixedClock, provider: Any) -> Parts:
    """Joined as ever, without waiting for the disk."""
    parts = make_parts(urls, clock)
    study, contacts = (Database(url, durable=False) for url in urls)
    return replace(parts, study=study, contacts=contacts, sender=provider)


PATIENTS = (
    ("R-001", "Europe/Paris", "+33612000001"),
    ("R-002", "Europe/Paris", "+33612000002"),
    ("R-003", "America/New_York", "+33612000002"),
)
"""The second and the third share a telephone."""


def found_study(urls: tuple[str, str]) -> dict[int, str]:
    """The patients with a day or two of diaries and one visit each, and a link that always opens; ids and numbers."""
    parts = parts_on(urls, FixedClock(MORNING), None)
    made, assessment = make_study(parts), _t["assessment"]
    numbers = {}
    for number, zone, telephone in PATIENTS:
        id_ = make_patient(
            parts, made, number, day0=TODAY - timedelta(days=15), zone=zone, telephone=telephone, language="en"
        )
        give_link(parts, id_, token_of(id_), until=MORNING + timedelta(days=9))
        numbers[id_] = telephone
    with parts.study.writing() as session:
        others = ~assessment.c.day.between(TODAY, LAST_DAY) & (assessment.c.timepoint != "week2")
        session.execute(delete(assessment).where(others))
        session.execute(update(assessment).values(next_at=assessment.c.opens_at))
        counters.bump(session, due.HOURS_SWEEP, MORNING + timedelta(days=30))  # the hourly sweep has no part in this
    parts.study.close()
    parts.contacts.close()
    return numbers


def token_of(patient_id: int) -> str:
    return f"{patient_id}".rjust(22, "t")
