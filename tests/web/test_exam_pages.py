"""The clinician's form at the desk: typed in, read once more, kept once, corrected with a reason; readers only read."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro.app import create_app
from pro.services import access
from pro.services.access import Identity, SignedIn
from pro.services.parts import Parts
from pro.store.tables import Role, metadata
from tests.conftest import Urls
from tests.factories import PASSWORD, make_parts, make_patient, make_staff, make_study

PAGE = "/staff/patients/R-001/visits/week2/joint-exam"
SHEET: Mapping[str, Any] = {
    "examined_on": "2026-04-15",
    "tender": ["L-MCP2", "R-wrist"],
    "swollen.none": "y",
    "not_assessable.none": "y",
    "crp": "12,4",
    "esr.skip": "y",
    "seen": "0",
}


class Desk:
    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.made = made = make_study(parts)
        make_patient(parts, made, day0=date(2026, 4, 1))
        for role in Role:
            make_staff(parts, made, role, role=role)
        self.app = create_app(parts)
        self.app.config["WTF_CSRF_ENABLED"] = False

    def sit(self, login: str = Role.COORDINATOR) -> FlaskClient:
        signed = access.sign_in(self.parts, login, PASSWORD, "10.0.0.1", self.parts.clock.now())
        assert isinstance(signed, SignedIn)
        client = self.app.test_client()
        client.set_cookie("staff", signed.token)
        return client

    def identity(self, login: str) -> Identity:
        signed = access.sign_in(self.parts, login, PASSWORD, "10.0.0.1", self.parts.clock.now())
        assert isinstance(signed, SignedIn)
        found = access.staff_of(self.parts, signed.token, self.parts.clock.now())
        assert found is not None
        return found

    def responses(self) -> list[dict[str, Any]]:
        with self.parts.study.reading() as session:
            rows = session.execute(select(metadata.tables["response"]).order_by("id"))
            return [dict(row._mapping) for row in rows]


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(sqlite_urls)
    yield Desk(parts)
    parts.study.close()
    parts.contacts.close()


def said(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_it_is_read_once_more_and_kept_once(desk: Desk) -> None:
    me = desk.sit()
    assert "Enter joint examination" in me.get("/staff/patients/R-001").text
    form = me.get(PAGE)
    assert 'value="2026-04-15"' in form.text
    assert "checked" not in form.text
    review = me.post(PAGE, data={**SHEET, "do": "review"})
    assert review.status_code == 200
    words = said(review)
    assert "left index finger" in words
    assert "right wrist" in words
    assert "12.4 mg/L" in words
    assert "ESR Not done" in words
    assert "Tender joints of 28, examined 2" in words
    assert desk.responses() == []
    for _ in range(2):
        kept = me.post(PAGE, data={**SHEET, "do": "save"})
        assert (kept.status_code, kept.headers["Location"]) == (303, "/staff/patients/R-001?done=exam#exams")
    (row,) = desk.responses()
    assert '"crp":{"code":"answered","value":"12.4"}' in row["answers"]
    after = said(me.get(kept.headers["Location"]))
    assert "The examination is in the record" in after
    assert "Joint examination of Week 2 entered" in after


@pytest.mark.parametrize(
    ("changed", "said_"),
    [
        ({"crp": ""}, "Type the value, or tick"),
        ({"tender": []}, 'Tick the joints, or "No …", or "Not done"'),
        ({"esr": "20"}, "keep one of them"),
        ({"swollen": ["R-wrist"]}, "keep one of them"),
        ({"crp": "301"}, "300"),
        ({"examined_on": "2026-04-16"}, "later than today"),
        ({"tender": ["L-nose"]}, ""),
    ],
)
def test_nothing_is_left_without_a_word(desk: Desk, changed: Mapping[str, Any], said_: str) -> None:
    for do in ("review", "save"):
        answer = desk.sit().post(PAGE, data={**SHEET, **changed, "do": do})
        assert answer.status_code == 422
        assert said_ in said(answer)
    assert desk.responses() == []


@pytest.mark.parametrize(
    ("changed", "said_"),
    [({"crp": "0.8"}, "ten times as high"), ({"examined_on": "2026-04-13"}, "outside the visit’s window")],
)
def test_what_is_implausible_is_confirmed_first(desk: Desk, changed: Mapping[str, Any], said_: str) -> None:
    me, sheet = desk.sit(), {**SHEET, **changed}
    assert said_ in said(me.post(PAGE, data={**sheet, "do": "review"}))
    again = me.post(PAGE, data={**sheet, "do": "save"})
    assert "Tick that you looked" in said(again)
    assert desk.responses() == []
    assert me.post(PAGE, data={**sheet, "do": "save", "confirmed": "y"}).status_code == 303


def test_a_correction_shows_what_is_stored_and_wants_a_reason(desk: Desk) -> None:
    me = desk.sit()
    me.post(PAGE, data={**SHEET, "do": "save"})
    form = me.get(PAGE)
    assert 'name="seen" value="1"' in form.text
    assert 'value="12.4"' in form.text
    assert re.search(r'value="R-wrist"[^>]*checked', form.text)
    changed = {**SHEET, "crp": "14.2", "seen": "1"}
    assert "Say why it is corrected" in said(me.post(PAGE, data={**changed, "do": "review"}))
    changed["reason"] = "Wrong line of the sheet"
    assert "was: 12.4 mg/L" in said(me.post(PAGE, data={**changed, "do": "review"}))
    assert me.post(PAGE, data={**changed, "do": "save"}).status_code == 303
    assert [row["n"] for row in desk.responses()] == [1, 2]
    assert "Reason: Wrong line of the sheet" in said(me.get(PAGE))


def test_another_entry_meanwhile_is_told_and_not_written_over(desk: Desk) -> None:
    desk.sit(Role.INVESTIGATOR).post(PAGE, data={**SHEET, "do": "save"})
    answer = desk.sit().post(PAGE, data={**SHEET, "crp": "99", "do": "save"})
    assert answer.status_code == 409
    assert "Somebody has entered this meanwhile" in said(answer)
    assert len(desk.responses()) == 1


@pytest.mark.parametrize("role", [Role.MONITOR, Role.DATA_MANAGER])
def test_readers_read(desk: Desk, role: str) -> None:
    desk.sit().post(PAGE, data={**SHEET, "do": "save"})
    reader = desk.sit(role)
    page = reader.get(PAGE)
    assert page.status_code == 200
    assert '<form method="post" class="stack exam"' not in page.text
    assert "12.4 mg/L" in said(page)
    assert reader.post(PAGE, data={**SHEET, "crp": "99", "seen": "1", "do": "save"}).status_code == 403


@pytest.mark.parametrize("path", ["week2/who-5", "diary/joint-exam", "nix/joint-exam", "week12/joint-exam"])
def test_what_is_no_form_of_an_opened_visit_is_not_found(desk: Desk, path: str) -> None:
    assert desk.sit().get(f"/staff/patients/R-001/visits/{path}").status_code == 404
