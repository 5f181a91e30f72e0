"""The data of a study as rows, table by table: study numbers instead of ids, nothing of anybody's name or number.

Rows come in an order that does not depend on the engine; `pro.exports.tables` turns them into files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import select

from pro.domain.assessment import state
from pro.services import exporting_course
from pro.services.export_table import Table, Values, read
from pro.services.parts import Parts
from pro.services.scales import Visit, scales
from pro.store.instants import instants_of
from pro.store.tables import metadata

_t = metadata.tables
_patient, _site, _assessment, _response = _t["patient"], _t["site"], _t["assessment"], _t["response"]
_message, _reminder, _flare, _trigger = _t["message"], _t["reminder"], _t["flare"], _t["flare_trigger"]


def _patients(parts: Parts) -> Iterator[Values]:
    row = _patient.c
    columns = (row.number, _site.c.code, row.day0, row.zone, row.language, row.protocol, row.protocol_version)
    since = (row.enrolled_at, row.withdrawn_at, row.withdrawn_why, row.opted_out_at)
    wanted = select(*columns, *since)
    last, decided = _last_said(parts), exporting_course.decided(parts)
    for one in read(parts, wanted.join(_site, row.site_id == _site.c.id).order_by(row.number)):
        use = decided.get(one.number, "keep" if one.withdrawn_at is None else None)
        yield (*one, use, *(last.get((f"patient:{one.number}", kind)) for kind in _SAID))


_SAID = ("patient.opted_out", "messages.resumed")


def _last_said(parts: Parts) -> dict[tuple[str, str], object]:
    """Chain and kind → when last: a START clears what the patient's row says, the trail keeps both."""
    event = _t["audit_event"].c
    wanted = select(event.chain, event.kind, event.at).where(event.kind.in_(_SAID)).order_by(event.chain, event.seq)
    return {(one.chain, one.kind): one.at for one in read(parts, wanted)}


_WHEN = (_patient.c.number, _assessment.c.timepoint, _assessment.c.day)


def _assessments(parts: Parts) -> Iterator[Values]:
    row = _assessment.c
    instants = (row.opens_at, row.closes_at, row.late_until, row.started_at, row.submitted_at, row.closed_at)
    wanted = select(*_WHEN, row.respondent, *instants, row.cancelled_at, row.excused_at, row.excused_why, row.answered)
    now = parts.clock.now().study
    for one in read(parts, _of_patients(wanted).order_by(*_WHEN)):
        yield (*one, state(instants_of(one), now).value)


def _of_patients(wanted: Any) -> Any:
    return wanted.join(_patient, _assessment.c.patient_id == _patient.c.id)


def _responses(parts: Parts) -> Iterator[Values]:
    row = _response.c
    kept = (row.questionnaire, row.n, row.version, row.mode, row.language, row.completeness, row.sha256)
    times = (row.made_at, row.phone_at, row.phone_offset, row.reason)
    yield from map(tuple, read(parts, _with_assessment(select(*_WHEN, *kept, *times))))


def _with_assessment(wanted: Any) -> Any:
    joined = _of_patients(wanted.join(_assessment, _response.c.assessment_id == _assessment.c.id))
    return joined.order_by(*_WHEN, _response.c.questionnaire, _response.c.n)


def _answers(parts: Parts) -> Iterator[Values]:
    """An item a row; what was skipped, does not apply or was not shown says so."""
    for *key, text in _per_response(parts, "answers"):
        for item, one in json.loads(str(text)).items():
            yield (*key, item, one["code"], _said(one.get("value")))


def _scores(parts: Parts) -> Iterator[Values]:
    for *key, text in _per_response(parts, "scores"):
        for scale, one in json.loads(str(text)).items():
            wanted = ("value", "text", "answered", "of", "band", "reason")
            yield (*key, scale, *(one.get(name) for name in wanted))


def _computed(parts: Parts) -> Iterator[Values]:
    """What is worked out on reading, such as DAS28 and the EULAR response: a scale a row, with why it has no value."""
    row = _patient.c
    wanted = select(row.id.label("patient_id"), row.number, row.protocol, row.day0).order_by(row.number)
    for patient in read(parts, wanted):
        for visit in scales(parts, patient, parts.clock.now()).visits:
            for questionnaire, found in sorted(visit.results.items()):
                for scale, one in sorted(found.scores.items()):
                    where = (patient.number, visit.timepoint.key, visit.day, questionnaire, scale)
                    yield (*where, one.value, one.text, one.band, one.reason, _rests_on(visit, questionnaire, scale))


def _rests_on(visit: Visit, questionnaire: str, scale: str) -> str | None:
    """Items of the scale → where the value of each was found."""
    (items,) = (one.items for one in visit.sitting.computed[questionnaire].scales if one.key == scale)
    origins = visit.results[questionnaire].origins
    at = {"same": visit.timepoint.key, "baseline": visit.protocol.baseline}
    found = {key: origins[key] for key in items if key in origins}
    named = {key: f"{at[one.assessment]} {one.questionnaire}.{one.key}" for key, one in found.items()}
    return json.dumps(named) if named else None


