"""Which days of an episode a late answer makes judge again, and when the episode is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

REACH = 15
"""Days after a late day whose rules are judged again: a baseline of seven days, and a run behind it."""


def days_to_judge(day: date, recorded_days: Iterable[date], reach: int = REACH) -> tuple[date, ...]:
    """The day and the recorded days after it that its rules have to be judged for again, in order."""
    after = {other for other in recorded_days if day < other <= day + timedelta(reach)}
    return (day, *sorted(after))


def episode_over(last_hit_day: date, recorded_days_since: Iterable[date], episode_days: int) -> bool:
    """Whether so many recorded days without a hit have followed the last one with a hit."""
    return len({day for day in recorded_days_since if day > last_hit_day}) >= episode_days
