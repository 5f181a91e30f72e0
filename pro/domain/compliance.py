"""How much of what was expected of patients came in; nothing here is ever rebuilt from what should have been.

Counted is what can no longer be filled (late filling over) before now and before withdrawal, and every entry
that exists. An excused day stays expected; a cancelled one and a clinician's never count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from pro.domain.assessment import Instants, State, end, state
from pro.domain.protocol import Attention

MISSED_IN_A_ROW = 2
LAST_DAYS = 7
LEAST_RATIO = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Day:
    """One assessment as compliance sees it; `day` is its target date."""

    day: date
    instants: Instants
    respondent: Literal["patient", "clinician"] = "patient"


@dataclass(frozen=True, slots=True)
class Compliance:
    """Counts of expected assessments by what became of them; `on_time` and `late` together are completed."""

    on_time: int = 0
    late: int = 0
    partial: int = 0
    missed: int = 0
    excused: int = 0

    @property
    def completed(self) -> int:
        return self.on_time + self.late

    @property
    def expected(self) -> int:
        return self.completed + self.partial + self.missed + self.excused

    @property
    def ratio(self) -> Decimal | None:
        """Completed of expected, 0 to 1, not rounded; None while nothing was expected."""
        return share_of(self.completed, self.expected)

    @property
    def partial_ratio(self) -> Decimal | None:
        return share_of(self.partial, self.expected)

    def __add__(self, other: Compliance) -> Compliance:
        return Compliance(
            on_time=self.on_time + other.on_time,
            late=self.late + other.late,
            partial=self.partial + other.partial,
            missed=self.missed + other.missed,
            excused=self.excused + other.excused,
        )


@dataclass(frozen=True, slots=True)
class NeedsCall:
    """Why the site should telephone: `missed` diary days in a row, or a low `ratio` over the last seven."""

    why: Literal["missed-in-a-row", "low-last-seven"]
    missed: int
    ratio: Decimal | None


def compliance(days: Iterable[Day], now: datetime, withdrawn_at: datetime | None = None) -> Compliance:
    """What became of one patient's expected assessments up to `now`; a day still open counts once it is sent."""
    return _count(_outcomes(days, now, withdrawn_at))


def total(parts: Iterable[Compliance]) -> Compliance:
    """The sum over patients: a site or a study weighs assessments, not patients."""
    return sum(parts, Compliance())


def available(completed: int, enrolled: int) -> Decimal | None:
    """Available data: completed of all patients enrolled, withdrawn ones too; None with nobody enrolled."""
    return share_of(completed, enrolled)


def runs_missed(days: Iterable[Day], now: datetime, withdrawn_at: datetime | None = None) -> int:
    """How many of the newest expected days were missed in a row; an entry, a partial or an excuse ends the run."""
    run = 0
    for outcome in reversed(_outcomes(days, now, withdrawn_at)):
        if outcome is not State.MISSED:
            break
        run += 1
    return run


def last_seven(
    days: Iterable[Day], now: datetime, withdrawn_at: datetime | None = None, newest: int = LAST_DAYS
) -> Compliance:
    """Compliance over the newest seven expected days, or over fewer while there are no seven yet."""
    return _count(_outcomes(days, now, withdrawn_at)[-newest:])


def needs_call(days: Sequence[Day], now: datetime, withdrawn_at: datetime | None = None) -> NeedsCall | None:
    """Whether a diary is going wrong, and the most urgent reason."""
    return next(iter(calls_needed(days, now, withdrawn_at)), None)


def calls_needed(
    days: Sequence[Day],
    now: datetime,
    withdrawn_at: datetime | None = None,
    attention: Attention = Attention(MISSED_IN_A_ROW, LAST_DAYS, int(LEAST_RATIO * 100)),  # noqa: B008
) -> tuple[NeedsCall, ...]:
    """Every reason: two missed days in a row, and under 80 % of the last seven (once seven); the protocol's figures."""
    missed = runs_missed(days, now, withdrawn_at)
    recent = last_seven(days, now, withdrawn_at, attention.last_days)
    found = []
    if missed >= attention.missed_in_a_row:
        found.append(NeedsCall("missed-in-a-row", missed, recent.ratio))
    if recent.expected == attention.last_days and recent.completed * 100 < attention.least_percent * recent.expected:
        found.append(NeedsCall("low-last-seven", missed, recent.ratio))
    return tuple(found)


def share_of(part: int, whole: int) -> Decimal | None:
    """`part` of `whole`, not rounded; None where there is no whole: neither 0 % nor 100 %."""
    return Decimal(part) / whole if whole else None


def percent(ratio: Decimal | None) -> Decimal | None:
    """A ratio for reading: per cent with one decimal, half up."""
    if ratio is None:
        return None
    return (ratio * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


def _outcomes(days: Iterable[Day], now: datetime, withdrawn_at: datetime | None) -> list[State]:
    """The final states of the patient's expected assessments, oldest first."""
    counted = [one for one in days if _counts(one, now, withdrawn_at)]
    counted.sort(key=lambda one: (one.day, one.instants.opens_at))
    return [state(one.instants, now) for one in counted]


def _counts(one: Day, now: datetime, withdrawn_at: datetime | None) -> bool:
    if one.respondent != "patient":
        return False
    if one.instants.submitted_at is not None:
        return True
    if one.instants.cancelled_at is not None:
        return False
    until = now if withdrawn_at is None else min(now, withdrawn_at)
    return _over_at(one.instants) <= until


def _over_at(instants: Instants) -> datetime:
    return end(instants) if instants.closed_at is None else min(instants.closed_at, end(instants))


def _count(outcomes: Sequence[State]) -> Compliance:
    return Compliance(
        on_time=outcomes.count(State.COMPLETED),
        late=outcomes.count(State.LATE),
        partial=outcomes.count(State.PARTIAL),
        missed=outcomes.count(State.MISSED),
        excused=outcomes.count(State.EXCUSED),
    )
