"""Closing: what is over is written down, never left to silence.

Unsent answers are frozen as a partial response and judged for flares; every assessment is counted once in the
tally; an episode without further hits ends; the site is asked to call where diaries stay away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from pro.clock import Moment
from pro.domain.answers import Answer
from pro.domain.assessment import State, end, state
from pro.domain.compliance import Day, NeedsCall, calls_needed, percent
from pro.domain.protocol import Protocol
from pro.domain.reminders import why_silent
from pro.faults import place_of
from pro.services import anchoring, flagging
from pro.services.answering import Freezing, freeze_all, newest, questionnaires_of, saved_change, saves_of
from pro.services.audit import WORKER, Head, append_to_patient
from pro.services.flagging import Events
from pro.services.parts import Parts
from pro.services.reminding import since, steps_of
from pro.store import bells, flares, sittings
from pro.store.engine import Connected
from pro.store.instants import instants_of
from pro.store.sittings import Found

log = logging.getLogger(__name__)

BATCH = 500
TRY_AGAIN = timedelta(minutes=10)
IN_A_ROW, UNDER = "missed-in-a-row", "under-80"
Calls = tuple[NeedsCall, ...] | None
"""Why this patient should be called; None for a visit that does not repeat."""
SETTLED = "answered"
"""Stands among a task's attempts where a call was not needed any more."""


def tick(parts: Parts, moment: Moment) -> int:
    """Closes every assessment whose time is over; gives how many. Safe to run twice or N times."""
    closed = 0
    while True:
        with parts.study.plain_reading() as session:
            over = bells.to_close(session, moment.study, BATCH)
        for row in over:
            closed += _close_or_put_off(parts, row.id, row.patient_id, moment)
        if len(over) < BATCH:
            return closed


def _close_or_put_off(parts: Parts, assessment_id: int, patient_id: int, moment: Moment) -> bool:
    """One that cannot be closed is put off, so that it does not stop the others, and is said in the log."""
    try:
        return close(parts, assessment_id, patient_id, moment)
    except Exception as error:
        where = place_of(error)
        log.error("assessment %s could not be closed: %s; tried again in %s", assessment_id, where, TRY_AGAIN)
        with parts.study.plain_writing() as session:
            bells.ring_at(session, [(assessment_id, moment.study + TRY_AGAIN)])
        return False


def close(parts: Parts, assessment_id: int, patient_id: int, moment: Moment) -> bool:
    """Closes one assessment in one transaction; False when another worker has."""
    with parts.study.plain_writing() as session:
        found = bells.closing(session, assessment_id, patient_id)
        if found is None or found.closed_at is not None or found.cancelled_at is not None:
            return False
        if end(instants_of(found)) > moment.study:  # moved or extended since it was found to be over
            return False
        protocol = parts.library.protocol(found.protocol, found.protocol_version)
        if not bells.close(session, assessment_id, moment.study):
            return False
        saves = () if found.submitted_at else saves_of(session, assessment_id)
        left = newest(saves, questionnaires_of(parts, found, moment)) if saves else {}
        if left:
            bells.mark_answered(session, assessment_id)
        elif found.submitted_at is None and protocol.timepoint(found.timepoint).on_demand:
            return _take_back(session, found, saves, moment)
        _explain_steps(parts, session, found)
        events = _freeze_what_was_left(parts, session, found, protocol, saves, left, moment)
        if found.flare_id is not None or any(kind.startswith("flare.") for kind, _ in events):
            events += _end_episode(session, found, protocol, moment)
        events += anchoring.after_events(session, protocol, found, events, moment)
        calls = _calls(session, found, protocol, moment)
        events += _settle_calls(session, found, calls, moment)
        if events:
            head = Head(f"patient:{found.number}", found.chain_seq, found.chain_hash)
            append_to_patient(session, found.patient_id, head, events, WORKER, moment.study)
        _count(session, found, answered=bool(left), moment=moment)
        _ask_for_a_call(session, found, protocol, calls, moment)
    return True


def _take_back(session: Connected, found: Found, saves: Sequence[Found], moment: Moment) -> bool:
    """What the patient opened and left empty was never expected: cancelled, and nobody missed anything."""
    bells.cancel_closed(session, found.assessment_id, moment.study)
    said = {"timepoint": found.timepoint, "day": found.day, "saves": [saved_change(row) for row in saves]}
    head = Head(f"patient:{found.number}", found.chain_seq, found.chain_hash)
    events = [("assessment.left-empty", said)]
    append_to_patient(session, found.patient_id, head, events, WORKER, moment.study)
    return True


