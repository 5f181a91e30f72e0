"""Lists for the database: one parameter for a whole column, written out as the database reads it.

An IN of a hundred parameters is a text that the driver takes apart and the server plans anew for each length, and the
driver's own arrays ask of every element what it is. Here the column's type says so once. SQLite gets a list to choose
from as JSON: SQLAlchemy compiles an IN once for each of its lengths, at fifty times what SQLite takes to look it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Dialect, TypeDecorator, any_, bindparam, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import Boolean, Text, TypeEngine
from sqlmodel.sql.sqltypes import UTCDateTime

WRITTEN: Mapping[type, Callable[[Any], str]] = {
    int: str,
    bool: str,
    float: repr,
    date: str,
    datetime: datetime.isoformat,
    type(None): lambda _: "NULL",
}


class Listed(TypeDecorator[Sequence[Any]]):
    """An array of a column's type, as a parameter."""

    impl = ARRAY
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__(item)
        self.item = item

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        write = writer(self.item, dialect)
        return lambda values: written(values, write)


def written(values: Iterable[Any], write: Callable[[Any], str] | None = None) -> str:
    """The array in PostgreSQL's own words. Raises TypeError for a value that has none here."""
    write, known = write or _written, dict[Any, str]()
    for value in (values := list(values)):
        if value not in known:  # much of a column is the same from row to row
            known[value] = write(value)
    return "{" + ",".join([known[value] for value in values]) + "}"


def writer(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], str]:
    """How a value of that type is written."""
    if type(kind) is UTCDateTime:
        return _instant
    prepare = kind.dialect_impl(dialect).bind_processor(dialect)
    return _written if prepare is None else lambda value: _written(prepare(value))


def _instant(value: datetime | None) -> str:
    if value is None:
        return "NULL"
    if value.tzinfo is None:
        raise ValueError("an instant without a zone")
    return value.isoformat()


def _written(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if (write := WRITTEN.get(type(value))) is None:
        raise TypeError(f"{type(value).__name__} has no place in a list for the database")
    return write(value)


def rows_of(columns: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """Rows to join or to insert (PostgreSQL): each column one parameter of its name."""
    unnested = func.unnest(*(bindparam(name, type_=Listed(kind)) for name, kind in columns.items()))
    return unnested.table_valued(*columns).render_derived(name="given")


PARTS = [("column", InternalTraversal.dp_clauseelement), ("name", InternalTraversal.dp_string)]


class among(ColumnElement[bool]):
    """Whether a column's value is one of the list that is given as `name`."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = PARTS

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column, self.name = column, name

    def self_group(self, against: object = None) -> among:
        """Without the `= 1` that SQLite's engine would get, and which no index answers."""
        return self

    @property
    def _from_objects(self) -> Any:
        return self.column._from_objects


@compiles(among)
def _in_list(element: among, compiler: Any, **options: Any) -> str:
    wanted = element.column.in_(bindparam(element.name, expanding=True))
    return str(compiler.process(wanted, **options))


class _AsJson(TypeDecorator[Sequence[Any]]):
    """A list of numbers or texts, as a parameter."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        return lambda values: msgspec.json.encode(values).decode()


@compiles(among, "sqlite")
def _in_json(element: among, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    given = compiler.process(bindparam(element.name, type_=_AsJson()), **options)
    return f"{column} IN (SELECT value FROM json_each({given}))"


@compiles(among, "postgresql")
def _in_array(element: among, compiler: Any, **options: Any) -> str:
    kind = Listed(element.column.type)
    return str(compiler.process(element.column == any_(bindparam(element.name, type_=kind)), **options))
