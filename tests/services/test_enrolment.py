from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlmodel import col, select

from pro.clock import FixedClock, Moment
from pro.domain.assessment import Instants, State, state
from pro.domain.schedule import plan
from pro.domain.zones import zone
from pro.library import Library
from pro.services import answering, audit, delivery, enrolment
from pro.services.answering import Started
from pro.services.audit import Actor
from pro.services.enrolment import By, Enrolled, Ineligible, NotEnrollable, NotHeard
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from pro.sms.sender import Outcome, Refused, Unknown
from pro.store import contacts, messages
from pro.store.contacts import Contact
from pro.store.engine import Database
from pro.store.tables import (
    Assessment,
    AuditEvent,
    Flare,
    Link,
    Message,
    MessageEvent,
    Patient,
    ProtocolInForce,
    Reminder,
    Response,
    Study,
    Task,
    ZoneHistory,
)
from tests.conftest import Urls
from tests.factories import NOW, Made, make_parts, make_staff, make_study

CANARY_NAME = "Zyxwvut Canary"
CANARY_NUMBER = "+33698765432"
BY = By(Actor("c.morvan", "coordinator"))
TODAY = date(2026, 4, 15)
PARIS = "Europe/Paris"


class Ward:
    """A study with two sites in which people are enrolled."""

    def __init__(self, parts: Parts, made: Made) -> None:
        self.parts, self.made = parts, made
        self.clock = parts.clock

    @property
    def now(self) -> Moment:
        return self.clock.now()

    def criteria(self) -> dict[str, bool]:
        return {one.key: True for one in self.parts.library.latest_protocol("thera-demo").criteria}

    def enrol(self, **changed: Any) -> Enrolled | Ineligible:
        given: dict[str, Any] = {
            "criteria": self.criteria(),
            "screening_value": 62,
            "name": "Ada Example",
            "phone": "06 12 34 56 78",
            "day0": TODAY + timedelta(days=2),
            "zone": PARIS,
            "language": "fr",
            "moment": self.now,
        }
        return enrolment.enrol(self.parts, BY, self.made.sites["R"], **(given | changed))

    def enrolled(self, **changed: Any) -> Enrolled:
        outcome = self.enrol(**changed)
        assert isinstance(outcome, Enrolled)
        return outcome

    def all(self, table: type[Any], database: Database | None = None) -> list[Any]:
        with (database or self.parts.study).reading() as session:
            return list(session.exec(select(table)).all())

    def patient(self, id_: int) -> Patient:
        with self.parts.study.reading() as session:
            return session.get_one(Patient, id_)


def join(urls: Urls, *, demonstration: bool = True) -> Ward:
    parts = make_parts(urls, clock=FixedClock(NOW))
    made = make_study(parts)
    with parts.study.writing() as session:
        study = session.get_one(Study, made.study_id)
        study.demonstration = demonstration
        for site_id in made.sites.values():
            session.add(ProtocolInForce(site_id=site_id, protocol="thera-demo", version="1", sha256="", from_at=NOW))
    return Ward(parts, made)


@pytest.fixture
def ward(database_urls: Urls) -> Iterator[Ward]:
    joined = join(database_urls)
    yield joined
    joined.parts.study.close()
    joined.parts.contacts.close()


@pytest.fixture
def quick(sqlite_urls: Urls) -> Iterator[Ward]:
    """On SQLite alone, where the engine does not matter."""
    joined = join(sqlite_urls)
    yield joined
    joined.parts.study.close()
    joined.parts.contacts.close()


# ── Coming in


def test_enrolment_makes_what_the_protocol_plans(ward: Ward) -> None:
    done = ward.enrolled()

    patient = ward.patient(done.patient_id)
    protocol = ward.parts.library.latest_protocol("thera-demo")
    planned = plan(protocol, patient.day0, zone(PARIS))
    rows = {(row.timepoint, row.day): row for row in ward.all(Assessment)}
    assert len(rows) == len(planned) > 80
    for one in planned:
        row = rows[one.timepoint, one.day]
        assert (row.opens_at, row.closes_at, row.late_until, row.respondent) == (
            one.opens_at,
            one.closes_at,
            one.late_until,
            one.respondent,
        )
    first_diary = rows["diary", patient.day0]
    assert first_diary.next_at == datetime(2026, 4, 17, 16, tzinfo=UTC), "18:00 in Paris"
    assert done.number == patient.number == "R-001"
    assert [(one.from_day, one.zone) for one in ward.all(ZoneHistory)] == [(patient.day0, PARIS)]


