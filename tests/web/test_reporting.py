"""What the patient opens: offered where the protocol has it, begun by one touch, never twice at once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from pro.app import create_app
from pro.clock import FixedClock
from pro.library import Library
from pro.store.tables import metadata
from pro.web.words import say
from tests import factories, reported
from tests.services import play
from tests.web.test_patient_pages import DAY0, EVENING, TOKEN, Phone, plain

ASSESSMENT = metadata.tables["assessment"]
RAID = {f"raid.{item}": 3 for item in ("pain", "function", "fatigue", "sleep", "physical", "emotional", "coping")}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return reported.books(tmp_path_factory.mktemp("books"))


@pytest.fixture
def phone(sqlite_urls: tuple[str, str], books: Library) -> Phone:
    return in_study(sqlite_urls, books)


def in_study(urls: tuple[str, str], books: Library, day0: date = DAY0) -> Phone:
    parts = factories.make_parts(urls, FixedClock(EVENING), books=books)
    patient_id = factories.make_patient(parts, factories.make_study(parts), day0=day0, language="fr")
    play.give_link(parts, patient_id, TOKEN, until=EVENING + timedelta(days=9))
    return Phone(parts, create_app(parts).test_client(), patient_id)


def opened(phone: Phone, timepoint: str = "report") -> list[Any]:
    with phone.parts.study.reading() as session:
        wanted = select(ASSESSMENT).where(ASSESSMENT.c.timepoint == timepoint).order_by(ASSESSMENT.c.id)
        return list(session.connection().execute(wanted))


def report(phone: Phone, timepoint: str = "report", js: str = "") -> Any:
    return phone.post(f"/d/{TOKEN}/start", {"js": js, "start": f"report:{timepoint}"}, page=f"/d/{TOKEN}")


def offers(text: str) -> list[str]:
    return re.findall(r'value="report:(\w+)"', text) + re.findall(r'name="report" value="(\w+)"', text)


def done(phone: Phone, timepoint: str = "diary") -> None:
    """What waits of that timepoint is sent."""
    for row in opened(phone, timepoint):
        with phone.parts.study.writing() as session:
            values = {"submitted_at": phone.parts.clock.now().study, "answered": True}
            session.connection().execute(ASSESSMENT.update().where(ASSESSMENT.c.id == row.id).values(**values))


def test_the_start_page_offers_it_and_changes_nothing(phone: Phone) -> None:
    text = plain(phone.get())
    assert "Quelque chose à signaler ?" in text
    assert "Signaler une poussée" in text
    assert "7 questions, environ 2 minutes." in text
    assert offers(text) == ["report", "attack"]
    assert plain(phone.get(f"/d/{TOKEN}?lang=en")).count("Something to report?") == 1
    assert opened(phone) == []


def test_a_protocol_without_it_offers_nothing(sqlite_urls: tuple[str, str]) -> None:
    phone = in_study(sqlite_urls, factories.the_library())
    assert "signaler" not in phone.get().text
    answer = report(phone)
    assert (answer.status_code, answer.location) == (303, f"/d/{TOKEN}")
    done(phone)
    assert "signaler" not in phone.get().text


def test_without_script_it_begins_at_its_first_question(phone: Phone) -> None:
    answer = report(phone)
    (row,) = opened(phone)
    assert answer.status_code == 303
    assert answer.location == f"/d/item/raid.pain?a={row.id}"
    assert row.started_at == EVENING
    assert "Signaler une poussée" in plain(phone.get(answer.location))


def test_with_script_its_questions_come_into_the_page(phone: Phone) -> None:
    state = phone.state(report(phone, js="piece"))
    (row,) = opened(phone)
    assert state["assessment"] == row.id
    assert phone.save(state, RAID).status_code == 200
    assert phone.send("/d/submit", {"assessment": row.id}, state["token"]).status_code == 200


def test_twice_at_once_is_once(phone: Phone) -> None:
    report(phone)
    assert offers(phone.get().text) == ["attack"], "it waits among what was begun, and is not offered a second time"
    first = opened(phone)
    assert report(phone).location == f"/d/item/raid.pain?a={first[0].id}", "such as a page opened before"
    assert opened(phone) == first
    assert say("phone.start.resume", "fr") in phone.get().text


def test_sent_it_may_not_be_opened_again_that_day_but_the_next(phone: Phone) -> None:
    report(phone)
    done(phone, "report")
    assert "report" not in offers(phone.get().text)
    assert report(phone).location == f"/d/{TOKEN}"
    play.stand(phone.parts, EVENING + timedelta(days=1))
    assert "report" in offers(phone.get().text)
    report(phone)
    assert [row.day for row in opened(phone)] == [EVENING.date(), EVENING.date() + timedelta(days=1)]


def test_what_is_open_for_48_hours_is_not_opened_beside_itself_the_next_day(phone: Phone) -> None:
    report(phone, "attack")
    play.stand(phone.parts, EVENING + timedelta(days=1))
    assert "attack" not in offers(phone.get().text)
    report(phone, "attack")
    assert len(opened(phone, "attack")) == 1
    play.stand(phone.parts, EVENING + timedelta(days=2))
    assert "attack" in offers(phone.get().text)


def test_where_nothing_is_due_it_can_be_reported(phone: Phone) -> None:
    done(phone)
    text = plain(phone.get())
    assert plain(say("phone.status.nothing-due.title", "fr")) in text
    assert offers(text) == ["report", "attack"]
    assert phone.client.post(f"/d/{TOKEN}/start", data={"start": "report:report"}).status_code == 400, "no token"
    assert opened(phone) == []
    assert "raid.pain" in report(phone, js="1").text


def test_before_the_first_day_nothing_can_be_reported(sqlite_urls: tuple[str, str], books: Library) -> None:
    phone = in_study(sqlite_urls, books, EVENING.date() + timedelta(days=3))
    assert offers(phone.get().text) == []
    report_to = {"start": "report:report", "js": ""}
    assert phone.post(f"/d/{TOKEN}/start", report_to, page=f"/d/{TOKEN}/stop").location == f"/d/{TOKEN}"


@pytest.mark.parametrize("js", ["1", ""])
def test_after_sending_it_can_be_reported_in_the_same_session(phone: Phone, js: str) -> None:
    state = phone.state(phone.start())
    phone.save(state, play.CALM)
    sent = phone.send("/d/submit", {"assessment": state["assessment"], "lang": "fr"}, state["token"]).text
    text = sent if js else phone.get(f"/d/thanks?a={state['assessment']}").text
    assert offers(text) == ["report", "attack"]
    token = re.findall(r'name="token" value="([^"]+)"', text)[0]
    refused = phone.client.post("/d/continue", data={"token": "no", "report": "report", "js": js})
    assert refused.status_code == 400
    assert opened(phone) == []
    answer = phone.client.post("/d/continue", data={"token": token, "report": "report", "js": js})
    (row,) = opened(phone)
    assert answer.location == f"/d/{'now' if js else 'item'}?a={row.id}"
    assert row.started_at == EVENING
    assert "raid.pain" in phone.client.get(answer.location, follow_redirects=True).text
