"""What must hold in a protocol beyond the shape of its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time

from pro.domain.protocol import Protocol, QuestionnaireVersion, QuietHours, Timepoint
from pro.domain.questionnaire import Questionnaire
from pro.domain.reach import never_shown
from pro.domain.sms_texts import sms_texts
from pro.library.anchor_checks import check_anchors, check_zones
from pro.library.attention_checks import check_attention, check_endpoint
from pro.library.computed_checks import check_computed
from pro.library.files import Place
from pro.library.flare_checks import check_flare_rules, check_screening
from pro.library.overlap_checks import check_overlaps
from pro.library.recalls import check_recalls
from pro.library.reminder_checks import check_messages, check_titles
from pro.library.wording import LANGUAGES, Findings, one_of

Known = Mapping[tuple[str, str], Questionnaire]

LATEST_CUTOFF = time(12, 0)


def check_protocol(findings: Findings, protocol: Protocol, known: Known) -> None:
    """Holds the protocol together; problems go to `findings`."""
    check_figures(findings, protocol)
    _check_criteria(findings, protocol)
    _check_texts(findings, protocol)
    findings.unique(("timepoints",), [each.key for each in protocol.timepoints], "timepoint", "key")
    findings.words(("timepoints",), [each.key for each in protocol.timepoints], "key")
    for i, timepoint in enumerate(protocol.timepoints):
        place = ("timepoints", i)
        _check_questionnaires(findings, protocol, timepoint, known, place)
        _check_reminders(findings, protocol, timepoint, place)
    check_anchors(findings, protocol)
    check_zones(findings, protocol)
    check_overlaps(findings, protocol)
    check_messages(findings, protocol)
    check_titles(findings, protocol)
    check_recalls(findings, protocol, known)
    _check_baseline(findings, protocol)
    check_endpoint(findings, protocol)
    check_computed(findings, protocol, known)
    check_screening(findings, protocol, known)
    check_flare_rules(findings, protocol, known)


def is_quiet(at: time, quiet: QuietHours) -> bool:
    """Whether the clock time lies in the quiet hours, their start included and their end not."""
    if quiet.start < quiet.end:
        return quiet.start <= at < quiet.end
    return at >= quiet.start or at < quiet.end


def check_figures(findings: Findings, protocol: Protocol) -> None:
    """What each figure must hold by itself, whatever else does not."""
    if protocol.cutoff > LATEST_CUTOFF:
        findings.add(("cutoff",), f"{protocol.cutoff:%H:%M} is out of range; the cut-off is 00:00 to 12:00")
    if protocol.quiet_hours.start == protocol.quiet_hours.end:
        findings.add(("quiet_hours",), "from and to are the same; give the hours without messages")
    if protocol.daily_cap < 1:
        findings.add(("daily_cap",), "must be at least 1 message a day")
    if protocol.episode_days < 1:
        findings.add(("flares", "episode_days"), "must be at least 1 day")
    for i, timepoint in enumerate(protocol.timepoints):
        _check_days(findings, protocol, timepoint, ("timepoints", i))
    check_attention(findings, protocol)


def _check_texts(findings: Findings, protocol: Protocol) -> None:
    """No text message of the study may tell a stranger what it is about, or cost twice for one letter."""
    if set(protocol.languages) - set(LANGUAGES):
        return
    for text in sms_texts(protocol):
        for problem in text.problems:
            said = f"the text message {text.template!r} in {text.language!r}: {problem}"
            findings.add(("title",), f"{said}; `pro protocol messages` shows it")


def _check_criteria(findings: Findings, protocol: Protocol) -> None:
    for kind in ("inclusion", "exclusion"):
        keys = [each.key for each in protocol.criteria if each.kind == kind]
        findings.unique(("eligibility", kind), keys, "criterion", "key")
        findings.words(("eligibility", kind), keys, "key")
    inclusion = {each.key for each in protocol.criteria if each.kind == "inclusion"}
    for i, key in enumerate(each.key for each in protocol.criteria if each.kind == "exclusion"):
        if key in inclusion:
            findings.add(("eligibility", "exclusion", i, "key"), f"{key!r} is an inclusion criterion already")


def _check_questionnaires(
    findings: Findings, protocol: Protocol, timepoint: Timepoint, known: Known, place: Place
) -> None:
    if not timepoint.questionnaires:
        findings.add((*place, "questionnaires"), "asks nothing; name at least one questionnaire")
    named: dict[str, str] = {}
    lists = {
        "questionnaires": timepoint.questionnaires,
        "clinician": timepoint.clinician,
        "computed": timepoint.computed,
    }
    for word, versions in lists.items():
        findings.unique((*place, word), [each.id for each in versions], "questionnaire")
        for i, each in enumerate(versions):
            where = (*place, word, i)
            _check_named(findings, protocol, each, known, where)
            if named.setdefault(each.id, word) != word:
                what = f"{each.id} stands under {named[each.id]} of this timepoint already; keep one of them"
                findings.add(where, what)
    if timepoint.clinician and timepoint.repeats:
        findings.add((*place, "clinician"), "this timepoint repeats; what staff enter belongs to a single visit")


def _check_named(
    findings: Findings, protocol: Protocol, each: QuestionnaireVersion, known: Known, where: Place
) -> None:
    questionnaire = known.get((each.id, each.version))
    if questionnaire is None:
        findings.add(where, _unknown(each.id, each.version, known))
        return
    for language in protocol.languages:
        if language not in questionnaire.languages:
            findings.add(where, f"{each.id} {each.version} has no wording in {language!r}")
    for key in never_shown(questionnaire):
        what = f"{each.id}.{key} can never show: no answers make its show_if hold; mend it in a new version"
        findings.add(where, what)


def _unknown(id_: str, version: str, known: Known) -> str:
    versions = [found[1] for found in sorted(known) if found[0] == id_]
    if versions:
        return f"{id_} has no version {version}; there is {one_of(versions)}"
    ids = one_of(sorted({found[0] for found in known}))
    return f"unknown questionnaire {id_!r}; the library holds {ids or 'none'}"


def _check_days(findings: Findings, protocol: Protocol, timepoint: Timepoint, place: Place) -> None:
    if timepoint.first_day > timepoint.last_day:
        findings.add((*place, "days"), "from must not be after to")
    if timepoint.every < 1:
        findings.add((*place, "days", "every"), "must be at least 1 day")
    if not 1 <= timepoint.burst <= max(1, timepoint.every):
        findings.add((*place, "days", "for"), f"must be 1 to {timepoint.every} days, no longer than every:")
    if timepoint.window_before < 0 or timepoint.window_after < 0:
        findings.add((*place, "window"), "before and after are numbers of days, 0 or more")
    if timepoint.late_until is not None and timepoint.late_until <= protocol.cutoff:
        what = f"{timepoint.late_until:%H:%M} is before the window closes; say later than {protocol.cutoff:%H:%M}"
        findings.add((*place, "late_until"), what)


def _check_reminders(findings: Findings, protocol: Protocol, timepoint: Timepoint, place: Place) -> None:
    quiet = protocol.quiet_hours
    if timepoint.reminders and timepoint.respondent == "clinician":
        findings.add((*place, "reminders"), "reminders go to patients; a clinician's timepoint has none")
    for i, step in enumerate(timepoint.reminders):
        where = (*place, "reminders", i)
        if is_quiet(step.at, quiet):
            hours = f"{quiet.start:%H:%M} to {quiet.end:%H:%M}"
            findings.add(where, f"{step.at:%H:%M} lies in the quiet hours ({hours}); move it out of them")
        if step.day is not None and not -timepoint.window_before <= step.day <= timepoint.window_after:
            days = f"{-timepoint.window_before} to {timepoint.window_after}"
            findings.add(where, f"day {step.day} is outside the window; it holds the days {days}")
        if any(step.at == other.at and _same_day(step.day, other.day) for other in timepoint.reminders[:i]):
            findings.add(where, f"{step.at:%H:%M} stands here twice; keep one")


def _same_day(day: int | None, other: int | None) -> bool:
    return day is None or other is None or day == other


def _check_baseline(findings: Findings, protocol: Protocol) -> None:
    if not protocol.baseline:
        return
    keys = [each.key for each in protocol.timepoints if not each.repeats]
    if protocol.baseline not in keys:
        what = f"{protocol.baseline!r} is no timepoint that comes once; there are {one_of(keys)}"
        findings.add(("baseline",), what)
