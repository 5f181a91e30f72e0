"""Checks shared by questionnaires and protocols: wording in every language, and where a file stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pro.library.files import Document, Place, Problem

LANGUAGES = ("en", "fr")
"""The languages the pages speak; wording in another could not be shown."""

WORD = r"[a-z][a-z0-9]*([_-][a-z0-9]+)*"


class Findings:
    """Collects the problems of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        """What is allowed and worth a second look."""
        self.doubtful: list[Place] = []
        """Where nothing could be read: what else seems wrong there, or beside it, may come from that alone."""

    def add(self, place: Place, what: str) -> None:
        if not self.in_doubt(place):
            self.problems.append(self.document.problem(place, what))

    def unread(self, place: Place, what: str) -> None:
        """A problem, and what else is said of the same place is left out."""
        self.add(place, what)
        self.doubtful.append(place)

    def in_doubt(self, place: Place) -> bool:
        """Whether what could not be read stands at this place, around it, within it or in the same keys."""
        for each in self.doubtful:
            beside = len(place) > 1 and isinstance(place[-1], str) and each[:-1] == place[:-1]
            if beside or each[: len(place)] == place or place[: len(each)] == each:
                return True
        return False

    def warn(self, place: Place, what: str) -> None:
        self.warnings.append(self.document.problem(place, what))

    def languages(self, given: Sequence[str]) -> None:
        """Refuses languages the pages do not speak, none, or one twice."""
        for i, language in enumerate(given):
            if language not in LANGUAGES:
                known = ", ".join(LANGUAGES)
                self.add(("languages", i), f"unknown language {language!r}; the pages speak {known}")
        self.unique(("languages",), given, "language")
        if not given:
            self.add(("languages",), "names no language; write [en, fr]")

    def wordings(self, data: object, languages: Sequence[str], place: Place = ()) -> None:
        """Walks the whole document and holds every wording in it to the languages."""
        if isinstance(data, dict):
            if place and place[-1] in WORDINGS:
                self._wording(data, languages, place)
            else:
                for key, value in data.items():
                    self.wordings(value, languages, (*place, key))
        elif isinstance(data, list):
            for i, value in enumerate(data):
                self.wordings(value, languages, (*place, i))

    def _wording(self, data: dict[str, object], languages: Sequence[str], place: Place) -> None:
        for language in languages:
            if not str(data.get(language) or "").strip():
                self.add(place, f"`{place[-1]}` has no wording in {language!r}; add a line `{language}:`")
        for language in data.keys() - set(languages):
            self.add((*place, language), f"{language!r} is not among the file's languages; add it there or take it out")

    def unique(self, place: Place, names: Sequence[str], what: str, key: str | None = None) -> None:
        """Refuses a name given twice, at the second place it stands."""
        for i, name in enumerate(names):
            if name in names[:i]:
                where = (*place, i) if key is None else (*place, i, key)
                self.add(where, f"{what} {name!r} stands here twice; each needs its own name")

    def words(self, place: Place, names: Iterable[str], key: str) -> None:
        """Refuses names that are not one plain lower-case word."""
        for i, name in enumerate(names):
            if not re.fullmatch(WORD, name):
                self.add((*place, i, key), f"{name!r} must be lower-case letters, digits and _ or -")

    def identity(self, id_: str, version: str, path: Path, room: Path | None) -> None:
        """Refuses an id or version that is not one, or that the file's path under `room` contradicts."""
        if not re.fullmatch(WORD, id_):
            self.add(("id",), f"{id_!r} must be lower-case letters, digits and -")
        if not re.fullmatch(r"[1-9][0-9]*", version):
            self.add(("version",), f'{version!r} must be a counting number in quotes, such as "1"')
        if room is None:
            return
        if path.parent.parent != room or path.parent.name != id_:
            self.add(("id",), f"the folder is {path.parent.name!r} and the id {id_!r}; make them agree")
        if path.stem != version:
            self.add(("version",), f"the file is {path.name!r} and the version {version!r}; make them agree")


WORDINGS = frozenset(
    {"text", "short", "help", "label", "low_label", "high_label", "unit", "title", "recall", "notice", "advice"}
)
"""Keys whose value is a wording: one text for each language."""


def one_of(names: Iterable[str]) -> str:
    return ", ".join(names)
