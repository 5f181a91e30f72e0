"""No patient-day may hold two windows that ask the same questionnaire: an answer would fit both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pro.domain.protocol import Anchor, Protocol, Timepoint
from pro.library.anchor_checks import EVENTS
from pro.library.wording import Findings

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Span:
    """Days on which a window may be open, both ends included, counted from `root` (day 0 or an event)."""

    root: Anchor
    name: str
    timepoint: str
    first: int
    last: int
    surely: bool
    """Whether it always lies there: what counts from a visit moves with the visit."""


def check_overlaps(findings: Findings, protocol: Protocol) -> None:
    """Refuses overlaps that can come about, and warns of those that an event can bring about; each is said once."""
    taken: dict[str, dict[Anchor, dict[int, _Span]]] = {}
    for i, timepoint in enumerate(protocol.timepoints):
        spans = list(_spans(protocol, timepoint))
        clashes: dict[tuple[_Span, _Span, int], list[str]] = {}
        events: dict[tuple[str, str], list[str]] = {}
        for asked in timepoint.questionnaires:
            days = taken.setdefault(asked.id, {})
            clash = _clash(spans, days)
            if clash is not None:
                clashes.setdefault(clash, []).append(asked.id)
            for event in _events_over(spans, days):
                events.setdefault(event, []).append(asked.id)
        _tell(findings, i, clashes)
        _warn_of_events(findings, i, events)


def _tell(findings: Findings, i: int, clashes: dict[tuple[_Span, _Span, int], list[str]]) -> None:
    for (one, other, day), ids in clashes.items():
        may = "overlap" if one.surely and other.surely else "can overlap"
        what = f"the windows of {one.name} and {other.name} {may} on day {day} and both ask {_listed(ids)}"
        findings.add(("timepoints", i, "window"), f"{what}; move or shorten one")


def _listed(ids: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(ids[:-1]), ids[-1])))


def _clash(spans: list[_Span], days: dict[Anchor, dict[int, _Span]]) -> tuple[_Span, _Span, int] | None:
    """The first clash; enters the days either way."""
    found = None
    for span in spans:
        entered = days.setdefault(span.root, {})
        for day in range(span.first, span.last + 1):
            other = entered.setdefault(day, span)
            if other != span and found is None:
                found = (span, other, day)
    return found


def _events_over(spans: list[_Span], days: dict[Anchor, dict[int, _Span]]) -> Iterator[tuple[str, str]]:
    """An event that moves one window, and the timepoint whose window it can meet."""
    roots = {span.root for span in spans}
    for entered_root, entered in days.items():
        others = {span.timepoint for span in entered.values()} - {span.timepoint for span in spans}
        event = next((root for root in (*roots, entered_root) if root.kind == "event"), None)
        if others and event is not None and entered_root not in roots:
            yield event.name, min(others)


def _warn_of_events(findings: Findings, i: int, events: dict[tuple[str, str], list[str]]) -> None:
    for (event, other), ids in events.items():
        what = f"an event ({event}) can bring its window over that of {other}, and both ask {_listed(ids)}"
        findings.warn(("timepoints", i, "window"), f"{what}; an answer is kept for the one the patient opens")


def _spans(protocol: Protocol, timepoint: Timepoint) -> Iterator[_Span]:
    root = _root(protocol, timepoint, ())
    if root is None or (root[0].kind == "event" and root[0].name not in EVENTS):
        return
    anchor, low, high = root
    for first, last, label in _windows(timepoint):
        name = f"{timepoint.key} ({label})" if low == high == 0 else timepoint.key
        yield _Span(anchor, name, timepoint.key, low + first, high + last, low == high)


def _windows(timepoint: Timepoint) -> Iterator[tuple[int, int, str]]:
    """First and last day of each window, counted from the timepoint's own anchor."""
    if timepoint.on_demand:
        return
    if timepoint.hours is not None:
        most = 0 if timepoint.anchor.kind == "day0" else 1  # an instant of a visit lies anywhere in its day
        last = -(-timepoint.hours.closes // _DAY) - 1 + most
        yield timepoint.hours.opens // _DAY, last, "in hours"
        return
    for target in timepoint.targets:
        yield target - timepoint.window_before, target + timepoint.window_after, f"day {target}"


def _root(protocol: Protocol, timepoint: Timepoint, seen: tuple[str, ...]) -> tuple[Anchor, int, int] | None:
    """What it counts from in the end, and the first and last day its own anchor may take place on."""
    anchor = timepoint.anchor
    if anchor.kind != "visit":
        return anchor, 0, 0
    visit = next((each for each in protocol.timepoints if each.key == anchor.name), None)
    if visit is None or visit.key in seen or visit.repeats or visit.on_demand:
        return None
    root = _root(protocol, visit, (*seen, timepoint.key))
    windows = list(_windows(visit))
    if root is None or not windows:
        return None
    first, last, _ = windows[0]
    late = 1 if visit.late_until is not None else 0
    return root[0], root[1] + first, root[2] + last + late
