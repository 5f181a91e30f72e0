"""The invented people of the demonstration. Nobody here exists; the numbers are on no telephone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from pro.services.founding import NewSite, NewStaff

STUDY = "THERA-DEMO"
PASSWORD = "demonstration"
FIRST_DAY = date(2026, 2, 17)
TODAY = date(2026, 4, 14)
"""The Tuesday evening on which a visitor comes in, eight weeks later."""

SITES = (
    NewSite(STUDY, "R", "Rennes", "+33 2 61 91 00 12"),
    NewSite(STUDY, "L", "Lille", "+33 3 53 01 00 34"),
    NewSite(STUDY, "P", "Paris", "+33 1 99 00 00 56"),
)


def _staff(
    login: str, name: str, role: str, site: str | None, duty: int | None = None, language: str = "fr"
) -> NewStaff:
    phone = None if duty is None else f"+33 6 00 00 09 {len(login):02d}"
    return NewStaff(login, name, PASSWORD, role, STUDY, site, language, duty, phone)


STAFF = (
    _staff("legoff", "Dr Le Goff", "investigator", "R", 1, "en"),
    _staff("kerbrat", "Dr Kerbrat", "investigator", "R", 2),
    _staff("morvan", "C. Morvan", "coordinator", "R"),
    _staff("delattre", "Dr Delattre", "investigator", "L", 1),
    _staff("lefebvre", "S. Lefebvre", "coordinator", "L"),
    _staff("benali", "Dr Benali", "investigator", "P", 1),
    _staff("rossi", "M. Rossi", "coordinator", "P"),
    _staff("garnier", "Dr Garnier", "investigator", None),
    _staff("monitor", "A. Monitor", "monitor", None, language="en"),
    _staff("data", "D. Manager", "data-manager", None, language="en"),
)
COORDINATOR = {"R": "morvan", "L": "lefebvre", "P": "rossi"}
INVESTIGATOR = {"R": "legoff", "L": "delattre", "P": "benali"}


@dataclass(frozen=True, slots=True)
class Person:
    """One invented patient and how they keep a diary."""

    site: str
    name: str
    starts: int
    """Days after the first day of the study."""
    pain: float
    """Worst pain on day 0; it falls by `better` a week."""
    better: float = 0.25
    diligence: float = 0.94
    """Chance that an evening's diary is filled at all."""
    late: float = 0.05
    """Chance that it is filled the next morning instead."""
    language: str = "fr"
    bad_days: dict[int, int] = field(default_factory=dict)
    """Day → worst pain, where it is not the usual one."""
    declares: frozenset[int] = frozenset()
    """Days on which a flare is declared."""
    silent: frozenset[int] = frozenset()
    """Days without a diary."""
    leaves: int | None = None
    number_fails_from: int | None = None

    @property
    def day0(self) -> date:
        return FIRST_DAY + timedelta(days=self.starts)


def _days_ago(starts: int, *ago: int) -> frozenset[int]:
    """Diary days of somebody who started then, counted back from today."""
    today = (TODAY - FIRST_DAY).days - starts
    return frozenset(today - one for one in ago)


FLARED = Person(
    "R", "Jeanne Morel", 14, 6, 0.4, 0.95,
    bad_days={16: 8, 17: 8, 18: 9, 19: 8, 20: 7}, declares=frozenset({16, 17}), silent=frozenset({11}),
)  # fmt: skip
JUMPED = Person("R", "Henri Tanguy", 23, 4, 0.0, 1.0, 0.0, bad_days={31: 6, 32: 6}, silent=frozenset({24}))
AWAY = Person("R", "Yvonne Hamon", 20, 5, 0.2, 0.97, silent=_days_ago(20, 1, 2))
UNREACHED = Person("R", "Michel Cadiou", 26, 5, 0.1, 0.85, number_fails_from=27, silent=_days_ago(26, 1, 3))
LEFT = Person("L", "Odette Carpentier", 6, 6, 0.1, 0.9, leaves=38)

PEOPLE = (
    Person("R", "Louis Guillou", 0, 6, 0.35, 0.93),
    Person("R", "Margaret Hale", 2, 5, 0.3, 0.96, language="en"),
    AWAY,
    Person("R", "Albert Le Roux", 9, 7, 0.5, 0.98, 0.1),
    FLARED,
    JUMPED,
    UNREACHED,
    Person("R", "Denise Postic", 30, 5, 0.3, 1.0, 0.0),
    Person("R", "George Whitby", 52, 6, 0.2, 0.95, language="en"),
    Person("L", "Raymond Dubois", 1, 5, 0.3, 0.95),
    LEFT,
    Person("L", "Simone Lemaire", 8, 6, 0.3, 0.8, 0.12),
    Person("L", "Andre Vasseur", 13, 4, 0.1, 0.72, 0.15),
    Person("L", "Therese Caron", 21, 5, 0.2, 0.96),
    Person("L", "Paul Delannoy", 29, 6, 0.3, 0.9),
    Person("L", "Claire Wattier", 44, 5, 0.2, 0.97),
    Person("P", "Roger Petit", 3, 6, 0.3, 0.9),
    Person("P", "Huguette Laurent", 7, 5, 0.2, 0.75, 0.1),
    Person("P", "Ahmed Saidi", 12, 5, 0.3, 0.93),
    Person("P", "Monique Blanc", 16, 7, 0.5, 0.7, 0.1),
    Person("P", "Robert Garnier", 22, 4, 0.1, 0.85),
    Person("P", "Lucie Fontaine", 30, 5, 0.2, 0.95),
    Person("P", "Ellen Ward", 35, 5, 0.25, 0.9, language="en"),
    Person("P", "Gilbert Roy", 48, 6, 0.2, 0.88),
)
