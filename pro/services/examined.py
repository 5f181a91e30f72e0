"""When the joints were examined for a visit, as staff wrote it, and whether that is in the visit's window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pro.domain.examination import EXAMINED_ON, window
from pro.services.scales import Visit


@dataclass(frozen=True, slots=True)
class Examination:
    """The day that staff wrote into a clinician's form."""

    day: date
    outside: bool
    """Not in the visit's window."""


def examination(visit: Visit) -> Examination | None:
    """When the joints were examined for this visit; None where no form says."""
    first, last = window(visit.timepoint, visit.day)
    for each in visit.timepoint.clinician:
        given = visit.sitting.given.get(each.id)
        answer = given.answers.get(EXAMINED_ON) if given is not None else None
        if answer is not None and answer["code"] == "answered":
            day = date.fromisoformat(str(answer["value"]))
            return Examination(day, not first <= day <= last)
    return None
