"""Numbers, days and instants as an address or a script gives them: what no database can hold is no such thing.

A NUL, which PostgreSQL cannot keep, is refused in one place for every page.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TypeGuard

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter, ValidationError

HIGHEST = 2**63 - 1
"""The largest number of a row."""
EARLIEST, LATEST = 1900, 2199
"""Years within which days and instants may be reckoned with."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def init_app(app: Flask) -> None:
    """Call it before any route is added: `<int:…>` then stands for a number that a row may have."""
    app.url_map.converters["int"] = RowNumber
    app.before_request(_refuse_nul)


class RowNumber(IntegerConverter):
    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        try:
            return row_number(value)
        except ValueError:
            raise ValidationError from None


def row_number(text: str) -> int:
    """For `args.get(…, type=row_number)`. Raises ValueError for anything but digits up to HIGHEST."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= HIGHEST):
        raise ValueError(f"{text[:20]!r} is no number of a row")
    return int(text)


def row_number_or_none(text: str) -> int | None:
    try:
        return row_number(text)
    except ValueError:
        return None


def is_row_number(raw: object) -> TypeGuard[int]:
    """Whether a JSON value is a number that a row may have; true and false are none."""
    return isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= HIGHEST


def calendar_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day.year <= LATEST else None


def instant(text: str) -> datetime | None:
    """An instant with its offset, in UTC; None where it is none, or too far from today to reckon with."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    within = at.tzinfo is not None and EARLIEST <= at.year <= LATEST
    return at.astimezone(UTC) if within else None


def is_plain(text: str) -> bool:
    """Whether a text can be kept: no NUL, and no half of a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _refuse_nul() -> None:
    given = [request.path, *request.args.keys(), *request.args.values()]
    if request.mimetype in FORMS:
        given += [*request.form.keys(), *request.form.values()]
    if any("\0" in text for text in given):
        abort(400, "a NUL stands in what was sent")
