"""What an invented patient answers: good and bad days, drawn from the patient and the day alone."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from pro.demo.people import Person
from pro.domain import zones

SORE = ("R-MCP2", "R-MCP3", "L-MCP2", "L-MCP3", "R-wrist", "L-wrist", "R-knee", "L-ankle", "R-ankle", "R-hip")
SITES = ("abdomen-left", "abdomen-right", "thigh-left", "thigh-right", "arm-left", "arm-right")
ZONE = zones.zone("Europe/Paris")

Answers = Mapping[str, object]


def dice_of(person: Person, day: int, what: str) -> random.Random:
    return random.Random(f"{person.name} {day} {what}")


def when(person: Person, day: int) -> datetime | None:
    """When the diary of that day is filled; None when it is not."""
    dice = dice_of(person, day, "when")
    fills, late = dice.random() < person.diligence, dice.random() < person.late
    if day in person.silent or not (fills or day in person.bad_days):
        return None
    on = person.day0 + timedelta(days=day)
    if late and day not in person.bad_days:
        return _at(on + timedelta(days=1), time(8, dice.randrange(5, 55)))
    return _at(on, time(dice.choice((18, 18, 19, 20, 21)), dice.randrange(3, 58), dice.randrange(60)))


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZONE)


def worst_pain(person: Person, day: int) -> int:
    """A slow fall with days a little better or worse: never a jump but on the bad days."""
    if day in person.bad_days:
        return person.bad_days[day]
    usual = round(person.pain - person.better * day / 7)
    return max(0, min(6, usual + dice_of(person, day, "pain").choice((-1, 0, 0, 0, 0, 1))))


def diary(person: Person, day: int) -> Answers:
    """Answers to the evening's two questionnaires, those that show and no others."""
    return {
        **{f"joint-pain-diary.{key}": value for key, value in _joints(person, day).items()},
        **{f"injection-diary.{key}": value for key, value in _injection(person, day).items()},
    }


def _joints(person: Person, day: int) -> dict[str, object]:
    dice, worst = dice_of(person, day, "joints"), worst_pain(person, day)
    flaring = day in person.declares
    habit = dice_of(person, 0, "habit").sample(SORE, 5)
    tender = habit[: max(0, min(5, worst - 2))]
    answers: dict[str, object] = {
        "worst_pain": worst,
        "average_pain": max(0, worst - dice.choice((1, 1, 2))),
        "stiffness": 5 * worst + 5 * dice.randrange(3) + (30 if flaring else 0),
        "tender": tender,
        "swollen": habit[:1] if flaring and not habit[0].endswith("hip") else [],
        "flare": flaring,
    }
    if flaring or worst >= 4:
        answers["rest_pain"] = max(4, worst - 3) if flaring else min(3, worst - 2)
        answers["warm_joint"] = flaring
    return answers


def _injection(person: Person, day: int) -> dict[str, object]:
    dice = dice_of(person, day, "injection")
    answers: dict[str, object] = {"dose": dice.choices(("yes", "no"), (96, 4))[0]}
    if answers["dose"] == "no":
        answers["why_not"] = dice.choice(("forgot", "unwell", "other"))
    else:
        answers["site"] = SITES[day % len(SITES)]
        reacts = day < 21 and dice.random() < 0.35
        answers["reaction"] = [dice.choice(("redness", "itch", "bruise"))] if reacts else ["none"]
    answers["temperature_taken"] = dice.random() < 0.25
    if answers["temperature_taken"]:
        answers["temperature"] = dice.choice(("36.4", "36.6", "36.8", "36.9", "37.1"))
    answers["infection"] = ["none"]
    answers["other_medicine"] = ["painkiller"] if worst_pain(person, day) >= 5 else ["none"]
    return answers
