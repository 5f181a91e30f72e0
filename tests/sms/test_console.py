"""Virtual phones: what is sent stands there, and can be asked for as at a provider."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import select

from pro.sms.console import ConsoleSender
from pro.sms.sender import Accepted, Found, NotProcessed, Sms, Unknown
from pro.store.contacts import VirtualSms
from pro.store.engine import Database
from tests.conftest import Urls
from tests.sms.outbox import EVENING

NUMBER = "+33612345678"


def sms(body: str = "Hello", to: str = NUMBER) -> Sms:
    return Sms(to, body, None, timedelta(hours=1), "R-001", EVENING)


def test_a_text_stands_on_the_virtual_phone(database_urls: Urls) -> None:
    contacts = Database(database_urls.contacts)
    sender = ConsoleSender(contacts)
    outcome = sender.send(sms())
    assert isinstance(outcome, Accepted)
    assert outcome.delivered
    with contacts.reading() as session:
        row = session.exec(select(VirtualSms)).one()
    assert (row.label, row.number, row.body, row.sent_at) == ("R-001", NUMBER, "Hello", EVENING)
    sender.send(sms("for another", "+33612345679"))
    found = sender.find_since(NUMBER, EVENING + timedelta(days=1))
    assert found == (Found(outcome.provider_id, "Hello", "delivered", segments=1),), (
        "study time tells nothing about running time"
    )
    assert sender.redact(outcome.provider_id)
    assert not sender.verify_receipt("http://localhost", {}, "anything")
    contacts.close()


def test_a_database_that_does_not_answer(sqlite_urls: Urls) -> None:
    contacts = Database(sqlite_urls.contacts)
    with contacts.writing() as session:
        session.connection().execute(text("DROP TABLE virtual_sms"))
    sender = ConsoleSender(contacts)
    assert isinstance(sender.send(sms()), NotProcessed)
    assert isinstance(sender.find_since(NUMBER, EVENING), Unknown)
    contacts.close()
