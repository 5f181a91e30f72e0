"""A second, independent account of local time: the transitions read straight from the compiled zone files.

It shares nothing with `pro.domain` but the file: no folds, no bisection, only stretches of constant offset.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

BEGINNING = datetime.combine(date.min, time(0))
EPOCH = datetime.combine(date(1970, 1, 1), time(0))
HORIZON = datetime.combine(date(2040, 1, 1), time(0))
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

Stretch = tuple[datetime, datetime, timedelta]
"""From (UTC), until (UTC, exclusive), offset."""


@cache
def stretches(name: str) -> tuple[Stretch, ...]:
    """Stretches of constant offset from year 1 up to the horizon, in order."""
    changes, first = _listed_changes(name)
    changes += _later_changes(name, changes[-1][0] if changes else EPOCH)
    found: list[Stretch] = []
    start, offset = BEGINNING, first
    for at, following in changes:
        if following != offset:
            found.append((start, at, offset))
            start, offset = at, following
    return (*found, (start, HORIZON, offset))


def _listed_changes(name: str) -> tuple[list[tuple[datetime, timedelta]], timedelta]:
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    end, _ = _block(data, 0, width=4)
    _, (times, kinds, offsets) = _block(data, end, width=8)
    changes = [(EPOCH + timedelta(seconds=t), offsets[k]) for t, k in zip(times, kinds, strict=True)]
    return [change for change in changes if change[0] < HORIZON], offsets[0]


def _block(data: bytes, start: int, width: int) -> tuple[int, tuple[list[int], list[int], list[timedelta]]]:
    """One version-1 or version-2 block of RFC 8536: where it ends, transition times, their types, type offsets."""
    assert data[start : start + 4] == b"TZif"
    counts = struct.unpack(">6l", data[start + 20 : start + 44])
    utc_flags, wall_flags, leaps, time_count, type_count, letters = counts
    at = start + 44
    times = list(struct.unpack(f">{time_count}{'l' if width == 4 else 'q'}", data[at : at + width * time_count]))
    at += width * time_count
    kinds = list(data[at : at + time_count])
    at += time_count
    offsets = [timedelta(seconds=struct.unpack(">l", data[at + 6 * n : at + 6 * n + 4])[0]) for n in range(type_count)]
    at += 6 * type_count + letters + leaps * (width + 4) + wall_flags + utc_flags
    return at, (times, kinds, offsets)


def _later_changes(name: str, after: datetime) -> list[tuple[datetime, timedelta]]:
    """Changes by the file's closing rule: probed every three days and narrowed down to the second."""
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    if b"," not in data[data.rindex(b"\n", 0, -1) :]:
        return []
    zone = ZoneInfo.from_file(BytesIO(data), key=name)
    at = after
    offset = _offset(at, zone)
    found = []
    while at < HORIZON:
        following = at + 3 * DAY
        if _offset(following, zone) != offset:
            low, high = at, following
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
            offset = _offset(high, zone)
            found.append((high, offset))
        at = following
    return found


def _offset(naive_utc: datetime, zone: ZoneInfo) -> timedelta:
    offset = naive_utc.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def opening(name: str, day: date, cutoff: time) -> datetime:
    """The first instant whose wall clock is at or past day + cut-off, stretch after stretch."""
    wall = datetime.combine(day, cutoff)
    for start, until, offset in stretches(name):
        if until + offset > wall:
            reached = max(start, wall - offset) if start != BEGINNING else wall - offset
            if reached < until:
                return reached.replace(tzinfo=UTC)
    raise AssertionError("past the horizon")


def exists(name: str, day: date) -> bool:
    """Whether any instant of the zone has that local date."""
    midnight = datetime.combine(day, time(0))
    return any(
        (start == BEGINNING or start + offset < midnight + DAY) and until + offset > midnight
        for start, until, offset in stretches(name)
    )


def local(name: str, instant: datetime) -> datetime:
    """The wall clock at `instant`."""
    naive = instant.astimezone(UTC).replace(tzinfo=None)
    found = stretches(name)
    index = bisect_right([start for start, _, _ in found], naive) - 1
    return naive + found[index][2]


def patient_day(name: str, instant: datetime, cutoff: time) -> date:
    """The last existing date whose opening is not after `instant`, by trying five days around."""
    around = local(name, instant).date()
    tried = (around + timedelta(days=n) for n in range(-4, 4))
    return max(d for d in tried if exists(name, d) and opening(name, d, cutoff) <= instant)


def reminder(name: str, day: date, at: time) -> datetime:
    """The first instant with that wall clock; in a gap, forward by the gap."""
    wall = datetime.combine(day, at)
    for start, until, offset in stretches(name):
        reached = wall - offset
        if (start == BEGINNING or start <= reached) and reached < until:
            return reached.replace(tzinfo=UTC)
    before = [offset for start, until, offset in stretches(name) if until + offset <= wall]
    return (wall - before[-1]).replace(tzinfo=UTC)
