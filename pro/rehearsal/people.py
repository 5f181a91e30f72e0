"""Simulated patients: who they are and how they keep a diary. All of it is drawn from the seed and their number."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pro.domain.protocol import Protocol

MARK = "Rehearsed"
"""Every name holds it, and every number starts alike: so they are found wherever they should not be."""
NUMBER = "+3360000"
SITES = 4
BEFORE = timedelta(days=1)
"""Patients are enrolled so long before day 0: the pain of the screening is entered while its window is open."""
ENROLLING = 28
"""Days over which patients are enrolled."""
ZONE = "Europe/Paris"
ABROAD = ("America/Martinique", "Indian/Reunion", "Europe/Lisbon", "Asia/Kathmandu", "Pacific/Noumea")


class Profile(StrEnum):
    DILIGENT = "diligent"
    FORGETFUL = "forgetful"
    FLARES = "flares"
    WEEKEND = "weekend"
    TRAVELLER = "traveller"
    DROPS_OUT = "drops-out"
    CHANGES_PHONE = "changes-phone"


MEANING: Mapping[str, str] = {
    Profile.DILIGENT: "fills in nearly every day, most often on time",
    Profile.FORGETFUL: "leaves days out; often after the last text only, or the next morning",
    Profile.FLARES: "has bad spells; fills in nearly every day",
    Profile.WEEKEND: "fills in on working days, and seldom on Saturday and Sunday",
    Profile.TRAVELLER: "lives in another time zone for some days; a little less regular",
    Profile.DROPS_OUT: "stops filling in for good, some by STOP first; the site takes them out",
    Profile.CHANGES_PHONE: "has a telephone that dies and is replaced",
}
"""What the data set says of each; the figures are the habits below."""
D, F, FL, W, T, DO, C = Profile
CYCLE = (D, F, FL, W, T, DO, C, D, F, D, W, D, FL, D, F, D, T, D, W, F)
"""How often each is met: seven patients hold one of each, twenty the usual mixture."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Chances on one patient-day: that a diary is filled, of these only after the last text, the next morning, half."""

    fills: float
    at_last: float
    next_morning: float
    half: float
    early: float = 0.0
    """Before any text, by the link of the day before."""


HABITS = {
    Profile.DILIGENT: Habits(0.98, 0.08, 0.01, 0.003, 0.06),
    Profile.FORGETFUL: Habits(0.76, 0.45, 0.18, 0.03),
    Profile.FLARES: Habits(0.95, 0.15, 0.03, 0.01),
    Profile.WEEKEND: Habits(0.96, 0.12, 0.03, 0.01),
    Profile.TRAVELLER: Habits(0.92, 0.20, 0.10, 0.01),
    Profile.DROPS_OUT: Habits(0.88, 0.25, 0.05, 0.02),
    Profile.CHANGES_PHONE: Habits(0.94, 0.15, 0.03, 0.01),
}
AT_WEEKENDS = 0.35
"""How often the weekend profile fills a diary on Saturday and Sunday."""


@dataclass(frozen=True, slots=True)
class Trip:
    """Study days from `first` on, and before `back`, are lived by the clocks of `zone`."""

    first: int
    back: int
    zone: str


@dataclass(frozen=True, slots=True)
class Person:
    """One simulated patient."""

    n: int
    seed: int
    profile: Profile
    site: int
    day0: date
    zone: str
    language: str
    severity: float
    """Usual level of illness, 0 to 1; it falls over the weeks."""
    changes_on: int
    """Study day on which a phone dies, or on which somebody stops answering."""
    says_stop: bool
    trip: Trip | None
    spells: tuple[tuple[int, int], ...]
    """First and last day of bad spells."""

    @property
    def name(self) -> str:
        return f"{MARK} {self.n:05d}"

    def number(self, nth: int = 0) -> str:
        """Their n-th telephone number."""
        return f"{NUMBER}{(2 * self.n + nth) % 10_000:04d}"

    @property
    def zones(self) -> tuple[str, ...]:
        """Home, and where they travel to."""
        return (self.zone,) if self.trip is None else (self.zone, self.trip.zone)

    def clocks(self, day: date) -> str:
        """The zone they live by on that day."""
        away = self.trip is not None and self.trip.first <= (day - self.day0).days < self.trip.back
        return self.trip.zone if self.trip is not None and away else self.zone

    def dice(self, *what: object) -> random.Random:
        """The same draws for the same question, whatever else was asked before."""
        return random.Random(f"{self.seed}/{self.n}/{'/'.join(map(str, what))}")


def people(
    protocol: Protocol, patients: int, seed: int, start: date, sites: int, enrolling: int = ENROLLING
) -> tuple[Person, ...]:
    """Everybody of the rehearsal, by day of enrolment."""
    length = max(timepoint.last_day for timepoint in protocol.timepoints)
    made = (
        _person(protocol, n, seed, start + BEFORE + timedelta(days=_later(seed, n, enrolling)), sites, length)
        for n in range(patients)
    )
    return tuple(sorted(made, key=lambda one: (one.day0, one.n)))


def _later(seed: int, n: int, enrolling: int) -> int:
    return random.Random(f"{seed}/{n}/later").randrange(enrolling)


def _person(protocol: Protocol, n: int, seed: int, day0: date, sites: int, length: int) -> Person:
    dice = random.Random(f"{seed}/{n}/person")
    profile = CYCLE[n % len(CYCLE)]
    trip = _trip(seed, n, length) if profile is Profile.TRAVELLER else None
    return Person(
        n=n,
        seed=seed,
        profile=profile,
        site=(n + n // len(CYCLE)) % sites,  # moved on at each round, so that every site meets every kind of patient
        day0=day0,
        zone=ZONE,
        language=_language(protocol.languages, dice),
        severity=dice.uniform(0.25, 0.55),
        changes_on=dice.randrange(max(2, length // 8), max(3, 2 * length // 3)),
        says_stop=dice.random() < 0.5,
        trip=trip,
        spells=_spells(profile, dice, length),
    )


def _trip(seed: int, n: int, length: int) -> Trip:
    """One to three weeks; short studies see them leave and perhaps not return."""
    dice = random.Random(f"{seed}/{n}/trip")
    first = dice.randrange(2, max(3, length // 2))
    return Trip(first, first + dice.randrange(7, 22), dice.choice(ABROAD))


def _language(languages: Sequence[str], dice: random.Random) -> str:
    """Nine in ten speak French where there is French, as at the sites."""
    if "fr" in languages and dice.random() < 0.9:
        return "fr"
    return dice.choice(languages)


def _spells(profile: Profile, dice: random.Random, length: int) -> tuple[tuple[int, int], ...]:
    """Those who flare do so two or three times, one in six of the others once."""
    often = dice.choice((2, 3)) if profile is Profile.FLARES else int(dice.random() < 1 / 6)
    early = [dice.randrange(5, 21)] if profile is Profile.FLARES else []
    firsts = early + [dice.randrange(8, max(9, length - 5)) for _ in range(often - len(early))]
    return tuple(sorted((first, first + dice.randrange(2, 6)) for first in firsts))
