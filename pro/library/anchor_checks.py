"""What timepoints may be counted from, and windows in hours: that they come about, and never wait for themselves."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from typing import get_args

from pro.domain import zones
from pro.domain.protocol import Event, Hours, Protocol, Timepoint
from pro.library.files import Place
from pro.library.wording import Findings, one_of

EVENTS: tuple[str, ...] = get_args(Event)
_DAY = timedelta(days=1)
CLOCK_CHANGE = timedelta(hours=2)
"""No zone's clocks go further forward or back in a year."""


def check_anchors(findings: Findings, protocol: Protocol) -> None:
    """Holds every timepoint to what it is counted from; problems go to `findings`."""
    for i, timepoint in enumerate(protocol.timepoints):
        place = ("timepoints", i)
        if timepoint.anchor.kind == "visit":
            _check_visit(findings, protocol, timepoint, (*place, "anchor", "visit"))
        elif timepoint.anchor.kind == "event":
            _check_event(findings, protocol, timepoint, (*place, "anchor", "event"))
        _check_hours(findings, timepoint, place, protocol.cutoff)
        _check_on_demand(findings, timepoint, place)


def check_zones(findings: Findings, protocol: Protocol) -> None:
    for i, name in enumerate(protocol.zones):
        if name not in zones.names():
            near = get_close_matches(name, zones.names(), n=1)
            right = f"did you mean {near[0]}?" if near else "give an IANA name such as Europe/Paris"
            findings.add(("zones", i), f"unknown time zone {name!r}; {right}")


def waits_for_itself(protocol: Protocol, timepoint: Timepoint) -> tuple[str, ...]:
    """The visits from this one round to itself; empty where it leads to day 0 or an event."""
    by_key = {each.key: each for each in protocol.timepoints}
    way = [timepoint.key]
    at = timepoint
    while at.anchor.kind == "visit" and at.anchor.name in by_key:
        at = by_key[at.anchor.name]
        way.append(at.key)
        if at.key in way[:-1]:
            return tuple(way) if at.key == timepoint.key else ()
    return ()


def _check_visit(findings: Findings, protocol: Protocol, timepoint: Timepoint, place: Place) -> None:
    anchor = timepoint.anchor
    visits = {each.key: each for each in protocol.timepoints if not each.repeats and not each.on_demand}
    if round_ := waits_for_itself(protocol, timepoint):
        what = f"{timepoint.key} waits for itself ({' for '.join(round_)}), so it never comes; count it from day 0"
        findings.add(place, what)
    elif anchor.name not in visits:
        what = f"{anchor.name!r} is no visit that comes once, so {timepoint.key} never comes; there are"
        findings.add(place, f"{what} {one_of(key for key in visits if key != timepoint.key)}")
    elif anchor.by == "examination" and not visits[anchor.name].clinician:
        what = f"nothing is examined at {anchor.name}, so {timepoint.key} never comes; list a form under clinician:"
        findings.add((*place[:-1], "by"), f"{what} there, or count from its submission")
    elif anchor.by == "submission" and not _is_submitted(protocol, visits[anchor.name]):
        what = f"nobody sends {anchor.name} in, which is a clinician's; {timepoint.key} never comes"
        findings.add(place, f"{what}; count it from a patient's visit")


def _is_submitted(protocol: Protocol, visit: Timepoint) -> bool:
    return visit.respondent == "patient" or visit.key == protocol.screening.timepoint


def _check_event(findings: Findings, protocol: Protocol, timepoint: Timepoint, place: Place) -> None:
    name = timepoint.anchor.name
    if name not in EVENTS:
        findings.add(place, f"unknown event {name!r}, so {timepoint.key} never comes; there are {one_of(EVENTS)}")
    elif name.startswith("flare-") and not protocol.flare_rules:
        findings.add(place, f"no flare rule opens a flare here, so {timepoint.key} never comes; add a rule")


def _check_hours(findings: Findings, timepoint: Timepoint, place: Place, cutoff: time) -> None:
    if timepoint.hours is None:
        return
    where = (*place, "hours")
    if not timepoint.on_demand and (timepoint.first_day, timepoint.last_day) != (0, 0):
        findings.add(where, "days and hours are both given; a window is in one of them")
    if timepoint.window_before or timepoint.window_after or timepoint.late_until is not None:
        findings.add(where, "a window in hours has no window: and no late_until:; say from and to alone")
    short = timepoint.hours.closes - timepoint.hours.opens < _DAY
    for i, step in enumerate(timepoint.reminders):
        if step.day is not None:
            findings.add((*place, "reminders", i), "a window in hours has no days; give the clock time alone")
        elif timepoint.anchor.kind == "day0" and _never_holds(timepoint.hours, step.at, cutoff):
            findings.add((*place, "reminders", i), _out_of_hours(timepoint.hours, step.at, cutoff))
        elif short:
            what = f"a window under 24 hours may hold no {step.at:%H:%M}; that reminder is then left out"
            findings.warn((*place, "reminders", i), what)


def _never_holds(hours: Hours, at: time, cutoff: time) -> bool:
    """Whether a window in hours from day 0, which begins at the cut-off, is without that clock time for everybody
    who stays at home; a clock change on the way moves it."""
    room = hours.closes - hours.opens + 2 * CLOCK_CHANGE
    after = _since_midnight(at) - _since_midnight(cutoff) - hours.opens + CLOCK_CHANGE
    return room < _DAY and after % _DAY > room


def _out_of_hours(hours: Hours, at: time, cutoff: time) -> str:
    opens, closes = (datetime.combine(date(2000, 1, 1), cutoff) + one for one in (hours.opens, hours.closes))
    window = f"{opens:%H:%M} to {closes:%H:%M}"
    return (
        f"{at:%H:%M} is never in the window: day 0 begins at {cutoff:%H:%M}, so it is open from {window}; "
        "say a time in it, or move the hours"
    )


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


def _check_on_demand(findings: Findings, timepoint: Timepoint, place: Place) -> None:
    if not timepoint.on_demand:
        return
    where = (*place, "started_by")
    if timepoint.anchor.kind != "day0":
        findings.add(where, "what the patient opens counts its days from day 0; take anchor: out")
    if timepoint.respondent == "clinician" or timepoint.clinician:
        findings.add(where, "only what patients answer can be opened by them")
    if timepoint.reminders:
        findings.add((*place, "reminders"), "nobody is reminded of what only the patient opens; take them out")
    if timepoint.window_before or timepoint.every != 1 or timepoint.burst != 1:
        findings.add(where, "it may be opened on any of its days; take every, for and window before out")
