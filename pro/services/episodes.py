"""Flare episodes as the desk reads them: what triggered them, the curve that led there, and what was done since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import msgspec
from sqlmodel import Session

from pro.domain.flare_rules import Emergency, FlareRule, Jump, Level
from pro.domain.protocol import Protocol
from pro.library import Library
from pro.services.parts import Parts
from pro.store import desk
from pro.store.desk import Found

SHOWN = 20
"""Episodes on one screen."""
SPARK_DAYS = 12

Flagged = Literal["flare", "safety", "both"]
"""What was reported: signs of a flare, something that is judged for the patient's safety, or both in one episode."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One hit: the rule, what it looked at, and against what."""

    key: str
    version: str
    rule: FlareRule | None
    """None when the protocol no longer names it."""
    day: date
    at: datetime
    inputs: dict[str, object]
    baseline: str | None
    n: int
    result: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One recorded day of a curve."""

    day: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class FlareLine:
    """An episode that waits for a review."""

    id: int
    n: int
    site_id: int
    number: str
    zone: str
    """The site's: what reached it and what was done there is told by its clock, wherever the patient lives."""
    opened_at: datetime
    due_at: datetime
    overdue: bool
    undecided: bool
    """Reviewed, and nobody can tell yet: it stays on the list, and nothing of it is late."""
    ended: bool
    emergency: bool
    """A trigger of it cannot wait for the review that every episode gets."""
    looked_at: bool
    triggers: tuple[Trigger, ...]
    curve: tuple[Point, ...]
    until: date
    """The day of its newest hit, where the curve ends."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """An episode that nobody acknowledged in time: all that a reader without `SEE_FLARE` is told."""

    number: str
    since: datetime
    safety: bool
    """Something that cannot wait was reported."""
    on_duty: tuple[str, ...]
    """Whom to call: the names of the site's duty list, in its order."""


# Flares


def unseen(library: Library, session: Session, ids: Collection[int], now: datetime) -> tuple[tuple[Unseen, ...], int]:
    """Those of these sites, and how many: safety flags at once, others when `duty_delay` is over, the longest first.

    The patient of a safety flag is told to call the site: whoever answers has to know of it.
    """
    until = {(each.id, each.version): now - each.duty_delay for each in library.protocols()}
    rows = desk.unseen_flares(session, ids, emergencies(library), until, SHOWN) if ids else []
    if not rows:
        return (), 0
    on_duty: dict[int, tuple[str, ...]] = {}
    for row in desk.duty_lists(session, {row.site_id for row in rows}):
        on_duty[row.site_id] = (*on_duty.get(row.site_id, ()), row.name)
    found = (Unseen(row.number, row.since, bool(row.safety), on_duty.get(row.site_id, ())) for row in rows)
    return tuple(found), rows[0].in_all


def flare_lines(parts: Parts, session: Session, ids: Collection[int], now: datetime) -> tuple[FlareLine, ...]:
    """Episodes to review, each with its newest triggers and the curve that led to them.

    Those with an emergency stand first; the others by the time they are due.
    """
    urgent = emergencies(parts.library)
    rows = desk.flares_to_review(session, ids, urgent, SHOWN) if ids else []
    if not rows:
        return ()
    hits: dict[int, list[Found]] = {}
    for hit in desk.newest_triggers(session, [row.id for row in rows], urgent):
        hits.setdefault(hit.flare_id, []).append(hit)
    curves = _curves(parts, session, rows)
    lines = (flare_line(parts.library, row, hits.get(row.id, []), curves[row.patient_id], now) for row in rows)
    return tuple(sorted(lines, key=lambda line: (not line.emergency, line.undecided, line.due_at)))


def emergencies(library: Library) -> frozenset[str]:
    """Keys of the rules whose hit cannot wait, of any protocol."""
    return frozenset(
        rule.key for protocol in library.protocols() for rule in protocol.flare_rules if isinstance(rule, Emergency)
    )


