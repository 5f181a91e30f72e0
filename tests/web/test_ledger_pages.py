"""What the desk says of messages: the morning's line, each step's fate, and that something is wrong."""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update

from pro.clock import Moment
from pro.services import checkup, health
from pro.services.enrolment import COMMAND_LINE
from pro.services.enrolment.holding import hold, pause
from pro.store import courses
from pro.store.tables import Task, metadata
from tests.factories import NOW, make_patient, make_staff
from tests.services.test_bells import set_bells, walk
from tests.web.test_desk import Desk, desk
from tests.web.test_enrolment_pages import plain

__all__ = ["desk"]
t = metadata.tables


def put(desk: Desk, patient: int, state: str, minutes: int = 10, template: str = "reminder") -> int:
    due = NOW - timedelta(minutes=minutes)
    values = {"site_id": desk.made.sites["R"], "patient_id": patient, "template": template, "language": "fr"}
    values |= {"dedupe_key": f"k{patient}{minutes}", "due_at": due, "not_after": due, "state": state, "attempts": 1}
    with desk.parts.study.writing() as session:
        made = session.connection().execute(insert(t["message"]).values(**values).returning(t["message"].c.id))
        return int(made.scalar_one())


def announce(desk: Desk, message: int, patient: int, *, opened: bool, answered: bool) -> None:
    """Gives the message a step and a link, on whose page Start may have been pressed."""
    with desk.parts.study.writing() as session:
        connection = session.connection()
        mine = t["assessment"].c.patient_id == patient
        row = connection.execute(t["assessment"].select().where(mine, t["assessment"].c.timepoint == "diary")).first()
        assert row is not None
        step = {"assessment_id": row.id, "step": f"s{message}", "planned_at": NOW, "message_id": message}
        connection.execute(insert(t["reminder"]).values(**step))
        link = {"token_hash": f"h{message}", "patient_id": patient, "message_id": message}
        connection.execute(insert(t["link"]).values(**link, made_at=NOW, expires_at=NOW))
        if opened:
            session_ = {"token_hash": f"p{message}", "patient_id": patient, "link_hash": f"h{message}"}
            times = {"made_at": NOW, "expires_at": NOW}
            connection.execute(
                insert(t["patient_session"]).values(**session_, **times, mode="own-phone", language="fr")
            )
        if answered:
            connection.execute(update(t["assessment"]).where(t["assessment"].c.id == row.id).values(submitted_at=NOW))


def beat(desk: Desk, at: datetime = NOW) -> None:
    with desk.parts.study.writing() as session:
        session.connection().execute(insert(t["heartbeat"]).values(worker="w", at=at, every=15, ticks=1))


def test_the_morning_s_line_counts_what_was_to_be_sent_and_names_what_nobody_reaches(desk: Desk) -> None:
    first, second = (make_patient(desk.parts, desk.made, number) for number in ("R-001", "R-002"))
    desk.sign_in("coo")
    assert "No message was due yet today" in desk.page("/staff/")
    put(desk, first, "delivered")
    put(desk, first, "dropped", 20)
    put(desk, second, "undelivered")
    put(desk, second, "delivered", 60 * 24)
    page = desk.page("/staff/")
    assert "1 of 2 sent this morning." in page
    assert "Of the SMS that fell due" not in page, "nothing there to wonder about"
    with desk.parts.study.writing() as session:
        session.add(
            Task(site_id=desk.made.sites["R"], patient_id=second, kind="number-unreachable", detail="", made_at=NOW)
        )
    page = desk.page("/staff/")
    assert re.search(r'1 of 2 sent this morning, <a href="#calls">1 number unreachable</a>\.', page)
    said = page.partition("1 number unreachable</a>.")[2].partition("</p>")[0]
    assert "Of the SMS that fell due." in said, "why those of the unreachable number are not of the two"
    assert 'href="/staff/messages?show=not-sent"' in said
    assert "R-002" in page[page.index('id="calls"') :]


