"""Imports point one way (docs/decisions/0006). Read from the source, so that an import inside a function counts as well."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"pro.domain"}),
    frozenset({"pro.clock", "pro.faults", "pro.settings", "pro.library", "pro.store", "pro.sms"}),
    frozenset({"pro.services"}),
    frozenset({"pro.web", "pro.worker", "pro.exports"}),
    frozenset({"pro.app", "pro.walking"}),
    frozenset({"pro.demo", "pro.preview", "pro.rehearsal"}),
    frozenset({"pro.cli", "pro.commands"}),
)
TALK_AMONG_THEMSELVES = LAYERS[1]
"""Rooms of one layer do not know each other, except these and the parts of the command line."""

ALONE = frozenset({"pro.verify_trail"})
"""Runs as one file of plain Python: imports nothing of the project and nothing that must be installed."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    "twilio": ("pro.sms.twilio",),
    "playwright": ("pro.preview",),
    "apscheduler": ("pro.worker",),
    "pro.sms.twilio": ("pro.app",),
    "pro.sms.console": ("pro.app",),
    "flask": ("pro.web", "pro.app", "pro.demo", "pro.commands"),
    "flask_wtf": ("pro.web", "pro.app"),
    "wtforms": ("pro.web",),
}
IMPURE = frozenset(
    {
        *("flask", "flask_wtf", "wtforms", "sqlmodel", "sqlalchemy", "psycopg", "sqlite3", "alembic"),
        *("twilio", "requests", "apscheduler", "socket", "subprocess"),
        *("os", "random", "secrets", "uuid", "time"),
    }
)
READS_A_CLOCK = frozenset({"now", "utcnow", "today"})


def violations(module: str, source: str) -> list[str]:
    """What a module does against the house, a line each."""
    tree = ast.parse(source)
    found: list[str] = []
    for line, imported in imports(tree, module):
        found += [f"{module}:{line} {why}" for why in _wrong(module, imported)]
    if inside(module, "pro.domain"):
        found += [f"{module}:{line} calls {name}()" for line, name in _clock_reads(tree)]
    return sorted(set(found))


def imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Every imported name with its line: `from pro import clock` counts as `pro.clock`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _wrong(module: str, imported: str) -> Iterator[str]:
    if inside(module, "pro.domain") and imported.split(".")[0] in IMPURE:
        yield f"imports {imported}: the domain is pure"
    for name, places in ONLY_IN.items():
        if inside(imported, name) and not inside(module, name) and not any(inside(module, p) for p in places):
            yield f"imports {imported}: only {' and '.join(places)} may"
    if module in ALONE and imported.split(".")[0] not in sys.stdlib_module_names:
        yield f"imports {imported}: it stands alone"
        return
    here, there = room(module), room(imported)
    if there is None or here == there:
        return
    if here is None:
        yield f"imports {imported}, and is in no room that this test knows"
    elif not may_know(here, there):
        yield f"imports {imported}: {here} does not know {there}"


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def room(name: str) -> str | None:
    return next((known for layer in LAYERS for known in layer if inside(name, known)), None)


def may_know(here: str, there: str) -> bool:
    mine, theirs = level(here), level(there)
    if mine != theirs:
        return mine > theirs
    return here in TALK_AMONG_THEMSELVES or here in LAYERS[-1]


def level(known: str) -> int:
    return next(n for n, layer in enumerate(LAYERS) if known in layer)


def _clock_reads(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name in READS_A_CLOCK:
                yield node.lineno, name


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / "pro").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


def test_imports_point_one_way() -> None:
    found = [line for module, path in modules() for line in violations(_own_name(module, path), _text(path))]
    assert found == []


def _own_name(module: str, path: Path) -> str:
    """A package's own `__init__` counts as a module inside it, so that `from .` means the package."""
    return f"{module}.__init__" if path.name == "__init__.py" else module


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_module_has_a_room() -> None:
    homeless = [name for name, _ in modules() if room(name) is None and name not in ALONE]
    assert homeless == ["pro"]


PLANTED = [
    ("pro.domain.scoring", "import os"),
    ("pro.domain.scoring", "from sqlalchemy import select"),
    ("pro.domain.scoring", "def f():\n    import random"),
    ("pro.domain.scoring", "from pro.clock import Clock"),
    ("pro.domain.scoring", "from datetime import datetime\ndatetime.now()"),
    ("pro.domain.scoring", "from datetime import date\nx = date.today()"),
    ("pro.store.messages", "from pro.services import audit"),
    ("pro.store.messages", "from ..services import audit"),
    ("pro.services.answering", "from pro.web import parts"),
    ("pro.services.answering", "from flask import request"),
    ("pro.services.delivery", "from pro.sms.twilio import TwilioSender"),
    ("pro.services.delivery", "from pro.sms import console"),
    ("pro.services.delivery", "from twilio.rest import Client"),
    ("pro.services.delivery", "if TYPE_CHECKING:\n    from pro.app import Parts"),
    ("pro.web.patient", "from pro.exports import csv"),
    ("pro.web.patient", "import pro.worker"),
    ("pro.app", "from pro import demo"),
    ("pro.demo", "from pro.cli import main"),
    ("pro.demo", "from apscheduler.schedulers.background import BackgroundScheduler"),
    ("pro.verify_trail", "from pro.domain import chain"),
    ("pro.verify_trail", "import msgspec"),
    ("pro.attic", "from pro.domain import chain"),
]


@pytest.mark.parametrize(("module", "source"), PLANTED)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    assert violations(module, source)


ALLOWED = [
    ("pro.domain.scoring", "from pro.domain.answers import Answer\nfrom datetime import datetime"),
    ("pro.domain.scoring", "def due(now):\n    return now"),
    ("pro.store.contacts", "from pro.settings import ContactsKey"),
    ("pro.services.answering", "from pro.store import sittings\nfrom pro.sms.sender import Sender"),
    ("pro.sms.twilio", "from twilio.rest import Client"),
    ("pro.app", "from pro.sms.twilio import TwilioSender\nfrom pro.web import patient"),
    ("pro.worker", "from apscheduler.schedulers.background import BackgroundScheduler"),
    ("pro.cli", "from pro.commands import flares"),
    ("pro.verify_trail", "from __future__ import annotations\nimport hashlib"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED)
def test_what_the_house_allows_is_not_found(module: str, source: str) -> None:
    assert violations(module, source) == []
