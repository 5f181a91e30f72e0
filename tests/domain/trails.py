"""Makes trails to check: a good export, from which tests take, change and add."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pro.domain.chain import START, Event, canonical, digest, event_line, heads_line, link

BEGIN = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)


class Trail:
    """Writes events as the services do, and the export's lines."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.heads: dict[str, tuple[int, str]] = {}

    def add(self, chain: str, kind: str, payload: object, *, redacted: bool = False) -> Trail:
        seq, previous = self.heads.get(chain, (0, START))
        salt = f"{len(self.lines):032x}"
        at = BEGIN + timedelta(minutes=len(self.lines))
        event = Event(chain, seq + 1, at, kind, "patient", "patient", "0.1", digest(salt, payload))
        hashed = link(previous, event)
        kept = (None, None) if redacted else (salt, payload)
        line = event_line(event, salt=kept[0], payload=kept[1], redacted=redacted, previous=previous, hash=hashed)
        self.lines.append(line)
        self.heads[chain] = (seq + 1, hashed)
        return self

    def export(self) -> list[bytes]:
        return [*self.lines, heads_line(self.heads)]


def good() -> list[bytes]:
    """Three chains between each other, eight events, one of them redacted as it should be; heads in line 9."""
    trail = Trail()
    trail.add("patient/1", "enrol", {"number": "LIL-001", "day0": "2026-03-02"})
    trail.add("system", "start", {"version": "0.1"})
    trail.add("patient/1", "submit", {"changes": [{"item": "worst_pain", "old": None, "new": 8}]})
    trail.add("patient/2", "enrol", {"number": "LIL-002", "note": "née à Vitré"}, redacted=True)
    trail.add("patient/1", "submit", {"changes": []})
    trail.add("patient/2", "redaction", {"chain": "patient/2", "seq": 1, "why": "a name was typed in"})
    trail.add("patient/1", "withdraw", None)
    trail.add("system", "stop", {})
    return trail.export()


def changed(line: bytes, **fields: Any) -> bytes:
    return canonical(json.loads(line) | fields)


def file_of(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