def test_a_message_says_that_it_was_opened_and_answered(desk: Desk) -> None:
    patients = [make_patient(desk.parts, desk.made, f"R-00{n}") for n in (1, 2, 3)]
    for patient, opened, answered in zip(patients, (False, True, True), (True, False, True), strict=True):
        announce(desk, put(desk, patient, "delivered"), patient, opened=opened, answered=answered)
    desk.sign_in("coo")
    for number, said in (("R-001", "delivered</span>"), ("R-002", "delivered, opened</span>")):
        assert said in desk.page(f"/staff/patients/{number}")
    assert "delivered, opened, answered 08:04</span>" in desk.page("/staff/patients/R-003")
    unsure = put(desk, patients[0], "undelivered", 5)
    announce(desk, unsure, patients[0], opened=True, answered=False)
    page = desk.page("/staff/messages")
    assert "sent, opened, answered</span>" in page, "whoever opened it has got it, whatever the network said"
    assert (page.count("delivered, opened, answered"), page.count("delivered, opened</span>")) == (1, 1)


def test_every_signed_in_member_of_staff_sees_that_something_is_wrong_and_whom_to_tell(desk: Desk) -> None:
    beat(desk, NOW - timedelta(seconds=46))
    assert "Reminders may be late" not in desk.client.get("/staff/").get_data(as_text=True), "signed in, not before"
    for login in ("coo", "inv", "mon"):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        for path in ("/staff/", "/staff/messages"):
            page = desk.page(path)
            assert "What sends the reminders has stopped." in page
            assert "Please tell whoever runs this service at your hospital." in page
    desk.client = desk.app.test_client()
    desk.sign_in("dm")
    assert "envoi des rappels est arrêté." in desk.page("/staff/")


def test_whom_to_tell_is_in_the_hospital_s_words_and_all_is_calm_while_it_runs(desk: Desk) -> None:
    beat(desk)
    desk.sign_in("coo")
    assert "Reminders may be late" not in desk.page("/staff/")
    settings = dataclasses.replace(desk.parts.settings, support="the IT desk, 1234")
    other = Desk(dataclasses.replace(desk.parts, settings=settings), desk.made)
    other.clock.move(timedelta(seconds=46))
    other.sign_in("coo")
    assert "Please tell the IT desk, 1234." in other.page("/staff/")


@pytest.mark.parametrize(("demo", "late"), [(False, 46), (True, 46)])
def test_the_desk_and_the_alarm_for_machines_ring_together(desk: Desk, demo: bool, late: int) -> None:
    """Also where a page was calm a moment before; what is calm is not looked at more often for it."""
    settings = dataclasses.replace(desk.parts.settings, demo=demo)
    desk = Desk(dataclasses.replace(desk.parts, settings=settings), desk.made)
    beat(desk)
    desk.clock.move(timedelta(seconds=late - 2))
    desk.sign_in("coo")
    for seconds, rings in ((0, False), (1, False), (1, True)):
        desk.clock.move(timedelta(seconds=seconds))
        assert ("Reminders may be late" in desk.page("/staff/messages")) is rings
        assert desk.client.get("/healthz").status_code == (503 if rings else 200)
    mend = "`PRO_DEMO=1 pro worker`" if demo else "start `pro worker`"
    assert [mend in each.mend for each in health.look(desk.parts, desk.clock.now()).alarms] == [True]


def test_a_journey_that_was_not_made_is_said_to_staff_to_machines_and_by_doctor(desk: Desk) -> None:
    """It was planned from today on, an hour or so before this morning."""
    away = make_patient(desk.parts, desk.made)
    before = NOW - timedelta(days=3)
    with desk.parts.study.writing() as session:
        courses.add_journey(session, away, NOW.date(), "Asia/Tokyo", before, before)
    beat(desk)
    desk.sign_in("coo")
    assert "reminders still go by the clocks of before." in desk.page("/staff/")
    answer = desk.client.get("/healthz")
    assert (answer.status_code, answer.get_json()["overdue_journey_seconds"] > 0) == (503, True)
    told = {each.what: each.ok for each in checkup.messages(desk.parts, desk.clock.now())}
    assert told == {"messages": True, "journeys": False, "outcomes": True, "clock steps": True}
    desk.client = desk.app.test_client()
    desk.sign_in("dm")
    assert "a pas été pris en compte à temps : ses rappels suivent encore" in plain(desk.page("/staff/"))


