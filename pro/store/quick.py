"""SQLite statements that are carried out again and again: compiled once, then handed to the driver as they are.

SQLAlchemy looks up what it compiled, and builds a context and a result, for each execution; on a file in the same
process that costs ten times what SQLite does. Whatever is not plainly the same statement again goes its usual way: the
first execution, objects, many rows at once, options, and an engine that somebody listens to.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel.sql.sqltypes import UTCDateTime

MOST = 64
"""Plans kept of one statement: an IN of many lengths has as many."""
ATTRIBUTE = "_pro_plans"
LISTS, SETS = (list, tuple), (set, frozenset)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one statement is filled and read; `fill`: name, place in a list, what the driver is given instead, constant."""

    sql: str
    fill: tuple[tuple[str | None, int | None, Any, object], ...]
    by_length: bool
    """Whether a list stands in it value by value."""
    metadata: SimpleResultMetaData | None
    processors: Sequence[Any] | None

    def filled(self, values: Mapping[str, Any]) -> tuple[object, ...]:
        given = []
        for name, place, processor, constant in self.fill:
            if name is None:
                given.append(constant)
                continue
            value = values[name] if place is None else values[name][place]
            given.append(value if processor is None else processor(value))
        return tuple(given)


@dataclass(slots=True)
class Plans:
    """Those of one statement, by the names and the lengths of lists that it is given."""

    owner: weakref.ref[Any]
    """A statement made from another takes over its attributes, and must not take over its plans."""
    kept: dict[object, Plan | None] = field(default_factory=dict)
    """Under the names it was given; where lists are among the values, under their lengths too."""
    listed: set[tuple[str, ...]] = field(default_factory=set)
    """Names with lists among them."""


class Fetched:
    """What a statement gave, read to its end."""

    __slots__ = ("_plan", "_raw", "rowcount")

    def __init__(self, plan: Plan, raw: Sequence[Any], rowcount: int) -> None:
        self._plan, self._raw, self.rowcount = plan, raw, rowcount

    def _row(self, raw: Any) -> Row[Any]:
        metadata = self._plan.metadata
        assert metadata is not None
        return Row(metadata, self._plan.processors, metadata._key_to_index, raw)

    def all(self) -> list[Row[Any]]:
        return [self._row(raw) for raw in self._raw]

    def __iter__(self) -> Iterator[Row[Any]]:
        return iter(self.all())

    def first(self) -> Row[Any] | None:
        return self._row(self._raw[0]) if self._raw else None

    def one_or_none(self) -> Row[Any] | None:
        if len(self._raw) > 1:
            raise MultipleResultsFound("more than one row where one was expected")
        return self.first()

    def one(self) -> Row[Any]:
        found = self.one_or_none()
        if found is None:
            raise NoResultFound("no row where one was expected")
        return found

    def scalar(self) -> Any:
        return self._row(self._raw[0])[0] if self._raw else None

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        found = self.one_or_none()
        return None if found is None else found[0]

    def scalars(self) -> FirstColumn:
        return FirstColumn(self)

    def __getattr__(self, name: str) -> Any:
        """Whatever is asked for seldom is asked of SQLAlchemy's own result."""
        return getattr(self.usual(), name)

    def usual(self) -> IteratorResult[Any]:
        if self._plan.metadata is None:
            raise AttributeError("a statement that gives no rows")
        return IteratorResult(self._plan.metadata, iter(self.all()))


class FirstColumn:
    """The first value of every row."""

    __slots__ = ("_fetched",)

    def __init__(self, fetched: Fetched) -> None:
        self._fetched = fetched

    def all(self) -> list[Any]:
        return [row[0] for row in self._fetched.all()]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fetched.usual().scalars(), name)


def met_often(statement: Select[Any]) -> Select[Any]:
    """The statement, to be planned when it is met first: one that gives very many rows is worth it."""
    setattr(statement, ATTRIBUTE, Plans(weakref.ref(statement)))
    return statement


