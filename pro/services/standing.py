"""Compliance as the desk reads it: figures of sites from the kept count, and a page of patients from their rows.

A filtered page looks at a bounded number of patients and says where it stopped, so that the next goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.assessment import State, state
from pro.domain.compliance import (
    LEAST_RATIO,
    MISSED_IN_A_ROW,
    Compliance,
    Day,
    compliance,
    last_seven,
    runs_missed,
    total,
)
from pro.domain.protocol import Protocol
from pro.library import Library
from pro.services.access import Identity, Right
from pro.services.courses import Standing, standings
from pro.services.episodes import diaries, emergencies
from pro.services.overview import Place, protocol_of, read_places, site_figures
from pro.services.parts import Parts
from pro.store import desk, desk_tallies, desk_tasks
from pro.store.desk import Found
from pro.store.instants import instants_of

PAGE = 50
"""Patients on one screen."""
LOOKED_AT = 150
"""Patients that a filtered screen looks at."""
TREND = timedelta(weeks=8)

Filter = Literal["all", "below", "missed"]


@dataclass(frozen=True, slots=True)
class Review:
    """What waits for a review."""

    kind: Literal["flare", "safety"]
    """`safety` where something that is judged for the patient's safety was hit, whatever was beside it."""
    undecided: bool
    """Reviewed, and nobody can tell yet."""


FILTERS: tuple[Filter, ...] = ("all", "below", "missed")


@dataclass(frozen=True, slots=True)
class Cell:
    day: date
    state: State


@dataclass(frozen=True, slots=True)
class Row:
    """One patient's calendar and figures."""

    number: str
    site_id: int
    day0: date
    stands: Standing
    cells: tuple[Cell, ...]
    figures: Compliance
    planned: int
    """Diaries of the whole study, for the share of available data."""
    missed_in_a_row: int
    recent: Compliance
    """Of the newest days that the protocol looks at, seven where it does not say."""
    tasks: tuple[str, ...]
    """Kinds of its open tasks."""
    review: Review | None
    """None where no episode waits for one."""

    @property
    def withdrawn_at(self) -> datetime | None:
        return self.stands.withdrawn_at

    @property
    def below(self) -> bool:
        return is_below(self.figures)


@dataclass(frozen=True, slots=True)
class SiteFigures:
    place: Place
    figures: Compliance
    patients: int
    available: tuple[int, int]
    """Completed, of all diaries of the closed days of everyone enrolled, withdrawn ones too."""
    weeks: tuple[Compliance, ...]
    """The trend, a week each, oldest first."""


@dataclass(frozen=True, slots=True)
class Page:
    protocol: Protocol
    sites: tuple[SiteFigures, ...]
    rows: tuple[Row, ...]
    first: date
    last: date
    today: date
    next: str | None
    """Number after which the next page begins; None on the last."""
    looked_at: int

    @property
    def study(self) -> Compliance:
        return total(site.figures for site in self.sites)


def is_below(figures: Compliance) -> bool:
    """Whether completed of expected is under 80 %; not while nothing is expected."""
    return figures.ratio is not None and figures.ratio < LEAST_RATIO


def page(
    parts: Parts,
    identity: Identity,
    moment: Moment,
    chosen: Filter = "all",
    after: str = "",
    site_id: int | None = None,
) -> Page:
    """One screen of the compliance page; `site_id` narrows it to one of the reader's sites."""
    ids = identity.sites(Right.SEE_COMPLIANCE)
    shown = ids if site_id is None else ids & {site_id}
    now = moment.study
    with parts.study.reading() as session:
        sites = read_places(session, ids)
        protocol = protocol_of(parts.library, sites)
        limit = PAGE if chosen == "all" else LOOKED_AT
        patients = desk.patients_page(session, shown, after, limit + 1) if shown else []
        looked = patients[:limit]
        every = rows_of(session, parts.library, looked, protocol, now)
        rows = tuple(row for row in every if _wanted(row, chosen))[:PAGE]
        last_seen = rows[-1].number if len(rows) == PAGE else looked[-1].number if looked else ""
        more = bool(looked) and (len(patients) > limit or last_seen < looked[-1].number)
        days = [cell.day for row in rows for cell in row.cells]
        return Page(
            protocol=protocol,
            sites=site_cards(session, sites, protocol, now),
            rows=rows,
            first=min(days, default=now.date()),
            last=max(days, default=now.date()),
            today=now.date(),
            next=last_seen if more else None,
            looked_at=len(looked),
        )


