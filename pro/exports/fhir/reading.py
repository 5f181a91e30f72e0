"""A FHIR R4 `Questionnaire`, ours or anybody's, as a draft of our file, with a line for whatever could not be carried."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pro.exports.fhir import names
from pro.exports.fhir.elements import Element, NotAQuestionnaire, Wording, depth
from pro.exports.fhir.reading_items import Items
from pro.exports.fhir.reading_options import contained_options
from pro.exports.fhir.reading_words import word
from pro.exports.fhir.scoring import scales_data
from pro.library.wording import LANGUAGES

MOST_DEPTH = 60
"""Lists and objects inside one another; real questionnaires have a dozen."""

_SILENT = frozenset({"resourceType", "text", "meta", "date", "name", "experimental", "subjectType", "url", "status"})
"""About the FHIR file itself and not about what is asked, so that nothing of the questionnaire is lost with them."""


@dataclass(frozen=True, slots=True)
class Draft:
    id: str
    data: dict[str, Any]
    """The questionnaire as its file has it, version 1 unless the resource says another."""
    notes: tuple[str, ...]
    """What could not be carried or had to be assumed, a line each."""


def draft_of(content: bytes, id_: str | None = None) -> Draft:
    """The draft of a resource's JSON; raises NotAQuestionnaire where it is none."""
    root = Element(_parsed(content), "Questionnaire")
    kind = root.take("resourceType", str)
    if kind != "Questionnaire":
        raise NotAQuestionnaire(f"resourceType is {kind!r}; only a Questionnaire can be imported")
    return _Reader(root, id_).draft()


