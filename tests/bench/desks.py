"""What the worker and the desk cost when nothing is due and when somebody looks, with few and with many patients."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import NamedTuple

from pro import worker
from pro.clock import FixedClock
from pro.services import standing
from pro.services.access import Identity, Right
from pro.services.parts import Parts
from tests.bench.patients import enrol
from tests.bench.rates import databases
from tests.factories import make_parts

FEW, MANY = 115, 1150
"""Patients: some 10,000 and 100,000 assessments."""
TIMES = 40


class Costs(NamedTuple):
    """Milliseconds: the fastest of many, which other work on the machine disturbs least."""

    tick: float
    page: float


class House(NamedTuple):
    """An installation and somebody who may read all of it."""

    parts: Parts
    reader: Identity


def measure(engine: str) -> tuple[Costs, Costs]:
    """An idle tick of the worker and one screen of the compliance page, in turn with few and with many patients."""
    with ExitStack() as stack:
        houses = [_house(stack, engine, patients) for patients in (FEW, MANY)]
        ticks: list[list[float]] = [[], []]
        pages: list[list[float]] = [[], []]
        for _ in range(TIMES):
            for n, house in enumerate(houses):
                ticks[n].append(_taken(_tick, house))
                pages[n].append(_taken(_page, house))
        few, many = (Costs(min(ticks[n]), min(pages[n])) for n in range(len(houses)))
        return few, many


def _house(stack: ExitStack, engine: str, patients: int) -> House:
    """Its clock stands still, so that every time is the same work."""
    urls, _ = stack.enter_context(databases(engine))
    parts = make_parts((urls["study"], urls["contacts"]), FixedClock(datetime.now(UTC)))
    stack.callback(parts.study.close)
    stack.callback(parts.contacts.close)
    made = enrol(parts, [f"R-{n:05}" for n in range(patients)], responses=False)
    reach = dict.fromkeys(Right, frozenset(made.sites.values()))
    return House(parts, Identity(1, "bench", "Bench", "en", (), reach))


def _tick(house: House) -> None:
    failed = worker.tick_once(house.parts, house.parts.clock.now(), "bench")
    if failed:
        raise RuntimeError(f"the tick failed in {failed}")


def _page(house: House) -> None:
    page = standing.page(house.parts, house.reader, house.parts.clock.now())
    if len(page.rows) != standing.PAGE:
        raise RuntimeError(f"{len(page.rows)} patients on a screen")


def _taken(what: Callable[[House], None], house: House) -> float:
    began = time.perf_counter()
    what(house)
    return 1000 * (time.perf_counter() - began)