def all_rows(parts: Parts, identity: Identity, moment: Moment, chosen: Filter = "all") -> Iterator[Row]:
    """Every patient of the table, read a page at a time: for its file."""
    ids = identity.sites(Right.SEE_COMPLIANCE)
    after = ""
    while ids:
        with parts.study.reading() as session:
            protocol = protocol_of(parts.library, read_places(session, ids))
            patients = desk.patients_page(session, ids, after, PAGE)
            rows = rows_of(session, parts.library, patients, protocol, moment.study)
        yield from (row for row in rows if _wanted(row, chosen))
        if len(patients) < PAGE:
            return
        after = patients[-1].number


def _wanted(row: Row, chosen: Filter) -> bool:
    if chosen == "below":
        return row.below
    return chosen == "all" or row.missed_in_a_row >= MISSED_IN_A_ROW


def rows_of(
    session: Session, library: Library, patients: Sequence[Found], protocol: Protocol, now: datetime
) -> list[Row]:
    """Calendar and figures of these patients."""
    ids = [each.patient_id for each in patients]
    if not ids:
        return []
    planned: dict[int, list[Found]] = {}
    for row in desk.assessments_of(session, ids, diaries(protocol)):
        planned.setdefault(row.patient_id, []).append(row)
    tasks: dict[int, list[str]] = {}
    for task in desk_tasks.open_tasks_of(session, ids, diaries(protocol)):
        tasks.setdefault(task.patient_id, []).append(task.kind)
    reviews = {row.patient_id: _review(row) for row in desk.with_review(session, ids, emergencies(library))}
    stands = standings(session, patients, protocol, now)
    return [
        _row(
            each,
            planned.get(each.patient_id, []),
            tuple(tasks.get(each.patient_id, ())),
            reviews.get(each.patient_id),
            stands[each.patient_id],
            protocol.attention.last_days,
            now,
        )
        for each in patients
    ]


def _review(row: Found) -> Review:
    return Review("safety" if row.safety else "flare", bool(row.undecided))


def _row(
    patient: Found,
    planned: Sequence[Found],
    tasks: tuple[str, ...],
    review: Review | None,
    stands: Standing,
    newest: int,
    now: datetime,
) -> Row:
    days = [Day(row.day, instants_of(row)) for row in planned]
    cells = tuple(Cell(day.day, state(day.instants, now)) for day in days)
    return Row(
        number=patient.number,
        site_id=patient.site_id,
        day0=patient.day0,
        stands=stands,
        cells=tuple(cell for cell in cells if cell.state is not State.CANCELLED),
        figures=compliance(days, now, patient.withdrawn_at),
        planned=sum(1 for day in days if day.day < now.date()),
        missed_in_a_row=0 if patient.withdrawn_at else runs_missed(days, now),
        recent=last_seven(days, now, patient.withdrawn_at, newest),
        tasks=tasks,
        review=review,
    )


def site_cards(session: Session, sites: Sequence[Place], protocol: Protocol, now: datetime) -> tuple[SiteFigures, ...]:
    """Figures and trend of each site, from the kept count."""
    ids = [place.id for place in sites]
    if not ids:
        return ()
    figures = site_figures(session, ids, diaries(protocol), now)
    patients = {row.site_id: row.n for row in desk.count_patients(session, ids)}
    cancelled = desk_tallies.cancelled_before(session, ids, diaries(protocol), now.date())
    weeks = _weeks(session, ids, protocol, now)
    return tuple(
        SiteFigures(
            place=place,
            figures=(mine := figures.get(place.id, Compliance())),
            patients=patients.get(place.id, 0),
            available=(mine.completed, mine.expected + cancelled.get(place.id, 0)),
            weeks=weeks.get(place.id, ()),
        )
        for place in sites
    )


def _weeks(
    session: Session, ids: Sequence[int], protocol: Protocol, now: datetime
) -> dict[int, tuple[Compliance, ...]]:
    since = (now - TREND).date()
    found: dict[int, dict[int, Compliance]] = {}
    rows = desk_tallies.tallied_by_day(session, ids, diaries(protocol), since, len(ids) * (TREND.days + 1))
    for row in rows:
        week = (row.day - since).days // 7
        counted = Compliance(int(row.completed), int(row.late), int(row.partial), int(row.missed))
        mine = found.setdefault(row.site_id, {})
        mine[week] = mine.get(week, Compliance()) + counted
    return {site: tuple(mine[week] for week in sorted(mine)) for site, mine in found.items()}