def test_the_demonstration_gives_its_worker_time_to_move_the_clock(desk: Desk) -> None:
    """It ticks every two seconds; three of them would ring at every hour that is skipped."""
    settings = dataclasses.replace(desk.parts.settings, demo=True)
    desk = Desk(dataclasses.replace(desk.parts, settings=settings), desk.made)
    with desk.parts.study.writing() as session:
        session.connection().execute(insert(t["heartbeat"]).values(worker="w", at=NOW, every=2, ticks=1))
    put(desk, make_patient(desk.parts, desk.made), "pending", 60, "test")
    for seconds, status in ((30, 200), (1, 503)):
        desk.clock.move(timedelta(seconds=seconds))
        assert desk.client.get("/healthz").status_code == status


def test_a_patient_s_steps_are_told_from_planned_to_answered_with_their_times(desk: Desk) -> None:
    patient = make_patient(desk.parts, desk.made)
    desk.sign_in("coo")
    wanted = t["assessment"].select().where(t["assessment"].c.timepoint == "diary")
    evening = NOW - timedelta(hours=14, minutes=4)
    with desk.parts.study.writing() as session:
        connection = session.connection()
        diary = connection.execute(wanted.where(t["assessment"].c.day == evening.date())).one()
        values = {"site_id": desk.made.sites["R"], "patient_id": patient, "template": "reminder", "language": "fr"}
        values |= {"dedupe_key": "k", "due_at": evening, "not_after": evening, "attempts": 1, "sent_at": evening}
        made = connection.execute(
            insert(t["message"]).values(**values, state="delivered").returning(t["message"].c.id)
        ).scalar_one()
        step = {"assessment_id": diary.id, "step": "at-18:00", "planned_at": evening, "message_id": made}
        connection.execute(insert(t["reminder"]).values(**step))
        later = {"assessment_id": diary.id, "step": "at-20:00", "planned_at": evening + timedelta(hours=2)}
        connection.execute(insert(t["reminder"]).values(**later, message_id=None, why_none="submitted"))
        receipt = {"message_id": made, "kind": "delivered", "at": evening + timedelta(minutes=1)}
        connection.execute(insert(t["message_event"]).values(**receipt))
        link = {"token_hash": "h", "patient_id": patient, "message_id": made, "made_at": NOW, "expires_at": NOW}
        connection.execute(insert(t["link"]).values(**link))
        opened = {"token_hash": "p", "patient_id": patient, "link_hash": "h", "made_at": NOW, "expires_at": NOW}
        connection.execute(insert(t["patient_session"]).values(**opened, mode="own-phone", language="fr"))
        times = {"started_at": evening + timedelta(minutes=20), "submitted_at": evening + timedelta(minutes=24)}
        connection.execute(update(t["assessment"]).where(t["assessment"].c.id == diary.id).values(**times))
    page = desk.page("/staff/patients/R-001")
    lines = [re.sub(r"<[^>]+>|\s+", " ", each) for each in re.findall(r"<li><span class=\"at\">.*?</li>", page, re.S)]
    said = [" ".join(line.split()) for line in lines]
    assert said == [
        "Thu 16 Apr 18:00 reminder , Daily diary of 16 Apr planned",
        "Wed 15 Apr 20:00 reminder , Daily diary of 15 Apr planned",
        "Wed 15 Apr 18:00 reminder , Daily diary of 15 Apr planned",
        "Tue 14 Apr 20:00 reminder , Daily diary of 14 Apr not sent: the patient answered before it could leave",
        "Tue 14 Apr 18:00 reminder , Daily diary of 14 Apr delivered 18:01, opened 18:20, answered 18:24",
    ]


