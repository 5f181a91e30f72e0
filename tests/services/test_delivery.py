"""Messages from the outbox to the phone: what goes, what is explained, and what no crash may send twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import delete, text

from pro.clock import Moment
from pro.services import delivery, inbound, settling
from pro.services.audit import lock_patient
from pro.services.delivery import Delivered
from pro.services.shift import PACE
from pro.sms.sender import Accepted, NotProcessed, Outcome, Refused, Sms, Unknown
from pro.store import bells, contacts, leases, messages, sittings
from pro.store.contacts import Contact
from tests.conftest import Urls
from tests.factories import Made, make_patient, make_staff, make_study
from tests.sms.outbox import (
    EVENING,
    TODAY,
    assessment_id,
    change,
    digits_text,
    evening_parts,
    remind,
    row,
    rows,
    staff_text,
    state,
    story,
)

MINUTE = timedelta(minutes=1)
LINK = re.compile(r"/(?:d/|staff/\?r=)([A-Za-z0-9_-]{22})\b")


class House:
    """The parts with one patient, and a tick whose moment is the clock's."""

    def __init__(self, urls: Urls) -> None:
        self.parts, self.clock, self.sender = evening_parts(urls)
        self.made: Made = make_study(self.parts)
        self.patient = make_patient(self.parts, self.made)

    def tick(self, worker: str = "w1", at: Callable[[str], None] = lambda point: None) -> Delivered:
        return delivery.tick(self.parts, self.clock.now(), worker, at=at, seconds=lambda: 0.0)

    def answer(self, *outcomes: Outcome | None) -> None:
        """The provider's next outcomes; None and everything after them: accepted."""
        coming = list(outcomes)
        self.sender.answer = lambda sms: coming.pop(0) if coming else None


@pytest.fixture
def house(database_urls: Urls) -> Iterator[House]:
    made = House(database_urls)
    yield made
    made.parts.study.close()
    made.parts.contacts.close()


@pytest.fixture
def quick(sqlite_urls: Urls) -> Iterator[House]:
    made = House(sqlite_urls)
    yield made
    made.parts.study.close()
    made.parts.contacts.close()


# --- what goes


