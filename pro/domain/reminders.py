"""What the worker decides about reminders: when to look again, which steps are due, whether a message may go.

"No reminder in quiet hours" lives here (`in_quiet_hours`, asked by `verdict`); the hours are the protocol's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pro.domain.assessment import Instants, is_fillable, is_over
from pro.domain.protocol import QuietHours
from pro.domain.schedule import PlannedReminder, first_instant

Why = Literal[
    "ok",
    "withdrawn",
    "opted-out",
    "no-number",
    "cancelled",
    "excused",
    "submitted",
    "closed",
    "not-open",
    "too-late",
    "asked-for-later",
    "daily-cap",
    "quiet-hours",
]


HELD_UP = timedelta(minutes=5)
"""So late, a reminder gives way to a later one that the patient has asked for: two would come within the hour."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message may go out now; `again_at` is set where waiting (for quiet hours to end) helps."""

    send: bool
    why: Why
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides about one reminder message; instants are aware UTC.

    `assessments`: those it announces. `sent_today`: messages marked as sending or later on this patient-day.
    `asked_for_later`: the patient has asked for a reminder of the same at a later time, which waits or went.
    """

    now: datetime
    due_at: datetime
    not_after: datetime
    assessments: tuple[Instants, ...]
    zone: ZoneInfo
    quiet: QuietHours
    daily_cap: int
    sent_today: int = 0
    asked_for_later: bool = False
    has_number: bool = True
    withdrawn: bool = False
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class DueStep:
    patient: int
    assessment: int
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SharedMessage:
    """The one message that carries every step of a patient at an instant."""

    patient: int
    at: datetime
    steps: tuple[DueStep, ...]

    @property
    def dedupe_key(self) -> str:
        return f"reminder:{self.patient}:{self.at:%Y-%m-%dT%H:%M:%SZ}"


def next_bell(reminders: Iterable[PlannedReminder], end: datetime, after: datetime) -> datetime | None:
    """The next instant strictly after `after` with something to do: a reminder before the end, or the end."""
    bells = (*(reminder.at for reminder in reminders if reminder.at < end), end)
    return min((bell for bell in bells if bell > after), default=None)


def due_steps(
    reminders: Iterable[PlannedReminder], now: datetime, after: datetime | None = None
) -> tuple[PlannedReminder, ...]:
    """The steps whose instant has come by `now`, those up to the last bell (`after`) left out; oldest first."""
    due = (one for one in reminders if one.at <= now and (after is None or one.at > after))
    return tuple(sorted(due, key=lambda one: (one.at, one.step)))


def share(steps: Iterable[DueStep]) -> tuple[SharedMessage, ...]:
    """Steps of the same patient at the same instant in one message; by instant, then patient."""
    groups: dict[tuple[datetime, int], list[DueStep]] = {}
    for step in steps:
        groups.setdefault((step.at, step.patient), []).append(step)
    return tuple(SharedMessage(patient, at, tuple(groups[at, patient])) for at, patient in sorted(groups))


def not_after(due_at: datetime, end: datetime, late_message: timedelta) -> datetime:
    """The last instant at which a reminder of `due_at` may still go out; at its assessment's `end` none may."""
    return min(due_at + late_message, end)


def leaves_at(
    due_at: datetime, end: datetime, zone: ZoneInfo, quiet: QuietHours, late_message: timedelta
) -> datetime | None:
    """When a reminder of `due_at` goes out: later where quiet hours hold it up, None where they do so too long."""
    again = quiet_ends(due_at, zone, quiet)
    return again if again == due_at or again <= not_after(due_at, end, late_message) else None


def is_held_up(due_at: datetime, now: datetime) -> bool:
    """Whether it leaves later than a working worker lets it wait."""
    return now - due_at > HELD_UP


