"""Submission: frozen in one transaction: claim, responses, flares, audit event.

A second submission finds the claim taken and gets the same receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pro.clock import Moment
from pro.domain.answers import Answer
from pro.services import anchoring
from pro.services.answering.facts import (
    Changed,
    Closed,
    Incomplete,
    Submitted,
)
from pro.services.answering.freezing import Freezing, freeze_all, receipt_of
from pro.services.answering.reporting import reports_of
from pro.services.answering.reviewed import Reviewed, changed_since
from pro.services.answering.views import (
    coming,
    newest,
    questionnaires_of,
    saves_of,
    sitting_of,
    token_hash,
    waiting_of,
)
from pro.services.audit import Head, append_to_patient, patient_actor
from pro.services.parts import Parts
from pro.store import assessments, sittings
from pro.store.engine import Connected
from pro.store.sittings import Found


class _Rollback(Exception):
    """Gives the claim back."""

    def __init__(self, outcome: Incomplete | Changed | Closed) -> None:
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Kept:
    """Hashes of a submission's responses, the saves that were frozen into them and what those come to."""

    hashes: Sequence[str]
    saves: Sequence[Found]
    standing: Mapping[str, Answer] | None = None


def submit(
    parts: Parts, session_token: str, assessment_id: int, moment: Moment, reviewed: Reviewed | None = None
) -> Submitted | Incomplete | Changed | Closed:
    """Freezes the answers into one immutable response per questionnaire, in one transaction.

    With what was `reviewed`, nothing is sent that was not read so: compared after the lock, as it would be frozen.
    """
    hashed = token_hash(session_token)
    try:
        with parts.study.plain_writing() as session:
            who = sittings.lock_patient(session, hashed)
            if who is None or who.ended_at is not None or who.expires_at <= moment.running:
                return Closed("no-session")
            if who.withdrawn_at is not None:
                return Closed("withdrawn")
            found = sittings.claim(session, who, assessment_id, moment.study)
            if found is not None:
                kept: Kept | None = _freeze(parts, session, found, moment, reviewed)
            else:
                found, kept = sittings.sitting(session, hashed, assessment_id), None
                if found is None:
                    return Closed("no-session")
                if found.submitted_at is None:
                    return Closed("closed")
    except _Rollback as rollback:
        return rollback.outcome
    return _receipt(parts, found, kept, moment)


def _freeze(parts: Parts, session: Connected, found: Found, moment: Moment, reviewed: Reviewed | None) -> Kept:
    protocol = parts.library.protocol(found.protocol, found.protocol_version)
    questionnaires = questionnaires_of(parts, found, moment)
    saves = saves_of(session, found.assessment_id)
    standing = newest(saves, questionnaires)
    if reviewed is not None and (changed := changed_since(questionnaires, standing, reviewed)):
        raise _Rollback(Changed(changed))
    frozen = freeze_all(questionnaires, standing)
    missing = tuple(f"{key}.{item}" for key, one in frozen.items() for item in one.missing)
    if missing:
        raise _Rollback(Incomplete(missing))
    made = Freezing(parts, session, found, protocol, questionnaires, frozen, saves, moment)
    rows, events = made.responses_and_events("assessment.submitted")
    sittings.insert_responses(session, rows)
    events += anchoring.after_submission(session, protocol, found, found.timepoint, moment)
    events += anchoring.after_events(session, protocol, found, events, moment)
    head = Head(f"patient:{found.number}", found.chain_seq, found.chain_hash)
    append_to_patient(session, found.patient_id, head, events, patient_actor(found.number), moment.study)
    return Kept([str(row["sha256"]) for row in rows], saves, standing)


def _receipt(parts: Parts, found: Found, kept: Kept | None, moment: Moment) -> Submitted:
    """`kept`: what this very submission froze; None where it was submitted before."""
    with parts.study.plain_reading() as session:
        row = found if kept else assessments.one(session, found.patient_id, found.assessment_id) or found
        following = coming(parts, session, found, moment)
        waiting = tuple(
            waiting_of(parts, one, moment) for one in assessments.waiting(session, found.patient_id, moment.study)
        )
        said = kept or Kept(sittings.hashes(session, found.assessment_id), saves_of(session, found.assessment_id))
        finished = sitting_of(
            parts, found, row, said.saves, found.session_language, found.mode, moment, answers=said.standing
        )
        reports = reports_of(parts, session, found, moment)
    return Submitted(
        receipt=receipt_of(said.hashes),
        submitted_at=moment.study if kept else row.submitted_at,
        already=kept is None,
        next=following,
        waiting=waiting,
        sitting=finished,
        reports=reports,
    )


def receipt_again(parts: Parts, found: Found, moment: Moment) -> Submitted:
    """The receipt of what was submitted before; `found` as `sittings.sitting` gives it."""
    return _receipt(parts, found, None, moment)
