"""`pro protocol calendar` as a person and a script call it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro.cli import main
from tests import reported

CALL = ("protocol", "calendar", "thera-demo", "--day0", "2026-10-05", "--zone", "Europe/Paris")


def call(*more: str) -> Result:
    return CliRunner().invoke(main, [*CALL, *more])


def test_a_document_for_scripts() -> None:
    answer = call("--json", "--price", "0.08")
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert (found["messages_at_most"], found["messages_when_answered_at_once"]) == (181, 89)
    assert (found["cost_at_most"], found["minutes"]) == ("14.48", "369.0")
    assert found["clock_changes"] == ["2026-10-25T01:00:00Z"]
    assert found["messages"][0] == {
        "due_at": "2026-10-05T08:00:00Z",
        "leaves_at": "2026-10-05T08:00:00Z",
        "why_not": None,
        "announces": ["day0"],
    }
    assert len(found["assessments"]) == 90


def test_a_table_for_people() -> None:
    lines = call("--language", "fr").stdout.splitlines()
    assert lines[0].startswith("lundi 28")
    assert sum(line.startswith("  SMS ") for line in lines) == 181
    assert not [line for line in lines[:-2] if re.search(r"(?<!\u202f)[:;] ", line)], (
        "French has a space before its colons"
    )
    assert sum(line.startswith("  SMS ") and "Carnet quotidien" in line for line in lines) > 150
    assert any("à remplir du" in line for line in lines)
    assert "14,48" in call("--language", "fr", "--price", "0.08").stdout
    assert any("1er" in line for line in lines)
    assert lines[-1].startswith(
        "SMS (fr)\u202f: Vos questions du jour vous attendent : https://diary.hospital.example/d/"
    )


def test_what_has_no_day_of_its_own_is_named_beside_the_sums(tmp_path: Path) -> None:
    reported.books(tmp_path)
    said = (
        "Not in these sums, for a visit, an event or the patient brings it about: Report a flare, Report an injection"
    )
    assert said in call("--root", str(tmp_path / "questionnaires")).stdout
    assert "Not in these sums" not in call().stdout


def test_a_file_that_needs_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "calendar.html"
    answer = call("--html", str(file))
    assert (answer.exit_code, answer.stdout) == (0, "")
    page = file.read_text("utf-8")
    assert "<h1>THERA, demonstration</h1>" in page
    assert not re.search(r'(src|href)="|@import|url\(', page)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--zone", "Mars"), "--zone: no time zone 'Mars'"),
        (("--day0", "9999-12-30"), "too near the end of the calendar"),
        (("--address", "ftp://x"), "--address: 'ftp://x' is no address"),
        (("--version", "77"), "there is no protocol thera-demo 77"),
        (("--html", "/no/such/folder/x.html"), "--html: /no/such/folder/x.html cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line(more: tuple[str, ...], said: str) -> None:
    answer = call(*more)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1
