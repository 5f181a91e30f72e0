"""A sender that keeps everything in memory: for tests and rehearsals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pro.sms.sender import Accepted, Emptied, Found, Outcome, Sms, Unknown


@dataclass
class MemorySender:
    """`answer` may decide another outcome for a text; None means accepted."""

    settling: timedelta = timedelta(0)
    lanes: int = 1
    answer: Callable[[Sms], Outcome | None] = lambda sms: None
    sent: list[Sms] = field(default_factory=list)
    """What was accepted, in order; the provider id counts from `memory-1`."""
    redacted: list[str] = field(default_factory=list)
    costs: dict[str, str] = field(default_factory=dict)
    """What a text is billed for, by its provider id."""
    silent: bool = False
    """`find_since` does not know."""

    def send(self, sms: Sms) -> Outcome:
        outcome = self.answer(sms)
        if outcome is not None and not isinstance(outcome, Accepted):
            return outcome
        self.sent.append(sms)
        return outcome or Accepted(f"memory-{len(self.sent)}", segments=1)

    def find_since(self, to: str, since: datetime) -> tuple[Found, ...] | Unknown:
        if self.silent:
            return Unknown("silent")
        return tuple(
            Found(f"memory-{n}", sms.body, "sent", segments=1)
            for n, sms in enumerate(self.sent, start=1)
            if sms.to == to
        )

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        return signature == "memory"

    def redact(self, provider_id: str) -> Emptied:
        self.redacted.append(provider_id)
        return Emptied(self.costs.get(provider_id))