class QuickConnection(Connection):
    """A connection that keeps how to carry out the statements it meets again."""

    def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        if execution_options is None:
            many = type(parameters) is list and len(parameters) > 0
            plan = self._plan(statement, parameters[0] if many else parameters or {})
            if plan is not None and not many:
                return self._carry_out(plan, parameters or {}, statement)
            if plan is not None and plan.metadata is None:
                return self._carry_out_all(plan, parameters, statement)
        return super().execute(statement, parameters, execution_options=execution_options)

    def _plan(self, statement: Any, values: dict[str, Any]) -> Plan | None:
        plans = getattr(statement, ATTRIBUTE, None)
        if plans is None or plans.owner() is not statement:
            if isinstance(statement, Select | UpdateBase) and not statement._propagate_attrs:
                setattr(statement, ATTRIBUTE, Plans(weakref.ref(statement)))
            return None
        if type(values) is not dict:
            return None
        busy = self._transaction is not None and not self._transaction.is_active
        if busy or self._has_events or self.engine._has_events or self._nested_transaction is not None:
            return None
        names: tuple[str, ...] = tuple(values)
        key: tuple[object, ...] = names if names not in plans.listed else names + _lengths(values)
        if key in plans.kept:
            return plans.kept[key]  # type: ignore[no-any-return]
        return self._plan_anew(plans, names, statement, values)

    def _plan_anew(self, plans: Plans, names: tuple[str, ...], statement: Any, values: dict[str, Any]) -> Plan | None:
        lengths = _lengths(values)
        if any(type(value) in SETS for value in values.values()):
            return None
        if len(plans.kept) >= MOST:
            plans.kept.clear()
        try:
            plan = _planned(statement, self.dialect, values)
        except Exception:
            return None  # the usual way says what is wrong with it
        if lengths and (plan is None or plan.by_length):
            plans.listed.add(names)
        plans.kept[names + lengths if names in plans.listed else names] = plan
        return plan

    def _carry_out(self, plan: Plan, values: dict[str, Any], statement: Any) -> Any:
        try:
            given = plan.filled(values)
        except Exception:
            return super().execute(statement, values)  # which says what is wrong with them
        try:
            cursor = self._driver().execute(plan.sql, given)
            raw = cursor.fetchall() if plan.metadata is not None else ()
            return Fetched(plan, raw, cursor.rowcount)
        except sqlite3.Error as error:
            self._handle_dbapi_exception(error, plan.sql, given, None, None)

    def _carry_out_all(self, plan: Plan, rows: list[dict[str, Any]], statement: Any) -> Any:
        """The same statement for many rows; those that do not look alike are SQLAlchemy's."""
        try:
            given = [plan.filled(row) for row in rows]
        except Exception:
            return super().execute(statement, rows)
        try:
            return Fetched(plan, (), self._driver().executemany(plan.sql, given).rowcount)
        except sqlite3.Error as error:
            self._handle_dbapi_exception(error, plan.sql, given, None, None)

    def each(self, statement: Any, rows: Sequence[dict[str, Any]]) -> list[Row[Any]]:
        """What a statement with RETURNING gives for rows that look alike, one after the other.

        To put them into one statement costs SQLAlchemy a compilation for each number of rows: a hundred times SQLite's share.
        """
        if self._has_events or self.engine._has_events:
            return list(super().execute(statement, list(rows)))
        return [found for row in rows for found in self.execute(statement, row)]

    def by_hand(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Rows that are as the driver takes them, for a statement in its own words."""
        if self._has_events or self.engine._has_events:
            self.exec_driver_sql(sql, list(rows))
            return
        try:
            self._driver().executemany(sql, rows)
        except sqlite3.Error as error:
            self._handle_dbapi_exception(error, sql, rows, None, None)

    def _driver(self) -> Any:
        if self._transaction is None:
            self._autobegin()
        return self.connection.dbapi_connection


def _lengths(values: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(len(value) for value in values.values() if type(value) in LISTS)


def _write(value: datetime | None) -> str | None:
    """An instant as SQLAlchemy writes it to SQLite, at half the cost. ValueError for one without a zone."""
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.utcoffset() is None:
            raise ValueError("an instant without a zone cannot be kept")
        value = value.astimezone(UTC)
    return _written(value)


@lru_cache(maxsize=4096)
def _written(value: datetime) -> str:
    """Of an instant in UTC. The rows of a wave, and those of one sitting, share a few of them."""
    return value.isoformat(" ", "microseconds")[:-6]


@lru_cache(maxsize=4096)
def _read(text: str | None) -> datetime | None:
    """An instant from SQLite. Every row has several, and many rows the same: no call in Python for what is kept."""
    return None if text is None else datetime.fromisoformat(text + "+00:00")


def reader(kind: Any, dialect: Any) -> Any:
    """What turns a column's raw values into ours; None where they are ours already."""
    return _read if type(kind) is UTCDateTime else kind._cached_result_processor(dialect, None)


def writer(kind: Any, dialect: Any) -> Any:
    """What turns our values into a column's raw ones; None where they are already."""
    return _write if type(kind) is UTCDateTime else kind.dialect_impl(dialect).bind_processor(dialect)


def _planned(statement: Any, dialect: Any, values: dict[str, Any]) -> Plan | None:
    """None for what has to be worked out at each execution."""
    dml = isinstance(statement, UpdateBase)
    compiled = statement.compile(dialect=dialect, column_keys=list(values) if dml else None)
    if compiled.literal_execute_params or (dml and (compiled.insert_prefetch or compiled.update_prefetch)):
        return None
    columns = compiled._result_columns
    names = [column.keyname for column in columns]
    if len(set(names)) != len(names):
        return None
    read = [reader(column.type, dialect) for column in columns]
    metadata = SimpleResultMetaData(names) if names else None
    return Plan(*_filling(compiled, values), metadata, read if any(read) else None)


def _filling(
    compiled: Any, values: dict[str, Any]
) -> tuple[str, tuple[tuple[str | None, int | None, Any, object], ...], bool]:
    """The text for the driver, and what stands at each of its places."""
    full = compiled.construct_params(values, escape_names=False)
    sql, order, processors = compiled.string, compiled.positiontup, dict(compiled._bind_processors)
    within: dict[str, tuple[str, int]] = {}
    if compiled.post_compile_params:
        expanded = compiled._process_parameters_for_postcompile(full)
        sql, order = expanded.statement, expanded.positiontup
        processors.update(expanded.processors)
        for name, elements in expanded.parameter_expansion.items():
            within.update({element: (name, place) for place, element in enumerate(elements)})
    fill: list[tuple[str | None, int | None, Any, object]] = []
    for name in order:
        source, place = within.get(name, (name, None))
        bound = compiled.binds.get(source)
        processor = _write if bound is not None and type(bound.type) is UTCDateTime else processors.get(name)
        if source in values:
            fill.append((source, place, processor, None))
        else:
            constant = full[name]
            fill.append((None, None, None, constant if processor is None else processor(constant)))
    return sql, tuple(fill), bool(within)
