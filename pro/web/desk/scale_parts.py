"""The pieces of the page of a patient's scales, as its template reads them."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Source:
    """A bound and where it comes from."""

    bound: str
    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """One scale: its newest value, how it moved, and its drawing."""

    title: str
    value: str
    when: str
    change: str
    change_short: str
    band: str
    direction: str
    answered: str
    cut: str
    sources: tuple[Source, ...]
    absent: tuple[str, ...]
    drawing: Markup
    notes: tuple[str, ...] = ()
    """What the newest value rests on and a reader must know."""


@dataclass(frozen=True, slots=True)
class Cell:
    value: str
    more: tuple[str, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Every figure of a card: a row a scale, a column a visit."""

    visits: tuple[tuple[str, str], ...]
    """Name and date."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class CardView:
    id: str
    title: str
    by: str
    banner: str
    """That our labels stood for an owner's text."""
    charts: bool
    empty: bool
    """No scale of it has a value yet."""
    rows: tuple[Row, ...]
    absent: tuple[str, ...]
    """Visits without a value, said once where every scale says the same; of rows, what the fullest one says."""
    versions: str
    source: str
    table: Table
