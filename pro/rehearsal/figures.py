"""The figures of one share: plain values that travel between processes and are added up in `report`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from pro.domain.assessment import State, state
from pro.domain.chain import canonical
from pro.domain.compliance import Compliance, Day, compliance
from pro.domain.protocol import Protocol
from pro.domain.schedule import patient_day
from pro.library import Library
from pro.rehearsal.guarantees import Check, counted
from pro.rehearsal.play import Play
from pro.rehearsal.provider import Text, plain
from pro.rehearsal.reading import Record, by_patient, read
from pro.store.instants import instants_of
from pro.store.sittings import Found


@dataclass(frozen=True, slots=True)
class Patient:
    """What became of one patient; `hashes` are the same whenever and on whatever engine it is played."""

    number: str
    site: str
    profile: str
    day0: str
    planned: int
    cancelled: int
    compliance: Compliance
    by_timepoint: dict[str, Compliance]
    messages: int
    minutes: Decimal
    days: int
    """Patient-days from day 0 on until they left or it was over."""
    per_day: Counter[int]
    """Texts on a patient-day → how many days had so many."""
    hashes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sms:
    """One text that the provider took."""

    site: str
    to: str
    """`patient` or `staff`."""
    template: str
    day: str
    hour: int
    """Both on the recipient's clock."""
    week: int
    """Week of the rehearsal, from 1."""
    segments: int


@dataclass(frozen=True, slots=True)
class Share:
    patients: list[Patient]
    texts: list[Sms]
    flares: list[tuple[str, int]]
    """Site and week of the rehearsal of each episode."""
    explained: Counter[str]
    """Steps that no text carried, by reason."""
    checks: list[Check]
    faults: Counter[str]
    kills: Counter[str]
    happened: Counter[str]
    ticks: int


def of_play(play: Play) -> Share:
    """Reads the share's databases once and counts."""
    record = read(play.parts)
    assessments, messages, responses = (
        by_patient(rows) for rows in (record.assessments.values(), record.messages.values(), record.responses)
    )
    texts = defaultdict(list)
    for text in play.provider.texts:
        texts[text.label].append(text)
    theirs = [
        Theirs(row, assessments[id_], messages[id_], responses[id_], texts[row.number])
        for id_, row in sorted(record.patients.items())
    ]
    return Share(
        patients=[_patient(play, record, one) for one in theirs],
        texts=[_sms(play, record, text) for text in play.provider.texts],
        flares=[(record.sites[one.site_id], _week(play, one.opened_day)) for one in record.flares],
        explained=Counter(row.why_none for row in record.reminders if row.why_none),
        checks=counted(play, record),
        faults=play.provider.drawn,
        kills=play.kills.counted,
        happened=play.happened,
        ticks=play.ticks,
    )


def _week(play: Play, day: Any) -> int:
    return int((day - play.brief.start).days // 7 + 1)


def _sms(play: Play, record: Record, text: Text) -> Sms:
    message = record.messages[text.message_id]
    patient = record.patients[message.patient_id]
    local = text.at.astimezone(record.zone_at(patient.id, text.at))
    to = "staff" if message.staff_id is not None else "patient"
    site, week = record.sites[message.site_id], _week(play, local.date())
    return Sms(site, to, message.template, local.date().isoformat(), local.hour, week, text.segments)


@dataclass(frozen=True, slots=True)
class Theirs:
    """What there is of one patient."""

    row: Found
    assessments: Sequence[Found]
    messages: Sequence[Found]
    responses: Sequence[Found]
    texts: list[Text]


def _patient(play: Play, record: Record, theirs: Theirs) -> Patient:
    row, protocol, sent = theirs.row, play.brief.protocol, theirs.texts
    mine = [one for one in theirs.assessments if one.respondent == "patient"]
    days = {one.id: Day(one.day, instants_of(one)) for one in mine}
    states = {one.id: state(days[one.id].instants, play.now) for one in mine}
    person = next(one for one in play.brief.people if one.number() == play.telephones[row.id][0])
    last = (row.withdrawn_at or row.ended_at or play.brief.end).date()
    per_day = _per_day(record, protocol, row, sent, min((last - row.day0).days, len(mine)))
    by_timepoint = {
        timepoint.key: compliance(
            [days[one.id] for one in mine if one.timepoint == timepoint.key], play.now, row.withdrawn_at
        )
        for timepoint in protocol.timepoints
        if timepoint.respondent == "patient"
    }
    return Patient(
        number=row.number,
        site=record.sites[row.site_id],
        profile=str(person.profile),
        day0=row.day0.isoformat(),
        planned=len(mine),
        cancelled=sum(one is State.CANCELLED for one in states.values()),
        compliance=compliance(days.values(), play.now, row.withdrawn_at),
        by_timepoint=by_timepoint,
        messages=len(sent),
        minutes=_minutes(play.parts.library, protocol, mine),
        days=sum(per_day.values()),
        per_day=per_day,
        hashes={"messages": _messages_hash(record, theirs), "responses": _responses_hash(record, theirs.responses)},
    )


def _per_day(record: Record, protocol: Protocol, row: Found, sent: list[Text], days: int) -> Counter[int]:
    on = Counter(
        patient_day(record.messages[text.message_id].due_at, record.zone_at(row.id, text.at), protocol.cutoff)
        for text in sent
    )
    counted_days = Counter(on.values())
    return Counter({0: max(0, days - len(on))}) + counted_days


def _minutes(library: Library, protocol: Protocol, mine: list[Found]) -> Decimal:
    """What the questionnaires that were sent in take, by their own account."""
    takes: dict[str, Decimal] = defaultdict(Decimal)
    for timepoint in protocol.timepoints:
        for one in timepoint.questionnaires:
            takes[timepoint.key] += library.questionnaire(one.id, one.version).minutes
    return sum((takes[one.timepoint] for one in mine if one.submitted_at is not None), Decimal(0))


def _messages_hash(record: Record, theirs: Theirs) -> str:
    """Everything about the patient's messages and texts but ids and tokens, which are random or count up."""
    taken = [[text.at, text.label, plain(text.body), text.segments, text.status] for text in theirs.texts]
    kept = [
        [one.due_at, one.template, record.label(one), one.state, one.error, one.sent_at, one.attempts, one.segments]
        for one in theirs.messages
    ]
    kept.sort(key=lambda one: (one[0], one[1], one[2], str(one[5])))
    return _hash([taken, kept])


def _responses_hash(record: Record, responses: Sequence[Found]) -> str:
    rows = [
        [record.assessments[one.assessment_id].timepoint, one.day, one.questionnaire, one.n, one.sha256, one.made_at]
        for one in responses
    ]
    return _hash(sorted(rows, key=lambda one: tuple(map(str, one))))


def _hash(content: object) -> str:
    return sha256(canonical(content)).hexdigest()