def kind_of(hit: Collection[str], urgent: frozenset[str]) -> Flagged:
    """What an episode is by the keys of the rules it was hit by, `urgent` those whose hit cannot wait."""
    if urgent.isdisjoint(hit):
        return "flare"
    return "safety" if urgent.issuperset(hit) else "both"


def flare_line(
    library: Library,
    row: Found,
    hits: Iterable[Found],
    curve: tuple[Point, ...],
    now: datetime,
    triggers: tuple[Trigger, ...] = (),
    earlier: tuple[Trigger, ...] = (),
) -> FlareLine:
    protocol = library.protocol(row.protocol, row.protocol_version)
    due_at = row.opened_at + protocol.review_within
    triggers = triggers or tuple(trigger_of(protocol, hit) for hit in hits)
    return FlareLine(
        id=row.id,
        n=row.n,
        site_id=row.site_id,
        number=row.number,
        zone=row.site_zone,
        opened_at=row.opened_at,
        due_at=due_at,
        overdue=now >= due_at,
        undecided=row.outcome == "cannot-tell" and row.acknowledged_at is not None,
        ended=row.ended_at is not None,
        emergency=any(isinstance(each.rule, Emergency) for each in triggers + earlier),
        looked_at=row.acknowledged_at is not None,
        triggers=triggers,
        curve=curve,
        until=row.last_hit_day,
    )


def trigger_of(protocol: Protocol, row: Found) -> Trigger:
    rule = next((each for each in protocol.flare_rules if each.key == row.rule), None)
    inputs = msgspec.json.decode(row.inputs)
    return Trigger(row.rule, row.rule_version, rule, row.day, row.at, inputs, row.baseline, row.n, row.result)


def diaries(protocol: Protocol) -> tuple[str, ...]:
    """Timepoints that patients fill day after day."""
    return tuple(each.key for each in protocol.timepoints if each.repeats and each.respondent == "patient")


def main_item(protocol: Protocol) -> tuple[str, str]:
    """(questionnaire, item) whose curve is shown first: the one that the flare rules watch."""
    for rule in protocol.flare_rules:
        if isinstance(rule, Jump | Level):
            return rule.questionnaire, rule.item
    return "", ""


def _curves(parts: Parts, session: Session, rows: Sequence[Found]) -> dict[int, tuple[Point, ...]]:
    until = max(row.last_hit_day for row in rows)
    since = min(row.last_hit_day for row in rows) - timedelta(days=SPARK_DAYS)
    since = max(since, until - timedelta(days=3 * SPARK_DAYS))
    ids = [row.patient_id for row in rows]
    recorded = desk.responses(session, ids, since, until, 4 * SPARK_DAYS * 2 * len(ids))
    curves: dict[int, tuple[Point, ...]] = {}
    for row in rows:
        questionnaire, item = main_item(parts.library.protocol(row.protocol, row.protocol_version))
        mine = [each for each in recorded if each.patient_id == row.patient_id and each.day <= row.last_hit_day]
        curves[row.patient_id] = curve(mine, questionnaire, item)[-SPARK_DAYS:]
    return curves


def curve(recorded: Iterable[Found], questionnaire: str, item: str) -> tuple[Point, ...]:
    """The item's number of each recorded day; of a corrected day the newest. A joint list counts its joints."""
    points: dict[date, Decimal] = {}
    for row in recorded:
        if row.questionnaire != questionnaire:
            continue
        points.pop(row.day, None)
        value = number_of(msgspec.json.decode(row.answers).get(item))
        if value is not None:
            points[row.day] = value
    return tuple(Point(day, points[day]) for day in sorted(points))


def number_of(answer: object) -> Decimal | None:
    """The number in a frozen answer; None where none was given."""
    if not isinstance(answer, dict) or answer.get("code") != "answered":
        return None
    value = answer["value"]
    if isinstance(value, list):
        return Decimal(len(value))
    if isinstance(value, bool):
        return Decimal(int(value))
    try:
        return Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        return None
