from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from pro.cli import COMMANDS
from pro.commands.schedule import commands, day, schedule
from tests import reported


def run(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, words)


def asked(*words: str) -> list[dict[str, Any]]:
    given = run(schedule, "thera-demo", "--json", *words)
    assert given.exit_code == 0, given.output
    found: list[dict[str, Any]] = json.loads(given.stdout)
    return found


def test_they_stand_under_protocol() -> None:
    assert "schedule" in COMMANDS["protocol"]
    assert [command.name for command in commands] == ["schedule", "day"]


def test_the_schedule_of_the_demonstration() -> None:
    found = asked("--day0", "2026-03-02", "--zone", "Europe/Paris")
    assert Counter(one["timepoint"] for one in found) == {
        "screening": 1, "day0": 1, "week2": 1, "week4": 1, "week8": 1, "week12": 1, "diary": 84,
    }  # fmt: skip
    assert found[0] == {
        "timepoint": "screening",
        "day": "2026-02-23",
        "opens_at": "2026-02-16T03:00:00Z",
        "closes_at": "2026-03-02T03:00:00Z",
        "late_until": None,
        "reminders": [],
    }
    assert found[1:3] == [
        {
            "timepoint": "day0",
            "day": "2026-03-02",
            "opens_at": "2026-03-02T03:00:00Z",
            "closes_at": "2026-03-03T03:00:00Z",
            "late_until": None,
            "reminders": ["2026-03-02T09:00:00Z"],
        },
        {
            "timepoint": "diary",
            "day": "2026-03-02",
            "opens_at": "2026-03-02T03:00:00Z",
            "closes_at": "2026-03-03T03:00:00Z",
            "late_until": "2026-03-03T11:00:00Z",
            "reminders": ["2026-03-02T17:00:00Z", "2026-03-02T19:00:00Z"],
        },
    ]
    (week4,) = (one for one in found if one["timepoint"] == "week4")
    assert week4["day"] == "2026-03-30"
    assert week4["reminders"] == ["2026-03-29T08:00:00Z", "2026-03-30T08:00:00Z", "2026-03-31T08:00:00Z"]


def test_a_cutoff_overrides_the_protocol() -> None:
    found = asked("--day0", "2026-03-02", "--zone", "UTC", "--cutoff", "00:00")
    (first,) = (one for one in found if one["timepoint"] == "day0")
    assert (first["opens_at"], first["closes_at"]) == ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z")


def test_a_skipped_date_has_no_diary() -> None:
    found = asked("--day0", "2011-12-28", "--zone", "Pacific/Apia")
    days = [one["day"] for one in found if one["timepoint"] == "diary"]
    assert days[:3] == ["2011-12-28", "2011-12-29", "2011-12-31"]


def test_a_visit_whose_target_date_is_skipped_keeps_the_rest_of_its_window() -> None:
    found = {one["timepoint"]: one for one in asked("--day0", "2011-10-07", "--zone", "Pacific/Apia")}
    assert found["week12"] == {
        "timepoint": "week12",
        "day": "2011-12-30",
        "opens_at": "2011-12-29T14:00:00Z",
        "closes_at": "2011-12-31T14:00:00Z",
        "late_until": None,
        "reminders": ["2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z"],
    }


def test_a_screening_whose_target_date_is_skipped_is_there() -> None:
    (first, *_) = asked("--day0", "2012-01-06", "--zone", "Pacific/Apia")
    assert (first["timepoint"], first["day"]) == ("screening", "2011-12-30")
    assert (first["opens_at"], first["closes_at"]) == ("2011-12-23T14:00:00Z", "2012-01-05T14:00:00Z")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_day0_that_the_zone_skips_is_told(words: tuple[str, ...]) -> None:
    given = run(schedule, "thera-demo", "--day0", "2011-12-30", "--zone", "Pacific/Apia", *words)
    assert given.exit_code == 0
    assert given.stderr.startswith("warning: --day0: Pacific/Apia has no 2011-12-30")
    assert given.stderr.count("\n") == 1
    assert "day0" not in given.stdout
    assert run(schedule, "thera-demo", "--day0", "2012-01-31", "--zone", "Pacific/Apia", *words).stderr == ""


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_date_that_the_zone_skips_within_the_calendar_is_told(words: tuple[str, ...]) -> None:
    given = run(schedule, "thera-demo", "--day0", "2011-12-16", "--zone", "Pacific/Apia", *words)
    assert given.exit_code == 0
    assert given.stderr.startswith("warning: Pacific/Apia has no 2011-12-30, its clocks skip that date")
    assert given.stderr.count("\n") == 1
    assert "warning" not in given.stdout


