"""Reads plain YAML fast, with libyaml's parser; what it is not sure of it leaves to the thorough reader.

libyaml knows the syntax of YAML 1.1 and speaks of errors in its own words, so it is trusted only where the two
versions cannot differ: no directive, tag, anchor, tab or odd character, nothing refused. What plain words mean
is decided here, as YAML 1.2 has it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from yaml import CBaseLoader, YAMLError
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

Key = str | int
Place = tuple[Key, ...]
"""Where in a file: keys and list positions from the top."""

DEEPEST = 40
LONGEST_KEY = 100
ODD_TEXT = re.compile(
    r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"|[|>][-+0-9]*#|^%|^---|^\.\.\.",
    re.MULTILINE,
)
"""Characters and lines that the two parsers may take differently; `|#` libyaml takes for a text that begins here."""
WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ODD_NUMBER = re.compile(r"[-+]?[0-9._][-+0-9a-fA-Fxo_.]*|[-+]?\.(inf|Inf|INF|nan|NaN|NAN)|<<|=")
"""What may be a number written otherwise than plainly, or a word with a meaning."""
WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class NotSure(Exception):
    """Something that the thorough reader has to look at."""


def plain_document(text: str) -> tuple[dict[str, object], dict[Place, int]]:
    """The keys and values of a plain document, with the line of each place; raises NotSure."""
    if ODD_TEXT.search(text):
        raise NotSure
    try:
        reader = _Events(text)
        return reader.document(), reader.lines
    except YAMLError as error:
        raise NotSure from error


class _Events:
    def __init__(self, text: str) -> None:
        self.next = CBaseLoader(text).get_event
        self.lines: dict[Place, int] = {}

    def document(self) -> dict[str, object]:
        self.next()
        start, first = self.next(), self.next()
        if not isinstance(start, DocumentStartEvent) or not isinstance(first, MappingStartEvent):
            raise NotSure
        data = self.value(first, ())
        if not isinstance(self.next(), DocumentEndEvent) or not isinstance(self.next(), StreamEndEvent):
            raise NotSure
        assert isinstance(data, dict)
        return data

    def value(self, event: Event, place: Place) -> object:
        self.lines.setdefault(place, event.start_mark.line + 1)
        if event.anchor is not None or event.tag is not None or len(place) > DEEPEST:
            raise NotSure
        if isinstance(event, ScalarEvent):
            return _meant(event.value) if event.implicit[0] else event.value
        return self.mapping(place) if isinstance(event, MappingStartEvent) else self.sequence(place)

    def mapping(self, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := self.next(), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise NotSure
            key = event.value
            if key in values or key == "<<" or len(key) > LONGEST_KEY:
                raise NotSure
            within = (*place, key)
            self.lines[within] = event.start_mark.line + 1
            values[key] = self.value(self.next(), within)
        return values

    def sequence(self, place: Place) -> list[object]:
        values: list[object] = []
        while not isinstance(event := self.next(), SequenceEndEvent):
            values.append(self.value(event, (*place, len(values))))
        return values


def _meant(text: str) -> object:
    """What a word without quotes means."""
    if text in WORDS:
        return WORDS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return Decimal(text)
    if ODD_NUMBER.fullmatch(text) and not DAY.fullmatch(text):
        raise NotSure
    return text
