"""Small protocols in several versions, and a study that lives by the first of them: for tests of amendments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time

from pro.domain.protocol import Anchor, Protocol, Timepoint
from pro.library import Library
from pro.services.parts import Parts
from tests.conftest import Urls
from tests.domain.thera import protocol, timepoint
from tests.factories import Made, make_parts, make_patient, make_staff, make_study, the_library
from tests.services.play import stand
from tests.services.test_bells import set_bells

DAY0 = date(2026, 4, 10)
NOON = datetime(2026, 4, 15, 10, tzinfo=UTC)
"""12:00 in Paris on day 5: what was late of the day before is over."""
BEFORE_ANY = datetime(2026, 4, 1, tzinfo=UTC)

VISIT = timepoint("visit", 7, before=1, after=1, at=("10:00",))
OTHER = timepoint("other", 7, before=1, after=1, at=("10:00",))
DIARY = timepoint("diary", 0, 13, late_until=time(12), at=("18:00", "20:00"))
FIRST = (VISIT, OTHER, DIARY)

LATER = replace(VISIT, first_day=9, last_day=9)
"""The visit two days later."""
AT_NINETEEN = replace(DIARY, reminders=timepoint("", 0, at=("19:00", "20:00")).reminders, last_day=11)
"""The diary's first reminder an hour later, and two days fewer."""
ADDED = timepoint("added", 12, at=("10:00",))
SECOND = (LATER, OTHER, AT_NINETEEN, ADDED)
AFTER_VISIT = replace(timepoint("after", 2, at=("10:00",)), anchor=Anchor("visit", "visit"))


def version(n: int, timepoints: Iterable[Timepoint]) -> Protocol:
    return replace(protocol(*timepoints), version=str(n), demonstration=False)


def with_versions(parts: Parts, *each: Iterable[Timepoint]) -> Parts:
    """The same parts with versions 1, 2, … of the protocol in the library, all published."""
    made = {("thera-demo", str(n)): version(n, one) for n, one in enumerate(each, start=1)}
    locked = {f"protocols/thera-demo/{n}.yaml": "" for _, n in made}
    books = replace(the_library(), _protocols=made, _locked=locked)
    return replace(parts, library=books)


def with_third(books: Library) -> Library:
    """The library with a version 3 of thera-demo, published: a draft that an investigator could have written.

    Week 4 comes two days later, week 8 asks less, a week 6 is new; the diary's first reminder comes at 19:00, and the
    diary ends three days earlier.
    """
    second = books.protocol("thera-demo", "2")
    by_key = {one.key: one for one in second.timepoints}
    week4, week8, diary = by_key["week4"], by_key["week8"], by_key["diary"]
    week6 = replace(week4, key="week6", title={"en": "Week 6", "fr": "Semaine 6"}, first_day=42, last_day=42)
    changed = {
        "week4": replace(week4, first_day=30, last_day=30),
        "week8": replace(week8, questionnaires=week8.questionnaires[:3]),
        "diary": replace(diary, reminders=timepoint("", 0, at=("19:00", "20:00")).reminders, last_day=80),
    }
    timepoints = (*(changed.get(one.key, one) for one in second.timepoints), week6)
    third = replace(second, version="3", timepoints=timepoints)
    locked = {**books._locked, "protocols/thera-demo/3.yaml": ""}
    return replace(books, _protocols={**books._protocols, ("thera-demo", "3"): third}, _locked=locked)


class Town:
    """A study by version 1 with somebody who may approve; `parts` knows the later versions too."""

    def __init__(self, urls: Urls, *later: Iterable[Timepoint], first: Iterable[Timepoint] = FIRST) -> None:
        self.first = tuple(first)
        self.only_first = with_versions(make_parts(urls), self.first)
        self.parts = with_versions(self.only_first, self.first, *later)
        self.made: Made = make_study(self.parts)
        self.lead = make_staff(self.parts, self.made, "lead", site=None)
        stand(self.parts, NOON)
        stand(self.only_first, NOON)

    @property
    def study(self) -> int:
        return self.made.study_id

    def patient(
        self, number: str = "R-001", bells: datetime = NOON, day0: date = DAY0, zone: str = "Europe/Paris"
    ) -> int:
        id_ = make_patient(self.only_first, self.made, number, site=number[0], day0=day0, zone=zone)
        set_bells(self.parts, id_, bells)
        return id_
