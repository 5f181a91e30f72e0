"""When a patient may ask to be reminded once more: between now and the closing, by day, not beside another reminder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pro.domain.protocol import QuietHours
from pro.domain.reminders import in_quiet_hours
from pro.domain.schedule import clock_instant

STEP = "snooze"
SOONEST = timedelta(minutes=15)
"""From now; sooner is no reminder."""
LAST = timedelta(minutes=30)
"""Before the closing, and away from every reminder that comes anyway."""
HALF_HOUR = timedelta(minutes=30)
AT_MOST = 4


def snooze_times(
    now: datetime, end: datetime, zone: ZoneInfo, quiet: QuietHours, planned: Iterable[datetime]
) -> tuple[datetime, ...]:
    """At most four instants (UTC), on whole and half hours of the patient's clock within the next 24 hours.

    None in quiet hours, none within half an hour of the `end` or of a `planned` reminder still to come. Whole hours
    go first where there are too many; of those too many, some spread from the first to the last.
    """
    coming = tuple(at for at in planned if at > now)
    last = min(end - LAST, now + timedelta(days=1))
    fit = [
        at
        for at in _half_hours(now + SOONEST, last, zone)
        if not in_quiet_hours(at, zone, quiet) and all(abs(at - other) >= LAST for other in coming)
    ]
    if len(fit) > AT_MOST:
        fit = [at for at in fit if at.astimezone(zone).minute == 0] or fit
    return tuple(_spread(fit))


def _half_hours(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Each shown by the clock once, also where the clocks change."""
    wall = first.astimezone(zone).replace(tzinfo=None, fold=0, minute=0, second=0, microsecond=0)
    before = first - timedelta.resolution
    for n in range(56):
        at = wall + n * HALF_HOUR
        instant = clock_instant(at.date(), at.time(), zone)
        if before < instant <= last and instant.astimezone(zone).replace(tzinfo=None, fold=0) == at:
            yield instant
            before = instant


def _spread(fit: Sequence[datetime]) -> list[datetime]:
    if len(fit) <= AT_MOST:
        return list(fit)
    return [fit[n * (len(fit) - 1) // (AT_MOST - 1)] for n in range(AT_MOST)]


def step_key(at: datetime, zone: ZoneInfo, target: date, *, several_days: bool) -> str:
    """The step's name in the ledger: `snooze-18:00`, in a longer window with the day's offset from its target."""
    local = at.astimezone(zone)
    key = f"{STEP}-{local:%H:%M}"
    return f"{key}/{(local.date() - target).days}" if several_days else key
