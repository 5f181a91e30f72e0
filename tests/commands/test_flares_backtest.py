"""`pro flares backtest` over files as a data manager would have them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pro.cli import main

STEP = ["3.0", "3.2", "2.8", "3.1", "3.0", "2.9", "3.0", "5.5", "5.8", "6.0", "3.5", "3.0"]


def backtest(file: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["flares", "backtest", "thera-demo", "--series", str(file), *options])


def written(folder: Path, lines: Iterable[str], header: str = "patient,day,item,value") -> Path:
    file = folder / "series.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def step(days: Iterable[object]) -> list[str]:
    return [f"p1,{day},worst_pain,{value}" for day, value in zip(days, STEP, strict=True)]


def entries(result: Result, rule: str) -> dict[Any, dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return {entry["day"]: entry for entry in json.loads(result.stdout) if entry["rule"] == rule}


def test_the_step_by_counted_days(tmp_path: Path) -> None:
    found = entries(backtest(written(tmp_path, step(range(1, 13))), "--json"), "R1")
    told = [found[day]["result"] for day in range(1, 13)]
    assert told == ["not evaluable"] * 4 + ["no hit"] * 3 + ["hit", "flagged", "flagged", "no hit", "no hit"]
    assert (found[9]["baseline"], found[9]["n"], found[12]["baseline"]) == (3, 7, 3.5)
    assert [found[day]["hit"] for day in (4, 7, 8, 9)] == [None, False, True, True]
    assert found[9]["flagged"] is True
    assert found[9]["inputs"]["run"] == {"8": "5.5", "9": "5.8"}


def test_dated_days_give_the_same_and_stay_dates(tmp_path: Path) -> None:
    days = [f"2026-03-{day:02}" for day in range(2, 14)]
    found = entries(backtest(written(tmp_path, step(days)), "--json"), "R1")
    assert [day for day, entry in found.items() if entry["flagged"]] == ["2026-03-10", "2026-03-11"]
    assert list(found["2026-03-10"]["inputs"]["run"]) == ["2026-03-09", "2026-03-10"]


def test_day_zero_decides_the_reference_days(tmp_path: Path) -> None:
    file = written(tmp_path, step(f"2026-03-{day:02}" for day in range(2, 14)))
    own = entries(backtest(file, "--json"), "R3")
    assert [own[f"2026-03-0{day}"]["result"] for day in (2, 3, 4)] == ["not evaluable"] * 3
    later = entries(backtest(file, "--json", "--day0", "2026-03-07"), "R3")
    assert next(day for day, entry in later.items() if entry["result"] != "not evaluable") == "2026-03-10"


def test_every_kind_of_item_and_both_ways_to_name_it(tmp_path: Path) -> None:
    lines = [
        "p1,5,flare,yes",
        "p1,5,joint-pain-diary.swollen,L-MCP2 R-wrist",
        "p1,5,warm_joint,false",
        "p1,5,rest_pain,4",
        "p2,5,injection-diary.temperature,38.0",
        "p2,5,flare,",
        "p2,6,swollen,0",
    ]
    result = backtest(written(tmp_path, lines))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[:3] == [
        "p1  5  R4  flagged: the patient says it is a flare",
        "p1  5  R5  flagged: 3 of 4 signs: says it is a flare, pain at rest 4, swollen joint",
        "p2  5  R7  flagged: temperature 38",
    ]
    assert "R4: days 1 flagged, 0 hit, 0 no hit, 2 not evaluable" in result.stdout


def test_an_empty_file_says_that_nothing_is_recorded(tmp_path: Path) -> None:
    assert backtest(written(tmp_path, [])).stdout == "no day is recorded in this file\n"
    assert json.loads(backtest(written(tmp_path, []), "--json").stdout) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("p1,1,worst_pain", ":3: 3 values, wanted 4: patient,day,item,value"),
        ("p1,,worst_pain,3", ":3: day is empty"),
        ("p1,2026-03-02,worst_pain,3", ":3: day '2026-03-02': count days in the whole file, or date them"),
        ("p1,2,pain,3", ":3: item 'pain' is in several questionnaires, write eq-5d-5l.pain or pain-vas-48h.pain"),
        ("p1,2,worst,3", ":3: no item 'worst'; there are "),
        ("p1,2,worst_pain,much", ":3: worst_pain 'much' is not a number"),
        ("p1,2,worst_pain,nan", ":3: worst_pain 'nan' is not a number"),
        ("p1,2,worst_pain,11", ":3: worst_pain 11 is outside 0 to 10"),
        ("p1,2,flare,perhaps", ":3: flare 'perhaps' is neither true nor false"),
        ("p1,2,swollen,L-nose", ":3: swollen has no joint 'L-nose'"),
        ("p1,1,worst_pain,4", ":3: the same patient, day and item stand already at"),
        ('p1,2,worst_pain,"3', ": not a CSV file"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_place(line: str, problem: str, tmp_path: Path) -> None:
    result = backtest(written(tmp_path, ["p1,1,worst_pain,3", line]))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert problem in result.stderr
    assert result.stdout == ""


def test_other_wrong_calls(tmp_path: Path) -> None:
    file = written(tmp_path, ["p1,1,worst_pain,3"])
    unknown = CliRunner().invoke(main, ["flares", "backtest", "no-such", "--series", str(file)])
    calls = [
        (unknown, "no-such"),
        (backtest(file, "--day0", "tomorrow"), "--day0: 'tomorrow' is not a date"),
        (backtest(file, "--day0", "2026-03-02"), "--day0: the file counts its days"),
        (backtest(tmp_path / "none.csv"), "none.csv"),
        (backtest(written(tmp_path, [], header="patient;day;item;value")), ":1: the first line must be"),
    ]
    for result, problem in calls:
        assert result.exit_code == 2
        assert problem in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    file.write_bytes(b"patient,day,item,value\n\xff\xfe,1,worst_pain,3\n")
    result = backtest(file)
    assert (result.exit_code, "not a text in UTF-8" in result.stderr) == (2, True)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-3-2", "20260302"])
def test_a_day_out_of_the_calendar_is_one_line(tmp_path: Path, day: str) -> None:
    told = backtest(written(tmp_path, [f"p1,{day},worst_pain,3"]))
    assert (told.exit_code, told.stderr.count("\n")) == (2, 1)
    assert f"day '{day}'" in told.stderr
    assert backtest(written(tmp_path, step([f"2026-04-{n:02}" for n in range(1, 13)])), "--day0", day).exit_code == 2
