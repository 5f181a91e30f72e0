"""Messages of unknown outcome: the provider is asked before anything is sent again."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from pro.domain.message import Outcome as Known
from pro.domain.message import State, receipt_outcome
from pro.services import numbers, settling
from pro.services.marking import token_hash
from pro.services.outages import Asked
from pro.services.shift import Shift
from pro.sms.sender import Found as Listed
from pro.sms.sender import Unknown
from pro.store import leases, messages, tries
from pro.store.messages import Found

TOKEN = re.compile(r"/(?:d/|staff/\?r=)([A-Za-z0-9_-]{22})(?![A-Za-z0-9_-])")
SLACK = timedelta(minutes=10)
"""How far the provider's clock may stand from ours; older texts do no harm, since links are compared."""
AGAIN = timedelta(minutes=1)
"""When the provider cannot be asked, it is asked again after this time."""
AT_MOST = 20
"""In one tick: each may take a whole time-out."""


def reconcile(shift: Shift) -> int:
    """Looks up every message whose outcome is unknown and whose lease has ended; how many there were."""
    with shift.parts.study.plain_reading() as session:
        if not leases.any_ended(session, shift.running()):
            return 0
    with shift.parts.study.plain_writing() as session:
        back = leases.release_claims(session, shift.running())
        messages.note(session, back, shift.study(), "released", "its worker had gone before the mark")
        taken = leases.take_doubtful(session, shift.worker, shift.running(), shift.lease(), AT_MOST)
        rows = messages.by_ids(session, taken)
        recipients = messages.recipients(session, taken)
    phones = numbers.look_up(shift.parts, list(recipients.values()))
    for row in rows:
        _settle(shift, row, phones.get(recipients[row.id]))
    return len(rows)


def _settle(shift: Shift, row: Found, number: str | None) -> None:
    asked_at = shift.running()
    if number is None:
        return settling.give_up(shift, row)
    answer = _ask(shift, row, number)
    shift.at("after-ask")
    if isinstance(answer, Unknown):
        _later(shift, row, asked_at + AGAIN)
    elif answer:
        _found(shift, row, answer)
    elif asked_at < (settled_at := _settled_at(shift, row)):
        _later(shift, row, settled_at)
    else:
        _never_sent(shift, row)


def _ask(shift: Shift, row: Found, number: str) -> tuple[Listed, ...] | Unknown:
    """The texts at the provider that carry a link of this message."""
    with shift.parts.study.plain_reading() as session:
        hashes = messages.link_hashes(session, row.id)
        spent = tries.spent(session, [row.id])
    listed = shift.parts.sender.find_since(number, row.marked_at - SLACK)
    shift.calls.note(Asked.LIST, listed)
    if isinstance(listed, Unknown):
        return listed
    return tuple(one for one in listed if (row.id, one.provider_id) not in spent and carries(one.body, hashes))


def carries(body: str, hashes: Collection[str]) -> bool:
    """Whether the text holds a link whose hash is among these."""
    return any(token_hash(token) in hashes for token in TOKEN.findall(body))


def _settled_at(shift: Shift, row: Found) -> datetime:
    """From then on the provider's list is sure to show what was posted under the newest mark."""
    end: datetime = row.marked_at + shift.pace.lease + shift.parts.sender.settling
    return end


def _later(shift: Shift, row: Found, until: datetime) -> None:
    with shift.parts.study.plain_writing() as session:
        leases.look_later(session, row.id, shift.worker, row.attempts, until)


def _found(shift: Shift, row: Found, listed: tuple[Listed, ...]) -> None:
    for one in listed:
        code = int(one.error) if one.error else None
        known = receipt_outcome(one.status, code) or Known(State.SENT)
        with shift.parts.study.plain_writing() as session:
            settling.apply(session, row.id, one.provider_id, known, shift.now(), "asked", (one.segments, one.cost))


def _never_sent(shift: Shift, row: Found) -> None:
    """It may go again; whether it still should is asked as of any other."""
    with shift.parts.study.plain_writing() as session:
        if leases.give_back(session, row.id, shift.worker, row.attempts, None):
            messages.note(session, [row.id], shift.study(), "given-back", "asked: the provider never had it")
