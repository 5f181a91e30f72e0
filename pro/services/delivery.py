"""From the outbox to the phone, at most once, whatever is killed and whenever.

claim → ask the domain again, mark `sending` and make the link → call the provider with no transaction open → record.
Each arrow is a commit. What a crash leaves as `claimed` had not left the house; what it leaves as `sending` is looked
up at the provider (`reconciling`) before anything is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from pro.clock import Moment
from pro.services import numbers, reconciling, settling
from pro.services.marking import Letter, mark
from pro.services.parts import Parts
from pro.services.shift import PACE, Pace, Shift, begin, pass_by, steady
from pro.sms.sender import Accepted, NotProcessed, Outcome, Sms, Unknown
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
    """What one tick did: messages looked up, marked and redacted."""

    looked_up: int
    marked: int
    redacted: int


def tick(
    parts: Parts,
    moment: Moment,
    worker: str,
    *,
    pace: Pace = PACE,
    at: Callable[[str], None] = pass_by,
    seconds: Callable[[], float] = steady,
) -> Delivered:
    """Moves every due message as far as it goes. Any number of workers may do so at once; `worker` names this one.

    `at` is called at named points, so that tests can end the process there; `seconds` counts running time on.
    """
    shift = begin(parts, moment, worker, pace, at, seconds)
    return Delivered(reconciling.reconcile(shift), _send_due(shift), _redact(shift))


def _send_due(shift: Shift) -> int:
    marked = 0
    for _ in range(shift.pace.batches):
        claimed = _claim(shift)
        if not claimed:
            break
        shift.at("after-claim")
        letters = mark(shift, claimed)
        marked += len(letters)
        if not _post_all(shift, letters):
            break
    return marked


def _claim(shift: Shift) -> list[int]:
    now = shift.study()
    with shift.parts.study.reading() as session:
        if not leases.any_due(session, now, shift.running()):
            return []
    with shift.parts.study.writing() as session:
        ids = leases.claim(session, shift.worker, now, shift.running(), shift.lease(), shift.pace.batch)
        messages.note(session, ids, now, "claimed", shift.worker)
        return ids


def _post_all(shift: Shift, letters: Sequence[Letter]) -> bool:
    """Posts letter by letter; False when the provider is to be left alone for now.

    What the provider took is written down in batches. A crash before that leaves `sending`, which is looked up.
    """
    try:
        phones = numbers.look_up(shift.parts, [letter.recipient for letter in letters])
    except SQLAlchemyError as error:
        log.error("the contacts database does not answer (%s): %s messages wait", type(error).__name__, len(letters))
        _give_back(shift, letters, "the contacts database did not answer")
        return False
    taken = Taken(shift)
    try:
        return _post_each(shift, letters, phones, taken)
    finally:
        taken.write()


def _post_each(shift: Shift, letters: Sequence[Letter], phones: Mapping[Recipient, str], taken: Taken) -> bool:
    doubts = 0
    for n, letter in enumerate(letters):
        number = phones.get(letter.recipient)
        if number is None:
            settling.fail_without_number(shift, letter)
            continue
        if not _has_time(shift, letter):
            _give_back(shift, letters[n:], "the time for it was nearly over")
            return True
        outcome = _post(shift, letter, number)
        taken.add(letter, outcome) if isinstance(outcome, Accepted) else settling.record(shift, letter, outcome)
        doubts += isinstance(outcome, Unknown)
        if isinstance(outcome, NotProcessed) or doubts >= PATIENCE:
            _give_back(shift, letters[n + 1 :], "the provider is left alone for now")
            return False
    return True


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
        with shift.parts.study.writing() as session:
            for letter in letters:
                settling.give_back(session, shift, letter, why)


def _redact(shift: Shift) -> int:
    """Empties texts at the provider once nothing more can happen to them."""
    with shift.parts.study.reading() as session:
        rows = messages.unredacted(session, shift.study() - NO_RECEIPT, REDACT_AT_MOST)
    done = 0
    for message_id, provider_id in rows:
        if shift.parts.sender.redact(provider_id):
            with shift.parts.study.writing() as session:
                messages.redacted(session, message_id, shift.running())
                messages.note(session, [message_id], shift.study(), "redacted")
            done += 1
    return done
