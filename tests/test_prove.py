"""What `make prove` writes keeps the words around it."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.prove import PREFACE, spoken, table, written, written_part

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PROOF = {"proof": "Nothing is lost", "count": 3000, "unit": "kills", "seconds": 12.3, "test": "t.py::test_a"}


def test_counts_are_written_and_replaced() -> None:
    first = written(PREFACE, table([PROOF], "abc1234", NOW)) + "\nBy hand.\n"
    assert "| Nothing is lost | 3,000 kills | 12 s | `t.py::test_a` |" in first
    assert "1 proofs held on 2026-11-22 at commit `abc1234`" in first
    again = written(first, table([{**PROOF, "count": 4000}], "def5678", NOW))
    assert "4,000 kills" in again
    assert "3,000" not in again
    assert again.startswith(PREFACE)
    assert again.endswith("By hand.\n")


def test_the_counts_of_a_part_stand_apart() -> None:
    whole = written(PREFACE, table([PROOF], "abc1234", NOW))
    page = written_part(whole, table([{**PROOF, "count": 7}], "def5678", NOW), ["tests/mutation"])
    assert page.startswith(whole.rstrip())
    assert '`make prove PART="tests/mutation"`: 1 proofs held on 2026-11-22 at commit `def5678`' in page
    again = written_part(page, table([{**PROOF, "count": 8}], "fff", NOW), ["tests/mutation"])
    assert "7 kills" not in again
    assert "8 kills" in again
    assert "3,000 kills" in again
    both = written_part(again, table([{**PROOF, "count": 9}], "eee", NOW), ["tests/sms"])
    assert [one in both for one in ("3,000 kills", "8 kills", "9 kills")] == [True] * 3
    assert "8 kills" not in written_part(both, table([PROOF], "ddd", NOW), ["tests/mutation"])
    assert both.count("run by itself") == 1


def test_a_proof_without_a_count_has_its_name_alone() -> None:
    assert "| Nothing is lost |  | 12 s |" in table([{**PROOF, "count": None}], "abc1234", NOW)


def test_what_was_found_and_does_not_matter_stands_under_the_table() -> None:
    page = table([{**PROOF, "details": ["a < b: never equal"]}], "abc1234", NOW)
    assert page.endswith("What was found and does not matter:\n\n- a < b: never equal")
    assert "does not matter" not in table([PROOF], "abc1234", NOW)


def test_slices_of_one_proof_are_one_row() -> None:
    slices = [{**PROOF, "test": f"t.py::test_a[{n}]", "count": 10} for n in range(3)]
    assert "| Nothing is lost | 30 kills | 37 s | `t.py::test_a` |" in table(slices, "abc1234", NOW)
    assert spoken("t.py::test_each_day_is_there_once[2]") == "Each day is there once"
