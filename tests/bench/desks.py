"""What the worker and the desk cost when nothing is due and when somebody looks, with few and with many patients."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from pro import worker
from pro.clock import FixedClock
from pro.services import standing
from pro.services.access import Grant, Identity, Right
from pro.services.parts import Parts
from tests.bench.patients import enrol
from tests.bench.rates import databases
from tests.factories import Made, make_parts

FEW, MANY = 115, 1150
"""Patients: some 10,000 and 100,000 assessments."""
TIMES = 40


class Costs(NamedTuple):
    """Milliseconds: the middle of many."""

    tick: float
    page: float


def measure(engine: str, patients: int) -> Costs:
    """An idle tick of the worker, and one screen of the compliance page as the service reads it."""
    with ExitStack() as stack:
        urls, _ = stack.enter_context(databases(engine))
        parts = make_parts((urls["study"], urls["contacts"]), FixedClock(datetime.now(UTC)))
        stack.callback(parts.study.close)
        stack.callback(parts.contacts.close)
        made = enrol(parts, [f"R-{n:05}" for n in range(patients)], responses=False)
        return Costs(_middle(lambda: _tick(parts)), _middle(lambda: _page(parts, made)))


def _tick(parts: Parts) -> None:
    failed = worker.tick_once(parts, parts.clock.now(), "bench")
    if failed:
        raise RuntimeError(f"the tick failed in {failed}")


def _page(parts: Parts, made: Made) -> None:
    reach = dict.fromkeys(Right, frozenset(made.sites.values()))
    grants: tuple[Grant, ...] = ()
    page = standing.page(parts, Identity(1, "bench", "Bench", "en", grants, reach), parts.clock.now())
    if len(page.rows) != standing.PAGE:
        raise RuntimeError(f"{len(page.rows)} patients on a screen")


def _middle(what: Callable[[], None]) -> float:
    """The clock stands still, so that every time is the same work."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        what()
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)
