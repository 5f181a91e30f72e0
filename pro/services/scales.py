"""Each scale of a patient over the visits, for the desk: read and worked out on each look, never stored.

Each visit is read by the protocol version that its assessment was made with, and each score by the version of the
questionnaire that was answered. Of a corrected response the newest counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from pro.clock import Moment
from pro.domain.assessment import State, end, state
from pro.domain.methods.joints import judged
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.questionnaire import Band, Questionnaire, Scale, Value
from pro.domain.results import Given, Reporter, Result, Sitting, result
from pro.domain.scoring import Score
from pro.library import Library
from pro.services import wording
from pro.services.parts import Parts
from pro.store import scales as store
from pro.store.desk import Found
from pro.store.exams import undone_of
from pro.store.instants import instants_of
from pro.store.tables import Mode

Source = Literal["patient", "clinician", "computed"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One assessment of a timepoint that comes once."""

    assessment_id: int
    protocol: Protocol
    timepoint: Timepoint
    day: date
    offset: int
    """Days since day 0."""
    opens_at: datetime
    until: datetime
    """From then on the patient can no longer answer."""
    state: State
    sitting: Sitting
    results: Mapping[str, Result]
    """What it computes, by questionnaire."""
    undone: Mapping[str, str]
    """Why the clinician's form of that id is not done."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One scale at one visit."""

    visit: Visit
    version: str
    """Of the questionnaire."""
    source: Source
    score: Score | None
    """None where nothing was answered."""
    scale: Scale | None
    """In the questionnaire's version of this visit."""
    n: int = 1

    @property
    def number(self) -> Decimal | None:
        return self.score.value if self.score is not None and isinstance(self.score.value, Decimal) else None

    @property
    def band(self) -> Band | None:
        bands = self.scale.bands if self.scale is not None else ()
        return next((band for band in bands if self.score is not None and band.label == self.score.band), None)


@dataclass(frozen=True, slots=True)
class Line:
    """One scale over the visits that ask for it."""

    scale: Scale
    """As the newest version among the visits has it."""
    readings: tuple[Reading, ...]

    def at(self, visit: Visit) -> Reading | None:
        return next((each for each in self.readings if each.visit is visit), None)

    @property
    def last(self) -> Reading | None:
        """The newest with a value."""
        return next((each for each in reversed(self.readings) if each.score and each.score.value is not None), None)


@dataclass(frozen=True, slots=True)
class Card:
    """One questionnaire's scales."""

    questionnaire: Questionnaire
    """The newest version among the visits."""
    source: Source
    lines: tuple[Line, ...]
    formulas: tuple[str, ...] = ()
    """Scales of which one is meant at a time, the best first; empty where each stands for itself."""

    def line(self, key: str) -> Line:
        """The line of that scale; KeyError where there is none."""
        for line in self.lines:
            if line.scale.key == key:
                return line
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Scales:
    visits: tuple[Visit, ...]
    """By day, cancelled ones left out unless they were answered."""
    baseline: Visit | None
    cards: tuple[Card, ...]


def scales(parts: Parts, found: Found, moment: Moment) -> Scales:
    """Every scale of every questionnaire that a visit of this patient asks, has staff enter, or computes."""
    library = wording.library(parts, moment)
    with parts.study.reading() as session:
        rows = store.visits_of(session, found.patient_id, _timepoints(library, found.protocol))
        given = _by_visit(store.newest_responses(session, [row.id for row in rows])) if rows else {}
    sittings = {row.id: _sitting(library, row, given.get(row.id, ())) for row in rows}
    baselines = {row.timepoint: row.id for row in rows if row.cancelled_at is None or row.id in given}
    visits = tuple(
        _visit(library, row, found.day0, sittings, baselines, moment.study)
        for row in rows
        if row.cancelled_at is None or row.id in given
    )
    return Scales(visits, _baseline(visits), tuple(_cards(library, visits)))


def _timepoints(library: Library, protocol: str) -> list[str]:
    """Timepoints that come once in any version: an assessment keeps the version it was made with."""
    versions = [each for each in library.protocols() if each.id == protocol]
    return list(dict.fromkeys(one.key for each in versions for one in each.timepoints if not one.repeats))


def _by_visit(rows: Sequence[Found]) -> dict[int, list[Found]]:
    given: dict[int, list[Found]] = {}
    for row in rows:
        given.setdefault(row.assessment_id, []).append(row)
    return given


# --- one visit


def _sitting(library: Library, row: Found, given: Sequence[Found]) -> Sitting:
    timepoint = library.protocol(row.protocol, row.protocol_version).timepoint(row.timepoint)
    asked: dict[str, Reporter] = {each.id: timepoint.respondent for each in timepoint.questionnaires}
    asked |= {each.id: "clinician" for each in timepoint.clinician}
    computed = {each.id: library.questionnaire(each.id, each.version) for each in timepoint.computed}
    answered = {one.questionnaire: _given(library, one, asked.get(one.questionnaire, "patient")) for one in given}
    return Sitting(asked, computed, answered)


