"""Protocol files: their shape, and how they become what a study plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from pro.domain.flare_rules import Creep, Criteria, Declared, Emergency, FlareRule, Jump, Level
from pro.domain.protocol import (
    DAY0,
    Anchor,
    Attention,
    Criterion,
    Hours,
    Protocol,
    QuestionnaireVersion,
    QuietHours,
    ReminderStep,
    ScreeningValue,
    Timepoint,
)
from pro.domain.questionnaire import Questionnaire
from pro.library.files import Document, Place, Problem, Unreadable
from pro.library.fitting import fitted
from pro.library.protocol_checks import check_figures, check_protocol
from pro.library.protocol_shapes import (
    AnchorFile,
    CreepFile,
    CriteriaFile,
    DaysFile,
    DeclaredFile,
    EligibilityFile,
    EmergencyFile,
    HoursFile,
    JumpFile,
    LevelFile,
    ProtocolFile,
    RuleFile,
    StepFile,
    TimepointFile,
)
from pro.library.wording import Findings

Known = Mapping[tuple[str, str], Questionnaire]


def build(
    document: Document, path: Path, room: Path | None, known: Known, warnings: list[Problem] | None = None
) -> Protocol:
    """The protocol of a document, its questionnaires among `known`; raises Unreadable with every problem.

    What is allowed and worth a second look goes to `warnings`.
    """
    file, misfits, stand_ins = fitted(document, ProtocolFile, _TEXTS)
    findings = Findings(document)
    findings.doubtful.extend(stand_ins)
    findings.identity(file.id, file.version, path, room)
    findings.languages(file.languages)
    if not findings.in_doubt(("languages",)):
        findings.wordings(document.data, file.languages)
    before = len(findings.problems)
    protocol = _Reader(findings).protocol(file, document.sha256)
    if misfits or len(findings.problems) > before:
        check_figures(findings, protocol)
        raise Unreadable([*misfits, *findings.problems])
    check_protocol(findings, protocol, known)
    if warnings is not None:
        warnings.extend(findings.warnings)
    if findings.problems:
        raise Unreadable(findings.problems)
    return protocol


class _Reader:
    """Reads the file's clock times, durations and names; what cannot be read goes to the findings."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def protocol(self, file: ProtocolFile, sha256: str) -> Protocol:
        return Protocol(
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
            zones=tuple(file.zones),
            recall_note=_said(file.recall_note),
            attention=Attention(**_fields(file.attention)),
            endpoint=file.endpoint,
        )

    def timepoint(self, file: TimepointFile, place: Place) -> Timepoint:
        days = self.days(file, place)
        late = file.late_until
        return Timepoint(
            key=file.key,
            title=file.title,
            respondent=file.respondent,
            questionnaires=self.versions(file.questionnaires, (*place, "questionnaires")),
            first_day=days.first,
            last_day=days.last,
            every=self.count(days.every, (*place, "days", "every")),
            window_before=file.window.before,
            window_after=file.window.after,
            late_until=None if late is None else self.clock(late, (*place, "late_until")),
            reminders=tuple(self.step(each, (*place, "reminders", i)) for i, each in enumerate(file.reminders)),
            clinician=self.versions(file.clinician, (*place, "clinician")),
            computed=self.versions(file.computed, (*place, "computed")),
            anchor=self.anchor(file.anchor, (*place, "anchor")),
            burst=self.count(days.burst, (*place, "days", "for")),
            hours=self.hours(file.hours, (*place, "hours")),
            on_demand=file.started_by == "patient",
            recall_note=_said(file.recall_note),
        )

    def days(self, file: TimepointFile, place: Place) -> DaysFile:
        if isinstance(file.days, DaysFile):
            return file.days
        if file.days is not None:
            return DaysFile(file.days, file.days)
        if file.hours is None or file.started_by == "patient":
            self.findings.unread(place, f"{file.key}: `days:` is missing here; say which days it is asked on")
        return DaysFile(0, 0)

    def count(self, given: int | str, place: Place) -> int:
        """A number of days, plain or in words."""
        if isinstance(given, int):
            return given
        match = re.fullmatch(r"(?:([1-9][0-9]{0,3}) )?(day|week)s?", given)
        if match is None:
            self.findings.unread(place, f"{given!r} must be a number of days, or day, week, 3 days, 2 weeks")
            return 1
        return int(match[1] or 1) * (7 if match[2] == "week" else 1)

    def hours(self, file: HoursFile | None, place: Place) -> Hours | None:
        if file is None:
            return None
        if not 0 <= file.opens < file.closes <= _MOST_HOURS:
            what = f"from {file.opens} to {file.closes}: hours go from 0 up to {_MOST_HOURS}, and from before to"
            self.findings.unread(place, what)
        return Hours(timedelta(hours=file.opens), timedelta(hours=file.closes))

    def anchor(self, file: AnchorFile | None, place: Place) -> Anchor:
        if file is None:
            return DAY0
        if (file.visit is None) == (file.event is None):
            self.findings.unread(place, "an anchor is one visit or one event, such as {visit: week4}")
            return DAY0
        if file.visit is not None:
            return Anchor("visit", file.visit, file.by)
        return Anchor("event", file.event or "")

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
            self.findings.unread(place, f"{text!r} must be an id and a version, such as pain-vas-48h 1")
            return QuestionnaireVersion(text, "")
        return QuestionnaireVersion(match[1], match[2])

    def clock(self, text: str, place: Place) -> time:
        match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
        if match is None:
            self.findings.unread(place, f"{text!r} must be {_CLOCK}")
            return time()
        return time(int(match[1]), int(match[2]))

    def duration(self, text: str, place: Place) -> timedelta:
        match = re.fullmatch(r"([1-9][0-9]{0,4}) ?(min|h|d)", text)
        if match is None:
            self.findings.unread(place, f"{text!r} must be {_SPAN}")
            return timedelta()
        return int(match[1]) * _UNITS[match[2]]


_CLOCK = "a clock time from 00:00 to 23:59, such as 08:30"
_SPAN = "a time span such as 30 min, 2 h or 14 d"
_TEXTS = {
    **dict.fromkeys(("cutoff", "from", "to", "late_until", "reminders", "at"), _CLOCK),
    **dict.fromkeys(("late_message", "link_life", "review_within", "duty_delay"), _SPAN),
}
_MOST_HOURS = 24 * 366
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _said(note: str | dict[str, str]) -> str:
    return note if isinstance(note, str) else " / ".join(note.values())


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
