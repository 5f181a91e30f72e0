"""What the verbs of enrolment take and answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from pro.domain.protocol import Criterion
from pro.domain.questionnaire import Text
from pro.services.access import Identity, Right
from pro.services.audit import Actor


@dataclass(frozen=True, slots=True)
class By:
    """Who does it: the name and role that the trail shows, and the account behind them where there is one."""

    actor: Actor
    staff_id: int | None = None


Doer = By | Identity | Actor


def by_of(doer: Doer, right: Right, site_id: int) -> By:
    """Who the trail names when `right` is used at this site."""
    if isinstance(doer, By):
        return doer
    return By(doer) if isinstance(doer, Actor) else By(doer.actor(right, site_id), doer.staff_id)


COMMAND_LINE = By(Actor("command line", "operator"))

SAID: Mapping[str, str] = {
    "no-site": "there is no such site",
    "no-protocol": "no protocol is in force at this site: run `pro site create` with a protocol",
    "draft": "{protocol} is a draft and this is no demonstration: publish it with `pro protocol publish`",
    "no-wording": "{said}",
    "amended": "the protocol was amended meanwhile: {protocol} is in force; go through the criteria again",
    "not-a-number": "give a whole number from {low} to {high}",
    "no-name": "give the patient's name",
    "long-name": "at most {most} characters",
    "wrong-phone": "{why}",
    "no-phone": "{why}",
    "no-such-number": "{why}",
    "already-theirs": "this mobile is already that of {numbers} at this site",
    "theirs-too": "this mobile is already that of {numbers} at this site",
    "not-a-date": "give a date (YYYY-MM-DD)",
    "past": "day 0 is today ({today}) or later",
    "too-far": "day 0 is at most {most} days ahead: {latest} at the latest",
    "no-such-day": "{day} does not exist in {zone}",
    "outside-window": "the pain was asked from {first} to {last}, before day 0",
    "not-yet": "that day has not come yet",
    "no-zone": "no such time zone: give an IANA name such as Europe/Paris",
    "no-language": "one of: {languages}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field; pages choose their wording by `why`."""

    field: str
    why: str
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        return SAID[self.why].format(**self.values)

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


class NotEnrollable(ValueError):
    """Something typed in does not hold; every problem names its field. No name or number is in the text."""

    def __init__(self, *problems: Problem, unmet: tuple[Criterion, ...] = ()) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        self.unmet = unmet
        """Criteria that would refuse the person as well, so that all is told in one round."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    patient_id: int
    number: str
    first_link: str
    """A link for the patient's own phone; only its hash is kept."""


@dataclass(frozen=True, slots=True)
class Ineligible:
    """The first criterion that is not met, and all of them."""

    criterion: str
    text: Text
    unmet: tuple[Criterion, ...]
