"""T-scores of PROMIS short forms and of PROMIS Global Health: raw sums looked up in the published tables."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

LEAST_RAW = 4
"""Four items of 1 to 5: the raw sum of each table's first entry."""

GLOBAL = "Hays et al., Qual Life Res 2009;18:873-880, table of PROMIS Global Health v1.2."
PROFILE = "Cella et al., J Clin Epidemiol 2010;63:1179-1194, table of the PROMIS-29 v2 short form."

T_SCORES: Mapping[str, tuple[str, str]] = {
    "promis_physical_t": (
        GLOBAL,
        "16.2 19.9 23.5 26.7 29.6 32.4 34.9 37.4 39.8 42.3 44.9 47.7 50.8 54.1 57.7 61.9 67.7",
    ),
    "promis_mental_t": (  # a working paper of 2009 begins with 21.1
        GLOBAL,
        "21.2 25.1 28.4 31.3 33.8 36.3 38.8 41.1 43.5 45.8 48.3 50.8 53.3 56.0 59.0 62.5 67.6",
    ),
    "promis_29_physical_t": (  # version 1 of the form has another table
        PROFILE,
        "22.5 26.6 28.9 30.5 31.9 33.2 34.4 35.6 36.7 37.9 39.2 40.5 41.9 43.5 45.5 48.3 57.0",
    ),
    "promis_29_anxiety_t": (
        PROFILE,
        "40.3 48.0 51.2 53.7 55.8 57.7 59.5 61.4 63.4 65.3 67.3 69.3 71.2 73.3 75.4 77.9 81.6",
    ),
    "promis_29_depression_t": (
        PROFILE,
        "41.0 49.0 51.8 53.9 55.7 57.3 58.9 60.5 62.2 63.9 65.7 67.5 69.4 71.2 73.3 75.7 79.4",
    ),
    "promis_29_fatigue_t": (
        PROFILE,
        "33.7 39.7 43.1 46.0 48.6 51.0 53.1 55.1 57.0 58.8 60.7 62.7 64.6 66.7 69.0 71.6 75.8",
    ),
    "promis_29_sleep_t": (
        PROFILE,
        "32.0 37.5 41.1 43.8 46.2 48.4 50.5 52.4 54.3 56.1 57.9 59.8 61.7 63.8 66.0 68.8 73.3",
    ),
    "promis_29_social_t": (
        PROFILE,
        "27.5 31.8 34.0 35.7 37.3 38.8 40.5 42.3 44.2 46.2 48.1 50.0 51.9 53.7 55.8 58.3 64.2",
    ),
    "promis_29_interference_t": (  # one public source ends with 75.8
        PROFILE,
        "41.6 49.6 52.0 53.9 55.6 57.1 58.5 59.9 61.2 62.5 63.8 65.2 66.6 68.0 69.7 71.6 75.6",
    ),
}
"""Source and T-scores (mean 50, SD 10) of the raw sums 4 to 20, by method name."""


def _t_score(source: str, printed: str) -> Method:
    table = [Outcome(Decimal(each)) for each in printed.split()]

    def t_score(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
        if len(answers) < len(scale.items):
            missing = [key for key in scale.items if key not in answers]
            return Outcome(None, f"the table needs all {len(scale.items)} items; not answered: {', '.join(missing)}")
        recode = scale.recode
        raw = sum([recode[key][str(answers[key])] for key in scale.items])
        return table[int(raw) - LEAST_RAW]

    t_score.__doc__ = f"T-score (mean 50, SD 10) of the raw sum of four recoded items, all needed. {source}"
    return t_score


METHODS: dict[str, Method] = {name: _t_score(source, printed) for name, (source, printed) in T_SCORES.items()}
