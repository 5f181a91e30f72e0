"""The stand-in as a process of its own: from nothing to a test SMS, ARRET and START without an account."""

from __future__ import annotations

import dataclasses
import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from werkzeug.serving import make_server

from pro import settings
from pro.app import create_app
from pro.clock import FixedClock
from pro.domain.message import FAULTS
from pro.domain.phone import parse
from pro.services import delivery
from pro.services.parts import Parts
from pro.sms.sender import Accepted, Refused, Sms
from pro.sms.twilio import TwilioSender
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.sms import practice
from tests.sms.outbox import EVENING, digits_text, rows, state
from tests.sms.practice import Practice

GUIDE = Path(__file__).parents[2] / "docs" / "first-sms.md"
NUMBER = "+33612345678"
TEXT = Sms(NUMBER, "hello", None, timedelta(hours=1), "R-001", EVENING)


@pytest.fixture
def stand_in() -> Iterator[Practice]:
    said: list[str] = []
    made = Practice(say=said.append, pauses=(0.0, 0.0))
    made.said = said  # type: ignore[attr-defined]
    with made.serving():
        yield made


@pytest.fixture
def site(sqlite_urls: Urls, stand_in: Practice) -> Iterator[Parts]:
    """`pro serve` on a port of its own, with the settings that the stand-in names."""
    port = _free_port()
    made = make_parts(
        sqlite_urls, FixedClock(EVENING), PRO_PUBLIC_URL=f"http://127.0.0.1:{port}", PRO_SMS_SENDER="number"
    )
    named = dict(re.findall(r"^(TWILIO_\w+)=(\S+)$", stand_in.hello(), re.MULTILINE))
    account = settings._twilio(named, [])
    assert account is not None
    made = dataclasses.replace(made, sender=TwilioSender(account))
    server = make_server("127.0.0.1", port, create_app(made), threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()
    made.study.close()
    made.contacts.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def write(stand_in: Practice, **form: str) -> tuple[int, str]:
    try:
        with urlopen(f"{stand_in.address}/phone", urlencode(form).encode(), timeout=60) as answer:
            return int(answer.status), answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


def settle(stand_in: Practice) -> None:
    for thread in stand_in.receipts_under_way:
        thread.join(120)


def said(stand_in: Practice) -> str:
    lines: list[str] = stand_in.said  # type: ignore[attr-defined]
    return "\n".join(lines)


def test_a_test_sms_arrives_and_the_phone_writes_back(stand_in: Practice, site: Parts) -> None:
    patient = make_patient(site, make_study(site), telephone=NUMBER)
    assert write(stand_in, Body="ARRET") == (409, "no text has come yet: nobody can write back\n")
    id_ = digits_text(site, patient)
    delivery.tick(site, site.clock.now(), "w1")
    settle(stand_in)
    assert state(site, id_) == "delivered"
    assert re.search(rf"to \{NUMBER}: .*4821.*\n  sent: \S+ answers 204\n  delivered: \S+ answers 204$", said(stand_in))
    assert write(stand_in)[0] == 400
    status, told = write(stand_in, Body="Arrêt")
    assert status == 200
    assert "is refused from now on (21610)" in told
    assert "Twilio itself answers that, in its own words: you are taken off the list" in told
    assert f"to {NUMBER}: Twilio itself answers that" in said(stand_in)
    assert rows(site, "patient", id=patient)[0].opted_out_how == "sms"
    assert isinstance(site.sender.send(TEXT), Refused)
    assert f"a text to {NUMBER} is refused: 21610" in said(stand_in)
    assert f"{NUMBER} wrote START, Twilio itself answers that" in write(stand_in, Body="START")[1]
    assert rows(site, "patient", id=patient)[0].opted_out_at is None
    assert isinstance(site.sender.send(TEXT), Accepted)
    assert write(stand_in, Body="AIDE", From=NUMBER.replace("+", " ")) == (200, f"{NUMBER} wrote AIDE\n")
    assert f"to {NUMBER}, in answer: " in said(stand_in)


@pytest.mark.parametrize("code", [*practice.REFUSED, *practice.UNDELIVERED])
def test_a_number_of_the_guide_fails_as_it_says(stand_in: Practice, site: Parts, code: int) -> None:
    number = parse(practice.fails_with(code), "FR")
    patient = make_patient(site, make_study(site), telephone=number)
    id_ = digits_text(site, patient)
    delivery.tick(site, site.clock.now(), "w1")
    settle(stand_in)
    assert state(site, id_) == ("failed" if code in practice.REFUSED else "undelivered")
    assert rows(site, "message", id=id_)[0].error == str(code)
    (row,) = rows(site, "patient", id=patient)
    assert (row.number_wrong_at is not None) == FAULTS[code].wrong_number
    assert (row.opted_out_at is not None) == FAULTS[code].opt_out
    assert f"{code} " in said(stand_in)


def test_the_guide_names_every_number_that_fails(stand_in: Practice) -> None:
    guide = GUIDE.read_text()
    for code in (*practice.REFUSED, *practice.UNDELIVERED):
        spoken = re.sub(r"\+1(\d{3})(\d{3})(\d{4})", r"+1 \1 \2 \3", practice.fails_with(code))
        assert re.search(rf"^   \| `{re.escape(spoken)}` \| .*\b{code}\b", guide, re.MULTILINE)
        assert f"{practice.fails_with(code)}  {code} " in stand_in.hello()


def test_an_id_of_an_earlier_run_never_comes_again() -> None:
    form = {"To": NUMBER, "Body": "hello"}
    first, second = (Practice(say=lambda line: None)._accept(form).sid for _ in range(2))
    assert first != second


def test_receipts_that_do_not_arrive_are_said(stand_in: Practice) -> None:
    callback = f"http://127.0.0.1:{_free_port()}/hooks/twilio/status/1"
    stand_in._accept({"To": NUMBER, "Body": "hello", "StatusCallback": callback})
    settle(stand_in)
    assert f"sent: nobody answers at {callback}: is `pro serve` running at PRO_PUBLIC_URL?" in said(stand_in)


@pytest.mark.parametrize("port", ["x", "0", "70000", "busy"])
def test_a_port_that_cannot_be_used_is_one_line(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        given = str(other.getsockname()[1]) if port == "busy" else port
        assert practice.main(["--port", given]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "port" in told


def test_the_guide_has_the_settings_that_are_named(stand_in: Practice) -> None:
    guide = GUIDE.read_text()
    for line in re.findall(r"^TWILIO_\w+=\S+$", stand_in.hello(), re.MULTILINE):
        assert line.replace(stand_in.address, "http://127.0.0.1:8090") in guide
    assert "python -m tests.sms.practice --port 8090" in guide
    assert "curl -d Body=ARRET http://127.0.0.1:8090/phone" in guide
