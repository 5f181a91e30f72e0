"""A provider of text messages that misbehaves as the seed says, and the phones behind it."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pro.domain.phone import segments
from pro.sms.sender import Accepted, Emptied, Found, NotProcessed, Outcome, Refused, Sms, Unknown

LINK = re.compile(r"(/d/|/staff/\?r=)([A-Za-z0-9_-]{22})")
DIGITS = re.compile(r"(?<=: )\d{4}(?= )")
SETTLING = timedelta(minutes=5)
CALL, HANG = 0.05, 10.0
"""Seconds of running time that a call takes, and one that ends in a time-out."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances for each call, and for each receipt of a text that was taken."""

    ack_lost: float = 0.008
    hang: float = 0.004
    error_after: float = 0.004
    error_before: float = 0.006
    too_many: float = 0.008
    unreachable: float = 0.004
    no_receipt: float = 0.003
    late: float = 0.01
    doubled: float = 0.02
    unordered: float = 0.02


NO_FAULTS = Faults(*([0.0] * 10))


@dataclass(slots=True)
class Text:
    """One text that the provider took."""

    message_id: int
    provider_id: str
    number: str
    label: str
    at: datetime
    """Study time of the call."""
    body: str = field(repr=False)
    segments: int
    status: str = "queued"
    error: str | None = None
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    at: datetime
    message_id: int
    provider_id: str
    status: str
    code: int | None = None


@dataclass
class Provider:
    """Draws every fault from the seed, the recipient and how many calls it had before: the same on either engine."""

    seed: int
    faults: Faults = field(default_factory=Faults)
    outages: tuple[tuple[datetime, datetime], ...] = ()
    settling: timedelta = SETTLING
    lanes: int = 1
    dead: set[str] = field(default_factory=set)
    """Numbers in nobody's hand any more."""
    stopped: set[str] = field(default_factory=set)
    """Numbers that have said STOP."""
    texts: list[Text] = field(default_factory=list)
    drawn: Counter[str] = field(default_factory=Counter)
    receipts: list[Receipt] = field(default_factory=list)
    """Not yet called in."""
    elapsed: float = 0.0
    _calls: Counter[str] = field(default_factory=Counter)
    _by_number: dict[str, list[Text]] = field(default_factory=dict)
    _by_id: dict[str, Text] = field(default_factory=dict)

    def seconds(self) -> float:
        """Running time that calls have taken."""
        return self.elapsed

    def send(self, sms: Sms) -> Outcome:
        self._calls[sms.label] += 1
        dice = random.Random(f"{self.seed}/{sms.label}/{self._calls[sms.label]}")
        self.elapsed += CALL
        if any(first <= sms.at < last for first, last in self.outages):
            return self._unknown("outage")
        if sms.to in self.dead:
            return self._refused("21211", "not in service", "wrong-number")
        if sms.to in self.stopped:
            return self._refused("21610", "the number has said STOP", "opted-out")
        return self._drawn(sms, dice)

    def _drawn(self, sms: Sms, dice: random.Random) -> Outcome:
        chance, faults = dice.random(), self.faults
        for name, share in (("429", faults.too_many), ("5xx before", faults.error_before), ("hang", faults.hang)):
            if chance < share:
                return self._not_taken(name)
            chance -= share
        taken = self._take(sms, dice)
        if chance < faults.ack_lost:
            self.elapsed += HANG
            return self._unknown("acknowledgement lost")
        if chance < faults.ack_lost + faults.error_after:
            return self._unknown("5xx after")
        return taken

    def _not_taken(self, name: str) -> Outcome:
        if name == "429":
            self.drawn[name] += 1
            return NotProcessed("429")
        self.elapsed += HANG if name == "hang" else 0
        return self._unknown(name)

    def _unknown(self, name: str) -> Unknown:
        self.drawn[name] += 1
        return Unknown(name)

    def _refused(self, code: str, why: str, kind: str) -> Refused:
        self.drawn[code] += 1
        return Refused(code, why, "opted-out" if kind == "opted-out" else "wrong-number")

    def _take(self, sms: Sms, dice: random.Random) -> Accepted:
        id_ = int((sms.callback_url or "0").rpartition("/")[2])
        size = segments(sms.body).count
        text = Text(id_, f"{self.seed}-{len(self.texts) + 1}", sms.to, sms.label, sms.at, sms.body, size)
        self.texts.append(text)
        self._by_number.setdefault(sms.to, []).append(text)
        self._by_id[text.provider_id] = text
        self._follow(text, dice)
        return Accepted(text.provider_id, segments=size)

    def _follow(self, text: Text, dice: random.Random) -> None:
        """Receipts: one that it is delivered, or not; some late, doubled, out of order, or never."""
        faults = self.faults
        gone = dice.random() < faults.unreachable
        text.status, text.error = ("undelivered", "30003") if gone else ("delivered", None)
        if dice.random() < faults.no_receipt:
            self.drawn["receipt never"] += 1
            return
        late = dice.random() < faults.late
        self.drawn["receipt late"] += late
        at = text.at + (timedelta(hours=dice.randrange(1, 12)) if late else timedelta(seconds=dice.randrange(3, 12)))
        final = Receipt(at, text.message_id, text.provider_id, text.status, 30003 if gone else None)
        self.receipts.append(final)
        if dice.random() < faults.doubled:
            self.drawn["receipt doubled"] += 1
            self.receipts.append(final)
        if dice.random() < faults.unordered:
            self.drawn["receipt out of order"] += 1
            overtaken = at + timedelta(seconds=dice.randrange(1, 9))
            self.receipts.append(Receipt(overtaken, text.message_id, text.provider_id, "sent"))

    def find_since(self, to: str, since: datetime) -> tuple[Found, ...] | Unknown:
        return tuple(
            Found(one.provider_id, "" if one.redacted else one.body, one.status, one.error, one.segments)
            for one in self._by_number.get(to, ())
        )

    def verify_receipt(self, url: str, form: Mapping[str, str], signature: str | None) -> bool:
        return False

    def redact(self, provider_id: str) -> Emptied:
        self._by_id[provider_id].redacted = True
        return Emptied()

    def newest_link(self, number: str, label: str) -> str | None:
        """The token of the newest text that stands on the phone; the provider's copy may be emptied, a phone's not."""
        for text in reversed(self._by_number.get(number, ())):
            if text.label == label and text.status == "delivered" and (found := LINK.search(text.body)):
                return found.group(2)
        return None


def plain(body: str) -> str:
    """The text without what is random in it: its token, and the four digits of a test."""
    return DIGITS.sub("####", LINK.sub(r"\1…", body))
