"""Quality of life: the EQ-5D-5L profile and the T-scores of PROMIS Global Health."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

NO_LEVEL = "9"


def eq5d_profile(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """The levels of the scale's items in their order, as text; 9 stands for a dimension without an answer.

    EuroQol's convention: EQ-5D-5L User Guide, 2019.
    """
    return Outcome("".join(str(answers.get(key, NO_LEVEL)) for key in scale.items))


LEAST_RAW = 4
"""Four items of 1 to 5: the first entry of either table."""

_PHYSICAL = "16.2 19.9 23.5 26.7 29.6 32.4 34.9 37.4 39.8 42.3 44.9 47.7 50.8 54.1 57.7 61.9 67.7"
_MENTAL = "21.2 25.1 28.4 31.3 33.8 36.3 38.8 41.1 43.5 45.8 48.3 50.8 53.3 56.0 59.0 62.5 67.6"
PHYSICAL_T = tuple(Fraction(each) for each in _PHYSICAL.split())
MENTAL_T = tuple(Fraction(each) for each in _MENTAL.split())


def promis_physical_t(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Global physical health, T-score (mean 50, SD 10) of the raw sum 4 to 20; all four items needed.

    Hays et al., Qual Life Res 2009;18:873-880, table of PROMIS Global Health v1.2.
    """
    return _looked_up(PHYSICAL_T, scale, answers)


def promis_mental_t(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Global mental health, T-score (mean 50, SD 10) of the raw sum 4 to 20; all four items needed.

    Hays et al., Qual Life Res 2009;18:873-880, table of PROMIS Global Health v1.2, whose first entry is 21.2
    (a working paper of 2009 prints 21.1).
    """
    return _looked_up(MENTAL_T, scale, answers)


def _looked_up(table: tuple[Fraction, ...], scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    missing = [key for key in scale.items if key not in answers]
    if missing:
        return Outcome(None, f"the table needs all {len(scale.items)} items; not answered: {', '.join(missing)}")
    raw = sum(int(scale.recode[key][str(answers[key])]) for key in scale.items)
    return Outcome(table[raw - LEAST_RAW])


METHODS: dict[str, Method] = {
    "eq5d_profile": eq5d_profile,
    "promis_physical_t": promis_physical_t,
    "promis_mental_t": promis_mental_t,
}
