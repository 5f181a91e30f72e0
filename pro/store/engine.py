"""Database engines and transactions, the same for SQLite and PostgreSQL.

SQLite runs in WAL with synchronous FULL; only writers take the write lock (`BEGIN IMMEDIATE`), since a reader
that takes it makes every page wait for every save.
"""

from __future__ import annotations

import select as waiting
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect, Engine, Row, Table, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlmodel import Session

from pro.store.arrays import rows_of
from pro.store.quick import QuickConnection, writer

IMMEDIATE = "pro_immediate"
HASTY = ("synchronous=OFF", "wal_autocheckpoint=20000", "cache_size=-65536")
"""Of a database that may be lost: nothing waits for the disk, and 64 MiB of it stay at hand."""
Prepare = Callable[[Any], Any]
INSERTS: Mapping[str, Callable[[Any], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Connected(Protocol):
    """Whatever works inside a transaction and gives its connection: a session, or `Plain`."""

    def connection(self) -> Connection: ...


class Plain:
    """A transaction without objects, for the requests that every phone makes: a session costs as much as a save."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection(self) -> Connection:
        return self._connection


class _Joined(Session):
    """Objects in a transaction that is open already: whoever only asks for the connection pays for no more than that."""

    def __init__(self, connection: Connection, *, autoflush: bool = True) -> None:
        super().__init__(connection, autoflush=autoflush, expire_on_commit=False)
        self._open = connection

    def connection(self, *_args: Any, **_options: Any) -> Connection:
        return self._open


@contextmanager
def objects(session: Connected) -> Iterator[Session]:
    """Objects for a part of a transaction that works without; what they were changed to is written at the end."""
    if isinstance(session, Session):
        yield session
        return
    with _Joined(session.connection()) as joined:
        yield joined
        joined.flush()


class Database:
    """One database: reading and writing sessions. The engine opens on first use, once per process.

    `durable=False` (SQLite) does not wait for the disk: only for data that is made again after a power cut.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self.url = url
        self.engine = make_engine(url, durable=durable)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._idle: list[Connection] = []

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that never flushes what its objects were changed to."""
        with self._opened(immediate=False) as connection, _Joined(connection, autoflush=False) as session:
            yield session
            _end_reading(connection)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception."""
        with self._opened(immediate=True) as connection, _Joined(connection) as session:
            yield session
            session.flush()
            connection.commit()

    @contextmanager
    def _opened(self, *, immediate: bool) -> Iterator[Connection]:
        """A connection for one transaction. A file's is used again as it is: the pool costs as much as a short one."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.engine.connect()
        connection.info[IMMEDIATE] = immediate
        try:
            yield connection
            if self.is_sqlite:
                connection.rollback()
                self._idle.append(connection)
                return
        except BaseException:
            connection.close()
            raise
        connection.close()

    @contextmanager
    def plain_reading(self) -> Iterator[Plain]:
        """As `reading`, without objects."""
        with self._opened(immediate=False) as connection:
            yield Plain(connection)
            _end_reading(connection)

    @contextmanager
    def plain_writing(self) -> Iterator[Plain]:
        """As `writing`, without objects."""
        with self._opened(immediate=True) as connection:
            yield Plain(connection)
            connection.commit()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()


def _end_reading(connection: Connection) -> None:
    """Ends it in the driver: a ROLLBACK, which would follow, makes the one for PostgreSQL forget its prepared statements."""
    connection.connection.commit()


def make_engine(url: str, *, durable: bool = True) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        kept = {"check_same_thread": False, "cached_statements": 512}  # we have more than the driver keeps by itself
        engine = create_engine(parsed, hide_parameters=True, connect_args=kept)
        event.listen(engine, "connect", partial(_prepare_sqlite, () if durable else HASTY))
        engine._connection_cls = QuickConnection
        engine.dialect.do_begin = _begin_sqlite  # type: ignore[assignment, method-assign]
        engine.dialect.statement_compiler = _Hinted
        return engine
    engine = create_engine(parsed, hide_parameters=True, pool_size=5, max_overflow=15)
    event.listen(engine, "checkout", _refuse_lost)
    return engine


class _Hinted(SQLiteCompiler):
    """Writes the hints of a statement (`with_hint(table, "INDEXED BY …", "sqlite")`), which SQLAlchemy leaves out."""

    def get_from_hint_text(self, _table: Any, text: str | None) -> str | None:
        return text


def _refuse_lost(connection: Any, _record: object, _proxy: object) -> None:
    """Has the pool connect again after the server hung up: an idle connection with something to read is lost.

    Asking the kernel costs microseconds; asking the server, as `pool_pre_ping` does, a round trip for each request.
    """
    watch = waiting.poll()
    if not connection.closed:
        watch.register(connection.fileno(), waiting.POLLIN)
    if connection.closed or watch.poll(0):
        raise InvalidatePoolError()


def _prepare_sqlite(more: Sequence[str], connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transactions begin too late and lose updates
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON", *more):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    """In the driver: an engine that any event listens to is slower by a tenth, in every statement."""
    connection.dbapi_connection.execute("BEGIN IMMEDIATE" if connection.info.get(IMMEDIATE) else "BEGIN")


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    skip: Sequence[str] | None = None,
    returning: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Many rows with the same keys in one statement; those that clash on the columns `skip` are passed over.

    PostgreSQL gets a column at a time: a statement of thousands of parameters costs more to read than to carry out.
    """
    if not rows:
        return ()
    names, engine = tuple(rows[0]), connection.dialect.name
    clash = None if skip is None else tuple(skip)
    by_hand = None if returning else _by_hand(connection.dialect, table, names, clash)
    if isinstance(connection, QuickConnection) and by_hand is not None:
        connection.by_hand(by_hand.statement, by_hand.values(rows))
        return ()
    inserting = _inserting(engine, table, names, clash, tuple(returning))
    if isinstance(connection, QuickConnection) and returning:
        return connection.each(inserting, [dict(row) for row in rows])
    values: Any = list(rows)
    if engine == "postgresql":
        values = {name: [row[name] for row in rows] for name in names}
    elif len(rows) == 1:
        values = dict(rows[0])
    done = connection.execute(inserting, values)
    return done.all() if returning else ()


@lru_cache(maxsize=256)
def _inserting(
    engine: str, table: Table, names: tuple[str, ...], skip: tuple[str, ...] | None, returning: tuple[str, ...]
) -> Any:
    """Put together once: that costs several times what carrying it out does."""
    inserting = INSERTS[engine](table)
    if engine == "postgresql":
        given = rows_of({name: table.c[name].type for name in names})
        inserting = inserting.from_select(names, select(*(given.c[name] for name in names)))
    if skip is not None:
        inserting = inserting.on_conflict_do_nothing(index_elements=list(skip))
    return inserting.returning(*(table.c[name] for name in returning)) if returning else inserting


@dataclass(frozen=True, slots=True)
class ByHand:
    """A statement for the driver itself, and what the types make of each value: SQLAlchemy asks that for every row anew."""

    statement: str
    columns: tuple[tuple[str, Prepare | None], ...]

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        prepared = (
            [row[name] for row in rows] if prepare is None else [prepare(row[name]) for row in rows]
            for name, prepare in self.columns
        )
        return list(zip(*prepared, strict=True))


@lru_cache(maxsize=256)
def _by_hand(dialect: Dialect, table: Table, names: tuple[str, ...], skip: tuple[str, ...] | None) -> ByHand | None:
    """As SQLAlchemy writes it for SQLite; None for another database, and where it would add a default of its own."""
    if dialect.name != "sqlite":
        return None
    compiled = _inserting("sqlite", table, names, skip, ()).compile(dialect=dialect, column_keys=list(names))
    order = tuple(compiled.positiontup or ())
    if set(order) != set(names):
        return None
    types = {name: writer(table.c[name].type, dialect) for name in names}
    return ByHand(str(compiled), tuple((name, types[name]) for name in order))


def insert_for(connection: Connection) -> Callable[[Any], Any]:
    """The engine's own INSERT, which knows ON CONFLICT."""
    return INSERTS[connection.dialect.name]
