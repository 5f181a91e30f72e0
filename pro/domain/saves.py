"""Which of several answers to one item is the newest, where two phones or two windows gave them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar


class Saved(Protocol):
    """One saved answer; `client` is the page that gave it, `seq` its number there."""

    @property
    def client(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def given_at(self) -> datetime | None: ...
    @property
    def received_at(self) -> datetime: ...


One = TypeVar("One", bound=Saved)


def given_at(phone_at: datetime | None, sent_at: datetime | None, received_at: datetime) -> datetime:
    """When an answer was given, by the server's clock: as long before it was received as the phone had kept it.

    `phone_at` and `sent_at` are the phone's own clock, right or wrong; where either is missing, and never after it, the
    instant it was received.
    """
    if phone_at is None or sent_at is None:
        return received_at
    return min(received_at - (sent_at - phone_at), received_at)


def oldest_first(saves: Iterable[One]) -> list[One]:
    """The last save of an item is its newest: by number within one client, by `given_at` across clients, then as received.

    An answer is never older than what its client gave before it, whatever a clock that was moved says.
    """
    saves = list(saves)
    if len({one.client for one in saves}) < 2:
        return sorted(saves, key=lambda each: each.seq)
    reached: dict[str, tuple[datetime, datetime]] = {}
    placed = []
    for one in sorted(saves, key=lambda each: (each.client, each.seq)):
        given, received = one.given_at or one.received_at, one.received_at
        before = reached.get(one.client, (given, received))
        reached[one.client] = at = (max(before[0], given), max(before[1], received))
        placed.append((at, one.client, one.seq, one))
    return [one for *_, one in sorted(placed, key=lambda each: each[:3])]
