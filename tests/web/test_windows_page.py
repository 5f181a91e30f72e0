"""More time after an outage: which windows were hit, until when and why, said before it is done, by the site alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import select

from pro.services import extending
from pro.services.audit import Actor
from pro.services.extending import NotExtended, Which
from pro.store.tables import AuditEvent, metadata
from tests.conftest import Urls
from tests.factories import NOW, make_parts, make_patient, make_staff, make_study
from tests.services.test_bells import rows, set_bells
from tests.web.test_course_pages import problem, said
from tests.web.test_desk import Desk, token_in
from tests.web.test_enrolment_pages import plain
from tests.web.test_ledger_pages import beat

PAGE = "/staff/windows/1"
DIARY = "diary~2026-04-14"
"""It closed at 04:00 and can be answered late until noon; NOW is 08:04 on the 15th."""
TYPED = {"window": DIARY, "day": "2026-04-15", "time": "18:00", "reason": "The network was down"}


def filled(desk: Desk) -> Desk:
    make_staff(desk.parts, desk.made, "coo", role="coordinator")
    make_staff(desk.parts, desk.made, "fr", role="coordinator", language="fr")
    make_staff(desk.parts, desk.made, "mon", role="monitor")
    make_staff(desk.parts, desk.made, "other", role="coordinator", site="L")
    beat(desk)
    for number in ("R-001", "R-002"):
        set_bells(desk.parts, make_patient(desk.parts, desk.made, number, day0=date(2026, 4, 10)), NOW)
    return desk


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(sqlite_urls)
    yield filled(Desk(parts, make_study(parts)))
    parts.study.close()
    parts.contacts.close()


def hit(desk: Desk, patient: int = 1) -> None:
    """The evening's reminder of the 14th was dropped: it was too late when the worker came back."""
    diary = next(row for row in rows(desk.parts, "assessment") if is_diary(row, patient))
    with desk.parts.study.writing() as session:
        step = {"assessment_id": diary["id"], "step": "at-20:00", "planned_at": NOW, "why_none": "too-late"}
        session.connection().execute(insert(metadata.tables["reminder"]).values(**step))


def is_diary(row: dict[str, object], patient: int) -> bool:
    return (row["timepoint"], row["day"], row["patient_id"]) == ("diary", date(2026, 4, 14), patient)


def post(desk: Desk, status: int = 303, **fields: str) -> str:
    answer = desk.client.post(PAGE, data=fields | {"csrf_token": token_in(desk.page(PAGE))})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return plain(desk.page(PAGE) if status == 303 else answer.get_data(as_text=True))


def ends(desk: Desk) -> list[object]:
    found = [row for row in rows(desk.parts, "assessment") if is_diary(row, 1) or is_diary(row, 2)]
    return [row["late_until"] or row["closes_at"] for row in found]


def test_what_was_hit_is_shown_on_today_and_given_more_time_once_it_is_confirmed(desk: Desk) -> None:
    desk.sign_in("coo")
    assert PAGE not in desk.page("/staff/")
    hit(desk)
    assert "1 patient was not reminded in time of something that is still open." in desk.page("/staff/")
    assert PAGE in desk.page("/staff/")
    page = plain(desk.page(PAGE))
    assert "<b>Daily diary of 14 Apr</b>" in page
    assert "1 was not reminded in time" in page
    assert "2 patients have not answered, ends 15 Apr 12:00" in page
    assert " checked>" not in page, "nothing is chosen beforehand"
    before = ends(desk)
    page = post(desk, 200, **TYPED)
    assert "More time, until 15 Apr 18:00?" in page
    assert "Daily diary of 14 Apr: 2 patients, instead of 15 Apr 12:00." in page
    assert "Give 2 patients more time" in page
    assert ends(desk) == before, "asked once, it changes nothing"
    page = post(desk, **TYPED, step="do")
    assert said(page) == "2 windows end later now, 15 Apr 18:00."
    assert ends(desk) == [NOW.replace(hour=16, minute=0)] * 2
    with desk.parts.study.reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.kind == "window.extended")).all()
    assert [(one.chain, one.actor, one.role) for one in events] == [
        ("patient:R-001", "coo", "coordinator"), ("patient:R-002", "coo", "coordinator"),
    ]  # fmt: skip
    assert json.loads(events[0].payload or "")["reason"] == "The network was down"
    assert "Window of Daily diary, 14 Apr, extended. The network was down" in plain(desk.page("/staff/patients/R-001"))


