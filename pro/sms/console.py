"""Virtual phones: texts are written to the contacts database and read on a page. Nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from pro.sms.sender import Accepted, Emptied, Found, NotProcessed, Outcome, Sms, Unknown
from pro.store.contacts import VirtualSms
from pro.store.engine import Database

NEWEST = 100


class ConsoleSender:
    """What is accepted stands on the virtual phone in the same commit, so there are no receipts to wait for."""

    settling = timedelta(0)
    lanes = 1

    def __init__(self, contacts: Database) -> None:
        self._contacts = contacts

    def send(self, sms: Sms) -> Outcome:
        row = VirtualSms(label=sms.label, number=sms.to, body=sms.body, sent_at=sms.at)
        try:
            with self._contacts.writing() as session:
                session.add(row)
        except SQLAlchemyError as error:
            return NotProcessed(type(error).__name__)
        return Accepted(f"console-{row.id}", segments=1, delivered=True)

    def find_since(self, to: str, since: datetime) -> tuple[Found, ...] | Unknown:
        """The newest texts of that phone: their instants are study time, which `since` is not."""
        newest = select(VirtualSms).where(VirtualSms.number == to).order_by(col(VirtualSms.id).desc()).limit(NEWEST)
        try:
            with self._contacts.reading() as session:
                rows = session.exec(newest).all()
        except SQLAlchemyError as error:
            return Unknown(type(error).__name__)
        return tuple(Found(f"console-{row.id}", row.body, "delivered", segments=1) for row in rows)

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        """No provider, no receipts: whoever sends one made it up."""
        return False

    def redact(self, provider_id: str) -> Emptied:
        """The virtual phone keeps its texts, as a phone does."""
        return Emptied()
