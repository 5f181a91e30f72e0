"""What the desk shows first: what needs a person today, at the sites that this person may see.

Lists are cut at a limit and counted apart, so that a screen reads a bounded number of rows however many are enrolled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from pro.clock import Moment
from pro.domain import zones
from pro.domain.assessment import State, state
from pro.domain.compliance import Compliance, Day, last_seven, percent
from pro.domain.protocol import Protocol
from pro.domain.schedule import day_opens, patient_day
from pro.library import Library
from pro.services.access import Identity, Right
from pro.services.episodes import FlareLine, Unseen, diaries, flare_lines, unseen
from pro.services.messages_sent import MessageFigures, SentLine, Stopped, sent_of, stopped
from pro.services.parts import Parts
from pro.services.visit_list import Visit, coming, to_enter_of
from pro.store import desk, desk_tallies, desk_tasks, windows
from pro.store.desk import Found
from pro.store.instants import instants_of

SHOWN = 20
"""Tasks on one screen."""
CHIPS = 60
IN_A_ROW, UNDER = "missed-in-a-row", "under-80"
LIVE = timedelta(days=5)
"""How far back a window that is not closed yet may lie."""


@dataclass(frozen=True, slots=True)
class Place:
    """A site that the reader may see."""

    id: int
    code: str
    name: str
    zone: str
    study_id: int
    study: str
    """Code of the study."""
    title: str
    protocol: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that was tried."""

    at: datetime
    outcome: str
    login: str
    note: str


@dataclass(frozen=True, slots=True)
class TaskLine:
    """Something to do for a patient, with its one reason."""

    id: int
    patient_id: int | None
    number: str | None
    kind: str
    detail: str
    made_at: datetime
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    number: str
    state: State


@dataclass(frozen=True, slots=True)
class Today:
    zone: str
    now: datetime
    """Study time in the zone of the first site."""
    flares: tuple[FlareLine, ...]
    flares_in_all: int
    unseen: tuple[Unseen, ...]
    """At the sites whose flares the reader may not see: that nobody has looked at one in time, and nothing of it."""
    unseen_in_all: int
    tasks: tuple[TaskLine, ...]
    tasks_in_all: int
    messages: MessageFigures
    sent: SentLine
    stopped: tuple[Stopped, ...]
    """Patients who wanted no more messages in the last days; one more than are shown where there are more."""
    hit: int
    """Open windows of patients who were not reminded in time, at the sites where the reader may extend them."""
    yesterday: date
    diaries: tuple[Chip, ...]
    figures: Compliance
    to_enter: tuple[Visit, ...]
    """From the opening of the window until the form is in, the oldest first."""
    to_enter_in_all: int
    visits: tuple[Visit, ...]
    """Those to come or to be answered, without those to enter."""
    protocol: Protocol
    things: int
    """How many things wait for the reader: what others have to take up is not among them, a flare unseen is."""


def places(parts: Parts, identity: Identity, right: Right) -> tuple[Place, ...]:
    """The sites where this right holds, in the order they were made."""
    with parts.study.reading() as session:
        return read_places(session, identity.sites(right))


def read_places(session: Session, ids: Collection[int]) -> tuple[Place, ...]:
    found = desk.sites(session, ids)
    return tuple(
        Place(row.id, row.code, row.name, row.zone, row.study_id, row.study, row.title, row.protocol) for row in found
    )


def today(parts: Parts, identity: Identity, moment: Moment) -> Today:
    """The first screen. Asks `SEE_TODAY`; flares are there for those who may see them."""
    ids = identity.sites(Right.SEE_TODAY)
    now = moment.study
    with parts.study.reading() as session:
        sites = read_places(session, ids)
        protocol = protocol_of(parts.library, sites)
        zone = sites[0].zone if sites else "UTC"
        day = patient_day(now, zones.zone(zone), protocol.cutoff)
        yesterday = day - timedelta(days=1)
        flare_ids = identity.sites(Right.SEE_FLARE)
        flares_in_all = desk.count_flares_to_review(session, flare_ids) if flare_ids else 0
        unseen_ones, unseen_in_all = unseen(parts.library, session, ids - flare_ids, now)
        tasks_in_all = desk_tasks.count_patients_to_call(session, ids, diaries(protocol))
        opened = [day_opens(each, zones.zone(zone), protocol.cutoff) for each in (yesterday, day)]
        messages, sent = sent_of(session, ids, opened[0], opened[1], now)
        to_enter, to_enter_in_all = to_enter_of(parts.library, session, ids, now)
        return Today(
            zone=zone,
            now=now.astimezone(zones.zone(zone)),
            flares=flare_lines(parts, session, flare_ids, now),
            flares_in_all=flares_in_all,
            unseen=unseen_ones,
            unseen_in_all=unseen_in_all,
            tasks=_calls(session, ids, protocol, now),
            tasks_in_all=tasks_in_all,
            things=unseen_in_all + _things(session, identity, protocol, flares_in_all, tasks_in_all),
            messages=messages,
            sent=sent,
            stopped=stopped(session, ids, now),
            hit=_hit(session, identity.sites(Right.EXTEND), now),
            yesterday=yesterday,
            diaries=_chips(session, ids, protocol, yesterday, now),
            figures=sum(site_figures(session, ids, diaries(protocol), now).values(), Compliance()),
            to_enter=to_enter,
            to_enter_in_all=to_enter_in_all,
            visits=coming(session, ids, protocol, day, now, to_enter),
            protocol=protocol,
        )


