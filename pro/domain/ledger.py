"""The ledger of reminders: what became of each step of each assessment, and what it means that it balances.

A step balances when it has a message or a reason; a message balances when some step is carried by it; and where
the message came to nothing, its steps say why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pro.domain.message import State


class Fate(StrEnum):
    """The furthest that a step has come."""

    PLANNED = "planned"
    """Its bell has not rung yet."""
    QUEUED = "queued"
    UNKNOWN = "unknown"
    """On its way; whether the provider has it is not known yet."""
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    """Somebody pressed Start on the page behind its link. Looking at that page is no proof: previews of messages do."""
    ANSWERED = "answered"
    NOT_DELIVERED = "not-delivered"
    NOT_SENT = "not-sent"
    """No message, or one that came to nothing; the reason stands beside it."""


class Fault(StrEnum):
    """Why a step or a message does not balance."""

    NEITHER = "a step has neither a message nor a reason"
    TOLD_NOTHING = "a message came to nothing, and a step that it carried does not say why"
    LONELY = "a reminder was made that no step knows of"
    UNCOUNTED = "an assessment was closed, and a step that was planned for it is not in the ledger"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as the ledger's row and its message know it; `message` is None where there is none."""

    message: State | None
    why_none: str | None
    opened: bool = False
    answered: bool = False
    rung: bool = True
    """Whether the ledger has a row for it."""


FATES = {
    State.PENDING: Fate.QUEUED,
    State.CLAIMED: Fate.QUEUED,
    State.SENDING: Fate.UNKNOWN,
    State.SENT: Fate.SENT,
    State.DELIVERED: Fate.DELIVERED,
    State.UNDELIVERED: Fate.NOT_DELIVERED,
    State.FAILED: Fate.NOT_SENT,
    State.DROPPED: Fate.NOT_SENT,
}
NOTHING_CAME = frozenset({State.FAILED, State.DROPPED})


def fate(step: Step) -> Fate:
    """How far the step came. What was opened was delivered, receipt or not; what has a reason was not sent."""
    if not step.rung:
        return Fate.PLANNED
    if step.message is None or step.why_none is not None:
        return Fate.NOT_SENT
    if step.opened and step.message not in NOTHING_CAME:
        return Fate.ANSWERED if step.answered else Fate.OPENED
    return FATES[step.message]


def imbalance(step: Step) -> Fault | None:
    """What is wrong with a step's row; None where it balances."""
    if not step.rung or step.why_none is not None:
        return None
    if step.message is None:
        return Fault.NEITHER
    return Fault.TOLD_NOTHING if step.message in NOTHING_CAME else None


@dataclass(frozen=True, slots=True)
class Balance:
    """How many rows were found at fault."""

    neither: int = 0
    told_nothing: int = 0
    lonely: int = 0
    uncounted: int = 0

    @property
    def holds(self) -> bool:
        return not (self.neither or self.told_nothing or self.lonely or self.uncounted)

    def __add__(self, other: Balance) -> Balance:
        return Balance(
            self.neither + other.neither,
            self.told_nothing + other.told_nothing,
            self.lonely + other.lonely,
            self.uncounted + other.uncounted,
        )

    def __str__(self) -> str:
        counts = {
            Fault.NEITHER: self.neither,
            Fault.TOLD_NOTHING: self.told_nothing,
            Fault.LONELY: self.lonely,
            Fault.UNCOUNTED: self.uncounted,
        }
        return "; ".join(f"{fault} ({n})" for fault, n in counts.items() if n) or "it balances"
