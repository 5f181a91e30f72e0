"""What a new questionnaire begins with: the first lines of its file, and its worked examples before there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pro.library.writing import yaml_text

SCHEMA_LINE = "# yaml-language-server: $schema=../../questionnaire.schema.json\n"
"""Read by editors, as seen from `library/<id>/`: they then complete keys and mark what the format does not know."""

_CASES_HEAD = """\
# Worked examples: answers, and the scores a person found for them without this project, from a paper's table or by a
# calculation written out under `origin`. Each scale needs at least one example that gives it a value.
"""


def draft_text(data: dict[str, Any], said: Sequence[str] = ()) -> str:
    """A questionnaire file with its schema and, as comments, what is still to do."""
    return SCHEMA_LINE + "".join(f"# {each}\n" for each in said) + yaml_text(data)


def cases_text(scales: Sequence[str]) -> str:
    """One worked example, of nothing answered; the others have to be worked out."""
    case = {
        "name": "nothing answered",
        "origin": "by hand: without an answer nothing has a value",
        "answers": {},
        "scores": dict.fromkeys(scales),
    }
    return _CASES_HEAD + yaml_text({"cases": [case]})
