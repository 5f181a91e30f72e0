"""An owner's text of a questionnaire in one language, laid over the short labels in our own words.

Only what is read changes: keys, kinds, codes, limits, branching and scales stay the questionnaire's own, and so do the
few words for tables (`short`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pro.domain.questionnaire import Item, Questionnaire, Text


class Owned(str):
    """An owner's words: pages show them letter by letter, where ours are typeset and may have emphasis."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ItemWords:
    """Empty where the item has no such text."""

    text: str
    help: str = ""
    low_label: str = ""
    high_label: str = ""
    unit: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Code → label."""


@dataclass(frozen=True, slots=True)
class Wording:
    questionnaire: str
    version: str
    language: str
    sha256: str
    """Of the bytes of the file that holds the text."""
    items: Mapping[str, ItemWords]
    title: str = ""
    recall: str = ""


def asked(questionnaire: Questionnaire) -> tuple[Item, ...]:
    """Items that somebody reads and answers: those an owner's text must hold, every one."""
    return tuple(item for item in questionnaire.items if item.result_of is None)


def fits(questionnaire: Questionnaire, wording: Wording) -> bool:
    """Whether the text is of this version and holds what each item needs; a draft may have changed under it."""
    if (wording.questionnaire, wording.version) != (questionnaire.id, questionnaire.version):
        return False
    items = asked(questionnaire)
    if wording.language not in questionnaire.languages or {item.key for item in items} != wording.items.keys():
        return False
    return all(_item_fits(item, wording.items[item.key]) for item in items)


def _item_fits(item: Item, words: ItemWords) -> bool:
    ends = [(item.low_label, words.low_label), (item.high_label, words.high_label), (item.unit, words.unit)]
    same_options = {option.code for option in item.options} == words.options.keys()
    return bool(words.text) and same_options and all(bool(ours) == bool(theirs) for ours, theirs in ends)


def lay_over(questionnaire: Questionnaire, wording: Wording) -> Questionnaire:
    """The questionnaire with the owner's text in that language. ValueError where the text does not fit it."""
    if not fits(questionnaire, wording):
        raise ValueError(f"the wording of {wording.questionnaire} {wording.version} does not fit its items")
    language = wording.language
    return replace(
        questionnaire,
        title=_with(questionnaire.title, language, wording.title),
        recall=_with(questionnaire.recall, language, wording.recall),
        items=tuple(_laid(item, wording.items.get(item.key), language) for item in questionnaire.items),
        wordings={**questionnaire.wordings, language: wording.sha256},
    )


def _laid(item: Item, words: ItemWords | None, language: str) -> Item:
    if words is None:
        return item
    options = tuple(
        replace(option, label=_with(option.label, language, words.options[option.code])) for option in item.options
    )
    return replace(
        item,
        text=_with(item.text, language, words.text),
        help=_help(item.help or dict.fromkeys(item.text, ""), language, words.help),
        low_label=item.low_label and _with(item.low_label, language, words.low_label),
        high_label=item.high_label and _with(item.high_label, language, words.high_label),
        unit=item.unit and _with(item.unit, language, words.unit),
        options=options,
    )


def _with(text: Text, language: str, owners: str) -> Text:
    return {**text, language: Owned(owners)} if owners else text


def _help(text: Text, language: str, owners: str) -> Text | None:
    """Ours never stands under an owner's question: without a line of theirs there is none, and none in another language."""
    laid = {**text, language: Owned(owners)}
    return laid if any(laid.values()) else None
