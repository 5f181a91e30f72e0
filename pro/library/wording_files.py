"""An owner's text from a site's own file: read strictly, held against the item list, and the empty file to fill in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from pro.domain.questionnaire import Item, Kind, Questionnaire, english
from pro.domain.wording import ItemWords, Wording, asked
from pro.library.files import Document, Place, Problem, Unreadable, look, plain_path, shown_path
from pro.library.readable import unreadable
from pro.library.wording import Findings

TOP = ("questionnaire", "version", "language", "licence", "title", "recall", "items")
LICENCE = ("permission", "date", "reference")
ENDS = ("low_label", "high_label", "unit")
FREE = ("title", "recall", "help")
"""What an owner's text may go without."""
MOST_BYTES = 1_000_000
MOST_UNKNOWN, MOST_PROBLEMS = 20, 200
"""Unknown keys of one place, and problems in all, that are told one by one."""
FIRST_YEAR = 1900
WORDS = ("text", "help", *ENDS, "options")


@dataclass(frozen=True, slots=True)
class OwnersText:
    """One file, read and checked."""

    wording: Wording
    licence: Mapping[str, str]
    """Who gave leave, when, and what says so."""
    content: str
    """The file as it was read."""


def read_wording(path: Path, questionnaire: Questionnaire, language: str, today: date | None = None) -> OwnersText:
    """The owner's text for that language; raises Unreadable with every problem, each on its line.

    Leave that is dated after `today` is refused where `today` is given.
    """
    _refuse_large(plain_path(path))
    document, refused = look(plain_path(path))
    reader = _Reader(document, questionnaire, language, today)
    wording, licence = reader.read()
    problems = sorted({*refused, *reader.findings.problems})
    if len(problems) > MOST_PROBLEMS:
        more = f"and {len(problems) - MOST_PROBLEMS} more problems; is this the right file?"
        problems = [*problems[:MOST_PROBLEMS], Problem(problems[-1].file, problems[-1].line, more)]
    if problems:
        raise Unreadable(problems)
    return OwnersText(wording, licence, document.text)


def _refuse_large(path: Path) -> None:
    """Before it is read; what is not there is told by the reader."""
    size = path.stat().st_size if path.is_file() else 0
    if size > MOST_BYTES:
        said = f"has {size} bytes; a questionnaire's text has at most {MOST_BYTES}"
        raise Unreadable([Problem(shown_path(path), 1, said)])