def _explain_steps(parts: Parts, session: Connected, found: Found) -> None:
    """Steps that never got a row are explained, so that none is lost."""
    kept = bells.kept_steps(session, found.assessment_id)
    stops = since(found)
    bells.keep_reminders(
        session,
        [
            {
                "assessment_id": found.assessment_id,
                "step": step.step,
                "planned_at": step.at,
                "message_id": None,
                "why_none": why_silent(step.at, stops),
            }
            for step in steps_of(parts, found).steps
            if step.step not in kept
        ],
    )


def _freeze_what_was_left(
    parts: Parts,
    session: Connected,
    found: Found,
    protocol: Protocol,
    saves: Sequence[Found],
    left: Mapping[str, Answer],
    moment: Moment,
) -> Events:
    """Where every answer was taken back nothing is left: missed, with what was given and taken back in the trail."""
    if found.submitted_at is not None:
        return []
    if not left:
        kind = "assessment.missed" if found.excused_at is None else "assessment.excused"
        taken_back = {"saves": [saved_change(row) for row in saves]} if saves else {}
        return [(kind, {"timepoint": found.timepoint, "day": found.day, **taken_back})]
    questionnaires = questionnaires_of(parts, found, moment)
    frozen = freeze_all(questionnaires, left)
    made = Freezing(parts, session, found, protocol, questionnaires, frozen, saves, moment)
    rows, events = made.responses_and_events("assessment.closed-partial")
    sittings.insert_responses(session, rows)
    return events


def _end_episode(session: Connected, found: Found, protocol: Protocol, moment: Moment) -> Events:
    open_ = flares.open_episode_of(session, found.patient_id)
    if open_ is None:
        return []
    questionnaires = sorted({rule.questionnaire for rule in protocol.flare_rules})
    days = bells.recorded_days(session, found.patient_id, questionnaires, open_.last_hit_day)
    return flagging.end_if_over(session, protocol, open_, days, moment)


TALLIED = {State.COMPLETED: "completed", State.LATE: "late", State.PARTIAL: "partial"}


def _count(session: Connected, found: Found, *, answered: bool, moment: Moment) -> None:
    if found.respondent == "patient":
        final = State.PARTIAL if answered and not found.submitted_at else state(instants_of(found), moment.study)
        bells.count(session, found.site_id, found.timepoint, found.day, TALLIED.get(final, "missed"))


def _settle_calls(session: Connected, found: Found, calls: Calls, moment: Moment) -> Events:
    """A call because diaries stayed away is needed no more once the patient has sent one, or enough of them."""
    if found.submitted_at is None or calls is None or not bells.any_open(session, found.patient_id, (IN_A_ROW, UNDER)):
        return []
    note = f"{moment.study.isoformat()}\t{SETTLED}\t{WORKER.name}\tsettled by answering"
    settled = [*bells.settle_tasks(session, found.patient_id, IN_A_ROW, found.submitted_at, note, moment.study)]
    if not any(call.why == "low-last-seven" for call in calls):
        settled += bells.settle_tasks(session, found.patient_id, UNDER, moment.study, note, moment.study)
    return [("call.settled", {"task": task_id, "why": SETTLED}) for task_id in settled]


def _ask_for_a_call(session: Connected, found: Found, protocol: Protocol, calls: Calls, moment: Moment) -> None:
    """A task for each reason. A low week on a day that was answered asks once a week: somebody may have called."""
    if found.withdrawn_at or found.excused_at:
        return
    for call in calls or ():
        low = call.why == "low-last-seven"
        week = moment.study - timedelta(days=protocol.attention.last_days)
        if found.submitted_at is not None and (not low or bells.asked_since(session, found.patient_id, UNDER, week)):
            continue
        bells.open_task(
            session,
            site_id=found.site_id,
            patient_id=found.patient_id,
            kind=UNDER if low else IN_A_ROW,
            detail=f"{percent(call.ratio)}" if low else str(call.missed),
            at=moment.study,
        )


def _calls(session: Connected, found: Found, protocol: Protocol, moment: Moment) -> Calls:
    timepoint = protocol.timepoint(found.timepoint)
    if timepoint.on_demand or not timepoint.repeats:
        return None
    attention = protocol.attention
    most = max(attention.last_days, attention.missed_in_a_row)
    rows = bells.recent(session, found.patient_id, found.timepoint, found.day, most)
    return calls_needed([Day(row.day, instants_of(row)) for row in rows], moment.study, attention=attention)
