"""A long sitting in parts, one questionnaire each: what is answered of it, and a rough time left.

A short sitting keeps its beads; nothing here touches it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from pro.domain.answers import Answer
from pro.domain.questionnaire import Questionnaire
from pro.domain.showing import shown, to_come
from pro.services.answering import LONG, LinkView, Part, Sitting, Waiting
from pro.web.words import in_language, say

REST = 10
"""Questions from which a part has a calm page before it and after it."""
LEAST, GAP = Decimal(4), Decimal("1.2")
"""Per cent of the bar's width: the narrowest segment, and the space between two."""


@dataclass(frozen=True, slots=True)
class PartView:
    """One part as a page shows it."""

    id: str
    title: str
    recall: str
    n: int
    of: int
    keys: tuple[str, ...]
    """`questionnaire.item` of what shows, in order."""
    answered: int
    all: int
    """Items there are."""
    left: int
    """Items that still want an answer or may still come."""
    minutes: Decimal
    x: float
    width: float
    """Where its segment begins and how wide it is, in per cent."""

    @property
    def full(self) -> float:
        """Width of what is done in its segment."""
        return round(self.width * (self.all - self.left) / self.all, 2)

    def place(self, key: str) -> int:
        """Which question of the part it is, from 1; 0 where it is none of it."""
        return self.keys.index(key) + 1 if key in self.keys else 0


def is_long(questionnaires: Sequence[Questionnaire]) -> bool:
    return sum(len(one.items) for one in questionnaires) > LONG


def waits_long(one: Waiting | Part) -> bool:
    return one.most > LONG


def any_long(view: LinkView) -> bool:
    return any(map(waits_long, view.waiting)) or any(waits_long(one.asks) for one in view.reports)


def parts_of(sitting: Sitting) -> tuple[PartView, ...]:
    """The parts of a long sitting; none of a short one."""
    return parts_in(sitting.questionnaires, sitting.answers, sitting.language)


def parts_in(asked: Sequence[Questionnaire], answers: Mapping[str, Answer], language: str) -> tuple[PartView, ...]:
    if not is_long(asked):
        return ()
    places = segments([one.minutes for one in asked])
    return tuple(
        _part(one, _own(one, answers), language, n, len(asked), place)
        for n, (one, place) in enumerate(zip(asked, places, strict=True), 1)
    )


def _part(
    one: Questionnaire, given: Mapping[str, Answer], language: str, n: int, of: int, place: tuple[float, float]
) -> PartView:
    keys = shown(one, given)
    return PartView(
        id=one.id,
        title=in_language(one.title, language),
        recall=in_language(one.recall, language),
        n=n,
        of=of,
        keys=tuple(f"{one.id}.{key}" for key in keys),
        answered=sum(key in given for key in keys),
        all=len(one.items),
        left=len(to_come(one, given)),
        minutes=one.minutes,
        x=place[0],
        width=place[1],
    )


def _own(one: Questionnaire, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    return {item.key: answers[key] for item in one.items if (key := f"{one.id}.{item.key}") in answers}


def segments(minutes: Sequence[Decimal]) -> list[tuple[float, float]]:
    """Left edge and width of each segment in per cent: as wide as the part takes time, none too narrow to see."""
    room = 100 - GAP * (len(minutes) - 1)
    least = LEAST * sum(minutes) / 100
    wide = [max(one, least) for one in minutes]
    widths = [room * one / sum(wide) for one in wide]
    starts = [sum(widths[:n], GAP * n) for n in range(len(widths))]
    return [(round(float(x), 2), round(float(width), 2)) for x, width in zip(starts, widths, strict=True)]


def minutes_left(parts: Sequence[PartView]) -> int:
    """Whole minutes, at least one; as parts are answered it only ever falls."""
    exact = sum((part.minutes * part.left / part.all for part in parts), Decimal(0))
    return max(1, ceil(exact))


def part_of(parts: Sequence[PartView], key: str) -> PartView | None:
    return next((part for part in parts if key.partition(".")[0] == part.id), None)


def rests(before: PartView | None, part: PartView) -> bool:
    """Whether a calm page stands before this part: it is a long one, or it comes after a long one."""
    return before is not None and max(part.all, before.all) >= REST


def welcome(parts: Sequence[PartView], language: str) -> str:
    n, of = sum(part.answered for part in parts), sum(len(part.keys) for part in parts)
    return say("phone.long.back", language, n=n, of=of)


def so_far(parts: Sequence[PartView], language: str) -> str:
    """`21 of 54 answered, about 8 minutes left.`"""
    n, of = sum(part.answered for part in parts), sum(len(part.keys) for part in parts)
    left = say("phone.long.left", language, n=minutes_left(parts))
    return say("phone.long.so-far", language, n=n, of=of, left=left)


def size_words(part: PartView, language: str) -> str:
    """`36 questions, about 8 minutes`."""
    questions = say("phone.start.questions", language, n=len(part.keys))
    minutes = say("phone.start.minutes", language, n=max(1, ceil(part.minutes)))
    return f"{questions}, {minutes}"


def state_of(parts: Sequence[PartView], language: str) -> list[dict[str, Any]]:
    """What the script must know of each part; all else it counts itself."""
    return [
        {
            "id": part.id,
            "title": part.title,
            "recall": part.recall,
            "minutes": float(part.minutes),
            "x": part.x,
            "width": part.width,
            "rest": size_words(part, language) if rests(before, part) else "",
        }
        for before, part in zip((None, *parts), parts, strict=False)
    ]
