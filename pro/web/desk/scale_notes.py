"""What a figure of the scales' page rests on, said beside it: the day of the examination, and joints not judged."""

from __future__ import annotations

from pro.domain.methods.joints import without_hips
from pro.domain.questionnaire import Scale
from pro.domain.results import Given
from pro.services.examined import examination
from pro.services.scales import Reading, Scales, Visit
from pro.web.desk import phrases
from pro.web.desk.scale_words import s, visit_name


def titled(scale: Scale, title: str, language: str) -> str:
    """A count without the hips of its set says so: it is not the scale of the same name that has them."""
    return s("note.no-hips", language, title=title, n=f"{scale.high:f}") if without_hips(scale) else title


def when_examined(reading: Reading, language: str) -> str:
    """`examined on 15 Apr`, of a figure from a clinician's form; empty where no day was written."""
    found = examination(reading.visit) if reading.source == "clinician" and reading.score else None
    if found is None:
        return ""
    key = "note.outside" if found.outside else "note.examined"
    return s(key, language, day=phrases.month_day(found.day, language))


def judged_words(reading: Reading, language: str) -> str:
    """`20 of 28 joints could be judged`; empty where all could, or nothing was counted."""
    n, of = min(_judged(reading), default=(0, 0))
    return s("note.judged", language, n=n, of=of) if n < of else ""


def _judged(reading: Reading) -> list[tuple[int, int]]:
    scale, given = reading.scale, reading.visit.sitting.given
    if scale is None:
        return []
    if reading.source != "computed":
        return [one.judged[scale.key] for one in given.values() if _has(one, reading) and scale.key in one.judged]
    found = []
    for result in reading.visit.results.values():
        if scale.key not in result.scores:
            continue
        for item, origin in result.origins.items():
            one = given.get(origin.questionnaire) if origin.assessment == "same" else None
            if item in scale.items and one is not None and origin.key in one.judged:
                found.append(one.judged[origin.key])
    return found


def _has(given: Given, reading: Reading) -> bool:
    return reading.score is not None and given.scores.get(reading.scale.key if reading.scale else "") is reading.score


def outside_words(found: Scales, reading: Reading, language: str) -> tuple[str, ...]:
    """Examinations outside their visit's window that a computed figure rests on: of its visit, and of the baseline."""
    if reading.source != "computed" or reading.score is None or reading.score.value is None:
        return ()
    origins = [
        each
        for result in reading.visit.results.values()
        if reading.scale is not None and reading.scale.key in result.scores
        for each in result.origins.values()
    ]
    compared = found.baseline if any(each.assessment == "baseline" for each in origins) else None
    visits = [compared, reading.visit] if compared is not None else [reading.visit]
    return tuple(words for visit in visits if (words := _outside(visit, language, named=compared is not None)))


def _outside(visit: Visit, language: str, *, named: bool) -> str:
    found = examination(visit)
    if found is None or not found.outside:
        return ""
    said = s("note.outside", language, day=phrases.month_day(found.day, language))
    return s("missing.at", language, what=said, visit=visit_name(visit, language)) if named else said
