"""The amendment's page: summed first, then patient by patient; approved with a reason and a tick, by who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from pro.clock import Moment
from pro.domain.schedule import Planned
from pro.services import amending, amendment_page
from pro.services.amended import Item
from pro.services.audit import WORKER
from pro.services.enrolment import journeys
from pro.store.tables import metadata
from pro.web.amendment_views import Speaker
from pro.web.words import say
from tests.amendment import with_third
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_staff, make_study, the_library
from tests.web.test_desk import Desk
from tests.web.test_enrolment_pages import plain

PAGE = "/staff/protocol/amendment"
t = metadata.tables


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    """Two patients at Rennes and one at Lille by version 2 of a study that could go over to version 3."""
    parts = make_parts(sqlite_urls)
    made = make_study(parts)
    make_staff(parts, made, "lead", site=None, name="Dr Anne Le Goff")
    make_staff(parts, made, "inv")
    make_staff(parts, made, "coo", role="coordinator")
    make_staff(parts, made, "dm", role="data-manager", site=None, language="fr")
    for number in ("R-001", "R-002", "L-003"):
        make_patient(parts, made, number, site=number[0], day0=date(2026, 4, 10))
    with parts.study.writing() as session:
        session.execute(t["study"].update().values(demonstration=True))
    yield Desk(replace(parts, library=with_third(the_library())), made)
    parts.study.close()
    parts.contacts.close()


def versions(desk: Desk) -> list[str]:
    with desk.parts.study.reading() as session:
        return list(session.execute(select(t["patient"].c.protocol_version).order_by(t["patient"].c.id)).scalars())


def test_the_sums_come_first_then_each_patient_in_words(desk: Desk) -> None:
    desk.sign_in("lead")
    assert "Week 4" not in desk.page(PAGE), "nothing is shown before a version was chosen"
    page = desk.page(f"{PAGE}?to=3")
    assert '<h2 id="sum">3 patients</h2>' in page
    for line in ("3 assessments move", "3 appear", "9 fall away", "3 ask other questions at the same time"):
        assert f"<li>{line}</li>" in page
    assert "<b>Week 4</b> <span>8 May → 10 May</span>" in page
    assert "<b>Week 6</b> <span>new: 22 May; SMS at 10:00</span>" in page
    assert "<b>Daily diary</b> <span>falls away: 3 days, 30 Jun – 2 Jul</span>" in page
    assert "SMS at 18:00, 20:00 → 19:00, 20:00" in page
    assert [f"/staff/patients/{number}" in page for number in ("R-001", "R-002", "L-003")] == [True] * 3
    assert versions(desk) == ["2", "2", "2"]


def test_no_sms_is_announced_whose_time_has_passed(desk: Desk) -> None:
    desk.clock.moment = Moment(*[datetime(2026, 5, 23, 12, 0, tzinfo=UTC)] * 2)
    desk.sign_in("lead")
    assert "<b>Week 6</b> <span>new: 22 May; no SMS</span>" in desk.page(f"{PAGE}?to=3")


def test_what_is_over_is_not_among_the_days_whose_sms_move(desk: Desk) -> None:
    """At 08:04 the diary of the 14th may still be filled in until noon; both its reminders have gone by."""
    desk.sign_in("lead")
    page = desk.page(f"{PAGE}?to=3")
    moved = re.findall(r"<span>(\d+ days, .+?): SMS at 18:00, 20:00 → 19:00, 20:00", page)
    assert moved == ["76 days, 15 Apr – 29 Jun"] * 3
    assert "228 stay on their days with other SMS times" in page


def test_an_sms_that_the_quiet_hours_keep_back_is_told_as_such_and_by_whose_clocks(desk: Desk) -> None:
    """Week 6 of 14 April opened in Paris; in Montréal its last reminder of 10:00 comes at 04:00."""
    parts, made = replace(desk.parts, library=the_library()), desk.made
    there = make_patient(parts, made, "R-004", day0=date(2026, 3, 3))
    evening = datetime(2026, 4, 14, 16, 17, tzinfo=UTC)
    journeys.plan_journey(parts, WORKER, there, "America/Montreal", date(2026, 4, 15), Moment(evening, evening))
    night = datetime(2026, 4, 15, 1, tzinfo=UTC)
    assert journeys.set_out(parts, Moment(night, night)) == 1
    for login, new, place in (
        (
            "lead",
            "new: 14 Apr; no SMS will go: 04:00 is in the quiet hours; call the patient",
            "the clocks of Montréal.",
        ),
        ("dm", "aucun SMS ne partira : 4 h tombe pendant les heures de silence", "Heures locales : Montréal."),
    ):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        page = plain(desk.page(f"{PAGE}?to=3"))
        assert new in page
        assert page.count(place) == 1, "the others live by their site's clocks"


def test_a_site_s_staff_read_of_their_own_patients_and_approve_nothing(desk: Desk) -> None:
    for login in ("inv", "coo"):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        page = desk.page(f"{PAGE}?to=3")
        assert '<h2 id="sum">2 patients</h2>' in page
        assert "Counted are the patients of your own sites." in page
        assert "L-003" not in page
        assert "An investigator of all sites of the study approves it." in page
        fields = {"to": "3", "reason": "why", "sure": "yes"}
        assert desk.post(PAGE, "/staff/patients", **fields) == 403
    assert versions(desk) == ["2", "2", "2"]


def test_no_name_and_no_number_stands_on_it(desk: Desk) -> None:
    desk.sign_in("lead")
    page = desk.page(f"{PAGE}?to=3")
    assert "Name of" not in page
    assert "+336" not in page


def test_it_is_approved_with_a_reason_and_a_tick_and_said(desk: Desk) -> None:
    desk.sign_in("lead")
    at = f"{PAGE}?to=3"
    assert desk.post(PAGE, at, to="3", reason="week 6 is wanted") == 422
    assert "Tick that you have looked" in desk.answer
    assert "week 6 is wanted" in desk.answer, "what was typed is kept"
    assert desk.post(PAGE, at, to="3", sure="yes", reason=" ") == 422
    assert "Say why, in a few words" in desk.answer
    assert 'value="yes" checked' in desk.answer, "the tick too"
    assert desk.post(PAGE, at, to="3", reason=" ") == 422
    assert ("Say why, in a few words" in desk.answer, "Tick that you" in desk.answer) == (True, True), "told at once"
    assert versions(desk) == ["2", "2", "2"]
    fields = {"to": "3", "sure": "yes", "reason": "week 6 is wanted"}
    assert desk.post(PAGE, at, **fields) == 303
    assert versions(desk) == ["3", "3", "3"]
    page = desk.page(PAGE)
    assert "Approved. 3 patients follow the new version." in page
    assert "Approved by Dr Anne Le Goff, investigator" in page
    assert "A version put in place since the service started is seen after a restart." in page
    assert "week 6 is wanted" in page
    assert "<li>9 fall away</li>" in page
    assert desk.post(PAGE, "/staff/patients", **fields) == 303, "sent twice it is done once"


def test_without_a_token_nothing_is_approved(desk: Desk) -> None:
    desk.sign_in("lead")
    assert desk.client.post(PAGE, data={"to": "3", "sure": "yes", "reason": "x"}).status_code == 303
    assert versions(desk) == ["2", "2", "2"]


def test_what_is_left_is_said_and_continued(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pro.web.desk.amendment.AT_MOST", 2)
    desk.sign_in("lead")
    desk.post(PAGE, f"{PAGE}?to=3", to="3", sure="yes", reason="why")
    page = desk.page(PAGE)
    assert "Version 3 is approved; 1 patient is still to get it." in page
    assert '<h2 id="sum">1 patient</h2>' in page
    assert desk.post(PAGE, PAGE, to="3", sure="yes") == 303
    assert versions(desk) == ["3", "3", "3"]


def test_patients_come_a_page_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amendment_page, "PAGE", 2)
    desk.sign_in("lead")
    first, second = (desk.page(f"{PAGE}?to=3&page={n}") for n in (1, 2))
    assert ("L-003" in first, "L-003" in second) == (False, True)
    assert all('<h2 id="sum">3 patients</h2>' in page for page in (first, second))
    assert desk.client.get(f"{PAGE}?to=3&page=x").status_code == 200
    assert first.index("stand on 2 pages. Look at each of them") < first.index("amended"), "before the patients"
    assert "I have looked at all 2 pages of what changes for 3 patients" in first
    desk.client = desk.app.test_client()
    desk.sign_in("dm")
    assert "occupent 2 pages. Regardez-les toutes" in plain(desk.page(f"{PAGE}?to=3")).replace("’", "'")


@pytest.mark.parametrize(
    ("language", "unknown", "older", "already"),
    [
        (
            "en",
            "There is no version 9 of this protocol here.",
            "Version 1 is older than 2, which THERA follows.",
            "THERA follows version 2 already.",
        ),
        (
            "fr",
            "Il n’existe pas ici de version 9 de ce protocole.",
            "La version 1 est plus ancienne que la version 2, que THERA suit déjà.",
            "THERA suit déjà la version 2.",
        ),
    ],
)
def test_a_version_that_cannot_be_taken_is_told(
    desk: Desk, language: str, unknown: str, older: str, already: str
) -> None:
    with desk.parts.study.writing() as session:
        session.execute(t["staff"].update().values(language=language))
        code = session.execute(select(t["study"].c.code)).scalar_one()
    desk.sign_in("lead")
    for version, said in (("9", unknown), ("1", older), ("2", already)):
        assert said.replace("THERA", code) in unescape(desk.page(f"{PAGE}?to={version}"))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_refusal_has_its_words(language: str) -> None:
    codes = re.findall(r'NotAmended\("([a-z-]+)"', Path(amending.__file__).read_text())
    assert len(codes) == 9
    named = {"study": "S", "version": "3", "newer": "4", "n": 500}
    assert all(say(f"amendment.refused.{code}", language, **named) for code in codes)


def test_another_study_s_code_is_not_found(desk: Desk) -> None:
    desk.sign_in("lead")
    assert desk.client.get(f"{PAGE}?study=OTHER").status_code == 404


def test_it_speaks_french(desk: Desk) -> None:
    desk.sign_in("dm")
    desk.client.post("/staff/language", data={"language": "fr"})
    with desk.parts.study.writing() as session:
        session.execute(t["staff"].update().values(language="fr"))
    page = desk.page(f"{PAGE}?to=3")
    assert "<b>Semaine 6</b> <span>ajout\u202f: 22 mai\u202f; SMS à 10\u202fh</span>" in page
    assert "3 ajoutées" in page
    amending.approve(desk.parts, 1, desk.made.study_id, "3", "voulu", desk.parts.clock.now())
    assert "Approuvé par Dr Anne Le Goff, investigateur, le" in desk.page(PAGE)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "no late entry → late entry until 12:00"),
        ("fr", "pas de saisie tardive → saisie tardive jusqu’à 12\u202fh"),
    ],
)
def test_late_entry_that_comes_in_is_told_in_plain_words(language: str, said: str) -> None:
    second = the_library().protocol("thera-demo", "2")
    opens, closes = (datetime(2026, 4, day, 2, tzinfo=UTC) for day in (15, 16))
    before = Planned("diary", date(2026, 4, 15), opens, closes, None, (), "patient")
    after = replace(before, late_until=closes + timedelta(hours=8))
    item = Item("moves", "window", "diary", before, after, (), None)
    [line] = Speaker(second, second, "Europe/Paris", opens, language).lines([item])
    assert line.said == said
