"""`pro questionnaires new`: what it writes loads at once, and nothing is written over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro.cli import main
from pro.library import DEFAULT_ROOT, load


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("library/joint-pain-diary", "library/pain-vas-48h"):
        shutil.copytree(DEFAULT_ROOT / name, tmp_path / name)
    return tmp_path


def new(*args: object) -> Result:
    return CliRunner().invoke(main, ["questionnaires", "new", *(str(arg) for arg in args)])


@pytest.mark.parametrize("languages", ["en,fr", "fr,en", "en", "fr"])
def test_a_new_one_passes_the_check(root: Path, languages: str) -> None:
    before = load(root)
    result = new("grip-diary", "--languages", languages, "--root", root)
    assert result.exit_code == 0, result.stderr
    after = load(root)
    assert after.worked_examples == before.worked_examples + 3
    begun = after.questionnaire("grip-diary", "1")
    assert begun.languages == tuple(languages.split(","))
    assert not after.is_published("grip-diary", "1")
    text = (root / "library/grip-diary/1.yaml").read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../questionnaire.schema.json\n")


def test_the_next_version_is_a_copy_of_the_newest(root: Path) -> None:
    newest = load(root).latest_questionnaire("joint-pain-diary")
    assert new("joint-pain-diary", "--root", root).exit_code == 0
    copy = load(root).latest_questionnaire("joint-pain-diary")
    assert int(copy.version) == int(newest.version) + 1
    assert (copy.items, copy.scales, copy.title) == (newest.items, newest.scales, newest.title)


def test_nothing_is_written_over(root: Path) -> None:
    (root / "library/grip-diary").mkdir()
    cases = root / "library/grip-diary/1.cases.yaml"
    cases.write_text("mine", "utf-8")
    result = new("grip-diary", "--root", root)
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert cases.read_text("utf-8") == "mine"
    assert not (root / "library/grip-diary/1.yaml").exists()


@pytest.mark.parametrize(
    "args", [("Grip",), ("../x",), ("grip", "--languages", "de"), ("joint-pain-diary", "--languages", "en")]
)
def test_wrong_calls(root: Path, args: tuple[str, ...]) -> None:
    result = new(*args, "--root", root)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
