"""A questionnaire file as text: the plain values of `questionnaires.py` written as YAML that reads back the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

_PLAIN = re.compile(r"[^\W\d_][\w'()./+-]*( [\w'()./+-]+)*")
_PLAIN_LINE = re.compile(r"[^\W\d_][\w'()./+,;?!%-]*([ \u00a0][\w'()./+,;?!%-]+)*")
"""What needs no quotes inside brackets, and what needs none on a line of its own."""
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Left in quotes although YAML 1.2 reads some of them as text: other readers do not."""

_WIDTH = 110


def yaml_text(data: Mapping[str, object]) -> str:
    """The document, a blank line between the entries of its long lists."""
    lines: list[str] = []
    for key, value in data.items():
        lines += _entry(key, value, "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: object, indent: str) -> list[str]:
    name = f"{indent}{_scalar(key)}:"
    if not isinstance(value, Mapping | list):
        return [f"{name} {_scalar(value, _PLAIN_LINE)}"]
    short = _flow(value)
    if not value or _fits(f"{name} {short}", value):
        return [f"{name} {short}"]
    if isinstance(value, Mapping):
        return [name, *(line for part, each in value.items() for line in _entry(str(part), each, f"{indent}  "))]
    if any(isinstance(each, Mapping | list) for each in value):
        return [name, *_items(value, f"{indent}  ")]
    return _broken(name, [_scalar(each) for each in value])


def _broken(name: str, words: list[str]) -> list[str]:
    """A long list of words over several lines, in brackets."""
    lines = [f"{name} ["]
    for i, word in enumerate(words):
        piece = f"{word}," if i < len(words) - 1 else f"{word}]"
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append(" " * len(name) + " ")
        lines[-1] += piece if lines[-1].endswith(("[", "  ")) else f" {piece}"
    return lines


def _items(values: Sequence[object], indent: str) -> list[str]:
    lines: list[str] = []
    for i, value in enumerate(values):
        short = f"{indent}- {_flow(value)}"
        if not isinstance(value, Mapping) or _fits(short, value):
            lines.append(short)
            continue
        inner = [line for key, each in value.items() for line in _entry(str(key), each, f"{indent}  ")]
        lines += [*([""] if i and len(indent) == 2 else []), f"{indent}- {inner[0].lstrip()}", *inner[1:]]
    return lines


def _fits(line: str, value: object) -> bool:
    """Whether the value may stand on the key's own line: short, and nothing long inside it."""
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    nested = any(isinstance(part, Mapping) and isinstance(value, list) for part in parts)
    return len(line) <= _WIDTH and not nested


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: object, plain: re.Pattern[str] = _PLAIN) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case _:
            return _text(str(value), plain)


def _text(text: str, plain: re.Pattern[str]) -> str:
    if plain.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable() or char == "\u00a0":
        return char
    return "\\n" if char == "\n" else f"\\U{ord(char):08x}"
