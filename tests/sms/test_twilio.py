"""The Twilio sender against the stand-in, over real HTTP: every way a call can end."""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pro.sms.sender import Accepted, Emptied, Found, NotProcessed, Refused, Sms, Unknown
from pro.sms.twilio import TwilioSender
from tests.sms.provider import SERVICE, TOKEN, Faults, Provider

NUMBER = "+33612345678"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(faults=Faults(seconds=0.6)).serving() as serving:
        yield serving


@pytest.fixture
def sender(provider: Provider) -> TwilioSender:
    return TwilioSender(provider.account(), timeout=30)  # what hangs is cut off before; nothing else may be


def sms(to: str = NUMBER, body: str = "Hello", valid_for: timedelta = timedelta(hours=1)) -> Sms:
    return Sms(to, body, "https://pro.example/hooks/twilio/status/7", valid_for, "R-001", LONG_AGO)


def test_accepted(sender: TwilioSender, provider: Provider) -> None:
    outcome = sender.send(sms())
    assert outcome == Accepted(provider.texts[0].sid, None, None), "a service has neither segments nor price yet"
    text = provider.texts[0]
    assert (text.to, text.body) == (NUMBER, "Hello")
    assert text.callback == "https://pro.example/hooks/twilio/status/7"
    assert text.validity == 3600


@pytest.mark.parametrize(
    ("valid_for", "seconds"),
    [(timedelta(0), 1), (timedelta(hours=-3), 1), (timedelta(seconds=36_000), 36_000), (timedelta(days=3), 36_000)],
)
def test_validity_stays_in_bounds(sender: TwilioSender, provider: Provider, valid_for: timedelta, seconds: int) -> None:
    sender.send(sms(valid_for=valid_for))
    assert provider.texts[0].validity == seconds


@pytest.mark.parametrize(("code", "kind"), [(21610, "opted-out"), (21211, "wrong-number"), (21614, "wrong-number")])
def test_refused_for_the_number(sender: TwilioSender, provider: Provider, code: int, kind: str) -> None:
    provider.codes[NUMBER] = code
    outcome = sender.send(sms())
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.kind) == (str(code), kind)
    assert NUMBER not in repr(outcome)


def test_refused_for_another_reason(sender: TwilioSender) -> None:
    outcome = sender.send(sms(body=""))
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.kind) == ("21602", "other")


def test_too_many_is_not_processed(sender: TwilioSender, provider: Provider) -> None:
    provider.next_faults.append("429")
    assert isinstance(sender.send(sms()), NotProcessed)
    assert provider.texts == []


def test_a_provider_that_hangs_is_not_waited_for(provider: Provider) -> None:
    """The client's own default is to wait for ever; a lease is not that long."""
    provider.faults = Faults(seconds=60)
    provider.next_faults.append("hang")
    began = time.monotonic()
    assert isinstance(TwilioSender(provider.account(), timeout=0.2).send(sms()), Unknown)
    assert time.monotonic() - began < 30


def test_a_wrong_key_is_not_processed(provider: Provider) -> None:
    wrong = dataclasses.replace(provider.account(), auth_token="wrong")
    assert isinstance(TwilioSender(wrong).send(sms()), NotProcessed)


def test_no_connection_is_not_processed(provider: Provider) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    account = dataclasses.replace(provider.account(), api_base=nobody)
    assert isinstance(TwilioSender(account, timeout=30).send(sms()), NotProcessed)


@pytest.mark.parametrize(
    ("fault", "accepted"), [("ack-lost", 1), ("hang", 1), ("5xx-after", 1), ("garbled", 1), ("5xx-before", 0)]
)
def test_anything_doubtful_is_unknown(sender: TwilioSender, provider: Provider, fault: str, accepted: int) -> None:
    provider.next_faults.append(fault)
    assert isinstance(sender.send(sms()), Unknown)
    assert len(provider.texts) == accepted
    assert len([line for line in provider.requests if line.startswith("POST")]) == 1, "nothing is tried twice"


def test_find_since_tells_what_was_accepted_to_that_number(sender: TwilioSender, provider: Provider) -> None:
    provider.next_faults.append("ack-lost")
    sender.send(sms(body="one"))
    sender.send(sms(to="+33612345679", body="another phone"))
    assert sender.find_since(NUMBER, LONG_AGO) == (Found(provider.texts[0].sid, "one", "queued"),), (
        "the sender is not chosen yet"
    )


def test_find_since_reads_every_page(sender: TwilioSender, provider: Provider) -> None:
    for n in range(450):
        provider.create({"To": NUMBER, "Body": str(n), "MessagingServiceSid": SERVICE})
    found = sender.find_since(NUMBER, LONG_AGO)
    assert not isinstance(found, Unknown)
    assert {one.body for one in found} == {str(n) for n in range(450)}


def test_find_since_leaves_older_texts_out(sender: TwilioSender) -> None:
    sender.send(sms())
    assert sender.find_since(NUMBER, datetime.now(UTC) + timedelta(minutes=1)) == ()


def test_find_since_without_an_answer_is_unknown_and_not_empty(provider: Provider) -> None:
    wrong = dataclasses.replace(provider.account(), auth_token="wrong")
    assert isinstance(TwilioSender(wrong).find_since(NUMBER, LONG_AGO), Unknown)


def test_redact_empties_the_text_at_the_provider(sender: TwilioSender, provider: Provider) -> None:
    sender.send(sms())
    assert sender.redact(provider.texts[0].sid)
    assert provider.texts[0].body == ""
    assert sender.redact(provider.texts[0].sid) == Emptied(), "it has no price yet"
    assert sender.redact("SM" + "0" * 30 + "99"), "what is not there needs no redaction"


def test_what_a_text_was_billed_is_told_once_it_is_sent(sender: TwilioSender, provider: Provider) -> None:
    sender.send(sms())
    provider.texts[0].status = "delivered"
    assert sender.find_since(NUMBER, LONG_AGO)[0] == Found(
        provider.texts[0].sid, "Hello", "delivered", None, 1, "0.07980 USD"
    )
    assert sender.redact(provider.texts[0].sid) == Emptied("0.07980 USD"), "what is paid, not the change of a balance"


def test_redact_says_when_it_is_not_done(provider: Provider) -> None:
    wrong = dataclasses.replace(provider.account(), auth_token="wrong")
    assert not TwilioSender(wrong).redact("SM1")


def test_receipts_are_verified(sender: TwilioSender, provider: Provider) -> None:
    sender.send(sms())
    receipt = provider.receipts()[0]
    assert sender.verify_receipt(receipt.url, receipt.form, receipt.signature)
    assert not sender.verify_receipt(receipt.url + "0", receipt.form, receipt.signature)
    assert not sender.verify_receipt(receipt.url, {**receipt.form, "MessageStatus": "failed"}, receipt.signature)
    assert not sender.verify_receipt(receipt.url, receipt.form, None)
    assert not sender.verify_receipt(receipt.url, receipt.form, "")


def test_no_number_and_no_text_in_the_logs(
    sender: TwilioSender, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.next_faults += ["", "429", "5xx-after", "ack-lost"]
    for _ in range(4):
        sender.send(sms(body="secret"))
    sender.find_since(NUMBER, LONG_AGO)
    said = caplog.text + repr(sms()) + repr(provider.account())
    assert NUMBER[1:] not in said
    assert "secret" not in said
    assert TOKEN not in said
