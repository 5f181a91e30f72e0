"""What a scale must say so that every allowed answer can enter it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pro.domain.answers import NUMBERS, WHOLE_NUMBERS
from pro.domain.methods import METHODS
from pro.domain.questionnaire import Item, Kind, Scale
from pro.domain.scoring import COMBINATIONS
from pro.library.files import Place
from pro.library.wording import Findings, one_of

MOST_ANSWERS = 101
"""A recode table lists every answer; more than this is no table."""


def check_scales(findings: Findings, items: Sequence[Item], scales: Sequence[Scale]) -> None:
    """Holds every scale to the items; problems go to `findings`."""
    findings.unique(("scales",), [scale.key for scale in scales], "scale", "key")
    findings.words(("scales",), [scale.key for scale in scales], "key")
    known = {item.key: item for item in items}
    for i, scale in enumerate(scales):
        place = ("scales", i)
        _check_of(findings, known, scale, place)
        _check_also(findings, known, scale, place)
        _check_missing(findings, scale, place)
        _check_bands(findings, scale, place)
        if all(key in known for key in scale.items):
            _check_entries(findings, known, scale, place)


def _check_of(findings: Findings, known: Mapping[str, Item], scale: Scale, place: Place) -> None:
    if not scale.items:
        findings.add((*place, "items"), f"{scale.key} is made of no items; name at least one")
    findings.unique((*place, "items"), scale.items, "item")
    for i, key in enumerate(scale.items):
        if key not in known:
            findings.add((*place, "items", i), f"there is no item {key!r}; name one of this file's items")
    if scale.method not in COMBINATIONS and scale.method not in METHODS:
        words = one_of([*COMBINATIONS, *METHODS])
        findings.add((*place, "method"), f"unknown method {scale.method!r}; there are {words}")
    for name, table in (("weights", scale.weights), ("recode", scale.recode), ("reversed", scale.reversed)):
        for key in table:
            if key not in scale.items:
                findings.add((*place, name, key), f"{name} names {key!r}, which is no item of this scale")
    if scale.low is not None and scale.high is not None and scale.low >= scale.high:
        findings.add((*place, "low"), f"low {scale.low} must be below high {scale.high}")


def _check_missing(findings: Findings, scale: Scale, place: Place) -> None:
    if scale.missing.rule == "rule-of-method" and scale.method not in METHODS:
        findings.add((*place, "missing"), f"{scale.method} has no missing rule of its own; say all, half or any")
    if scale.missing_or is not None and scale.missing_or == scale.missing:
        findings.add((*place, "missing_or"), f"{scale.missing.rule} is the scale's rule already; take it out")
    if scale.missing.rule == "at-least" and not 1 <= scale.missing.count <= len(scale.items):
        findings.add((*place, "missing"), f"at-least must be 1 to {len(scale.items)}, the number of items")


def _check_also(findings: Findings, known: Mapping[str, Item], scale: Scale, place: Place) -> None:
    for i, key in enumerate(scale.also):
        if key not in known:
            findings.add((*place, "also", i), f"there is no item {key!r}; name one of this file's items")
        elif key in scale.items or key in scale.also[:i]:
            findings.add((*place, "also", i), f"{key!r} stands among the scale's items already; take it out here")
    if scale.also and scale.method in COMBINATIONS:
        findings.add((*place, "also"), f"also is for a named method; {scale.method} reads its items alone")


def _check_bands(findings: Findings, scale: Scale, place: Place) -> None:
    for i, band in enumerate(scale.bands):
        if band.below is not None and band.up_to is not None:
            findings.add((*place, "bands", i), "has up_to and below; keep the one that the source says")
    bounds = [band.up_to if band.below is None else band.below for band in scale.bands]
    for i, bound in enumerate(bounds[:-1]):
        following = bounds[i + 1]
        if bound is None:
            findings.add((*place, "bands", i), "only the last band may be without up_to or below")
        elif following is not None and following <= bound:
            findings.add((*place, "bands", i + 1, "up_to"), f"must be above the band before it ({bound})")
    if bounds and bounds[-1] is not None and (scale.high is None or bounds[-1] < scale.high):
        findings.add((*place, "bands", len(bounds) - 1), "the last band must hold the highest value; drop up_to")


def _check_entries(findings: Findings, known: Mapping[str, Item], scale: Scale, place: Place) -> None:
    if scale.method == "weighted" and set(scale.weights) != set(scale.items):
        findings.add(place, "weighted needs weights: with one for each item of the scale")
    if scale.method != "weighted" and scale.weights:
        findings.add((*place, "weights"), f"weights are for method weighted, not for {scale.method}")
    for key in scale.reversed:
        if key in scale.recode:
            findings.add((*place, "recode", key), f"{key} is reversed and recoded; say it in recode alone")
        elif key in known and known[key].kind not in NUMBERS:
            findings.add((*place, "reversed"), f"{key} is {known[key].kind}; only a number can be reversed")
    for key in scale.items:
        if key in scale.recode:
            _check_recode(findings, known[key], scale.recode[key], (*place, "recode", key))
        elif scale.method in COMBINATIONS and known[key].kind not in NUMBERS:
            findings.add(place, f"{key} is {known[key].kind}, no number; give it a recode:")


def _check_recode(findings: Findings, item: Item, table: Mapping[str, Decimal], place: Place) -> None:
    answers = allowed_texts(item)
    if answers is None:
        findings.add(place, f"{item.key} is {item.kind}; its answers cannot be listed in a recode")
        return
    for text in table.keys() - set(answers):
        findings.add((*place, text), f"{text!r} is no answer to {item.key}; there are {one_of(answers)}")
    absent = [text for text in answers if text not in table]
    if absent:
        findings.add(place, f"says nothing for the answer {one_of(absent)}; list every answer")


def allowed_texts(item: Item) -> tuple[str, ...] | None:
    """Every allowed answer as a recode table writes it, or None where they cannot be listed."""
    if item.kind is Kind.YES_NO:
        return ("false", "true")
    if item.kind is Kind.ONE:
        return tuple(option.code for option in item.options)
    if item.kind in WHOLE_NUMBERS and item.low is not None and item.high is not None:
        span = range(int(item.low), int(item.high) + 1)
        return tuple(str(number) for number in span) if len(span) <= MOST_ANSWERS else None
    return None
