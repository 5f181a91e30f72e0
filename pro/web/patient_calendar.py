"""One patient's calendar in words: weeks of cells for the table, and days with every window and every text.

Like `protocol_cards` it knows no request: the page at the desk and `pro protocol calendar` show the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from pro.domain.outlook import Outlook
from pro.domain.outlook import Text as Sms
from pro.domain.patient_days import DAY, day_exists
from pro.domain.schedule import Planned
from pro.services.previewing import Preview
from pro.web.calendar_words import Words
from pro.web.words import in_language, say_clock

WEEK = 7


@dataclass(frozen=True, slots=True)
class Chip:
    """A visit on one day."""

    title: str
    kind: str
    """`target`, `around` (another day of its window) or `staff`."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A text on one day."""

    clock: str
    why: str
    """Empty where it goes."""
    about: tuple[str, ...] = ()
    """Titles of what it announces."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the table."""

    day: date
    study_day: int
    chips: tuple[Chip, ...]
    diaries: tuple[str, ...]
    rings: tuple[Ring, ...]
    missing: bool
    """The zone skips this date."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A window that opens on a day."""

    title: str
    window: str
    late: str
    minutes: str
    by_staff: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which something opens or a text comes."""

    day: date
    study_day: int
    openings: tuple[Opening, ...]
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday."""

    cells: tuple[Cell, ...]
    days: tuple[Day, ...]

    @property
    def first(self) -> Cell:
        return self.cells[0]

    @property
    def last(self) -> Cell:
        return self.cells[-1]

    @property
    def texts(self) -> int:
        return sum(not ring.why for day in self.days for ring in day.rings)

    @property
    def visits(self) -> tuple[str, ...]:
        titles = (chip.title for cell in self.cells for chip in cell.chips if chip.kind == "target")
        return tuple(dict.fromkeys(titles))


def weeks(found: Preview, words: Words) -> tuple[Week, ...]:
    """From the week of the first opening to that of the last end."""
    outlook = found.outlook
    if not outlook.planned:
        return ()
    first = min(outlook.holds(one.opens_at) for one in outlook.planned)
    last = max(outlook.holds(one.end - timedelta.resolution) for one in outlook.planned)
    monday = first - timedelta(days=first.weekday())
    days = [monday + timedelta(days=n) for n in range((last - monday).days // WEEK * WEEK + WEEK)]
    rings, openings = _rings(outlook, words), _openings(found, words)
    cells = _cells(outlook, days, rings, words)
    days, cells = days[_unlived(cells) :], cells[_unlived(cells) :]
    listed = [
        Day(day, (day - outlook.day0).days, openings.get(day, ()), rings.get(day, ()))
        for day in days
        if day in openings or day in rings
    ]
    return tuple(
        Week(tuple(cells[n : n + WEEK]), tuple(one for one in listed if 0 <= (one.day - days[n]).days < WEEK))
        for n in range(0, len(days), WEEK)
    )


def _cells(outlook: Outlook, days: Sequence[date], rings: Mapping[date, tuple[Ring, ...]], words: Words) -> list[Cell]:
    chips: dict[date, list[Chip]] = defaultdict(list)
    diaries: dict[date, list[str]] = defaultdict(list)
    for one in outlook.planned:
        timepoint = outlook.protocol.timepoint(one.timepoint)
        title = in_language(timepoint.title, words.language)
        if timepoint.repeats:
            diaries[one.day].append(title)
            continue
        for day in _window_days(outlook, one):
            if one.respondent == "patient":
                chips[day].append(Chip(title, "target" if day == one.day else "around"))
            elif day == one.day:
                chips[day].append(Chip(title, "staff"))
    return [
        Cell(
            day,
            (day - outlook.day0).days,
            tuple(chips[day]),
            tuple(diaries[day]),
            rings.get(day, ()),
            not day_exists(day, outlook.zone),
        )
        for day in days
    ]


def _unlived(cells: Sequence[Cell]) -> int:
    """The days of the first weeks on which nothing is seen: of a long window of staff only its day is."""
    seen = next((n for n, one in enumerate(cells) if one.chips or one.diaries or one.rings), 0)
    return seen // WEEK * WEEK


def _window_days(outlook: Outlook, one: Planned) -> Iterator[date]:
    day, last = outlook.holds(one.opens_at), outlook.holds(one.closes_at - timedelta.resolution)
    while day <= last:
        yield day
        day += DAY


def _rings(outlook: Outlook, words: Words) -> dict[date, tuple[Ring, ...]]:
    """By the date on the patient's phone."""

    def local(sms: Sms) -> datetime:
        return (sms.leaves_at or sms.due_at).astimezone(outlook.zone)

    def about(sms: Sms) -> tuple[str, ...]:
        keys = dict.fromkeys(outlook.planned[n].timepoint for n in sms.announces)
        return tuple(in_language(outlook.protocol.timepoint(key).title, words.language) for key in keys)

    return {
        day: tuple(Ring(say_clock(local(sms), words.language), words.why(sms), about(sms)) for sms in there)
        for day, there in groupby(sorted(outlook.texts, key=local), key=lambda sms: local(sms).date())
    }


def _openings(found: Preview, words: Words) -> dict[date, tuple[Opening, ...]]:
    """By the day on which the patient can begin; of staff by the day that is meant."""
    by_day: dict[date, list[Opening]] = defaultdict(list)
    for one in found.outlook.planned:
        by_staff = one.respondent == "clinician"
        by_day[one.day if by_staff else found.outlook.holds(one.opens_at)].append(
            Opening(
                title=in_language(found.outlook.protocol.timepoint(one.timepoint).title, words.language),
                window=words.window(one),
                late=words.late(one),
                minutes=words.minutes(found.sittings[one.timepoint].minutes),
                by_staff=by_staff,
            )
        )
    return {day: tuple(there) for day, there in by_day.items()}
