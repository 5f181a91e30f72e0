"""What is asked: a questionnaire as read from its published file, read-only.

Items carry wording in every language of the questionnaire. Which items show and whether an answer is
allowed is decided in `answers`, scores in `scoring`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

Text = Mapping[str, str]
"""Wording by language code (`en`, `fr`)."""


def english(text: Text) -> str:
    """The English wording, else the first there is: for commands, which speak English."""
    return text.get("en") or next(iter(text.values()))


Value = bool | int | str | Decimal | tuple[str, ...]
"""An allowed answer: yes/no → bool, rating, vas and integer → int, decimal → Decimal, one → option code,
several → option codes in the file's order, joints → joint names in the item's order, date `YYYY-MM-DD`,
time `HH:MM` and text → str."""


class Kind(StrEnum):
    YES_NO = "yes-no"
    ONE = "one"
    SEVERAL = "several"
    RATING = "rating"
    VAS = "vas"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    TEXT = "text"
    JOINTS = "joints"


@dataclass(frozen=True, slots=True)
class Option:
    code: str
    label: Text
    alone: bool = False
    """Excludes every other option ("none of these")."""


@dataclass(frozen=True, slots=True)
class Test:
    """One item compared with one value."""

    item: str
    op: Literal["is", "at_least", "at_most", "includes", "not_empty"]
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    of: tuple[Condition, ...]


Condition = Test | AnyOf | AllOf


@dataclass(frozen=True, slots=True)
class ResultOf:
    """Where an answer comes from that nobody types: another questionnaire's score or answer, of the same patient."""

    questionnaire: str
    scales: tuple[str, ...] = ()
    """Scales in order of preference: the first that has a value wherever one of these is needed. Empty for an item."""
    item: str | None = None
    assessment: Literal["same", "baseline"] = "same"
    reported_by: Literal["patient", "clinician"] | None = None
    """Whose answers may be taken; None for what is itself computed from both."""


@dataclass(frozen=True, slots=True)
class Item:
    key: str
    kind: Kind
    text: Text
    """The question, standing alone with its recall period."""
    short: Text
    """A few words for review pages, desks and tables."""
    help: Text | None = None
    """One line under the question: how to answer."""
    options: tuple[Option, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    decimals: int = 0
    """Digits after the point that a decimal answer may have."""
    unit: Text | None = None
    low_label: Text | None = None
    high_label: Text | None = None
    joints: tuple[str, ...] = ()
    mark: Literal["tender", "swollen", "other"] = "other"
    """What a joint list marks; decides the shape drawn on the joint map."""
    show_if: Condition | None = None
    not_applicable: bool = False
    """Whether "does not apply to me" may be answered."""
    step: Decimal | None = None
    """A decimal answer is a whole number of these above `low`; None where any will do."""
    result_of: ResultOf | None = None


@dataclass(frozen=True, slots=True)
class Band:
    label: str
    up_to: Decimal | None
    """Inclusive upper bound; None in the last band and in one that has `below`."""
    text: Text
    source: str = ""
    below: Decimal | None = None
    """Exclusive upper bound, in place of `up_to`."""


@dataclass(frozen=True, slots=True)
class Missing:
    """How many of a scale's items may be missing, and what stands for them.

    `all` (no score unless all answered), `half` (at least half), `at-least` (at least `count`),
    `any` (at least one), `rule-of-method` (the named method decides; its docstring says how).
    """

    rule: Literal["all", "half", "at-least", "any", "rule-of-method"]
    count: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    key: str
    title: Text
    items: tuple[str, ...]
    method: str
    """`sum`, `mean`, `prorated`, `weighted`, or the name of a function in `methods.METHODS`."""
    missing: Missing
    weights: Mapping[str, Decimal]
    reversed: Mapping[str, Decimal]
    """Item → (low + high): the answer enters as this number minus the answer."""
    recode: Mapping[str, Mapping[str, Decimal]]
    """Item → answer (as text) → value that enters; empty where the answer enters as it is."""
    times: Decimal = Decimal(1)
    plus: Decimal = Decimal(0)
    low: Decimal | None = None
    high: Decimal | None = None
    direction: Literal["higher-worse", "higher-better", "none"] = "none"
    bands: tuple[Band, ...] = ()
    source: str = ""
    missing_or: Missing | None = None
    """Another published missing rule, which a caller may name instead."""
    also: tuple[str, ...] = ()
    """Items that a named method reads besides, and that count neither as answered nor as missing."""


@dataclass(frozen=True, slots=True)
class Questionnaire:
    id: str
    version: str
    sha256: str
    """Hash of the file's bytes, as `published.lock` has it: what a response records."""
    title: Text
    languages: tuple[str, ...]
    recall: Text
    minutes: Decimal
    """How long it takes a patient, in minutes."""
    source: str
    licence: str
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    wording_owner: str | None = None
    """Who owns the wording, which is then not here: the items carry short labels in our words. None: our own."""
    wording_ask: str | None = None
    """Where the owner is asked for it."""
    wordings: Mapping[str, str] = field(default_factory=dict)
    """Language → SHA-256 of the owner's text that is laid over the labels, where one is installed."""
    recall_hours: int | None = None
    """How far back the questions look, where the file says so in hours."""

    @property
    def takes_wording(self) -> bool:
        """Whether somebody reads it in an owner's words; what is only computed is read by nobody."""
        return self.wording_owner is not None and any(item.result_of is None for item in self.items)

    def is_placeholder(self, language: str) -> bool:
        """Whether our short labels stand for an owner's text: demonstration wording, not for use in a study."""
        return self.takes_wording and language not in self.wordings

    def __hash__(self) -> int:
        return hash(self.sha256)

    def item(self, key: str) -> Item:
        """The item of that key; KeyError where there is none."""
        for item in self.items:
            if item.key == key:
                return item
        raise KeyError(f"{self.id} {self.version} has no item {key!r}")
