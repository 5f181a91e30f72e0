"""Texts that YAML could take for something else come back as the texts they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro.library.files import read
from pro.library.writing import yaml_text

TRICKY = [
    *(
        "true",
        "No",
        "null",
        "~",
        "12:30",
        "1",
        "1.5",
        "0x1F",
        "2026-03-02",
        "a: b",
        "a #b",
        "- a",
        "[a]",
        "{a}",
        "&a",
        "*a",
    ),
    *(
        "",
        " a ",
        "a\nb",
        "a\tb",
        'it\'s "so"',
        "back\\slash",
        "é\u00a0?",
        "\u2028",
        "\U0001f600",
        "a,b",
        "?",
        "!x",
        "%",
        "@",
        "`",
    ),
]


@pytest.mark.parametrize("text", TRICKY)
def test_a_text_comes_back(text: str, tmp_path: Path) -> None:
    data = {"a": text, "b": [text, text], "c": {"d": text}, "e": [{"f": text, "g": "x" * 120}]}
    (tmp_path / "x.yaml").write_text(yaml_text(data), "utf-8")
    assert read(tmp_path / "x.yaml").data == data