def test_the_typed_pain_is_a_response_entered_by_staff(ward: Ward) -> None:
    done = ward.enrolled(screened_on=TODAY - timedelta(days=1))

    [response] = ward.all(Response)
    [screening] = [row for row in ward.all(Assessment) if row.timepoint == "screening"]
    assert (response.questionnaire, response.mode, response.day) == (
        "pain-vas-48h",
        "staff",
        TODAY - timedelta(days=1),
    )
    assert json.loads(response.answers) == {"pain": {"code": "answered", "value": 62}}
    assert response.assessment_id == screening.id
    assert (screening.submitted_at, screening.next_at, screening.answered) == (NOW, None, True)
    instants = Instants(screening.opens_at, screening.closes_at, submitted_at=screening.submitted_at)
    assert state(instants, NOW) is State.COMPLETED
    [event] = [one for one in ward.all(AuditEvent) if one.kind == "patient.enrolled"]
    assert (event.actor, event.role) == ("c.morvan", "coordinator")
    kept = json.loads(event.payload)
    assert kept["number"] == done.number
    assert kept["screening"]["new"] == 62
    assert kept["screening"]["response"] == response.sha256


@pytest.mark.parametrize("pain", [0, 40])
def test_forty_is_refused_and_the_criterion_named(quick: Ward, pain: int) -> None:
    outcome = quick.enrol(screening_value=pain)

    assert isinstance(outcome, Ineligible)
    assert outcome.criterion == "pain"
    assert "40" in outcome.text["en"]
    assert quick.all(Patient) == []
    assert quick.all(Contact, quick.parts.contacts) == []


def test_forty_one_is_taken(quick: Ward) -> None:
    assert isinstance(quick.enrol(screening_value=41), Enrolled)


def test_a_criterion_that_was_not_ticked_is_named(quick: Ward) -> None:
    ticked = quick.criteria()
    del ticked["consent"]
    outcome = quick.enrol(criteria=ticked | {"kidneys": False})

    assert isinstance(outcome, Ineligible)
    assert [one.key for one in outcome.unmet] == ["consent", "kidneys"]
    assert outcome.criterion == "consent"


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"phone": "01 23 45 67 89"}, "phone", "wrong-phone"),
        ({"phone": "12"}, "phone", "wrong-phone"),
        ({"phone": " "}, "phone", "no-phone"),
        ({"phone": "06 39 98 12 34"}, "phone", "no-such-number"),
        ({"phone": "07 12 34 56 78"}, "phone", "no-such-number"),
        ({"name": "  "}, "name", "no-name"),
        ({"screening_value": 101}, "screening_value", "not-a-number"),
        ({"screening_value": True}, "screening_value", "not-a-number"),
        ({"day0": TODAY - timedelta(days=1)}, "day0", "past"),
        ({"day0": TODAY + timedelta(days=15)}, "day0", "too-far"),
        ({"zone": "Europe/Rennes"}, "zone", "no-zone"),
        ({"language": "de"}, "language", "no-language"),
        ({"screened_on": TODAY + timedelta(days=1)}, "screened_on", "not-yet"),
        ({"screened_on": TODAY - timedelta(days=13)}, "screened_on", "outside-window"),
        ({"day0": TODAY, "screened_on": TODAY}, "screened_on", "outside-window"),
    ],
)
def test_what_does_not_hold_names_its_field(quick: Ward, changed: Mapping[str, Any], field: str, why: str) -> None:
    with pytest.raises(NotEnrollable) as refused:
        quick.enrol(**changed)

    assert [(one.field, one.why) for one in refused.value.problems] == [(field, why)]
    assert quick.all(Patient) == []
    assert quick.all(Contact, quick.parts.contacts) == []


def test_every_wrong_field_is_told_at_once(quick: Ward) -> None:
    with pytest.raises(NotEnrollable) as refused:
        quick.enrol(name="", phone="06", zone="Mars", language="de", screening_value=-1)

    told = {one.field for one in refused.value.problems}
    assert told == {"name", "phone", "zone", "language", "screening_value"}
    assert "06" not in str(refused.value)


@pytest.mark.parametrize(("pain", "unmet"), [(40, ["pain", "consent"]), (None, ["consent"]), (62, ["consent"])])
def test_criteria_are_told_together_with_wrong_fields(quick: Ward, pain: int | None, unmet: list[str]) -> None:
    with pytest.raises(NotEnrollable) as refused:
        quick.enrol(phone="06", screening_value=pain, criteria=quick.criteria() | {"consent": False})

    assert sorted(one.key for one in refused.value.unmet) == sorted(unmet)
    assert [one.field for one in refused.value.problems] == ["screening_value"] * (pain is None) + ["phone"]


