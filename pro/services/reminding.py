"""Reminders whose bell has rung: a row per step in the ledger, one message per patient and instant in the outbox.

Whether a message may really go is asked again when it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pro.clock import Moment
from pro.domain import reminders, schedule
from pro.domain.protocol import Protocol
from pro.domain.reminders import DueStep, Why, why_silent
from pro.domain.schedule import PlannedReminder
from pro.domain.zones import zone
from pro.services.parts import Parts
from pro.store import bells
from pro.store.sittings import Found

BATCH = 500


@dataclass(frozen=True, slots=True)
class Rung:
    """An assessment whose bell has rung, with its steps."""

    row: Found
    protocol: Protocol
    steps: tuple[PlannedReminder, ...]

    @property
    def end(self) -> datetime:
        return self.row.late_until or self.row.closes_at  # type: ignore[no-any-return]


def steps_of(parts: Parts, row: Found) -> Rung:
    """The reminder steps of an assessment by its protocol version, by the clocks it opened under."""
    protocol = parts.library.protocol(row.protocol, row.protocol_version)
    timepoint = protocol.timepoint(row.timepoint)
    planned = schedule.steps_of(
        timepoint, row.day, row.opens_at, row.closes_at, zone(row.clocks or row.zone), protocol.cutoff
    )
    return Rung(row, protocol, planned)


def tick(parts: Parts, moment: Moment) -> int:
    """Takes what is due, in batches; gives how many assessments were looked at. Safe to run twice or N times."""
    looked_at = 0
    while True:
        taken = _batch(parts, moment)
        looked_at += taken
        if taken < BATCH:
            return looked_at


def _batch(parts: Parts, moment: Moment) -> int:
    with parts.study.plain_reading() as session:
        if not bells.any_due(session, moment.study):
            return 0
    with parts.study.plain_writing() as session:
        rung = [steps_of(parts, row) for row in bells.due(session, moment.study, BATCH)]
        sendable = [one for one in rung if not any(since(one.row).values())]
        ids = bells.queue_reminders(session, _messages(sendable, moment), moment.study)
        bells.keep_reminders(session, [row for one in rung for row in _ledger(one, ids, moment)])
        bells.ring_at(
            session, [(one.row.assessment_id, reminders.next_bell(one.steps, one.end, moment.study)) for one in rung]
        )
        return len(rung)


def since(row: Found) -> dict[Why, datetime | None]:
    """When what ends or silences an assessment came, as far as its own row and its patient's say."""
    return {
        "submitted": row.submitted_at,
        "cancelled": row.cancelled_at,
        "withdrawn": row.withdrawn_at,
        "excused": row.excused_at,
        "opted-out": row.opted_out_at,
    }


def _due(one: Rung, moment: Moment) -> tuple[PlannedReminder, ...]:
    """From the bell that rang: what lies before it was told already, or passed while nobody was to be reminded."""
    return tuple(step for step in reminders.due_steps(one.steps, moment.study) if step.at >= one.row.next_at)


def _in_time(one: Rung, step: PlannedReminder, moment: Moment) -> bool:
    return moment.study <= reminders.not_after(step.at, one.end, one.protocol.late_message)


def _messages(rung: Sequence[Rung], moment: Moment) -> list[dict[str, object]]:
    by_assessment = {one.row.assessment_id: one for one in rung}
    steps = [
        DueStep(one.row.patient_id, one.row.assessment_id, step.step, step.at)
        for one in rung
        for step in _due(one, moment)
        if _in_time(one, step, moment)
    ]
    return [
        _message(shared, [by_assessment[step.assessment] for step in shared.steps]) for shared in reminders.share(steps)
    ]


def _message(shared: reminders.SharedMessage, announced: Sequence[Rung]) -> dict[str, object]:
    first = announced[0].row
    return {
        "dedupe_key": shared.dedupe_key,
        "site_id": first.site_id,
        "patient_id": shared.patient,
        "template": "reminder",
        "language": first.language,
        "due_at": shared.at,
        "not_after": max(reminders.not_after(shared.at, one.end, one.protocol.late_message) for one in announced),
    }


def _ledger(one: Rung, ids: dict[str, int], moment: Moment) -> Iterable[dict[str, object]]:
    """A row per step that is due: the message that carries it, or why none does."""
    stops = since(one.row)
    sendable = not any(stops.values())
    for step in _due(one, moment):
        why = None if sendable and _in_time(one, step, moment) else why_silent(step.at, stops)
        shared = reminders.SharedMessage(one.row.patient_id, step.at, ())
        yield {
            "assessment_id": one.row.assessment_id,
            "step": step.step,
            "planned_at": step.at,
            "message_id": None if why else ids[shared.dedupe_key],
            "why_none": why,
        }
