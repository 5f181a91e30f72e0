"""Whole diaries per second of processor time, ours beside the bare form's, run in turn on the same database."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pro.services.parts import Parts
from pro.store import migrate
from tests.bench import machine
from tests.bench.patients import enrol, token_of
from tests.bench.phones import CLIENTS, Browser, Diary, Reply, bare_diary, open_questions, our_diary, play
from tests.databases import HISTORIES, Postgres
from tests.factories import make_parts

PAIRS = 5
DIARIES = 96
"""In one run; each diary is one patient's and is played once."""
WARM = 2 * CLIENTS
SECRETS = {
    "PRO_SECRET_KEY": "bench only, bench only, bench only, bench only",
    "PRO_CONTACTS_KEY": "t:dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMgb24=",
    "PRO_PUBLIC_URL": "http://localhost",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two servers."""

    diary: Diary
    port: int
    pids: list[int]

    def run(self, numbers: list[str]) -> float:
        """Seconds of processor time, the database's included, for these diaries."""
        before, began = machine.used(self.pids), time.monotonic()
        play(self.diary, self.port, numbers)
        used = machine.used(self.pids) - before
        took = time.monotonic() - began
        _say(
            f"{self.diary.__name__}: {1000 * used / len(numbers):.1f} CPU-ms a diary, {len(numbers) / took:.0f} a second"
        )
        return used


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def compare(engine: str) -> tuple[float, float]:
    """Diaries per CPU-second: ours, the bare form's."""
    numbers = [f"R-{n:05}" for n in range(WARM + PAIRS * DIARIES)]
    with ExitStack() as stack:
        urls, database_pids = stack.enter_context(databases(engine))
        parts = make_parts((urls["study"], urls["contacts"]))
        enrol(parts, numbers)
        _close(parts)
        ours = {**SECRETS, "DATABASE_URL": urls["study"], "CONTACTS_DATABASE_URL": urls["contacts"]}
        port, pid = stack.enter_context(machine.serving("wsgi:app", ours))
        our = Side(our_diary, port, [pid, *database_pids])
        port, pid = stack.enter_context(
            machine.serving("tests.bench.bare:create_app()", {"DATABASE_URL": urls["bare"]})
        )
        bare = Side(bare_diary, port, [pid, *database_pids])
        return in_turn(our, bare, numbers)


def first_question() -> list[Reply]:
    """The answers that a cold phone loads between its link and the first question."""
    with ExitStack() as stack:
        urls, _ = stack.enter_context(databases("sqlite"))
        parts = make_parts((urls["study"], urls["contacts"]))
        enrol(parts, ["R-00001"])
        _close(parts)
        ours = {**SECRETS, "DATABASE_URL": urls["study"], "CONTACTS_DATABASE_URL": urls["contacts"]}
        port, _ = stack.enter_context(machine.serving("wsgi:app", ours))
        return list(asyncio.run(open_questions(Browser(port), token_of("R-00001"))))


def in_turn(our: Side, bare: Side, numbers: list[str]) -> tuple[float, float]:
    """Ours, bare, ours, bare…, so that what else the machine does falls on both."""
    play(our.diary, our.port, numbers[:WARM])
    play(bare.diary, bare.port, numbers[:WARM])
    our_used = bare_used = 0.0
    for n in range(PAIRS):
        some = numbers[WARM + n * DIARIES : WARM + (n + 1) * DIARIES]
        our_used += our.run(some)
        bare_used += bare.run(some)
    return PAIRS * DIARIES / our_used, PAIRS * DIARIES / bare_used


def _close(parts: Parts) -> None:
    parts.study.close()
    parts.contacts.close()


@contextmanager
def databases(engine: str) -> Iterator[tuple[dict[str, str], list[int]]]:
    """Addresses of `study`, `contacts` and `bare`, all new; and the database server's process where there is one."""
    if engine == "sqlite":
        with TemporaryDirectory(prefix="pro-bench-") as directory:
            urls = {name: f"sqlite:///{Path(directory) / name}.sqlite" for name in (*HISTORIES, "bare")}
            yield _migrated(urls), []
        return
    with machine.durable_postgres() as (url, pid):
        server = Postgres(url)
        yield _migrated({name: server.create() for name in (*HISTORIES, "bare")}), [pid]


def _migrated(urls: dict[str, str]) -> dict[str, str]:
    for which in HISTORIES:
        migrate.upgrade(urls[which], which)
    return urls