def _given(library: Library, row: Found, asked: Reporter) -> Given:
    scales_of = {scale.key: scale for scale in library.questionnaire(row.questionnaire, row.version).scales}
    recorded: dict[str, dict[str, object]] = msgspec.json.decode(row.scores)
    answers: dict[str, dict[str, object]] = msgspec.json.decode(row.answers)
    return Given(
        version=row.version,
        reported_by="clinician" if asked == "clinician" and row.mode == Mode.STAFF else "patient",
        answers=answers,
        scores={key: _score(scales_of[key], one) for key, one in recorded.items() if key in scales_of},
        judged=_judged(scales_of, answers),
        response=row.id,
        n=row.n,
    )


def _judged(scales_of: Mapping[str, Scale], answers: Mapping[str, Mapping[str, object]]) -> dict[str, tuple[int, int]]:
    lists: dict[str, Value] = {}
    for key, answer in answers.items():
        if isinstance(value := answer.get("value"), list):
            lists[key] = tuple(value)
    return {key: found for key, scale in scales_of.items() if (found := judged(scale, lists)) is not None}


def _score(scale: Scale, recorded: Mapping[str, object]) -> Score:
    """A score as its response froze it; a scale without ends has a text (a profile), the others a number."""
    text = None if recorded["value"] is None else str(recorded["value"])
    value = Decimal(text) if text is not None and scale.low is not None else text
    band, reason = recorded["band"], recorded["reason"]
    return Score(
        value,
        text,
        int(str(recorded["answered"])),
        int(str(recorded["of"])),
        None if band is None else str(band),
        None if reason is None else str(reason),
    )


def _visit(
    library: Library,
    row: Found,
    day0: date,
    sittings: Mapping[int, Sitting],
    baselines: Mapping[str, int],
    now: datetime,
) -> Visit:
    protocol = library.protocol(row.protocol, row.protocol_version)
    sitting = sittings[row.id]
    baseline = baselines.get(protocol.baseline)
    compared = None if baseline is None else sittings[baseline]
    return Visit(
        assessment_id=row.id,
        protocol=protocol,
        timepoint=protocol.timepoint(row.timepoint),
        day=row.day,
        offset=(row.day - day0).days,
        opens_at=row.opens_at,
        until=end(instants_of(row)),
        state=state(instants_of(row), now),
        sitting=sitting,
        results={id_: result(one, sitting, compared) for id_, one in sitting.computed.items()},
        undone=undone_of(row),
    )


def _baseline(visits: Sequence[Visit]) -> Visit | None:
    """What changes are counted from: the baseline of the newest protocol among the visits."""
    named = [visit.protocol for visit in visits if visit.protocol.baseline]
    if not named:
        return None
    newest = max(named, key=lambda each: int(each.version)).baseline
    return next((visit for visit in visits if visit.timepoint.key == newest), None)


# --- one questionnaire


def _cards(library: Library, visits: Sequence[Visit]) -> Iterator[Card]:
    """In the order in which visits name them: the patient's, the clinician's, what is computed."""
    named: dict[tuple[Source, str], list[tuple[Visit, Questionnaire]]] = {}
    for visit in visits:
        for source, id_, version in _named(visit):
            named.setdefault((source, id_), []).append((visit, library.questionnaire(id_, version)))
    order = ("patient", "clinician", "computed")
    for (source, _), pairs in sorted(named.items(), key=lambda each: order.index(each[0][0])):
        yield _card(source, pairs)


def _named(visit: Visit) -> Iterator[tuple[Source, str, str]]:
    """Source, id and version: what was answered has the version of its response.

    A questionnaire of a visit that staff fill in is the patient's all the same when patients answer it elsewhere.
    """
    given = visit.sitting.given
    for each in visit.timepoint.questionnaires:
        yield "patient", each.id, given[each.id].version if each.id in given else each.version
    for each in visit.timepoint.clinician:
        yield "clinician", each.id, given[each.id].version if each.id in given else each.version
    for each in visit.timepoint.computed:
        yield "computed", each.id, each.version


def _card(source: Source, pairs: Sequence[tuple[Visit, Questionnaire]]) -> Card:
    newest = max((one for _, one in pairs), key=lambda each: int(each.version))
    lines = tuple(
        Line(scale, tuple(_reading(source, scale.key, visit, one) for visit, one in pairs)) for scale in newest.scales
    )
    return Card(newest, source, lines, _formulas(newest.id, [visit for visit, _ in pairs]))


def _reading(source: Source, key: str, visit: Visit, questionnaire: Questionnaire) -> Reading:
    scale = next((each for each in questionnaire.scales if each.key == key), None)
    if source == "computed":
        score = visit.results[questionnaire.id].scores.get(key)
        return Reading(visit, questionnaire.version, source, score, scale)
    given = visit.sitting.given.get(questionnaire.id)
    if given is None:
        return Reading(visit, questionnaire.version, visit.sitting.asked[questionnaire.id], None, scale)
    return Reading(visit, given.version, given.reported_by, given.scores.get(key), scale, given.n)


def _formulas(questionnaire: str, visits: Sequence[Visit]) -> tuple[str, ...]:
    """The order in which others prefer its scales, where they name several of which one counts."""
    for visit in visits:
        for computed in visit.sitting.computed.values():
            for item in computed.items:
                named = item.result_of
                if named is not None and named.questionnaire == questionnaire and len(named.scales) > 1:
                    return named.scales
    return ()
