"""A rehearsal from its databases to its document: shares of the sites, each in a process of its own where asked."""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as Clock
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from pro.app import build
from pro.clock import FixedClock
from pro.domain import zones
from pro.domain.schedule import plan
from pro.library import Library
from pro.rehearsal.desk import open_desks
from pro.rehearsal.figures import Share, of_play
from pro.rehearsal.lives import Life, come_in
from pro.rehearsal.people import ENROLLING, Person, people
from pro.rehearsal.play import AFTER, Brief, begin
from pro.rehearsal.report import Asked, Document, document
from pro.rehearsal.unforeseen import longest_wait
from pro.services.parts import Parts
from pro.services.passwords import light_passwords
from pro.settings import read
from pro.store import migrate

SHARES = 2
"""However many processes there are: whom a batch holds must not depend on the machine."""
NIGHT = Clock(2, 50)
"""UTC: no text is on its way."""
HISTORIES: tuple[migrate.Which, ...] = ("study", "contacts")

Told = Callable[[int, int], None]
"""Days played, and how many there are, over all shares."""
_days: Any = None
"""Days played by each share, seen by every process."""
_books: Library | None = None
"""What whoever rehearses has read; a process that is not forked from theirs reads it anew."""


@dataclass(frozen=True, slots=True)
class Task:
    """A share and the databases it is played in: study, contacts."""

    protocol: tuple[str, str]
    seed: int
    share: int
    start: date
    end: datetime
    people: tuple[Person, ...]
    sites: tuple[int, ...]
    urls: tuple[str, str]
    faults: bool


def rehearse(
    asked: Asked,
    *,
    server: str | None = None,
    processes: int = 2,
    faults: bool = True,
    books: Library | None = None,
    told: Told = lambda done, of: None,
    after: Callable[[Sequence[Parts], Mapping[str, str]], None] | None = None,
) -> Document:
    """Plays the whole study and gives its document.

    `server`: a PostgreSQL on which databases may be made and dropped; SQLite files otherwise. `after` gets the parts of
    every share, their clocks at the end of the rehearsal, and study number → behaviour, before all is thrown away.
    """
    global _books
    _books = books
    enrolling = ENROLLING if asked.days is None else min(ENROLLING, max(1, asked.days // 4))
    everybody = people(asked.protocol, asked.patients, asked.seed, asked.start, asked.sites, enrolling)
    end = _end(asked, everybody)
    with contextlib.ExitStack() as stack:
        tasks = [
            _task(asked, everybody, share, end, stack.enter_context(_databases(server)), faults)
            for share in range(min(SHARES, asked.sites))
        ]
        days = (end.date() - asked.start).days * len(tasks)
        shares = _one_by_one(tasks, days, told) if processes < 2 else _side_by_side(tasks, processes, days, told)
        if after is not None:
            behaviour = {one.number: one.profile for share in shares for one in share.patients}
            after([replace(_parts(task), clock=FixedClock(end)) for task in tasks], behaviour)
    return document(asked, end.date(), shares)


def _end(asked: Asked, everybody: Sequence[Person]) -> datetime:
    """When the last window has closed, and a little later; or in the night after so many days."""
    if asked.days is not None:
        return datetime.combine(asked.start + timedelta(days=asked.days), NIGHT, UTC)
    last = max(everybody, key=lambda one: one.day0)
    planned = [plan(asked.protocol, last.day0, zones.zone(zone)) for zone in {one.zone for one in everybody}]
    over = max(one.late_until or one.closes_at for ones in planned for one in ones)
    return over + longest_wait(asked.protocol) + AFTER


def _task(
    asked: Asked, everybody: Sequence[Person], share: int, end: datetime, urls: tuple[str, str], faults: bool
) -> Task:
    sites = tuple(site for site in range(asked.sites) if site % SHARES == share)
    mine = tuple(one for one in everybody if one.site in sites)
    protocol = (asked.protocol.id, asked.protocol.version)
    return Task(protocol, asked.seed, share, asked.start, end, mine, sites, urls, faults)


# Playing


def play_share(task: Task, day: Callable[[int], None] = lambda day: None) -> Share:
    """Plays one share in this process."""
    parts = _parts(task)
    brief = Brief(
        parts.library.protocol(*task.protocol),
        task.seed,
        task.share,
        task.start,
        task.end,
        task.people,
        task.sites,
        task.faults,
    )
    try:
        with _quiet(), light_passwords():
            play = begin(parts, brief)
            lives: dict[int, Life] = {}
            come_in(play, lives)
            open_desks(play, lives)
            play.run(task.end, day)
            return of_play(play)
    finally:
        parts.study.close()
        parts.contacts.close()


def _parts(task: Task) -> Parts:
    settings = read({"DATABASE_URL": task.urls[0], "CONTACTS_DATABASE_URL": task.urls[1]}, demo=True)
    return build(settings, durable=False, library=_books)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of planted faults would fill the log; the document tells of them. Few objects die: little to collect."""
    before = gc.get_threshold()
    logging.disable(logging.ERROR)
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        logging.disable(logging.NOTSET)


def _one_by_one(tasks: Sequence[Task], days: int, told: Told) -> list[Share]:
    each = days // len(tasks)
    return [play_share(task, partial(_tell, told, n * each, days)) for n, task in enumerate(tasks)]


def _tell(told: Told, before: int, days: int, day: int) -> None:
    told(before + day, days)


def _side_by_side(tasks: Sequence[Task], processes: int, days: int, told: Told) -> list[Share]:
    context = multiprocessing.get_context(_way_to_begin())
    seen: Any = context.Array("i", len(tasks))
    with ProcessPoolExecutor(processes, context, initializer=_begin_process, initargs=(seen,)) as pool:
        played: list[Future[Share]] = [pool.submit(_play_telling, task) for task in tasks]
        while not all(one.done() for one in played):
            told(sum(seen), days)
            time.sleep(0.2)
        return [one.result() for one in played]


def _way_to_begin() -> str:
    """A process forked from this one has all that is imported already: two seconds. Beside other threads that is unsafe."""
    alone = threading.active_count() == 1
    return "fork" if alone and sys.platform == "linux" else "spawn"


def _begin_process(seen: Any) -> None:
    global _days
    _days = seen


def _play_telling(task: Task) -> Share:
    def day(n: int) -> None:
        _days[task.share] = n

    return play_share(task, day)


# Databases


@contextlib.contextmanager
def _databases(server: str | None) -> Iterator[tuple[str, str]]:
    """Migrated databases of this share's own, gone at the end."""
    if server is None:
        with tempfile.TemporaryDirectory(prefix="pro-rehearsal-") as folder:
            study, contacts = (f"sqlite:///{Path(folder) / f'{which}.sqlite'}" for which in HISTORIES)
            yield _migrated(study, contacts)
        return
    with contextlib.ExitStack() as stack:
        study, contacts = (stack.enter_context(_made_on(server)) for _ in HISTORIES)
        yield _migrated(study, contacts)


def _migrated(study: str, contacts: str) -> tuple[str, str]:
    migrate.upgrade(study, "study")
    migrate.upgrade(contacts, "contacts")
    return study, contacts


@contextlib.contextmanager
def _made_on(server: str) -> Iterator[str]:
    name = f"pro_rehearsal_{secrets.token_hex(6)}"
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        engine.dispose()


def default_start() -> date:
    """A Monday with the change to summer time of most zones inside the study."""
    return date(2026, 3, 2)