def _parsed(content: bytes) -> object:
    try:
        raw = json.loads(content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise NotAQuestionnaire("is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise NotAQuestionnaire(f"is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise NotAQuestionnaire("must hold one JSON object, a FHIR resource")
    if depth(raw) > MOST_DEPTH:
        raise NotAQuestionnaire(f"nests deeper than {MOST_DEPTH} lists and objects; that is no questionnaire")
    return raw


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


class _Reader:
    def __init__(self, root: Element, id_: str | None) -> None:
        self.root = root
        self.notes: list[str] = []
        self.main = self._main()
        self.ours = any(each.raw.get("url") == names.RECALL for each in root.every_extension())
        self.id = self._id(id_)

    def draft(self) -> Draft:
        root, main = self.root, self.main
        title = root.wording("title", main)
        recall = root.wording_of(names.RECALL)
        minutes = root.number_of(names.MINUTES)
        source, licence, wording = self._source(), self._licence(), self._wording()
        scoring = root.extension(names.SCORING)
        scales = [] if scoring is None else scales_data(scoring)
        version = self._version()
        items = Items(self.notes, main, contained_options(root)).read(root.children("item"))
        if not title:
            self.notes.append("there is no title; the id stands for it")
        if scoring is None and not self.ours:
            self.notes.append("there is no scoring that this project can read; write scales: and their worked examples")
        if recall is None:
            self.notes.append("the recall period is not said; write recall:")
        if minutes is None:
            self.notes.append(
                f"how long it takes is not said; {_minutes(items)} minutes are assumed from the questions"
            )
        data: dict[str, Any] = {
            "id": self.id,
            "version": version,
            "languages": [],
            "title": title or {main: self.id},
            "recall": recall or {main: "not said"},
            "minutes": _minutes(items) if minutes is None else minutes,
            "source": source,
            "licence": licence,
            **({} if wording is None else {"wording": wording}),
            "items": items,
            **({"scales": scales} if scales else {}),
        }
        self._languages(data)
        self.notes += [f"{each} is not carried" for each in root.left() if each not in _SILENT]
        return Draft(self.id, data, tuple(_line(note) for note in self.notes))

    # --- language

    def _main(self) -> str:
        language = self.root.take("language", str)
        if language is None:
            self.notes.append("its language is not said; English is assumed")
            return "en"
        return language

    def _languages(self, data: dict[str, Any]) -> None:
        """The languages that the pages speak, and lines for the others and for what a language lacks."""
        found = _wordings(data)
        spoken = {_base(language) for _, wording in found for language in wording}
        kept = [language for language in (_base(self.main), *LANGUAGES) if language in LANGUAGES and language in spoken]
        data["languages"] = list(dict.fromkeys(kept)) or ["en"]
        for language in sorted(spoken - set(LANGUAGES)):
            done = "is not carried" if kept else "stands in the draft, to be replaced"
            self.notes.append(f"wording in {language!r} {done}; the pages speak {', '.join(LANGUAGES)}")
        for place, wording in found:
            if kept:
                _keep(wording, data["languages"])
            for language in data["languages"]:
                if language not in wording:
                    self.notes.append(f"{place} has no wording in {language!r}; write it, or take the language out")

    # --- about the whole

    def _id(self, named: str | None) -> str:
        identifiers = self.root.children("identifier")
        ours = [each for each in identifiers if each.raw.get("system") == names.ID_SYSTEM]
        self.notes += [f"{each.place} is not carried" for each in identifiers if each not in ours]
        if named is not None:
            return named
        address = self.root.raw.get("url")
        tail = re.split(r"[/:|]", address)[-1] if isinstance(address, str) else None
        given = next((each.raw.get("value") for each in ours), None) or self.root.raw.get("id") or tail
        id_ = word(str(given or "")) or "imported"
        if not ours:
            self.notes.append(f"the id {id_!r} is made from its address; --id names another")
        return id_

    def _version(self) -> str:
        version = self.root.take("version", str)
        if version is None or not re.fullmatch(r"[1-9][0-9]*", version):
            if version is not None:
                self.notes.append(f"version {version!r} is not carried; ours are counting numbers, so this is 1")
            return "1"
        return version

    def _source(self) -> str:
        told = self.root.text_of(names.SOURCE)
        if told is not None:
            return told
        address = self.root.raw.get("url")
        return (
            f"Imported from FHIR: {address}" if isinstance(address, str) else "Imported from FHIR; not said from where"
        )

    def _licence(self) -> str:
        licence, rights = self.root.text_of(names.LICENCE), self.root.take("copyright", str)
        if licence is not None:
            return licence
        if rights is None:
            self.notes.append("the licence is not said; find it out before anybody is asked this")
        return rights or "not said"

    def _wording(self) -> dict[str, str] | None:
        """Whose wording it is. Ours says so; of anybody else's nobody may assume that it is free."""
        owner = self.root.extension(names.WORDING)
        if self.root.extension(names.INSTALLED) is not None:
            self.notes.append(
                "the texts are the owner's, as a site installed them: put labels of your own in their place"
            )
        if owner is not None:
            return {"owner": owner.text_of("owner") or "not said", "ask": owner.text_of("ask") or "not said"}
        publisher = self.root.take("publisher", str)
        if self.ours:
            return None
        self.notes.append(
            "whose wording this is must be settled: until wording: is taken out it counts as somebody else's"
        )
        return {"owner": publisher or "not said", "ask": publisher or "not said"}


def _line(note: str) -> str:
    """What others wrote may hold line ends and worse; a note is one plain line."""
    return "".join(char if char.isprintable() else " " for char in note)


def _minutes(items: list[dict[str, Any]]) -> Decimal:
    """Four questions a minute."""
    return Decimal(max(1, -(-len(items) // 4)))


def _base(language: str) -> str:
    return language.partition("-")[0].lower()


def _keep(wording: Wording, languages: list[str]) -> None:
    """Only those languages, `fr-FR` as `fr`, in the file's order."""
    by_base: Wording = {}
    for language, text in wording.items():
        by_base.setdefault(_base(language), text)
    wording.clear()
    wording.update({language: by_base[language] for language in languages if language in by_base})


_WORDED = frozenset({"title", "recall", "text", "short", "help", "label", "unit", "low_label", "high_label"})


def _wordings(data: object, place: tuple[str, ...] = (), field: str = "") -> list[tuple[str, Wording]]:
    """Every wording in the draft, with where it stands in words."""
    if isinstance(data, dict) and field in _WORDED:
        return [(" ".join((*place, field)), data)]
    if isinstance(data, dict):
        named = str(data.get("key") or data.get("code") or data.get("label") or "")
        inner = (*place, named) if named else place
        return [each for key, part in data.items() for each in _wordings(part, inner, key)]
    if isinstance(data, list):
        return [each for part in data for each in _wordings(part, place)]
    return []
