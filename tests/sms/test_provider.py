"""The stand-in provider: the official client, its errors and its signature check work against it unchanged."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.sms.provider import ROOT, SERVICE, SID, TOKEN, Provider

TO, OTHER = "+33612345678", "+33612345679"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider().serving() as served:
        yield served


@pytest.fixture
def client(provider: Provider) -> Client:
    made = Client(SID, TOKEN)
    made.api.base_url = provider.address
    return made


def send(client: Client, to: str = TO, body: str = "hello", **more: Any) -> str:
    made = client.messages.create(to=to, body=body, messaging_service_sid=SERVICE, **more)
    assert made.sid
    return made.sid


def test_what_was_made_can_be_fetched_listed_and_emptied(client: Client) -> None:
    sid = send(client, validity_period=600)
    fetched = client.messages(sid).fetch()
    assert [fetched.to, fetched.body, str(fetched.status), fetched.num_segments] == [TO, "hello", "queued", "0"]
    assert fetched.date_created is not None
    assert abs(fetched.date_created - datetime.now(UTC)) < timedelta(minutes=1)
    assert fetched.date_sent is None, "a queued text has none"
    client.messages(sid).update(body="")
    assert [one.body for one in client.messages.list(to=TO)] == [""]
    assert client.messages.list(to=OTHER) == []


def test_the_list_has_pages_and_the_newest_first(client: Client) -> None:
    sids = [send(client, body=f"{n}") for n in range(7)]
    assert [one.sid for one in client.messages.list(page_size=3)] == sids[::-1]
    assert [one.sid for one in client.messages.list(page_size=3, limit=4)] == sids[:2:-1]
    page = client.messages.page(page_size=3)
    assert page.next_page_url is not None
    assert len(list(page)) == 3


def test_the_filters_of_dates_look_at_the_sending(client: Client, provider: Provider) -> None:
    sids = [send(client), send(client)]
    provider.texts[0].status = "sent"
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert [one.sid for one in client.messages.list(date_sent_after=now - hour)] == sids[:1]
    assert client.messages.list(date_sent_before=now - hour) == []
    assert [one.sid for one in client.messages.list(date_sent=provider.texts[0].at.date())] == sids[:1]


def refused(provider: Provider, method: str, path: str, form: dict[str, str] | None = None, token: str = TOKEN) -> Any:
    key = base64.b64encode(f"{SID}:{token}".encode()).decode()
    asked = Request(provider.address + path, urlencode(form or {}).encode() if form else None, method=method)
    asked.add_header("Authorization", f"Basic {key}")
    with pytest.raises(HTTPError) as said:
        urlopen(asked, timeout=5)
    return said.value.code, json.loads(said.value.read())


@pytest.mark.parametrize(
    ("fault", "to", "status", "code"),
    [("429", TO, 429, 20429), ("5xx-before", TO, 500, 20500), ("", "+33600000001", 400, 21610), ("", "", 400, 21604)],
)
def test_errors_have_the_documented_body(provider: Provider, fault: str, to: str, status: int, code: int) -> None:
    provider.next_faults += [fault]
    provider.codes["+33600000001"] = 21610
    form = {"Body": "hello", "MessagingServiceSid": SERVICE} | ({"To": to} if to else {})
    answered, body = refused(provider, "POST", f"{ROOT}.json", form)
    assert answered == status
    assert set(body) == {"code", "message", "more_info", "status"}
    assert (body["code"], body["status"]) == (code, status)
    assert body["more_info"].endswith(f"/errors/{code}")
    assert body["message"]


def test_a_wrong_key_and_what_is_not_there(provider: Provider, client: Client) -> None:
    assert refused(provider, "GET", f"{ROOT}.json", token="wrong")[1]["code"] == 20003
    assert refused(provider, "GET", f"{ROOT}/SM{'0' * 32}.json")[0] == 404
    with pytest.raises(TwilioRestException) as said:
        client.messages("SM" + "0" * 32).fetch()
    assert (said.value.status, said.value.code) == (404, 20404)


@pytest.mark.parametrize(("fault", "status", "code"), [("429", 429, 20429), ("5xx-after", 500, 20500)])
def test_the_client_raises_its_own_errors(
    client: Client, provider: Provider, fault: str, status: int, code: int
) -> None:
    provider.next_faults += [fault]
    with pytest.raises(TwilioRestException) as said:
        send(client)
    assert (said.value.status, said.value.code) == (status, code)


def test_callbacks_come_over_http_and_the_official_check_takes_them(client: Client, provider: Provider) -> None:
    taken: list[tuple[str, dict[str, str], str]] = []

    class Address(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
            taken.append(
                (self.path, {key: values[0] for key, values in form.items()}, self.headers["X-Twilio-Signature"])
            )
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Address)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        send(client, status_callback=f"{base}/hooks/twilio/status/7")
        assert [provider.post(one) for one in provider.receipts(("sent", "delivered"))] == [204, 204]
    finally:
        server.shutdown()
        server.server_close()
    validator = RequestValidator(TOKEN)
    assert [form["MessageStatus"] for _, form, _ in taken] == ["sent", "delivered"]
    for path, form, signature in taken:
        assert validator.validate(base + path, form, signature)
        assert not validator.validate(base + path, {**form, "MessageStatus": "failed"}, signature)
        assert not RequestValidator("another token").validate(base + path, form, signature)
