"""How far an answer has moved since baseline, as a share of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pro.domain.methods.numbers import exact
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value


def relative_change(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Change since baseline in percent of the baseline: below 0 is a fall. The scale's items are baseline and current.

    By definition; a baseline of 0 has no share, and there is then no value, neither 0 nor without end.
    """
    baseline, current = (exact(answers[key]) for key in ("baseline", "current"))
    if baseline == 0:
        return Outcome(None, "the baseline is 0, so there is no share of it")
    return Outcome(Fraction(100 * (current - baseline), baseline))


METHODS: dict[str, Method] = {"relative_change": relative_change}
