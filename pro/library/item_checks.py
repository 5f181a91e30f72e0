"""What each kind of item needs and may not have."""

from __future__ import annotations

from collections.abc import Sequence

from pro.domain.answers import NUMBERS, NotAllowed, check
from pro.domain.joints import JOINTS
from pro.domain.questionnaire import Item, Kind, Value
from pro.library.files import Place
from pro.library.wording import Findings

CHOICES = frozenset({Kind.ONE, Kind.SEVERAL})

MOST_DECIMALS = 20
"""Enough for a score that enters as another one computed it."""


def check_items(findings: Findings, items: Sequence[Item]) -> None:
    """Holds every item to its kind; problems go to `findings`."""
    if not items:
        findings.add(("items",), "there are no items; a questionnaire asks at least one")
    findings.unique(("items",), [item.key for item in items], "item", "key")
    findings.words(("items",), [item.key for item in items], "key")
    for i, item in enumerate(items):
        place = ("items", i)
        _check_limits(findings, item, place)
        _check_options(findings, item, place)
        _check_joints(findings, item, place)


def _check_limits(findings: Findings, item: Item, place: Place) -> None:
    numeric = item.kind in NUMBERS
    if not numeric and (item.low is not None or item.high is not None):
        findings.add((*place, "low"), f"low and high are for numbers, not for {item.kind}; take them out")
    if numeric and (item.low is None or item.high is None):
        findings.add(place, f"{item.key} needs low: and high:, the least and the most that may be answered")
    elif item.low is not None and item.high is not None and item.low >= item.high:
        findings.add((*place, "low"), f"low {item.low} must be below high {item.high}")
    if item.decimals and item.kind is not Kind.DECIMAL:
        findings.add((*place, "decimals"), f"decimals is for decimal, not for {item.kind}; take it out")
    if item.kind is Kind.DECIMAL and not 1 <= item.decimals <= MOST_DECIMALS:
        findings.add(place, f"{item.key} needs decimals: 1 to {MOST_DECIMALS}, the digits after the point")
    if item.step is not None and (item.kind is not Kind.DECIMAL or item.step <= 0):
        findings.add((*place, "step"), "step is for decimal and more than 0, such as 0.5")
    for name in ("low_label", "high_label"):
        if item.kind in (Kind.RATING, Kind.VAS) and getattr(item, name) is None:
            findings.add(place, f"{item.key} needs {name}: the words at that end of the line")


def _check_options(findings: Findings, item: Item, place: Place) -> None:
    codes = [option.code for option in item.options]
    if item.kind in CHOICES and len(codes) < 2:
        findings.add(place, f"{item.key} needs options:, at least two")
    if item.kind not in CHOICES and codes:
        findings.add((*place, "options"), f"options are for one and several, not for {item.kind}")
    findings.unique((*place, "options"), codes, "option", "code")
    for i, option in enumerate(item.options):
        if option.alone and item.kind is not Kind.SEVERAL:
            findings.add((*place, "options", i, "alone"), "alone is for several; take it out")


def _check_joints(findings: Findings, item: Item, place: Place) -> None:
    if item.kind is Kind.JOINTS and not item.joints:
        findings.add(place, f"{item.key} needs joints:, those that may be marked")
    if item.kind is not Kind.JOINTS and item.joints:
        findings.add((*place, "joints"), f"joints are for joints, not for {item.kind}; take them out")
    for joint in item.joints:
        if joint not in JOINTS:
            findings.add((*place, "joints"), f"unknown joint {joint!r}; such as knee (both) or L-MCP2")


def test_value(findings: Findings, item: Item, op: str, raw: object, place: Place) -> Value | None:
    """The value a condition compares `item` with; a comparison that cannot hold goes to `findings`."""
    fits = {
        "is": item.kind not in (Kind.SEVERAL, Kind.JOINTS),
        "at_least": item.kind in NUMBERS,
        "at_most": item.kind in NUMBERS,
        "includes": item.kind in (Kind.SEVERAL, Kind.JOINTS),
        "not_empty": item.kind in (Kind.SEVERAL, Kind.JOINTS),
    }
    if not fits[op]:
        findings.add(place, f"{op} does not fit {item.key}, which is {item.kind}")
        return None
    if op == "not_empty":
        if raw is not True:
            findings.add(place, "write not_empty: true")
        return None
    try:
        if op == "includes":
            return _only(check(item, [raw]))
        return check(item, raw)
    except NotAllowed as error:
        findings.add(place, f"this can never hold: {error}")
        return None


def _only(value: Value) -> Value:
    return value[0] if isinstance(value, tuple) else value
