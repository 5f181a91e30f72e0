"""What must always hold, counted: how often each was looked at, how often it was broken, and where.

Texts are held against what the provider took, not against what our own tables say of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import String, Text, func, or_, select

from pro.domain import zones
from pro.domain.assessment import end
from pro.domain.message import State
from pro.domain.protocol import Protocol
from pro.domain.reminders import in_quiet_hours
from pro.domain.schedule import patient_day, steps_of
from pro.rehearsal.people import MARK, NUMBER
from pro.rehearsal.play import Play
from pro.rehearsal.provider import Text as Sent
from pro.rehearsal.reading import Record, opted_out_at
from pro.services import audit_trail, balancing, recounting
from pro.services.parts import Parts
from pro.store.instants import instants_of
from pro.store.sittings import Found
from pro.store.tables import Mode, metadata

EXAMPLES = 5
TAKEN = (State.SENT, State.DELIVERED, State.UNDELIVERED)
_t = metadata.tables

WHAT = {
    "no-duplicate": "No text reaches a phone twice",
    "one-per-step": "Each reminder step of an assessment is carried by one text at most",
    "not-after-completion": "No reminder after everything it announces was sent in",
    "not-after-closing": "No reminder after everything it announces was closed",
    "not-while-excused": "No reminder of what a pause or a hold excuses",
    "not-after-withdrawal": "No text to a patient who has left the study",
    "not-after-opt-out": "No text to a patient who has said STOP",
    "quiet-hours": "No text to a patient in quiet hours",
    "daily-cap": "No patient-day with more texts than the protocol allows",
    "in-window": "No reminder outside the window of what it announces, or later than the protocol allows",
    "new-phone": "No text to a telephone that was replaced",
    "explained": "Each planned step was sent, or it is written why not",
    "sent-is-sent": "What the record calls sent was taken by the provider, and the other way round",
    "one-submission": "One submission for each assessment",
    "answers-kept": "Every answer that was sent in stands in the record as it was given",
    "closed": "Every assessment is sent in, closed or cancelled in the end",
    "flare-told": "Each flare episode was told to the duty list",
    "ledger": "Recounted, the ledger of steps and messages balances",
    "tally": "Counted again, the tally agrees with the closed assessments",
    "audit-chains": "The audit trail's chains verify",
    "contacts-alone": "Names and numbers stand in the contacts database alone",
    "ticks": "No part of a worker's tick fails",
}


@dataclass
class Check:
    """One guarantee: `checked` times looked at, `broken` of them."""

    key: str
    checked: int = 0
    broken: int = 0
    examples: list[str] = field(default_factory=list)

    def see(self, holds: bool, example: str) -> None:
        self.checked += 1
        if not holds:
            self.broken += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(example)

    def count(self, checked: int, broken: Iterable[str]) -> None:
        """Many at once, the broken ones named."""
        self.checked += checked
        for one in broken:
            self.broken += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(one)


Checks = Mapping[str, Check]


def counted(play: Play, record: Record) -> list[Check]:
    """Every guarantee, counted over what one share played."""
    checks = {key: Check(key) for key in WHAT}
    texts: dict[int, list[Sent]] = defaultdict(list)
    for text in play.provider.texts:
        texts[text.message_id].append(text)
    carried: dict[int, list[Found]] = defaultdict(list)
    for row in record.reminders:
        if row.message_id is not None:
            carried[row.message_id].append(row)
    for id_, message in record.messages.items():
        _message(checks, record, message, texts.get(id_, ()))
    for text in play.provider.texts:
        _text(checks, play.brief.protocol, record, text, carried.get(text.message_id, ()))
    _caps(checks["daily-cap"], play.brief.protocol, record, play.provider.texts)
    _phones(checks["new-phone"], play, record)
    _steps(checks, play.brief.protocol, record, texts, play.brief.end)
    _submissions(checks, play, record)
    _told(checks["flare-told"], record, texts)
    checks["ledger"].count(len(record.reminders) + len(record.messages), _unbalanced(play.parts))
    _house(checks, play)
    return list(checks.values())


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _message(checks: Checks, record: Record, message: Found, texts: Sequence[Sent]) -> None:
    named = f"{record.label(message)} {message.template} {_stamp(message.due_at)}"
    checks["no-duplicate"].see(len(texts) <= 1, f"{named}: {len(texts)} texts")
    said = message.state in TAKEN
    checks["sent-is-sent"].see(said == bool(texts), f"{named}: {message.state}, {len(texts)} texts")


def _text(checks: Checks, protocol: Protocol, record: Record, text: Sent, carried: Sequence[Found]) -> None:
    message = record.messages[text.message_id]
    if message.staff_id is not None:
        return
    patient, at = record.patients[message.patient_id], text.at
    named = f"{patient.number} {message.template} at {_stamp(at)}"
    left = patient.withdrawn_at or patient.ended_at
    checks["not-after-withdrawal"].see(left is None or at < left, named)
    stopped = opted_out_at(record.said.get(patient.number, ()), at)
    checks["not-after-opt-out"].see(not stopped, named)
    zone = record.zone_at(patient.id, at)
    quiet = in_quiet_hours(at, zone, protocol.quiet_hours)
    checks["quiet-hours"].see(not quiet, f"{named}, {at.astimezone(zone):%H:%M} on their clock")
    if message.template == "reminder":
        _reminder(checks, record, message, carried, at, named)


def _reminder(
    checks: Checks, record: Record, message: Found, carried: Sequence[Found], at: datetime, named: str
) -> None:
    announced = [instants_of(record.assessments[row.assessment_id]) for row in carried]
    completed = all(one.submitted_at is not None and one.submitted_at < at for one in announced)
    checks["not-after-completion"].see(bool(announced) and not completed, named)
    closed = all(one.closed_at is not None and one.closed_at < at for one in announced)
    checks["not-after-closing"].see(bool(announced) and not closed, named)
    excused = all(one.excused_at is not None and one.excused_at < at for one in announced)
    checks["not-while-excused"].see(bool(announced) and not excused, named)
    inside = at <= message.not_after and any(one.opens_at <= at < end(one) for one in announced)
    checks["in-window"].see(inside, named)


def _caps(check: Check, protocol: Protocol, record: Record, texts: Sequence[Sent]) -> None:
    days: Counter[tuple[str, str]] = Counter()
    for text in texts:
        message = record.messages[text.message_id]
        if message.staff_id is None and message.template != "test":
            patient = record.patients[message.patient_id]
            day = patient_day(message.due_at, record.zone_at(patient.id, text.at), protocol.cutoff)
            days[patient.number, day.isoformat()] += 1
    over = (f"{number} on {day}: {n} texts" for (number, day), n in days.items() if n > protocol.daily_cap)
    check.count(len(days), over)


def _phones(check: Check, play: Play, record: Record) -> None:
    """A change counts from the instant that the trail has."""
    for text in play.provider.texts:
        message = record.messages[text.message_id]
        if message.staff_id is None:
            nth = sum(at < text.at for at in record.new_phones.get(text.label, ()))
            right = play.telephones[message.patient_id][nth]
            check.see(text.number == right, f"{text.label} at {_stamp(text.at)}")


def _steps(
    checks: Checks, protocol: Protocol, record: Record, texts: Mapping[int, Sequence[Sent]], until: datetime
) -> None:
    """Planned anew from the protocol, and looked for in the ledger."""
    kept = {(row.assessment_id, row.step): row for row in record.reminders}
    for one in record.assessments.values():
        patient = record.patients[one.patient_id]
        timepoint = protocol.timepoint(one.timepoint)
        zone = zones.zone(one.clocks or patient.zone)
        for step in steps_of(timepoint, one.day, one.opens_at, one.closes_at, zone, protocol.cutoff):
            row = kept.get((one.id, step.step))
            named = f"{patient.number} {one.timepoint} {one.day} {step.step}"
            if step.at >= until:
                continue
            cancelled = one.cancelled_at is not None and one.cancelled_at <= step.at
            checks["explained"].see(_is_explained(record, row) or (row is None and cancelled), named)
            carried = len(texts.get(row.message_id, ())) if row is not None and row.message_id is not None else 0
            checks["one-per-step"].see(carried <= 1, named)


def _is_explained(record: Record, row: Found | None) -> bool:
    if row is None:
        return False
    return bool(row.why_none) or (row.message_id is not None and record.messages[row.message_id].state in TAKEN)


def _submissions(checks: Checks, play: Play, record: Record) -> None:
    submitted = Counter(
        one.patient_id
        for one in record.assessments.values()
        if one.respondent == "patient" and one.submitted_at is not None
    )
    for id_, patient in record.patients.items():
        n = record.submissions.get(patient.number, 0)
        name = f"{patient.number}: {n} submissions of {submitted[id_]} assessments"
        checks["one-submission"].count(submitted[id_], [name] if n != submitted[id_] else [])
    for one in record.assessments.values():
        if end(instants_of(one)) >= play.brief.end:
            continue
        done = one.submitted_at or one.closed_at or one.cancelled_at
        checks["closed"].see(done is not None, f"{one.timepoint} {one.day}")
    for response in record.responses:
        given = play.given.get(response.assessment_id, {})
        if (
            response.n == 1
            and response.mode != Mode.STAFF
            and given
            and (record.assessments[response.assessment_id].submitted_at is not None)
        ):
            _kept(checks["answers-kept"], record, response, given)


def _kept(check: Check, record: Record, response: Found, given: Mapping[str, object]) -> None:
    held = {
        f"{response.questionnaire}.{item}": one.get("value")
        for item, one in msgspec.json.decode(response.answers).items()
        if one["code"] in ("answered", "skipped")
    }
    number = record.patients[response.patient_id].number
    check.count(len(held), [f"{number} {response.day} {key}" for key, one in held.items() if given.get(key) != one])


def _told(check: Check, record: Record, texts: Mapping[int, Sequence[Sent]]) -> None:
    told: dict[int, list[datetime]] = defaultdict(list)
    for message in record.messages.values():
        if message.staff_id is not None and (texts.get(message.id) or message.error):
            told[message.patient_id].append(message.due_at)
    for flare in record.flares:
        known = any(at >= flare.opened_at for at in told[flare.patient_id])
        check.see(known, f"{record.patients[flare.patient_id].number} {flare.opened_day}")


def _house(checks: Checks, play: Play) -> None:
    failed = [f"{part}, {n} times" for part, n in sorted(play.failed.items())]
    checks["ticks"].count(play.ticks, failed)
    found = recounting.tally(play.parts)
    checks["tally"].count(_tally_rows(play.parts), [] if found.ok else [found.said])
    report = audit_trail.verify_database(play.parts)
    checks["audit-chains"].count(report.events, report.problems)
    _contacts_alone(checks["contacts-alone"], play.parts)


def _unbalanced(parts: Parts) -> list[str]:
    balance = balancing.recount(parts)
    return [] if balance.holds else [str(balance)]


def _tally_rows(parts: Parts) -> int:
    with parts.study.plain_reading() as session:
        return int(session.connection().execute(select(func.count()).select_from(_t["tally"])).scalar_one())


def _contacts_alone(check: Check, parts: Parts) -> None:
    """Every text column of the study database, looked through for what marks simulated names and numbers."""
    signs = (f"%{MARK}%", f"%{NUMBER}%", f"%{NUMBER.replace('+33', '0')}%")
    with parts.study.plain_reading() as session:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, String | Text):
                    there = or_(*(column.like(sign) for sign in signs))
                    asked = select(func.count(column), func.count(column).filter(there))
                    values, held = session.connection().execute(asked).one()
                    check.count(values, [f"{table.name}.{column.name}"] * held)
