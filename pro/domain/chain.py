"""The hash chains of the audit trail; `chain_check` has their check.

    digest = SHA-256( salt ‖ canonical JSON of the payload )
    hash   = SHA-256( hash of the event before ‖ canonical JSON of the event's own fields and that digest )

Salts and hashes enter as their lower-case hexadecimal text. A chain's first event has number 1 and follows
64 zeros. Because the payload enters by its digest alone, a logged redaction can empty it and the chain still
holds. Whoever can rewrite a whole chain can rewrite the last line of its export too: keep the heads elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

START = "0" * 64
"""What a chain's first event follows."""

REDACTION = "redaction"
"""Kind of the event that says which payload was emptied: its payload names `chain` and `seq`."""

HASHED = ("chain", "seq", "at", "kind", "actor", "role", "version", "digest")
"""The fields that enter an event's hash."""

SALT = re.compile(r"[0-9a-f]{32}")
LINE = frozenset((*HASHED, "salt", "payload", "redacted", "previous", "hash"))


@dataclass(frozen=True, slots=True)
class Event:
    """One audit event as it is hashed; `version` is the software's, `at` an aware instant of study time."""

    chain: str
    seq: int
    at: datetime
    kind: str
    actor: str
    role: str
    version: str
    digest: str


_AS_THEY_ARE = frozenset((type(None), bool, int, str, msgspec.Raw))
"""What nearly every value is, asked first: a submission asks some thousand times."""


def canonical(value: object) -> bytes:
    """UTF-8 JSON, keys sorted, no spaces; decimals as text, instants as `…Z`, days and times as ISO text.

    TypeError for a float, a naive instant or anything JSON has no word for.
    """
    return _written(simple(value))


_written = msgspec.json.Encoder(order="sorted").encode


def rewritten(read: object) -> bytes:
    """`canonical` of what was read from JSON, which holds nothing but JSON's own values: there is nothing to turn."""
    return _written(read)


def within(written: bytes | str) -> object:
    """What is canonical JSON already, to stand inside another value as it is: an answer is written once, hashed often."""
    return msgspec.Raw(written)


def simple(value: object) -> object:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return {
            key if type(key) is str else text_key(key): inner if type(inner) in _AS_THEY_ARE else simple(inner)
            for key, inner in value.items()  # type: ignore[attr-defined]
        }
    if kind is list or kind is tuple:
        return [inner if type(inner) in _AS_THEY_ARE else simple(inner) for inner in value]  # type: ignore[attr-defined]
    write = _WRITTEN.get(kind)
    return _simple(value) if write is None else write(value)


def _simple(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {text_key(key): simple(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [simple(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no place in canonical JSON")


_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    Decimal: lambda value: format(value, "f"),
    datetime: lambda value: instant(value),
    date: date.isoformat,
    time: time.isoformat,
}
"""As `_simple` does, without asking for each class in turn."""


def text_key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"canonical JSON needs text keys, not {key!r}")
    return str(key)


def instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("an instant without a zone has no place in canonical JSON")
    return _instant(value if value.tzinfo is UTC else value.astimezone(UTC))


@lru_cache(maxsize=4096)
def _instant(value: datetime) -> str:
    """Of an instant in UTC: the same ones are written again and again, in a submission and in its check."""
    return value.isoformat()[: -len("+00:00")] + "Z"


def digest(salt: str, payload: object) -> str:
    """What stands for the payload in the chain; `salt`: 32 lower-case hexadecimal characters, new each time."""
    return digest_of(salt, canonical(payload))


def digest_of(salt: str, written: bytes) -> str:
    """The same for a payload that is canonical JSON already."""
    if not SALT.fullmatch(salt):
        raise ValueError("a salt is 32 lower-case hexadecimal characters")
    return sha256(salt.encode() + written).hexdigest()


def link(previous: str, event: Event) -> str:
    """The event's hash, given the hash of the one before it in its chain (`START` for the first)."""
    fields = {name: getattr(event, name) for name in HASHED}
    return sha256(previous.encode() + canonical(fields)).hexdigest()


def event_line(event: Event, *, salt: str | None, payload: object, redacted: bool, previous: str, hash: str) -> bytes:
    """The event's line in an export, without its line end."""
    fields = {name: getattr(event, name) for name in HASHED}
    rest = {"salt": salt, "payload": payload, "redacted": redacted, "previous": previous, "hash": hash}
    return canonical(fields | rest)


def heads_line(heads: Mapping[str, tuple[int, str]]) -> bytes:
    """An export's last line: every chain's last number and hash."""
    chains = {chain: {"seq": seq, "hash": last} for chain, (seq, last) in heads.items()}
    return canonical({"chains": chains})