def test_another_version_and_a_draft(tmp_path: Path) -> None:
    reported.books(tmp_path)
    books = ("--root", str(tmp_path / "questionnaires"))
    newest = run(schedule, "thera-demo", "--day0", "2026-03-02", "--zone", "UTC", "--json", *books)
    assert newest.stderr == "thera-demo 3 is a draft: it is not published\n"
    second = run(schedule, "thera-demo", "--version", "2", "--day0", "2026-03-02", "--zone", "UTC", "--json", *books)
    assert (second.exit_code, second.stderr) == (0, "")
    assert json.loads(second.stdout) == asked("--day0", "2026-03-02", "--zone", "UTC")
    other = run(schedule, "thera-demo", "--version", "77", "--day0", "2026-03-02", "--zone", "UTC")
    assert (other.exit_code, other.stdout) == (2, "")
    assert "there is no protocol thera-demo 77" in other.stderr


def test_the_table_is_in_local_time() -> None:
    given = run(schedule, "thera-demo", "--day0", "2026-03-02", "--zone", "Europe/Paris")
    assert given.exit_code == 0
    lines = given.stdout.splitlines()
    assert lines[0] == "local times of Europe/Paris"
    assert len(lines) == 2 + 90
    assert "2026-03-02 04:00+01:00" in given.stdout


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("2026-01-15T23:30:00Z", "--zone", "Europe/Paris"), "2026-01-15"),
        (("2026-01-15T23:30:00Z", "--zone", "Europe/Paris", "--cutoff", "00:00"), "2026-01-16"),
        (("2026-01-16T03:59+01:00", "--zone", "Europe/Paris"), "2026-01-15"),
        (("2026-01-16T04:00+01:00", "--zone", "Europe/Paris"), "2026-01-16"),
        (("2026-03-29T02:00Z", "--zone", "Europe/Paris", "--cutoff", "12:00"), "2026-03-28"),
        (("2011-12-30T13:00:00Z", "--zone", "Pacific/Apia"), "2011-12-29"),
        (("2026-01-16t02:59:59.999999z", "--zone", "Europe/Paris"), "2026-01-15"),
        (("20260116T040000+0100", "--zone", "Europe/Paris"), "2026-01-16"),
    ],
)
def test_the_day_of_an_instant(words: tuple[str, ...], answer: str) -> None:
    given = run(day, *words)
    assert (given.exit_code, given.stdout) == (0, answer + "\n")


DAY0 = ("--day0", "2026-03-02")
PARIS = ("--zone", "Europe/Paris")


@pytest.mark.parametrize(
    ("command", "words", "named"),
    [
        (day, ("2026-01-15T23:30:00", *PARIS), "INSTANT"),
        (day, ("2026-01-15", *PARIS), "INSTANT"),
        (day, ("yesterday", *PARIS), "INSTANT"),
        (day, ("2026-01-15+02:00Z", *PARIS), "INSTANT"),
        (day, ("2026-01-15T23:30 Z", *PARIS), "INSTANT"),
        (day, ("2026-01-15T23:30:00\0Z", *PARIS), "INSTANT"),
        (day, ("9999-12-31T23:59Z", *PARIS), "INSTANT"),
        (day, ("0001-01-01T00:00Z", *PARIS), "INSTANT"),
        (day, ("2026-01-15T23:30Z", "--zone", "Europe/Pariss"), "--zone"),
        (day, ("2026-01-15T23:30Z", "--zone", "../UTC"), "--zone"),
        (day, ("2026-01-15T23:30Z", *PARIS, "--cutoff", "12:01"), "--cutoff"),
        (day, ("2026-01-15T23:30Z", *PARIS, "--cutoff", "24:00"), "--cutoff"),
        (day, ("2026-01-15T23:30Z", *PARIS, "--cutoff", "4:00"), "--cutoff"),
        (day, ("2026-01-15T23:30Z", *PARIS, "--cutoff", "-1:00"), "--cutoff"),
        (day, ("2026-01-15T23:30Z", *PARIS, "--cutoff", "٠٤:٠٠"), "--cutoff"),
        (schedule, ("thera-demo", "--day0", "2026-02-30", *PARIS), "--day0"),
        (schedule, ("thera-demo", "--day0", "9999-12-31", *PARIS), "--day0"),
        (schedule, ("thera-demo", "--day0", "0001-01-01", *PARIS), "--day0"),
        (schedule, ("no-such", *DAY0, *PARIS), "no-such"),
        (schedule, ("", *DAY0, *PARIS), "no protocol ''"),
        (schedule, ("thera\ndemo", *DAY0, *PARIS), r"'thera\ndemo'"),
        (schedule, ("thera-demo", *DAY0, *PARIS, "--cutoff", "13:00"), "--cutoff"),
    ],
)
def test_a_wrong_call_is_one_clear_line(command: click.Command, words: tuple[str, ...], named: str) -> None:
    given = run(command, *words)
    assert (given.exit_code, given.stdout) == (2, "")
    assert given.stderr.count("\n") == 1
    assert named in given.stderr
