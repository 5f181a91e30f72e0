"""What stands on the virtual phones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import col, select

from pro.services.parts import Parts
from pro.store.contacts import VirtualSms
from pro.store.tables import Patient, Site, Staff

ADDRESS = re.compile(r"https?://\S+")
ORIGIN = re.compile(r"https?://[^/\s]+(?=/(?:d|staff)/)")


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS, cut around its link."""

    before: str
    link: str
    after: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Phone:
    label: str
    """Study number of a patient, or login of a member of staff."""
    of: str
    """Site of the patient, or name of the member of staff."""
    language: str
    newest: datetime | None
    is_staff: bool


def newest_texts(parts: Parts, at_most: int | None = None) -> Sequence[VirtualSms]:
    """Every SMS, the newest first."""
    with parts.contacts.reading() as session:
        return session.exec(select(VirtualSms).order_by(col(VirtualSms.id).desc()).limit(at_most)).all()


def as_json(parts: Parts) -> list[dict[str, str]]:
    """The virtual phones as others read them: patient (or login), to, body, sent_at; the newest first."""
    return [
        {"patient": sms.label, "to": sms.number, "body": body(parts, sms), "sent_at": _utc(sms.sent_at)}
        for sms in newest_texts(parts)
    ]


def body(parts: Parts, sms: VirtualSms) -> str:
    """The text with its link where the demonstration answers now: HOST and PORT may have changed since."""
    return ORIGIN.sub(parts.settings.public_url, sms.body)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def phones(parts: Parts) -> list[Phone]:
    """Patients' phones with those that have a text of today first, then the staff's."""
    newest: dict[str, datetime] = {}
    for sms in newest_texts(parts):
        newest.setdefault(sms.label, sms.sent_at)
    with parts.study.reading() as session:
        patients = session.exec(
            select(Patient, Site.name).join(Site, col(Patient.site_id) == col(Site.id)).order_by(col(Patient.number))
        ).all()
        staff = session.exec(select(Staff).order_by(col(Staff.login))).all()
    found = [Phone(p.number, site, p.language, newest.get(p.number), False) for p, site in patients]
    found += [Phone(s.login, s.name, s.language, newest[s.login], True) for s in staff if s.login in newest]
    return sorted(found, key=lambda phone: (phone.is_staff, _age(phone), phone.label))


def _age(phone: Phone) -> float:
    return -phone.newest.timestamp() if phone.newest else 0.0


def texts_of(parts: Parts, label: str, at_most: int = 20) -> list[Text]:
    """The newest texts on one phone, newest first."""
    wanted = select(VirtualSms).where(VirtualSms.label == label).order_by(col(VirtualSms.id).desc()).limit(at_most)
    with parts.contacts.reading() as session:
        return [_cut(body(parts, sms), sms.sent_at) for sms in session.exec(wanted).all()]


def _cut(text: str, sent_at: datetime) -> Text:
    link = ADDRESS.search(text)
    if link is None:
        return Text(text, "", "", sent_at)
    return Text(text[: link.start()], link.group(), text[link.end() :], sent_at)


SUGGESTED = {"fr": "R-008", "en": "R-009"}
"""Patients of Rennes with an evening diary to fill; the visit of week 4 opens for the first of them tomorrow."""
