"""The shape of a questionnaire file."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from pro.domain.questionnaire import Kind

Wording = dict[str, str]


class OptionFile(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    label: Wording
    alone: bool = False


class ConditionFile(msgspec.Struct, forbid_unknown_fields=True, rename={"is_": "is"}):
    item: str | None = None
    is_: object = msgspec.UNSET
    at_least: object = msgspec.UNSET
    at_most: object = msgspec.UNSET
    includes: object = msgspec.UNSET
    not_empty: object = msgspec.UNSET
    any: list[ConditionFile] | None = None
    all: list[ConditionFile] | None = None


class ResultFile(msgspec.Struct, forbid_unknown_fields=True):
    questionnaire: str
    scale: str | list[str] | None = None
    item: str | None = None
    assessment: Literal["same", "baseline"] = "same"
    reported_by: Literal["patient", "clinician"] | None = None


class ItemFile(msgspec.Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    key: str
    kind: Kind
    text: Wording
    short: Wording
    help: Wording | None = None
    options: list[OptionFile] = []
    low: Decimal | None = None
    high: Decimal | None = None
    decimals: int = 0
    unit: Wording | None = None
    low_label: Wording | None = None
    high_label: Wording | None = None
    joints: list[str] = []
    mark: Literal["tender", "swollen", "other"] = "other"
    show_if: ConditionFile | None = None
    not_applicable: bool = False
    step: Decimal | None = None
    from_: ResultFile | None = None


class BandFile(msgspec.Struct, forbid_unknown_fields=True):
    label: str
    text: Wording
    up_to: Decimal | None = None
    below: Decimal | None = None
    source: str = ""


class AtLeast(msgspec.Struct, forbid_unknown_fields=True, rename={"count": "at-least"}):
    count: int


class ScaleFile(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    title: Wording
    items: list[str]
    method: str
    missing: Literal["all", "half", "any", "rule-of-method"] | AtLeast
    missing_or: Literal["all", "half", "any"] | None = None
    weights: dict[str, Decimal] = {}
    reversed: list[str] = []
    recode: dict[str, dict[str, Decimal]] = {}
    times: Decimal = Decimal(1)
    plus: Decimal = Decimal(0)
    low: Decimal | None = None
    high: Decimal | None = None
    direction: Literal["higher-worse", "higher-better", "none"] = "none"
    bands: list[BandFile] = []
    source: str = ""
    also: list[str] = []


class WordingFile(msgspec.Struct, forbid_unknown_fields=True):
    owner: str
    ask: str


class QuestionnaireFile(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    version: str
    title: Wording
    languages: list[str]
    recall: Wording
    minutes: Decimal
    source: str
    licence: str
    items: list[ItemFile]
    scales: list[ScaleFile] = []
    wording: Literal["own"] | WordingFile = "own"
    recall_hours: int | None = None
