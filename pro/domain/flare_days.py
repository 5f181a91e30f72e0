"""Which days the flare rules look at: how far back, which again after a late answer, and when an episode is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from pro.domain.flare_rules import Creep, Jump, Level
from pro.domain.flares import number
from pro.domain.questionnaire import Value

REACH = 15
"""Days after a late day whose rules are judged again: a baseline of seven days, and a run behind it."""


def days_to_judge(day: date, recorded_days: Iterable[date], reach: int = REACH) -> tuple[date, ...]:
    """The day and the recorded days after it that its rules have to be judged for again, in order."""
    after = {other for other in recorded_days if day < other <= day + timedelta(reach)}
    return (day, *sorted(after))


def episode_over(last_hit_day: date, recorded_days_since: Iterable[date], episode_days: int) -> bool:
    """Whether so many recorded days without a hit have followed the last one with a hit."""
    return len({day for day in recorded_days_since if day > last_hit_day}) >= episode_days


class LookBack:
    """How far back rules must see to judge a day and those after it, found out while a diary is read from its newest day.

    A run ends at a day under the rule's floor: it needs nothing before the baseline days of the day after that one. A
    mean needs its own days and its reference. What lies before changes no evaluation.
    """

    __slots__ = ("_day", "_first", "_references", "_runs")

    def __init__(self, rules: Iterable[Jump | Level | Creep], day: date, day0: date) -> None:
        rules = tuple(rules)
        means = [rule for rule in rules if isinstance(rule, Creep)]
        self._day = day
        self._runs = [rule for rule in rules if not isinstance(rule, Creep)]
        """Those whose first day is not known yet."""
        self._first = min((day - timedelta(rule.days - 1) for rule in means), default=day)
        self._references = [
            (day0 + timedelta(rule.reference_first), day0 + timedelta(rule.reference_last)) for rule in means
        ]

    def needs(self, day: date) -> bool:
        """Whether that day has to be read; asked from the newest day to the oldest."""
        return bool(self._runs) or day >= self._first or any(first <= day <= last for first, last in self._references)

    def saw(self, day: date, values: Mapping[tuple[str, str], Mapping[date, Value]]) -> None:
        """That day is read; `values` as in `History`. The day that is judged ends no run: it may go on with one."""
        ended = [rule for rule in self._runs if day < self._day and _is_under_floor(rule, day, values)]
        if ended:
            self._runs = [rule for rule in self._runs if rule not in ended]
            self._first = min(self._first, *(day - timedelta(rule.baseline_days - 1) for rule in ended))


def _is_under_floor(rule: Jump | Level, day: date, values: Mapping[tuple[str, str], Mapping[date, Value]]) -> bool:
    value = values.get((rule.questionnaire, rule.item), {}).get(day)
    return value is not None and number(value) < (rule.floor if isinstance(rule, Jump) else rule.at_least)
