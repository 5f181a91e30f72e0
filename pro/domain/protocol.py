"""What a study plans: a protocol as read from its published file, read-only.

Days are counted from day 0 (day 0 = 0, the day before = -1). Clock times are local to the patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from typing import Literal

from pro.domain.flare_rules import FlareRule
from pro.domain.questionnaire import Text


@dataclass(frozen=True, slots=True)
class QuestionnaireVersion:
    id: str
    version: str


@dataclass(frozen=True, slots=True)
class ReminderStep:
    """A clock time on one day of the window, or on each of them.

    `key` names the step for the ledger (`at-18:00`); on each day of a window the day's offset from the
    target is added (`at-10:00/-1`). A time earlier than the cut-off is on the next date.
    """

    key: str
    at: time
    day: int | None = None
    """Offset from the target day; None = each day of the window."""


Event = Literal["flare-opened", "flare-ended", "dose-stopped"]
"""What a timepoint may wait for besides visits: the first two the service sees itself, the last staff report."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the days or hours of a timepoint are counted from: day 0, another visit as it really took place, an event."""

    kind: Literal["day0", "visit", "event"] = "day0"
    name: str = ""
    """The visit's timepoint, or the event."""
    by: Literal["submission", "examination"] = "submission"
    """A visit took place when the patient sent it, or on the day staff wrote as that of the examination."""

    def __str__(self) -> str:
        if self.kind == "visit":
            return f"the {self.by} of {self.name}"
        return "day 0" if self.kind == "day0" else f"the event {self.name}"


DAY0 = Anchor()


@dataclass(frozen=True, slots=True)
class Hours:
    """A window that opens and closes so long after the anchor's instant; elapsed time, whatever clocks do."""

    opens: timedelta
    closes: timedelta
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Timepoint:
    key: str
    title: Text
    respondent: Literal["patient", "clinician"]
    questionnaires: tuple[QuestionnaireVersion, ...]
    first_day: int
    last_day: int
    every: int
    """Target days are first_day, first_day + every, … up to last_day (a single visit: first = last, every 1)."""
    window_before: int
    window_after: int
    """The window holds target - before … target + after, both inclusive."""
    late_until: time | None
    """Clock time on the date after the window's last day until which it may be filled, marked late."""
    reminders: tuple[ReminderStep, ...]
    clinician: tuple[QuestionnaireVersion, ...] = ()
    """What staff enter at the desk for the same assessment; apart from the patient's submission and compliance."""
    computed: tuple[QuestionnaireVersion, ...] = ()
    """What is computed on reading from the others, each only from what stands before it; nobody is asked it."""
    anchor: Anchor = DAY0
    """Day 0 of first_day, last_day and `hours`: what they are counted from."""
    burst: int = 1
    """Days in a row from each of the days that `every` gives."""
    hours: Hours | None = None
    """The window in place of whole days; first_day and last_day are 0 then."""
    on_demand: bool = False
    """The patient opens it, on one of the days first_day to last_day; nothing is planned and nothing is missed."""
    recall_note: str = ""
    """Why its window may be longer than what a questionnaire asks back."""

    @property
    def repeats(self) -> bool:
        return self.first_day != self.last_day

    @property
    def targets(self) -> tuple[int, ...]:
        """The days it aims at, counted from its anchor; none for what the patient opens."""
        if self.on_demand:
            return ()
        starts = range(self.first_day, self.last_day + 1, max(1, self.every))
        return tuple(day for start in starts for day in range(start, min(start + self.burst, self.last_day + 1)))

    @property
    def named(self) -> tuple[QuestionnaireVersion, ...]:
        """Every questionnaire of the timepoint, whoever answers it."""
        return (*self.questionnaires, *self.clinician, *self.computed)


@dataclass(frozen=True, slots=True)
class Criterion:
    key: str
    kind: Literal["inclusion", "exclusion"]
    text: Text


@dataclass(frozen=True, slots=True)
class ScreeningValue:
    """A value typed in at enrolment and kept as a staff-entered response of `timepoint`."""

    criterion: str
    timepoint: str
    questionnaire: str
    item: str
    above: Decimal
    """Strictly above: 40 fails where this is 40."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Attention:
    """When the site is asked to look after a patient."""

    missed_in_a_row: int = 2
    """Diary days missed one after the other."""
    last_days: int = 7
    least_percent: int = 80
    """Of the last `last_days` closed diary days, at least so many per cent completed."""
    undelivered: int = 2
    """Messages one after the other that the network did not deliver."""


@dataclass(frozen=True, slots=True)
class Protocol:
    id: str
    version: str
    sha256: str
    title: Text
    notice: Text
    """What a reader must know first (for a demonstration: that it is one)."""
    demonstration: bool
    languages: tuple[str, ...]
    cutoff: time
    quiet_hours: QuietHours
    daily_cap: int
    """Messages to one patient on one patient-day, at most."""
    late_message: timedelta
    """A reminder that can only go out later than this after its instant is dropped and logged."""
    link_life: timedelta
    """How long a link lives at least; it always lives until the last window it announces has closed."""
    criteria: tuple[Criterion, ...]
    screening: ScreeningValue
    timepoints: tuple[Timepoint, ...]
    flare_rules: tuple[FlareRule, ...]
    episode_days: int
    """An episode ends after this many recorded days without a hit."""
    review_within: timedelta
    """A flare is to be reviewed within this time of its opening."""
    duty_delay: timedelta
    """After this time without acknowledgement the next on the duty list is told."""
    baseline: str = ""
    """Key of the timepoint that later ones are compared with; empty where none is."""
    zones: tuple[str, ...] = ()
    """Where patients are expected to live; their own may be any."""
    recall_note: str = ""
    """As a timepoint's, for all of them."""
    attention: Attention = Attention()
    endpoint: str = ""
    """Key of the visit that the study's answer rests on; empty where none is named."""

    @property
    def watched_visit(self) -> str:
        """The endpoint; where none is named the last visit that a patient answers on planned days, empty without one."""
        planned = [each for each in self.timepoints if each.respondent == "patient" and _is_planned_visit(each)]
        return self.endpoint or max(planned, key=lambda each: each.first_day, default=_NO_VISIT).key

    def timepoint(self, key: str) -> Timepoint:
        """The timepoint of that key; KeyError where there is none."""
        for timepoint in self.timepoints:
            if timepoint.key == key:
                return timepoint
        raise KeyError(f"{self.id} {self.version} has no timepoint {key!r}")


def _is_planned_visit(timepoint: Timepoint) -> bool:
    return not timepoint.repeats and not timepoint.on_demand and timepoint.anchor == DAY0 and timepoint.hours is None


_NO_VISIT = Timepoint("", {}, "patient", (), 0, 0, 1, 0, 0, None, ())
