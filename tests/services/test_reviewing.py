"""Reviews, endings and calls: each in the record with who and when, none taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from pro.domain.chain_check import Report
from pro.services import access, audit_trail, enrolment, overview
from pro.services.access import Identity, Right, SignedIn
from pro.services.enrolment.telephone import MISSING, UNREACHABLE
from pro.services.parts import Parts
from pro.services.reviewing import NotRecorded, Recorded, end_flare, log_call, review
from pro.store import contacts, desk
from pro.store.contacts import Person
from pro.store.tables import Flare, FlareAction, FlareTrigger, Patient, StaffRole, Task, metadata
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study

EVENTS = metadata.tables["audit_event"]


class Ward:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.made: Made = make_study(parts)
        make_staff(parts, self.made, "inv", name="Dr Le Goff")
        make_staff(parts, self.made, "other", site="L")
        make_staff(parts, self.made, "coo", role="coordinator")
        patient_id = make_patient(parts, self.made)
        with parts.study.writing() as session:
            site = self.made.sites["R"]
            flare = Flare(
                patient_id=patient_id, site_id=site, n=1, opened_at=NOW, opened_day=NOW.date(), last_hit_day=NOW.date()
            )
            flare.next_tell_at = NOW
            task = Task(site_id=site, patient_id=patient_id, kind="missed-in-a-row", detail="2", made_at=NOW)
            session.add_all([flare, task])
            session.flush()
            self.flare, self.task = flare.id or 0, task.id or 0

    def who(self, login: str) -> Identity:
        opened = access.sign_in(self.parts, login, PASSWORD, "", self.parts.clock.now())
        assert isinstance(opened, SignedIn)
        identity = access.staff_of(self.parts, opened.token, self.parts.clock.now())
        assert identity is not None
        return identity

    def review(self, login: str, outcome: str, note: str = "seen") -> Recorded | NotRecorded:
        return review(self.parts, self.who(login), self.flare, outcome, note, self.parts.clock.now())

    def row(self) -> Flare:
        with self.parts.study.reading() as session:
            found = session.get(Flare, self.flare)
            assert found is not None
            return found

    def events(self) -> list[tuple[str, str, str, dict[str, object]]]:
        wanted = select(EVENTS).where(EVENTS.c.chain == "patient:R-001").order_by(EVENTS.c.seq)
        with self.parts.study.reading() as session:
            return [(e.kind, e.actor, e.role, json.loads(e.payload)) for e in session.execute(wanted)]


@pytest.fixture
def ward(database_urls: Urls) -> Iterator[Ward]:
    parts = make_parts(database_urls)
    yield Ward(parts)
    parts.study.close()
    parts.contacts.close()


def test_a_review_acknowledges_and_is_audited(ward: Ward) -> None:
    assert ward.review("inv", "confirmed", " Warm knee ") == Recorded()
    flare = ward.row()
    assert (flare.outcome, flare.acknowledged_at, flare.next_tell_at) == ("confirmed", NOW, None)
    assert flare.ended_at is None
    kind, actor, role, payload = ward.events()[-1]
    assert (kind, actor, role) == ("flare.reviewed", "inv", "investigator")
    assert payload == {"flare": ward.flare, "n": 1, "outcome": "confirmed", "note": "Warm knee"}


def test_every_review_is_kept_and_the_newest_counts(ward: Ward) -> None:
    for outcome in ("cannot-tell", "not-a-flare", "confirmed"):
        assert ward.review("inv", outcome) == Recorded()
    with ward.parts.study.reading() as session:
        kept = list(session.execute(select(FlareAction.outcome).order_by(FlareAction.id)).scalars())  # type: ignore[arg-type,call-overload]
    assert kept == ["cannot-tell", "not-a-flare", "confirmed"]
    assert ward.row().outcome == "confirmed"
    assert audit_trail.verify_database(ward.parts).ok


@pytest.mark.parametrize("rules", [("R2",), ("R7",), ("R2", "R7")])
def test_what_came_of_a_safety_flag_beside_a_flare_is_asked_and_kept(ward: Ward, rules: tuple[str, ...]) -> None:
    with ward.parts.study.writing() as session:
        for rule in rules:
            hit = {"rule_version": "1", "inputs": "{}", "n": 0, "result": "hit"}
            session.add(FlareTrigger(flare_id=ward.flare, rule=rule, day=NOW.date(), at=NOW, **hit))
    inv, now, both = ward.who("inv"), ward.parts.clock.now(), len(rules) == 2
    for came in ("", " \n", "x" * 2001) if both else ():
        why = "note-too-long" if came.startswith("x") else "no-safety-note"
        assert review(ward.parts, inv, ward.flare, "not-a-flare", "a fall", now, came) == NotRecorded(why)  # type: ignore[arg-type]
    assert (ward.row().acknowledged_at, ward.events()) == (None, [])
    assert review(ward.parts, inv, ward.flare, "not-a-flare", "a fall", now, " sore throat ") == Recorded()
    with ward.parts.study.reading() as session:
        kept = [(each.kind, each.outcome, each.note) for each in desk.actions(session, ward.flare)]
    assert kept == [("safety", None, "sore throat")] * both + [("review", "not-a-flare", "a fall")]
    _, _, _, payload = ward.events()[-1]
    assert {name: payload.get(name) for name in ("safety", "safety_note", "note")} == {
        "safety": True if rules == ("R7",) else None,
        "safety_note": "sore throat" if both else None,
        "note": "a fall",
    }


def test_cannot_tell_keeps_it_on_the_list(ward: Ward) -> None:
    assert len(overview.today(ward.parts, ward.who("inv"), ward.parts.clock.now()).flares) == 1
    ward.review("inv", "cannot-tell")
    assert len(overview.today(ward.parts, ward.who("inv"), ward.parts.clock.now()).flares) == 1
    ward.review("inv", "not-a-flare")
    assert overview.today(ward.parts, ward.who("inv"), ward.parts.clock.now()).flares == ()


def test_an_episode_that_ended_by_itself_still_waits_for_its_review(ward: Ward) -> None:
    with ward.parts.study.writing() as session:
        flare = session.get(Flare, ward.flare)
        assert flare is not None
        flare.ended_at, flare.end_why = NOW, "days-without-a-hit"
    assert len(overview.today(ward.parts, ward.who("inv"), ward.parts.clock.now()).flares) == 1


@pytest.mark.parametrize(
    ("login", "outcome", "note", "why"),
    [
        ("inv", "", "seen", "no-outcome"),
        ("inv", "maybe", "seen", "no-outcome"),
        ("inv", "confirmed", " \n", "no-note"),
        ("inv", "confirmed", "x" * 2001, "note-too-long"),
        ("other", "confirmed", "seen", "not-found"),
        ("coo", "confirmed", "seen", "not-found"),
    ],
)
def test_what_is_refused_changes_nothing(ward: Ward, login: str, outcome: str, note: str, why: str) -> None:
    assert ward.review(login, outcome, note) == NotRecorded(why)  # type: ignore[arg-type]
    assert ward.row().outcome is None
    assert ward.events() == []


def test_an_episode_is_ended_after_a_review_and_once(ward: Ward) -> None:
    inv, now = ward.who("inv"), ward.parts.clock.now()
    assert end_flare(ward.parts, inv, ward.flare, "quiet since", now) == NotRecorded("not-reviewed")
    ward.review("inv", "cannot-tell")
    with ward.parts.study.writing() as session:  # as a fever that came since leaves it
        session.get_one(Flare, ward.flare).acknowledged_at = None
    assert end_flare(ward.parts, inv, ward.flare, "quiet since", now) == NotRecorded("not-reviewed")
    ward.review("inv", "cannot-tell")
    assert end_flare(ward.parts, inv, ward.flare, "", now) == NotRecorded("no-note")
    assert end_flare(ward.parts, inv, ward.flare, "quiet since", now) == Recorded()
    assert end_flare(ward.parts, inv, ward.flare, "quiet since", now) == NotRecorded("ended")
    assert (ward.row().end_why, ward.row().outcome) == ("closed-by-investigator", "cannot-tell")
    assert overview.today(ward.parts, inv, now).flares == ()
    assert ward.events()[-1][0] == "flare.ended"


def test_calls_are_logged_and_settle_the_task(ward: Ward) -> None:
    coo, now = ward.who("coo"), ward.parts.clock.now()
    assert log_call(ward.parts, coo, ward.task, "no-answer", "", now) == Recorded()
    assert log_call(ward.parts, coo, ward.task, "no-answer", "two\tlines\nof text", now) == Recorded()
    task = overview.today(ward.parts, coo, now).tasks[0]
    assert [attempt.note for attempt in task.attempts] == ["", "two lines of text"]
    assert log_call(ward.parts, coo, ward.task, "reached", "", now) == NotRecorded("no-note")
    assert log_call(ward.parts, coo, ward.task, "reached", "on holiday", now) == Recorded()
    assert log_call(ward.parts, coo, ward.task, "reached", "again", now) == NotRecorded("done")
    assert log_call(ward.parts, ward.who("other"), ward.task, "reached", "x", now) == NotRecorded("not-found")
    assert [event[0] for event in ward.events()] == ["call.logged"] * 3
    assert overview.today(ward.parts, coo, now).tasks == ()


def test_a_call_does_not_mend_a_number_that_cannot_be_reached(ward: Ward) -> None:
    coo, now = ward.who("coo"), ward.parts.clock.now()
    with ward.parts.study.writing() as session:
        task = session.get_one(Task, ward.task)
        task.kind, task.detail, patient_id = UNREACHABLE, "", task.patient_id or 0
        session.add(task)
        contact_id = session.get_one(Patient, patient_id).contact_id
    with ward.parts.contacts.writing() as session:
        contacts.keep(session, ward.parts.cipher, contact_id, Person("Ada Example", "+33612345678"), now.running)
    assert log_call(ward.parts, coo, ward.task, "reached", "by the landline", now) == Recorded()
    assert log_call(ward.parts, coo, ward.task, "no-answer", "", now) == Recorded()
    (line,) = overview.today(ward.parts, coo, now).tasks
    assert [(each.outcome, each.note) for each in line.attempts] == [("reached", "by the landline"), ("no-answer", "")]
    assert [event[0] for event in ward.events()] == ["call.logged"] * 2
    enrolment.change_phone(ward.parts, coo, patient_id, "+33612345679", now)
    assert overview.today(ward.parts, coo, now).tasks == ()
    assert log_call(ward.parts, coo, ward.task, "reached", "x", now) == NotRecorded("done")


def test_a_call_does_not_bring_back_a_missing_contact(ward: Ward) -> None:
    coo, now = ward.who("coo"), ward.parts.clock.now()
    with ward.parts.study.writing() as session:
        task = session.get_one(Task, ward.task)
        task.kind, task.detail, patient_id = MISSING, "", task.patient_id or 0
        contact_id = session.get_one(Patient, patient_id).contact_id
    with ward.parts.contacts.writing() as session:
        session.delete(session.get_one(contacts.Contact, contact_id))
    assert log_call(ward.parts, coo, ward.task, "reached", "by the landline", now) == Recorded()
    assert [line.kind for line in overview.today(ward.parts, coo, now).tasks] == [MISSING]
    with pytest.raises(enrolment.NotEnrollable):
        enrolment.change_phone(ward.parts, coo, patient_id, "+33612345679", now)
    assert [line.kind for line in overview.today(ward.parts, coo, now).tasks] == [MISSING]
    enrolment.change_phone(ward.parts, coo, patient_id, "+33612345679", now, " Ada  Example ")
    assert overview.today(ward.parts, coo, now).tasks == ()
    with ward.parts.contacts.reading() as session:
        kept = contacts.find(session, ward.parts.cipher, [contact_id])
    assert kept == {contact_id: Person("Ada Example", "+33612345679")}
    assert enrolment.sweep(ward.parts, now).tasks_made == 0


def test_the_trail_leaves_and_verifies_as_lines(ward: Ward) -> None:
    ward.review("inv", "confirmed")
    lines = list(audit_trail.export(ward.parts))
    report = audit_trail.verify_lines(lines)
    assert (report.ok, report.events) == (True, len(lines) - 1)
    changed = [line.replace(b"confirmed", b"c0nfirmed") for line in lines]
    assert not audit_trail.verify_lines(changed).ok
    short: Report = audit_trail.verify_lines([line for line in lines if b"flare.reviewed" not in line])
    assert not short.ok


def test_the_trail_names_the_role_held_at_that_site(ward: Ward) -> None:
    """Coordinator at one site and investigator at the other: each event tells which of the two it was."""
    make_staff(ward.parts, ward.made, "two", role="coordinator", site="L")
    with ward.parts.study.writing() as session:
        staff_id = ward.who("two").staff_id
        role = {"study_id": ward.made.study_id, "site_id": ward.made.sites["R"], "from_at": NOW}
        session.add(StaffRole(staff_id=staff_id, role="investigator", **role))
    log_call(ward.parts, ward.who("two"), ward.task, "no-answer", "", ward.parts.clock.now())
    assert [(kind, role) for kind, _, role, _ in ward.events()] == [("call.logged", "investigator")]
    assert ward.who("two").role_for(Right.LOG_CALL, ward.made.sites["L"]) == "coordinator"
    assert ward.who("two").role_for(Right.REVIEW_FLARE, ward.made.sites["L"]) == "staff"


def test_whoever_may_not_see_flares_reads_that_one_was_reviewed_and_nothing_more(ward: Ward) -> None:
    ward.review("inv", "confirmed", "knee and wrist")
    now = ward.parts.clock.now()
    log_call(ward.parts, ward.who("coo"), ward.task, "no-answer", "rang", now)
    for login, sees in (("inv", True), ("coo", False)):
        entries = audit_trail.read_page(ward.parts, ward.who(login)).entries
        found = {entry.kind: entry for entry in entries}
        assert ("knee and wrist" in str(found["flare.reviewed"].payload)) is sees
        assert found["flare.reviewed"].withheld is not sees
        assert found["flare.reviewed"].actor == "inv"
        assert "rang" in str(found["call.logged"].payload)
