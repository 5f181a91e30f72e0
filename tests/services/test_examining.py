"""The clinician's form: entered beside the patient's answers, apart from them, corrected without loss."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from pro.clock import Moment
from pro.domain.answers import Answer, NotAllowed
from pro.services import access, answering, audit_trail, examining, patients
from pro.services.access import Identity, SignedIn
from pro.services.examining import Entered, NotEntered
from pro.services.parts import Parts
from pro.store.desk import Found
from pro.store.tables import Role, metadata
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study
from tests.services.play import begin, give_link, saves

DAY0 = date(2026, 4, 1)
EXAM: Mapping[str, Answer] = {
    "examined_on": Answer("answered", "2026-04-15"),
    "tender": Answer("answered", ("L-MCP2", "R-wrist")),
    "swollen": Answer("answered", ("R-wrist",)),
    "not_assessable": Answer("answered", ()),
    "crp": Answer("answered", "12.4"),
    "esr": Answer("skipped"),
}


class Ward:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.made: Made = make_study(parts)
        self.patient_id = make_patient(parts, self.made, day0=DAY0)
        for role in Role:
            make_staff(parts, self.made, role, role=role)
        make_staff(parts, self.made, "lille", role=Role.COORDINATOR, site="L")

    def who(self, login: str = Role.COORDINATOR) -> Identity:
        now = self.parts.clock.now()
        signed = access.sign_in(self.parts, login, PASSWORD, "10.0.0.1", now)
        assert isinstance(signed, SignedIn)
        found = access.staff_of(self.parts, signed.token, now)
        assert found is not None
        return found

    def enter(
        self,
        answers: Mapping[str, Answer] = EXAM,
        *,
        by: str = Role.COORDINATOR,
        timepoint: str = "week2",
        at: datetime = NOW,
        **more: Any,
    ) -> Entered | NotEntered:
        moment = Moment(at, at)
        return examining.enter(
            self.parts, self.who(by), self.patient_id, timepoint, "joint-exam", answers, moment, **more
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.parts.study.reading() as session:
            found = session.execute(select(metadata.tables[table]).order_by(*metadata.tables[table].primary_key))
            return [dict(row._mapping) for row in found]

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        mine = [row for row in self.rows("audit_event") if row["chain"] == "patient:R-001"]
        return [(row["kind"], json.loads(row["payload"])) for row in mine]

    def found(self) -> Found:
        row = patients.find(self.parts, self.who(), "R-001")
        assert row is not None
        return row


@pytest.fixture
def ward(database_urls: Urls) -> Iterator[Ward]:
    parts = make_parts(database_urls)
    yield Ward(parts)
    parts.study.close()
    parts.contacts.close()


@pytest.fixture
def quick(sqlite_urls: Urls) -> Iterator[Ward]:
    parts = make_parts(sqlite_urls)
    yield Ward(parts)
    parts.study.close()
    parts.contacts.close()


def test_it_is_a_response_of_the_visit_by_staff_with_scores_hash_and_event(ward: Ward) -> None:
    done = ward.enter()
    assert isinstance(done, Entered)
    (row,) = ward.rows("response")
    visit = next(one for one in ward.rows("assessment") if one["timepoint"] == "week2")
    assert (row["assessment_id"], row["questionnaire"], row["version"]) == (visit["id"], "joint-exam", "1")
    assert (row["n"], row["mode"], row["day"], row["completeness"]) == (1, "staff", date(2026, 4, 15), "complete")
    assert row["sha256"] == done.sha256
    assert row["staff_id"] == ward.who().staff_id
    scores = json.loads(row["scores"])
    assert (scores["tjc28"]["value"], scores["sjc28"]["value"], scores["crp"]["value"]) == ("2", "1", "12.4")
    ((kind, payload),) = ward.events()
    assert kind == "exam.entered"
    assert (payload["timepoint"], payload["n"], payload["reported_by"]) == ("week2", 1, "clinician")
    assert {one["item"]: (one["old"], one["new"]) for one in payload["changes"]} == {
        "examined_on": (None, {"code": "answered", "value": "2026-04-15"}),
        "tender": (None, {"code": "answered", "value": ["R-wrist", "L-MCP2"]}),
        "swollen": (None, {"code": "answered", "value": ["R-wrist"]}),
        "not_assessable": (None, {"code": "answered", "value": []}),
        "crp": (None, {"code": "answered", "value": "12.4"}),
        "esr": (None, {"code": "skipped"}),
    }
    assert audit_trail.verify_database(ward.parts).ok


def test_the_patients_side_is_not_touched(quick: Ward) -> None:
    before = quick.rows("assessment")
    waiting = [one.timepoint for one in open_link(quick).waiting]
    assert isinstance(quick.enter(), Entered)
    assert quick.rows("assessment") == before
    assert [one.timepoint for one in open_link(quick).waiting] == waiting
    assert quick.rows("tally") == []
    page = patients.page(quick.parts, quick.found(), Moment(NOW, NOW))
    assert next(flag.state for flag in page.visits if flag.timepoint == "week2") == "open"


def open_link(ward: Ward) -> answering.LinkView:
    token = f"{len(ward.rows('response')):022d}"
    return answering.open_link(ward.parts, give_link(ward.parts, ward.patient_id, token), Moment(NOW, NOW))


def test_the_patients_receipt_does_not_change_with_the_examination(quick: Ward) -> None:
    token, now = give_link(quick.parts, quick.patient_id), Moment(NOW, NOW)
    visit = next(one for one in answering.open_link(quick.parts, token, now).waiting if one.timepoint == "week2")
    started = begin(quick.parts, token, now, assessment_id=visit.assessment_id)
    given = {f"{one.id}.{item.key}": None for one in started.sitting.questionnaires for item in one.items}
    answering.save(quick.parts, started.session_token, visit.assessment_id, saves(given), now)
    first = answering.submit(quick.parts, started.session_token, visit.assessment_id, now)
    assert isinstance(first, answering.Submitted)
    assert isinstance(quick.enter(), Entered)
    again = answering.submit(quick.parts, started.session_token, visit.assessment_id, now)
    assert isinstance(again, answering.Submitted)
    assert (again.receipt, again.already) == (first.receipt, True)


def test_it_opens_with_the_window_and_stays_open(quick: Ward) -> None:
    opens = datetime(2026, 4, 14, 2, 0, tzinfo=UTC)
    assert quick.enter(at=opens - timedelta(seconds=1)) == NotEntered("not-found")
    exam = dict(EXAM, examined_on=Answer("answered", "2026-04-14"))
    assert isinstance(quick.enter(exam, at=opens), Entered)
    later = Moment(NOW + timedelta(days=300), NOW + timedelta(days=300))
    assert [one.timepoint for one in examining.due(quick.parts, quick.found(), later)] == [
        "day0", "week2", "week4", "week8", "week12",
    ]  # fmt: skip


def test_what_is_sent_twice_is_entered_once(ward: Ward) -> None:
    first, second = ward.enter(), ward.enter()
    assert isinstance(first, Entered)
    assert second == Entered(1, first.sha256, already=True)
    assert len(ward.rows("response")) == 1
    assert [kind for kind, _ in ward.events()] == ["exam.entered"]


def test_two_hands_at_once_enter_it_once(ward: Ward) -> None:
    """Whoever comes second waits for the patient's row and finds it entered."""
    who, barrier = ward.who(), threading.Barrier(2)
    done: list[Entered | NotEntered] = []

    def enter() -> None:
        barrier.wait()
        done.append(examining.enter(ward.parts, who, ward.patient_id, "week2", "joint-exam", EXAM, Moment(NOW, NOW)))

    hands = [threading.Thread(target=enter) for _ in range(2)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(isinstance(one, Entered) and one.already for one in done) == [False, True]
    assert len(ward.rows("response")) == 1


def test_a_correction_is_a_version_with_a_reason_and_old_and_new(ward: Ward) -> None:
    ward.enter()
    changed = dict(EXAM, crp=Answer("answered", "14.2"), esr=Answer("answered", 30))
    assert ward.enter(changed, seen=1) == NotEntered("no-reason")
    assert ward.enter(changed, seen=1, reason="x" * 501) == NotEntered("long-reason")
    assert ward.enter(EXAM, seen=1, reason="typing") == NotEntered("no-change")
    assert isinstance(ward.enter(changed, seen=1, reason="Figures of two visits swapped"), Entered)
    first, second = ward.rows("response")
    assert (first["n"], second["n"], second["reason"]) == (1, 2, "Figures of two visits swapped")
    assert '"value":"12.4"' in first["answers"]
    kind, payload = ward.events()[-1]
    assert (kind, payload["reason"], payload["n"]) == ("exam.corrected", "Figures of two visits swapped", 2)
    assert payload["changes"] == [
        {"item": "crp", "old": {"code": "answered", "value": "12.4"}, "new": {"code": "answered", "value": "14.2"}},
        {"item": "esr", "old": {"code": "skipped"}, "new": {"code": "answered", "value": 30}},
    ]


def test_what_another_entered_meanwhile_is_not_written_over(quick: Ward) -> None:
    quick.enter()
    mine = dict(EXAM, crp=Answer("answered", "99"))
    assert quick.enter(mine, by=Role.INVESTIGATOR) == NotEntered("changed-meanwhile")
    quick.enter(mine, seen=1, reason="read again")
    assert quick.enter(dict(EXAM, crp=Answer("answered", "7")), seen=1, reason="late") == NotEntered(
        "changed-meanwhile"
    )
    assert len(quick.rows("response")) == 2


@pytest.mark.parametrize("login", [Role.MONITOR, Role.DATA_MANAGER, "lille"])
def test_readers_and_other_sites_enter_nothing(quick: Ward, login: str) -> None:
    assert quick.enter(by=login) == NotEntered("not-found")
    assert quick.rows("response") == []


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({key: Answer("skipped") for key in EXAM}, "empty"),
        ({"examined_on": Answer("answered", "2026-04-15")}, "empty"),
        (dict(EXAM, examined_on=Answer("answered", "2026-04-16")), "future"),
    ],
)
def test_what_says_nothing_or_is_of_tomorrow_is_refused(quick: Ward, answers: Mapping[str, Answer], why: Any) -> None:
    assert quick.enter(answers) == NotEntered(why)
    assert quick.rows("response") == []
    assert quick.events() == []


