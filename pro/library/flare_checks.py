"""Flare rules and the screening value against the questionnaires they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

from pro.domain.answers import NUMBERS
from pro.domain.flare_rules import Creep, Criteria, Declared, Emergency, FlareRule, Jump, Level
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.library.files import Place
from pro.library.slips import is_slip
from pro.library.wording import Findings, one_of

Known = Mapping[tuple[str, str], Questionnaire]

YES_NO = frozenset({Kind.YES_NO})
JOINT_LIST = frozenset({Kind.JOINTS})


def check_flare_rules(findings: Findings, protocol: Protocol, known: Known) -> None:
    """Holds every rule to items that exist and are of its kind; problems go to `findings`."""
    place = ("flares", "rules")
    findings.unique(place, [rule.key for rule in protocol.flare_rules], "flare rule", "key")
    for i, rule in enumerate(protocol.flare_rules):
        _check_counts(findings, rule, (*place, i))
        _check_reference(findings, protocol, rule, (*place, i))
        asked = _asked(protocol, known, rule.questionnaire)
        if not asked and not _is_told(protocol, known, rule.questionnaire):
            findings.add((*place, i, "questionnaire"), _not_asked(protocol, rule.questionnaire))
        for questionnaire in asked:
            _check_items(findings, rule, questionnaire, (*place, i))


def _asked(protocol: Protocol, known: Known, id_: str, timepoint: str | None = None) -> list[Questionnaire]:
    """Every version of the questionnaire that the protocol asks (at that timepoint, if one is named)."""
    named = {
        (each.id, each.version)
        for point in protocol.timepoints
        if timepoint in (None, point.key)
        for each in point.questionnaires
        if each.id == id_
    }
    return [known[name] for name in sorted(named) if name in known]


def _is_told(protocol: Protocol, known: Known, id_: str, timepoint: str | None = None) -> bool:
    points = [point for point in protocol.timepoints if timepoint in (None, point.key)]
    return is_slip(id_, [one for point in points for one in point.questionnaires], known)


def _not_asked(protocol: Protocol, id_: str) -> str:
    ids = sorted({each.id for point in protocol.timepoints for each in point.questionnaires})
    return f"no timepoint asks {id_!r}; there are {one_of(ids)}"


def _check_counts(findings: Findings, rule: FlareRule, place: Place) -> None:
    for field in fields(rule):
        value = getattr(rule, field.name)
        if field.name in _COUNTED and value < 1:
            findings.add((*place, field.name), "must be at least 1")
    match rule:
        case Jump() | Level() if rule.baseline_least > rule.baseline_days:
            findings.add((*place, "baseline_least"), f"must be at most baseline_days ({rule.baseline_days})")
        case Creep():
            if rule.days_least > rule.days:
                findings.add((*place, "days_least"), f"must be at most days ({rule.days})")
            if rule.reference_first > rule.reference_last:
                findings.add((*place, "reference_first"), "must not be after reference_last")
        case Criteria() if rule.needed > 4:
            findings.add((*place, "needed"), "must be 1 to 4, there are four criteria")


def _check_reference(findings: Findings, protocol: Protocol, rule: FlareRule, place: Place) -> None:
    """Refuses a comparison that no patient can come to; days that count from a visit or an event nobody foresees."""
    if not isinstance(rule, Creep) or rule.reference_first > rule.reference_last:
        return
    points = [one for one in protocol.timepoints if rule.questionnaire in {each.id for each in one.questionnaires}]
    if not points or any(one.anchor.kind != "day0" for one in points):
        return
    days = {day for one in points for day in _days_of(one)}
    if not days:
        return
    reference = range(rule.reference_first, rule.reference_last + 1)
    asked = f"{rule.questionnaire} is asked on days {min(days)} to {max(days)}"
    if days.isdisjoint(reference):
        what = f"{asked}, on none of days {reference[0]} to {reference[-1]}, so {rule.key} can never be hit"
        findings.add((*place, "reference_first"), f"{what}; name days on which it is asked")
    elif max(days) <= rule.reference_last:
        what = f"{asked}, never after day {rule.reference_last}, so nothing is compared and {rule.key} can never be hit"
        findings.add((*place, "reference_last"), f"{what}; name earlier days")


def _days_of(timepoint: Timepoint) -> Sequence[int]:
    """The days from day 0 that its answers may stand under; a clock change moves a window in hours over midnight."""
    if timepoint.hours is not None and not timepoint.on_demand:
        opens = timepoint.hours.opens // timedelta(days=1)
        return range(opens - 1, opens + 2)
    return range(timepoint.first_day, timepoint.last_day + 1) if timepoint.on_demand else timepoint.targets


_COUNTED = frozenset({"recorded_days", "baseline_days", "baseline_least", "days", "days_least", "needed"})


def _check_items(findings: Findings, rule: FlareRule, questionnaire: Questionnaire, place: Place) -> None:
    match rule:
        case Declared():
            _item(findings, questionnaire, rule.item, YES_NO, (*place, "item"))
        case Criteria():
            _item(findings, questionnaire, rule.declared, YES_NO, (*place, "declared"))
            pain = _item(findings, questionnaire, rule.rest_pain, NUMBERS, (*place, "rest_pain"))
            _item(findings, questionnaire, rule.swollen, JOINT_LIST, (*place, "swollen"))
            _item(findings, questionnaire, rule.warm, YES_NO, (*place, "warm"))
            _level(findings, pain, rule.rest_pain_above, (*place, "rest_pain_above"))
        case Jump():
            item = _item(findings, questionnaire, rule.item, NUMBERS, (*place, "item"))
            _level(findings, item, rule.floor, (*place, "floor"))
            _step(findings, item, rule.jump, (*place, "jump"))
        case Level() | Emergency():
            item = _item(findings, questionnaire, rule.item, NUMBERS, (*place, "item"))
            _level(findings, item, rule.at_least, (*place, "at_least"))
        case Creep():
            item = _item(findings, questionnaire, rule.item, NUMBERS, (*place, "item"))
            _step(findings, item, rule.rise, (*place, "rise"))


def _item(
    findings: Findings, questionnaire: Questionnaire, key: str, kinds: frozenset[Kind], place: Place
) -> Item | None:
    for item in questionnaire.items:
        if item.key == key and item.kind in kinds:
            return item
        if item.key == key:
            wanted = " or ".join(sorted(kinds))
            findings.add(place, f"{questionnaire.id}.{key} is {item.kind}; this needs {wanted}")
            return None
    keys = one_of(item.key for item in questionnaire.items)
    findings.add(place, f"{questionnaire.id} {questionnaire.version} has no item {key!r}; there are {keys}")
    return None


def _level(findings: Findings, item: Item | None, value: Decimal, place: Place) -> None:
    if item is None or item.low is None or item.high is None:
        return
    if not item.low <= value <= item.high:
        findings.add(place, f"{value} is no value of {item.key}; it goes from {item.low} to {item.high}")


def _step(findings: Findings, item: Item | None, value: Decimal, place: Place) -> None:
    if item is None or item.low is None or item.high is None:
        return
    if not 0 < value <= item.high - item.low:
        findings.add(place, f"{value} is no step of {item.key}; say more than 0, at most {item.high - item.low}")


def check_screening(findings: Findings, protocol: Protocol, known: Known) -> None:
    """Holds the screening value to a criterion, a timepoint and a number that exist."""
    screening = protocol.screening
    inclusion = [each.key for each in protocol.criteria if each.kind == "inclusion"]
    if screening.criterion not in inclusion:
        what = f"{screening.criterion!r} is no inclusion criterion; there are {one_of(inclusion)}"
        findings.add(("screening", "criterion"), what)
    keys = [each.key for each in protocol.timepoints]
    if screening.timepoint not in keys:
        what = f"there is no timepoint {screening.timepoint!r}; there are {one_of(keys)}"
        findings.add(("screening", "timepoint"), what)
        return
    asked = _asked(protocol, known, screening.questionnaire, screening.timepoint)
    if not asked and not _is_told(protocol, known, screening.questionnaire, screening.timepoint):
        what = f"the timepoint {screening.timepoint} does not ask {screening.questionnaire!r}"
        findings.add(("screening", "questionnaire"), what)
    for questionnaire in asked:
        item = _item(findings, questionnaire, screening.item, NUMBERS, ("screening", "item"))
        _level(findings, item, screening.above, ("screening", "above"))
