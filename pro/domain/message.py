"""What becomes of a message, what the provider's answers mean for it, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal


class State(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    """A worker holds it; nothing has left the house."""
    SENDING = "sending"
    """Marked before the provider is called: from here on its outcome may be unknown."""
    SENT = "sent"
    """The provider has it."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    DROPPED = "dropped"
    """Never sent, and it is written why."""


FINAL = frozenset({State.DELIVERED, State.UNDELIVERED, State.FAILED, State.DROPPED})

RANK = {State.PENDING: 0, State.CLAIMED: 1, State.SENDING: 2, State.SENT: 3} | dict.fromkeys(FINAL, 4)
"""Receipts come late, twice and out of order: they only ever move a message up."""

BACK = frozenset({(State.CLAIMED, State.PENDING), (State.SENDING, State.PENDING), (State.SENT, State.PENDING)})
"""A lease that ended before the mark; the provider refused for now, or was asked and never had it; it took the text
and broke down over it."""

NEEDS_THE_MARK = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED, State.FAILED})


def may_move(before: State, after: State) -> bool:
    """Whether a message may go from the one state to the other; final states stay."""
    if before in FINAL:
        return False
    if after is State.DROPPED:
        return before in (State.PENDING, State.CLAIMED)
    if after is State.SENDING:
        return before is State.CLAIMED
    if after in NEEDS_THE_MARK and RANK[before] < RANK[State.SENDING]:
        return False
    return RANK[after] > RANK[before] or (before, after) in BACK


# What the provider says


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an answer or a receipt of the provider leads, and what else has to be done about it."""

    state: State
    why: str = ""
    code: str = ""
    opt_out: bool = False
    """The number has said STOP to the provider: nothing more goes to it."""
    wrong_number: bool = False
    """The site has to check the number with the patient."""
    our_fault: bool = False
    """Account, rights or wording: somebody has to mend it, sending on does not."""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    why: str
    opt_out: bool = False
    wrong_number: bool = False
    our_fault: bool = False
    again: bool = False
    """The provider's own breakdown: it gave up without the network, so the same text may go once more."""


FAULTS = {
    21211: Fault("not a valid number", wrong_number=True),
    21408: Fault("the account may not send to this country", our_fault=True),
    21610: Fault("the number has said STOP", opt_out=True),
    21612: Fault("the number cannot be reached from our sender", our_fault=True),
    21614: Fault("not a mobile number", wrong_number=True),
    30001: Fault("the provider's queue was full", again=True),
    30002: Fault("the account is suspended", our_fault=True),
    30003: Fault("the phone was switched off or out of reach"),
    30004: Fault("the number blocks messages", wrong_number=True),
    30005: Fault("the number is unknown or no longer in use", wrong_number=True),
    30006: Fault("a landline, or a network that cannot be reached", wrong_number=True),
    30007: Fault("filtered by the network as unwanted", our_fault=True),
    30008: Fault("the network gave no reason"),
    30036: Fault("not delivered before it was too late"),
    30500: Fault("the provider broke down", again=True),
}
"""The provider's error codes that tell something; the others are kept as numbers."""

BUSY = frozenset({20429, 21611})
"""Not taken because too much was sent at once."""

SIGN_IN = frozenset({401, 403, 404})
"""HTTP statuses of a wrong account or key; the message was not taken."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
SIGN_IN_PAUSE = timedelta(minutes=5)
AGAIN_PAUSE = timedelta(minutes=1)
"""Before a text goes once more that the provider had taken and broke down over."""
MOST_AGAIN = 2
"""So often one message goes once more."""


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts (from 1): doubling from 5 seconds up to 10 minutes."""
    return min(FIRST_PAUSE * (1 << min(max(attempts, 1) - 1, 20)), LONGEST_PAUSE)


def answer_outcome(status: int, code: int | None = None, attempts: int = 1) -> Outcome:
    """What the provider's HTTP answer to sending means, `attempts` counting this one.

    Only a definite answer moves the message: a 5xx or a time-out (408) leaves it `sending`, to be settled by a
    receipt or by asking; a 429 was not taken and may be sent again.
    """
    known = "" if code is None else str(code)
    if 200 <= status < 300:
        return Outcome(State.SENT, code=known)
    if status == 429 or code in BUSY:
        why = "too many messages at once, tried again later"
        return Outcome(State.PENDING, why, known or str(status), retry_after=pause(attempts))
    if status in SIGN_IN:
        why = "the provider refused our account or key"
        return Outcome(State.PENDING, why, known or str(status), our_fault=True, retry_after=SIGN_IN_PAUSE)
    if status >= 500 or status == 408:
        return Outcome(State.SENDING, "the provider did not say whether it took the message", known)
    return fault_outcome(State.FAILED, code)


RECEIPTS = {
    "accepted": State.SENT,
    "scheduled": State.SENT,
    "queued": State.SENT,
    "sending": State.SENT,
    "sent": State.SENT,
    "partially_delivered": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}
