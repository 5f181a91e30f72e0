"""How a patient stands, in a word or two: for headings and lists."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from pro.domain.compliance import Compliance
from pro.services.courses import Standing
from pro.web.desk import phrases
from pro.web.words import NARROW, say

Badge = tuple[str, str, str]
"""Sign, tone and words."""


def badges(standing: Standing, language: str) -> tuple[Badge, ...]:
    """Empty for a patient who is asked as planned."""
    found = _asked(standing, language)
    if standing.withdrawn_at is not None or standing.ended_at is not None:
        return found
    if standing.travels_from is not None:
        day = phrases.month_day(standing.travels_from, language)
        found += (("waiting", "soft", say("course.badge.travels", language, day=day)),)
    if standing.opted_out_at is not None:
        found += (("none", "soft", say("desk.patient.opted-out", language)),)
    return found


def _asked(standing: Standing, language: str) -> tuple[Badge, ...]:
    if standing.withdrawn_at is not None:
        return (("none", "soft", say("course.badge.withdrawn", language)),)
    for key, sign, tone, day in (
        ("ended", "none", "soft", standing.ended_at and standing.ended_at.date()),
        ("held", "tried", "wait", standing.held_at and standing.held_at.date()),
        ("paused", "tried", "wait", standing.paused_until),
        ("pauses", "waiting", "soft", standing.pauses_from),
    ):
        if day is not None:
            return ((sign, tone, say(f"course.badge.{key}", language, day=phrases.month_day(day, language))),)
    return ()


def task_label(kind: str, recent: Compliance, language: str) -> str:
    """A call in two or three words, for lists: `71 % of the last 7`, `missed in a row`."""
    if kind != "under-80":
        return phrases.word("task", f"{kind}.label", language)
    share = (recent.ratio or Decimal(0)) * 100
    space = "\u00a0" if language == "en" else NARROW
    words = f"{share.quantize(Decimal(1), ROUND_HALF_UP)}{space}%"
    return say("desk.task.under-80.label", language, percent=words, n=recent.expected)
