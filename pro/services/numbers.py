"""Where a message goes: the only place, beside enrolment, that opens contacts. Numbers stay in memory and in no log."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from sqlmodel import Session

from pro.services.parts import Parts
from pro.store import contacts
from pro.store.messages import Recipient

log = logging.getLogger(__name__)


def look_up(parts: Parts, recipients: Sequence[Recipient]) -> dict[Recipient, str]:
    """The number of each recipient; one whose contact is missing or cannot be read is left out."""
    if not recipients:
        return {}
    with parts.contacts.reading() as session:
        found = {recipient: _number(parts, session, recipient) for recipient in set(recipients)}
    return {recipient: number for recipient, number in found.items() if number is not None}


def _number(parts: Parts, session: Session, recipient: Recipient) -> str | None:
    try:
        if recipient.staff_id is not None:
            return contacts.staff_numbers(session, parts.cipher, [recipient.staff_id]).get(recipient.staff_id)
        id_ = recipient.contact_id or ""
        person = contacts.find(session, parts.cipher, [id_]).get(id_)
        return person.number if person else None
    except (KeyError, InvalidTag):
        log.error("the contact of %s cannot be read: is its key still in PRO_CONTACTS_KEY?", recipient.label)
        return None
