"""Reads one YAML file strictly and remembers the line of everything in it.

YAML 1.2 as people read it: `No` and `12:30` are text, a number is a number only when written plainly, and
what YAML offers beyond lists, keys and values (tags, anchors, merges) is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pro.library.plain_yaml import Key as Key
from pro.library.plain_yaml import NotSure, plain_document
from pro.library.plain_yaml import Place as Place


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    file: str
    line: int
    what: str
    """What is wrong and what would be right."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class Unreadable(Exception):
    """Files that do not hold together; each problem is one line `FILE:LINE: what is wrong and what is right`."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Document:
    """One file's content as plain values, with the line of each place."""

    name: str
    """How problems call the file."""
    sha256: str
    data: object
    lines: Mapping[Place, int]
    text: str = ""
    """The whole file as it was read."""

    def line(self, place: Place) -> int:
        """The line of the place, or of the nearest thing around it that is in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, place: Place, what: str) -> Problem:
        return Problem(self.name, self.line(place), what)


def sha256(content: bytes) -> str:
    """The hash a file is published under and a response records, of the file's bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def plain_path(path: Path) -> Path:
    """The path from the root of the file system, links left as they were typed."""
    return Path(os.path.abspath(path))


def shown_path(path: Path) -> str:
    """The path as a reader standing in the working directory would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def read(path: Path) -> Document:
    """The file's content; raises Unreadable with the line where reading stopped."""
    document, refused = look(path)
    if refused:
        raise Unreadable(refused)
    return document


def look(path: Path) -> tuple[Document, list[Problem]]:
    """What can be read of the file, and what was refused in it; raises Unreadable where nothing can be read."""
    name = shown_path(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        raise Unreadable([Problem(name, 1, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable([Problem(name, line, "is not UTF-8 text; save the file as UTF-8")]) from None
    parsed = _parsed(text)
    refused = [Problem(name, line, what) for line, what in parsed.refused]
    if parsed.data is None:
        raise Unreadable(refused)
    return Document(name, sha256(content), parsed.data, parsed.lines, text), refused


@dataclass(frozen=True, slots=True)
class _Parsed:
    data: object
    lines: Mapping[Place, int]
    refused: tuple[tuple[int, str], ...]


@lru_cache(maxsize=128)
def _parsed(text: str) -> _Parsed:
    """Kept by content, because reading YAML is most of the cost of loading a library again."""
    try:
        data, lines = plain_document(text)
    except NotSure:
        return _thoroughly(text)
    return _Parsed(data, lines, ())


def _thoroughly(text: str) -> _Parsed:
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(part) for part in (error.context, error.problem) if part)
        return _unparsed(mark.line + 1 if mark is not None else 1, f"is not YAML here: {said}")
    except (YAMLError, RecursionError) as error:
        return _unparsed(1, f"is not YAML: {error}")
    if not isinstance(node, MappingNode):
        return _unparsed(1, "must hold keys and values, starting with `id:`")
    reader = _Reader()
    data = reader.value(node, ())
    return _Parsed(data, reader.lines, tuple(reader.refused))


def _unparsed(line: int, what: str) -> _Parsed:
    return _Parsed(None, {}, ((line, " ".join(what.split())),))


class _Reader:
    """Turns nodes into plain values, noting lines and collecting what is refused."""

    def __init__(self) -> None:
        self.lines: dict[Place, int] = {}
        self.refused: list[tuple[int, str]] = []

    def value(self, node: Node, place: Place) -> object:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node.anchor is not None:
            self._refuse(node, "anchors and aliases (`&`, `*`) are not read; write the value out")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.value(part, (*place, i)) for i, part in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if not isinstance(key_node, ScalarNode) or key == "<<":
                self._refuse(key_node, "a key must be one plain word")
            elif key in values:
                first = self.lines[(*place, key)]
                self._refuse(key_node, f"`{key}` stands here twice (first on line {first}); keep one")
            else:
                self.lines[(*place, key)] = key_node.start_mark.line + 1
                values[key] = self.value(value_node, (*place, key))
        return values

    def _scalar(self, node: Node) -> object:
        kind = str(node.tag).rpartition(":")[2]
        text = str(node.value)
        if kind in ("str", "timestamp"):
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int" and re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            return int(text)
        if kind == "float" and re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
            return Decimal(text)
        if kind in ("int", "float"):
            self._refuse(node, f"write the number plainly (such as 12 or 0.5), or quote it as text: {text}")
        else:
            self._refuse(node, f"tags are not read ({node.tag}); write the value plainly")
        return None

    def _refuse(self, node: Node, what: str) -> None:
        self.refused.append((node.start_mark.line + 1, what))
