"""What a patient does on the pages beside answering: stop the messages, get them again, see the receipt again."""

from __future__ import annotations

from pro.clock import Moment
from pro.services.answering import Submitted, is_over, receipt_again, token_hash
from pro.services.audit import patient_actor
from pro.services.enrolment.telephone import opt_in_again
from pro.services.inbound import opt_out
from pro.services.parts import Parts
from pro.store import sittings


def stop_messages(parts: Parts, token: str, moment: Moment) -> bool:
    """Stops every message to the patient whose link this is, an old one too; False for an unknown or revoked link.

    Doing it twice is doing it once.
    """
    with parts.study.writing() as session:
        found = sittings.by_link(session, token_hash(token))
        if found is None or found.revoked_at is not None:
            return False
        opt_out(session, found.patient_id, "page", moment)
        return True


def resume_messages(parts: Parts, token: str, moment: Moment) -> bool:
    """Messages again for the patient whose link this is; False for a link that is unknown, revoked or over.

    Nothing that fell into the pause is sent later. Doing it twice is doing it once.
    """
    with parts.study.reading() as session:
        found = sittings.by_link(session, token_hash(token))
    if found is None or is_over(found, moment):
        return False
    opt_in_again(parts, patient_actor(found.number), found.patient_id, moment)
    return True


def thanks(parts: Parts, session_token: str, assessment_id: int, moment: Moment) -> Submitted | None:
    """The receipt of what this phone's patient submitted; None where there is no session or no submission."""
    with parts.study.reading() as session:
        found = sittings.sitting(session, token_hash(session_token), assessment_id)
    if found is None or found.ended_at is not None or found.expires_at <= moment.running or found.submitted_at is None:
        return None
    return receipt_again(parts, found, moment)