def test_one_patient_alone_is_given_more_time(desk: Desk) -> None:
    desk.sign_in("coo")
    assert "Give 1 patient more time" in post(desk, 200, **TYPED, patient="R-002")
    post(desk, **TYPED, patient="R-002", step="do")
    assert ends(desk) == [NOW.replace(hour=10, minute=0), NOW.replace(hour=16, minute=0)]


def test_what_cannot_be_is_one_clear_line_and_changes_nothing(desk: Desk) -> None:
    desk.sign_in("coo")
    before = rows(desk.parts, "assessment")
    for changed, line in (
        ({"window": ""}, "Choose at least one window."),
        ({"window": "diary"}, "Choose at least one window."),
        ({"window": "diary~soon"}, "Choose at least one window."),
        ({"time": ""}, "Write the new end as a day and a time."),
        ({"day": "0001-01-01"}, "Write the new end as a day and a time."),
        ({"day": "2026-04-14"}, "That instant has passed."),
        ({"day": "2026-04-29"}, "seven days at most"),
        ({"reason": " "}, "Say why, in up to 500 characters."),
        ({"reason": "x" * 501}, "Say why, in up to 500 characters."),
        ({"patient": "L-001"}, "open for &#34;L-001&#34;."),
        ({"time": "11:00"}, "Nothing changes"),
    ):
        for step in ("", "do"):
            assert line in problem(post(desk, 422, **{**TYPED, **changed, "step": step})), changed
    assert rows(desk.parts, "assessment") == before


def test_only_those_who_look_after_patients_of_the_site_may(desk: Desk) -> None:
    hit(desk)
    desk.sign_in("mon")
    assert PAGE not in desk.page("/staff/")
    assert desk.client.get(PAGE).status_code == 403
    desk.client = desk.app.test_client()
    desk.sign_in("other")
    assert desk.client.get(PAGE).status_code == 404
    token = token_in(desk.page("/staff/"))
    assert desk.client.post(PAGE, data={**TYPED, "step": "do", "csrf_token": token}).status_code == 404
    assert desk.client.post(PAGE, data={**TYPED, "step": "do"}).status_code == 303, "no token: back to the page"
    assert ends(desk) == [NOW.replace(hour=10, minute=0)] * 2


def test_the_banner_leads_there_and_it_speaks_french(desk: Desk) -> None:
    desk.sign_in("fr")
    desk.clock.move(timedelta(seconds=46))
    page = plain(desk.page("/staff/patients"))
    assert "Donner plus de temps pour les fenêtres concernées" in page
    assert PAGE in page
    assert "Carnet quotidien du 14 avr. : 2 patients, au lieu du 15 avr. 12 h." in post(desk, 200, **TYPED)


def test_what_is_foreseen_is_what_is_done_on_either_engine(database_urls: Urls) -> None:
    parts = make_parts(database_urls)
    desk = filled(Desk(parts, make_study(parts)))
    hit(desk)
    found = {(one.timepoint, str(one.day)): one for one in extending.open_windows(parts, 1, parts.clock.now())}
    assert [(one.patients, one.hit) for one in found.values()] == [(2, 0), (2, 1)]
    until, now = NOW + timedelta(hours=10), parts.clock.now()
    which = Which(1, timepoint="diary", day=date(2026, 4, 14))
    seen = extending.foresee(parts, which, until, "outage", now)
    assert seen == extending.extend(parts, Actor("ana", "coordinator"), which, until, "outage", now)
    assert extending.foresee(parts, which, until, "outage", now) == ()
    with pytest.raises(NotExtended, match="7 days"):
        extending.foresee(parts, which, NOW + timedelta(days=12), "outage", now)
