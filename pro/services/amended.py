"""What a version of the protocol does to patients who are in the study: read in batches and worked out, never written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime
from typing import Literal

from pro.domain import zones
from pro.domain.amendments import Change, Standing, StepChange, amend, fixed, pairs, same_times
from pro.domain.message import State
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.schedule import Planned, plan_all, steps_of
from pro.domain.travel import Calendar
from pro.library import Library
from pro.services.calendars import calendar_from
from pro.services.happenings import happened
from pro.services.windows_granted import Granted, granted
from pro.store import amendments, courses
from pro.store.amendments import NOT_YET, Found
from pro.store.engine import Connected

Kind = Literal["appears", "moves", "vanishes", "renewed", "stays"]
Reason = Literal[
    "new",
    "gone",
    "window",
    "reminders",
    "questions",
    "same",
    "answered",
    "begun",
    "message-sent",
    "over",
    "would-be-over",
]
ON_ITS_WAY = frozenset({State.SENDING, State.SENT, State.DELIVERED, State.UNDELIVERED})


@dataclass(frozen=True, slots=True)
class Item:
    """What becomes of one assessment. `renewed`: at its old times, with other questions."""

    kind: Kind
    why: Reason
    timepoint: str
    before: Planned | None
    after: Planned | None
    steps: tuple[StepChange, ...]
    row: Found | None
    clocks: str | None = None
    passed: bool = False
    """It keeps its window, and every instant at which it was or would be reminded is over: nothing of it changes."""

    @property
    def day(self) -> date:
        named = self.after or self.before
        assert named is not None
        return named.day

    @property
    def untouched(self) -> bool:
        """Whether it goes by the new version from now on."""
        return self.why not in ("answered", "begun", "message-sent", "over", "would-be-over", "gone")


@dataclass(frozen=True, slots=True)
class Numbers:
    patients: int = 0
    moves: int = 0
    appears: int = 0
    vanishes: int = 0
    renewed: int = 0
    kept: int = 0
    """As they are, because answered, begun or reminded of."""
    same: int = 0
    """Nothing changes for them."""
    over: int = 0
    """Over before, or they would be over at once."""
    sms: int = 0
    """Of those that move: in the same window, reminded at other times."""

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Amended:
    """What becomes of one patient's assessments, by opening."""

    patient: Found
    items: tuple[Item, ...]
    ledger: Mapping[int, Sequence[Found]]
    cancelled: Mapping[tuple[str, date], Found]
    pauses: Sequence[Found]

    @property
    def numbers(self) -> Numbers:
        kinds = [_counted(item) for item in self.items]
        sms = sum(item.kind == "moves" and item.why == "reminders" and not item.passed for item in self.items)
        return Numbers(1, **{name: kinds.count(name) for name in COUNTED}, sms=sms)


COUNTED = ("moves", "appears", "vanishes", "renewed", "kept", "same", "over")


def _counted(item: Item) -> str:
    if item.kind != "stays":
        return "same" if item.passed else item.kind
    return {"same": "same", "over": "over", "would-be-over": "over"}.get(item.why, "kept")


class Planner:
    """Plans and steps are the same for many patients: those of one run are kept, a few hundred at most."""

    def __init__(self, library: Library, to: Protocol) -> None:
        self.library, self.to = library, to
        self._alike: dict[tuple[str, str], bool] = {}
        self._asked: dict[tuple[str, str], bool] = {}
        self._planned: dict[tuple[date, str], tuple[Planned, ...]] = {}

    def protocol(self, row: Found) -> Protocol:
        return self.library.protocol(row.protocol, row.protocol_version)

    def new(self, key: str) -> Timepoint | None:
        return next((one for one in self.to.timepoints if one.key == key), None)

    def same_times(self, row: Found) -> bool:
        """Whether its timepoint is planned as before."""
        key = row.protocol_version, row.timepoint
        if key not in self._alike:
            old, new = self.protocol(row), self.new(row.timepoint)
            same = new is not None and same_times(old.timepoint(row.timepoint), new)
            self._alike[key] = same and old.cutoff == self.to.cutoff
        return self._alike[key]

    def asks_other(self, row: Found) -> bool:
        key = row.protocol_version, row.timepoint
        if key not in self._asked:
            new = self.new(row.timepoint)
            self._asked[key] = new is None or new.named != self.protocol(row).timepoint(row.timepoint).named
        return self._asked[key]

    def plan(self, patient: Found, calendar: Calendar, known: Sequence[object]) -> tuple[Planned, ...]:
        if known or calendar.travels:
            return plan_all(self.to, patient.day0, known, calendar).planned  # type: ignore[arg-type]
        key = patient.day0, patient.zone
        if key not in self._planned:
            if len(self._planned) > 300:
                self._planned.clear()
            self._planned[key] = plan_all(self.to, patient.day0, (), calendar).planned
        return self._planned[key]


def amended(
    session: Connected, planner: Planner, patients: Sequence[Found], now: datetime, *, lock: bool = False
) -> Iterator[Amended]:
    """What becomes of these patients' assessments; with `lock` their rows are locked first and read after it."""
    ids = [one.id for one in patients]
    rows = amendments.assessments(session, ids, lock=lock)
    touched, ledger = amendments.touched(session, ids), _by(amendments.ledger(session, ids), "assessment_id")
    stays, pauses = (
        _by(courses.stays_of(session, ids), "patient_id"),
        _by(courses.pauses_of(session, ids), "patient_id"),
    )
    calendars = {one.id: calendar_from(stays.get(one.id, ()), one.zone, planner.to.cutoff) for one in patients}
    known = happened(session, planner.to, {one.id: one.number for one in patients}, calendars, rows)
    theirs, given = _by(rows, "patient_id"), granted(session, {one.number for one in patients})
    for one in patients:
        mine = theirs.get(one.id, ())
        case = _Case(planner, one, calendars[one.id], touched, ledger, given.get(one.number, ()), now)
        planned = planner.plan(one, calendars[one.id], known[one.id])
        gone = {(row.timepoint, row.day): row for row in mine if row.cancelled_at is not None}
        live = [row for row in mine if row.cancelled_at is None]
        yield Amended(one, case.items(live, planned), ledger, gone, pauses.get(one.id, ()))


