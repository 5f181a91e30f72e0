"""Days as commands take them: written YYYY-MM-DD and in no other way."""

from __future__ import annotations

import re
from datetime import date

from pro.cli import Wrong

EARLIEST, LATEST = 1900, 2199
"""Years in which days are reckoned with: before and after, the calendar itself may end."""


def iso_day(given: str) -> date | None:
    """None where it is no day, or written otherwise, such as 2026-3-2 or with digits of another script."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def near_day(given: str) -> date | None:
    """The same for a day that others are counted from."""
    day = iso_day(given)
    return day if day is not None and EARLIEST <= day.year <= LATEST else None


def read_day(option: str, given: str) -> date:
    day = iso_day(given)
    if day is None:
        raise Wrong(f"{option}: {given!r} is not a date (YYYY-MM-DD)")
    return day
