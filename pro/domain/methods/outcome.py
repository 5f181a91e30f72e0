"""What a named method is and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from pro.domain.questionnaire import Scale, Value

Number = int | Decimal | Fraction


class Outcome(NamedTuple):
    """What a named method answers: a value, or None and why. One is made for every score, so it is a cheap one."""

    value: Number | str | None
    reason: str | None = None


Method = Callable[[Scale, Mapping[str, Value]], Outcome]
"""A named method gets the scale and the answers to its items; what is absent is missing."""
