"""How far back a questionnaire asks, and windows that are longer than that.

The hours are read from the English words of the questionnaire's recall, unless its file gives `recall_hours`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pro.domain.protocol import Protocol, Timepoint
from pro.domain.questionnaire import Questionnaire
from pro.library.wording import Findings, one_of

_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}
_BACK = re.compile(r"\b(?:last|past|previous) (?:([0-9]{1,3}) )?(hour|day|week|month)s?\b")
_NOW = re.compile(r"\b(?:today|now|at present|at the moment|right now)\b")


def recall_hours(questionnaire: Questionnaire) -> int | None:
    """Hours that the questions look back, the longest where several are named; None where no span is named.

    What asks about now or today looks back one day.
    """
    if questionnaire.recall_hours is not None:
        return questionnaire.recall_hours
    said = questionnaire.recall.get("en", "").lower()
    spans = [int(count or 1) * _HOURS[unit] for count, unit in _BACK.findall(said)]
    return max(spans, default=24 if _NOW.search(said) else None)


def check_recalls(findings: Findings, protocol: Protocol, known: Mapping[tuple[str, str], Questionnaire]) -> None:
    """Warns of a window that is longer than the recall of what it asks, unless the protocol says why.

    A window is as long as it is open, both end days in it: 72 h for the day before to the day after.
    """
    if protocol.recall_note:
        return
    for i, timepoint in enumerate(protocol.timepoints):
        short = [] if timepoint.recall_note else _too_short(timepoint, known)
        if short:
            what = f"the window is {_length(timepoint)} h long, longer than what is asked back: {one_of(short)}"
            findings.warn(("timepoints", i, "window"), f"{what}; shorten it, or say why in recall_note:")


def _too_short(timepoint: Timepoint, known: Mapping[tuple[str, str], Questionnaire]) -> list[str]:
    asked = [known[each.id, each.version] for each in timepoint.questionnaires if (each.id, each.version) in known]
    spans = [(one, hours) for one in asked if (hours := recall_hours(one)) is not None]
    return [f"{one.id} {one.version} ({hours} h)" for one, hours in spans if _length(timepoint) > hours]


def _length(timepoint: Timepoint) -> int:
    if timepoint.hours is not None:
        return int((timepoint.hours.closes - timepoint.hours.opens).total_seconds()) // 3600
    return 24 * (timepoint.window_before + 1 + timepoint.window_after)