def test_the_domain_decides_what_is_an_answer(quick: Ward) -> None:
    for key, value in (("esr", 0), ("crp", "300.1"), ("swollen", ("L-hip",)), ("tender", ("L-nose",))):
        with pytest.raises(NotAllowed):
            quick.enter(dict(EXAM) | {key: Answer("answered", value)})
    assert quick.rows("response") == []


def test_what_is_no_form_of_the_visit_is_not_there(quick: Ward) -> None:
    moment = Moment(NOW, NOW)
    for timepoint, questionnaire in (("week2", "who-5"), ("diary", "joint-exam"), ("nix", "joint-exam")):
        assert examining.form(quick.parts, quick.found(), timepoint, questionnaire, moment) is None
        done = examining.enter(quick.parts, quick.who(), quick.patient_id, timepoint, questionnaire, EXAM, moment)
        assert done == NotEntered("not-found")


def test_a_withdrawn_patients_earlier_visit_can_be_entered_and_a_cancelled_one_not(quick: Ward) -> None:
    with quick.parts.study.writing() as session:
        patient, assessment = metadata.tables["patient"], metadata.tables["assessment"]
        session.execute(patient.update().values(withdrawn_at=NOW))
        session.execute(assessment.update().where(assessment.c.day >= NOW.date()).values(cancelled_at=NOW))
    assert quick.enter() == NotEntered("not-found")
    exam = dict(EXAM, examined_on=Answer("answered", "2026-04-01"))
    assert isinstance(quick.enter(exam, timepoint="day0"), Entered)
    later = Moment(NOW + timedelta(days=60), NOW + timedelta(days=60))
    assert [one.timepoint for one in examining.due(quick.parts, quick.found(), later)] == ["day0"]


def test_the_stored_answers_come_back_for_a_correction(quick: Ward) -> None:
    quick.enter()
    found = examining.form(quick.parts, quick.found(), "week2", "joint-exam", Moment(NOW, NOW))
    assert found is not None
    kept = examining.stored_answers(found)
    assert kept["esr"] == Answer("skipped")
    assert kept["swollen"].value == ("R-wrist",)
    assert examining.changes(found, kept) == []
    assert examining.changes(found, dict(kept, esr=Answer("answered", 12))) == ["esr"]
    assert (found.first, found.last, found.today) == (date(2026, 4, 14), date(2026, 4, 16), date(2026, 4, 15))


@pytest.mark.parametrize(
    ("day", "done"),
    [("0001-01-01", "too-early"), ("2026-03-17", "too-early"), ("2026-03-18", ""), ("2026-04-16", "future")],
)
def test_no_examination_before_the_first_visit_could_be_nor_after_today(quick: Ward, day: str, done: str) -> None:
    at = datetime(2026, 4, 15, 12, tzinfo=UTC)
    found = quick.enter({**EXAM, "examined_on": Answer("answered", day)}, at=at)
    assert (found.why if isinstance(found, NotEntered) else "") == done
    assert len(quick.rows("response")) == (not done)
