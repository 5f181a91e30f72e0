"""A stand-in for Twilio: a real HTTP server that remembers what it accepted and fails as it is told to.

It speaks the documented Messages resource (create, list with paging and date filters, fetch, update), so the official
client works against it unchanged.
"""

from __future__ import annotations

import base64
import json
import random
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from twilio.request_validator import RequestValidator

from pro import settings

SID, TOKEN, SERVICE = "AC" + "a" * 32, "t" * 32, "MG" + "b" * 32
ROOT = f"/2010-04-01/Accounts/{SID}/Messages"
ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "Invalid 'To' Phone Number"),
    21602: (400, "Message body is required."),
    21604: (400, "A 'To' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    21703: (400, "The Messaging Service does not contain a phone number"),
}


@dataclass(frozen=True)
class Faults:
    """Probability of each fault for one create."""

    ack_lost: float = 0.0
    hang: float = 0.0
    error_after: float = 0.0
    error_before: float = 0.0
    too_many: float = 0.0
    seconds: float = 30.0
    """How long a hang lasts."""
    lag: timedelta = timedelta(0)
    """How far the list stays behind what was accepted."""

    def draw(self, chance: random.Random) -> str:
        drawn = chance.random()
        for name, probability in (
            ("ack-lost", self.ack_lost),
            ("hang", self.hang),
            ("5xx-after", self.error_after),
            ("5xx-before", self.error_before),
            ("429", self.too_many),
        ):
            if drawn < probability:
                return name
            drawn -= probability
        return ""


@dataclass
class Text:
    """One accepted message."""

    sid: str
    to: str
    body: str
    callback: str | None
    validity: int | None
    at: datetime
    status: str = "queued"
    error: int | None = None
    first_body: str = ""

    def json(self) -> dict[str, Any]:
        stamp = format_datetime(self.at)
        waiting = self.status in ("accepted", "queued")
        return {
            "account_sid": SID,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": stamp,
            "date_sent": None if waiting else stamp,
            "date_updated": stamp,
            "direction": "outbound-api",
            "error_code": self.error,
            "error_message": None,
            "from": None,
            "messaging_service_sid": SERVICE,
            "num_media": "0",
            "num_segments": "0" if waiting else "1",  # a Messaging Service has not chosen the sender yet
            "price": None if waiting else "-0.07980",
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{ROOT}/{self.sid}/Media.json"},
            "to": self.to,
            "uri": f"{ROOT}/{self.sid}.json",
        }


@dataclass(frozen=True)
class Receipt:
    """A signed status callback, as it would be posted."""

    url: str
    form: Mapping[str, str]
    signature: str


