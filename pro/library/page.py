"""The library as one page: what each questionnaire measures, how it is scored, where its words come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pro.domain.questionnaire import Band, Missing, Questionnaire, Scale, english

HEAD = """\
# The questionnaires

Made by `pro questionnaires list --markdown`; a test holds this page to the files. Each row is the newest version; older ones
stay beside it. How a file is written: [questionnaires.md](questionnaires.md); how one is added:
[adding-a-questionnaire.md](adding-a-questionnaire.md). "Own" wording ships in full in English and French; wording with an
owner does not: until a site installs it there are short labels of ours under a banner, for demonstrations. Missing rule: how
many items a score needs; "the method's" is told at the head of the file. A range without an arrow has no better end.

| id | what it asks | items | scales: range, ↑ worse or better | missing rule | cut-offs | licence | wording |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""

WORSE = {"higher-worse": "↑ worse", "higher-better": "↑ better", "none": ""}
Group = tuple[Scale, tuple[str, ...]]


def page(newest: Sequence[Questionnaire]) -> str:
    """The whole page in Markdown, English, a row a questionnaire and its sources below."""
    rows = "".join(_row(each) for each in newest)
    sources = "".join(f"- `{each.id}`: {each.source.strip()}\n" for each in newest)
    return f"{HEAD}{rows}\n## Sources\n\n{sources}"


def _row(asked: Questionnaire) -> str:
    groups = _alike(asked.scales)
    cells = [
        f"`{asked.id}` {asked.version}",
        f"{english(asked.title)}; {english(asked.recall)}",
        _items(asked),
        _lines(f"{_names(keys)}: {_range(scale)}" for scale, keys in groups),
        _lines(missing_said(scale) for scale, _ in groups),
        _lines(cut_offs(scale.bands) for scale, _ in groups),
        asked.licence,
        "own" if asked.wording_owner is None else asked.wording_owner,
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def _alike(scales: Iterable[Scale]) -> list[Group]:
    """Scales of one range, direction, missing rule and cut-offs stand together."""
    found: dict[object, tuple[Scale, list[str]]] = {}
    for scale in scales:
        limits = tuple((band.label, band.up_to, band.below) for band in scale.bands)
        what = (scale.low, scale.high, scale.direction, scale.missing, scale.missing_or, limits)
        found.setdefault(what, (scale, []))[1].append(scale.key)
    return [(scale, tuple(keys)) for scale, keys in found.values()]


def _items(asked: Questionnaire) -> str:
    computed = all(item.result_of for item in asked.items)
    return f"{len(asked.items)}{', computed' if computed else ''}"


def _names(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _lines(parts: Iterable[str]) -> str:
    """One line for each group; one alone where all say the same."""
    each = list(parts)
    return each[0] if len(set(each)) == 1 else "<br>".join(each)


def _range(scale: Scale) -> str:
    if scale.low is None or scale.high is None:
        return "text"
    return f"{_plain(scale.low)} to {_plain(scale.high)} {WORSE[scale.direction]}".strip()


def missing_said(scale: Scale) -> str:
    named = _rule(scale.missing)
    return named if scale.missing_or is None else f"{named} (or {_rule(scale.missing_or)})"


def _rule(missing: Missing) -> str:
    if missing.rule == "at-least":
        return f"at least {missing.count}"
    return "the method's" if missing.rule == "rule-of-method" else missing.rule


def cut_offs(bands: Sequence[Band]) -> str:
    return "; ".join(_band(band) for band in bands) or "none"


def _band(band: Band) -> str:
    if band.below is not None:
        return f"{band.label} < {_plain(band.below)}"
    return band.label if band.up_to is None else f"{band.label} ≤ {_plain(band.up_to)}"


def _plain(number: Decimal) -> str:
    return f"{number:f}".replace("-", "−")
