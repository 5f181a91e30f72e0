"""The guide to adding a questionnaire, played: its files written, its edits made, its commands run, its answers compared."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from pro.cli import main
from pro.library import DEFAULT_ROOT, check_protocol_file, load

GUIDE = DEFAULT_ROOT.parent / "docs/adding-a-questionnaire.md"
BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    kind: str
    path: str | None
    text: str


def steps() -> Iterator[Step]:
    """What the guide has its reader do, in its order: blocks with a file, and blocks of commands."""
    for found in BLOCK.finditer(GUIDE.read_text("utf-8")):
        if found["path"] or found["kind"] == "console":
            yield Step(found["kind"], found["path"], found["text"])


def edit(path: Path, diff: str) -> None:
    """Replaces the lines with a minus by those with a plus."""
    old = "".join(line[1:] for line in diff.splitlines(keepends=True) if line.startswith("-"))
    new = "".join(line[1:] for line in diff.splitlines(keepends=True) if line.startswith("+"))
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), "utf-8")


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a block with what the guide says it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run(command: str) -> str:
    """What a command prints, on this folder's questionnaires."""
    given = ""
    words = shlex.split(command)
    if words[0] == "echo":
        at = words.index("|")
        given, words = words[1], words[at + 1 :]
    assert words[0] == "pro", command
    result = CliRunner().invoke(main, [*words[1:], "--root", "questionnaires"], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.output


def same(printed: str, shown: str) -> bool:
    """Whether the guide shows what was printed; N stands for any number, and protocols are the library's own."""
    ours = [
        re.escape(line).replace("N\\ ", r"\d+\ ") for line in shown.splitlines() if not line.startswith("protocol ")
    ]
    theirs = [line for line in printed.splitlines() if not line.startswith("protocol ")]
    return len(ours) == len(theirs) and all(re.fullmatch(*pair) for pair in zip(ours, theirs, strict=True))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's questionnaires where the reader would sit."""
    shutil.copytree(DEFAULT_ROOT, tmp_path / "questionnaires")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def play(desk: Path) -> int:
    ran = 0
    for step in steps():
        if step.path is None:
            for command, shown in commands(step.text):
                printed = run(command)
                assert same(printed, shown), f"{command}\nprints\n{printed}\nand the guide shows\n{shown}"
                ran += 1
        elif step.kind == "diff":
            edit(desk / step.path, step.text)
        else:
            (desk / step.path).parent.mkdir(exist_ok=True)
            (desk / step.path).write_text(step.text, "utf-8")
    return ran


def test_the_guide_is_as_it_says(desk: Path) -> None:
    assert play(desk) >= 8
    library = load(desk / "questionnaires")
    assert library.is_published("morning-hands", "1")
    assert [item.key for item in library.latest_questionnaire("morning-hands").items][:2] == ["stiff", "minutes"]


def test_the_guides_questionnaire_goes_into_a_protocol(desk: Path) -> None:
    play(desk)
    folder = desk / "questionnaires/protocols/thera-demo"
    newest = max(int(path.stem) for path in folder.glob("*.yaml"))
    text = (folder / f"{newest}.yaml").read_text("utf-8")
    text = text.replace(f'version: "{newest}"', f'version: "{newest + 1}"', 1)
    text = re.sub(r"(questionnaires: \[pain-vas-48h \d+, patient-global \d+)", r"\1, morning-hands 1", text)
    path = folder / f"{newest + 1}.yaml"
    path.write_text(text, "utf-8")
    check_protocol_file(path, desk / "questionnaires")
    protocol = load(desk / "questionnaires").latest_protocol("thera-demo")
    assert any(each.id == "morning-hands" for point in protocol.timepoints for each in point.questionnaires)


def test_every_page_the_guide_links_to_is_there() -> None:
    for link in re.findall(r"\]\(([^)#:]+\.md)\)", GUIDE.read_text("utf-8")):
        assert (GUIDE.parent / link).is_file(), link
    for page in ("README.md", "docs/questionnaires.md", "docs/library.md"):
        assert "adding-a-questionnaire.md" in (DEFAULT_ROOT.parent / page).read_text("utf-8"), page
