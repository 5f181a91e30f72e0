"""The last question before a message leaves: may it go, now, by the rows as they are under the patient's lock?

Whatever passes is marked `sending` with a new link, in the same transaction: after a completion, closing, withdrawal
or opt-out is committed, nothing is marked any more.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from pro.domain import message as words
from pro.domain import zones
from pro.domain.assessment import Instants, end, is_fillable, state
from pro.domain.protocol import Protocol
from pro.domain.reminders import Facts, Verdict, calls, is_held_up, verdict
from pro.domain.schedule import day_closes, day_opens, patient_day
from pro.services.enrolment.links import next_close
from pro.services.shift import Shift
from pro.store import leases, messages, snoozes
from pro.store.engine import Connected
from pro.store.instants import instants_of
from pro.store.messages import Found, Recipient

log = logging.getLogger(__name__)

TOKEN_BYTES = 16
LONGEST_DAY = timedelta(hours=50)
"""A patient-day with every clock change lies within this: how far back the daily cap has to read."""
ALWAYS = Instants(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""What a test announces: nothing that could be closed or submitted."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A marked message, ready for the provider once its number is known."""

    message_id: int
    site_id: int
    patient_id: int | None
    attempts: int
    lease_until: datetime
    """Running time."""
    recipient: Recipient
    body: str
    not_after: datetime
    """Study time."""

    def __repr__(self) -> str:
        """Without the body: it carries a link."""
        return f"Letter({self.message_id})"


@dataclass(frozen=True, slots=True)
class Case:
    """One claimed message with the fresh rows that decide about it."""

    row: Found
    patient: Found | None
    protocol: Protocol | None
    announced: tuple[Announced, ...]


@dataclass(frozen=True, slots=True)
class Announced:
    assessment_id: int
    instants: Instants


@dataclass(frozen=True, slots=True)
class Others:
    """The reminders beside the one that is judged, by patient."""

    marked: dict[int, list[datetime]]
    """When those were due that went: what the daily cap counts."""
    asked_for: Mapping[int, Mapping[datetime, frozenset[int]]]
    """The patient's own, by when they are due: the assessments they announce. Read only where one is held up."""

    def went(self, case: Case) -> Sequence[datetime]:
        return self.marked.get(case.row.patient_id, ())

    def count(self, case: Case) -> None:
        self.marked.setdefault(case.row.patient_id, []).append(case.row.due_at)

    def said_later(self, case: Case, now: datetime) -> bool:
        """Whether a later one that the patient asked for announces all of this one that still waits for them."""
        waiting = {one.assessment_id for one in case.announced if calls(one.instants, now)}
        mine = self.asked_for.get(case.row.patient_id, {})
        return any(due_at > case.row.due_at and waiting <= announced for due_at, announced in mine.items())


def mark(shift: Shift, claimed: Sequence[int]) -> tuple[Letter, ...]:
    """Asks the domain about each claimed message and marks those that may go; the others are explained or put off."""
    with shift.parts.study.plain_writing() as session:
        cases = _cases(shift, session, claimed)
        going = _judge_all(shift, session, cases)
        letters = _mark(shift, session, going)
        shift.at("before-mark-commit")
    shift.at("after-mark")
    return letters


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return sha256(token.encode()).hexdigest()


def _cases(shift: Shift, session: Connected, claimed: Sequence[int]) -> list[Case]:
    """The rows as they are now; patients are locked first, in the order of their ids."""
    patients = leases.lock_patients(session, leases.patients_of(session, claimed))
    rows = leases.held(session, claimed, shift.worker)
    announced: dict[int, list[Announced]] = {}
    for one in leases.announced(session, [row.id for row in rows]):
        announced.setdefault(one.message_id, []).append(Announced(one.id, instants_of(one)))
    cases = []
    for row in rows:
        patient = None if row.staff_id else patients.get(row.patient_id)
        try:
            protocol = shift.parts.library.protocol(patient.protocol, patient.protocol_version) if patient else None
        except LookupError:
            log.error("message %s waits: its patient's protocol is not in the library", row.id)
            continue
        cases.append(Case(row, patient, protocol, tuple(announced.get(row.id, ()))))
    return cases


def _judge_all(shift: Shift, session: Connected, cases: Sequence[Case]) -> list[Case]:
    """Those that may go, each counted against the cap of those after it."""
    now = shift.study()
    others = _others(session, cases, now)
    going = []
    for case in cases:
        said = _judge(case, others, now)
        if said.send:
            going.append(case)
            if case.patient and case.row.template == "reminder":
                others.count(case)
        elif said.again_at is not None:
            leases.put_off(session, case.row.id, said.again_at)
            messages.note(session, [case.row.id], now, "put-off", said.why)
        else:
            messages.drop(session, [case.row.id], said.why, now)
    return going


