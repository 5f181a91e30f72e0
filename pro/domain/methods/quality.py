"""Quality of life: the EQ-5D-5L profile and, from `promis`, T-scores; what else there is needs no method of its own."""

from __future__ import annotations

from collections.abc import Mapping

from pro.domain.methods import promis
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

NO_LEVEL = "9"


def eq5d_profile(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """The levels of the scale's items in their order, as text; 9 stands for a dimension without an answer.

    EuroQol's convention, from its user guides. With nothing answered it is 99999: that says what is missing, no more.
    """
    return Outcome("".join([str(answers.get(key, NO_LEVEL)) for key in scale.items]))


METHODS: dict[str, Method] = {"eq5d_profile": eq5d_profile, **promis.METHODS}
