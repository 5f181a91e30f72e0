"""The shape of a protocol file."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

Wording = dict[str, str]


class QuietHoursFile(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    start: str
    end: str


class CriterionFile(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    text: Wording


class EligibilityFile(msgspec.Struct, forbid_unknown_fields=True):
    inclusion: list[CriterionFile]
    exclusion: list[CriterionFile]


class ScreeningFile(msgspec.Struct, forbid_unknown_fields=True):
    criterion: str
    timepoint: str
    questionnaire: str
    item: str
    above: Decimal


class StepFile(msgspec.Struct, forbid_unknown_fields=True):
    at: str
    day: int


class WindowFile(msgspec.Struct, forbid_unknown_fields=True):
    before: int = 0
    after: int = 0


class DaysFile(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to", "burst": "for"}):
    first: int
    last: int
    every: int | str = 1
    burst: int | str = 1


class HoursFile(msgspec.Struct, forbid_unknown_fields=True, rename={"opens": "from", "closes": "to"}):
    opens: int
    closes: int


class AnchorFile(msgspec.Struct, forbid_unknown_fields=True):
    visit: str | None = None
    event: str | None = None
    by: Literal["submission", "examination"] = "submission"


class TimepointFile(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    title: Wording
    respondent: Literal["patient", "clinician"]
    questionnaires: list[str]
    days: int | DaysFile | None = None
    window: WindowFile = msgspec.field(default_factory=WindowFile)
    late_until: str | None = None
    reminders: list[str | StepFile] = []
    clinician: list[str] = []
    computed: list[str] = []
    anchor: AnchorFile | None = None
    hours: HoursFile | None = None
    started_by: Literal["plan", "patient"] = "plan"
    recall_note: str | Wording = ""


class RuleFile(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind"):
    key: str
    version: str
    questionnaire: str
    text: Wording


class JumpFile(RuleFile, forbid_unknown_fields=True, tag="jump"):
    item: str
    jump: Decimal
    floor: Decimal
    recorded_days: int
    baseline_days: int
    baseline_least: int


class LevelFile(RuleFile, forbid_unknown_fields=True, tag="level"):
    item: str
    at_least: Decimal
    baseline_days: int
    baseline_least: int


class CreepFile(RuleFile, forbid_unknown_fields=True, tag="creep"):
    item: str
    rise: Decimal
    days: int
    days_least: int
    reference_first: int
    reference_last: int


class DeclaredFile(RuleFile, forbid_unknown_fields=True, tag="declared"):
    item: str


class CriteriaFile(RuleFile, forbid_unknown_fields=True, tag="criteria"):
    declared: str
    rest_pain: str
    rest_pain_above: Decimal
    swollen: str
    warm: str
    needed: int


class EmergencyFile(RuleFile, forbid_unknown_fields=True, tag="emergency"):
    item: str
    at_least: Decimal
    advice: Wording


class FlaresFile(msgspec.Struct, forbid_unknown_fields=True):
    episode_days: int
    review_within: str
    duty_delay: str
    rules: list[JumpFile | LevelFile | CreepFile | DeclaredFile | CriteriaFile | EmergencyFile]


class AttentionFile(msgspec.Struct, forbid_unknown_fields=True):
    missed_in_a_row: int = 2
    last_days: int = 7
    least_percent: int = 80
    undelivered: int = 2


class ProtocolFile(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    version: str
    title: Wording
    notice: Wording
    demonstration: bool
    languages: list[str]
    cutoff: str
    quiet_hours: QuietHoursFile
    daily_cap: int
    late_message: str
    link_life: str
    eligibility: EligibilityFile
    screening: ScreeningFile
    timepoints: list[TimepointFile]
    flares: FlaresFile
    baseline: str = ""
    zones: list[str] = []
    recall_note: str | Wording = ""
    attention: AttentionFile = msgspec.field(default_factory=AttentionFile)
    endpoint: str = ""
