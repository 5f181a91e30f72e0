"""Whether what was typed in at enrolment holds; every field is checked before one problem is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from pro.clock import Moment
from pro.domain import phone, zones
from pro.domain.protocol import Protocol
from pro.domain.schedule import day_exists, patient_day
from pro.services.enrolment.facts import NotEnrollable, Problem
from pro.store.tables import Site

DAYS_AHEAD = 14
"""Day 0 lies at most this many days ahead: the screening window is no longer."""
LONGEST_NAME = 200
LOWEST, HIGHEST = 0, 100


@dataclass(frozen=True, slots=True)
class Typed:
    screening_value: int | None
    name: str = field(repr=False)
    phone: str = field(repr=False)
    day0: date | None
    zone: str
    language: str
    screened_on: date | None


@dataclass(frozen=True, slots=True)
class Checked:
    name: str = field(repr=False)
    number: str = field(repr=False)
    """E.164."""
    zone: ZoneInfo
    screening_value: int
    day0: date
    screened_on: date


def check(typed: Typed, site: Site, protocol: Protocol, moment: Moment) -> Checked:
    """The fields as they will be stored; NotEnrollable with every problem there is."""
    zone = _zone(typed.zone)
    today = patient_day(moment.study, zone or zones.zone("UTC"), protocol.cutoff)
    number = _number(typed.phone, site.region)
    problems = [
        _wrong_pain(typed.screening_value),
        wrong_name(typed.name),
        number if isinstance(number, Problem) else None,
        _wrong_days(typed, today, zone, protocol),
        _wrong_language(typed.language, protocol),
    ]
    found = [problem for problem in problems if problem is not None]
    if found or zone is None or isinstance(number, Problem) or typed.day0 is None or typed.screening_value is None:
        raise NotEnrollable(*found)
    screened_on = _screened_on(typed, typed.day0, today)
    return Checked(tidy(typed.name), number, zone, typed.screening_value, typed.day0, screened_on)


def tidy(name: str) -> str:
    return " ".join(name.split())


def _zone(name: str) -> ZoneInfo | None:
    try:
        return zones.zone(name)
    except zones.UnknownZone:
        return None


def _number(typed: str, region: str) -> str | Problem:
    try:
        return phone.parse(typed, region)
    except ValueError as wrong:
        return wrong_phone(wrong, region)


def wrong_phone(wrong: ValueError, region: str) -> Problem:
    """What is wrong with a number: none, digits that nobody has been given, or another kind of number."""
    kinds: dict[type, str] = {phone.NoNumber: "no-phone", phone.NotGiven: "no-such-number"}
    return Problem("phone", kinds.get(type(wrong), "wrong-phone"), {"region": region, "why": str(wrong)})


def _wrong_days(typed: Typed, today: date, zone: ZoneInfo | None, protocol: Protocol) -> Problem | None:
    if zone is None:
        return Problem("zone", "no-zone")
    if typed.day0 is None:
        return Problem("day0", "not-a-date")
    asked = _screened_on(typed, typed.day0, today)
    return _wrong_day0(typed.day0, today, zone) or _wrong_screening_day(asked, typed.day0, today, protocol)


def _screened_on(typed: Typed, day0: date, today: date) -> date:
    return typed.screened_on or min(today, day0 - timedelta(days=1))


def _wrong_pain(value: int | None) -> Problem | None:
    if type(value) is int and LOWEST <= value <= HIGHEST:
        return None
    return Problem("screening_value", "not-a-number", {"low": LOWEST, "high": HIGHEST})


def wrong_name(name: str) -> Problem | None:
    if not name.strip():
        return Problem("name", "no-name")
    return Problem("name", "long-name", {"most": LONGEST_NAME}) if len(name) > LONGEST_NAME else None


def _wrong_day0(day0: date, today: date, zone: ZoneInfo) -> Problem | None:
    if day0 < today:
        return Problem("day0", "past", {"today": today})
    latest = today + timedelta(days=DAYS_AHEAD)
    if day0 > latest:
        return Problem("day0", "too-far", {"most": DAYS_AHEAD, "latest": latest})
    return None if day_exists(day0, zone) else Problem("day0", "no-such-day", {"day": day0, "zone": zone.key})


def _wrong_screening_day(screened_on: date, day0: date, today: date, protocol: Protocol) -> Problem | None:
    if screened_on > today:
        return Problem("screened_on", "not-yet")
    timepoint = protocol.timepoint(protocol.screening.timepoint)
    target = day0 + timedelta(days=timepoint.first_day)
    first = target - timedelta(days=timepoint.window_before)
    last = target + timedelta(days=timepoint.window_after)
    if first <= screened_on <= last:
        return None
    return Problem("screened_on", "outside-window", {"first": first, "last": last})


def _wrong_language(language: str, protocol: Protocol) -> Problem | None:
    if language in protocol.languages:
        return None
    return Problem("language", "no-language", {"languages": ", ".join(protocol.languages)})