def protocol_of(library: Library, sites: Sequence[Place]) -> Protocol:
    """The newest protocol of the reader's study: its timepoints and words head the pages."""
    return library.latest_protocol(sites[0].protocol if sites else library.protocols()[0].id)


# Tasks, messages, diaries, visits


def task(parts: Parts, task_id: int, moment: Moment, *, even_answered: bool = False) -> tuple[TaskLine, int] | None:
    """A task and its site; None where there is none, it is done, or what the patient sent since has settled it.

    `even_answered`: that too, for a call that was under way meanwhile.
    """
    timepoints = {key for protocol in parts.library.protocols() for key in diaries(protocol)}
    with parts.study.reading() as session:
        row = desk_tasks.task_with_patient(session, task_id, timepoints)
        if row is None or row.done_at is not None or (row.answered and not even_answered):
            return None
        protocol = protocol_of(parts.library, read_places(session, [row.site_id]))
        return task_lines(session, [row], protocol, moment.study)[0], row.site_id


def zone_of(parts: Parts, identity: Identity) -> str:
    """Zone of the reader's first site."""
    sites = places(parts, identity, Right.SEE_TODAY)
    return sites[0].zone if sites else "UTC"


def _calls(session: Session, ids: Collection[int], protocol: Protocol, now: datetime) -> tuple[TaskLine, ...]:
    """One reason for each patient, the most urgent; a further one shows when it is settled."""
    found: dict[int, Found] = {}
    for row in desk_tasks.open_tasks(session, ids, diaries(protocol), 3 * SHOWN):
        found.setdefault(row.patient_id or -row.id, row)
    return task_lines(session, list(found.values())[:SHOWN], protocol, now)


def task_lines(
    session: Session, rows: Sequence[Found], protocol: Protocol, now: datetime, number: str | None = None
) -> tuple[TaskLine, ...]:
    """Tasks as they stand now: diaries missed in a row and the share of the last seven are counted anew.

    `number` where the rows have none.
    """
    timepoints = diaries(protocol)
    asked = {row.patient_id for row in rows if row.kind == IN_A_ROW}
    runs = desk_tasks.missed_in_a_row(session, asked, timepoints) if asked else {}
    shares = _shares(session, {row.patient_id for row in rows if row.kind == UNDER}, protocol, now)
    return tuple(
        _task_line(row, runs.get(row.patient_id, 0), shares.get(row.patient_id, ""), number or row.number)
        for row in rows
    )


def _shares(session: Session, asked: Collection[int], protocol: Protocol, now: datetime) -> dict[int, str]:
    """Per cent of the newest diaries that each of these patients filled in, with one decimal."""
    newest = protocol.attention.last_days
    days: dict[int, list[Day]] = {}
    for row in desk_tasks.newest_diaries(session, asked, diaries(protocol), now, newest) if asked else ():
        days.setdefault(row.patient_id, []).append(Day(row.day, instants_of(row)))
    return {id_: str(percent(last_seven(mine, now, newest=newest).ratio)) for id_, mine in days.items()}


def _task_line(row: Found, missed: int, share: str, number: str | None) -> TaskLine:
    detail = row.detail
    if row.kind == IN_A_ROW:
        detail = str(max(missed, int(detail) if detail.isdigit() else 0))
    elif row.kind == UNDER:
        detail = share or detail
    return TaskLine(row.id, row.patient_id, number, row.kind, detail, row.made_at, attempts_of(row.note))


def attempts_of(note: str) -> tuple[Attempt, ...]:
    """Calls noted on a task, a line each: instant, outcome, login, note."""
    found = []
    for line in note.splitlines():
        fields = line.split("\t", 3)
        if len(fields) == 4:
            found.append(Attempt(datetime.fromisoformat(fields[0]), *fields[1:]))
    return tuple(found)


def _hit(session: Session, ids: Collection[int], now: datetime) -> int:
    return windows.count_hit(session, ids, now) if ids else 0


def _chips(session: Session, ids: Collection[int], protocol: Protocol, day: date, now: datetime) -> tuple[Chip, ...]:
    rows = desk.diaries_of(session, ids, diaries(protocol), day, CHIPS)
    return tuple(Chip(row.number, state(instants_of(row), now)) for row in rows)


def _things(session: Session, identity: Identity, protocol: Protocol, flares_in_all: int, tasks_in_all: int) -> int:
    """What this person's rights let them do; most have one right at all their sites or at none."""
    review, call = identity.sites(Right.REVIEW_FLARE), identity.sites(Right.LOG_CALL)
    flares, tasks = flares_in_all, tasks_in_all
    if review != identity.sites(Right.SEE_FLARE):
        flares = desk.count_flares_to_review(session, review) if review else 0
    if call != identity.sites(Right.SEE_TODAY):
        tasks = desk_tasks.count_patients_to_call(session, call, diaries(protocol)) if call else 0
    return flares + tasks


def site_figures(
    session: Session, ids: Collection[int], timepoints: Collection[str], now: datetime
) -> dict[int, Compliance]:
    """Compliance of each site: the kept count of closed windows, and live rows of those not closed yet."""
    figures: dict[int, Compliance] = {}
    for row in desk_tallies.tallied(session, ids, timepoints):
        figures[row.site_id] = Compliance(int(row.completed), int(row.late), int(row.partial), int(row.missed))
    for row in desk_tallies.not_yet_tallied(session, ids, timepoints, (now - LIVE).date(), now):
        live = Compliance(int(row.completed or 0), int(row.late or 0), 0, int(row.missed or 0))
        figures[row.site_id] = figures.get(row.site_id, Compliance()) + live
    return figures
