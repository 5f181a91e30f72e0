"""A clinician's form is declared not done: it leaves Today, says so where it is missing, and is expected again."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro.services import undoing
from pro.services.overview import today
from pro.store.tables import Role, metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_staff
from tests.web.test_exam_pages import PAGE, SHEET, Desk


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(sqlite_urls)
    yield Desk(parts)
    parts.study.close()
    parts.contacts.close()


def declare(client: FlaskClient, why: str = "refused") -> TestResponse:
    return client.post(f"{PAGE}/not-done", data={"why": why})


def text(client: FlaskClient, path: str) -> str:
    return html.unescape(client.get(path).get_data(as_text=True))


def standing(desk: Desk) -> list[tuple[str, bool]]:
    with desk.parts.study.reading() as session:
        rows = session.execute(select(metadata.tables["not_done"]).order_by("id"))
        return [(row.why, row.taken_back_at is None) for row in rows]


def kinds(desk: Desk) -> list[tuple[str, str]]:
    with desk.parts.study.reading() as session:
        events = metadata.tables["audit_event"]
        rows = session.execute(select(events).where(events.c.kind.startswith("exam.")).order_by(events.c.seq))
        return [(row.kind, json.loads(row.payload).get("why", "")) for row in rows]


def test_it_leaves_today_and_says_so_on_the_patient_s_pages(desk: Desk) -> None:
    client = desk.sit()
    assert PAGE in text(client, "/staff/")
    answer = client.post(f"{PAGE}/not-done", data={"why": "refused"}, follow_redirects=True)
    page = html.unescape(answer.get_data(as_text=True))
    assert "Joint examination, Week 2: declared not done." in page
    assert "not done: the patient refused</span>" in page
    assert "Examination of Week 2 declared not done: the patient refused" in page
    assert PAGE not in text(client, "/staff/")
    assert "was declared not done: the patient refused" in text(client, "/staff/patients/R-001/scales")
    assert "Declared not done: the patient refused." in text(client, PAGE)
    assert standing(desk) == [("refused", True)]


def test_it_is_taken_back_and_expected_again(desk: Desk) -> None:
    client = desk.sit()
    declare(client)
    assert b"That was so already" in client.post(
        f"{PAGE}/not-done", data={"why": "other"}, follow_redirects=True
    ).data.replace(b"&#39;", b"'")
    back = client.post(f"{PAGE}/expected", follow_redirects=True)
    assert "Joint examination, Week 2: expected again." in back.get_data(as_text=True)
    assert PAGE in text(client, "/staff/")
    assert standing(desk) == [("refused", False)]
    assert kinds(desk) == [("exam.not-done", "refused"), ("exam.expected-again", "")]


def test_what_is_entered_after_all_counts_and_takes_it_back(desk: Desk) -> None:
    client = desk.sit()
    declare(client)
    assert client.post(PAGE, data={**SHEET, "do": "save", "confirmed": "y"}).status_code == 303
    assert standing(desk) == [("refused", False)]
    assert "not done: the patient refused</span>" not in text(client, "/staff/patients/R-001")
    refused = declare(client)
    assert refused.status_code == 422
    assert "correct it instead" in refused.get_data(as_text=True)


def test_no_reason_is_one_clear_line(desk: Desk) -> None:
    client = desk.sit()
    for why in ("", "because"):
        answer = declare(client, why)
        assert (answer.status_code, standing(desk)) == (422, [])
        assert "Choose why nobody was examined." in answer.get_data(as_text=True)


def test_who_may_not_enter_declares_nothing(desk: Desk) -> None:
    for role in (Role.MONITOR, Role.DATA_MANAGER):
        assert declare(desk.sit(role)).status_code == 403
        assert "not-done" not in text(desk.sit(role), PAGE)
    make_staff(desk.parts, desk.made, "elsewhere", role=Role.COORDINATOR, site="L")
    assert declare(desk.sit("elsewhere")).status_code == 404
    assert standing(desk) == []


def test_it_is_one_mechanism_on_either_engine(database_urls: Urls) -> None:
    desk = Desk(make_parts(database_urls))
    who = desk.identity(Role.COORDINATOR)
    now = desk.parts.clock.now()
    form = (1, "week2", "joint-exam")
    assert today(desk.parts, who, now).to_enter_in_all == 2, "week 2 and day 0"
    assert undoing.declare(desk.parts, who, *form, "forgotten", now) == "done"
    assert undoing.declare(desk.parts, who, *form, "forgotten", now) == "already"
    assert [each.timepoint for each in today(desk.parts, who, now).to_enter] == ["day0"]
    assert undoing.take_back(desk.parts, who, *form, now) == "done"
    assert undoing.take_back(desk.parts, who, *form, now) == "already"
    assert undoing.declare(desk.parts, who, 1, "week12", "joint-exam", "other", now) == "not-found", "not open yet"
    assert undoing.declare(desk.parts, who, *form, "other", now) == "done"
    assert today(desk.parts, who, now).to_enter_in_all == 1
