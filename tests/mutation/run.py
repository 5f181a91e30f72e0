"""Runs the tests of one module against each of its mutants, a forked process each.

The parent imports what no mutant touches (pytest, Hypothesis, the library as read from its files); a child forgets
the module and whatever imports it, and imports them again with the change made. Hypothesis is derandomised, so that a verdict
is the same on every run; a mutant that never ends is stopped by its processor time, not by a clock.
"""

from __future__ import annotations

import ast
import gc
import importlib
import importlib.util
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import CodeType, FrameType

import pytest
from hypothesis import HealthCheck, Phase, settings

import pro.library
from tests.mutation.mutants import Mutant, mutants_of, mutated

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
"""Processor time after which a child's mutant counts as one that does not end."""

UNUSED = ("cacheprovider", "faulthandler", "unraisableexception", "threadexception")
OPTIONS = ("-x", "-q", "--noconftest", "--capture=no", "--assert=plain", *(f"-pno:{name}" for name in UNUSED),
           "-o", "filterwarnings=", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    module: str
    """Under `pro/`, without its ending: `domain/flares`."""
    tests: tuple[str, ...]
    """Files, or tests of a file, as pytest takes them."""
    reads_library: bool = False
    """Whether its tests read the library, which is then read once for all of them."""

    @property
    def path(self) -> Path:
        return ROOT / "pro" / f"{self.module}.py"

    @property
    def name(self) -> str:
        return f"pro.{self.module.replace('/', '.')}"


@dataclass(frozen=True, slots=True)
class Verdicts:
    killed: tuple[Mutant, ...]
    survived: tuple[Mutant, ...]


class Broken(RuntimeError):
    """The tests do not pass on the code as it is, or could not be run: nothing can be said of its mutants."""


def judge(target: Target, mutants: Sequence[Mutant] | None = None, jobs: int = 1) -> Verdicts:
    """Which of the target's mutants its tests notice; all of its mutants unless some are given."""
    source = target.path.read_text("utf-8")
    chosen = mutants_of(source) if mutants is None else mutants
    prepare(target)
    reached = tests_by_function(target)
    codes: dict[int, int] = {}
    running: dict[int, int] = {}
    for at, mutant in enumerate(chosen):
        tests = tests_of(mutant, reached)
        if not tests:
            codes[at] = 0
            continue
        while len(running) >= jobs:
            _wait(running, codes)
        tree = mutated(source, mutant)
        running[_forked(lambda tree=tree, tests=tests: _run(target, tree, Only(tests)))] = at  # type: ignore[misc]
    while running:
        _wait(running, codes)
    return Verdicts(*(tuple(m for at, m in enumerate(chosen) if (codes[at] == 0) is lives) for lives in (False, True)))


def _wait(running: dict[int, int], codes: dict[int, int]) -> None:
    pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    if code > pytest.ExitCode.INTERRUPTED:
        raise Broken(f"a child ended with {code}")
    codes[running.pop(pid)] = code


# --- a child


def prepare(target: Target) -> None:
    """What every child starts with. The library, where it is read, holds none of the targets' classes."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PRO_PROVE", None)
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")
    imports_in_the_domain()
    if target.reads_library:
        library = read_library()
        pro.library.load = lambda root=pro.library.DEFAULT_ROOT: library
    gc.freeze()


@cache
def read_library() -> pro.library.Library:
    return pro.library.load()


def _forked(work: Callable[[], int], said: str = os.devnull) -> int:
    """A child that ends with what the work gives; what it prints goes to that file."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        out = os.open(said, os.O_WRONLY | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        code = work()
    finally:
        os._exit(code)


def _run(target: Target, tree: ast.Module | None, plugin: object) -> int:
    forget(target)
    if tree is not None:
        sys.meta_path.insert(0, Finder(target, tree))
    return int(pytest.main([*OPTIONS, *target.tests], plugins=[plugin]))


class Only:
    """Runs these tests alone, those without random values first."""

    def __init__(self, tests: frozenset[str]) -> None:
        self.tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.tests]
        items[:] = sorted(chosen, key=is_random)


