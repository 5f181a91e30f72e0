"""Protocol files: their shape, and how they become what a study plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from pro.domain.protocol import (
    Creep,
    Criteria,
    Criterion,
    Declared,
    Emergency,
    FlareRule,
    Jump,
    Level,
    Protocol,
    QuestionnaireVersion,
    QuietHours,
    ReminderStep,
    ScreeningValue,
    Timepoint,
)
from pro.domain.questionnaire import Questionnaire
from pro.library.files import Document, Place, Unreadable, typed
from pro.library.protocol_checks import check_protocol
from pro.library.wording import Findings

Wording = dict[str, str]
Known = Mapping[tuple[str, str], Questionnaire]


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


class DaysFile(msgspec.Struct, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    first: int
    last: int
    every: int = 1


class TimepointFile(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    title: Wording
    respondent: Literal["patient", "clinician"]
    questionnaires: list[str]
    days: int | DaysFile
    window: WindowFile = msgspec.field(default_factory=WindowFile)
    late_until: str | None = None
    reminders: list[str | StepFile] = []
    clinician: list[str] = []
    computed: list[str] = []


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


def build(document: Document, path: Path, room: Path | None, known: Known) -> Protocol:
    """The protocol of a document, its questionnaires among `known`; raises Unreadable with every problem."""
    file = typed(document, ProtocolFile)
    findings = Findings(document)
    findings.identity(file.id, file.version, path, room)
    findings.languages(file.languages)
    findings.wordings(document.data, file.languages)
    protocol = _Reader(findings).protocol(file, document.sha256)
    if protocol is not None:
        check_protocol(findings, protocol, known)
    if protocol is None or findings.problems:
        raise Unreadable(findings.problems)
    return protocol


class _Reader:
    """Reads the file's clock times, durations and names; what cannot be read goes to the findings."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def protocol(self, file: ProtocolFile, sha256: str) -> Protocol | None:
        before = len(self.findings.problems)
        protocol = Protocol(
            id=file.id,
            version=file.version,
            sha256=sha256,
            title=file.title,
            notice=file.notice,
            demonstration=file.demonstration,
            languages=tuple(file.languages),
            cutoff=self.clock(file.cutoff, ("cutoff",)),
            quiet_hours=QuietHours(
                self.clock(file.quiet_hours.start, ("quiet_hours", "from")),
                self.clock(file.quiet_hours.end, ("quiet_hours", "to")),
            ),
            daily_cap=file.daily_cap,
            late_message=self.duration(file.late_message, ("late_message",)),
            link_life=self.duration(file.link_life, ("link_life",)),
            criteria=_criteria(file.eligibility),
            screening=ScreeningValue(**_fields(file.screening)),
            timepoints=tuple(self.timepoint(each, ("timepoints", i)) for i, each in enumerate(file.timepoints)),
            flare_rules=tuple(_rule(each) for each in file.flares.rules),
            episode_days=file.flares.episode_days,
            review_within=self.duration(file.flares.review_within, ("flares", "review_within")),
            duty_delay=self.duration(file.flares.duty_delay, ("flares", "duty_delay")),
            baseline=file.baseline,
        )
        return protocol if len(self.findings.problems) == before else None

    def timepoint(self, file: TimepointFile, place: Place) -> Timepoint:
        days = file.days if isinstance(file.days, DaysFile) else DaysFile(file.days, file.days)
        late = file.late_until
        return Timepoint(
            key=file.key,
            title=file.title,
            respondent=file.respondent,
            questionnaires=self.versions(file.questionnaires, (*place, "questionnaires")),
            first_day=days.first,
            last_day=days.last,
            every=days.every,
            window_before=file.window.before,
            window_after=file.window.after,
            late_until=None if late is None else self.clock(late, (*place, "late_until")),
            reminders=tuple(self.step(each, (*place, "reminders", i)) for i, each in enumerate(file.reminders)),
            clinician=self.versions(file.clinician, (*place, "clinician")),
            computed=self.versions(file.computed, (*place, "computed")),
        )

    def step(self, file: str | StepFile, place: Place) -> ReminderStep:
        text, day = (file, None) if isinstance(file, str) else (file.at, file.day)
        at = self.clock(text, place)
        key = f"at-{at:%H:%M}" if day is None else f"at-{at:%H:%M}/{day}"
        return ReminderStep(key, at, day)

    def versions(self, texts: list[str], place: Place) -> tuple[QuestionnaireVersion, ...]:
        return tuple(self.version(text, (*place, i)) for i, text in enumerate(texts))

    def version(self, text: str, place: Place) -> QuestionnaireVersion:
        match = re.fullmatch(r"(\S+) ([1-9][0-9]*)", text)
        if match is None:
            self.findings.add(place, f"{text!r} must be an id and a version, such as pain-vas-48h 1")
            return QuestionnaireVersion(text, "")
        return QuestionnaireVersion(match[1], match[2])

    def clock(self, text: str, place: Place) -> time:
        match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
        if match is None:
            self.findings.add(place, f"{text!r} must be a clock time from 00:00 to 23:59, such as 08:30")
            return time()
        return time(int(match[1]), int(match[2]))

    def duration(self, text: str, place: Place) -> timedelta:
        match = re.fullmatch(r"([1-9][0-9]{0,4}) ?(min|h|d)", text)
        if match is None:
            self.findings.add(place, f"{text!r} must be a time span such as 30 min, 2 h or 14 d")
            return timedelta()
        return int(match[1]) * _UNITS[match[2]]


_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _criteria(file: EligibilityFile) -> tuple[Criterion, ...]:
    inclusion = tuple(Criterion(each.key, "inclusion", each.text) for each in file.inclusion)
    return inclusion + tuple(Criterion(each.key, "exclusion", each.text) for each in file.exclusion)


_RULES: Mapping[type[RuleFile], type[FlareRule]] = {
    JumpFile: Jump,
    LevelFile: Level,
    CreepFile: Creep,
    DeclaredFile: Declared,
    CriteriaFile: Criteria,
    EmergencyFile: Emergency,
}


def _rule(file: RuleFile) -> FlareRule:
    return _RULES[type(file)](**_fields(file))


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
