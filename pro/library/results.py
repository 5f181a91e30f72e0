"""Whether what an item is `from:` exists: the questionnaire, its scale or item, with values that the item takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pro.domain.answers import NUMBERS
from pro.domain.questionnaire import Item, Questionnaire, ResultOf, Scale
from pro.library.files import Place, Unreadable, read
from pro.library.wording import Findings, one_of

Known = Mapping[tuple[str, str], Questionnaire]


def check_results(questionnaire: Questionnaire, path: Path, known: Known) -> None:
    """Holds every `from:` of the file at `path` to the newest version of what it names; raises Unreadable."""
    asked = [(i, item, item.result_of) for i, item in enumerate(questionnaire.items) if item.result_of is not None]
    if not asked:
        return
    findings = Findings(read(path))
    for i, item, result in asked:
        _check_result(findings, item, result, known, ("items", i, "from"))
    if findings.problems:
        raise Unreadable(findings.problems)


def _check_result(findings: Findings, item: Item, result: ResultOf, known: Known, place: Place) -> None:
    versions = [each for each in known.values() if each.id == result.questionnaire]
    if not versions:
        ids = one_of(sorted({id_ for id_, _ in known}))
        findings.add((*place, "questionnaire"), f"there is no questionnaire {result.questionnaire!r}; there are {ids}")
        return
    newest = max(versions, key=lambda each: int(each.version))
    word = "scale" if result.scales else "item"
    there = newest.scales if result.scales else newest.items
    sources: Mapping[str, Item | Scale] = {each.key: each for each in there}
    for key in result.scales or (result.item or "",):
        if key not in sources:
            what = f"{newest.id} {newest.version} has no {word} {key!r}; there are {one_of(sources)}"
            findings.add((*place, word), what)
        elif not _fits(item, sources[key]):
            findings.add(
                (*place, word), f"{key} has values that {item.key} refuses; make kind, low, high and decimals fit"
            )


def _fits(item: Item, source: Item | Scale) -> bool:
    """Whether the item takes whatever the source gives; what it refused would be lost."""
    if isinstance(source, Item) and (item.kind not in NUMBERS or source.kind not in NUMBERS):
        return item.kind is source.kind and item.options == source.options and item.joints == source.joints
    if isinstance(source, Item) and source.decimals > item.decimals:
        return False
    if item.low is None or item.high is None or source.low is None or source.high is None:
        return item.kind in NUMBERS
    return item.low <= source.low and source.high <= item.high