@dataclass
class Provider:
    """What the stand-in knows; `texts` holds everything it accepted, in order."""

    seed: int = 0
    faults: Faults = field(default_factory=Faults)
    codes: dict[str, int] = field(default_factory=dict)
    """Number → error code that every message to it gets."""
    next_faults: list[str] = field(default_factory=list)
    """Drawn before the probabilities, for tests that want one fault now."""
    texts: list[Text] = field(default_factory=list)
    drawn: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    address: str = ""
    first: int = 0
    """Ids count up from it."""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()

    def account(self) -> settings.Twilio:
        return settings.Twilio(SID, TOKEN, SERVICE, api_base=self.address)

    def create(self, form: Mapping[str, str]) -> tuple[str, dict[str, Any] | int]:
        """(fault, answer); an error code instead of an answer where it refuses."""
        with self._lock:
            fault = self.next_faults.pop(0) if self.next_faults else self.faults.draw(self._chance)
            self.drawn[fault] = self.drawn.get(fault, 0) + 1
            if fault == "429":
                return "", 20429
            if fault == "5xx-before":
                return "", 20500
            if code := self._refusal(form):
                return "", code
            text = self._accept(form)
            return fault, 20500 if fault == "5xx-after" else text.json()

    def _refusal(self, form: Mapping[str, str]) -> int | None:
        if "To" not in form:
            return 21604
        if not form.get("Body"):
            return 21602
        if form.get("MessagingServiceSid") != SERVICE:
            return 21703
        return self.codes.get(form["To"])

    def _accept(self, form: Mapping[str, str]) -> Text:
        validity = int(form["ValidityPeriod"]) if "ValidityPeriod" in form else None
        sid = f"SM{self.first + len(self.texts):032x}"
        body = form["Body"]
        text = Text(sid, form["To"], body, form.get("StatusCallback"), validity, datetime.now(UTC), first_body=body)
        self.texts.append(text)
        return text

    def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the list, the newest first."""
        now = datetime.now(UTC)
        with self._lock:
            shown = [
                text for text in reversed(self.texts) if text.at <= now - self.faults.lag and _matches(text, query)
            ]
        size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
        rest = "".join(
            f"&{quote(key)}={quote(value)}" for key, value in query.items() if key not in ("Page", "PageSize")
        )
        more = len(shown) > (page + 1) * size
        return {
            "messages": [text.json() for text in shown[page * size : (page + 1) * size]],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + size - 1,
            "uri": f"{ROOT}.json?PageSize={size}&Page={page}{rest}",
            "first_page_uri": f"{ROOT}.json?PageSize={size}&Page=0{rest}",
            "next_page_uri": f"{ROOT}.json?PageSize={size}&Page={page + 1}{rest}" if more else None,
            "previous_page_uri": None,
        }

    def text(self, sid: str) -> Text | None:
        return next((text for text in self.texts if text.sid == sid), None)

    def receipts(self, statuses: tuple[str, ...] = ("sent", "delivered"), seed: int | None = None) -> list[Receipt]:
        """Signed callbacks for every text; with a seed, doubled here and there and in any order."""
        made = [self.receipt(text, status) for text in self.texts if text.callback for status in statuses]
        if seed is not None:
            chance = random.Random(seed)
            made += chance.sample(made, k=len(made) // 2)
            chance.shuffle(made)
        return made

    def receipt(self, text: Text, status: str, error: int | None = None) -> Receipt:
        form = {"MessageSid": text.sid, "SmsSid": text.sid, "MessageStatus": status, "To": text.to, "AccountSid": SID}
        if error is not None:
            form["ErrorCode"] = str(error)
        url = text.callback or ""
        return Receipt(url, form, RequestValidator(TOKEN).compute_signature(url, form))

    def post(self, receipt: Receipt) -> int:
        """Calls the address as the real one does; the HTTP status that it answers."""
        return self.call(receipt)[0]

    def call(self, receipt: Receipt) -> tuple[int, str]:
        """The same, with what is answered."""
        body = urlencode(receipt.form).encode()
        headers = {"X-Twilio-Signature": receipt.signature, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            with urlopen(Request(receipt.url, body, headers), timeout=5) as answer:
                return int(answer.status), answer.read().decode()
        except HTTPError as refused:
            return refused.code, ""

    def other(self, path: str, form: Mapping[str, str]) -> tuple[int, str] | None:
        """What is posted to an address that Twilio does not have: status and answer, None for a plain refusal."""
        return None

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[Provider]:
        """Serves, on a port of its own unless one is given, for as long as the block lasts."""
        server = _Server(("127.0.0.1", port), _handler(self))
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def _matches(text: Text, query: Mapping[str, str]) -> bool:
    if "To" in query and text.to != query["To"]:
        return False
    sent = None if text.status in ("accepted", "queued") else text.at
    if "DateSent" in query and (sent is None or query["DateSent"][:10] != f"{sent:%Y-%m-%d}"):
        return False
    for key, holds in (("DateSent>", "__ge__"), ("DateSent<", "__le__")):
        if key in query:
            limit = datetime.fromisoformat(query[key].replace("Z", "+00:00"))
            if sent is None or not getattr(sent, holds)(limit):
                return False
    return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of ours."""


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body go together: in two pieces each answer waits for the other side's delayed receipt

        def do_POST(self) -> None:
            form = _flat(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            path = urlsplit(self.path).path
            provider.requests.append(f"POST {path}")
            if answered := provider.other(path, form):
                self._send(answered[0], answered[1].encode(), "text/plain; charset=utf-8")
                return
            if not self._allowed():
                return
            if path == f"{ROOT}.json":
                self._create(form)
            elif (match := re.fullmatch(rf"{ROOT}/(\w+)\.json", path)) and (text := provider.text(match[1])):
                text.body = form.get("Body", text.body)
                self._answer(200, text.json())
            else:
                self._refuse(20404)

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            provider.requests.append(f"GET {split.path}")
            if not self._allowed():
                return
            if split.path == f"{ROOT}.json":
                self._answer(200, provider.listed(_flat(split.query)))
            elif (match := re.fullmatch(rf"{ROOT}/(\w+)\.json", split.path)) and (text := provider.text(match[1])):
                self._answer(200, text.json())
            else:
                self._refuse(20404)

        def _create(self, form: Mapping[str, str]) -> None:
            fault, answer = provider.create(form)
            if fault == "hang":
                time.sleep(provider.faults.seconds)
            if fault in ("ack-lost", "hang"):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            elif fault == "garbled":
                self._send(200, b"<html>a proxy in between</html>")
            elif isinstance(answer, int):
                self._refuse(answer)
            else:
                self._answer(201, answer)

        def _allowed(self) -> bool:
            wanted = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
            if self.headers.get("Authorization") == wanted:
                return True
            self._refuse(20003)
            return False

        def _refuse(self, code: int) -> None:
            status, message = ERRORS.get(code, (400, "refused"))
            more_info = f"https://www.twilio.com/docs/errors/{code}"
            self._answer(status, {"code": code, "message": message, "more_info": more_info, "status": status})

        def _answer(self, status: int, payload: Mapping[str, Any]) -> None:
            self._send(status, json.dumps(payload).encode())

        def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler


def _flat(text: str) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}
