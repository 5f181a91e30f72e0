"""The fast reader of plain YAML says what the thorough one says, line by line, or leaves the document to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pro.library.files import _thoroughly
from pro.library.plain_yaml import NotSure, plain_document

LIBRARY = sorted(Path("questionnaires").rglob("*.yaml"))


def read_alike(text: str) -> bool:
    """Whether the fast reader read it, in which case the thorough one has to agree."""
    try:
        data, lines = plain_document(text)
    except NotSure:
        return False
    thorough = _thoroughly(text)
    assert not thorough.refused, text
    assert repr(data) == repr(thorough.data), text
    assert lines == thorough.lines, text
    return True


@pytest.mark.parametrize("path", LIBRARY, ids=str)
def test_every_file_of_the_library_is_plain(path: Path) -> None:
    assert read_alike(path.read_text(encoding="utf-8"))


PLAIN = [
    "a: No\nb: 12:30\nc: yes\nd: off\n",
    "a: true\nb: FALSE\nc: ~\nd:\ne: null\n",
    "a: 12\nb: -0.50\nc: 2026-03-01\nd: '12'\n",
    "a: >-\n  one\n  two\n\n  three\nb: |+\n  x\n\nc: |2\n   y\n",
    "a: one\n  two\n\n  three\nb: 'it''s'\nc: \"\\u00e9\\n\\\n  x\\/\"\n",
    "a: {b: [1, {c: 2.5}], 'd': \"e\", f: , g: [,\n]}\n".replace("[,\n]", "[\n]"),
    "a:\n- 1\n-\n- - 2\n  - b: 3\n    c: 4\n# end\n",
    "a: http://x/#y # z\nb: \U0001f600 é\n",
]
LEFT = {
    "a directive": "%YAML 1.1\n---\na: No\n",
    "a document mark": "---\na: 1\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a tab": "a:\tb\n",
    "CR LF": "a: 1\r\nb: 2\r\n",
    "a BOM": "\ufeffa: 1\n",
    "NUL": "a: b\0\n",
    "NEL": "a: b\x85c: d\n",
    "a line separator": "a: b\u2028c: d\n",
    "a tag": "a: !!str 1\n",
    "no tag": "a: ! 1\n",
    "a tag on a key": "!!str a: 1\n",
    "an anchor": "a: &x 1\n",
    "an alias": "a: *x\n",
    "an anchor on a key": "&x a: 1\n",
    "a merge": "<<: {a: 1}\n",
    "a key twice": "a: 1\na: 2\n",
    "a key that is a list": "? [a]\n: 1\n",
    "an octal": "a: 0o17\n",
    "a leading zero": "a: 017\n",
    "hexadecimal": "a: 0x1f\n",
    "an exponent": "a: 1e3\n",
    "underscores": "a: 1_000\n",
    "a plus": "a: +1\n",
    "a bare point": "a: 1.\n",
    "infinity": "a: -.inf\n",
    "no number": "a: .nan\n",
    "a value sign": "a: =\n",
    "a comment against a block": "a: |#\n  b\n",
    "a list": "- a\n",
    "a word": "a\n",
    "nothing": "",
    "deep nesting": "a: " + "[" * 60 + "]" * 60 + "\n",
    "an open bracket": "a: [1\n",
    "an open quote": "a: 'b\n",
    "a long key": f"{'k' * 2000}: 1\n",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_documents_are_read_fast_and_alike(text: str) -> None:
    assert read_alike(text)


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_the_two_parsers_may_take_differently_is_left_to_the_thorough_one(text: str) -> None:
    with pytest.raises(NotSure):
        plain_document(text)


PARTS = (
    *("a: ", "b:", "c: 1\n", "- ", "  ", "\n", "\n  ", "\n    ", "'", '"', "#", " #", "|", "|\n", "|-\n   x\n", ">\n"),
    *(">-\n", "|2\n", ">+\n", "{", "}", "[", "]", ",", ", ", ":", ": ", "? ", "?", "!", "&", "*", "%", "@", "`", "="),
    *(
        "<<",
        "~",
        "null",
        "No",
        "12:30",
        "1.",
        "0.5",
        "1e3",
        "0x1f",
        "07",
        "-3",
        "+3",
        ".inf",
        "-.5",
        "1_000",
        "é",
        "\t",
    ),
    *(
        "\xa0",
        "\\",
        '"\\x41"',
        '"\\/"',
        '"\\_\\N"',
        '"a\\\n  b"',
        "'it''s'",
        "x y",
        "-",
        "--",
        "---",
        "...",
        "- a: 1\n",
    ),
    *("{a: 1, b: [2]}", "{a, b}", "[a: b]", '{"a":1}', "{a:1}", "a#b", "http://x", "2026-01-01", "{? a : b}", "[a,]"),
    *("{a: }", "{: b}", "[:a]", "[a:]", "{a: b:c}", "[-]", "\r", "\x85", "\u2028", "\ufeff", "true", "\U0001f600"),
)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(("", "a: ", "k:\n  - x\na: ", "k:\n  a:\n    ")), st.lists(st.sampled_from(PARTS), max_size=9))
def test_whatever_is_written_the_fast_reader_agrees_or_leaves_it(start: str, parts: list[str]) -> None:
    read_alike(start + "".join(parts))
