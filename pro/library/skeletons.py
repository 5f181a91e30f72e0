"""What a new questionnaire begins with: a file to change line by line, and its worked examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pro.library.cases import cases_path
from pro.library.files import shown_path
from pro.library.writing import yaml_text

SCHEMA_LINE = "# yaml-language-server: $schema=../../questionnaire.schema.json\n"
"""Read by editors, as seen from `library/<id>/`: they then complete keys and mark what the format does not know."""

_CASES_HEAD = """\
# Worked examples: answers, and the scores a person found for them without this project, from a paper's table or by a
# calculation written out under `origin`. Each scale needs at least one example that gives it a value.
"""


class AlreadyThere(ValueError):
    """A file would be overwritten; the message names it."""


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


def begin(room: Path, id_: str, languages: Sequence[str]) -> Path:
    """Writes version 1 of a new questionnaire into `room`, or the next version as a copy of the newest; where it stands.

    Raises AlreadyThere rather than write over a file.
    """
    versions = [int(path.stem) for path in (room / id_).glob("*.yaml") if re.fullmatch(r"[1-9][0-9]*", path.stem)]
    newest = max(versions, default=0)
    path = room / id_ / f"{newest + 1}.yaml"
    if newest:
        before = path.with_name(f"{newest}.yaml")
        text, cases = _copied(before.read_text("utf-8"), newest + 1), cases_path(before).read_text("utf-8")
    else:
        text, cases = _skeleton(id_, languages), _EXAMPLES
    write_new({path: text, cases_path(path): cases})
    return path


def write_new(texts: dict[Path, str]) -> None:
    """Writes the files, or none of them: raises AlreadyThere where one is there."""
    for path in texts:
        if path.exists():
            raise AlreadyThere(f"{shown_path(path)} is there already; it is not written over")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _copied(text: str, version: int) -> str:
    head = "" if "yaml-language-server" in text else SCHEMA_LINE
    return head + re.sub(r"(?m)^version:.*$", f'version: "{version}"', text, count=1)


def _skeleton(id_: str, languages: Sequence[str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        texts = {"en": found[1], "fr": found[2]}
        return "{" + ", ".join(f'{language}: "{texts[language]}"' for language in languages) + "}"

    text = re.sub(r"<(.+?) \| (.+?)>", replaced, _SKELETON)
    return SCHEMA_LINE + text.replace("ID", id_, 1).replace("LANGUAGES", ", ".join(languages), 1)


_SKELETON = """\
# A draft: every line is here to be changed. docs/questionnaires.md says what each key takes; `pro questionnaires check`
# says what is wrong, with its line.
id: ID
version: "1"
languages: [LANGUAGES]
title: <What the patient reads above the questions | Ce que le patient lit au-dessus des questions>
recall: <last 24 hours | 24 dernières heures>
minutes: 1            # how long it takes
source: Own wording.  # or the papers that the questions and their scoring come from
licence: Apache-2.0
wording: own          # or {owner: …, ask: …} where the wording is somebody's: then write short labels of your own here

items:
  # A number from 0 to 10. `text` stands alone with its recall period; `short` is for tables.
  - key: pain
    kind: rating
    text: <How strong was your pain, last 24 hours? | Ces dernières 24 heures, quelle a été l'intensité de votre douleur ?>
    short: <Pain | Douleur>
    low_label: <No pain | Aucune douleur>
    high_label: <The worst pain I can imagine | La pire douleur que je puisse imaginer>

  # Asked only where the condition holds.
  - key: rest
    kind: yes-no
    show_if: {item: pain, at_least: 4}
    text: <Over the last 24 hours, did it hurt at rest too? | Ces dernières 24 heures, avez-vous eu mal aussi au repos ?>
    short: <Pain at rest | Douleur au repos>

scales:
  - key: pain
    title: <Pain | Douleur>
    items: [pain]
    method: sum       # sum, mean, prorated, weighted, or a function of pro/domain/methods/
    missing: all      # how many items must be answered: all, half, any, {at-least: N}
    low: 0
    high: 10
    direction: higher-worse
"""

_EXAMPLES = (
    _CASES_HEAD
    + """\
cases:
  - name: pain at rest as well
    origin: "by hand: one item, so the score is its answer, 6; 6 is 4 or more, so the second question shows"
    answers: {pain: 6, rest: true}
    hidden: []
    scores: {pain: 6}

  - name: little pain
    origin: "by hand: 2 is its own score; 2 is under 4, so the second question stays away"
    answers: {pain: 2}
    hidden: [rest]
    scores: {pain: 2}

  - name: nothing answered
    origin: "by hand: no answer, and missing: all asks for it"
    answers: {}
    scores: {pain: {value: null, answered: 0}}
"""
)
