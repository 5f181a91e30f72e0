"""The flare rules that a protocol may have, with their figures; `flares` judges by them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pro.domain.questionnaire import Text


@dataclass(frozen=True, slots=True)
class Jump:
    """R1: at least `jump` above the baseline and at least `floor`, on `recorded_days` consecutive recorded days.

    Baseline: median of the values recorded in the `baseline_days` patient-days before the first day of the run;
    not evaluable with fewer than `baseline_least` of them.
    """

    key: str
    version: str
    questionnaire: str
    item: str
    jump: Decimal
    floor: Decimal
    recorded_days: int
    baseline_days: int
    baseline_least: int
    text: Text


@dataclass(frozen=True, slots=True)
class Level:
    """R2: `at_least` or more on any day while the baseline (as in R1) is under `at_least`."""

    key: str
    version: str
    questionnaire: str
    item: str
    at_least: Decimal
    baseline_days: int
    baseline_least: int
    text: Text


@dataclass(frozen=True, slots=True)
class Creep:
    """R3: mean of the last `days` patient-days at least `rise` above the mean of the reference diary days."""

    key: str
    version: str
    questionnaire: str
    item: str
    rise: Decimal
    days: int
    days_least: int
    """Values needed among the last `days` days."""
    reference_first: int
    reference_last: int
    """Diary days (from day 0) whose mean is the reference; all of what was recorded, at least one."""
    text: Text


@dataclass(frozen=True, slots=True)
class Declared:
    """R4: the patient says yes."""

    key: str
    version: str
    questionnaire: str
    item: str
    text: Text


@dataclass(frozen=True, slots=True)
class Criteria:
    """R5: at least `needed` of: declared, pain at rest above `rest_pain_above`, a swollen joint, a warm joint."""

    key: str
    version: str
    questionnaire: str
    declared: str
    rest_pain: str
    rest_pain_above: Decimal
    swollen: str
    warm: str
    needed: int
    text: Text


@dataclass(frozen=True, slots=True)
class Emergency:
    """R7: `item` at `at_least` or more; judged when the answer is given."""

    key: str
    version: str
    questionnaire: str
    item: str
    at_least: Decimal
    text: Text
    advice: Text
    """What the patient reads at once."""


FlareRule = Jump | Level | Creep | Declared | Criteria | Emergency
