"""Reminders that will not go, forms that nobody is reminded of, titles that name an illness: allowed, and worth a
second look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import time

from pro.domain.message_lint import illness_named
from pro.domain.protocol import Protocol, Timepoint
from pro.library.wording import Findings

NAMED = 3
"""Days of a warning; the others are counted."""


def check_messages(findings: Findings, protocol: Protocol) -> None:
    """Warns of days with more messages than may go to one patient, and of a patient's form without a reminder.

    Days that count from a visit or an event are left out: where they come to lie nobody knows.
    """
    clocks: dict[int, set[time]] = defaultdict(set)
    for i, timepoint in enumerate(protocol.timepoints):
        if timepoint.respondent == "patient" and not timepoint.reminders and not timepoint.on_demand:
            findings.warn(
                ("timepoints", i, "key"), f"nobody is reminded of {timepoint.key}; add reminders:, if it should be"
            )
        for day, at in _reminded(timepoint):
            clocks[day].add(at)
    over = {day: len(found) for day, found in sorted(clocks.items()) if len(found) > protocol.daily_cap >= 1}
    if over:
        what = f"whoever does not answer would get {max(over.values())} messages {_on(list(over))}, and at most"
        findings.warn(("daily_cap",), f"{what} {protocol.daily_cap} go out a day; raise it, or take reminders away")


def check_titles(findings: Findings, protocol: Protocol) -> None:
    """Warns of what a patient's phone and sheet would name; the study's own title stands on neither."""
    for i, timepoint in enumerate(protocol.timepoints):
        if timepoint.respondent != "patient":
            continue
        for language, title in timepoint.title.items():
            if named := illness_named(title):
                what = f"{', '.join(map(repr, named))} in the title tells others what the patient has: it stands on the phone's"
                mend = "first page and on the sheet to take home, which names no illness; write one such as Daily diary"
                findings.warn(("timepoints", i, "title", language), f"{what} {mend}")


def _reminded(timepoint: Timepoint) -> Iterator[tuple[int, time]]:
    """Days from day 0 and clock times; steps of one instant share a message."""
    if timepoint.anchor.kind != "day0" or timepoint.hours is not None:
        return
    window = range(-timepoint.window_before, timepoint.window_after + 1)
    for target in timepoint.targets:
        for step in timepoint.reminders:
            for offset in window if step.day is None else (step.day,):
                yield target + offset, step.at


def _on(days: list[int]) -> str:
    named = ", ".join(str(day) for day in days[:NAMED])
    more = f" and {len(days) - NAMED} more days" if len(days) > NAMED else ""
    return f"on day{'s' if len(days) > 1 else ''} {named}{more}"
