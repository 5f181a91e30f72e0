"""What a named method is and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pro.domain.questionnaire import Scale, Value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a named method answers: a value, or None and why."""

    value: Fraction | str | None
    reason: str | None = None


Method = Callable[[Scale, Mapping[str, Value]], Outcome]
"""A named method gets the scale and the answers to its items; what is absent is missing."""
