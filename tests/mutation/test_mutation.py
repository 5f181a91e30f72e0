"""The tests of the scores and the flare rules notice every change that matters: `make prove` tries them all.

`make test` tries a few, and that tests which check little let changes through: the proof can fail.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PROVE
from tests.mutation.mutants import Mutant, mutants_of, mutated
from tests.mutation.run import ROOT
from tests.mutation.targets import EQUIVALENT, TARGETS, Known, known, problems


def run(*given: str) -> tuple[int, list[dict[str, object]]]:
    """The command in a process of its own, because it forks; its exit code and a line per module."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation", "--json", *given],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.prove
@pytest.mark.skipif(not PROVE, reason="a long proof: PRO_PROVE=1")
@pytest.mark.parametrize("module", [target.module for target in TARGETS])
def test_no_change_that_matters_goes_unnoticed(module: str, record_property: Callable[[str, object], None]) -> None:
    code, (found,) = run(module)
    assert (code, found["problems"]) == (0, [])
    equivalent = found["equivalent"]
    assert isinstance(equivalent, list)
    listed = f"; {len(equivalent)} change nothing" if equivalent else ""
    record_property(
        "proof", f"Tests notice every change of pro/{module}.py that matters: {found['killed']} noticed{listed}"
    )
    record_property("count", found["mutants"])
    record_property("unit", "mutants")
    record_property("details", [f"pro/{each}" for each in equivalent])


def test_a_few_changes_are_noticed() -> None:
    code, (found,) = run("domain/runs", "--every", "9", "--tests", "tests/domain/test_flare_evidence.py")
    assert (code, found["problems"]) == (0, [])
    assert found["killed"] == found["mutants"] == 7


def test_tests_that_check_little_let_changes_through() -> None:
    code, (found,) = run("domain/runs", "--every", "9", "--tests", "tests/domain/test_flares.py::test_fever")
    assert code == 1
    assert (found["killed"], len(list(found["problems"]))) == (0, 7)  # type: ignore[call-overload]


def test_tests_that_fail_on_the_code_as_it_is_say_nothing_of_its_mutants(tmp_path: Path) -> None:
    (tmp_path / "test_red.py").write_text("def test_red():\n    assert False\n")
    with pytest.raises(AssertionError, match="do not pass on the code as it is"):
        run("domain/runs", "--every", "9", "--tests", str(tmp_path / "test_red.py"))


# --- what is changed

SOURCE = '''\
"""Words."""
from operator import add

LIMIT: Literal["0.5"] = "0.5"


@cache(size=3)
def over(value: Literal["x"], plus: int = 1) -> bool:
    """More words."""
    if value + plus > 7 and not value:
        return value
    return max(value, plus) is None
'''


def test_each_kind_of_change_is_made_and_nothing_else() -> None:
    lines = [f"{mutant.place}: {mutant.becomes}" for mutant in mutants_of(SOURCE)]
    assert lines == [
        "module: LIMIT: Literal['0.5'] = '0.6'",
        "over: def over(value: Literal['x'], plus: int=2) -> bool:",
        "over: def over(value: Literal['x'], plus: int=0) -> bool:",
        "over: if False:",
        "over: if True:",
        "over: if value + plus > 7 or not value:",
        "over: if not value:",
        "over: if value + plus > 7:",
        "over: if value + plus >= 7 and (not value):",
        "over: if value + plus <= 7 and (not value):",
        "over: if value - plus > 7 and (not value):",
        "over: if value + plus > 8 and (not value):",
        "over: if value + plus > 6 and (not value):",
        "over: if value + plus > 7 and value:",
        "over: return None",
        "over: return None",
        "over: return max(value, plus) is not None",
        "over: return min(value, plus) is None",
    ]


def test_a_mutant_differs_from_its_source_in_that_change_alone() -> None:
    for mutant in mutants_of(SOURCE):
        text = ast.unparse(mutated(SOURCE, mutant))
        assert text != ast.unparse(ast.parse(SOURCE))
        assert compile(text, "changed", "exec")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.module)
def test_what_is_listed_as_changing_nothing_is_a_mutant_and_says_why(target: object) -> None:
    module, path = target.module, target.path  # type: ignore[attr-defined]
    mutants = mutants_of(path.read_text("utf-8"))
    for each in known(module):
        assert any(each.is_of(mutant) for mutant in mutants), each
        assert len(each.why) > 20


def test_every_entry_belongs_to_a_module_that_is_mutated() -> None:
    assert EQUIVALENT.read_text("utf-8").count("[[equivalent]]") == sum(len(known(target.module)) for target in TARGETS)


def test_an_unexplained_survivor_and_an_idle_entry_are_both_problems() -> None:
    lives = Mutant("over", 3, "a < b", "a <= b", 0, 0)
    entry = Known("domain/x", "over", "a < b", "a <= b", "never equal")
    assert problems([lives], [entry]) == []
    assert problems([lives], []) == ["survives: 3 over: a < b  →  a <= b"]
    assert problems([], [entry]) == ["is listed and does not survive: domain/x over: a < b  →  a <= b"]