def test_the_sum_comes_before_fifty_rows_and_the_two_lists_have_names_of_their_own(desk: Desk) -> None:
    put(desk, make_patient(desk.parts, desk.made), "delivered")
    make_staff(desk.parts, desk.made, "fr", role="coordinator", language="fr")
    for login, total, tab in (
        ("coo", "1 of 1 sent", "Stopped before they left"),
        ("fr", "1 sur 1 envoyé", "Arrêtés avant le départ"),
    ):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        page = plain(desk.page("/staff/messages"))
        assert page.index(total) < page.index(tab) < page.index("<tbody>")
        assert page.count(tab) == 1


def lines_of(page: str) -> list[str]:
    found = [re.sub(r"<[^>]+>|\s+", " ", each) for each in re.findall(r"<li><span class=\"at\">.*?</li>", page, re.S)]
    return [" ".join(line.split()) for line in found]


@pytest.mark.parametrize(
    ("login", "said"), [("coo", "will not be sent: no reachable number"), ("fr", "ne sera pas envoyé : aucun numéro")]
)
def test_no_reminder_is_promised_to_a_number_that_nobody_reaches(desk: Desk, login: str, said: str) -> None:
    patient = make_patient(desk.parts, desk.made)
    make_staff(desk.parts, desk.made, "fr", role="coordinator", language="fr")
    with desk.parts.study.writing() as session:
        session.execute(update(t["patient"]).where(t["patient"].c.id == patient).values(number_wrong_at=NOW))
    desk.sign_in(login)
    lines = lines_of(plain(desk.page("/staff/patients/R-001")))
    assert len(lines) == 3
    assert all(said in line for line in lines)


def test_a_reminder_asked_for_later_is_over_once_everything_it_is_for_was_answered(desk: Desk) -> None:
    patient = make_patient(desk.parts, desk.made)
    make_staff(desk.parts, desk.made, "fr", role="coordinator", language="fr")
    later = put(desk, patient, "pending", minutes=-38)
    desk.sign_in("coo")
    announce(desk, later, patient, opened=False, answered=False)
    assert "about to go out" in "".join(lines_of(desk.page("/staff/patients/R-001")))
    with desk.parts.study.writing() as session:
        done = t["reminder"].select().where(t["reminder"].c.message_id == later)
        row = session.execute(done).one()
        session.execute(
            update(t["assessment"]).where(t["assessment"].c.id == row.assessment_id).values(submitted_at=NOW)
        )
    page = "".join(lines_of(desk.page("/staff/patients/R-001")))
    assert "will not be sent: the patient answered" in page
    assert "about to go out" not in page
    desk.client = desk.app.test_client()
    desk.sign_in("fr")
    assert "sur le départ" not in plain(desk.page("/staff/patients/R-001"))


def test_a_step_in_silence_stands_on_both_lists_the_same_evening(desk: Desk) -> None:
    """Asked why there was no SMS tonight, the site has a line to point at."""
    patient = make_patient(desk.parts, desk.made)
    paused = make_patient(desk.parts, desk.made, "R-002", telephone="+33612345679")
    for each in (patient, paused):
        set_bells(desk.parts, each, NOW)
    hold(desk.parts, COMMAND_LINE, patient, "hospital", Moment(NOW, NOW))
    pause(desk.parts, COMMAND_LINE, paused, NOW.date(), NOW.date(), "holiday", Moment(NOW, NOW))
    evening = NOW + timedelta(hours=13, minutes=57)
    walk(desk.parts, evening)
    desk.clock.moment = Moment(evening, NOW)
    desk.sign_in("coo")
    pages = (desk.page(f"/staff/{path}") for path in ("patients/R-001", "messages"))
    patients, messages = (" ".join(re.sub(r"<[^>]+>|\s+", " ", page).split()) for page in pages)
    for clock in ("18:00", "20:00"):
        assert (
            f"Wed 15 Apr {clock} reminder , Daily diary of 15 Apr not sent: the patient was on hold at that time"
            in patients
        )
        assert f"15 Apr {clock} R-001 the patient was on hold at that time" in messages
        assert f"15 Apr {clock} R-002 the patient was on a pause at that time" in messages
