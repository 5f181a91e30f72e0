"""What the tables of the data set are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from pro.services.parts import Parts

Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the export; `rows` yields them sorted by their first columns."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Parts], Iterator[Values]]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column → code → what it means, where `pro.exports.codes` does not know the table."""


def read(parts: Parts, wanted: Any) -> Iterable[Row[Any]]:
    """All rows of a query, in a transaction of its own."""
    with parts.study.plain_reading() as session:
        return session.connection().execute(wanted).all()
