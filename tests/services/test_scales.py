"""Each scale over the visits, on both engines: values, versions, who reported, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event

from pro.domain.assessment import State
from pro.domain.results import Why, leaves, wanting
from pro.services import scales as service
from pro.services.parts import Parts
from pro.services.scales import Card, Scales
from pro.store import desk
from tests.conftest import Urls
from tests.factories import NOW, Made, make_parts, make_patient, make_study
from tests.visits import examine, examined, give, made_with, visit_before

DAY0 = date(2026, 3, 17)
"""Week 4 was yesterday and is open today; weeks 8 and 12 are to come."""


class Ward:
    def __init__(self, parts: Parts, made: Made) -> None:
        self.parts, self.made = parts, made
        self.patient = make_patient(parts, made, day0=DAY0)

    def read(self, number: str = "R-001") -> Scales:
        with self.parts.study.reading() as session:
            found = desk.patient_by_number(session, {self.made.study_id}, number)
        assert found is not None
        return service.scales(self.parts, found, self.parts.clock.now())

    def card(self, id_: str) -> Card:
        return next(card for card in self.read().cards if card.questionnaire.id == id_)

    def values(self, id_: str, scale: str) -> dict[str, str | None]:
        """Rounded by timepoint; None where there is no score."""
        line = self.card(id_).line(scale)
        return {one.visit.timepoint.key: _said(one.score.value if one.score else None) for one in line.readings}

    def give(self, timepoint: str, questionnaire: str, answers: dict[str, object], **more: object) -> None:
        give(self.parts, self.patient, timepoint, questionnaire, answers, **more)  # type: ignore[arg-type]

    def exam(self, timepoint: str, tender: int, swollen: int, esr: int | None = None, crp: str | None = None) -> None:
        examine(self.parts, self.patient, timepoint, examined(tender, swollen, esr, crp))


def _said(value: Decimal | str | None) -> str | None:
    return f"{value:.2f}" if isinstance(value, Decimal) else value


@pytest.fixture
def ward(database_urls: Urls) -> Iterator[Ward]:
    parts = make_parts(database_urls)
    yield Ward(parts, make_study(parts))
    parts.study.close()
    parts.contacts.close()


def test_das28_and_response_by_hand(ward: Ward) -> None:
    """0.56·√8 + 0.28·√8 + 0.70·ln 40 + 0.014·60 = 5.80 and 0.56·√1 + 0 + 0.70·ln 10 + 0.014·20 = 2.45: good."""
    ward.give("day0", "patient-global", {"global": 60})
    ward.exam("day0", 8, 8, esr=40)
    ward.give("week4", "patient-global", {"global": 20})
    ward.exam("week4", 1, 0, esr=10)
    values = ward.values("das28", "das28_esr4")
    assert (values["day0"], values["week4"], values["week2"]) == ("5.80", "2.45", None)
    assert ward.values("eular-response", "eular_response")["week4"] == "good"
    assert "day0" not in ward.values("eular-response", "eular_response")
    reading = ward.card("das28").line("das28_esr4").last
    assert reading is not None
    assert reading.band is not None
    assert (reading.band.label, reading.source, reading.version) == ("remission", "computed", "1")


def test_the_formulas_stand_in_the_order_of_the_response(ward: Ward) -> None:
    assert ward.card("das28").formulas == ("das28_esr4", "das28_crp4", "das28_esr3", "das28_crp3")
    assert ward.card("rand-36").formulas == ()


def test_what_is_missing_and_who_can_give_it(ward: Ward) -> None:
    ward.give("week4", "patient-global", {"global": 20})
    visit = next(one for one in ward.read().visits if one.timepoint.key == "week4")
    found = visit.results["das28"]
    ways = wanting(visit.sitting.computed["das28"], found)
    assert [[lack.item for lack in way] for way in ways] == [
        ["tender28", "swollen28", "esr"],
        ["tender28", "swollen28", "crp"],
    ]
    assert {(lack.who, lack.why, lack.questionnaire) for way in ways for lack in way} == {
        ("clinician", Why.NOT_ENTERED, "joint-exam")
    }
    response = leaves(visit.results["eular-response"].lacks)
    assert {(lack.assessment, lack.who) for lack in response} == {
        ("baseline", "clinician"),
        ("baseline", "patient"),
        ("same", "clinician"),
    }


def test_the_patients_count_is_labelled_as_the_patients_and_enters_no_das28(ward: Ward) -> None:
    ward.give("week4", "joint-count", {"tender": ["L-knee"], "swollen": ["L-knee"]})
    ward.give("week4", "patient-global", {"global": 20})
    mine = ward.card("joint-count")
    assert {one.source for one in mine.line("tjc28").readings} == {"patient"}
    assert ward.values("joint-count", "tjc28")["week4"] == "1.00"
    assert set(ward.values("das28", "das28_esr3").values()) == {None}


def test_a_form_of_the_clinician_that_a_patient_filled_counts_for_no_das28(ward: Ward) -> None:
    ward.give("week4", "joint-exam", examined(2, 1, esr=20), mode="own-phone")
    assert set(ward.values("das28", "das28_esr3").values()) == {None}
    sources = {one.visit.timepoint.key: one.source for one in ward.card("joint-exam").line("tjc28").readings}
    assert (sources["week4"], sources["week2"]) == ("patient", "clinician")


def ward_visit(ward: Ward, key: str) -> service.Visit:
    return next(one for one in ward.read().visits if one.timepoint.key == key)


def test_of_a_corrected_response_the_newest_counts(ward: Ward) -> None:
    ward.give("day0", "patient-global", {"global": 60})
    ward.exam("day0", 4, 2, esr=20)
    before = ward.values("das28", "das28_esr4")["day0"]
    examine(ward.parts, ward.patient, "day0", examined(4, 2, esr=40), n=2)
    after = ward.values("das28", "das28_esr4")["day0"]
    assert (before, after) == ("4.45", "4.94")
    visit = ward_visit(ward, "day0")
    assert visit.results["das28"].origins["esr"].n == 2
    assert ward.card("joint-exam").line("esr").readings[0].n == 2


def test_assessments_of_two_protocol_versions_stand_side_by_side(ward: Ward) -> None:
    made_with(ward.parts, ward.patient, "day0", "1")
    ward.give("day0", "pain-vas-48h", {"pain": 71})
    ward.give("week4", "pain-vas-48h", {"pain": 38})
    ward.give("week4", "patient-global", {"global": 20})
    ward.exam("week4", 1, 0, esr=10)
    line = ward.card("pain-vas-48h").line("pain")
    first, last = line.readings[0], line.last
    assert last is not None
    assert (first.visit.timepoint.key, first.version, first.number, first.band) == ("day0", "1", 71, None)
    assert (last.version, last.number, last.band.label if last.band else "") == ("2", 38, "acceptable")
    assert line.scale.bands, "the line is the newest version's"
    assert "day0" not in ward.values("das28", "das28_esr4")
    assert ward.values("das28", "das28_esr4")["week4"] == "2.45"
    lacks = leaves(ward_visit(ward, "week4").results["eular-response"].lacks)
    assert {(one.assessment, one.why, one.who) for one in lacks if one.questionnaire == "joint-exam"} == {
        ("baseline", Why.NOT_ASKED, None)
    }


def test_only_assessments_of_version_1_compute_nothing(ward: Ward) -> None:
    for key in ("day0", "week2", "week4", "week8", "week12"):
        made_with(ward.parts, ward.patient, key, "1")
    found = ward.read()
    assert [card.questionnaire.id for card in found.cards] == ["pain-vas-48h", "patient-global"]
    assert found.baseline is None


def test_a_quality_of_life_set_keeps_answered_of_items_and_its_reason(ward: Ward) -> None:
    ward.give("week4", "rand-36", {"q3": "1"})
    ward.give("week4", "eq-5d-5l", {"mobility": "2", "selfcare": "1", "usual": "1", "pain": "3", "anxiety": "1"})
    ward.give("week4", "who-5", {"q1": "3"})
    by_key = {one.visit.timepoint.key: one for one in ward.card("rand-36").line("physical_functioning").readings}
    assert by_key["week4"].score is not None
    assert (by_key["week4"].score.answered, by_key["week4"].score.of) == (1, 10)
    assert ward.values("eq-5d-5l", "profile")["week4"] == "21131"
    assert ward.values("eq-5d-5l", "index_fr")["week4"] == "0.92"
    who = {one.visit.timepoint.key: one for one in ward.card("who-5").line("who_5").readings}["week4"]
    assert who.score is not None
    assert (who.score.value, who.score.reason) == (None, "needs 5 of 5 items, 1 answered")


def test_the_screening_stands_before_day_0(ward: Ward) -> None:
    visit_before(ward.parts, ward.patient, "screening", datetime(2026, 3, 10, 8, tzinfo=UTC))
    ward.give("screening", "pain-vas-48h", {"pain": 62}, mode="staff")
    first = ward.read().visits[0]
    assert (first.timepoint.key, first.offset) == ("screening", -7)
    reading = ward.card("pain-vas-48h").line("pain").readings[0]
    assert (reading.number, reading.source) == (62, "clinician")


def test_states_tell_what_is_missed_open_and_to_come(ward: Ward) -> None:
    states = {one.timepoint.key: one.state for one in ward.read().visits}
    assert states == {
        "day0": State.MISSED,
        "week2": State.MISSED,
        "week4": State.OPEN,
        "week8": State.EXPECTED,
        "week12": State.EXPECTED,
    }
    assert NOW.date() == date(2026, 4, 15)


def test_two_statements_however_much_was_answered(ward: Ward) -> None:
    seen: list[str] = []
    with ward.parts.study.reading() as session:
        found = desk.patient_by_number(session, {ward.made.study_id}, "R-001")
        engine = session.connection().engine
    assert found is not None

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    def count() -> int:
        seen.clear()
        event.listen(engine, "before_cursor_execute", note)
        service.scales(ward.parts, found, ward.parts.clock.now())
        event.remove(engine, "before_cursor_execute", note)
        return len([each for each in seen if each.lstrip().upper().startswith("SELECT")])

    count()  # the first look of a process at installed wordings
    before = count()
    for key in ("day0", "week2", "week4"):
        ward.give(key, "pain-vas-48h", {"pain": 50})
        ward.exam(key, 2, 1, esr=20)
    assert (before, count()) == (2, 2)