def _others(session: Connected, cases: Sequence[Case], now: datetime) -> Others:
    ids = [case.patient.id for case in cases if case.patient]
    marked: dict[int, list[datetime]] = {}
    for patient_id, due_at in leases.marked_since(session, ids, now - LONGEST_DAY):
        marked.setdefault(patient_id, []).append(due_at)
    held_up = {case.patient.id for case in cases if case.patient and is_held_up(case.row.due_at, now)}
    asked_for: dict[int, dict[datetime, frozenset[int]]] = {}
    for row in snoozes.waiting_or_gone(session, sorted(held_up), now) if held_up else ():
        mine = asked_for.setdefault(row.patient_id, {})
        mine[row.due_at] = mine.get(row.due_at, frozenset()) | {row.assessment_id}
    return Others(marked, asked_for)


def _judge(case: Case, others: Others, now: datetime) -> Verdict:
    if case.row.staff_id is not None:
        late = now > case.row.not_after
        return Verdict(send=not late, why="too-late" if late else "ok")
    if case.patient is None or case.protocol is None:
        return Verdict(send=False, why="no-number")
    return verdict(_facts(case, case.patient, case.protocol, others, now))


def _facts(case: Case, patient: Found, protocol: Protocol, others: Others, now: datetime) -> Facts:
    zone = zones.zone(patient.zone)
    today = patient_day(now, zone, protocol.cutoff)
    opens, closes = day_opens(today, zone, protocol.cutoff), day_closes(today, zone, protocol.cutoff)
    is_reminder = case.row.template == "reminder"
    return Facts(
        now=now,
        due_at=case.row.due_at,
        not_after=case.row.not_after,
        assessments=tuple(one.instants for one in case.announced) if is_reminder else (ALWAYS,),
        zone=zone,
        quiet=protocol.quiet_hours,
        daily_cap=protocol.daily_cap,
        sent_today=sum(opens <= due_at < closes for due_at in others.went(case)) if is_reminder else 0,
        asked_for_later=is_reminder and others.said_later(case, now),
        has_number=patient.number_wrong_at is None or not is_reminder,
        withdrawn=patient.withdrawn_at is not None,
        opted_out=patient.opted_out_at is not None,
    )


def _mark(shift: Shift, session: Connected, going: Sequence[Case]) -> tuple[Letter, ...]:
    ids = [case.row.id for case in going]
    lease_until = shift.lease()
    marked = leases.mark(session, ids, shift.worker, shift.running(), lease_until)
    messages.note(session, sorted(marked), shift.study(), "sending")
    going = [case for case in going if case.row.id in marked]
    recipients = messages.recipients(session, sorted(marked))
    tokens = {case.row.id: secrets.token_urlsafe(TOKEN_BYTES) for case in going}
    messages.keep_links(session, [_link(session, case, tokens[case.row.id], shift.study()) for case in going])
    return tuple(
        _letter(shift, session, case, recipients[case.row.id], tokens[case.row.id], lease_until) for case in going
    )


def _link(session: Connected, case: Case, token: str, now: datetime) -> dict[str, object]:
    return {
        "token_hash": token_hash(token),
        "patient_id": None if case.row.staff_id else case.row.patient_id,
        "message_id": case.row.id,
        "made_at": now,
        "expires_at": _expiry(session, case, now),
    }


def _letter(
    shift: Shift, session: Connected, case: Case, recipient: Recipient, token: str, lease_until: datetime
) -> Letter:
    row, now = case.row, shift.study()
    patient_id = None if row.staff_id else row.patient_id
    settled = [one for one in case.announced if not calls(one.instants, now)]
    for one in settled:
        messages.explain_steps(session, row.id, [one.assessment_id], str(state(one.instants, now)))
    body = _body(row, shift.parts.settings.public_url, token)
    return Letter(row.id, row.site_id, patient_id, row.attempts, lease_until, recipient, body, row.not_after)


def _expiry(session: Connected, case: Case, now: datetime) -> datetime:
    """A link lives until the last window it announces has closed; one to the desk opens nothing by itself."""
    if case.patient is None or case.protocol is None:
        return now
    ends = [end(one.instants) for one in case.announced if is_fillable(one.instants, now)]
    coming = None if ends else next_close(session, case.patient.id, now)
    return max([now + case.protocol.link_life, *ends, *([coming] if coming else [])])


def _body(row: Found, public_url: str, token: str) -> str:
    if row.staff_id is None:
        return words.patient_body(row.template, row.language, words.patient_link(public_url, token), row.detail or "")
    language = row.language if row.language in words.STAFF_FLARE else "en"
    return words.staff_flare_body(language, f"{public_url}/staff/?r={token}", now=row.template == "flare-now")
