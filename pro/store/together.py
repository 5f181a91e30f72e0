"""Several rows in one INSERT, on the paths that every phone walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Insert, Table, bindparam, insert, select, union_all

from pro.store.engine import Connected, insert_rows


def insert_together(session: Connected, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Inserts rows with the same columns in one statement, which is compiled once for each number of rows.

    SQLite's go through the driver as they are.
    """
    connection, names = session.connection(), tuple(rows[0])
    if connection.dialect.name == "sqlite":
        insert_rows(connection, table, rows)
        return
    values = {f"{name}_{n}": row[name] for n, row in enumerate(rows) for name in names}
    connection.execute(_insert_of(table, names, len(rows)), values)


@lru_cache(maxsize=64)
def _insert_of(table: Table, names: tuple[str, ...], count: int) -> Insert:
    """INSERT … SELECT … UNION ALL: unlike VALUES of several rows, SQLAlchemy keeps it compiled."""
    kinds = [(name, table.c[name].type) for name in names]
    rows = [select(*(bindparam(f"{name}_{n}", type_=kind) for name, kind in kinds)) for n in range(count)]
    return insert(table).from_select(names, union_all(*rows) if count > 1 else rows[0])