def test_day_zero_may_be_today_and_two_weeks_ahead(quick: Ward) -> None:
    quick.enrolled(day0=TODAY)
    quick.enrolled(day0=TODAY + timedelta(days=14))

    screened = {one.patient_id: one.day for one in quick.all(Response)}
    assert list(screened.values()) == [TODAY - timedelta(days=1), TODAY]


def in_samoa(quick: Ward, at: datetime, day0: date) -> Enrolled | Ineligible:
    """Enrols there in the week in which the islands skipped 30 December 2011."""
    with quick.parts.study.writing() as session:
        session.add(
            ProtocolInForce(site_id=quick.made.sites["R"], protocol="thera-demo", version="1", sha256="", from_at=at)
        )
    return quick.enrol(day0=day0, zone="Pacific/Apia", moment=Moment(at, NOW))


def test_nobody_starts_on_a_date_that_the_zone_skips(quick: Ward) -> None:
    with pytest.raises(NotEnrollable) as refused:
        in_samoa(quick, datetime(2011, 12, 28, 20, tzinfo=UTC), date(2011, 12, 30))

    assert "2011-12-30 does not exist in Pacific/Apia" in str(refused.value)
    assert quick.all(Patient) == []


def test_a_screening_aimed_at_a_date_that_the_zone_skips_is_kept(quick: Ward) -> None:
    assert isinstance(in_samoa(quick, datetime(2012, 1, 5, 20, tzinfo=UTC), date(2012, 1, 6)), Enrolled)

    [response] = quick.all(Response)
    [screening] = [one for one in quick.all(Assessment) if one.timepoint == "screening"]
    assert (screening.id, screening.day) == (response.assessment_id, date(2011, 12, 30))


def test_reminders_of_the_hours_before_are_explained(ward: Ward) -> None:
    """At 18:30 on day 0 the 10:00 and the 18:00 have passed; the diary's bell is the 20:00."""
    moment = Moment(datetime(2026, 4, 15, 16, 30, tzinfo=UTC), NOW)
    ward.enrolled(day0=TODAY, moment=moment)

    rows = {row.id: row for row in ward.all(Assessment)}
    passed = {(rows[one.assessment_id].timepoint, one.step, one.why_none) for one in ward.all(Reminder)}
    assert passed == {("day0", "at-10:00", "before-enrolment"), ("diary", "at-18:00", "before-enrolment")}
    [diary] = [row for row in rows.values() if (row.timepoint, row.day) == ("diary", TODAY)]
    assert diary.next_at == datetime(2026, 4, 15, 18, tzinfo=UTC)


def test_numbers_count_up_by_site_and_tell_nothing(quick: Ward) -> None:
    quick.enrolled()
    second = quick.enrolled(name="Bea Example", phone="06 22 33 44 55")
    elsewhere = enrolment.enrol(
        quick.parts,
        BY,
        quick.made.sites["L"],
        criteria=quick.criteria(),
        screening_value=80,
        name="Cleo Example",
        phone="+32 470 12 34 56",
        day0=TODAY,
        zone="Europe/Brussels",
        language="en",
        moment=quick.now,
    )
    assert isinstance(elsewhere, Enrolled)
    assert (second.number, elsewhere.number) == ("R-002", "L-001")


def test_a_form_sent_twice_makes_one_patient(ward: Ward) -> None:
    once = "5" * 32
    first = ward.enrolled(once=once)
    again = ward.enrolled(once=once, name="Somebody Else")

    assert again.patient_id == first.patient_id
    assert len(ward.all(Patient)) == len(ward.all(Contact, ward.parts.contacts)) == 1
    with ward.parts.contacts.reading() as session:
        assert contacts.find(session, ward.parts.cipher, [once])[once].name == "Ada Example"


def test_a_mobile_of_the_same_site_is_asked_about(ward: Ward) -> None:
    first = ward.enrolled(phone="06 12 34 56 78")
    with pytest.raises(NotEnrollable, match="R-001") as asked:
        ward.enrol(phone="+33612345678", shared_phone=False)
    assert [(one.field, one.why) for one in asked.value.problems] == [("phone", "already-theirs")]
    assert len(ward.all(Patient)) == len(ward.all(Contact, ward.parts.contacts)) == 1, "nothing was stored"
    assert ward.enrolled(shared_phone=True).number == "R-002", "a couple may share it"
    with pytest.raises(NotEnrollable, match="R-001, R-002"):
        ward.enrol(shared_phone=False)
    for one in (first.patient_id, 2):
        enrolment.withdraw(ward.parts, BY, one, "moved", "keep", ward.now)
    assert ward.enrolled(shared_phone=False).number == "R-003", "who has left may come again"


