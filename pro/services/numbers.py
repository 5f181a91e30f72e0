"""Where a message goes: the only place, beside enrolment, that opens contacts. Numbers stay in memory and in no log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Row
from sqlmodel import Session

from pro.services.parts import Parts
from pro.store import contacts
from pro.store.messages import Recipient

log = logging.getLogger(__name__)


def look_up(parts: Parts, recipients: Sequence[Recipient]) -> dict[Recipient, str]:
    """The number of each recipient; one whose contact is missing or cannot be read is left out."""
    if not recipients:
        return {}
    wanted = set(recipients)
    with parts.contacts.reading() as session:
        ids = [one.contact_id for one in wanted if one.staff_id is None and one.contact_id]
        sealed = {row.id: row for row in contacts.sealed_numbers(session, ids)} if ids else {}
        found = {one: _number(parts, session, one, sealed.get(one.contact_id or "")) for one in wanted}
    return {recipient: number for recipient, number in found.items() if number is not None}


def _number(parts: Parts, session: Session, recipient: Recipient, sealed: Row[Any] | None) -> str | None:
    try:
        if recipient.staff_id is not None:
            return contacts.staff_numbers(session, parts.cipher, [recipient.staff_id]).get(recipient.staff_id)
        return parts.cipher.open(sealed.number, sealed.id, "number", sealed.key_id) if sealed else None
    except (KeyError, InvalidTag):
        log.error("the contact of %s cannot be read: is its key still in PRO_CONTACTS_KEY?", recipient.label)
        return None
