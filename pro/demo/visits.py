"""What an invented patient answers at the visits, and what is found on examination: drawn from one course of illness.

Pain, limits, mood and inflammation move together, some people improve and some do not, and now and then somebody
leaves a question out, misses a visit, or has blood taken without an ESR.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pro.demo.diaries import SORE, ZONE, Answers, dice_of, worst_pain
from pro.demo.people import Person
from pro.domain.questionnaire import Value

WORSE_HIGH = frozenset({1, 2, 20, 21, 22, 23, 26, 27, 30, 34, 36})
"""Questions of RAND-36 whose high codes are the worse ones; of the others the low ones are."""
RAND_CODES = {
    **dict.fromkeys((1, 2, 20, 22, 32, 33, 34, 35, 36), 5),
    **dict.fromkeys(range(3, 13), 3),
    **dict.fromkeys(range(13, 20), 2),
    **dict.fromkeys((21, *range(23, 32)), 6),
}
ABOUT_MOOD = frozenset({17, 18, 19, 24, 25, 26, 28, 30})
EXAMINED = (
    *SORE,
    "R-PIP2",
    "L-PIP2",
    "R-PIP3",
    "L-PIP3",
    "R-MCP4",
    "L-MCP4",
    "L-knee",
    "R-shoulder",
    "L-elbow",
    "L-hip",
)
"""Where the clinician finds something, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Course:
    """How ill somebody is on a day, each from 0 (well) to 1."""

    pain: float
    mood: float
    inflammation: float


def course(person: Person, day: int) -> Course:
    habit = dice_of(person, 0, "course")
    spirits, response = habit.uniform(-0.2, 0.2), habit.uniform(0.0, 0.12)
    pain = worst_pain(person, day) / 10
    fading = max(0.25, 1 - response * day / 7)
    return Course(pain, _unit(0.15 + 0.6 * pain + spirits), _unit((0.3 + 0.7 * pain) * fading))


def _unit(value: float) -> float:
    return max(0.0, min(1.0, value))


def attends(person: Person, day: int) -> bool:
    """Whether the visit is filled on the phone at all; day 0 always is, at the site."""
    return day == 0 or dice_of(person, day, "attends").random() < 0.5 + 0.5 * person.diligence


def answers(person: Person, day: int) -> Answers:
    """The phone's answers at day 0 and at the weeks; None where a question is left out."""
    dice, ill = dice_of(person, day, "visit"), course(person, day)
    pain = max(0, min(100, round(100 * ill.pain) + dice.randrange(-6, 7)))
    return {
        "pain-vas-48h.pain": max(41, pain) if day == 0 else pain,
        "patient-global.global": max(0, min(100, pain + dice.randrange(-8, 9))),
        **_joint_count(person, day, ill),
        **_rand_36(dice, ill),
        **_eq_5d(dice, ill),
        **{f"who-5.q{n}": str(5 - _level(dice, ill.mood, 6)) for n in range(1, 6)},
    }


def _joint_count(person: Person, day: int, ill: Course) -> Answers:
    habit = dice_of(person, 0, "habit").sample(SORE, 5)
    dice = dice_of(person, day, "count")
    tender = habit[: max(0, round(6 * ill.pain) + dice.choice((-1, 0, 0)))]
    swollen = [joint for joint in tender if joint.endswith(("MCP2", "MCP3", "wrist", "knee"))]
    replaced = ["L-hip"] if dice_of(person, 0, "hip").random() < 0.15 else []
    return {
        "joint-count.tender": tender,
        "joint-count.swollen": swollen[: round(3 * ill.inflammation)],
        "joint-count.replaced": replaced,
        "joint-count.fused": [],
        "joint-count.not_assessable": [],
    }


def _rand_36(dice: random.Random, ill: Course) -> Answers:
    found: dict[str, object] = {}
    for n, codes in RAND_CODES.items():
        bad = ill.mood if n in ABOUT_MOOD else ill.pain
        level = _level(dice, bad, codes)
        code = str(1 + level if n in WORSE_HIGH else codes - level)
        found[f"rand-36.q{n}"] = None if dice.random() < 0.02 else code
    return dict(sorted(found.items(), key=lambda each: int(each[0].rpartition("q")[2])))


def _eq_5d(dice: random.Random, ill: Course) -> Answers:
    bad = {"mobility": ill.pain, "selfcare": ill.pain / 2, "usual": ill.pain, "pain": ill.pain, "anxiety": ill.mood}
    levels = {f"eq-5d-5l.{key}": str(1 + _level(dice, value, 5)) for key, value in bad.items()}
    health = round(100 - 60 * ill.pain - 20 * ill.mood) + dice.randrange(-5, 6)
    return {**levels, "eq-5d-5l.vas": None if dice.random() < 0.04 else max(0, min(100, health))}


def _level(dice: random.Random, bad: float, codes: int) -> int:
    """How many steps below the best answer of so many."""
    return max(0, min(codes - 1, round(bad * (codes - 1) + dice.uniform(-0.6, 0.6))))


# --- the examination


def examined_at(person: Person, day: int) -> datetime | None:
    """When a coordinator enters the examination of that visit; None where nobody does."""
    dice = dice_of(person, day, "entered")
    if day and dice.random() < 0.08:
        return None
    on = person.day0 + timedelta(days=day + dice.choice((0, 0, 0, 1, 1, 3)))
    while on.weekday() > 4:
        on += timedelta(days=1)
    return datetime.combine(on, time(15, dice.randrange(5, 55)), ZONE)


def exam(person: Person, day: int) -> Mapping[str, Value | None]:
    """What the form holds: joints, CRP and ESR (None where it was not done), and the day of the examination."""
    dice, ill = dice_of(person, day, "exam"), course(person, day)
    tender = _some(dice, round(12 * ill.inflammation * (0.5 + ill.pain)))
    habit = dice_of(person, 0, "blood")
    crp = dice.uniform(1.5, 5) + 28 * habit.uniform(0.3, 1.5) * ill.inflammation
    esr = 4 + dice.randrange(6) + round(40 * habit.uniform(0.4, 1.3) * ill.inflammation)
    usual = dice_of(person, 0, "laboratory").choices(("both", "crp", "esr"), (5, 4, 1))[0]
    taken = dice.choices((usual, "none"), (94, 6))[0] if day else usual
    return {
        "examined_on": (person.day0 + timedelta(days=day)).isoformat(),
        "tender": tender,
        "swollen": tuple(joint for joint in tender if not joint.endswith("hip"))[: round(7 * ill.inflammation)],
        "not_assessable": (),
        "crp": f"{crp:.1f}" if taken in ("both", "crp") else None,
        "esr": esr if taken in ("both", "esr") else None,
    }


def _some(dice: random.Random, many: int) -> tuple[str, ...]:
    """The likeliest joints, one or two of them passed over."""
    found = tuple(joint for joint in EXAMINED if dice.random() < 0.85)
    return found[: max(0, many)]