def test_a_mobile_of_another_site_is_not_told_of(quick: Ward) -> None:
    quick.enrolled()
    given: dict[str, Any] = {"criteria": quick.criteria(), "screening_value": 62, "name": "Ada Example"}
    given |= {"phone": "06 12 34 56 78", "day0": TODAY + timedelta(days=2), "zone": PARIS, "language": "fr"}
    other = enrolment.enrol(quick.parts, BY, quick.made.sites["L"], **given, moment=quick.now, shared_phone=False)
    assert isinstance(other, Enrolled)


def test_a_form_sent_twice_is_not_asked_about_itself(quick: Ward) -> None:
    once = "0123456789abcdef" * 2
    numbers = [quick.enrolled(once=once, shared_phone=False).number for _ in range(2)]
    assert numbers == ["R-001", "R-001"]


def test_nobody_else_is_written_over(quick: Ward) -> None:
    """A form that bears another site's patient's mark makes a patient of its own."""
    once = "6" * 32
    quick.enrolled(once=once)
    given = {"criteria": quick.criteria(), "screening_value": 80, "name": "Bea Example", "phone": "06 22 33 44 55"}
    given |= {"day0": TODAY, "zone": PARIS, "language": "fr", "moment": quick.now, "once": once}
    other = enrolment.enrol(quick.parts, BY, quick.made.sites["L"], **given)

    assert isinstance(other, Enrolled)
    assert other.number == "L-001"
    with quick.parts.contacts.reading() as session:
        assert contacts.find(session, quick.parts.cipher, [once])[once].name == "Ada Example"


def test_a_draft_is_refused_outside_a_demonstration(sqlite_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "is_protocol_published", lambda *_: False)
    real = join(sqlite_urls, demonstration=False)
    with pytest.raises(NotEnrollable, match="draft"):
        real.enrol()
    monkeypatch.setattr(Library, "is_protocol_published", lambda *_: True)
    assert isinstance(real.enrol(), Enrolled)


def test_a_site_without_a_protocol_says_so(quick: Ward) -> None:
    with quick.parts.study.writing() as session:
        for row in session.exec(select(ProtocolInForce)).all():
            session.delete(row)
    with pytest.raises(NotEnrollable, match="no protocol is in force"):
        quick.enrol()