class _Reader:
    def __init__(
        self, document: Document, questionnaire: Questionnaire, language: str, today: date | None = None
    ) -> None:
        self.findings = Findings(document)
        self.document, self.questionnaire, self.language = document, questionnaire, language
        self.today = today

    def read(self) -> tuple[Wording, Mapping[str, str]]:
        top = self._keys((), self.document.data, TOP, optional=FREE)
        self._identity(top)
        licence = self._licence(top.get("licence"))
        wording = Wording(
            questionnaire=self.questionnaire.id,
            version=self.questionnaire.version,
            language=self.language,
            sha256=self.document.sha256,
            title=self._text(("title",), top["title"]) if "title" in top else "",
            recall=self._text(("recall",), top["recall"]) if "recall" in top else "",
            items=self._items(top.get("items")),
        )
        return wording, licence

    def _keys(
        self, place: Place, given: object, known: Sequence[str], optional: Sequence[str] = ()
    ) -> dict[str, object]:
        """The keys there, the unknown ones refused and the missing ones named."""
        if not isinstance(given, dict):
            self.findings.add(place, f"{_name(place)}holds keys and values: {', '.join(known)}")
            return {}
        self._unknown(place, given, known, lambda key: f"unknown key {_quoted(key)}; {_meant(key, known)}")
        for key in known:
            if key not in given and key not in optional:
                self.findings.add(place, f"{_name(place)}`{key}:` is missing here")
        return {key: value for key, value in given.items() if key in known}

    def _unknown(
        self, place: Place, given: Mapping[str, object], known: Collection[str], said: Callable[[str], str]
    ) -> None:
        """The first of them one by one, for looking for what was meant takes long; then how many more."""
        strange = (key for key in given if key not in known)
        for key in islice(strange, MOST_UNKNOWN):
            self.findings.add((*place, key), said(key))
        if more := list(strange):
            self.findings.add((*place, more[0]), f"and {len(more)} more keys that are not known here")

    def _identity(self, top: Mapping[str, object]) -> None:
        wanted = {
            "questionnaire": self.questionnaire.id,
            "version": self.questionnaire.version,
            "language": self.language,
        }
        for key, right in wanted.items():
            given = top.get(key, right)
            if given == right:
                continue
            mend = f'put it in quotes: "{given}"' if str(given) == right else f"this file is read for {right!r}"
            self.findings.add((key,), f"{key}: {_shown(given)} is not {right!r}; {mend}")

    def _licence(self, given: object) -> Mapping[str, str]:
        if given is None:
            given = dict.fromkeys(LICENCE)
        note = self._keys(("licence",), given, LICENCE)
        said = {key: self._text(("licence", key), value) for key, value in note.items()}
        if said.get("date"):
            self._licence_day(said["date"])
        return said

    def _licence_day(self, given: str) -> None:
        place = ("licence", "date")
        try:
            day = date.fromisoformat(given)
        except ValueError:
            self.findings.add(place, f"date: {given!r} is no day; write it as 2026-03-02")
            return
        if day.year < FIRST_YEAR or (self.today is not None and day > self.today):
            until = f" and not after today, {self.today}" if self.today else ""
            self.findings.add(place, f"date: {given} cannot be; leave is dated after {FIRST_YEAR}{until}")

    def _text(self, place: Place, given: object) -> str:
        if given is None or (isinstance(given, str) and not given.strip()):
            mend = ", or take the line out" if place[-1] in FREE else ""
            self.findings.add(place, f"{_path(place)} is empty; write it in quotes{mend}")
        elif isinstance(given, dict | list):
            self.findings.add(place, f"{_path(place)} must be one text in quotes")
        elif not isinstance(given, str):
            self.findings.add(place, f'{_path(place)} must be text; put it in quotes, as in "1"')
        elif wrong := unreadable(given.strip()):
            self.findings.add(place, f"{_path(place)} {wrong}")
        else:
            return given.strip()
        return ""

    def _items(self, given: object) -> dict[str, ItemWords]:
        items = {item.key: item for item in asked(self.questionnaire)}
        if not isinstance(given, dict):
            if given is not None or "items" in _keys_of(self.document.data):
                self.findings.add(("items",), f"items holds a key for each of {', '.join(items)}")
            return {}
        which = f"in {self.questionnaire.id} {self.questionnaire.version}"
        self._unknown(
            ("items",),
            given,
            items,
            lambda key: f"there is no item {_quoted(key)} {which}; {_meant(key, list(items))}",
        )
        for key, item in items.items():
            if key not in given:
                self.findings.add(("items",), f"item `{key}` ({_ours(item.short, self.language)}) is missing")
        return {key: self._item(items[key], value) for key, value in given.items() if key in items}

    def _item(self, item: Item, given: object) -> ItemWords:
        place = ("items", item.key)
        wanted = [name for name in ENDS if getattr(item, name) is not None] + ["options"] * bool(item.options)
        if not isinstance(given, dict):
            self.findings.add(place, f"{item.key} holds keys and values: {', '.join(['text', *wanted])}")
            return ItemWords("")
        none = f"{item.key} is {item.kind} and has none; take it out"
        self._unknown(
            place,
            given,
            ("text", "help", *wanted),
            lambda key: f"{_quoted(key)} does not belong here: {none if key in WORDS else _meant(key, WORDS)}",
        )
        for key in ("text", *wanted):
            if key not in given:
                self.findings.add(place, f"{item.key}: `{key}:` is missing{_whose(item, key, self.language)}")
        texts = {
            name: self._text((*place, name), given[name])
            for name in ("text", "help", *ENDS)
            if name in given and name in ("text", "help", *wanted)
        }
        options = self._options(item, given["options"]) if item.options and "options" in given else {}
        return ItemWords(**{"text": "", **texts}, options=options)

    def _options(self, item: Item, given: object) -> dict[str, str]:
        place = ("items", item.key, "options")
        codes = [option.code for option in item.options]
        if not isinstance(given, dict):
            self.findings.add(place, f"{item.key}: options holds a label for each of {', '.join(codes)}")
            return {}
        missing = [code for code in codes if code not in given]
        if missing:
            held = len(codes) - len(missing)
            said = f"{item.key} has {len(codes)} options and {held} of them are here; missing: {', '.join(missing)}"
            self.findings.add(place, said)
        self._unknown(place, given, codes, lambda code: f"{item.key} has no option {code!r}; it has {', '.join(codes)}")
        return {code: self._text((*place, code), label) for code, label in given.items() if code in codes}


