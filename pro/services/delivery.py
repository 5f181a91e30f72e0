"""From the outbox to the phone, at most once, whatever is killed and whenever.

claim → ask the domain again, mark `sending` and make the link → call the provider with no transaction open → record.
Each arrow is a commit. What a crash leaves as `claimed` had not left the house; what it leaves as `sending` is looked
up at the provider (`reconciling`) before anything is sent again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy.exc import SQLAlchemyError

from pro.clock import Moment
from pro.services import numbers, reconciling, settling
from pro.services.lanes import in_lanes, side_by_side
from pro.services.marking import Letter, mark
from pro.services.outages import Asked, Outages
from pro.services.parts import Parts
from pro.services.shift import PACE, Pace, Shift, begin, pass_by, steady
from pro.sms.sender import Accepted, Emptied, NotProcessed, Outcome, Sms, Unknown
from pro.store import leases, messages
from pro.store.messages import Recipient

log = logging.getLogger(__name__)

PATIENCE = 3
"""After so many unknown outcomes in one batch the provider is left alone until the next tick."""
SOON = timedelta(seconds=1)
"""After so long what the provider took is written down, though the batch goes on."""
REDACT_AT_MOST = 20
NO_RECEIPT = timedelta(days=2)
"""A text whose receipt never came is redacted all the same."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one tick did: messages looked up, marked and redacted; and whether the next one should follow at once."""

    looked_up: int
    marked: int
    redacted: int
    more: bool = False
    """It stopped to give the other parts of a tick their turn: more is due, or may be."""


def tick(
    parts: Parts,
    moment: Moment,
    worker: str,
    *,
    pace: Pace = PACE,
    at: Callable[[str], None] = pass_by,
    seconds: Callable[[], float] = steady,
    outages: Outages | None = None,
) -> Delivered:
    """Moves every due message as far as it goes. Any number of workers may do so at once; `worker` names this one.

    `at` is called at named points, so that tests can end the process there; `seconds` counts running time on;
    `outages` remembers from tick to tick whether calls fail.
    """
    shift = begin(parts, moment, worker, pace, at, seconds)
    looked_up = reconciling.reconcile(shift)
    marked, more = _send_due(shift)
    if outages is not None:
        outages.tell(parts, shift.calls, shift.study(), shift.running())
    return Delivered(looked_up, marked, _redact(shift), more)


def _send_due(shift: Shift) -> tuple[int, bool]:
    """How many were marked, and whether it stopped before it was through."""
    marked = 0
    ends = shift.running() + shift.pace.turn
    for _ in range(shift.pace.batches):
        claimed = _claim(shift)
        if not claimed:
            return marked, False
        shift.at("after-claim")
        letters = mark(shift, claimed)
        marked += len(letters)
        after = _post_all(shift, letters)
        if after is After.ALONE or (after is After.THROUGH and shift.running() >= ends):
            return marked, after is After.THROUGH
    return marked, True


def _claim(shift: Shift) -> list[int]:
    now = shift.study()
    with shift.parts.study.plain_reading() as session:
        if not leases.any_due(session, now, shift.running()):
            return []
    with shift.parts.study.plain_writing() as session:
        ids = leases.claim(session, shift.worker, now, shift.running(), shift.lease(), shift.pace.batch)
        messages.note(session, ids, now, "claimed", shift.worker)
        return ids


class After(Enum):
    """How a batch ended."""

    THROUGH, LATE, ALONE = range(3)
    """Every letter was dealt with; the lease, or the time of a letter, was nearly over; the provider is left alone."""


def _post_all(shift: Shift, letters: Sequence[Letter]) -> After:
    """What the provider took is written down in batches. A crash before that leaves `sending`, which is looked up."""
    try:
        phones = numbers.look_up(shift.parts, [letter.recipient for letter in letters])
    except SQLAlchemyError as error:
        log.error("the contacts database does not answer (%s): %s messages wait", type(error).__name__, len(letters))
        _give_back(shift, letters, "the contacts database did not answer")
        return After.ALONE
    taken = Taken(shift)
    try:
        return Round(shift, phones, taken).run(letters)
    finally:
        taken.write()


