"""When calls to the provider begin to fail and when they go again: a line each in the log, however many texts wait.

A worker keeps one `Outages` from tick to tick; it is told what came of each tick's calls. What fails is a reason in our
own words, never a number, a text or a name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from pro.services.parts import Parts
from pro.sms.sender import NotProcessed, Unknown
from pro.store import health

log = logging.getLogger(__name__)


class Asked(Enum):
    """What the provider was called for: (while it fails, when it goes again)."""

    SEND = ("the provider takes no texts", "the provider takes texts again")
    LIST = ("the provider does not say what it sent", "the provider says again what it sent")


@dataclass(slots=True)
class Calls:
    """What came of one tick's calls: of each kind the first reason why it failed, or that all went."""

    failed: dict[Asked, str] = field(default_factory=dict)
    went: set[Asked] = field(default_factory=set)

    def note(self, asked: Asked, outcome: object) -> None:
        if isinstance(outcome, NotProcessed | Unknown):
            self.failed.setdefault(asked, outcome.why)
        else:
            self.went.add(asked)


@dataclass(slots=True)
class Outages:
    """Since when calls of a kind fail, in running time."""

    since: dict[Asked, datetime] = field(default_factory=dict)

    def tell(self, parts: Parts, calls: Calls, study: datetime, running: datetime) -> None:
        """A kind that failed once in a tick has failed: a busy provider takes some texts and refuses the next."""
        for asked in Asked:
            if asked in calls.failed:
                if asked not in self.since:
                    log.warning("%s (%s): %s", asked.value[0], calls.failed[asked], _behind(parts, study))
                    self.since[asked] = running
            elif asked in calls.went and asked in self.since:
                began = f"{self.since.pop(asked):%Y-%m-%d %H:%M} UTC"
                log.warning("%s, for the first time since %s: %s", asked.value[1], began, _behind(parts, study))


def _behind(parts: Parts, study: datetime) -> str:
    with parts.study.reading() as session:
        waiting, (unknown, _) = health.how_many_due(session, study), health.unknown_outcomes(session)
    return f"{waiting} due and waiting, {unknown} of unknown outcome"