def _quoted(key: str) -> str:
    return f"`{key if key.isprintable() else ascii(key)[1:-1]}`"


def _keys_of(data: object) -> Mapping[str, object]:
    return data if isinstance(data, dict) else {}


def _name(place: Place) -> str:
    return f"{place[-1]}: " if place else ""


def _path(place: Place) -> str:
    return ".".join(str(part) for part in place if part != "items")


def _shown(given: object) -> str:
    return "nothing" if given is None else repr(given)


def _meant(key: str, known: Sequence[str]) -> str:
    near = get_close_matches(key, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"


def _whose(item: Item, key: str, language: str) -> str:
    end = {"low_label": item.low, "high_label": item.high}.get(key)
    ours = getattr(item, key, None)
    if key not in ENDS or not ours:
        return ""
    at = f", the words at {end}" if end is not None else ""
    return f"{at} (ours: {_ours(ours, language)})"


# --- the empty file


def template(questionnaire: Questionnaire, language: str) -> str:
    """A file to fill in: every key and option, with our short labels as remarks. Unfilled it is refused."""
    items = asked(questionnaire)
    head = [
        f"# The owner's text of {questionnaire.id} {questionnaire.version} in the language {language!r}.",
        f"# Owner: {_line(questionnaire.wording_owner or '')}. Ask: {_line(questionnaire.wording_ask or '')}",
        '# Write each text between its quotes, word for word as the owner gives it; a double quote inside is written \\".',
        "# What stands after # are our own short labels, to find the way; they are not read.",
        f"# Then: pro questionnaires wording {questionnaire.id} --language {language} --version {questionnaire.version} FILE",
        f"questionnaire: {questionnaire.id}",
        f'version: "{questionnaire.version}"',
        f"language: {language}",
        "licence:",
        '  permission: ""  # who gave leave, to whom, for what use',
        '  date: ""  # of the leave, as in "2026-03-02"',
        '  reference: ""  # the letter, contract or number that says so',
        f'# title: ""  # take the first # away to use it; ours: {_ours(questionnaire.title, language)}',
        f'# recall: ""  # ours: {_ours(questionnaire.recall, language)}',
        "items:",
    ]
    body = [line for n, item in enumerate(items, 1) for line in _item_lines(item, language, f"{n} of {len(items)}")]
    return "\n".join([*head, *body]) + "\n"


def _item_lines(item: Item, language: str, where: str) -> list[str]:
    limits = f" {item.low} to {item.high}" if item.kind in (Kind.RATING, Kind.VAS) else ""
    lines = [
        f"  {item.key}:  # {where}, {item.kind}{limits}: {_ours(item.short, language)}",
        f'    text: ""  # {_ours(item.text, language)}',
        '    # help: ""  # a line under the question, where the owner has one',
    ]
    lines += [
        f'    {name}: ""  # {_ours(getattr(item, name), language)}' for name in ENDS if getattr(item, name) is not None
    ]
    if item.options:
        lines.append("    options:")
        lines += [f'      "{option.code}": ""  # {_ours(option.label, language)}' for option in item.options]
    return lines


def _ours(text: Mapping[str, str], language: str) -> str:
    return _line(text.get(language) or english(text))


def _line(text: str) -> str:
    return " ".join(text.split())
