"""What the database layer promises beside SQL: a hung-up server is not noticed, and reading keeps prepared statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import select, text

from pro.store.engine import Database
from pro.store.tables import metadata
from tests.conftest import Urls

_ask = select(metadata.tables["study"].c.id)


@pytest.fixture
def database(database_urls: Urls) -> Iterator[Database]:
    made = Database(database_urls.study)
    yield made
    made.close()


@pytest.fixture
def on_postgres(postgresql_urls: Urls) -> Iterator[Database]:
    made = Database(postgresql_urls.study)
    yield made
    made.close()


def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    with database.plain_writing() as writer:
        writer.connection().execute(_ask)
        with database.plain_reading() as reader, database.reading() as session:
            assert reader.connection().execute(_ask).all() == []
            assert session.connection().execute(_ask).all() == []


def test_an_error_takes_a_plain_transaction_back(database: Database) -> None:
    study = metadata.tables["study"].insert().values(code="T", title="T", protocol="thera-demo")
    with suppress(RuntimeError), database.plain_writing() as writer:
        writer.connection().execute(study)
        raise RuntimeError
    with database.plain_reading() as reader:
        assert reader.connection().execute(_ask).all() == []


def test_a_server_that_hung_up_is_not_noticed(on_postgres: Database) -> None:
    with on_postgres.plain_reading() as one, on_postgres.plain_reading() as other:
        for each in (one, other):
            each.connection().execute(_ask)
    with Database(on_postgres.url).plain_writing() as killer:
        ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        killer.connection().execute(text(f"SELECT pg_terminate_backend(pid, 5000) FROM ({ours}) AS ours"))
    for _ in range(3):
        with on_postgres.plain_writing() as again:
            assert again.connection().execute(_ask).all() == []


@pytest.mark.parametrize("how", ["reading", "plain_reading"])
def test_reading_keeps_prepared_statements(on_postgres: Database, how: str) -> None:
    for _ in range(8):
        with getattr(on_postgres, how)() as reader:
            reader.connection().execute(_ask)
    with on_postgres.plain_reading() as reader:
        kept = reader.connection().execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar()
    assert kept == 1