def why_silent(at: datetime, since: Mapping[Why, datetime | None]) -> Why:
    """Why no message was made for a step of `at`; `since`: when each thing that ends or silences came, weightiest first.

    What held at its instant, or else what came first before a working worker would have sent it. What came later, such
    as an answer after a silent evening on hold, explains nothing.
    """
    came = [(instant, why) for why, instant in since.items() if instant is not None]
    held = [why for instant, why in came if instant <= at]
    if held:
        return held[0]
    soon = [one for one in came if not is_held_up(at, one[0])]
    return min(soon, key=lambda one: one[0])[1] if soon else "too-late"


def in_quiet_hours(instant: datetime, zone: ZoneInfo, quiet: QuietHours) -> bool:
    """Whether the patient's wall clock stands in [start, end), over midnight too; start = end means never."""
    clock = instant.astimezone(zone).time()
    if quiet.start <= quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def quiet_ends(instant: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime:
    """The next instant at which the quiet hours are over: `instant` itself where it stands outside them."""
    if not in_quiet_hours(instant, zone, quiet):
        return instant
    today = instant.astimezone(zone).date()
    ends = (end for n in range(3) for end in _quiet_ends_on(today + timedelta(days=n), zone, quiet))
    return min(end for end in ends if end > instant and not in_quiet_hours(end, zone, quiet))


def _quiet_ends_on(day: date, zone: ZoneInfo, quiet: QuietHours) -> tuple[datetime, datetime]:
    """Twice on a day whose clocks repeat that time."""
    again = datetime.combine(day, quiet.end, zone).replace(fold=1)
    return first_instant(day, quiet.end, zone), again.astimezone(UTC)


def verdict(facts: Facts) -> Verdict:
    """Whether the message may go out at `facts.now`, and the first reason why not.

    What ends a patient's messages comes first, then the assessments, then the clock; only quiet hours pass.
    """
    why = _patient_refuses(facts) or _nothing_to_fill(facts) or _clock_refuses(facts)
    if why is None:
        return Verdict(send=True, why="ok")
    return Verdict(send=False, why=why, again_at=_again_at(facts) if why == "quiet-hours" else None)


def _patient_refuses(facts: Facts) -> Why | None:
    if facts.withdrawn:
        return "withdrawn"
    if facts.opted_out:
        return "opted-out"
    return None if facts.has_number else "no-number"


def _nothing_to_fill(facts: Facts) -> Why | None:
    """None while any of them calls for a reminder; otherwise what became of the first."""
    if not facts.assessments:
        return "closed"
    if any(calls(one, facts.now) for one in facts.assessments):
        return None
    first = facts.assessments[0]
    return _what_became(first, facts.now) if first.submitted_at is None else _before_the_answer(first, facts)


def calls(assessment: Instants, now: datetime) -> bool:
    """Whether it may be reminded of: what is excused may be filled, and nobody asks for it."""
    return is_fillable(assessment, now) and assessment.excused_at is None


def _before_the_answer(answered: Instants, facts: Facts) -> Why:
    """What kept the message back before the answer came; the answer itself where nothing did."""
    assert answered.submitted_at is not None
    if facts.due_at < answered.submitted_at:
        if answered.excused_at is not None and answered.excused_at <= answered.submitted_at:
            return "excused"
        if in_quiet_hours(facts.due_at, facts.zone, facts.quiet):
            return "quiet-hours"
    return "submitted"


def _what_became(assessment: Instants, now: datetime) -> Why:
    if assessment.cancelled_at is not None:
        return "cancelled"
    if assessment.excused_at is not None:
        return "excused"
    return "closed" if is_over(assessment, now) else "not-open"


def _clock_refuses(facts: Facts) -> Why | None:
    if facts.now > facts.not_after:
        return "too-late"
    if facts.asked_for_later and is_held_up(facts.due_at, facts.now):
        return "asked-for-later"
    if facts.sent_today >= facts.daily_cap:
        return "daily-cap"
    return "quiet-hours" if in_quiet_hours(facts.now, facts.zone, facts.quiet) else None


def _again_at(facts: Facts) -> datetime | None:
    again = quiet_ends(facts.now, facts.zone, facts.quiet)
    return again if again <= facts.not_after else None
