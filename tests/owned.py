"""A study that asks a questionnaire whose wording has an owner, and owners' texts that are invented for tests."""

from __future__ import annotations

import re
import shutil
from itertools import count
from pathlib import Path

import pytest

from pro.domain.questionnaire import Questionnaire
from pro.library import DEFAULT_ROOT, Library, load, publish_protocol, publish_questionnaire
from pro.library.wording_files import OwnersText, read_wording, template

NEEDED = ("injection-diary", "joint-pain-diary", "pain-vas-48h", "patient-global", "raid")


def copy_needed(root: Path) -> Path:
    """The first versions of what the demonstration's protocol and `raid` need, into an empty root."""
    for name in NEEDED:
        for path in sorted((DEFAULT_ROOT / "library" / name).glob("1.*yaml")):
            (root / "library" / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / "library" / name / path.name)
    return root


@pytest.fixture(scope="session")
def owned_books(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The demonstration's first protocol, published, and a version 2 of it that asks `raid` as well at week 2."""
    root = copy_needed(tmp_path_factory.mktemp("owned") / "questionnaires")
    first = (DEFAULT_ROOT / "protocols/thera-demo/1.yaml").read_text("utf-8")
    old = "    questionnaires: [pain-vas-48h 1, patient-global 1]\n    days: 14\n"
    assert old in first
    second = first.replace('version: "1"', 'version: "2"').replace(old, old.replace("global 1]", "global 1, raid 1]"))
    (root / "protocols/thera-demo").mkdir(parents=True)
    (root / "protocols/thera-demo/1.yaml").write_text(first, "utf-8")
    (root / "protocols/thera-demo/2.yaml").write_text(second, "utf-8")
    books = load(root)
    for questionnaire in books.questionnaires():
        publish_questionnaire(books, questionnaire)
    for version in ("1", "2"):
        publish_protocol(load(root), books.protocol("thera-demo", version))
    return load(root)


def filled(asked: Questionnaire, language: str, mark: str = "Invented") -> str:
    """The empty file with something of ours between all its quotes: `Invented 1`, `Invented 2`, …"""
    numbers = count(1)
    empty = template(asked, language).replace('date: ""', 'date: "2026-03-02"')
    lines = [line if line.lstrip().startswith("#") else written(line, mark, numbers) for line in empty.splitlines()]
    return "\n".join(lines) + "\n"


def written(line: str, mark: str, numbers: count[int]) -> str:
    return re.sub(r': ""', lambda _: f': "{mark} {next(numbers)}"', line)


def owners_text(folder: Path, asked: Questionnaire, language: str, mark: str = "Invented") -> OwnersText:
    path = folder / f"{asked.id}.{language}.yaml"
    path.write_text(filled(asked, language, mark), "utf-8")
    return read_wording(path, asked, language)
