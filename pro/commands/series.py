"""Reads recorded data for a backtest: `patient,day,item,value`, checked against the protocol's questionnaires."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pro.commands.days import near_day
from pro.domain.flares import History
from pro.domain.questionnaire import Item, Kind, Questionnaire, Value

COLUMNS = ("patient", "day", "item", "value")
DAY_ZERO = date(2000, 1, 1)
"""Stands for day 0 where the file counts days instead of dating them."""

YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
NUMBERS = frozenset({Kind.RATING, Kind.VAS, Kind.INTEGER, Kind.DECIMAL})

Address = tuple[str, str]


class BadSeries(ValueError):
    """A file that is no series; says `FILE:LINE: what is wrong and what would be right`."""


@dataclass(slots=True)
class Series:
    """One patient's recorded values, and every day on which the file has a line."""

    values: dict[Address, dict[date, Value]] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    @property
    def history(self) -> History:
        return History(self.values)


@dataclass(frozen=True, slots=True)
class Recorded:
    patients: Mapping[str, Series]
    counted: bool
    """Days are counted from day 0 in the file, not dated."""

    def shown(self, day: date) -> int | str:
        return (day - DAY_ZERO).days if self.counted else day.isoformat()


@dataclass(frozen=True, slots=True)
class Row:
    where: str
    patient: str
    day: str
    item: str
    value: str


def read_series(path: Path, questionnaires: Iterable[Questionnaire], read: Collection[str] = ()) -> Recorded:
    """The file's values by patient; an empty value is an answer that was not given. BadSeries says what is wrong.

    An item named alone that several questionnaires have belongs to the one among `read`.
    """
    items = {(asked.id, item.key): item for asked in questionnaires for item in asked.items}
    rows = list(rows_of(path))
    counted = bool(rows) and is_count(rows[0].day)
    patients: dict[str, Series] = {}
    seen: dict[tuple[str, date, Address], str] = {}
    for row in rows:
        day, address = read_day(row, counted), find_item(row, items, read)
        first = seen.setdefault((row.patient, day, address), row.where)
        if first != row.where:
            raise BadSeries(f"{row.where}: the same patient, day and item stand already at {first}")
        series = patients.setdefault(row.patient, Series())
        series.days.add(day)
        if row.value:
            series.values.setdefault(address, {})[day] = read_value(row, items[address])
    return Recorded(patients, counted)


def rows_of(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = tuple(cell.strip() for cell in next(reader, []))
            if header != COLUMNS:
                raise BadSeries(f"{path}:1: the first line must be {','.join(COLUMNS)}")
            for cells in reader:
                if cells:
                    yield row_of(f"{path}:{reader.line_num}", [cell.strip() for cell in cells])
    except UnicodeDecodeError:
        raise BadSeries(f"{path}: not a text in UTF-8") from None
    except csv.Error as problem:
        raise BadSeries(f"{path}: not a CSV file: {problem}") from None


def row_of(where: str, cells: list[str]) -> Row:
    if len(cells) != len(COLUMNS):
        raise BadSeries(f"{where}: {len(cells)} values, wanted {len(COLUMNS)}: {','.join(COLUMNS)}")
    row = Row(where, *cells)
    for name in ("patient", "day", "item"):
        if not getattr(row, name):
            raise BadSeries(f"{where}: {name} is empty")
    return row


def is_count(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 5


def read_day(row: Row, counted: bool) -> date:
    if counted != is_count(row.day):
        raise BadSeries(f"{row.where}: day {row.day!r}: count days in the whole file, or date them (YYYY-MM-DD)")
    if counted:
        return DAY_ZERO + timedelta(int(row.day))
    day = near_day(row.day)
    if day is None:
        raise BadSeries(f"{row.where}: day {row.day!r} is not a date of this age (YYYY-MM-DD) or a count")
    return day


def find_item(row: Row, items: Mapping[Address, Item], read: Collection[str]) -> Address:
    fitting = [each for each in items if row.item in (each[1], ".".join(each))]
    fitting = [each for each in fitting if each[0] in read] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " or ".join(".".join(each) for each in fitting)
        raise BadSeries(f"{row.where}: item {row.item!r} is in several questionnaires, write {names}")
    names = ", ".join(sorted(".".join(each) for each in items))
    raise BadSeries(f"{row.where}: no item {row.item!r}; there are {names}")


def read_value(row: Row, item: Item) -> Value:
    """Averages are welcome where the item is a number, and a count for a list of joints."""
    if item.kind in NUMBERS:
        return within(row, number_of(row), item.low, item.high)
    if item.kind is Kind.YES_NO:
        if row.value.lower() not in YES_NO:
            raise BadSeries(f"{row.where}: {row.item} {row.value!r} is neither true nor false")
        return YES_NO[row.value.lower()]
    if item.kind is Kind.JOINTS:
        return joints_of(row, item)
    return row.value


def number_of(row: Row) -> Decimal:
    try:
        number = Decimal(row.value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadSeries(f"{row.where}: {row.item} {row.value!r} is not a number")
    return number


def within(row: Row, number: Decimal, low: Decimal | None, high: Decimal | None) -> Decimal:
    if (low is not None and number < low) or (high is not None and number > high):
        raise BadSeries(f"{row.where}: {row.item} {row.value} is outside {low} to {high}")
    return number


def joints_of(row: Row, item: Item) -> Value:
    if is_count(row.value):
        return within(row, number_of(row), Decimal(0), Decimal(len(item.joints)))
    named = row.value.replace(";", " ").split()
    unknown = [joint for joint in named if joint not in item.joints]
    if unknown:
        raise BadSeries(f"{row.where}: {row.item} has no joint {unknown[0]!r} (such as {item.joints[0]})")
    return tuple(joint for joint in item.joints if joint in named)
