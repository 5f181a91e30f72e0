"""What a sitting is made of, and what its verbs answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from pro.domain.answers import Answer, NotAllowed
from pro.domain.assessment import Instants
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire, Text
from pro.library.wording import LANGUAGES

SESSION_LIFE = timedelta(days=3)
"""How long a phone's session lives: longer than any diary may still be filled, so that a save made offline arrives."""

CLEARED = "cleared"
"""Code of a save that takes the item's answer back: from then on it has none."""

LONG = 20
"""Questions above which a sitting is long: told in parts, and how far one is."""

LinkStatus = Literal["ready", "nothing-due", "not-yet", "expired", "unknown", "withdrawn"]


@dataclass(frozen=True, slots=True)
class SiteCard:
    """Whom a patient can call."""

    name: str
    telephone: str
    emergency: str
    zone: str


@dataclass(frozen=True, slots=True)
class Part:
    """One questionnaire of an assessment."""

    title: Text
    questions: int
    """Items that show while nothing is answered."""
    most: int
    """Items there are: as many may show, by what is answered."""
    minutes: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """One assessment that may be filled now."""

    assessment_id: int
    timepoint: str
    title: Text
    day: date
    parts: tuple[Part, ...]
    instants: Instants
    late: bool
    """Past its closing: it would be marked late."""
    repeats: bool
    """A diary, one of many days."""
    questionnaires: tuple[Questionnaire, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By `questionnaire.item`: what a long one that was begun has so far."""

    @property
    def questions(self) -> int:
        return sum(part.questions for part in self.parts)

    @property
    def most(self) -> int:
        return sum(part.most for part in self.parts)

    @property
    def minutes(self) -> Decimal:
        return sum((part.minutes for part in self.parts), Decimal(0))


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next for the patient."""

    timepoint: str
    title: Text
    day: date
    first: date
    """Its window: one day or several, the day among them."""
    last: date
    at: datetime
    """Its first reminder, else its opening."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the patient may open now, though nothing planned it."""

    key: str
    """Its timepoint."""
    asks: Part
    """All of its questionnaires together, under the timepoint's title."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link opens on. `site` and the rest are None or empty where the link is unknown."""

    status: LinkStatus
    language: str = "en"
    zone: str = "UTC"
    site: SiteCard | None = None
    waiting: tuple[Waiting, ...] = ()
    next: tuple[Next, ...] = ()
    languages: tuple[str, ...] = LANGUAGES
    """Those of the protocol; all that the pages speak where no protocol is known."""
    opted_out: bool = False
    snoozed_to: datetime | None = None
    """When the reminder comes that the patient asked for, while something waits."""
    demonstration: bool = False
    receipt: str | None = None
    """Receipt code of the newest submission, where nothing is due."""
    sent: Sitting | None = None
    """The newest submission while its day lasts, where nothing is due."""
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Sitting:
    """A patient before one assessment, with what was saved so far."""

    assessment_id: int
    patient_id: int
    language: str
    zone: str
    site: SiteCard
    protocol: Protocol
    timepoint: str
    title: Text
    day: date
    repeats: bool
    instants: Instants
    questionnaires: tuple[Questionnaire, ...]
    answers: Mapping[str, Answer]
    """By `questionnaire.item`: the newest save of each."""
    mode: str
    fillable: bool


@dataclass(frozen=True, slots=True)
class NoSitting:
    """Why there is nothing to show: the session is gone, or nothing is due."""

    status: Literal["no-session", "nothing-due", "withdrawn"]
    view: LinkView


@dataclass(frozen=True, slots=True)
class Started:
    session_token: str
    sitting: Sitting


@dataclass(frozen=True, slots=True)
class Save:
    """One answer as the phone sends it. `client` and `seq` make a replay harmless."""

    client: str
    seq: int
    item: str
    """`questionnaire.item`."""
    code: str
    """`answered`, `skipped`, `not-applicable`, or CLEARED."""
    value: object = None
    phone_at: datetime | None = None
    phone_offset: int | None = None
    language: str = ""
    """Of the page it was given on; empty where the page did not say."""
    wording: str = ""
    """SHA-256 of the owner's text on that page."""
    sent_at: datetime | None = None
    """What the phone's clock said as it sent: how far it is from ours is measured by it."""


@dataclass(frozen=True, slots=True)
class RefusedSave:
    client: str
    seq: int
    item: str
    why: NotAllowed


@dataclass(frozen=True, slots=True)
class Saved:
    """What the server has now. `closed`: nothing was kept, because it was submitted or closed."""

    acknowledged: tuple[tuple[str, int], ...] = ()
    refused: tuple[RefusedSave, ...] = ()
    emergency: Text | None = None
    told_at: datetime | None = None
    closed: Literal["", "submitted", "closed", "no-session"] = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    receipt: str
    submitted_at: datetime
    already: bool
    next: tuple[Next, ...]
    waiting: tuple[Waiting, ...]
    """What else may be filled now."""
    sitting: Sitting
    """With the answers that were sent."""
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Items that show and have neither an answer nor a deliberate skip."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """Answers that another window or phone changed after they were read: nothing was sent."""

    answers: Mapping[str, Answer | None]
    """As they stand now, by `questionnaire.item`; None where one was taken back."""


@dataclass(frozen=True, slots=True)
class Closed:
    why: Literal["closed", "no-session", "not-open", "withdrawn"]
