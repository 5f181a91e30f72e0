"""What a provider of text messages is asked, and everything it can answer.

The answers tell apart what is certain (accepted, refused, not processed) from what is not (`Unknown`): only a certain
answer may lead to another try at once. An uncertain one is first looked up with `find_since`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Sms:
    """One text on its way to one phone."""

    to: str
    """E.164."""
    body: str
    callback_url: str | None
    """Where receipts go; it carries our message id."""
    valid_for: timedelta
    """The provider gives up trying after this long."""
    label: str
    """Study number or staff login: what a virtual phone is called. Never leaves the house."""
    at: datetime
    """Study time, which a virtual phone shows."""

    def __repr__(self) -> str:
        """Without number and link: a traceback must not tell them."""
        return f"Sms({self.label})"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. `delivered`: and it certainly stands on the phone already."""

    provider_id: str
    segments: int | None = None
    cost: str | None = None
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never send it."""

    code: str
    why: str
    kind: Literal["opted-out", "wrong-number", "other"] = "other"


@dataclass(frozen=True, slots=True)
class NotProcessed:
    """Certainly not sent, may be tried again after `retry_after`."""

    why: str
    retry_after: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent, or not."""

    why: str


Outcome = Accepted | Refused | NotProcessed | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """A text that the provider's own list shows."""

    provider_id: str
    body: str
    status: str
    """In the provider's words, as its receipts have them."""
    error: str | None = None
    segments: int | None = None
    cost: str | None = None


@dataclass(frozen=True, slots=True)
class Emptied:
    """A text that stands at the provider no more, and what it was billed for, where that is told by then."""

    cost: str | None = None


class Sender(Protocol):
    @property
    def settling(self) -> timedelta:
        """How far the provider's list may lag behind what it accepted."""
        ...

    @property
    def lanes(self) -> int:
        """How many calls at a time; more than one come from several threads. One keeps to the order that is given."""
        ...

    def send(self, sms: Sms) -> Outcome:
        """Gives the text to the provider, within a time-out well under a lease. Never raises for a provider's fault."""
        ...

    def find_since(self, to: str, since: datetime) -> tuple[Found, ...] | Unknown:
        """Every text to `to` since `since` (running time); it may tell of older ones too."""
        ...

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        """Whether a request to our address really comes from the provider."""
        ...

    def redact(self, provider_id: str) -> Emptied | None:
        """Empties the text at the provider; None where that could not be done."""
        ...