def test_what_fails_in_the_study_leaves_only_a_contact(quick: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contact is written first; a day later the sweep takes it away."""

    def break_off(*_: object) -> None:
        raise RuntimeError("the lights went out")

    monkeypatch.setattr("pro.services.enrolment.inclusion.record", break_off)
    with pytest.raises(RuntimeError):
        quick.enrol()
    assert quick.all(Patient) == quick.all(Assessment) == quick.all(Response) == []
    assert len(quick.all(Contact, quick.parts.contacts)) == 1

    moment = quick.now
    soon = Moment(moment.study + timedelta(days=400), moment.running + timedelta(hours=23))
    assert enrolment.sweep(quick.parts, soon).contacts_removed == 0, (
        "an enrolment may be under way; running time decides"
    )
    later = Moment(moment.study, moment.running + timedelta(days=1, minutes=1))
    assert enrolment.sweep(quick.parts, later).contacts_removed == 1
    assert quick.all(Contact, quick.parts.contacts) == []


# ── Names and numbers stay where they belong


def everything(database: Database) -> Iterator[tuple[str, str]]:
    """Each table and all that stands in it, as text."""
    with database.engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                yield table, " | ".join(map(str, row))


def holds_canary(found: str) -> bool:
    digits = re.sub(r"\D", "", found)
    words = found.lower()
    return "zyxwvut" in words or "canary" in words or "698765432" in digits


def told_about(ward: Ward, caplog: pytest.LogCaptureFixture) -> list[str]:
    places = [f"table {table}" for table, found in everything(ward.parts.study) if holds_canary(found)]
    if any(holds_canary(record.getMessage() + str(record.exc_text)) for record in caplog.records):
        places.append("log")
    if any(holds_canary(f"{one.kind}{one.payload}") for one in ward.all(AuditEvent)):
        places.append("trail")
    return places


def live(ward: Ward) -> Enrolled:
    """All that happens to a patient whose name and number are the canary's."""
    parts, now = ward.parts, ward.now
    done = ward.enrolled(name=CANARY_NAME, phone=CANARY_NUMBER)
    noon = Moment(LUNCH, LUNCH)
    enrolment.send_test(parts, done.patient_id, noon)
    deliver(parts, LUNCH)
    enrolment.confirm_test(parts, BY, done.patient_id, noon)
    enrolment.first_link(parts, BY, done.patient_id, now)
    enrolment.change_phone(parts, BY, done.patient_id, "06 98 76 54 32", now)
    with pytest.raises(NotEnrollable):
        enrolment.change_phone(parts, BY, done.patient_id, "0698765432 00000", now)
    enrolment.withdraw(parts, BY, done.patient_id, "patient-wish", "keep", now)
    return done


def test_no_name_and_no_number_leaves_the_contacts_database(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    live(ward)

    assert told_about(ward, caplog) == []
    assert not any(holds_canary(found) for _, found in everything(ward.parts.contacts)), "sealed there too"
    [contact] = ward.all(Contact, ward.parts.contacts)
    with ward.parts.contacts.reading() as session:
        person = contacts.find(session, ward.parts.cipher, [contact.id])[contact.id]
    assert (person.name, person.number) == (CANARY_NAME, CANARY_NUMBER)


@pytest.mark.parametrize("place", ["table", "log", "trail"])
def test_a_planted_canary_is_found(quick: Ward, caplog: pytest.LogCaptureFixture, place: str) -> None:
    caplog.set_level(logging.DEBUG)
    done = quick.enrolled(name=CANARY_NAME, phone=CANARY_NUMBER)
    if place == "log":
        logging.getLogger("pro").warning("could not reach %s", "+33 6 98 76 54 32")
    with quick.parts.study.writing() as session:
        patient = audit.lock_patient(session, done.patient_id)
        if place == "table":
            patient.withdrawn_why = f"moved with {CANARY_NAME}"
        if place == "trail":
            audit.record(session, patient, "patient.noted", {"number": CANARY_NUMBER}, BY.actor, NOW)

    assert any(where.startswith(place) for where in told_about(quick, caplog))


# ── The test message and the links


LUNCH = datetime(2026, 4, 15, 10, 0, tzinfo=UTC)
"""12:00 in Paris."""
EVENING = LUNCH + timedelta(hours=9)
"""21:00 in Paris: half an hour into the quiet hours, which end at 08:30."""


def deliver(parts: Parts, at: datetime) -> None:
    delivery.tick(parts, Moment(at, at), "w1", seconds=lambda: 0.0)


def asked(ward: Ward, at: datetime, patient_id: int) -> enrolment.TestSms:
    """A test asked for at that time, after one tick of the worker."""
    enrolment.send_test(ward.parts, patient_id, Moment(at, at))
    deliver(ward.parts, at)
    found = enrolment.test_digits(ward.parts, patient_id)
    assert found is not None
    return found


def test_digits_that_never_left_are_not_confirmed(ward: Ward) -> None:
    patient_id, early = ward.enrolled().patient_id, EVENING + timedelta(hours=11, minutes=10)
    found = asked(ward, EVENING, patient_id)
    assert (found.state, found.error) == ("dropped", "quiet-hours")
    assert found.quiet_until == EVENING + timedelta(hours=11, minutes=30)
    with pytest.raises(NotHeard, match="quiet-hours"):
        enrolment.confirm_test(ward.parts, BY, patient_id, Moment(EVENING, EVENING))

    waiting = asked(ward, early, patient_id)
    assert (waiting.state, waiting.quiet_until) == ("pending", found.quiet_until), "twenty minutes it may wait"
    with pytest.raises(NotHeard, match="pending"):
        enrolment.confirm_test(ward.parts, BY, patient_id, Moment(early, early))
    assert "phone.confirmed" not in [one.kind for one in ward.all(AuditEvent)]
    later = early + timedelta(minutes=21)
    deliver(ward.parts, later)
    enrolment.confirm_test(ward.parts, BY, patient_id, Moment(later, later))
    assert "phone.confirmed" in [one.kind for one in ward.all(AuditEvent)]


def test_quiet_hours_that_begin_while_the_test_waits_are_named_with_their_end(quick: Ward) -> None:
    patient_id, asked_at = quick.enrolled().patient_id, EVENING - timedelta(minutes=31)
    enrolment.send_test(quick.parts, patient_id, Moment(asked_at, asked_at))
    deliver(quick.parts, EVENING - timedelta(minutes=20))
    found = enrolment.test_digits(quick.parts, patient_id)
    assert found is not None
    assert (found.error, found.quiet_until) == ("quiet-hours", EVENING + timedelta(hours=11, minutes=30))


@pytest.mark.parametrize(
    ("outcome", "state"), [(Refused("21211", "no number"), "failed"), (Unknown("a time-out"), "sending")]
)
def test_a_test_that_the_provider_did_not_take_is_not_confirmed(quick: Ward, outcome: Outcome, state: str) -> None:
    assert isinstance(quick.parts.sender, MemorySender)
    quick.parts.sender.answer = lambda sms: outcome
    patient_id = quick.enrolled().patient_id
    assert asked(quick, LUNCH, patient_id).state == state
    with pytest.raises(NotHeard):
        enrolment.confirm_test(quick.parts, BY, patient_id, Moment(LUNCH, LUNCH))


def test_the_digits_to_compare_are_those_of_the_newest_test(ward: Ward) -> None:
    done = ward.enrolled()
    assert enrolment.test_digits(ward.parts, done.patient_id) is None
    with pytest.raises(ValueError, match="no test SMS"):
        enrolment.confirm_test(ward.parts, BY, done.patient_id, ward.now)

    noon = Moment(LUNCH, LUNCH)
    enrolment.send_test(ward.parts, done.patient_id, noon)
    second = enrolment.send_test(ward.parts, done.patient_id, noon)

    found = enrolment.test_digits(ward.parts, done.patient_id)
    assert found is not None
    assert (found.digits, found.state) == (second, "pending")
    assert re.fullmatch(r"[0-9]{4}", second)
    assert {one.dedupe_key for one in ward.all(Message)} == {f"test:{done.patient_id}:{n}" for n in (1, 2)}
    assert not found.confirmed
    deliver(ward.parts, LUNCH)
    sender = ward.parts.sender
    assert isinstance(sender, MemorySender)
    [text] = sender.sent
    assert second in text.body, "the first has other digits, and would puzzle whoever reads it"
    assert {one.dedupe_key[-1]: (one.state, one.error) for one in ward.all(Message)} == {
        "1": ("dropped", "newer-test"),
        "2": ("sent", None),
    }
    enrolment.confirm_test(ward.parts, BY, done.patient_id, noon)
    assert "phone.confirmed" in [one.kind for one in ward.all(AuditEvent)]
    heard = enrolment.test_digits(ward.parts, done.patient_id)
    assert heard is not None
    assert heard.confirmed
    enrolment.change_phone(ward.parts, BY, done.patient_id, "06 22 33 44 55", noon)
    assert enrolment.test_digits(ward.parts, done.patient_id) is None, "another number was never tested"


def test_a_link_opens_the_diary_and_only_its_hash_is_kept(quick: Ward) -> None:
    done = quick.enrolled(day0=TODAY)
    token = done.first_link.rsplit("/", 1)[1]
    assert done.first_link == f"http://localhost/d/{token}"
    assert len(token) >= 22, "128 bits"
    assert not any(token in found for _, found in everything(quick.parts.study))
    assert answering.open_link(quick.parts, token, quick.now).status == "ready"

    fresh = enrolment.first_link(quick.parts, BY, done.patient_id, quick.now).rsplit("/", 1)[1]
    assert answering.open_link(quick.parts, token, quick.now).status == "ready", "older links stay good"
    assert answering.open_link(quick.parts, fresh, quick.now).status == "ready"

    assert enrolment.revoke_links(quick.parts, BY, done.patient_id, quick.now) == 2
    assert answering.open_link(quick.parts, fresh, quick.now).status == "expired"


def test_the_first_link_lives_until_what_it_announces_has_closed(quick: Ward) -> None:
    done = quick.enrolled(day0=TODAY + timedelta(days=10))
    [link] = quick.all(Link)
    closes = [row.closes_at for row in quick.all(Assessment) if row.timepoint == "day0"]
    assert link.expires_at >= closes[0]
    assert done.patient_id == link.patient_id


def test_revoking_ends_a_phone_that_is_signed_in(quick: Ward) -> None:
    done = quick.enrolled(day0=TODAY)
    begun = answering.start(quick.parts, done.first_link.rsplit("/", 1)[1], quick.now)
    assert isinstance(begun, Started)
    enrolment.revoke_links(quick.parts, BY, done.patient_id, quick.now)

    saved = answering.save(quick.parts, begun.session_token, begun.sitting.assessment_id, [], quick.now)
    assert saved.closed == "no-session"


# ── Leaving


def waiting_message(ward: Ward, patient_id: int, key: str, **more: Any) -> int:
    with ward.parts.study.writing() as session:
        made = messages.queue(
            session,
            dedupe_key=key,
            site_id=ward.made.sites["R"],
            patient_id=patient_id,
            staff_id=more.pop("staff_id", None),
            template="reminder",
            language="fr",
            due_at=NOW,
            not_after=NOW + timedelta(hours=2),
        )
        assert made is not None
        row = session.get_one(Message, made)
        for name, value in more.items():
            setattr(row, name, value)
        session.add(row)
        return made


def test_withdrawal_says_first_what_will_stop(ward: Ward) -> None:
    done = ward.enrolled()
    waiting_message(ward, done.patient_id, "reminder:a")
    before = list(everything(ward.parts.study))

    stops = enrolment.preview_withdrawal(ward.parts, done.patient_id, ward.now)

    assert list(everything(ward.parts.study)) == before, "looking changes nothing"
    protocol = ward.parts.library.latest_protocol("thera-demo")
    planned = plan(protocol, TODAY + timedelta(days=2), zone(PARIS))
    instants = {step.at for one in planned for step in one.reminders}
    assert stops.reminders == len(instants)
    assert stops.assessments == len(planned) - 1, "all but the screening"
    assert (stops.messages, stops.begun, stops.flares, stops.already) == (1, 0, 0, None)


def test_withdrawal_stops_everything_in_one_go(ward: Ward) -> None:
    done = ward.enrolled(day0=TODAY)
    staff_id = make_staff(ward.parts, ward.made, "a.legoff")
    waiting = waiting_message(ward, done.patient_id, "reminder:a")
    claimed = waiting_message(ward, done.patient_id, "reminder:b", state="claimed", claimed_by="w1")
    gone = waiting_message(ward, done.patient_id, "reminder:c", state="sending")
    to_staff = waiting_message(ward, done.patient_id, "flare:1:1", staff_id=staff_id)
    with ward.parts.study.writing() as session:
        session.add(
            Flare(
                patient_id=done.patient_id,
                site_id=ward.made.sites["R"],
                n=1,
                opened_at=NOW,
                opened_day=TODAY,
                last_hit_day=TODAY,
            )
        )
        diary = session.exec(select(Assessment.id).where(Assessment.timepoint == "diary")).first()
        session.add(Reminder(assessment_id=diary, step="18:00", planned_at=NOW, message_id=waiting))

    stops = enrolment.withdraw(ward.parts, BY, done.patient_id, "side-effect", "do-not-use", ward.now)

    assert stops.flares == 1
    patient = ward.patient(done.patient_id)
    assert (patient.withdrawn_at, patient.withdrawn_why) == (NOW, "side-effect")
    rows = ward.all(Assessment)
    assert all(row.next_at is None for row in rows)
    assert all((row.cancelled_at == NOW) != (row.submitted_at is not None) for row in rows)
    states = {row.id: (row.state, row.error) for row in ward.all(Message)}
    assert states[waiting] == states[claimed] == ("dropped", "withdrawn")
    assert states[gone][0] == "sending", "on its way: its end is still asked for"
    assert states[to_staff][0] == "pending", "a flare is told to staff whatever happens"
    carried = {one.message_id: one.why_none for one in ward.all(Reminder) if one.message_id}
    assert carried == {waiting: "withdrawn"}, "a reminder says why none came of it"
    dropped = {(one.message_id, one.detail) for one in ward.all(MessageEvent) if one.kind == "dropped"}
    assert dropped == {(waiting, "withdrawn"), (claimed, "withdrawn")}
    assert [one.ended_at for one in ward.all(Flare)] == [None]
    assert all(link.revoked_at is not None for link in ward.all(Link))
    [event] = [one for one in ward.all(AuditEvent) if one.kind == "patient.withdrawn"]
    assert json.loads(event.payload)["earlier_data"] == "do-not-use"
    with pytest.raises(ValueError, match="has left the study"):
        enrolment.first_link(ward.parts, BY, done.patient_id, ward.now)


def test_withdrawing_twice_changes_nothing_more(quick: Ward) -> None:
    done = quick.enrolled()
    enrolment.withdraw(quick.parts, BY, done.patient_id, "burden", "keep", quick.now)
    before = list(everything(quick.parts.study))
    stops = enrolment.withdraw(quick.parts, BY, done.patient_id, "died", "keep", quick.now)

    assert stops.already == NOW
    assert list(everything(quick.parts.study)) == before


@pytest.mark.parametrize(("why", "earlier"), [("because", "keep"), ("burden", "perhaps")])
def test_a_reason_is_one_of_the_list(quick: Ward, why: str, earlier: str) -> None:
    done = quick.enrolled()
    with pytest.raises(ValueError, match="one of"):
        enrolment.withdraw(quick.parts, BY, done.patient_id, why, earlier, quick.now)
    assert quick.patient(done.patient_id).withdrawn_at is None


# ── Another telephone


def test_a_new_number_is_kept_and_the_old_phone_ends(ward: Ward) -> None:
    done = ward.enrolled(day0=TODAY)
    waiting_message(ward, done.patient_id, "reminder:a")
    moves = enrolment.preview_phone_change(ward.parts, done.patient_id, ward.now)
    assert (moves.number, moves.messages, moves.next_at) == ("R-001", 1, NOW)
    assert moves.reminders > 80
    with ward.parts.study.writing() as session:
        patient = session.get_one(Patient, done.patient_id)
        patient.number_wrong_at = NOW
        session.add(Task(site_id=patient.site_id, patient_id=patient.id, kind="number-unreachable", made_at=NOW))

    enrolment.change_phone(ward.parts, BY, done.patient_id, "06 22 33 44 55", ward.now)

    patient = ward.patient(done.patient_id)
    with ward.parts.contacts.reading() as session:
        person = contacts.find(session, ward.parts.cipher, [patient.contact_id])[patient.contact_id]
    assert (person.name, person.number) == ("Ada Example", "+33622334455")
    assert patient.number_wrong_at is None
    assert all(task.done_at == NOW for task in ward.all(Task))
    assert all(link.revoked_at is not None for link in ward.all(Link))
    assert [one.state for one in ward.all(Message)] == ["pending"], "they go to the new number"


def test_a_wrong_new_number_changes_nothing(quick: Ward) -> None:
    done = quick.enrolled()
    before = list(everything(quick.parts.study)), list(everything(quick.parts.contacts))
    with pytest.raises(NotEnrollable):
        enrolment.change_phone(quick.parts, BY, done.patient_id, "01 40 00 00 00", quick.now)
    assert (list(everything(quick.parts.study)), list(everything(quick.parts.contacts))) == before


def test_messages_come_again_from_the_next_reminder_on(quick: Ward) -> None:
    done = quick.enrolled(day0=TODAY)
    with quick.parts.study.writing() as session:
        patient = session.get_one(Patient, done.patient_id)
        patient.opted_out_at, patient.opted_out_how = NOW, "page"
        for row in session.exec(select(Assessment).where(col(Assessment.next_at).is_not(None))).all():
            row.next_at = None
    moment = Moment(datetime(2026, 4, 15, 17, tzinfo=UTC), NOW)
    assert enrolment.preview_withdrawal(quick.parts, done.patient_id, moment).reminders == 0

    enrolment.opt_in_again(quick.parts, BY, done.patient_id, moment)

    assert quick.patient(done.patient_id).opted_out_at is None
    bells = {(row.timepoint, row.day): row.next_at for row in quick.all(Assessment)}
    assert bells["diary", TODAY] == datetime(2026, 4, 15, 18, tzinfo=UTC), "18:00 has passed and is not sent late"
    assert bells["screening", TODAY - timedelta(days=7)] is None


# ── The two databases held against each other


def test_a_patient_without_a_contact_becomes_a_task_once(ward: Ward) -> None:
    done = ward.enrolled()
    ward.enrolled(name="Bea Example", phone="06 22 33 44 55")
    with ward.parts.contacts.writing() as session:
        session.delete(session.get_one(Contact, ward.patient(done.patient_id).contact_id))

    assert enrolment.sweep(ward.parts, ward.now).tasks_made == 1
    assert enrolment.sweep(ward.parts, ward.now).tasks_made == 0
    [task] = ward.all(Task)
    assert (task.kind, task.patient_id) == ("contact-missing", done.patient_id)


def test_a_contact_with_a_patient_is_never_swept(ward: Ward) -> None:
    ward.enrolled()
    later = Moment(NOW, NOW + timedelta(days=400))
    assert enrolment.sweep(ward.parts, later).contacts_removed == 0
    assert len(ward.all(Contact, ward.parts.contacts)) == 1