def _per_response(parts: Parts, column: str) -> Iterator[Values]:
    wanted = select(*_WHEN, _response.c.questionnaire, _response.c.n, _response.c[column])
    yield from map(tuple, read(parts, _with_assessment(wanted)))


def _said(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else value


def _flares(parts: Parts) -> Iterator[Values]:
    row = _flare.c
    kept = (_patient.c.number, row.n, row.opened_at, row.opened_day, row.last_hit_day, row.acknowledged_at)
    wanted = select(*kept, row.outcome, row.ended_at, row.end_why).join(_patient, row.patient_id == _patient.c.id)
    yield from map(tuple, read(parts, wanted.order_by(_patient.c.number, row.n)))


def _triggers(parts: Parts) -> Iterator[Values]:
    row = _trigger.c
    kept = (_patient.c.number, _flare.c.n, row.day, row.rule, row.rule_version, row.result, row.baseline, row.inputs)
    wanted = (
        select(*kept).join(_flare, row.flare_id == _flare.c.id).join(_patient, _flare.c.patient_id == _patient.c.id)
    )
    yield from map(tuple, read(parts, wanted.order_by(_patient.c.number, _flare.c.n, row.day, row.rule)))


def _messages(parts: Parts) -> Iterator[Values]:
    for n, one in _numbered(parts):
        yield (one.number, n, *one[2:])


def _numbered(parts: Parts) -> Iterator[tuple[int, Any]]:
    """Each message with its number among the patient's, which is the same on each engine."""
    row, staff = _message.c, _t["staff"]
    kept = (row.id, _patient.c.number, row.due_at, row.template, staff.c.login, row.language, row.not_after, row.state)
    wanted = select(*kept, row.sent_at, row.segments, row.cost, row.error)
    wanted = wanted.join(_patient, row.patient_id == _patient.c.id).outerjoin(staff, row.staff_id == staff.c.id)
    rows = sorted(read(parts, wanted), key=lambda one: (*one[1:4], one.login or "", str(one.sent_at), one.id))
    for _, theirs in groupby(rows, key=lambda one: str(one.number)):
        yield from enumerate(theirs, 1)


def _reminders(parts: Parts) -> Iterator[Values]:
    row, numbers = _reminder.c, {one.id: n for n, one in _numbered(parts)}
    wanted = select(
        *_WHEN, row.step, row.planned_at, row.why_none, row.message_id, _message.c.state, _message.c.sent_at
    )
    wanted = wanted.join(_assessment, row.assessment_id == _assessment.c.id)
    wanted = _of_patients(wanted).outerjoin(_message, row.message_id == _message.c.id)
    for one in read(parts, wanted.order_by(*_WHEN, row.step)):
        yield (*one[:6], numbers.get(one.message_id), one.state, one.sent_at)


__all__ = ["TABLES", "Table", "Values"]
_KEY = ("patient", "timepoint", "day")
_RESPONSE = (*_KEY, "questionnaire", "n")
_INSTANTS = ("opens_at", "closes_at", "late_until", "started_at", "submitted_at", "closed_at")
TABLES: tuple[Table, ...] = (
    Table(
        "patients",
        (
            *("patient", "site", "day0", "zone", "language", "protocol", "protocol_version"),
            *("enrolled_at", "withdrawn_at", "withdrawn_why", "opted_out_at", "data_use"),
            *("last_stop_at", "last_start_at"),
        ),
        _patients,
    ),
    Table(
        "assessments",
        (*_KEY, "respondent", *_INSTANTS, "cancelled_at", "excused_at", "excused_why", "answered", "state"),
        _assessments,
    ),
    Table(
        "responses",
        (
            *(*_RESPONSE, "version", "mode", "language", "completeness", "sha256"),
            *("made_at", "phone_at", "phone_offset", "reason"),
        ),
        _responses,
    ),
    Table("answers", (*_RESPONSE, "item", "code", "value"), _answers),
    Table("scores", (*_RESPONSE, "scale", "value", "text", "answered", "of", "band", "reason"), _scores),
    Table("computed", (*_KEY, "questionnaire", "scale", "value", "text", "band", "reason", "rests_on"), _computed),
    Table(
        "flares",
        (
            *("patient", "flare", "opened_at", "opened_day", "last_hit_day"),
            *("acknowledged_at", "outcome", "ended_at", "end_why"),
        ),
        _flares,
    ),
    Table(
        "flare_triggers",
        ("patient", "flare", "day", "rule", "rule_version", "result", "baseline", "inputs"),
        _triggers,
    ),
    Table(
        "messages",
        (
            *("patient", "message", "due_at", "template", "staff", "language", "not_after"),
            *("state", "sent_at", "segments", "cost", "error"),
        ),
        _messages,
    ),
    Table("reminders", (*_KEY, "step", "planned_at", "why_none", "message", "message_state", "sent_at"), _reminders),
    *exporting_course.TABLES,
)
