"""Runs of bad days and the baseline before them, as the flare rules R1 and R2 see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median


@dataclass(frozen=True, slots=True)
class Baseline:
    value: Decimal | None
    """None with too few recorded values."""
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded day: whether it meets the rule's condition for a single day, and the run it is part of."""

    day: date
    baseline: Baseline
    met: bool | None
    """None: no baseline to compare with."""
    run: tuple[date, ...]


Meets = Callable[[Decimal, Decimal], bool]
"""(today's value, baseline) → whether the day meets the condition."""


def baseline_before(numbers: Mapping[date, Decimal], day: date, days: int, least: int) -> Baseline:
    """Median of what was recorded in the `days` patient-days just before `day`; none below `least` values."""
    at = day.toordinal()
    used = tuple([past for back in range(days, 0, -1) if (past := date.fromordinal(at - back)) in numbers])
    return Baseline(median(numbers[past] for past in used) if len(used) >= least else None, used)


def walk(
    numbers: Mapping[date, Decimal], meets: Meets, window: Callable[[date], Baseline], floor: Decimal
) -> Iterator[Step]:
    """The recorded days in order, each with its run; days under the floor can be in no run.

    A day continues the run when it meets the condition against the run's own baseline, the one before the run's
    first day. A day that does not is tried as the first of a new run. A day without a value is not in `numbers`,
    and so neither extends nor breaks a run.
    """
    held, run = Baseline(None, ()), tuple[date, ...]()
    for day in since_last_break(numbers, floor):
        if held.value is not None and meets(numbers[day], held.value):
            run += (day,)
            yield Step(day, held, True, run)
            continue
        fresh = window(day)
        if fresh.value is not None and meets(numbers[day], fresh.value):
            held, run = fresh, (day,)
            yield Step(day, held, True, run)
            continue
        against = fresh if held.value is None else held
        yield Step(day, against, None if against.value is None else False, ())
        held, run = Baseline(None, ()), ()


def since_last_break(numbers: Mapping[date, Decimal], floor: Decimal) -> list[date]:
    """The recorded days after the last one, but the newest, that is under the floor: no run crosses that."""
    days = sorted(numbers)
    for at in range(len(days) - 2, -1, -1):
        if numbers[days[at]] < floor:
            return days[at + 1 :]
    return days
