"""What the provider said, written down: at once, by a receipt, or when it was asked later.

Proof that a message was sent outweighs everything but a final state; a refusal only counts for the try it answers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pro.clock import Moment
from pro.domain.message import FINAL, MOST_AGAIN, Outcome, State, pause, receipt_outcome
from pro.domain.phone import segments
from pro.services import inbound
from pro.services.marking import Letter
from pro.services.parts import Parts
from pro.services.shift import Shift
from pro.sms.sender import Accepted, NotProcessed, Refused, Unknown
from pro.store import bells, leases, messages, tries
from pro.store.engine import Connected, objects
from pro.store.messages import Found

log = logging.getLogger(__name__)

LARGEST_ID = 2**63 - 1
UNREACHABLE, MISSING = "number-unreachable", "contact-missing"


def record_accepted(shift: Shift, taken: Mapping[Letter, Accepted]) -> None:
    """Writes down what the provider took, a batch in one transaction.

    Locked first: a receipt that is just putting a text back into the outbox makes it one that says nothing any more.
    """
    rows: list[dict[str, Any]] = [
        {"id": letter.message_id, "provider_id": one.provider_id, "segments": _count(letter, one), "cost": one.cost}
        for letter, one in taken.items()
    ]
    with shift.parts.study.plain_writing() as session:
        standing = messages.hold_marked(session, [letter.message_id for letter in taken])
        spent = tries.spent(session, list(standing))
        rows = [row for row in rows if (row["id"], row["provider_id"]) not in spent]
        if not rows:
            return
        moved = messages.accept_all(session, rows, standing, shift.study())
        ids = {letter.message_id: one.provider_id for letter, one in taken.items() if letter.message_id in moved}
        messages.note_each(session, ids, shift.study(), "sent")
        for letter, one in taken.items():
            if one.delivered and messages.end(session, letter.message_id, State.DELIVERED, None):
                messages.note(session, [letter.message_id], shift.study(), State.DELIVERED)


def _count(letter: Letter, one: Accepted) -> int:
    return one.segments or segments(letter.body).count


def record(shift: Shift, letter: Letter, outcome: Refused | NotProcessed | Unknown) -> None:
    """Writes down what came of a call that the provider did not take, in one transaction."""
    with shift.parts.study.plain_writing() as session:
        if isinstance(outcome, Refused):
            _refused(session, shift, letter, outcome)
        elif isinstance(outcome, NotProcessed):
            wait = max(outcome.retry_after, pause(letter.attempts))
            give_back(session, shift, letter, f"not processed: {outcome.why}", wait)
        else:
            messages.reckon(session, letter.message_id, letter.attempts, segments(letter.body).count)
            messages.note(session, [letter.message_id], shift.study(), "unknown", outcome.why)


def give_back(session: Connected, shift: Shift, letter: Letter, why: str, wait: timedelta = timedelta(0)) -> None:
    """Back to the outbox what certainly was not sent; not tried again before `wait` has passed."""
    not_before = shift.running() + wait if wait else None
    if leases.give_back(session, letter.message_id, shift.worker, letter.attempts, not_before):
        messages.note(session, [letter.message_id], shift.study(), "given-back", why)


def fail_without_number(shift: Shift, letter: Letter) -> None:
    """Nobody to send it to: the message fails and the site is told."""
    with shift.parts.study.plain_writing() as session:
        if leases.fail(session, letter.message_id, shift.worker, letter.attempts, MISSING):
            _failed(session, letter.message_id, MISSING, shift.now())
        detail = "" if letter.patient_id else letter.recipient.label
        _task(session, letter.site_id, letter.patient_id, MISSING, shift.now(), detail)


def give_up(shift: Shift, row: Found) -> None:
    """Nobody can be asked about a message whose number is gone: it counts as failed, unless a receipt comes first."""
    with shift.parts.study.plain_writing() as session:
        if leases.fail(session, row.id, shift.worker, row.attempts, MISSING):
            _failed(session, row.id, MISSING, shift.now())
        _task(session, row.site_id, None if row.staff_id else row.patient_id, MISSING, shift.now())


def settle_receipt(
    parts: Parts, message_id: int, provider_id: str, status: str, code: int | None, moment: Moment
) -> bool:
    """Settles a message by a receipt; whether it told anything of a message we know. Receipts repeat and overtake."""
    outcome = receipt_outcome(status, code)
    if outcome is None or message_id > LARGEST_ID:
        return False
    with parts.study.plain_writing() as session:
        return apply(session, message_id, provider_id, outcome, moment, "receipt")


def apply(
    session: Connected,
    message_id: int,
    provider_id: str,
    outcome: Outcome,
    moment: Moment,
    how: str,
    bill: tuple[int | None, str | None] = (None, None),
) -> bool:
    """Moves a message up to what the provider knows of it; False for one that was never marked as sending.

    `bill`: segments and cost, where they are told; a receipt tells neither.
    """
    leases.hold_patients_of(session, [message_id])
    row = messages.hold(session, message_id)
    if row is None or row.marked_at is None:
        log.warning("the provider tells of message %s, which was never marked as sending", message_id)
        return False
    spent = set() if row.provider_id == provider_id else tries.spent(session, [row.id])
    if (row.id, provider_id) in spent:
        return True
    proven = row.provider_id == provider_id and row.state not in messages.UNPROVEN
    if not proven and messages.accept(session, row.id, provider_id, *bill, moment.study):
        messages.note(session, [row.id], moment.study, "sent", f"{how}: {provider_id}")
    elif row.provider_id not in (None, provider_id):
        messages.note(session, [row.id], moment.study, "sent-again", f"{how}: {provider_id}")
        return True
    if outcome.retry_after is not None and _again(session, row, provider_id, outcome, moment):
        return True
    if outcome.state in FINAL and messages.end(session, row.id, outcome.state, outcome.code or None):
        messages.note(session, [row.id], moment.study, outcome.state, f"{how}: {outcome.code or outcome.state}")
        if outcome.state is State.FAILED:
            messages.explain(session, [row.id], "failed")
        _consequences(session, row, outcome.opt_out, outcome.wrong_number, moment)
    return True


def _again(session: Connected, row: Found, provider_id: str, outcome: Outcome, moment: Moment) -> bool:
    """Back to the outbox what the provider took and broke down over; whether it still should go is asked there."""
    assert outcome.retry_after is not None
    failed = len(tries.spent(session, [row.id]))
    if failed >= MOST_AGAIN:
        return False
    not_before = moment.running + outcome.retry_after * (1 << failed)
    if not tries.begin_again(session, row.id, provider_id, not_before):
        return False
    messages.note(session, [row.id], moment.study, tries.AGAIN, provider_id)
    return True


def _refused(session: Connected, shift: Shift, letter: Letter, outcome: Refused) -> None:
    if letter.patient_id is not None:
        bells.lock_patient(session, letter.patient_id)
    if leases.fail(session, letter.message_id, shift.worker, letter.attempts, outcome.code):
        _failed(session, letter.message_id, f"{outcome.code} {outcome.why}", shift.now())
    row = messages.one(session, letter.message_id)
    if row is not None:
        _consequences(session, row, outcome.kind == "opted-out", outcome.kind == "wrong-number", shift.now())


def _failed(session: Connected, message_id: int, why: str, moment: Moment) -> None:
    messages.note(session, [message_id], moment.study, State.FAILED, why)
    messages.explain(session, [message_id], "failed")


def _consequences(session: Connected, row: Found, opted_out: bool, wrong_number: bool, moment: Moment) -> None:
    """A text to staff that cannot reach them is the site's task as well; their STOP changes nobody's consent."""
    if row.staff_id is not None:
        if opted_out or wrong_number:
            label = messages.recipients(session, [row.id])[row.id].label
            _task(session, row.site_id, None, UNREACHABLE, moment, label)
    elif opted_out:
        with objects(session) as joined:
            inbound.opt_out(joined, row.patient_id, "provider", moment)
    elif wrong_number:
        messages.note_wrong_number(session, row.patient_id, moment.study)
        _task(session, row.site_id, row.patient_id, UNREACHABLE, moment)


def _task(
    session: Connected, site_id: int, patient_id: int | None, kind: str, moment: Moment, detail: str = ""
) -> None:
    bells.open_task(session, site_id=site_id, patient_id=patient_id, kind=kind, detail=detail, at=moment.study)
