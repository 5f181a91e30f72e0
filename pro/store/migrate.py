"""The two migration histories, `study` and `contacts`, on SQLite and PostgreSQL.

An upgrade is one transaction and may be started by any number of processes at once. Foreign keys are off on SQLite
meanwhile, because batch mode makes a table anew and would delete its children, and are checked before the commit.
The guards of `pro.store.guards` are taken off before a migration and put back after it: batch mode loses triggers,
and no revision has to remember them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, NullPool, TypeDecorator, create_engine, event, inspect, text
from sqlalchemy.engine import make_url

from pro.store import guards

Which = Literal["study", "contacts"]
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 7_305_512
"""Advisory lock of a PostgreSQL upgrade; any number does, as long as it stays."""


class BrokenKeys(Exception):
    """A migration would leave rows that point nowhere; it was rolled back."""


def upgrade(url: str, which: Which, revision: str = "head") -> None:
    """Brings the database at `url` to `revision`; makes a SQLite file and its directory when they are not there."""
    with _connection(url) as connection:
        command.upgrade(_config(which, connection=connection, revision=revision), revision)


def downgrade(url: str, which: Which, revision: str) -> None:
    """Takes the database back to `revision`, or to nothing with `base`."""
    with _connection(url) as connection:
        command.downgrade(_config(which, connection=connection, revision=revision), revision)


def current(url: str, which: Which) -> str | None:
    """The revision the database stands at; None for an empty one. Writes nothing."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head(which: Which) -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(_config(which)).get_current_head()


def revise(which: Which, words: str) -> None:
    """Writes the next revision file from the difference between the newest one and the models."""
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/scratch.sqlite"
        upgrade(url, which)
        with _connection(url) as connection:
            command.revision(_config(which, connection=connection), words, autogenerate=True)


def run(context: EnvironmentContext, metadata: MetaData, guarded: bool) -> None:
    """What both `env.py` do."""
    connection: Connection = context.config.attributes["connection"]
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=sqlite,
        transactional_ddl=True,
        compare_type=True,
        render_item=_render,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        moves = guarded and _moves(context)
        if moves:
            _execute(connection, guards.undo(connection.dialect.name))
        context.run_migrations()
        if moves and _has_guarded_tables(connection):
            _execute(connection, guards.statements(connection.dialect.name))
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise BrokenKeys(f"{len(broken)} rows point nowhere, the first in table {broken[0][0]}")


def _moves(context: EnvironmentContext) -> bool:
    revision = context.config.attributes.get("revision")
    if revision is None:  # `revise` looks and changes nothing
        return False
    return revision != "head" or set(context.get_context().get_current_heads()) != set(context.script.get_heads())


def _has_guarded_tables(connection: Connection) -> bool:
    return {*guards.FROZEN, "audit_event"} <= set(inspect(connection).get_table_names())


def _execute(connection: Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.execute(text(statement.replace(":", r"\:")))


def _config(which: Which, **attributes: object) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(MIGRATIONS / which).replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite and parsed.database and not parsed.database.startswith("file:"):
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, poolclass=NullPool)
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=30000", "foreign_keys=OFF", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Writes a type of ours as the plain type below it, so that no revision imports the models."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False
