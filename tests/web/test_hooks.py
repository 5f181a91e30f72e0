"""The provider's calls: signed by it or refused, in any order and as often as it likes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from pro.app import create_app
from pro.clock import FixedClock
from pro.services import delivery
from pro.services.parts import Parts
from pro.sms.console import ConsoleSender
from pro.sms.twilio import TwilioSender
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.sms.outbox import EVENING, remind, rows, state
from tests.sms.provider import TOKEN, Provider, Receipt

PUBLIC = "https://diary.example"
NUMBER = "+33612345678"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider().serving() as serving:
        yield serving


@pytest.fixture
def parts(sqlite_urls: Urls, provider: Provider) -> Iterator[Parts]:
    made = make_parts(sqlite_urls, FixedClock(EVENING), PRO_PUBLIC_URL=PUBLIC)
    yield dataclasses.replace(made, sender=TwilioSender(provider.account()))
    made.study.close()
    made.contacts.close()


@pytest.fixture
def client(parts: Parts) -> FlaskClient:
    return create_app(parts).test_client()


@pytest.fixture
def sent(parts: Parts, provider: Provider) -> int:
    """A reminder that the provider has accepted."""
    id_ = remind(parts, make_patient(parts, make_study(parts), telephone=NUMBER))
    delivery.tick(parts, parts.clock.now(), "w1")
    assert state(parts, id_) == "sent"
    return id_


def post(client: FlaskClient, receipt: Receipt, **headers: str) -> Any:
    """As it arrives behind a proxy: another host, plain HTTP."""
    path = receipt.url.removeprefix(PUBLIC)
    return client.post(path, data=receipt.form, headers={"X-Twilio-Signature": receipt.signature} | headers)


def signed(path: str, form: dict[str, str]) -> Receipt:
    return Receipt(PUBLIC + path, form, RequestValidator(TOKEN).compute_signature(PUBLIC + path, form))


def test_a_signed_receipt_settles_its_message(client: FlaskClient, parts: Parts, provider: Provider, sent: int) -> None:
    answer = post(client, provider.receipt(provider.texts[0], "delivered"))
    assert (answer.status_code, answer.data) == (204, b"")
    assert state(parts, sent) == "delivered"
    assert "Set-Cookie" not in answer.headers


def test_receipts_in_any_order_and_doubled(client: FlaskClient, parts: Parts, provider: Provider, sent: int) -> None:
    for seed in range(5):
        for receipt in provider.receipts(("queued", "sending", "sent", "delivered"), seed=seed):
            assert post(client, receipt).status_code == 204
    assert state(parts, sent) == "delivered"


@pytest.mark.parametrize("forgery", ["no header", "empty", "another form", "another message", "another key"])
def test_a_forged_receipt_is_refused_in_one_line(
    client: FlaskClient, parts: Parts, provider: Provider, sent: int, forgery: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    real = provider.receipt(provider.texts[0], "failed", 21610)
    form = dict(real.form)
    headers = {"X-Twilio-Signature": real.signature}
    path = f"/hooks/twilio/status/{sent}"
    if forgery == "no header":
        headers = {}
    elif forgery == "empty":
        headers = {"X-Twilio-Signature": ""}
    elif forgery == "another form":
        form["MessageStatus"] = "delivered"
    elif forgery == "another message":
        path += "0"
    else:
        headers = {"X-Twilio-Signature": RequestValidator("guess").compute_signature(real.url, form)}
    answer = client.post(path, data=form, headers=headers)
    assert answer.status_code == 403
    assert answer.get_data(as_text=True).count("\n") == 1
    assert "Traceback" not in answer.get_data(as_text=True)
    assert state(parts, sent) == "sent"
    assert rows(parts, "patient")[0].opted_out_at is None
    assert NUMBER[1:] not in caplog.text


def test_unknown_messages_and_words_are_taken_and_ignored(client: FlaskClient, parts: Parts, sent: int) -> None:
    for path, form in [
        ("/hooks/twilio/status/4711", {"MessageSid": "SM1", "MessageStatus": "delivered"}),
        ("/hooks/twilio/status/99999999999999999999", {"MessageSid": "SM1", "MessageStatus": "delivered"}),
        (f"/hooks/twilio/status/{sent}", {"MessageSid": "SM1", "MessageStatus": "no such word"}),
        (f"/hooks/twilio/status/{sent}", {"MessageSid": "SM2", "MessageStatus": "failed", "ErrorCode": "x"}),
        (f"/hooks/twilio/status/{sent}", {}),
    ]:
        assert post(client, signed(path, form)).status_code == 204
    assert state(parts, sent) == "sent"


def test_the_signature_stands_over_the_public_address_and_the_raw_query(client: FlaskClient, sent: int) -> None:
    """Not over what the framework decodes: `%2B` and `é` stay as they came."""
    path = f"/hooks/twilio/status/{sent}?who=%2B33&name=%C3%A9"
    assert post(client, signed(path, {"MessageSid": "SM1", "MessageStatus": "sent"})).status_code == 204
    raw = EnvironBuilder(path=path, method="POST").get_environ()
    assert raw["RAW_URI"] == path


def test_a_stop_by_sms(client: FlaskClient, parts: Parts, sent: int) -> None:
    form = {"MessageSid": "SM9", "From": NUMBER, "To": "+33700000000", "Body": "Arrêt"}
    answer = post(client, signed("/hooks/twilio/inbound", form))
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert rows(parts, "patient")[0].opted_out_how == "sms"


def test_a_forged_stop_stops_nobody(client: FlaskClient, parts: Parts, sent: int) -> None:
    answer = client.post("/hooks/twilio/inbound", data={"From": NUMBER, "Body": "STOP"})
    assert answer.status_code == 403
    assert rows(parts, "patient")[0].opted_out_at is None


def test_the_console_has_no_provider_so_every_call_is_forged(sqlite_urls: Urls) -> None:
    parts = make_parts(sqlite_urls)
    app: Flask = create_app(dataclasses.replace(parts, sender=ConsoleSender(parts.contacts)))
    headers = {"X-Twilio-Signature": "memory"}
    answer = app.test_client().post("/hooks/twilio/inbound", data={"From": NUMBER, "Body": "STOP"}, headers=headers)
    assert answer.status_code == 403


def test_get_is_no_way_in(client: FlaskClient, sent: int) -> None:
    assert client.get(f"/hooks/twilio/status/{sent}").status_code in (403, 405)


@pytest.mark.parametrize(
    ("body", "sender", "from_", "told"),
    [
        ("Aide", "number", NUMBER, "Personne ne lit ce numéro."),
        ("stopper svp", "number", NUMBER, "ne recevrez plus"),
        ("Reprendre", "number", NUMBER, "de nouveau des messages"),
        ("STOP", "number", NUMBER, ""),
        ("HELP", "number", NUMBER, ""),
        ("38,5 de fièvre", "number", NUMBER, "Personne ne lit ce numéro."),
        ("38,5 de fièvre", "number", "+33699999999", ""),
        ("38,5 de fièvre", "name", NUMBER, ""),
        ("Aide", "number", "+33699999999", ""),
        ("Aide", "name", NUMBER, ""),
    ],
)
def test_what_the_provider_does_not_answer_itself_is_answered_where_patients_can_write(
    parts: Parts, sent: int, body: str, sender: str, from_: str, told: str
) -> None:
    settings = dataclasses.replace(parts.settings, sms_replies=sender == "number")
    client = create_app(dataclasses.replace(parts, settings=settings)).test_client()
    answer = post(client, signed("/hooks/twilio/inbound", {"From": from_, "Body": body}))
    assert answer.mimetype == "text/xml"
    assert ("<Message>" in answer.text) == bool(told)
    assert told in answer.text


def test_whoever_writes_to_us_is_told_once_a_day_that_nobody_reads_it_and_not_after_a_stop(
    parts: Parts, sent: int
) -> None:
    """A phone that answers by itself would otherwise talk with us all night."""
    clock = FixedClock(parts.clock.now().study)
    settings = dataclasses.replace(parts.settings, sms_replies=True)
    client = create_app(dataclasses.replace(parts, settings=settings, clock=clock)).test_client()

    def told(body: str) -> bool:
        answer = post(client, signed("/hooks/twilio/inbound", {"From": NUMBER, "Body": body}))
        return "Personne ne lit" in answer.text

    assert [told(body) for body in ("Mon genou est chaud", "Je conduis, je rappelle", "Aide")] == [True, False, True]
    clock.move(timedelta(days=1))
    assert told("Mon genou est chaud")
    assert len(rows(parts, "counter")) == 1, "yesterday's is gone"
    clock.move(timedelta(days=1))
    told("STOP")
    assert not told("Mon genou est chaud")
