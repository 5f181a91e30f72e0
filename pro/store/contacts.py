"""The contacts database: names and numbers, encrypted, apart from everything else.

AES-256-GCM with a key id and the row's own id as associated data, so that ciphers cannot be swapped between rows;
look-up goes through a keyed index. Cipher and index keys are derived from each setting key by HKDF.
"""

import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, LargeBinary, MetaData, Row, Select
from sqlalchemy import select as sql_select
from sqlmodel import Field, Session, SQLModel, col, select

from pro.settings import ContactsKey
from pro.store.arrays import among
from pro.store.tables import NAMING

metadata = MetaData(naming_convention=NAMING)


class ContactsRow(SQLModel):
    metadata: ClassVar[MetaData] = metadata


class Contact(ContactsRow, table=True):
    id: str = Field(primary_key=True)
    """`patient.contact_id` of the study database."""
    name: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    number: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    number_index: str = Field(index=True)
    """Not unique: two patients may share a telephone."""
    key_id: str
    made_at: datetime


class StaffContact(ContactsRow, table=True):
    __tablename__ = "staff_contact"
    staff_id: int = Field(primary_key=True)
    number: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    key_id: str
    made_at: datetime


class VirtualSms(ContactsRow, table=True):
    """What the console sender "sent"; only in the demonstration and on a developer's machine."""

    __tablename__ = "virtual_sms"
    id: int | None = Field(default=None, primary_key=True)
    label: str
    """Study number of the patient, or login of the staff."""
    number: str
    body: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Who a contact is, decrypted."""

    name: str = field(repr=False)
    number: str = field(repr=False)


class Cipher:
    """Encrypts with the first key, decrypts with any. Raises KeyError for a key id it does not know."""

    def __init__(self, keys: tuple[ContactsKey, ...]) -> None:
        self.newest = keys[0].id
        self._cipher = {key.id: AESGCM(_derive(key.secret, b"pro contacts cipher")) for key in keys}
        self._indexes = [_derive(key.secret, b"pro contacts index") for key in keys]

    def seal(self, text: str, row: str, column: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher[self.newest].encrypt(nonce, text.encode(), f"{column}:{row}".encode())

    def open(self, sealed: bytes, row: str, column: str, key_id: str) -> str:
        return self._cipher[key_id].decrypt(sealed[:12], sealed[12:], f"{column}:{row}".encode()).decode()

    def index(self, number: str) -> str:
        """What is kept beside a number, to find it by."""
        return self.indexes(number)[0]

    def indexes(self, number: str) -> list[str]:
        """What may be kept beside it: by the newest key, or by one from before."""
        return [hmac.new(key, number.encode(), sha256).hexdigest() for key in self._indexes]


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def keep(session: Session, cipher: Cipher, id_: str, person: Person, at: datetime) -> None:
    """Writes the contact, or writes it anew."""
    row = session.get(Contact, id_) or Contact(id=id_, name=b"", number=b"", number_index="", key_id="", made_at=at)
    row.name = cipher.seal(person.name, id_, "name")
    row.number = cipher.seal(person.number, id_, "number")
    row.number_index = cipher.index(person.number)
    row.key_id = cipher.newest
    session.add(row)


def find(session: Session, cipher: Cipher, ids: list[str]) -> dict[str, Person]:
    """The contacts of these ids; one that is missing is left out."""
    rows = session.exec(select(Contact).where(col(Contact.id).in_(ids))).all()
    return {
        row.id: Person(
            name=cipher.open(row.name, row.id, "name", row.key_id),
            number=cipher.open(row.number, row.id, "number", row.key_id),
        )
        for row in rows
    }


_contact = metadata.tables["contact"]
_sealed: Select[Any] = sql_select(_contact.c.id, _contact.c.number, _contact.c.key_id).where(
    among(_contact.c.id, "ids")
)


def sealed_numbers(session: Session, ids: Sequence[str]) -> Sequence[Row[Any]]:
    """(id, number, key_id) of these contacts, still encrypted."""
    return session.connection().execute(_sealed, {"ids": list(ids)}).all()


def ids_of_number(session: Session, cipher: Cipher, number: str) -> list[str]:
    """Ids of every contact with this E.164 number."""
    return list(session.exec(select(Contact.id).where(col(Contact.number_index).in_(cipher.indexes(number)))).all())


def keep_staff(session: Session, cipher: Cipher, staff_id: int, number: str, at: datetime) -> None:
    row = session.get(StaffContact, staff_id) or StaffContact(staff_id=staff_id, number=b"", key_id="", made_at=at)
    row.number = cipher.seal(number, f"staff:{staff_id}", "number")
    row.key_id = cipher.newest
    session.add(row)


def staff_numbers(session: Session, cipher: Cipher, ids: list[int]) -> dict[int, str]:
    rows = session.exec(select(StaffContact).where(col(StaffContact.staff_id).in_(ids))).all()
    return {row.staff_id: cipher.open(row.number, f"staff:{row.staff_id}", "number", row.key_id) for row in rows}
