"""Database engines and transactions, the same for SQLite and PostgreSQL.

SQLite runs in WAL with synchronous FULL; only writers take the write lock (`BEGIN IMMEDIATE`), since a reader
that takes it makes every page wait for every save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlmodel import Session

IMMEDIATE = "pro_immediate"


class Database:
    """One database: reading and writing sessions. The engine opens on first use, once per process.

    `durable=False` (SQLite) does not wait for the disk: only for data that is made again after a power cut.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = url
        self.engine = make_engine(url, durable=durable)
        self._writers = self.engine.execution_options(**{IMMEDIATE: True})

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that is rolled back at the end."""
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception."""
        with Session(self._writers, expire_on_commit=False) as session:
            yield session
            session.commit()

    def close(self) -> None:
        self.engine.dispose()


def make_engine(url: str, *, durable: bool = True) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", partial(_prepare_sqlite, "FULL" if durable else "OFF"))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_pre_ping=True, pool_size=5, max_overflow=15)


def _prepare_sqlite(synchronous: str, connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transactions begin too late and lose updates
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=10000", f"synchronous={synchronous}", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(IMMEDIATE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def insert_for(connection: Connection) -> Callable[[Any], Any]:
    """The engine's own INSERT, which knows ON CONFLICT."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
