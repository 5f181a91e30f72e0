"""What a piece of work reads: rows and pages, counted by the engine itself and not by a clock."""

from __future__ import annotations

import _sqlite3
import ctypes
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import event

from pro.store.engine import Database

HIT, MISS = 7, 8
"""SQLITE_DBSTATUS_CACHE_HIT and _MISS: pages asked for, found in memory or not."""


class Read(NamedTuple):
    statement: str
    rows: int
    """PostgreSQL: rows that the plan's scans gave or threw away. SQLite: steps of its virtual machine."""
    pages: int


def reads(database: Database, work: Callable[[], object]) -> list[Read]:
    """Per statement of `work`, which must do the same each time: it is done some times before, for caches to be warm."""
    for _ in range(6):
        work()
    return _sqlite(database, work) if database.is_sqlite else _postgresql(database, work)


Sent = tuple[str, Any]


@contextmanager
def _heard(database: Database) -> Iterator[list[Sent]]:
    sent: list[Sent] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", hear)


def _postgresql(database: Database, work: Callable[[], object]) -> list[Read]:
    """The very statements, each once more under EXPLAIN, and taken back: the dearer of its two plans.

    The server plans a statement with its values a few times; the one that is met again and again, as a worker's are,
    it may then carry out by a plan without them.
    """
    with _heard(database) as sent:
        work()
    with database.engine.connect() as connection:
        cursor: Any = connection.connection.cursor()
        found = []
        for n, (statement, values) in enumerate(sent):
            plans = [
                *(_explained(cursor, statement, values) for _ in range(2)),  # the first may read catalogues, set hints
                *_by_plan_without_values(cursor, f"met_again_{n}", statement, values),
            ]
            found.append(max((Read(statement, *read) for read in plans[1:]), key=lambda read: (read.rows, read.pages)))
        connection.rollback()
    return found


def _by_plan_without_values(cursor: Any, name: str, statement: str, values: Any) -> list[tuple[int, int]]:
    """Nothing for what cannot be prepared, such as a savepoint."""
    if not statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return []
    asked = PostgresQuery(Transformer(cursor))
    asked.convert(statement, values)
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(SQL("PREPARE {} AS ").format(Identifier(name)).as_string(cursor) + asked.query.decode())
    given = [values[one] for one in asked._order] if asked._order else list(values or ())
    call = SQL("EXECUTE {}").format(Identifier(name)) + (
        SQL("({})").format(SQL(", ").join(map(Literal, given))) if given else SQL("")
    )
    read = _explained(cursor, call.as_string(cursor), None)
    cursor.execute("SET LOCAL plan_cache_mode = auto")
    return [read]


def _explained(cursor: Any, statement: str, values: Any) -> tuple[int, int]:
    """Rows and pages."""
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
    plan = cursor.fetchone()[0]
    plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return round(sum(_scanned(plan))), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def _scanned(plan: dict[str, Any]) -> Iterator[float]:
    if "Relation Name" in plan:
        removed = sum(value for key, value in plan.items() if key.startswith("Rows Removed by"))
        yield (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    for inner in plan.get("Plans", ()):
        yield from _scanned(inner)


def _sqlite(database: Database, work: Callable[[], object]) -> list[Read]:
    found: list[Read] = []
    before: list[tuple[int, int]] = []
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    def begin(connection: Any, _cursor: Any, _statement: str, _values: Any, _context: Any, _many: bool) -> None:
        connection.connection.dbapi_connection.set_progress_handler(step, 1)
        before.append((steps, _pages(connection.connection.dbapi_connection)))

    def end(connection: Any, cursor: Any, statement: str, _values: Any, _context: Any, _many: bool) -> None:
        driver = connection.connection.dbapi_connection
        was, pages = before.pop()
        found.append(Read(statement, steps - was, _pages(driver) - pages))
        driver.set_progress_handler(None, 1)

    event.listen(database.engine, "before_cursor_execute", begin)
    event.listen(database.engine, "after_cursor_execute", end)
    try:
        work()
    finally:
        event.remove(database.engine, "before_cursor_execute", begin)
        event.remove(database.engine, "after_cursor_execute", end)
    return found


def _pages(connection: sqlite3.Connection) -> int:
    """Pages this connection has asked its cache for; 0 where this Python does not let one ask."""
    try:
        status = ctypes.CDLL(_sqlite3.__file__).sqlite3_db_status
    except (AttributeError, OSError):
        return 0
    handle = ctypes.c_void_p.from_address(id(connection) + object.__basicsize__)
    total = 0
    for what in (HIT, MISS):
        now, most = ctypes.c_int(), ctypes.c_int()
        status(handle, what, ctypes.byref(now), ctypes.byref(most), 0)
        total += now.value
    return total
