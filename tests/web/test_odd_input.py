"""What no page of ours would send: refused in one line or passed over, never a fault of ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from pro.app import create_app
from pro.clock import FixedClock
from pro.services import access, answering
from pro.services.access import SignedIn
from pro.services.answering import Started
from pro.services.parts import Parts
from pro.store.tables import metadata
from pro.web.csrf import script_token
from tests import factories
from tests.conftest import Urls
from tests.services import play

EVENING = datetime(2026, 4, 14, 16, 7, tzinfo=UTC)
TOKEN = "f" * 22
HUGE = "9" * 19
BEYOND = (HUGE, "9" * 5000, str(2**63))
FAR = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
HTML = {"Accept": "text/html"}


@dataclass
class House:
    """One study, one patient who has begun to answer, one investigator at the desk."""

    parts: Parts
    app: Flask
    phone: FlaskClient
    desk: FlaskClient
    assessment: int
    token: str

    def send(self, path: str, body: str) -> Any:
        headers = {"X-Pro-Token": self.token, "Content-Type": "application/json"}
        return self.phone.post(path, data=body, headers=headers)

    def saves(self, *saves: object, **body: object) -> Any:
        return self.send("/d/save", json.dumps({"assessment": self.assessment, "saves": list(saves), **body}))

    def kept(self) -> list[Any]:
        with self.parts.study.reading() as session:
            return list(session.connection().execute(select(metadata.tables["answer_save"])))


@pytest.fixture
def house(sqlite_urls: Urls) -> House:
    return opened(sqlite_urls)


def opened(urls: Urls) -> House:
    parts = factories.make_parts(urls, FixedClock(EVENING))
    made = factories.make_study(parts)
    factories.make_staff(parts, made, "inv")
    patient_id = factories.make_patient(parts, made, day0=date(2026, 4, 5))
    play.give_link(parts, patient_id, TOKEN, until=EVENING + timedelta(days=2))
    app = create_app(parts)
    started = answering.start(parts, TOKEN, parts.clock.now())
    signed = access.sign_in(parts, "inv", factories.PASSWORD, "10.0.0.1", parts.clock.now())
    assert isinstance(started, Started)
    assert isinstance(signed, SignedIn)
    phone, desk = app.test_client(), app.test_client()
    phone.set_cookie("pro", started.session_token)
    desk.set_cookie("staff", signed.token)
    with app.app_context():
        token = script_token(started.session_token)
    return House(parts, app, phone, desk, started.sitting.assessment_id, token)


GOOD: dict[str, object] = {
    "client": "c",
    "seq": 1,
    "item": "joint-pain-diary.worst_pain",
    "code": "answered",
    "value": 3,
}


# --- what a script sends


def test_a_list_of_saves_that_is_none_is_refused(house: House) -> None:
    for saves in [5, None, True, "abc", {"a": 1}, [1], [None, "x"]]:
        assert house.saves(saves=saves).status_code == 400, saves


def test_one_odd_save_keeps_back_the_whole_list(house: House) -> None:
    assert house.saves(GOOD, "junk").status_code == 400
    assert house.kept() == []
    assert house.saves(GOOD).json["acknowledged"] == [["c", 1]]


ODD: list[dict[str, object]] = [
    {"client": "a\0b"},
    {"client": "\ud800"},
    {"client": "x" * 65},
    {"item": "\ud800.x"},
    {"code": "\ud800"},
    {"value": "\ud800"},
    {"value": "a\0b"},
    {"seq": 10**30},
    {"seq": -1},
    {"seq": True},
    {"seq": 1.5},
]


def test_a_save_out_of_range_is_refused(house: House) -> None:
    for odd in ODD:
        answer = house.saves({**GOOD, **odd})
        assert (answer.status_code, answer.text.count("\n")) == (400, 1), odd


CLOCKS: list[dict[str, object]] = [{"at": FAR[0]}, {"at": FAR[1]}, {"at": 5}, {"offset": 10**40}, {"offset": True}]


def test_a_phone_with_a_wrong_clock_loses_no_answer(house: House) -> None:
    for n, odd in enumerate(CLOCKS):
        assert house.saves({**GOOD, "seq": n, **odd}).json["acknowledged"] == [["c", n]]
    assert {(row.phone_at, row.phone_offset) for row in house.kept()} == {(None, None)}


@pytest.mark.parametrize("path", ["/d/save", "/d/submit"])
def test_an_assessment_that_is_no_number_of_a_row_is_refused(house: House, path: str) -> None:
    for assessment in [10**30, 2**63, -1, True, "1", None]:
        body = json.dumps({"assessment": assessment, "saves": [GOOD]})
        assert house.send(path, body).status_code == 400, assessment


@pytest.mark.parametrize("path", ["/d/save", "/d/submit"])
@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"a":' * 100_000, "", "[]", "{", '{"assessment": ' + "9" * 5000 + "}"]
)
def test_what_cannot_be_read_is_refused(house: House, path: str, body: str) -> None:
    assert house.send(path, body).status_code == 400


# --- addresses


def test_any_name_may_stand_in_the_address_of_a_phone_page(house: House) -> None:
    for name, path in product(["path", "self", "values", "lang"], (f"/d/{TOKEN}", "/d/now", "/d/nobody", "/nowhere")):
        assert house.phone.get(f"{path}?{name}=x", headers=HTML).status_code in (200, 404), path


def test_what_stands_in_an_address_is_carried_along_quoted(house: House) -> None:
    text = house.phone.get(f"/d/{TOKEN}?x=a%26b%3D%22c", headers=HTML).text
    assert "x=a%26b%3D%22c" in text


def test_a_number_that_no_row_has_is_not_found(house: House) -> None:
    for path, number in product(
        ["flares/{}", "tasks/{}", "enrol/{}", "enrol/{}/phone", "enrol?site={}", "patients/{}"], BEYOND
    ):
        assert house.desk.get(f"/staff/{path.format(number)}", headers=HTML).status_code == 404, path


def test_a_number_that_no_row_has_is_passed_over_by_the_phone(house: House) -> None:
    for path, number in product(("now", "review", "item", "thanks"), [*BEYOND, "-1", "x"]):
        assert house.phone.get(f"/d/{path}?a={number}", headers=HTML).status_code < 400, path


def test_an_instant_out_of_the_calendar_is_passed_over(house: House) -> None:
    for path, at in product(["messages?before={}~1", "audit?before={}~patient:R-001~1"], FAR):
        assert house.desk.get(f"/staff/{path.format(quote(at))}", headers=HTML).status_code == 200, path


def test_a_page_of_a_list_that_cannot_be_is_the_first_one(house: House) -> None:
    at = quote(EVENING.isoformat())
    paths = [
        path
        for number in BEYOND
        for path in (
            f"messages?before={at}~{number}",
            f"audit?before={at}~patient:R-001~{number}",
            f"compliance?site={number}",
        )
    ]
    for path in paths:
        assert house.desk.get(f"/staff/{path}", headers=HTML).status_code == 200, path


def test_a_day_out_of_the_calendar_is_said_to_be_wrong(house: House) -> None:
    for day, name in product(["0001-01-01", "9999-12-31", "tomorrow"], ("from", "to")):
        answer = house.desk.get(f"/staff/audit?{name}={day}", headers=HTML)
        assert (answer.status_code, "year-month-day" in answer.text) == (200, True)


def test_a_nul_is_refused_everywhere(database_urls: Urls) -> None:
    house = opened(database_urls)
    for path in (
        "patients/a%00b",
        "patients?after=%00",
        "audit?before=2026-04-15T00:00:00%2B00:00~a%00~1",
        "?lang=%00",
    ):
        assert house.desk.get(f"/staff/{path}", headers=HTML).status_code == 400, path
    assert house.phone.post(f"/d/{TOKEN}/start", data={"start": "\0"}).status_code == 400
    house.parts.study.close()
    house.parts.contacts.close()


# --- back to where one came from


def test_an_address_to_go_back_to_that_is_none_leads_to_the_first_page(house: House) -> None:
    for after in ["http://[", "/staff/\n", "/staff/\r\nX: y", "/staff/\x7f", "//evil.example/staff/"]:
        answer = house.desk.get("/staff/", query_string={"after": after})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/"), after


def test_a_page_of_the_desk_is_gone_back_to(house: House) -> None:
    answer = house.desk.get("/staff/", query_string={"after": "/staff/patients?after=R-001"})
    assert answer.headers["Location"] == "/staff/patients?after=R-001"
