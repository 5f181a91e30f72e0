"""Both histories, on both engines: up, down, up; equal to the models; guarded; safe to start twice at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Inspector, MetaData, create_engine, insert, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from pro.store import contacts, courses, guards, migrate, tables
from pro.store.engine import make_engine
from tests.conftest import Urls
from tests.databases import HISTORIES
from tests.factories import make_parts, make_patient, make_study

MODELS: dict[str, MetaData] = {"study": tables.metadata, "contacts": contacts.metadata}
each_history = pytest.mark.parametrize("which", HISTORIES)


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def url_of(urls: Urls, which: str) -> str:
    url: str = getattr(urls, which)
    return url


@each_history
def test_up_down_up(empty_urls: Urls, which: migrate.Which) -> None:
    url = url_of(empty_urls, which)
    assert migrate.current(url, which) is None
    migrate.upgrade(url, which)
    assert migrate.current(url, which) == migrate.head(which) is not None
    first = described(url)
    migrate.downgrade(url, which, "base")
    assert set(described(url)) <= {"alembic_version"}
    migrate.upgrade(url, which)
    assert described(url) == first


@each_history
def test_equal_to_the_models(database_urls: Urls, which: migrate.Which) -> None:
    with opened(url_of(database_urls, which)) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, MODELS[which]) == []


@each_history
def test_the_same_tables_as_the_models_would_make(database_urls: Urls, empty_urls: Urls, which: migrate.Which) -> None:
    """Stricter than Alembic's comparison, which looks neither at checks nor at conditions of indexes."""
    made_by_models = url_of(empty_urls, which)
    with opened(made_by_models) as connection:
        MODELS[which].create_all(connection)
    migrated = described(url_of(database_urls, which))
    migrated.pop("alembic_version")
    assert migrated == described(made_by_models)


def described(url: str) -> dict[str, dict[str, Any]]:
    with opened(url) as connection:
        inspector = inspect(connection)
        return {table: described_table(inspector, table) for table in sorted(inspector.get_table_names())}


