"""Questionnaire files, and how they become what the domain asks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_args

import msgspec

from pro.domain.joints import JOINTS, NAMES, both_sides
from pro.domain.questionnaire import (
    AllOf,
    AnyOf,
    Band,
    Condition,
    Item,
    Kind,
    Missing,
    Option,
    Questionnaire,
    ResultOf,
    Scale,
    Test,
    Value,
)
from pro.library.files import Document, Unreadable
from pro.library.fitting import fitted
from pro.library.item_checks import check_items, test_value
from pro.library.questionnaire_shapes import (
    AtLeast,
    ConditionFile,
    ItemFile,
    QuestionnaireFile,
    ResultFile,
    ScaleFile,
)
from pro.library.scale_checks import check_scales
from pro.library.wording import Findings


def build(document: Document, path: Path, room: Path | None) -> Questionnaire:
    """The questionnaire of a document; raises Unreadable with every problem found."""
    file, misfits, stand_ins = fitted(document, QuestionnaireFile)
    findings = Findings(document)
    findings.doubtful.extend(stand_ins)
    findings.identity(file.id, file.version, path, room)
    findings.languages(file.languages)
    if not findings.in_doubt(("languages",)):
        findings.wordings(document.data, file.languages)
    if misfits:
        raise Unreadable([*misfits, *findings.problems])
    if file.minutes < 0 or (file.minutes == 0 and any(each.from_ is None for each in file.items)):
        findings.add(("minutes",), "must be more than 0; 0 is for what nobody has to answer, each item with from:")
    owner, ask = _owner(findings, file)
    _check_results(findings, file)
    items = tuple(_item(each) for each in file.items)
    check_items(findings, items)
    items = _with_conditions(findings, file, items)
    scales = tuple(_scale(each, items) for each in file.scales)
    check_scales(findings, items, scales)
    if findings.problems:
        raise Unreadable(findings.problems)
    return Questionnaire(
        id=file.id,
        version=file.version,
        sha256=document.sha256,
        title=file.title,
        languages=tuple(file.languages),
        recall=file.recall,
        minutes=file.minutes,
        source=file.source,
        licence=file.licence,
        items=items,
        scales=scales,
        wording_owner=owner,
        wording_ask=ask,
        recall_hours=file.recall_hours,
    )


def _owner(findings: Findings, file: QuestionnaireFile) -> tuple[str | None, str | None]:
    if file.wording == "own":
        return None, None
    for name in ("owner", "ask"):
        if not str(getattr(file.wording, name)).strip():
            findings.add(("wording", name), "says nothing; name who owns the wording and where to ask for it")
    return file.wording.owner, file.wording.ask


_LIMITS = {Kind.RATING: (Decimal(0), Decimal(10)), Kind.VAS: (Decimal(0), Decimal(100))}


def _item(file: ItemFile) -> Item:
    low, high = _LIMITS.get(file.kind, (None, None))
    return Item(
        key=file.key,
        kind=file.kind,
        text=file.text,
        short=file.short,
        help=file.help,
        options=tuple(Option(option.code, option.label, option.alone) for option in file.options),
        low=low if file.low is None else file.low,
        high=high if file.high is None else file.high,
        decimals=file.decimals,
        unit=file.unit,
        low_label=file.low_label,
        high_label=file.high_label,
        joints=_sided(file.joints),
        mark=file.mark,
        not_applicable=file.not_applicable,
        step=file.step,
        result_of=None if file.from_ is None else _result(file.from_),
    )


def _result(file: ResultFile) -> ResultOf:
    scales = (file.scale,) if isinstance(file.scale, str) else tuple(file.scale or ())
    return ResultOf(file.questionnaire, scales, file.item, file.assessment, file.reported_by)


def _check_results(findings: Findings, file: QuestionnaireFile) -> None:
    """What one file alone can say of its `from:`; whether the named results exist is asked once all are read."""
    for i, each in enumerate(file.items):
        if each.from_ is not None:
            if bool(each.from_.scale) == bool(each.from_.item):
                findings.add(("items", i, "from"), "names a scale (or several, the best first) or an item: one of them")
            if each.from_.questionnaire == file.id:
                findings.add(("items", i, "from", "questionnaire"), "is this questionnaire itself; name another one")


def _sided(names: list[str]) -> tuple[str, ...]:
    """`knee` names both knees, `L-knee` the left one; always in the order of the body."""
    named = {joint for name in names for joint in (both_sides([name]) if name in NAMES else (name,))}
    unknown = tuple(name for name in names if name not in NAMES and name not in JOINTS)
    return tuple(joint for joint in JOINTS if joint in named) + unknown


def _scale(file: ScaleFile, items: tuple[Item, ...]) -> Scale:
    mirrors = {item.key: item.low + item.high for item in items if item.low is not None and item.high is not None}
    missing = Missing("at-least", file.missing.count) if isinstance(file.missing, AtLeast) else Missing(file.missing)
    return Scale(
        key=file.key,
        title=file.title,
        items=tuple(file.items),
        method=file.method,
        missing=missing,
        missing_or=Missing(file.missing_or) if file.missing_or else None,
        weights=file.weights,
        reversed={key: mirrors.get(key, Decimal(0)) for key in file.reversed},
        recode=file.recode,
        times=file.times,
        plus=file.plus,
        low=file.low,
        high=file.high,
        direction=file.direction,
        bands=tuple(Band(band.label, band.up_to, band.text, band.source, band.below) for band in file.bands),
        source=file.source,
        also=tuple(file.also),
    )


# --- conditions


def _with_conditions(findings: Findings, file: QuestionnaireFile, items: tuple[Item, ...]) -> tuple[Item, ...]:
    done: list[Item] = []
    for i, (each, item) in enumerate(zip(file.items, items, strict=True)):
        if each.show_if is not None:
            reader = _Conditions(findings, items, tuple(before.key for before in items[:i]))
            condition = reader.read(each.show_if, ("items", i, "show_if"))
            item = _replaced(item, condition)
        done.append(item)
    return tuple(done)


def _replaced(item: Item, condition: Condition | None) -> Item:
    values = {name: getattr(item, name) for name in Item.__slots__}
    return Item(**{**values, "show_if": condition})


class _Conditions:
    """Reads one item's `show_if` against the items that come before it."""

    def __init__(self, findings: Findings, items: tuple[Item, ...], earlier: tuple[str, ...]) -> None:
        self.findings = findings
        self.items = {item.key: item for item in items}
        self.earlier = earlier

    def read(self, file: ConditionFile, place: tuple[str | int, ...]) -> Condition | None:
        parts: list[tuple[str, Callable[[tuple[Condition, ...]], Condition], list[ConditionFile] | None]] = [
            ("any", AnyOf, file.any),
            ("all", AllOf, file.all),
        ]
        given = [(word, make, each) for word, make, each in parts if each is not None]
        tests = self._ops(file)
        if len(given) + bool(file.item) != 1 or (given and tests) or (file.item and len(tests) != 1):
            self.findings.add(place, _CONDITION)
            return None
        if not given:
            return self._test(file.item or "", *tests[0], place)
        word, make, each = given[0]
        read = [self.read(part, (*place, word, i)) for i, part in enumerate(each)]
        return make(tuple(part for part in read if part is not None))

    def _ops(self, file: ConditionFile) -> list[tuple[str, object]]:
        ops = {"is": file.is_, **{op: getattr(file, op) for op in get_args(_OTHERS)}}
        return [(op, value) for op, value in ops.items() if value is not msgspec.UNSET]

    def _test(self, key: str, op: str, raw: object, place: tuple[str | int, ...]) -> Condition | None:
        if key not in self.items:
            self.findings.add((*place, "item"), f"there is no item {key!r}; name one of this file's items")
        elif key not in self.earlier:
            self.findings.add((*place, "item"), f"{key!r} comes later; only an earlier item can decide")
        else:
            value = test_value(self.findings, self.items[key], op, raw, (*place, op))
            return _made(key, op, value)
        return None


_OTHERS = Literal["at_least", "at_most", "includes", "not_empty"]
_CONDITION = (
    "a condition is {item: …} with one of is, at_least, at_most, includes, not_empty: true; or any: […]; or all: […]"
)


def _made(key: str, op: str, value: Value | None) -> Test:
    match op:
        case "is" | "at_least" | "at_most" | "includes" | "not_empty":
            return Test(key, op, value)
        case _:
            raise ValueError(op)
