"""What in a clinician's form is allowed and still worth a second look: asked once more, never refused.

The commonest slip is a CRP in mg/dL typed as mg/L: ten times too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pro.domain.protocol import Timepoint
from pro.domain.questionnaire import Value

EXAMINED_ON = "examined_on"
"""Item of the day of the examination."""
LEAST_CRP = Decimal(1)
"""mg/L; under it a value is likelier in mg/dL."""
MOST_CRP = Decimal(150)
MOST_ESR = Decimal(120)
"""mm in the first hour."""

Why = Literal["crp-low", "crp-high", "esr-high", "outside-window", "out-and-marked"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to confirm."""

    item: str
    why: Why
    value: str = ""


def window(timepoint: Timepoint, day: date) -> tuple[date, date]:
    """The days of the window of the visit meant for `day`, both inside."""
    return day - timedelta(days=timepoint.window_before), day + timedelta(days=timepoint.window_after)


def impossible(values: Mapping[str, Value], earliest: date, today: date) -> Literal["too-early", "future"] | None:
    """Why nobody can have examined this patient on that day: before the first visit could be, or after `today`."""
    given = values.get(EXAMINED_ON)
    if not isinstance(given, str):
        return None
    if date.fromisoformat(given) < earliest:
        return "too-early"
    return "future" if date.fromisoformat(given) > today else None


def doubts(values: Mapping[str, Value], first: date, last: date) -> tuple[Doubt, ...]:
    """What to confirm of these answers; `first` and `last` are the days of the visit's window, both inside."""
    return (*_of_day(values, first, last), *_of_blood(values), *_of_joints(values))


def _of_day(values: Mapping[str, Value], first: date, last: date) -> list[Doubt]:
    given = values.get(EXAMINED_ON)
    if not isinstance(given, str) or first <= date.fromisoformat(given) <= last:
        return []
    return [Doubt(EXAMINED_ON, "outside-window", given)]


def _of_blood(values: Mapping[str, Value]) -> list[Doubt]:
    found: list[Doubt] = []
    crp, esr = values.get("crp"), values.get("esr")
    if isinstance(crp, int | Decimal) and crp < LEAST_CRP:
        found.append(Doubt("crp", "crp-low", str(crp)))
    if isinstance(crp, int | Decimal) and crp > MOST_CRP:
        found.append(Doubt("crp", "crp-high", str(crp)))
    if isinstance(esr, int | Decimal) and esr > MOST_ESR:
        found.append(Doubt("esr", "esr-high", str(esr)))
    return found


def _of_joints(values: Mapping[str, Value]) -> list[Doubt]:
    """A joint that is out of the count and marked all the same is not counted."""
    out = values.get("not_assessable")
    both = [
        joint
        for key in ("tender", "swollen")
        if isinstance(marked := values.get(key), tuple) and isinstance(out, tuple)
        for joint in marked
        if joint in out
    ]
    return [Doubt("not_assessable", "out-and-marked", joint) for joint in dict.fromkeys(both)]
