"""The one-file check runs without the project and never disagrees with the domain's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pro import verify_trail
from pro.domain.chain_check import verify
from tests.domain.test_chain import CHANGES, Lines
from tests.domain.trails import Trail, changed, file_of, good

SCRIPT = Path(verify_trail.__file__)


def lines_named(problems: tuple[str, ...]) -> set[int]:
    return {int(problem.removeprefix("line ").split(":")[0]) for problem in problems}


def assert_both_agree(content: bytes) -> bool:
    """Whether the trail holds, by both checks, which have to name the same lines."""
    lines = content.split(b"\n")[: -1 if content.endswith(b"\n") or not content else None]
    report = verify(lines)
    found = list(verify_trail.problems(lines))
    assert {number for number, _ in found} == lines_named(report.problems)
    assert len(found) == len(report.problems)
    return report.ok


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Isolated from the project, its packages and its folder."""
    call = [sys.executable, "-I", "-S", str(SCRIPT), *arguments]
    return subprocess.run(call, cwd=cwd, capture_output=True, text=True, check=False)


def test_it_imports_nothing_of_the_project() -> None:
    assert "import pro" not in SCRIPT.read_text()
    assert "from pro" not in SCRIPT.read_text()


def test_a_good_file_holds(tmp_path: Path) -> None:
    (tmp_path / "trail.jsonl").write_bytes(file_of(good()))
    done = run("trail.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "trail.jsonl: holds\n")


def test_a_bad_file_does_not_and_every_problem_has_its_line(tmp_path: Path) -> None:
    lines = good()
    lines[2] = changed(lines[2], payload={"changes": []})
    lines[6] = changed(lines[6], actor="né\nailleurs")
    (tmp_path / "trail.jsonl").write_bytes(file_of(lines))
    done = run("trail.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "trail.jsonl:3: patient/1 2: payload does not fit its digest, it was changed",
        "trail.jsonl:7: patient/1 4: hash does not fit the event, which was changed",
    ]


def test_a_file_that_is_no_trail_is_not_said_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("Longtemps, je me suis couché de bonne heure.\n" * 5000, encoding="utf-8")
    done = run("novel.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 21
    assert done.stdout.splitlines()[-1] == "novel.txt: and 4981 more problems"


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--help",), ("no-such-file",), (".",)])
def test_a_wrong_call_is_one_line_and_a_two(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_chain_with_a_strange_name_is_still_one_line(tmp_path: Path) -> None:
    lines = Trail().add("a\nb\u2028c", "start", {}).export()
    (tmp_path / "trail.jsonl").write_bytes(file_of([changed(lines[0], kind="stop"), lines[1]]))
    done = run("trail.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1


def test_both_accept_good_trails() -> None:
    assert assert_both_agree(file_of(good()))
    assert assert_both_agree(file_of(Trail().export()))
    assert not assert_both_agree(b"")


@pytest.mark.parametrize("change", [change for change, _ in CHANGES])
def test_both_find_whatever_was_done_to_a_trail(change: Callable[[Lines], Lines]) -> None:
    assert not assert_both_agree(file_of(change(good())))


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150, deadline=None)
@given(st.data())
def test_both_say_the_same_of_changed_bytes(data: st.DataObject) -> None:
    content = bytearray(file_of(good()))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert_both_agree(bytes(content))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 8), max_size=12))
def test_both_say_the_same_of_lines_taken_doubled_and_moved(order: list[int]) -> None:
    lines = good()
    held = assert_both_agree(file_of(lines[at] for at in order))
    in_order = [at for chain in ((0, 2, 4, 6), (1, 7), (3, 5)) for at in order if at in chain]
    assert held == (order[-1:] == [8] and in_order == [0, 2, 4, 6, 1, 7, 3, 5] and order.count(8) == 1)


FIELDS = st.sampled_from([
    "chain", "seq", "at", "kind", "actor", "role", "version", "digest", "previous", "hash", "salt", "payload",
    "redacted", "chains", "more",
])  # fmt: skip
STRANGE = st.none() | st.booleans() | st.integers(-1, 9) | st.sampled_from(
    ["", "patient/1", "system", "redaction", "0" * 64, "0" * 32, "2026-03-02T17:30:00Z", "2026-03-02T17:30:00.5Z"]
) | st.just({"chain": "patient/2", "seq": 1}) | st.just({})  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 8), st.dictionaries(FIELDS, STRANGE, min_size=1, max_size=3))
def test_both_say_the_same_of_changed_fields(at: int, fields: dict[str, object]) -> None:
    lines = good()
    lines[at] = changed(lines[at], **fields)
    assert_both_agree(file_of(lines))
