"""What an amendment, or a new zone, does to the assessments that stand: which appear, move, vanish or stay, and why.

What has an answer or a message on its way never moves; what is untouched may. Nothing is moved or made so that its
time would be over already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pro.domain.protocol import Timepoint
from pro.domain.schedule import Planned, PlannedReminder

Kind = Literal["appears", "moves", "vanishes", "stays"]
Why = Literal["new", "gone", "window", "reminders", "same", "answered", "message-sent", "over", "would-be-over"]


@dataclass(frozen=True, slots=True)
class Standing:
    """An assessment as it stands. `sent`: steps that a message carried, or is carrying."""

    planned: Planned
    answered: bool = False
    """Begun, saved or sent in."""
    settled: bool = False
    """Closed or cancelled."""
    sent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StepChange:
    """What becomes of one reminder step; `before` or `after` is None where it is not on that side."""

    step: str
    kind: Kind
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one assessment, and why; `before` is None for what appears, `after` for what vanishes."""

    kind: Kind
    why: Why
    before: Planned | None
    after: Planned | None
    steps: tuple[StepChange, ...]

    @property
    def timepoint(self) -> str:
        return self._named.timepoint

    @property
    def day(self) -> date:
        """The target day, the new one where it moves."""
        return self._named.day

    @property
    def _named(self) -> Planned:
        named = self.after or self.before
        assert named is not None
        return named


def amend(standing: Sequence[Standing], planned: Iterable[Planned], now: datetime) -> tuple[Change, ...]:
    """What becomes of each assessment when `planned` is the plan from `now` on; by opening, then timepoint.

    A visit that comes once is the same visit whatever its day; what repeats is the same on the same day.
    """
    after = tuple(planned)
    met_by = pairs([each.planned for each in standing], after)
    met = {id(one) for one in met_by.values()}
    changes = [_becomes(each, met_by.get(n), now) for n, each in enumerate(standing)]
    changes += [_appears(one) for one in after if id(one) not in met and one.end > now]
    return tuple(sorted(changes, key=lambda change: (change._named.opens_at, change.timepoint, change.kind)))


def pairs(before: Sequence[Planned], after: Sequence[Planned]) -> Mapping[int, Planned]:
    """Which of the new plan each standing one is, by its position."""
    by_day = {(one.timepoint, one.day): one for one in after}
    found = {n: by_day.pop(key) for n, one in enumerate(before) if (key := (one.timepoint, one.day)) in by_day}
    left_before: dict[str, list[int]] = {}
    for n, one in enumerate(before):
        left_before.setdefault(one.timepoint, []).append(n)
    left_after: dict[str, list[Planned]] = {}
    for one in after:
        left_after.setdefault(one.timepoint, []).append(one)
    for timepoint, (n, *others) in left_before.items():
        candidates = left_after.get(timepoint, [])
        if not others and len(candidates) == 1 and n not in found:
            found[n] = candidates[0]
    return found


def _becomes(standing: Standing, after: Planned | None, now: datetime) -> Change:
    before = standing.planned
    if after == before:
        return _stays(before, "same")
    held = fixed(standing, now)
    if held is not None:
        return _stays(before, held)
    if after is None:
        return Change("vanishes", "gone", before, None, _steps(before.reminders, ()))
    if after.end <= now:
        return _stays(before, "would-be-over")
    why: Why = "reminders" if _window(before) == _window(after) else "window"
    return Change("moves", why, before, after, _steps(before.reminders, after.reminders))


def fixed(standing: Standing, now: datetime) -> Why | None:
    """Why an assessment keeps its times and its version, whatever is planned; None where it is untouched."""
    if standing.answered:
        return "answered"
    if standing.sent:
        return "message-sent"
    return "over" if standing.settled or standing.planned.end <= now else None


def same_times(before: Timepoint, after: Timepoint) -> bool:
    """Whether two versions of a timepoint plan the same days, windows and reminders; what they ask is another matter."""
    return _times(before) == _times(after)


def _times(one: Timepoint) -> tuple[object, ...]:
    days = one.anchor, one.first_day, one.last_day, one.every, one.burst, one.hours, one.on_demand
    return *days, one.window_before, one.window_after, one.late_until, one.reminders, one.respondent


def _window(one: Planned) -> tuple[date, datetime, datetime, datetime | None]:
    return one.day, one.opens_at, one.closes_at, one.late_until


def _stays(one: Planned, why: Why) -> Change:
    return Change("stays", why, one, one, _steps(one.reminders, one.reminders))


def _appears(one: Planned) -> Change:
    return Change("appears", "new", None, one, _steps((), one.reminders))


def _steps(before: Iterable[PlannedReminder], after: Iterable[PlannedReminder]) -> tuple[StepChange, ...]:
    old, new = {one.step: one.at for one in before}, {one.step: one.at for one in after}
    return tuple(
        StepChange(step, _kind(old.get(step), new.get(step)), old.get(step), new.get(step)) for step in {**old, **new}
    )


def _kind(before: datetime | None, after: datetime | None) -> Kind:
    if before is None:
        return "appears"
    if after is None:
        return "vanishes"
    return "stays" if before == after else "moves"
