"""Sixteen phones at once: each plays whole diaries on one connection, as a browser would, light on the processor."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.bench.bare import NAMES
from tests.bench.patients import token_of
from tests.services.play import CALM

CLIENTS = 16
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 14; Phone) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8",
    "Sec-Fetch-Site": "same-origin",
    "Connection": "keep-alive",
}
EDGE = "----pro-bench-7MA4YWxkTrZu0gW"


class Surprise(Exception):
    """The server answered otherwise than a diary expects."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    on_wire: int
    """Bytes of the body as they were sent."""

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(slots=True)
class Browser:
    """One phone's connection and cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    _pipe: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: bytes = b"", expect: int = 200, **headers: str) -> Reply:
        """One request; raises Surprise where the status is another."""
        if self._pipe is None:
            self._pipe = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._pipe
        writer.write(self._head(method, path, len(body), headers) + body)
        reply = await _read(reader)
        for name, _, value in (one.partition("=") for one in reply.headers.get("set-cookie", "").split("\n") if one):
            self.cookies[name] = value.partition(";")[0]
        if reply.headers.get("connection", "") == "close":
            self.close()
        if reply.status != expect:
            raise Surprise(f"{method} {path.partition('?')[0][:8]}… answered {reply.status}: {reply.body[:200]!r}")
        return reply

    def _head(self, method: str, path: str, length: int, headers: dict[str, str]) -> bytes:
        lines = {"Host": f"127.0.0.1:{self.port}", **BROWSER, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.cookies:
            lines["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            lines |= {"Content-Length": str(length), "Origin": f"http://127.0.0.1:{self.port}"}
        said = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {path} HTTP/1.1\r\n{said}\r\n".encode()

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe[1].close()
        self._pipe = None


async def _read(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for line in head[1:-2]:
        name, _, value = line.partition(": ")
        name = name.lower()
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    body = zlib.decompress(raw, 31) if headers.get("content-encoding") == "gzip" else raw
    return Reply(int(head[0].split()[1]), headers, body, len(raw))


# --- diaries

Diary = Callable[[Browser, str], Coroutine[Any, Any, None]]
_CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_START = re.compile(r'name="start" value="(\d+)"')
_STATE = re.compile(r'<script type="application/json" id="state">(.*?)</script>', re.S)
POSTS = len(CALM) + 2
"""Start, one save for each item (a person turns the screen and it leaves), submission."""


def _found(pattern: re.Pattern[str], text: str) -> str:
    if match := pattern.search(text):
        return match[1]
    raise Surprise(f"no {pattern.pattern} in a page of {len(text)} characters")


async def open_questions(browser: Browser, token: str) -> tuple[Reply, Reply]:
    """From the link to the first question, as start.js does it."""
    page = await browser.send("GET", f"/d/{token}")
    start = _found(_START, page.text)
    fields = {"csrf_token": _found(_CSRF, page.text), "js": "piece", "lang": "", "start": start}
    return page, await browser.send(
        "POST", f"/d/{token}/start", _multipart(fields), Content_Type=f"multipart/form-data; boundary={EDGE}"
    )


def _multipart(fields: dict[str, str]) -> bytes:
    parts = (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return f"{''.join(parts)}--{EDGE}--\r\n".encode()


async def our_diary(browser: Browser, number: str) -> None:
    """Link, start, a save an item, submission: what phone.js sends for a person who answers one by one."""
    _, asked = await open_questions(browser, token_of(number))
    state = json.loads(_found(_STATE, asked.text))
    own = {"Content_Type": "application/json", "X_Pro_Token": state["token"]}
    for seq, (item, value) in enumerate(CALM.items(), start=1):
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        one = {"client": f"c{number}", "seq": seq, "item": item, "code": "answered", "at": at, "offset": 120}
        body = {"assessment": state["assessment"], "saves": [one | {"value": value}]}
        kept = await browser.send("POST", "/d/save", json.dumps(body).encode(), **own)
        if json.loads(kept.body)["acknowledged"] != [[f"c{number}", seq]]:
            raise Surprise(f"{item} was not acknowledged: {kept.text}")
    body = {"assessment": state["assessment"], "lang": "fr"}
    sent = await browser.send("POST", "/d/submit", json.dumps(body).encode(), **own)
    if 'id="receipt"' not in sent.text:
        raise Surprise("a submission without its receipt")


async def bare_diary(browser: Browser, _number: str) -> None:
    """The same number of requests at the bare form; each post commits a row."""
    page = await browser.send("GET", "/form")
    fields = {"csrf_token": _found(_CSRF, page.text)} | {name: str(n % 11) for n, name in enumerate(NAMES)}
    body = urlencode(fields).encode()
    for _ in range(POSTS):
        await browser.send("POST", "/form", body, expect=303, Content_Type="application/x-www-form-urlencoded")


def play(diary: Diary, port: int, numbers: Iterable[str]) -> None:
    """Plays one diary for each number, 16 at a time. Raises Surprise at the first that does not end well."""
    asyncio.run(_play(diary, port, list(numbers)))


async def _play(diary: Diary, port: int, numbers: list[str]) -> None:
    left = iter(numbers)

    async def phone() -> None:
        for number in left:
            browser = Browser(port)
            try:
                await diary(browser, number)
            finally:
                browser.close()

    async with asyncio.TaskGroup() as phones:
        for _ in range(CLIENTS):
            phones.create_task(phone())
