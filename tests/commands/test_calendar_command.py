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
    assert lines[0].startswith("thera-demo 2. Le jour 0 est le lundi 5\u00a0octobre 2026, à l’heure de Europe/Paris")
    assert lines[1].startswith("lundi 28\u00a0septembre 2026 (")
    assert sum(line.startswith("  SMS ") for line in lines) == 181
    assert not [line for line in lines[:-2] if re.search(r"(?<!\u202f)[:;] ", line)], (
        "French has a space before its colons"
    )
    assert sum(line.startswith("  SMS ") and "Carnet quotidien" in line for line in lines) > 150
    assert any("à remplir du" in line for line in lines)
    assert "14,48" in call("--language", "fr", "--price", "0.08").stdout
    assert any("1er" in line for line in lines)
    assert sum("2026 (" in line for line in lines) == 1, "the year stands where it changes"
    assert lines[-1].startswith(
        "SMS (fr)\u202f: Vos questions du jour vous attendent : https://diary.hospital.example/d/"
    )


CHANGES = {
    ("Pacific/Apia", "2011-12-20", "en"): (
        "There is no Friday 30 December 2011 in Pacific/Apia: after Thursday 29 December comes Saturday 31 December."
    ),
    ("Pacific/Kwajalein", "1993-08-20", "fr"): (
        "Dans le fuseau Pacific/Kwajalein, il n’y a pas de samedi 21 août 1993 : "
        "après le vendredi 20 août vient le dimanche 22 août."
    ),
    ("Pacific/Kwajalein", "1969-09-20", "en"): (
        "The clocks go back: at 00:00 on Wednesday 1 October it is 01:00 on Tuesday 30 September again."
    ),
    ("Asia/Beirut", "2026-10-05", "fr"): (
        "Les horloges reculent : à 0 h le dimanche 25 octobre, on revient au samedi 24 octobre, 23 h."
    ),
}


@pytest.mark.parametrize("where", CHANGES)
def test_clocks_that_jump_over_a_midnight(where: tuple[str, str, str]) -> None:
    zone, day0, language = where
    shown = re.sub("[\u00a0\u202f]", " ", call("--zone", zone, "--day0", day0, "--language", language).stdout)
    assert CHANGES[where] in shown
    assert not re.search("at once|aussitôt", shown), "and nothing else is said of it"


def test_a_date_that_nobody_lives_is_not_counted(tmp_path: Path) -> None:
    file = tmp_path / "calendar.html"
    call("--html", str(file), "--zone", "Pacific/Apia", "--day0", "2011-12-16")
    page = file.read_text("utf-8")
    assert re.search("85.days", page)
    assert not re.search("86.days", page)


def test_a_draft_says_that_it_is_one(tmp_path: Path) -> None:
    reported.books(tmp_path)
    first = call("--root", str(tmp_path / "questionnaires")).stdout.splitlines()[0]
    assert first.startswith("thera-demo 3 (Draft). Day 0 is Monday 5\u00a0October 2026, by the clocks of Europe/Paris")


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
