"""What one patient will live through, worked out before it happens: by the sums and the verdicts that the worker asks.

Nothing is kept and nobody is needed: a protocol, a day 0, a zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pro.domain.assessment import Instants
from pro.domain.patient_days import DAY, clock_instant, day_closes, day_opens, patient_day
from pro.domain.protocol import Protocol, Timepoint
from pro.domain.reminders import DueStep, Facts, SharedMessage, Verdict, Why, not_after, share, verdict
from pro.domain.schedule import Happened, Planned, plan, plan_after, start_now
from pro.domain.travel import Calendar

_SECOND = timedelta(seconds=1)
NOON = time(12)


@dataclass(frozen=True, slots=True)
class Text:
    """One text message to a patient who never answers; `leaves_at` None: it does not go, and `why`."""

    due_at: datetime
    leaves_at: datetime | None
    why: Why
    announces: tuple[int, ...]
    """Places in `Outlook.planned`."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """At `at` the clocks jump; the offsets are those from UTC before and after."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def forward(self) -> bool:
        return self.after > self.before

    @property
    def shown(self) -> datetime:
        """What the clocks would show at the jump, without a zone."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def then(self) -> datetime:
        """What they show instead."""
        return (self.at + self.after).replace(tzinfo=None)

    @property
    def skipped(self) -> tuple[date, ...]:
        """Dates that nobody lives there: none of their minutes comes."""
        day, end = self.shown.date(), self.then.date()
        days = (day + timedelta(days=n) for n in range((end - day).days))
        return tuple(one for one in days if self.shown <= datetime.combine(one, time()))


@dataclass(frozen=True, slots=True)
class Example:
    """A timepoint without a day of its own, as it would be had its anchor come, or the patient begun, at `at`."""

    timepoint: Timepoint
    at: datetime
    planned: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """One patient's calendar; `protocol` has the cut-off that was asked for, instants are aware UTC."""

    protocol: Protocol
    day0: date
    zone: ZoneInfo
    planned: tuple[Planned, ...]
    texts: tuple[Text, ...]
    """In the order of their instants, those that do not go included."""
    prompt: int
    """Texts to a patient who answers each assessment at the first text that announces it."""
    changes: tuple[ClockChange, ...]
    examples: tuple[Example, ...]

    @property
    def sent(self) -> tuple[Text, ...]:
        """Those that go: the most that a patient gets."""
        return tuple(one for one in self.texts if one.leaves_at is not None)

    @property
    def asked(self) -> tuple[Planned, ...]:
        """What the patient fills in."""
        return tuple(one for one in self.planned if one.respondent == "patient")

    def holds(self, instant: datetime) -> date:
        """The patient-day of an instant."""
        return patient_day(instant, self.zone, self.protocol.cutoff)

    def lived(self, first: date, last: date) -> int:
        """How many days there are from one to the other, both included: a date that the zone skips is none."""
        skipped = [day for change in self.changes for day in change.skipped if first <= day <= last]
        return (last - first).days + 1 - len(skipped)


def outlook(protocol: Protocol, day0: date, zone: ZoneInfo, cutoff: time | None = None) -> Outlook:
    """What the protocol means for one patient; OverflowError too near the end of the calendar."""
    lived = protocol if cutoff is None else replace(protocol, cutoff=cutoff)
    planned = plan(lived, day0, zone)
    texts = tuple(_texts(lived, planned, zone, answers=False))
    prompt = sum(one.leaves_at is not None for one in _texts(lived, planned, zone, answers=True))
    examples = tuple(_examples(lived, day0, planned, zone))
    return Outlook(lived, day0, zone, planned, texts, prompt, clock_changes(planned, zone), examples)


def _texts(protocol: Protocol, planned: Sequence[Planned], zone: ZoneInfo, *, answers: bool) -> Iterator[Text]:
    """As the worker would decide at each step's instant, again where it is put off; with `answers` each is answered
    as soon as a text announces it."""
    answered: set[int] = set()
    marked: list[datetime] = []
    for shared in share(_steps(planned)):
        open_ones = tuple(step.assessment for step in shared.steps if step.assessment not in answered)
        if not open_ones:
            continue
        leaves_at, said = _leaves(protocol, [planned[n] for n in open_ones], shared, zone, marked)
        if leaves_at is not None:
            marked.append(leaves_at)
            answered |= set(open_ones) if answers else set()
        yield Text(shared.at, leaves_at, said.why, open_ones)


def _steps(planned: Sequence[Planned]) -> Iterator[DueStep]:
    for n, one in enumerate(planned):
        for step in one.reminders:
            yield DueStep(0, n, step.step, step.at)


def _leaves(
    protocol: Protocol, announced: Sequence[Planned], shared: SharedMessage, zone: ZoneInfo, marked: Sequence[datetime]
) -> tuple[datetime | None, Verdict]:
    now = shared.at
    said = verdict(_facts(protocol, announced, shared.at, now, zone, marked))
    while said.again_at is not None:
        now = said.again_at
        said = verdict(_facts(protocol, announced, shared.at, now, zone, marked))
    return (now if said.send else None), said


def _facts(
    protocol: Protocol,
    announced: Sequence[Planned],
    due_at: datetime,
    now: datetime,
    zone: ZoneInfo,
    marked: Sequence[datetime],
) -> Facts:
    today = patient_day(now, zone, protocol.cutoff)
    opens, closes = day_opens(today, zone, protocol.cutoff), day_closes(today, zone, protocol.cutoff)
    return Facts(
        now=now,
        due_at=due_at,
        not_after=max(not_after(due_at, one.end, protocol.late_message) for one in announced),
        assessments=tuple(Instants(one.opens_at, one.closes_at, one.late_until) for one in announced),
        zone=zone,
        quiet=protocol.quiet_hours,
        daily_cap=protocol.daily_cap,
        sent_today=sum(opens <= at < closes for at in marked),
    )


# The clocks


def clock_changes(planned: Sequence[Planned], zone: ZoneInfo) -> tuple[ClockChange, ...]:
    """Every jump of the clocks between the first opening and the last end."""
    if not planned:
        return ()
    at, last = min(one.opens_at for one in planned), max(one.end for one in planned)
    found = []
    while at < last:
        following = min(at + DAY, last)
        if _offset(at, zone) != _offset(following, zone):
            found.append(_jump(at, following, zone))
        at = following
    return tuple(found)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> ClockChange:
    """The second of the jump, known to lie in (before, after]."""
    old, new = _offset(before, zone), _offset(after, zone)
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return ClockChange(after, old, new)


# What has no day of its own


def _examples(protocol: Protocol, day0: date, planned: Sequence[Planned], zone: ZoneInfo) -> Iterator[Example]:
    """As if it happened at noon: a visit on its own day, an event a week after day 0, an entry on its first day."""
    calendar = Calendar.of(zone, protocol.cutoff)
    visits = {one.timepoint: one.day for one in planned}
    for timepoint in protocol.timepoints:
        if timepoint.on_demand:
            at = clock_instant(day0 + timedelta(days=timepoint.first_day), NOON, zone)
            begun = start_now(timepoint, day0, at, calendar)
            yield Example(timepoint, at, () if begun is None else (begun,))
        elif timepoint.anchor.kind != "day0":
            day = visits.get(timepoint.anchor.name, day0 + 7 * DAY)
            at = clock_instant(day, NOON, zone)
            after = plan_after(protocol, Happened(timepoint.anchor, at, calendar.holds(at)), calendar)
            yield Example(timepoint, at, tuple(one for one in after if one.timepoint == timepoint.key))
