"""The demonstration's calendar, built here so that the arithmetic is tested without a file."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from typing import Literal

from pro.domain.protocol import Protocol, QuietHours, ReminderStep, ScreeningValue, Timepoint

QUIET = QuietHours(start=time(20, 30), end=time(8, 30))


def timepoint(
    key: str,
    first: int,
    last: int | None = None,
    *,
    before: int = 0,
    after: int = 0,
    respondent: Literal["patient", "clinician"] = "patient",
    late_until: time | None = None,
    at: tuple[str, ...] = (),
    steps: tuple[ReminderStep, ...] = (),
) -> Timepoint:
    return Timepoint(
        key=key,
        title={"en": key},
        respondent=respondent,
        questionnaires=(),
        first_day=first,
        last_day=first if last is None else last,
        every=1,
        window_before=before,
        window_after=after,
        late_until=late_until,
        reminders=steps or tuple(ReminderStep(f"at-{clock}", time.fromisoformat(clock)) for clock in at),
    )


DIARY = timepoint("diary", 0, 83, late_until=time(12), at=("18:00", "20:00"))
WEEK2 = timepoint("week2", 14, before=1, after=1, at=("10:00",))
THERA = (
    timepoint("screening", -7, before=7, after=6, respondent="clinician"),
    timepoint("day0", 0, at=("10:00",)),
    WEEK2,
    *(timepoint(f"week{n}", n * 7, before=1, after=1, at=("10:00",)) for n in (4, 8, 12)),
    DIARY,
)


def protocol(*timepoints: Timepoint, cutoff: time = time(4)) -> Protocol:
    return Protocol(
        id="thera-demo",
        version="1",
        sha256="",
        title={},
        notice={},
        demonstration=True,
        languages=("en",),
        cutoff=cutoff,
        quiet_hours=QUIET,
        daily_cap=3,
        late_message=timedelta(hours=2),
        link_life=timedelta(days=2),
        criteria=(),
        screening=ScreeningValue("pain", "screening", "pain-vas-48h", "pain", Decimal(40)),
        timepoints=timepoints or THERA,
        flare_rules=(),
        episode_days=7,
        review_within=timedelta(days=1),
        duty_delay=timedelta(hours=4),
    )