@dataclass(slots=True)
class Round:
    """One batch on its way to the provider. `_try` runs in a lane and touches no database; the rest is the worker's own."""

    shift: Shift
    phones: Mapping[Recipient, str]
    taken: Taken
    doubts: int = 0
    late: bool = False
    alone: bool = False
    """Either one ends the round: nothing more is posted, and what is left goes back. Neither is ever taken back."""
    counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def over(self) -> bool:
        return self.late or self.alone

    def run(self, letters: Sequence[Letter]) -> After:
        back = []
        with closing(in_lanes(letters, self.shift.parts.sender.lanes, self._try)) as tried:
            try:
                for letter, outcome in tried:
                    if outcome is not None:
                        self._keep(letter, outcome)
                    elif self.over:
                        back.append(letter)
                    else:
                        settling.fail_without_number(self.shift, letter)
            except BaseException:
                self.alone = True
                raise
        if self.alone:
            _give_back(self.shift, back, "the provider is left alone for now")
            return After.ALONE
        _give_back(self.shift, back, "the time for it was nearly over")
        return After.LATE if self.late else After.THROUGH

    def _try(self, letter: Letter) -> Outcome | None:
        """None where the provider was not called."""
        number = self.phones.get(letter.recipient)
        if self.over or number is None:
            return None
        if not _has_time(self.shift, letter):
            self.late = True
            return None
        outcome = _post(self.shift, letter, number)
        with self.counting:
            self.doubts += isinstance(outcome, Unknown)
            self.alone = self.alone or isinstance(outcome, NotProcessed) or self.doubts >= PATIENCE
        return outcome

    def _keep(self, letter: Letter, outcome: Outcome) -> None:
        self.shift.calls.note(Asked.SEND, outcome)
        if isinstance(outcome, Accepted):
            self.taken.add(letter, outcome)
        else:
            settling.record(self.shift, letter, outcome)


@dataclass(slots=True)
class Taken:
    """What the provider took and is not yet written down: soon is early enough, and cheaper together."""

    shift: Shift
    letters: dict[Letter, Accepted] = field(default_factory=dict)
    since: datetime | None = None

    def add(self, letter: Letter, outcome: Accepted) -> None:
        now = self.shift.running()
        self.letters[letter] = outcome
        self.since = self.since or now
        if now - self.since >= SOON:
            self.write()

    def write(self) -> None:
        if self.letters:
            self.shift.at("before-record")
            settling.record_accepted(self.shift, self.letters)
            self.letters, self.since = {}, None
            self.shift.at("after-record")


def _has_time(shift: Shift, letter: Letter) -> bool:
    """Asked just before the call: a worker that was frozen must not post what others may have looked up already."""
    now = shift.now()
    return letter.lease_until - now.running >= shift.pace.reserve and now.study <= letter.not_after


def _post(shift: Shift, letter: Letter, number: str) -> Outcome:
    at = shift.study()
    sms = Sms(
        to=number,
        body=letter.body,
        callback_url=f"{shift.parts.settings.public_url}/hooks/twilio/status/{letter.message_id}",
        valid_for=letter.not_after - at,
        label=letter.recipient.label,
        at=at,
    )
    shift.at("before-post")
    outcome = shift.parts.sender.send(sms)
    shift.at("after-post")
    return outcome


def _give_back(shift: Shift, letters: Sequence[Letter], why: str) -> None:
    if letters:
        with shift.parts.study.plain_writing() as session:
            for letter in letters:
                settling.give_back(session, shift, letter, why)


def _redact(shift: Shift) -> int:
    """Empties texts at the provider once nothing more can happen to them, side by side and for one turn: a provider that
    hangs must not hold up the tick."""
    ends = shift.running() + shift.pace.turn

    def empty(row: tuple[int, str]) -> tuple[int, Emptied | None]:
        message_id, provider_id = row
        return message_id, shift.parts.sender.redact(provider_id) if shift.running() < ends else None

    with shift.parts.study.plain_reading() as session:
        rows = messages.unredacted(session, shift.study() - NO_RECEIPT, REDACT_AT_MOST)
    tried = side_by_side(rows, shift.parts.sender.lanes, empty)
    emptied = {message_id: done.cost for message_id, done in tried if done is not None}
    if emptied:  # a crash before this has them emptied once more, which changes nothing
        with shift.parts.study.plain_writing() as session:
            messages.redacted(session, emptied, shift.running())
            messages.note(session, emptied, shift.study(), "redacted")
    return len(emptied)
