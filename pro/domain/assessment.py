"""Where an assessment stands, computed from its stored instants and never stored itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    EXPECTED = "expected"
    OPEN = "open"
    BEGUN = "begun"
    COMPLETED = "completed"
    LATE = "late"
    PARTIAL = "partial"
    MISSED = "missed"
    EXCUSED = "excused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Instants:
    """What the study database knows of an assessment, aware UTC; `answered`: at least one item is."""

    opens_at: datetime
    closes_at: datetime
    late_until: datetime | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    closed_at: datetime | None = None
    cancelled_at: datetime | None = None
    excused_at: datetime | None = None
    answered: bool = False


def end(instants: Instants) -> datetime:
    """The instant from which it can no longer be filled (exclusive)."""
    return instants.late_until or instants.closes_at


def is_fillable(instants: Instants, now: datetime) -> bool:
    """Whether the patient may answer it now, late filling included."""
    return instants.opens_at <= now < end(instants) and not _is_settled(instants)


def is_over(instants: Instants, now: datetime) -> bool:
    """Whether nothing can be filled in any more because it was closed or its time has run out."""
    return instants.closed_at is not None or now >= end(instants)


def state(instants: Instants, now: datetime) -> State:
    """The state at `now`. What was submitted stays submitted, whatever is said of it afterwards.

    Between `closes_at` and `late_until` an unsubmitted one is still open or begun.
    """
    if instants.submitted_at is not None:
        return State.COMPLETED if instants.submitted_at < instants.closes_at else State.LATE
    if instants.cancelled_at is not None:
        return State.CANCELLED
    if instants.excused_at is not None:
        return State.EXCUSED
    if is_over(instants, now):
        return State.PARTIAL if instants.answered else State.MISSED
    if now < instants.opens_at:
        return State.EXPECTED
    return State.OPEN if instants.started_at is None else State.BEGUN


def _is_settled(instants: Instants) -> bool:
    return any((instants.submitted_at, instants.closed_at, instants.cancelled_at))