def _by(rows: Sequence[Found], name: str) -> dict[int, list[Found]]:
    found: dict[int, list[Found]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Case:
    planner: Planner
    patient: Found
    calendar: Calendar
    touched: Collection[int]
    ledger: Mapping[int, Sequence[Found]]
    granted: Sequence[Granted]
    now: datetime

    def items(self, rows: Sequence[Found], planned: Sequence[Planned]) -> tuple[Item, ...]:
        standing = [(row, self._standing(row)) for row in rows]
        stands = {(row.timepoint, row.day): (row, one.planned) for row, one in standing}
        after = self._no_sooner(standing, [self._as_it_will_be(one, stands) for one in planned])
        found = {id(one.planned): (row, one) for row, one in standing}
        changes = amend([one for _, one in standing], after, self.now)
        return tuple(self._item(change, found) for change in changes)

    def _standing(self, row: Found) -> Standing:
        """Steps are worked out only where they may matter: what is answered, sent or over keeps them anyway."""
        sent = frozenset(step.step for step in self.ledger.get(row.id, ()) if _on_its_way(step))
        settled = row.closed_at is not None
        protocol = self.planner.protocol(row)
        timepoint = protocol.timepoint(row.timepoint)
        answered = bool(
            row.submitted_at or row.started_at or row.answered or row.id in self.touched or timepoint.on_demand
        )
        one = Planned(row.timepoint, row.day, row.opens_at, row.closes_at, row.late_until, (), row.respondent)
        if not (answered or sent or settled or one.end <= self.now):
            zone = zones.zone(row.clocks or self.patient.zone)
            steps = steps_of(timepoint, row.day, row.opens_at, row.closes_at, zone, protocol.cutoff)
            one = replace(one, reminders=steps)
        return Standing(one, answered, settled, sent)

    def _as_it_will_be(self, one: Planned, stands: Mapping[tuple[str, date], tuple[Found, Planned]]) -> Planned:
        """As planned, unless its timepoint is planned as before: then as it stands, extended or travelled as it is."""
        row, before = stands.get((one.timepoint, one.day), (None, None))
        if row is not None and before is not None and self.planner.same_times(row):
            return before
        if not self.calendar.travels:
            return one
        timepoint, zone = self.planner.new(one.timepoint), zones.zone(self._clocks(one) or self.patient.zone)
        assert timepoint is not None
        steps = steps_of(timepoint, one.day, one.opens_at, one.closes_at, zone, self.planner.to.cutoff)
        return replace(one, reminders=steps)

    def _no_sooner(self, standing: Sequence[tuple[Found, Standing]], after: list[Planned]) -> list[Planned]:
        """A window that somebody extended ends no sooner by the plan: time that was granted is not taken back."""
        given = [n for n, (row, one) in enumerate(standing) if self._was_extended(row, one)]
        met = pairs([one.planned for _, one in standing], after) if given else {}
        longer = {id(met[n]): self._longer(met[n], standing[n][1].planned) for n in given if n in met}
        return [longer.get(id(one), one) for one in after]

    def _was_extended(self, row: Found, one: Standing) -> bool:
        if not self.granted or row.closed_at is not None or one.planned.end <= self.now:
            return False
        once = not self.planner.protocol(row).timepoint(row.timepoint).repeats
        return any(each.concerns(row, once=once) for each in self.granted)

    def _longer(self, one: Planned, before: Planned) -> Planned:
        closes_at, end = max(one.closes_at, before.closes_at), max(one.end, before.end)
        longer = replace(one, closes_at=closes_at, late_until=end if end > closes_at else None)
        timepoint = self.planner.new(one.timepoint)
        if timepoint is None or timepoint.hours is None:
            return longer
        zone = zones.zone(self._clocks(one) or self.patient.zone)
        steps = steps_of(timepoint, one.day, one.opens_at, closes_at, zone, self.planner.to.cutoff)
        return replace(longer, reminders=steps)

    def _clocks(self, one: Planned) -> str | None:
        """The zone it opens under, where the patient has left that zone."""
        if not self.calendar.travels:
            return None
        zone = self.calendar.zone_on(self.calendar.holds(one.opens_at)).key
        return None if zone == self.patient.zone else zone

    def _item(self, change: Change, found: Mapping[int, tuple[Found, Standing]]) -> Item:
        row, standing = found.get(id(change.before), (None, None))
        kind: Kind = change.kind
        why: Reason = change.why
        if row is not None and standing is not None and kind == "stays":
            held = fixed(standing, self.now)
            why = held or why
            if why == "answered" and not (row.submitted_at or row.closed_at):
                why = "begun"
            elif why == "same" and self.planner.asks_other(row):
                kind, why = "renewed", "questions"
        clocks = self._clocks(change.after) if change.after is not None and kind in ("appears", "moves") else None
        instants = [at for step in change.steps for at in (step.before, step.after) if at is not None]
        passed = kind == "moves" and why == "reminders" and max(instants, default=self.now) <= self.now
        return Item(kind, why, change.timepoint, change.before, change.after, change.steps, row, clocks, passed)


def _on_its_way(step: Found) -> bool:
    """A message carried it, or may have: one that was marked and went back to the outbox counts as well."""
    if step.state in ON_ITS_WAY:
        return True
    return step.state in NOT_YET and step.marked_at is not None
