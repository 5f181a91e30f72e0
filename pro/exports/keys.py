"""The keys that a protocol gives: its questionnaires, timepoints and flare rules, each in a line of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from sqlalchemy import select

from pro.domain.flare_rules import FlareRule
from pro.domain.protocol import Protocol, QuestionnaireVersion, Timepoint
from pro.domain.questionnaire import Questionnaire, english
from pro.services.export_table import read
from pro.services.parts import Parts
from pro.store.tables import metadata

_patient, _assessment, _response = (metadata.tables[name] for name in ("patient", "assessment", "response"))
Keys = dict[str, dict[str, str]]
"""Column → key → what it means."""


def protocols_of(studies: Sequence[Parts]) -> list[Protocol]:
    """Every version of a protocol that a patient follows or that an assessment was planned by, the oldest first."""
    of_patients = select(_patient.c.protocol, _patient.c.protocol_version)
    of_assessments = select(_patient.c.protocol, _assessment.c.protocol_version).join(
        _patient, _assessment.c.patient_id == _patient.c.id
    )
    followed = {tuple(one) for parts in studies for one in read(parts, of_patients.union(of_assessments))}
    found = (studies[0].library.protocol(*one) for one in followed)
    return sorted(found, key=lambda each: (each.id, int(each.version)))


def questionnaires_of(studies: Sequence[Parts], protocols: Iterable[Protocol]) -> list[Questionnaire]:
    """What these protocols ask or compute, whoever answers it, and what a response was given to."""
    asked = {(one.id, one.version) for each in protocols for point in each.timepoints for one in point.named}
    for parts in studies:
        given = read(parts, select(_response.c.questionnaire, _response.c.version).distinct())
        asked |= {(one.questionnaire, one.version) for one in given}
    return [studies[0].library.questionnaire(*one) for one in sorted(asked, key=lambda one: (one[0], int(one[1])))]


def keys_of(protocols: Sequence[Protocol], questionnaires: Sequence[Questionnaire]) -> Keys:
    found: Keys = {"questionnaire": {}, "timepoint": {}, "rule": {}}
    for asked in questionnaires:
        _add(found["questionnaire"], asked.id, f"{english(asked.title)} ({english(asked.recall)})", asked.version)
    for each in protocols:
        for point in each.timepoints:
            _add(found["timepoint"], point.key, _timepoint(point), each.version)
        for rule in each.flare_rules:
            _add(found["rule"], rule.key, _rule(rule), each.version)
    return found


def _add(known: dict[str, str], key: str, said: str, version: str) -> None:
    """What a later version says in other words stands behind, with its version."""
    if key not in known:
        known[key] = said
    elif not known[key].endswith(said):
        known[key] += f" | from version {version}: {said}"


def _timepoint(point: Timepoint) -> str:
    if point.on_demand:
        when = f"opened by the patient, days {point.first_day} to {point.last_day} from {point.anchor}"
    elif point.hours is not None:
        when = f"from {point.hours.opens} to {point.hours.closes} after {point.anchor}"
    else:
        when = f"{_days(point)} from {point.anchor}, window {point.window_before} before to {point.window_after} after"
    groups = (("patient", point.questionnaires), ("clinician", point.clinician), ("computed", point.computed))
    asked = [f"{who}: {_listed(named)}" for who, named in groups if named]
    return "; ".join((english(point.title), when, *asked))


def _days(point: Timepoint) -> str:
    if not point.repeats:
        return f"day {point.first_day}"
    burst = f", {point.burst} in a row" if point.burst > 1 else ""
    return f"days {point.first_day} to {point.last_day}, every {point.every}{burst}"


def _listed(named: Iterable[QuestionnaireVersion]) -> str:
    return ", ".join(f"{one.id} {one.version}" for one in named)


def _rule(rule: FlareRule) -> str:
    words = ("key", "text", "advice")
    figures = [
        f"{one.name.replace('_', ' ')} {getattr(rule, one.name)}" for one in fields(rule) if one.name not in words
    ]
    return f"{english(rule.text)}: {', '.join(figures)}"