def is_random(item: pytest.Item) -> bool:
    return bool(getattr(getattr(item, "function", None), "is_hypothesis_test", False))


class Finder(SourceFileLoader):
    """Gives the changed module where the target is imported."""

    def __init__(self, target: Target, tree: ast.Module) -> None:
        super().__init__(target.name, str(target.path))
        self.tree = tree

    def find_spec(self, name: str, path: object = None, module: object = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.tree, self.path, "exec", dont_inherit=True)


def forget(target: Target) -> None:
    """Takes the target, and all of the domain that imports it, out of what is imported."""
    for name in importers(target.name):
        module = sys.modules.pop(name, None)
        parent, _, child = name.rpartition(".")
        if module is not None and parent in sys.modules and hasattr(sys.modules[parent], child):
            delattr(sys.modules[parent], child)


def importers(name: str) -> set[str]:
    """The module and those of `pro.domain` that import it, at any remove."""
    uses = imports_in_the_domain()
    found = {name}
    while more := {user for user, used in uses.items() if used & found} - found:
        found |= more
    return found


@cache
def imports_in_the_domain() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in (ROOT / "pro" / "domain").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = set(_imported(ast.parse(path.read_text("utf-8"))))
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


# --- which tests reach which function


class Reached:
    """Records which lines of the target's functions each test enters; what is entered while importing, all tests do."""

    def __init__(self, target: Target) -> None:
        self.path = str(target.path)
        self.all: list[str] = []
        self.entered: dict[str, set[int]] = {"": set()}
        self.now = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.all = [item.nodeid for item in session.items]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        empty_caches()
        self.now = nodeid
        self.entered[nodeid] = set()

    def note(self, frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_filename == self.path:
            self.entered[self.now].add(frame.f_code.co_firstlineno)


def empty_caches() -> None:
    """So that a test enters all that it would enter alone."""
    for name in [name for name in sys.modules if name.startswith("pro.domain")]:
        for value in vars(sys.modules[name]).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


@dataclass(frozen=True, slots=True)
class Reach:
    functions: dict[int, tuple[int, frozenset[str]]]
    """First line of each outermost function → its last line and the tests that enter it."""
    all: frozenset[str]


def tests_by_function(target: Target) -> Reach:
    """From one run on the code as it is, which must pass."""
    with NamedTemporaryFile("r") as told, NamedTemporaryFile("r") as said:
        pid = _forked(lambda: _traced(target, Path(told.name)), said.name)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code != pytest.ExitCode.OK:
            raise Broken(f"{said.read()}\n{target.module}: its tests do not pass on the code as it is")
        found = json.load(told)
    functions = {}
    for first, last in _functions(ast.parse(target.path.read_text("utf-8"))):
        tests = {test for test, lines in found["entered"].items() if any(first <= line <= last for line in lines)}
        functions[first] = (last, frozenset(found["all"] if "" in tests else tests))
    return Reach(functions, frozenset(found["all"]))


def _traced(target: Target, told: Path) -> int:
    reached = Reached(target)
    sys.setprofile(reached.note)
    code = _run(target, None, reached)
    sys.setprofile(None)
    entered = {test: sorted(lines) for test, lines in reached.entered.items()}
    told.write_text(json.dumps({"all": reached.all, "entered": entered}))
    return code


def _functions(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last line of the functions that stand in no other function."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        for each in inside:
            if isinstance(each, ast.FunctionDef):
                first = min([each.lineno, *(decorator.lineno for decorator in each.decorator_list)])
                yield first, each.end_lineno or first


def tests_of(mutant: Mutant, reach: Reach) -> frozenset[str]:
    """The tests that can notice it: those that enter its function; outside of any, all."""
    for first, (last, tests) in reach.functions.items():
        if first <= mutant.line <= last:
            return tests
    return reach.all