"""The provider's words for an outgoing message: up to `sent` all mean that the provider has it."""


def receipt_outcome(status: str, code: int | None = None) -> Outcome | None:
    """What a receipt means; None for a word that says nothing of an outgoing message."""
    state = RECEIPTS.get(status.lower())
    if state is None:
        return None
    return Outcome(state) if state in (State.SENT, State.DELIVERED) else fault_outcome(state, code)


def fault_outcome(state: State, code: int | None) -> Outcome:
    fault = FAULTS.get(code or 0, Fault("the provider gave no reason that we know"))
    known = "" if code is None else str(code)
    wait = AGAIN_PAUSE if fault.again else None
    return Outcome(state, fault.why, known, fault.opt_out, fault.wrong_number, fault.our_fault, wait)


Blame = Literal["stop", "number", "ours", "phone", "provider", "unknown"]
"""Who has to do what about a failed message: the patient writes START, the site looks at the number, whoever runs the
service mends it, the phone is switched on, or it goes better later (`provider`); `unknown` where nobody said."""

OUT_OF_REACH = frozenset({30003, 30036})


def blame(error: str | None) -> Blame:
    """Whom a message's `error` (the provider's code or our own word) asks to do something."""
    if error in ("contact-missing", "no-number"):
        return "number"
    if error and not error.isdecimal():
        return "provider"
    code = int(error or 0)
    if code in OUT_OF_REACH:
        return "phone"
    fault = FAULTS.get(code, Fault(""))
    named: dict[Blame, bool] = {
        "stop": fault.opt_out,
        "number": fault.wrong_number,
        "ours": fault.our_fault or code in SIGN_IN,
        "provider": fault.again,
    }
    return next((who for who, holds in named.items() if holds), "unknown")


# What a message says

REMINDER = {
    "en": "Your questions for today are ready: {link} To stop these messages, open the link.",
    "fr": "Vos questions du jour vous attendent : {link} Pour ne plus recevoir de messages, ouvrez ce lien.",
}
TEST = {
    "en": "This is a test. Please say these four digits to the person with you: {digits} Your page: {link}",
    "fr": "Ceci est un test. Dites ces quatre chiffres à la personne avec vous : {digits} Votre page : {link}",
}
STAFF_FLARE = {
    "en": "A patient of yours needs a look. Please sign in: {link}",
    "fr": "Un de vos patients demande votre attention. Connectez-vous : {link}",
}
STAFF_FLARE_NOW = {
    "en": "A patient of yours needs a look now: sign in. {link}",
    "fr": "Un de vos patients demande votre attention tout de suite : connectez-vous. {link}",
}
TEMPLATES = {"reminder": REMINDER, "test": TEST, "staff-flare": STAFF_FLARE, "staff-flare-now": STAFF_FLARE_NOW}
"""Template name → wording by language. GSM-7 letters only: one ê, ç, î, ô or œ would double the cost."""

ANSWERS = {
    "stop": {
        "en": "You will get no more messages from this number. Write START to get them again.",
        "fr": "Vous ne recevrez plus de messages de ce numéro. Pour en recevoir à nouveau, écrivez START.",
    },
    "start": {
        "en": "You will get messages again. Write STOP to stop them.",
        "fr": "Vous recevrez de nouveau des messages. Pour ne plus en recevoir, écrivez STOP.",
    },
    "help": {
        "en": "Nobody reads this number. Call the one on your sheet; if it is urgent, the emergency number there. "
        "Write STOP to stop these messages.",
        "fr": "Personne ne lit ce numéro. Appelez celui de votre feuille ou, si c'est urgent, le numéro d'urgence indiqué. "
        "Pour ne plus recevoir de SMS : STOP.",
    },
}
"""What we answer to a patient's keyword, where the provider does not answer it itself."""

LONGEST_LINK = 60


def reminder_body(language: str, link: str) -> str:
    """The text that carries a link to whatever waits for the patient."""
    return REMINDER[language].format(link=link)


def test_body(language: str, digits: str, link: str) -> str:
    """The text sent while the patient is there; the digits read out prove that the number is right.

    The link is also how the provider's list tells this message from others.
    """
    return TEST[language].format(digits=digits, link=link)


def staff_flare_body(language: str, link: str, *, now: bool = False) -> str:
    """The text to the duty list: where to look, `now` that it cannot wait, and nothing else."""
    return (STAFF_FLARE_NOW if now else STAFF_FLARE)[language].format(link=link)


def patient_link(public_url: str, token: str) -> str:
    """The address in a text to a patient."""
    return f"{public_url}/d/{token}"


def patient_body(template: str, language: str, link: str, digits: str = "") -> str:
    """What the worker writes to a patient and a preview shows; in English where we have no such language."""
    spoken = language if language in REMINDER else "en"
    return test_body(spoken, digits, link) if template == "test" else reminder_body(spoken, link)