def test_a_due_reminder_goes_out_once(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.tick()
    house.tick("w2")
    assert [sms.to for sms in house.sender.sent] == ["+33612345678"]
    assert state(house.parts, id_) == "sent"
    assert story(house.parts, id_) == ["queued", "claimed", "sending", "sent"]
    assert row(house.parts, id_).sent_at == EVENING


def test_one_that_is_not_due_waits(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient, due_at=EVENING + MINUTE)
    quick.tick()
    assert state(quick.parts, id_) == "pending"
    quick.clock.move(MINUTE)
    quick.tick()
    assert state(quick.parts, id_) == "sent"


def test_the_link_is_kept_as_a_hash_only_and_lives_until_the_window_has_closed(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.tick()
    sms = house.sender.sent[0]
    token = LINK.findall(sms.body)[0]
    link = rows(house.parts, "link", message_id=id_)[0]
    assert link.token_hash == sha256(token.encode()).hexdigest()
    assert link.patient_id == house.patient
    diary = rows(house.parts, "assessment", id=assessment_id(house.parts, house.patient))[0]
    protocol = house.parts.library.latest_protocol("thera-demo")
    assert link.expires_at == max(diary.late_until, EVENING + protocol.link_life)
    for table in ("message", "message_event", "link", "reminder"):
        assert token not in repr(rows(house.parts, table))


def test_a_week_s_link_outlives_the_least_life(quick: House) -> None:
    """The last window it announces has closed by then."""
    visit = rows(quick.parts, "assessment", patient_id=quick.patient, timepoint="week8")[0]
    at = visit.opens_at + timedelta(hours=6)
    quick.clock.moment = Moment(at, at)
    quick.parts.library.latest_protocol("thera-demo")
    id_ = remind(quick.parts, quick.patient, due_at=at, steps=[("week8", visit.day)])
    quick.tick()
    assert rows(quick.parts, "link", message_id=id_)[0].expires_at >= visit.closes_at > at + timedelta(days=2)


def test_what_the_provider_is_told(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.clock.move(10 * MINUTE)
    quick.tick()
    sms = quick.sender.sent[0]
    assert sms.callback_url == f"http://localhost/hooks/twilio/status/{id_}"
    assert sms.valid_for == timedelta(minutes=110)
    assert sms.label == "R-001"
    assert "http://localhost/d/" in sms.body
    assert "questions" in sms.body


def test_more_than_a_batch(quick: House) -> None:
    patients = [
        make_patient(quick.parts, quick.made, f"R-{n:03d}", telephone=f"+336120000{n:02d}") for n in range(2, 62)
    ]
    for patient in patients:
        remind(quick.parts, patient)
    assert quick.tick().marked == 60
    assert len({sms.to for sms in quick.sender.sent}) == 60


# --- what does not go, and says why


@pytest.mark.parametrize(
    ("zone", "at", "why"),
    [
        ("Europe/Paris", datetime(2026, 4, 15, 18, 29, 59, tzinfo=UTC), None),
        ("Europe/Paris", datetime(2026, 4, 15, 18, 30, tzinfo=UTC), "quiet-hours"),
        ("America/Martinique", datetime(2026, 4, 15, 18, 30, tzinfo=UTC), None),
        ("America/Martinique", datetime(2026, 4, 16, 0, 29, 59, tzinfo=UTC), None),
        ("America/Martinique", datetime(2026, 4, 16, 0, 30, tzinfo=UTC), "quiet-hours"),
    ],
)
def test_none_in_the_quiet_hours_of_the_patient_s_own_clock(
    quick: House, zone: str, at: datetime, why: str | None
) -> None:
    patient = make_patient(quick.parts, quick.made, "R-002", zone=zone)
    id_ = remind(quick.parts, patient, due_at=at)
    quick.clock.moment = Moment(at, at)
    quick.tick()
    assert row(quick.parts, id_).error == why
    assert len(quick.sender.sent) == (why is None)
    assert rows(quick.parts, "reminder", message_id=id_)[0].why_none == why


def test_quiet_hours_are_waited_out_when_it_is_not_too_late_then(quick: House) -> None:
    dawn = datetime(2026, 4, 15, 5, 0, tzinfo=UTC)  # 07:00 in Paris
    quick.clock.moment = Moment(dawn, dawn)
    id_ = remind(quick.parts, quick.patient, due_at=dawn, not_after=dawn + timedelta(hours=3))
    quick.tick()
    assert (state(quick.parts, id_), quick.sender.sent) == ("pending", [])
    assert row(quick.parts, id_).due_at == datetime(2026, 4, 15, 6, 30, tzinfo=UTC)
    quick.clock.move(timedelta(minutes=90))
    quick.tick()
    assert state(quick.parts, id_) == "sent"


def test_one_that_comes_too_late_is_dropped_and_logged(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.clock.move(timedelta(hours=2, seconds=1))
    quick.tick()
    assert (row(quick.parts, id_).state, row(quick.parts, id_).error) == ("dropped", "too-late")
    assert rows(quick.parts, "reminder", message_id=id_)[0].why_none == "too-late"
    assert story(quick.parts, id_)[-1] == "dropped"


def test_no_more_than_the_daily_cap_and_again_on_the_next_day(house: House) -> None:
    at = EVENING - timedelta(hours=2)
    house.clock.moment = Moment(at, at)
    ids = [remind(house.parts, house.patient, due_at=at - n * MINUTE) for n in range(5)]
    house.tick()
    assert len(house.sender.sent) == 3
    assert sorted(row(house.parts, id_).error or "" for id_ in ids) == ["", "", "", "daily-cap", "daily-cap"]
    house.clock.move(timedelta(days=1))
    tomorrow = remind(
        house.parts, house.patient, due_at=at + timedelta(days=1), steps=[("diary", TODAY + timedelta(days=1))]
    )
    house.tick()
    assert state(house.parts, tomorrow) == "sent"


def test_a_test_text_neither_counts_towards_the_cap_nor_is_held_by_it(house: House) -> None:
    at = EVENING - timedelta(hours=2)
    house.clock.moment = Moment(at, at)
    tests = [digits_text(house.parts, house.patient, due_at=at - n * MINUTE) for n in range(3)]
    house.tick()
    reminders = [remind(house.parts, house.patient, due_at=at - n * MINUTE) for n in range(3)]
    house.tick()
    tests.append(digits_text(house.parts, house.patient, due_at=at - 5 * MINUTE))
    house.tick()
    assert {state(house.parts, id_) for id_ in (*tests, *reminders)} == {"sent"}


def opt_out(house: House) -> None:
    with house.parts.study.writing() as session:
        inbound.opt_out(session, house.patient, "page", house.clock.now())


def withdraw(house: House) -> None:
    with house.parts.study.writing() as session:
        patient = lock_patient(session, house.patient)
        patient.withdrawn_at = house.clock.now().study
        session.add(patient)


def submit(house: House) -> None:
    with house.parts.study.writing() as session:
        lock_patient(session, house.patient)
        patient = sittings.patient
        who = session.execute(
            patient.select().with_only_columns(patient.c.id.label("patient_id")).where(patient.c.id == house.patient)
        ).one()
        assert sittings.claim(session, who, assessment_id(house.parts, house.patient), house.clock.now().study)


def close(house: House) -> None:
    with house.parts.study.writing() as session:
        lock_patient(session, house.patient)
        bells.close(session, assessment_id(house.parts, house.patient), house.clock.now().study)


def cancel(house: House) -> None:
    change(house.parts, "assessment", assessment_id(house.parts, house.patient), cancelled_at=EVENING)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (opt_out, "opted-out"),
        (withdraw, "withdrawn"),
        (submit, "submitted"),
        (close, "closed"),
        (cancel, "cancelled"),
    ],
)
@pytest.mark.parametrize("point", ["", "after-claim"])
def test_nothing_is_marked_after_the_commit_of_what_ends_it(
    house: House, happens: Callable[[House], None], why: str, point: str
) -> None:
    """Before the tick, and between claim and mark."""
    id_ = remind(house.parts, house.patient)
    if point:
        house.tick(at=lambda here: happens(house) if here == point else None)
    else:
        happens(house)
        house.tick()
    assert house.sender.sent == []
    assert (row(house.parts, id_).state, row(house.parts, id_).error) == ("dropped", why)
    assert rows(house.parts, "reminder", message_id=id_)[0].why_none == why
    assert rows(house.parts, "link") == []


def only_opted_out(house: House) -> None:
    """Without explaining what waits, as opting out does in the same transaction."""
    change(house.parts, "patient", house.patient, opted_out_at=EVENING)


@pytest.mark.parametrize("happens", [only_opted_out, withdraw, submit, close, cancel])
def test_the_database_itself_asks_again_when_marking(house: House, happens: Callable[[House], None]) -> None:
    """Whatever the domain said: the marking statement looks at the rows."""
    id_ = remind(house.parts, house.patient)
    now = house.clock.now()
    with house.parts.study.writing() as session:
        leases.claim(session, "w1", now.study, now.running, now.running + PACE.lease, 10)
    happens(house)
    with house.parts.study.writing() as session:
        assert leases.mark(session, [id_], "w1", now.running, now.running + PACE.lease) == set()


def test_a_message_goes_for_what_is_still_open_and_explains_the_rest(house: House) -> None:
    yesterday = TODAY - timedelta(days=1)
    at = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)  # 11:00 in Paris: yesterday's diary may still be filled
    house.clock.moment = Moment(at, at)
    id_ = remind(house.parts, house.patient, due_at=at, steps=[("diary", yesterday), ("diary", TODAY)])
    change(house.parts, "assessment", assessment_id(house.parts, house.patient, day=yesterday), submitted_at=at)
    house.tick()
    assert state(house.parts, id_) == "sent"
    whys = {one.assessment_id: one.why_none for one in rows(house.parts, "reminder", message_id=id_)}
    assert whys[assessment_id(house.parts, house.patient)] is None
    assert whys[assessment_id(house.parts, house.patient, day=yesterday)] in ("completed", "late")


def test_a_missing_contact_fails_the_message_and_is_a_task(house: House) -> None:
    with house.parts.contacts.writing() as session:
        session.execute(delete(Contact))
    id_ = remind(house.parts, house.patient)
    house.tick()
    assert (row(house.parts, id_).state, row(house.parts, id_).error) == ("failed", "contact-missing")
    assert [(task.kind, task.patient_id) for task in rows(house.parts, "task")] == [("contact-missing", house.patient)]
    assert rows(house.parts, "reminder", message_id=id_)[0].why_none == "failed"


def test_a_contacts_database_that_does_not_answer_loses_nothing(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    with quick.parts.contacts.writing() as session:
        session.execute(text("ALTER TABLE contact RENAME TO away"))
    quick.tick()
    assert (state(quick.parts, id_), quick.sender.sent) == ("pending", [])
    with quick.parts.contacts.writing() as session:
        session.execute(text("ALTER TABLE away RENAME TO contact"))
    quick.tick()
    assert state(quick.parts, id_) == "sent"


# --- texts to staff, and tests


def test_a_text_to_staff_goes_in_quiet_hours_and_over_the_cap_and_for_one_who_opted_out(house: House) -> None:
    night = datetime(2026, 4, 15, 22, 0, tzinfo=UTC)
    house.clock.moment = Moment(night, night)
    staff_id = make_staff(house.parts, house.made, "ana")
    with house.parts.contacts.writing() as session:
        contacts.keep_staff(session, house.parts.cipher, staff_id, "+33699999999", night)
    opt_out(house)
    ids = [staff_text(house.parts, house.patient, staff_id, night, rank) for rank in range(1, 6)]
    house.tick()
    assert [sms.to for sms in house.sender.sent] == ["+33699999999"] * 5
    assert {state(house.parts, id_) for id_ in ids} == {"sent"}
    assert house.sender.sent[0].label == "ana"
    token = LINK.findall(house.sender.sent[0].body)[0]
    assert f"http://localhost/staff/?r={token}" in house.sender.sent[0].body
    link = rows(house.parts, "link", token_hash=sha256(token.encode()).hexdigest())[0]
    assert (link.patient_id, link.message_id) == (None, ids[0])


def test_staff_without_a_number_is_a_task(quick: House) -> None:
    staff_id = make_staff(quick.parts, quick.made, "ana")
    id_ = staff_text(quick.parts, quick.patient, staff_id)
    quick.tick()
    assert state(quick.parts, id_) == "failed"
    assert [(task.kind, task.detail) for task in rows(quick.parts, "task")] == [("contact-missing", "ana")]


def test_a_text_to_staff_of_unknown_outcome_is_found_by_its_reference(quick: House) -> None:
    staff_id = make_staff(quick.parts, quick.made, "ana")
    with quick.parts.contacts.writing() as session:
        contacts.keep_staff(session, quick.parts.cipher, staff_id, "+33699999999", EVENING)
    id_ = staff_text(quick.parts, quick.patient, staff_id)
    lose_acknowledgement(quick)
    quick.tick()
    quick.clock.move(PACE.lease)
    quick.tick("w2")
    assert (state(quick.parts, id_), len(quick.sender.sent)) == ("sent", 1)


def test_a_test_carries_digits_and_link_and_goes_to_a_number_that_looked_wrong(quick: House) -> None:
    change(quick.parts, "patient", quick.patient, number_wrong_at=EVENING)
    id_ = digits_text(quick.parts, quick.patient)
    quick.tick()
    assert state(quick.parts, id_) == "sent"
    assert "4821" in quick.sender.sent[0].body
    assert LINK.search(quick.sender.sent[0].body)


# --- what the provider answers


def lose_acknowledgement(house: House) -> None:
    """The next text is accepted, and we do not hear of it."""
    left = [1]

    def answer(sms: Sms) -> Outcome | None:
        if left:
            left.pop()
            house.sender.sent.append(sms)
            return Unknown("connection lost")
        return None

    house.sender.answer = answer


def test_an_unknown_outcome_that_had_gone_out_is_found_and_not_sent_again(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    lose_acknowledgement(house)
    house.tick()
    assert state(house.parts, id_) == "sending"
    house.clock.move(PACE.lease - timedelta(seconds=1))
    house.tick("w2")
    assert state(house.parts, id_) == "sending", "nobody asks before the lease has ended"
    house.clock.move(timedelta(seconds=1))
    house.tick("w2")
    assert (state(house.parts, id_), len(house.sender.sent)) == ("sent", 1)
    assert (row(house.parts, id_).provider_id, row(house.parts, id_).segments) == ("memory-1", 1)


def test_a_text_that_a_dead_worker_had_sent_is_asked_for_its_segments(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)

    def die(point: str) -> None:
        if point == "after-post":
            raise SystemExit

    with pytest.raises(SystemExit):
        quick.tick(at=die)
    quick.clock.move(PACE.lease)
    quick.tick("w2")
    assert (state(quick.parts, id_), row(quick.parts, id_).segments) == ("sent", 1)


def test_a_text_that_certainly_never_went_has_no_segments(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.answer(Unknown("timed out"))
    quick.tick()
    quick.clock.move(timedelta(days=1))
    quick.tick("w2")
    assert (state(quick.parts, id_), row(quick.parts, id_).segments) == ("dropped", None)


def test_an_unknown_outcome_that_had_not_gone_out_is_sent_after_the_settling_delay(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.sender.settling = timedelta(minutes=5)
    house.answer(Unknown("timed out"))
    house.tick()
    house.clock.move(PACE.lease)
    house.tick("w2")
    assert (state(house.parts, id_), house.sender.sent) == ("sending", []), "the list may lag"
    house.clock.move(timedelta(minutes=5))
    house.tick("w2")
    assert (state(house.parts, id_), len(house.sender.sent)) == ("sent", 1)
    assert row(house.parts, id_).attempts == 2
    assert len(rows(house.parts, "link", message_id=id_)) == 2, "older links stay good"
    assert "given-back" in story(house.parts, id_)


def test_a_provider_that_cannot_be_asked_is_asked_later(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    lose_acknowledgement(quick)
    quick.tick()
    quick.sender.silent = True
    quick.clock.move(PACE.lease + timedelta(minutes=10))
    quick.tick("w2")
    assert (state(quick.parts, id_), len(quick.sender.sent)) == ("sending", 1)
    quick.sender.silent = False
    quick.clock.move(MINUTE)
    quick.tick("w2")
    assert (state(quick.parts, id_), len(quick.sender.sent)) == ("sent", 1)


def test_one_never_sent_for_which_it_became_too_late_is_dropped(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.answer(Unknown("timed out"))
    quick.tick()
    quick.clock.move(timedelta(hours=3))
    quick.tick("w2")
    assert (row(quick.parts, id_).state, row(quick.parts, id_).error) == ("dropped", "too-late")
    assert quick.sender.sent == []


def test_a_claim_whose_worker_died_goes_back(house: House) -> None:
    id_ = remind(house.parts, house.patient)

    def die(point: str) -> None:
        raise KeyboardInterrupt(point)

    for point in ("after-claim", "before-mark-commit"):
        with pytest.raises(KeyboardInterrupt):
            house.tick(at=lambda here, point=point: die(here) if here == point else None)  # type: ignore[misc]
        assert state(house.parts, id_) == "claimed"
        house.tick("w2")
        assert house.sender.sent == [], "the lease has not ended"
        house.clock.move(PACE.lease)
        with house.parts.study.writing() as session:
            assert leases.release_claims(session, house.clock.now().running) == [id_]
    house.tick("w2")
    assert (state(house.parts, id_), len(house.sender.sent)) == ("sent", 1)


def test_not_processed_goes_back_and_waits(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.answer(NotProcessed("429", timedelta(seconds=30)))
    house.tick()
    house.tick()
    assert (state(house.parts, id_), house.sender.sent) == ("pending", [])
    house.clock.move(timedelta(seconds=31))
    house.tick()
    assert state(house.parts, id_) == "sent"


def test_a_provider_that_refuses_everything_is_left_alone(quick: House) -> None:
    others = [make_patient(quick.parts, quick.made, f"R-{n:03d}") for n in range(2, 12)]
    ids = [remind(quick.parts, patient) for patient in [quick.patient, *others]]
    asked: list[Sms] = []

    def refuse(sms: Sms) -> Outcome:
        asked.append(sms)
        return NotProcessed("429")

    quick.sender.answer = refuse
    quick.tick()
    assert len(asked) == 1
    assert {state(quick.parts, id_) for id_ in ids} == {"pending"}


def test_after_three_unknown_outcomes_the_rest_waits(quick: House) -> None:
    others = [make_patient(quick.parts, quick.made, f"R-{n:03d}") for n in range(2, 12)]
    ids = [remind(quick.parts, patient) for patient in [quick.patient, *others]]
    quick.sender.answer = lambda sms: Unknown("hang")
    quick.tick()
    states = [state(quick.parts, id_) for id_ in ids]
    assert (states.count("sending"), states.count("pending")) == (3, 8)


def test_a_number_that_said_stop_to_the_provider_is_opted_out(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    later = remind(house.parts, house.patient, due_at=EVENING + timedelta(hours=1))
    house.answer(Refused("21610", "stopped", "opted-out"))
    house.tick()
    patient = rows(house.parts, "patient", id=house.patient)[0]
    assert (patient.opted_out_at, patient.opted_out_how) == (EVENING, "provider")
    assert (row(house.parts, id_).state, row(house.parts, id_).error) == ("failed", "21610")
    assert (row(house.parts, later).state, row(house.parts, later).error) == ("dropped", "opted-out")
    assert [event.kind for event in rows(house.parts, "audit_event")] == ["patient.opted_out"]


def test_a_wrong_number_is_a_task_and_stops_reminders_until_it_is_mended(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.answer(Refused("21614", "not a mobile", "wrong-number"))
    house.tick()
    assert rows(house.parts, "patient", id=house.patient)[0].number_wrong_at == EVENING
    assert [task.kind for task in rows(house.parts, "task")] == ["number-unreachable"]
    assert state(house.parts, id_) == "failed"
    again = remind(house.parts, house.patient, due_at=EVENING + MINUTE)
    house.clock.move(MINUTE)
    house.tick()
    assert row(house.parts, again).error == "no-number"


def test_staff_who_said_stop_changes_no_patient_s_consent(quick: House) -> None:
    staff_id = make_staff(quick.parts, quick.made, "ana")
    with quick.parts.contacts.writing() as session:
        contacts.keep_staff(session, quick.parts.cipher, staff_id, "+33699999999", EVENING)
    staff_text(quick.parts, quick.patient, staff_id)
    quick.answer(Refused("21610", "stopped", "opted-out"))
    quick.tick()
    assert rows(quick.parts, "patient", id=quick.patient)[0].opted_out_at is None
    assert [(task.kind, task.detail) for task in rows(quick.parts, "task")] == [("number-unreachable", "ana")]


def test_a_lease_that_is_nearly_over_stops_the_call(quick: House) -> None:
    """A worker that was frozen after marking must not post what others may have looked up; it claims it anew."""
    id_ = remind(quick.parts, quick.patient)
    passed = [0.0]

    def freeze(point: str) -> None:
        if point == "after-mark":
            passed[0] = PACE.lease.total_seconds() - 10

    delivery.tick(quick.parts, quick.clock.now(), "w1", at=freeze, seconds=lambda: passed[0])
    twice = ["claimed", "sending", "given-back", "claimed", "sending", "sent"]
    assert story(quick.parts, id_) == ["queued", *twice]
    assert len(quick.sender.sent) == 1


def test_an_answer_that_comes_after_all_takes_the_message_out_of_the_outbox(house: House) -> None:
    """The first worker hangs in its call; another finds nothing at the provider and gives the message back."""
    id_ = remind(house.parts, house.patient)

    def slow(sms: Sms) -> Outcome | None:
        house.sender.answer = lambda sms: None
        house.clock.move(PACE.lease)
        stalled = Moment(EVENING - MINUTE, house.clock.now().running)  # looks up, finds nothing due to send
        delivery.tick(house.parts, stalled, "w2", seconds=lambda: 0.0)
        assert state(house.parts, id_) == "pending"
        return None

    house.sender.answer = slow
    house.tick()
    assert (state(house.parts, id_), len(house.sender.sent)) == ("sent", 1)
    house.tick("w2")
    assert len(house.sender.sent) == 1


SETTLING = timedelta(minutes=5)


def frozen_before_the_call(house: House, how_long: timedelta) -> int:
    """The worker passes its look at the lease and is frozen; another one ticks just before it goes on."""
    id_ = remind(house.parts, house.patient, not_after=EVENING + timedelta(hours=2))
    house.sender.settling = SETTLING
    frozen: list[str] = []

    def freeze(point: str) -> None:
        if point == "before-post" and not frozen:
            frozen.append(point)
            house.clock.move(how_long)
            house.tick("w2")

    house.tick("w1", at=freeze)
    return id_


def test_a_freeze_between_look_and_call_shorter_than_lease_and_settling_sends_once(house: House) -> None:
    """With the least that the look leaves: reserve and settling together, which is what is promised."""
    id_ = frozen_before_the_call(house, PACE.lease + SETTLING - timedelta(seconds=1))
    house.clock.move(MINUTE)
    house.tick("w2")
    assert (state(house.parts, id_), len(house.sender.sent)) == ("sent", 1)


def test_a_longer_freeze_there_can_send_twice_and_is_seen(house: House) -> None:
    """The gap that stays, and how it comes to light: the second text's receipt is an event of the message."""
    id_ = frozen_before_the_call(house, PACE.lease + SETTLING + timedelta(seconds=1))
    assert len(house.sender.sent) == 2
    receipt(house, id_, "delivered", provider_id="memory-2")
    assert "sent-again" in story(house.parts, id_)


# --- receipts


def receipt(house: House, id_: int, status: str, code: int | None = None, provider_id: str = "memory-1") -> bool:
    return settling.settle_receipt(house.parts, id_, provider_id, status, code, house.clock.now())


def test_receipts_move_up_only_and_final_stays_final(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.tick()
    for status, stands in [
        ("queued", "sent"),
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("undelivered", "delivered"),
        ("failed", "delivered"),
        ("delivered", "delivered"),
    ]:
        assert receipt(house, id_, status)
        assert state(house.parts, id_) == stands
    assert story(house.parts, id_).count("delivered") == 1


def test_a_receipt_settles_an_unknown_outcome_without_asking(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    lose_acknowledgement(house)
    house.tick()
    receipt(house, id_, "delivered")
    house.sender.silent = True
    house.clock.move(timedelta(hours=1))
    house.tick("w2")
    assert (state(house.parts, id_), len(house.sender.sent)) == ("delivered", 1)
    assert row(house.parts, id_).segments == 1, "by our own count: a receipt does not tell"


def test_a_receipt_that_overtakes_our_own_record(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)

    def overtake(point: str) -> None:
        if point == "after-post":
            receipt(quick, id_, "delivered")

    quick.tick(at=overtake)
    assert state(quick.parts, id_) == "delivered"
    assert row(quick.parts, id_).segments == 1


@pytest.mark.parametrize(("code", "kind"), [(30005, "number-unreachable"), (21610, None)])
def test_a_failed_receipt_has_the_same_consequences(house: House, code: int, kind: str | None) -> None:
    id_ = remind(house.parts, house.patient)
    house.tick()
    receipt(house, id_, "undelivered", code)
    assert (row(house.parts, id_).state, row(house.parts, id_).error) == ("undelivered", str(code))
    assert [task.kind for task in rows(house.parts, "task")] == ([kind] if kind else [])
    assert (rows(house.parts, "patient", id=house.patient)[0].opted_out_at is None) == (code != 21610)


@pytest.mark.parametrize("code", [30001, 30500])
def test_what_the_provider_broke_down_over_goes_once_more(house: House, code: int) -> None:
    """Receipts of the text that failed come again and out of order: they neither stop nor settle the second one."""
    id_ = remind(house.parts, house.patient)
    house.tick()
    receipt(house, id_, "failed", code)
    assert (state(house.parts, id_), story(house.parts, id_)[-1]) == ("pending", "tried-again")
    for status, said in (("failed", code), ("sent", None), ("queued", None)):
        assert receipt(house, id_, status, said)
    house.tick()
    assert (state(house.parts, id_), len(house.sender.sent)) == ("pending", 1), "not before a minute has passed"
    house.clock.move(MINUTE)
    house.tick()
    assert (state(house.parts, id_), len(house.sender.sent)) == ("sent", 2)
    receipt(house, id_, "sent")
    assert "sent-again" not in story(house.parts, id_)
    receipt(house, id_, "delivered", provider_id="memory-2")
    assert (row(house.parts, id_).state, row(house.parts, id_).provider_id) == ("delivered", "memory-2")


def test_a_breakdown_told_before_our_own_record_is_not_forgotten(house: House) -> None:
    id_ = remind(house.parts, house.patient)

    def overtake(point: str) -> None:
        if point == "after-post":
            receipt(house, id_, "failed", 30500)

    house.tick(at=overtake)
    assert state(house.parts, id_) == "pending"
    house.clock.move(MINUTE)
    lose_acknowledgement(house)
    house.tick()
    house.clock.move(timedelta(minutes=3))
    house.tick("w2")
    assert (row(house.parts, id_).provider_id, len(house.sender.sent)) == ("memory-2", 2), "the first text is no proof"


def test_a_provider_that_goes_on_breaking_down_is_given_up(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    for n in range(1, 4):
        house.tick()
        receipt(house, id_, "failed", 30500, f"memory-{n}")
        house.clock.move(5 * MINUTE)
    assert (row(house.parts, id_).state, row(house.parts, id_).error) == ("failed", "30500")
    assert len(house.sender.sent) == 3


def test_a_breakdown_is_no_reason_to_send_too_late(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient, not_after=EVENING + MINUTE)
    quick.tick()
    receipt(quick, id_, "failed", 30500)
    quick.clock.move(2 * MINUTE)
    quick.tick()
    assert (row(quick.parts, id_).state, row(quick.parts, id_).error) == ("dropped", "too-late")


def test_receipts_for_what_was_never_marked_or_never_was(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient, due_at=EVENING + MINUTE)
    assert not receipt(quick, id_, "delivered")
    assert not receipt(quick, 4711, "delivered")
    assert not receipt(quick, id_, "no such word")
    assert state(quick.parts, id_) == "pending"


# --- redaction


def test_a_final_message_is_redacted_once(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.tick()
    assert quick.sender.redacted == [], "not final yet"
    receipt(quick, id_, "delivered")
    quick.tick()
    quick.tick()
    assert quick.sender.redacted == ["memory-1"]
    assert row(quick.parts, id_).redacted_at is not None


def test_a_provider_that_hangs_over_old_texts_does_not_hold_up_the_tick(quick: House) -> None:
    sent = [remind(quick.parts, quick.patient, due_at=EVENING + n * MINUTE) for n in range(3)]
    for _ in sent:
        quick.tick()
        quick.clock.move(MINUTE)
    for id_ in sent:
        receipt(quick, id_, "delivered", provider_id=str(row(quick.parts, id_).provider_id))
    passed, asked = [0.0], list[str]()

    def hang(provider_id: str) -> None:
        asked.append(provider_id)
        passed[0] += 20

    redact, quick.sender.redact = quick.sender.redact, hang  # type: ignore[method-assign]
    held_up = delivery.tick(quick.parts, quick.clock.now(), "w1", seconds=lambda: passed[0])
    assert (held_up.redacted, len(asked)) == (0, 1)
    quick.sender.redact = redact  # type: ignore[method-assign]
    assert quick.tick().redacted == 3, "nothing is forgotten over it"


def test_what_a_text_cost_is_told_as_it_is_redacted(house: House) -> None:
    dear, free = remind(house.parts, house.patient), digits_text(house.parts, house.patient)
    house.tick()
    ids = {one: str(row(house.parts, one).provider_id) for one in (dear, free)}
    house.sender.costs = {ids[dear]: "0.15960 USD"}
    for one in (dear, free):
        receipt(house, one, "delivered", provider_id=ids[one])
    house.tick()
    assert sorted(house.sender.redacted) == sorted(ids.values())
    assert [(row(house.parts, one).cost, row(house.parts, one).redacted_at is None) for one in (dear, free)] == [
        ("0.15960 USD", False),
        (None, False),
    ]


def test_a_text_whose_segments_the_provider_does_not_tell_has_our_own_count(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.answer(Accepted("service-1"))
    quick.tick()
    assert (state(quick.parts, id_), row(quick.parts, id_).segments) == ("sent", 1)


def test_one_whose_receipt_never_came_is_redacted_all_the_same(quick: House) -> None:
    remind(quick.parts, quick.patient)
    quick.tick()
    quick.clock.move(timedelta(days=2, seconds=1))
    quick.tick()
    assert quick.sender.redacted == ["memory-1"]


def test_an_accepted_text_that_stands_on_the_phone_is_delivered(quick: House) -> None:
    id_ = remind(quick.parts, quick.patient)
    quick.answer(Accepted("virtual-1", delivered=True))
    quick.tick()
    assert state(quick.parts, id_) == "delivered"


# --- the outbox


def test_a_dedupe_key_makes_one_message(house: House) -> None:
    first = remind(house.parts, house.patient)
    found = row(house.parts, first)
    with house.parts.study.writing() as session:
        again = messages.queue(
            session,
            dedupe_key=found.dedupe_key,
            site_id=found.site_id,
            patient_id=found.patient_id,
            staff_id=None,
            template="reminder",
            language="fr",
            due_at=EVENING,
            not_after=EVENING,
        )
    assert again is None
    assert len(rows(house.parts, "message")) == 1


def test_two_workers_never_hold_the_same_message(house: House) -> None:
    ids = {remind(house.parts, make_patient(house.parts, house.made, f"R-{n:03d}")) for n in range(2, 12)}
    now = house.clock.now()
    until = now.running + PACE.lease
    with house.parts.study.writing() as session:
        one = leases.claim(session, "w1", now.study, now.running, until, 4)
    with house.parts.study.writing() as session:
        two = leases.claim(session, "w2", now.study, now.running, until, 20)
    assert len(one) == 4
    assert set(one) | set(two) == ids
    assert not set(one) & set(two)


def test_no_number_in_the_study_database(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    id_ = remind(house.parts, house.patient)
    house.answer(Refused("21614", "not a mobile", "wrong-number"))
    house.tick()
    digits_text(house.parts, house.patient)
    house.tick()
    receipt(house, id_, "delivered", provider_id="memory-9")
    said = caplog.text + "".join(
        repr(rows(house.parts, table))
        for table in ("message", "message_event", "task", "audit_event", "link", "patient")
    )
    assert "612345678" not in said


def test_a_reminder_is_queued_while_its_patient_is_locked(database_urls: Urls, engine_kind: str) -> None:
    """Else the reminding tick, which holds the assessment, and a submission, which holds the patient, wait for each other."""
    if engine_kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    house = House(database_urls)
    with house.parts.study.writing() as submitting, house.parts.study.writing() as reminding:
        lock_patient(submitting, house.patient)
        reminding.execute(text("SET LOCAL lock_timeout = '2s'"))
        queued = messages.queue(
            reminding,
            dedupe_key="reminder:meanwhile",
            site_id=house.made.sites["R"],
            patient_id=house.patient,
            staff_id=None,
            template="reminder",
            language="fr",
            due_at=EVENING,
            not_after=EVENING,
        )
        assert queued is not None
    house.parts.study.close()