def described_table(inspector: Inspector, table: str) -> dict[str, Any]:
    return {
        "columns": [
            (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
            for column in inspector.get_columns(table)
        ],
        "key": inspector.get_pk_constraint(table),
        "foreign": named(inspector.get_foreign_keys(table)),
        "unique": named(inspector.get_unique_constraints(table)),
        "checks": named(inspector.get_check_constraints(table)),
        "indexes": {name: plain(index) for name, index in named(inspector.get_indexes(table)).items()},
    }


def named(things: Any) -> dict[str, Any]:
    return {str(thing["name"]): thing for thing in things}


def plain(index: Any) -> dict[str, Any]:
    """Conditions are SQL objects, which are equal to nothing; their text is compared."""
    options = {key: str(value) for key, value in (index.get("dialect_options") or {}).items()}
    return {**index, "dialect_options": options}


def test_starting_many_at_once_migrates_once(empty_urls: Urls) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in [pool.submit(migrate.upgrade, empty_urls.study, "study") for _ in range(4)]:
            done.result(timeout=300)
    assert migrate.current(empty_urls.study, "study") == migrate.head("study")


def test_rows_that_point_nowhere_are_refused(sqlite_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite_urls.study) as connection:  # foreign keys are off unless the engine is ours
        connection.execute(
            text("INSERT INTO zone_history (patient_id, from_day, zone) VALUES (99, '2026-11-01', 'Europe/Paris')")
        )
    with pytest.raises(migrate.BrokenKeys, match="zone_history"):
        migrate.upgrade(sqlite_urls.study, "study")


def test_a_journey_that_was_planned_before_is_looked_at_before_its_day_begins_anywhere(database_urls: Urls) -> None:
    parts = make_parts(database_urls)
    patient = make_patient(parts, make_study(parts))
    with parts.study.writing() as session:
        courses.add_journey(session, patient, date(2026, 12, 1), "Pacific/Kiritimati", NOW, NOW)
    parts.study.close()
    migrate.downgrade(database_urls.study, "study", "b71e40c95d28")
    migrate.upgrade(database_urls.study, "study")
    with parts.study.reading() as session:
        assert courses.due(session, datetime(2026, 11, 30, 7, 59, tzinfo=UTC)) == []
        assert [row.patient_id for row in courses.due(session, datetime(2026, 11, 30, 8, tzinfo=UTC))] == [patient]
    parts.study.close()


# ── What the database refuses ────────────────────────────────────────────────────────────────────

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
Change = Callable[[Connection], object]


@pytest.fixture
def guarded(database_urls: Urls) -> Iterator[Any]:
    """The migrated study database with a row in every frozen table; nothing else is in it."""
    engine = make_engine(database_urls.study)
    with engine.begin() as connection:
        for name in (*guards.FROZEN, "audit_event"):
            make_targets(connection, name)
            connection.execute(insert(tables.metadata.tables[name]).values(made_up(name)))
    yield engine
    engine.dispose()


def make_targets(connection: Connection, name: str) -> None:
    """One row, with key 1, in every table that this one points to."""
    for key in tables.metadata.tables[name].foreign_keys:
        target = key.column.table.name
        if connection.execute(text(f"SELECT count(*) FROM {target}")).scalar() == 0:
            make_targets(connection, target)
            connection.execute(insert(tables.metadata.tables[target]).values(made_up(target)))


def made_up(name: str) -> dict[str, Any]:
    """A value for every column that needs one."""
    values: dict[str, Any] = {}
    for column in tables.metadata.tables[name].columns:
        if column.foreign_keys or (column.primary_key and column.type.python_type is int):
            values[column.name] = 1
        elif column.name == "role":
            values[column.name] = tables.Role.MONITOR.value
        elif column.name == "mode":
            values[column.name] = tables.Mode.PAPER.value
        elif not column.nullable or name == "audit_event":
            values[column.name] = of_type(column.type.python_type)
    return values


def of_type(kind: type) -> Any:
    made = {str: "a", int: 1, bool: False, bytes: b"a", float: 1.0, date: NOW.date()}
    return made.get(kind, NOW)  # what is left is an instant


@pytest.mark.parametrize("table", [*guards.FROZEN, "audit_event"])
def test_a_frozen_row_is_neither_changed_nor_deleted(guarded: Any, table: str) -> None:
    for column in tables.metadata.tables[table].columns:
        refused(guarded, f"UPDATE {table} SET {column.name} = {column.name}", table)
    refused(guarded, f"DELETE FROM {table}", table)


def refused(engine: Any, statement: str, table: str) -> None:
    with pytest.raises(DBAPIError, match=f"{table} is never changed or deleted"), engine.begin() as connection:
        connection.execute(text(statement))


def test_an_audit_event_may_only_be_emptied(guarded: Any) -> None:
    emptied = "UPDATE audit_event SET salt = NULL, payload = NULL"
    for column in tables.metadata.tables["audit_event"].columns:
        if column.name not in ("salt", "payload"):
            other = other_value(column.type.python_type)
            refused(guarded, f"{emptied}, {column.name} = {other}", "audit_event")
    refused(guarded, "UPDATE audit_event SET payload = 'other', salt = NULL", "audit_event")
    with guarded.begin() as connection:
        connection.execute(text(emptied))
    with guarded.connect() as connection:
        assert connection.execute(text("SELECT salt, payload FROM audit_event")).one() == (None, None)


def other_value(kind: type) -> str:
    return {int: "2", str: "'b'"}.get(kind, "'2027-01-01 00:00:00'")


def test_every_audit_column_is_watched() -> None:
    columns = {column.name for column in tables.metadata.tables["audit_event"].columns}
    assert {*guards.AUDIT_COLUMNS, "salt", "payload"} == columns


def test_a_role_outside_the_list_is_refused(guarded: Any) -> None:
    row = {**made_up("staff_role"), "id": 7, "role": "king"}
    with pytest.raises(IntegrityError), guarded.begin() as connection:
        connection.execute(insert(tables.metadata.tables["staff_role"]).values(row))
