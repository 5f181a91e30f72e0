"""The desk as a member of staff meets it: doors, first screen, flares, calls, figures, trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.engine import CursorResult

from pro.app import create_app
from pro.clock import FixedClock
from pro.domain.chain import canonical
from pro.services import audit
from pro.services.enrolment import COMMAND_LINE, holding
from pro.services.parts import Parts
from pro.store import contacts
from pro.store.tables import Flare, FlareAction, FlareTrigger, Message, Patient, Task, metadata
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study, settle
from tests.web.test_enrolment_pages import plain

DAY = date(2026, 4, 14)


class Desk:
    """One study with two sites, and whoever sits at the desk."""

    def __init__(self, parts: Parts, made: Made) -> None:
        self.parts, self.made = parts, made
        self.app: Flask = create_app(parts)
        self.client: FlaskClient = self.app.test_client()

    @property
    def clock(self) -> FixedClock:
        assert isinstance(self.parts.clock, FixedClock)
        return self.parts.clock

    def sign_in(self, login: str, password: str = PASSWORD, client: FlaskClient | None = None) -> int:
        client = client or self.client
        page = client.get("/staff/").get_data(as_text=True)
        return client.post(
            "/staff/sign-in", data={"login": login, "password": password, "csrf_token": token_in(page)}
        ).status_code

    def page(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.get_data(as_text=True)

    def post(self, path: str, form_at: str, **fields: str) -> int:
        """Posts a form with the token of the page where it stands."""
        answer = self.client.post(path, data=fields | {"csrf_token": token_in(self.page(form_at))})
        self.answer = answer.get_data(as_text=True)
        return answer.status_code


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(sqlite_urls)
    made = make_study(parts)
    make_staff(parts, made, "inv", name="Dr Le Goff", duty=1)
    make_staff(parts, made, "coo", role="coordinator")
    make_staff(parts, made, "mon", role="monitor")
    make_staff(parts, made, "dm", role="data-manager", site=None, language="fr")
    yield Desk(parts, made)
    parts.study.close()
    parts.contacts.close()


Hits = tuple[tuple[str, dict[str, object], str | None], ...]
"""Rule, inputs, baseline."""
BY_R2_AND_R4: Hits = (
    ("R2", {"day": "2026-04-14", "value": 8, "meets": True, "run": {"2026-04-14": 8}}, "4"),
    ("R4", {"day": "2026-04-14", "value": True}, None),
)


def patient_with_flare(
    desk: Desk, number: str = "R-001", site: str = "R", hits: Hits = BY_R2_AND_R4
) -> tuple[int, int]:
    """(patient, flare): a fortnight at 4, then 8 yesterday, raised by R2 and R4 unless told otherwise; R1 not hit."""
    patient_id = make_patient(desk.parts, desk.made, number, site=site, day0=date(2026, 3, 30), name="Anne Exemple")
    settle(
        desk.parts,
        patient_id,
        lambda day: "completed" if day <= DAY else None,
        lambda day: {"worst_pain": 8 if day == DAY else 4, "flare": day == DAY},
    )
    opened = datetime(2026, 4, 14, 16, 7, tzinfo=UTC)
    with desk.parts.study.writing() as session:
        flare = Flare(
            patient_id=patient_id,
            site_id=desk.made.sites[site],
            n=1,
            opened_at=opened,
            opened_day=DAY,
            last_hit_day=DAY,
        )
        session.add(flare)
        session.flush()
        assert flare.id is not None
        for rule, inputs, baseline in hits:
            session.add(
                FlareTrigger(
                    flare_id=flare.id,
                    rule=rule,
                    rule_version="1",
                    day=DAY,
                    at=opened,
                    inputs=canonical(inputs).decode(),
                    baseline=baseline,
                    n=6 if baseline else 0,
                    result="hit",
                )
            )
        return patient_id, flare.id


# The door


def test_the_door_asks_for_sign_in_and_brings_back_to_the_page_that_was_asked(desk: Desk) -> None:
    answer = desk.client.get("/staff/compliance?show=below")
    assert answer.status_code == 303
    door = desk.page(answer.headers["Location"])
    fields = {"login": "INV ", "password": PASSWORD, "csrf_token": token_in(door)}
    fields["after"] = re.search(r'name="after"[^>]*value="([^"]*)"', door)[1].replace("&amp;", "&")  # type: ignore[index]
    answer = desk.client.post("/staff/sign-in", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/compliance?show=below")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]


def test_a_wrong_password_and_an_unknown_login_read_the_same(desk: Desk) -> None:
    said = []
    for login in ("inv", "nobody@chu.example"):
        page = desk.page("/staff/")
        answer = desk.client.post(
            "/staff/sign-in", data={"login": login, "password": "wrong", "csrf_token": token_in(page)}
        )
        assert answer.status_code == 401
        said.append(re.findall(r'role="alert".*?</div>', answer.get_data(as_text=True), re.S))
    assert said[0] == said[1]
    assert said[0]


def test_too_many_tries_say_when_to_try_again(desk: Desk) -> None:
    statuses = [desk.sign_in("inv", "wrong") for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    page = desk.page("/staff/")
    answer = desk.client.post(
        "/staff/sign-in", data={"login": "inv", "password": PASSWORD, "csrf_token": token_in(page)}
    )
    assert "Try again in 11 minutes" in answer.get_data(as_text=True)


@pytest.mark.parametrize("after", ["https://evil.example/", "//evil.example/staff/", "/d/x", "/staff/\\evil"])
def test_sign_in_never_leads_out_of_the_desk(desk: Desk, after: str) -> None:
    page = desk.page("/staff/")
    fields = {"login": "inv", "password": PASSWORD, "after": after, "csrf_token": token_in(page)}
    assert desk.client.post("/staff/sign-in", data=fields).headers["Location"] == "/staff/"


def test_what_was_typed_survives_a_session_that_ran_out(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    desk.sign_in("inv")
    form = token_in(desk.page(f"/staff/flares/{flare_id}"))
    desk.clock.move(timedelta(minutes=31))
    fields = {"csrf_token": form, "page": f"/staff/flares/{flare_id}", "note": "Warm knee, comes in on Thursday"}
    answer = desk.client.post(f"/staff/flares/{flare_id}/review", data=fields)
    assert answer.status_code == 303
    assert desk.sign_in("inv") == 303
    page = desk.page(f"/staff/flares/{flare_id}")
    assert "Warm knee, comes in on Thursday" in page


def test_the_account_keeps_its_language(desk: Desk) -> None:
    desk.sign_in("inv")
    assert 'lang="en"' in desk.page("/staff/")
    assert desk.post("/staff/language", "/staff/", language="fr", page="/staff/patients") == 303
    assert '<html lang="fr">' in desk.page("/staff/")
    other = desk.app.test_client()
    desk.sign_in("inv", client=other)
    assert '<html lang="fr">' in other.get("/staff/").get_data(as_text=True)


@pytest.mark.parametrize(("spoken", "kept"), [("fr", "fr"), ("en", "en"), ("de", "en"), ("", "en")])
def test_the_desk_goes_on_in_the_language_of_the_sign_in_page(desk: Desk, spoken: str, kept: str) -> None:
    page = desk.page(f"/staff/?lang={spoken}")
    hidden = re.search(r'name="lang"[^>]*value="([^"]*)"', page)
    assert hidden is not None
    fields = {"login": "inv", "password": PASSWORD, "csrf_token": token_in(page), "lang": hidden[1]}
    assert desk.client.post("/staff/sign-in", data=fields).status_code == 303
    assert f'<html lang="{kept}">' in desk.page("/staff/")
    again = desk.app.test_client()
    desk.sign_in("inv", client=again)
    assert f'<html lang="{kept}">' in again.get("/staff/").get_data(as_text=True)


@pytest.mark.parametrize(("chosen", "kept"), [("", "fr"), ("?lang=en", "en")])
def test_the_account_s_language_wins_over_the_browser_s_unless_one_was_chosen_at_the_door(
    desk: Desk, chosen: str, kept: str
) -> None:
    make_staff(desk.parts, desk.made, "cam", language="fr")
    page = desk.client.get(f"/staff/{chosen}", headers={"Accept-Language": "en-GB"}).get_data(as_text=True)
    assert '<html lang="en">' in page
    hidden = re.search(r'name="lang"[^>]*value="([^"]*)"', page)
    assert hidden is not None
    fields = {"login": "cam", "password": PASSWORD, "csrf_token": token_in(page), "lang": hidden[1]}
    assert desk.client.post("/staff/sign-in", data=fields | {"password": "wrong"}).status_code == 401
    assert desk.client.post("/staff/sign-in", data=fields).status_code == 303
    assert f'<html lang="{kept}">' in desk.page("/staff/")


def test_signing_out_ends_the_session(desk: Desk) -> None:
    desk.sign_in("inv")
    cookie = desk.client.get_cookie("staff")
    assert cookie is not None
    desk.post("/staff/sign-out", "/staff/")
    desk.client.set_cookie("staff", cookie.value)
    assert desk.client.get("/staff/patients").status_code == 303


# Today and the flare


def test_today_shows_what_needs_a_person(desk: Desk) -> None:
    patient_with_flare(desk)
    late = make_patient(desk.parts, desk.made, "R-003")
    with desk.parts.study.writing() as session:
        site = desk.made.sites["R"]
        session.add(Task(site_id=site, patient_id=late, kind="missed-in-a-row", detail="2", made_at=NOW))
        for n, state in enumerate(("delivered", "delivered", "sent", "failed", "dropped")):
            session.add(message(desk, late, n, state))
    desk.sign_in("inv")
    page = desk.page("/staff/")
    assert "Good morning. Two things need you today" in page
    assert "Worst pain 8, baseline 4 (6 days)" in page
    assert "due today 18:07" in page
    assert "2 diaries missed in a row" in page
    assert "3 of 4 sent" in page
    assert "1 failed" in page


def test_who_may_not_review_sees_no_review_and_is_greeted_with_what_they_may_do(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    with desk.parts.study.writing() as session:
        late = make_patient(desk.parts, desk.made, "R-003")
        session.add(Task(site_id=desk.made.sites["R"], patient_id=late, kind="under-80", detail="71.4", made_at=NOW))
    for login, greeting, reviews in (
        ("inv", "Two things need you", 1),
        ("mon", "Nothing needs you", 0),
        ("coo", "Two things need you", 0),  # a call to make, and an investigator to tell of the flare
    ):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        page = desk.page("/staff/")
        assert greeting in page, login
        assert page.count(">Review<") == reviews, login
        assert (f"/staff/flares/{flare_id}" in page) == (login != "coo"), "a monitor reads it"
        assert page.count(">Log a call<") == (login != "mon"), login


def test_a_visit_stays_from_its_opening_until_its_clinicians_form_is_in(desk: Desk) -> None:
    protocol = desk.parts.library.latest_protocol("thera-demo")
    visit = protocol.timepoint("week2")
    target = NOW.date() - timedelta(days=visit.window_after)
    make_patient(desk.parts, desk.made, "R-001", day0=target - timedelta(days=visit.first_day))
    form = "/staff/patients/R-001/visits/week2/joint-exam"
    waits = re.compile(r'id="to-enter".*?</section>', re.S)
    desk.sign_in("mon")

    def row() -> str:
        shown = waits.search(desk.page("/staff/"))
        assert shown is not None
        found = [each for each in shown[0].split("<li>") if visit.title["en"] in each]
        return found[0] if found else ""

    assert "open until " in row()
    assert form not in row(), "a monitor only reads"
    table = metadata.tables["assessment"]
    week2 = table.c.timepoint == "week2"
    with desk.parts.study.writing() as session:
        session.execute(table.update().where(week2).values(submitted_at=NOW))
    assert "questionnaires received" in row()
    assert visit.title["en"] not in desk.page("/staff/").partition('id="visits"')[2], "it stands there once"
    desk.clock.move(timedelta(days=9))
    desk.client = desk.app.test_client()
    desk.sign_in("coo")
    assert form in row(), "its window is over, its form is not in"
    with desk.parts.study.writing() as session:
        found = session.execute(select(table).where(week2)).one()
        kept = {"assessment_id": found.id, "patient_id": found.patient_id, "questionnaire": "joint-exam", "n": 1}
        kept |= {"version": "1", "day": found.day, "mode": "staff", "language": "en", "completeness": "complete"}
        kept |= {"answers": "{}", "scores": "{}", "sha256": "0" * 64, "made_at": NOW, "received_at": NOW}
        session.execute(metadata.tables["response"].insert().values(**kept))
    assert row() == ""


@pytest.mark.parametrize(
    ("language", "held", "paused"),
    [
        ("en", "on hold: not asked for", "paused: not asked for"),
        ("fr", "suspension : visite non demandée", "pause : visite non demandée"),
    ],
)
def test_a_visit_of_who_is_on_hold_or_paused_says_that_it_is_not_asked_for(
    desk: Desk, language: str, held: str, paused: str
) -> None:
    make_staff(desk.parts, desk.made, "reads", role="coordinator", language=language)
    day, now = NOW.date(), desk.parts.clock.now()
    on_hold = make_patient(desk.parts, desk.made, "R-001", day0=day - timedelta(days=14))
    away = make_patient(desk.parts, desk.made, "R-002", day0=day - timedelta(days=20))
    holding.hold(desk.parts, COMMAND_LINE, on_hold, "hospital", now)
    holding.pause(desk.parts, COMMAND_LINE, away, day, day + timedelta(days=30), "holiday", now)
    desk.sign_in("reads")
    page = unescape(desk.page("/staff/")).replace("\u00a0", " ").replace("\u202f", " ")
    waiting = page.partition('id="to-enter"')[2].partition("</section>")[0]
    coming = page.partition('id="visits"')[2].partition("</section>")[0]
    assert held in waiting
    assert paused in coming
    assert ("open until" if language == "en" else "ouverte jusqu") not in waiting


def test_visits_that_lack_a_form_are_cut_and_counted(desk: Desk) -> None:
    for n in range(9):
        make_patient(desk.parts, desk.made, f"R-{n:03d}", day0=DAY - timedelta(days=20))
    desk.sign_in("coo")
    page = desk.page("/staff/").partition('id="to-enter"')[2].partition("</section>")[0]
    assert page.count("Joint examination to enter") == 6
    assert "6 of " in page


def test_the_call_page_gives_the_reason_of_the_list(desk: Desk) -> None:
    patient_id = make_patient(desk.parts, desk.made, "R-003", day0=date(2026, 4, 1))
    with desk.parts.study.writing() as session:
        for kind, detail in (("under-80", "71.4"), ("missed-in-a-row", "2")):
            made_at = NOW - timedelta(days=2)
            session.add(
                Task(site_id=desk.made.sites["R"], patient_id=patient_id, kind=kind, detail=detail, made_at=made_at)
            )
    desk.sign_in("coo")

    def reasons() -> list[str]:
        found = []
        for page in ("/staff/", "/staff/patients/R-003"):
            path = re.search(r"/staff/tasks/\d+", desk.page(page))
            assert path is not None
            found += re.findall(r"<b>(\d[^<]*)</b>", desk.page(path[0]))
        return found

    assert reasons() == ["2 diaries missed in a row"] * 2
    paths = re.findall(r"/staff/tasks/\d+", desk.page("/staff/"))
    with desk.parts.study.writing() as session:
        table = metadata.tables["assessment"]
        yesterday = (table.c.timepoint == "diary") & (table.c.day == DAY)
        session.execute(table.update().where(yesterday).values(submitted_at=NOW - timedelta(hours=12)))
    assert reasons() == ["14.3 % of the last seven diaries"] * 2, "of today, not of the day it fell under the line"
    assert "One thing needs you" in desk.page("/staff/")
    assert desk.client.get(paths[0]).status_code == 404, "what was sent has settled it"


def test_a_fever_stands_first_and_says_so_whatever_came_before_and_after(desk: Desk) -> None:
    patient_with_flare(desk)
    _, flare_id = patient_with_flare(desk, "R-002")
    inputs = canonical({"day": "2026-04-13", "value": "38.6"}).decode()
    with desk.parts.study.writing() as session:
        hit = {"rule_version": "1", "inputs": inputs, "baseline": None, "n": 0, "result": "hit"}
        day = DAY - timedelta(days=1)
        session.add(FlareTrigger(flare_id=flare_id, rule="R7", day=day, at=NOW - timedelta(days=1), **hit))
        session.get_one(Flare, flare_id).opened_at = NOW - timedelta(hours=1)
    desk.sign_in("inv")
    page = desk.page("/staff/")
    assert re.findall(r"<li><a[^>]*>(R-00\d)</a>\s*<span><b>([^<]*)", page)[:2] == [
        ("R-002", "Highest temperature 38.6\u00a0°C"),
        ("R-001", "Worst pain 8, baseline 4 (6 days)"),
    ]
    assert page.count("</svg>at once</span>") == 1
    flags, flares = re.findall(r'<ul class="tasks" aria-labelledby="([a-z]+)-group">(.*?)</ul>', page, re.DOTALL)[:2]
    assert [(key, "R-002" in part, "R-001" in part) for key, part in (flags, flares)] == [
        ("safety", True, False),
        ("flares", False, True),
    ]
    path = f"/staff/flares/{flare_id}"
    seen = {"outcome": "confirmed", "note": "In hospital", "safety_note": "Lungs clear, antibiotics"}
    assert desk.post(f"{path}/review", path, **seen) == 303
    assert path not in desk.page("/staff/")
    with desk.parts.study.writing() as session:  # as a fever of the next day leaves it
        session.get_one(Flare, flare_id).acknowledged_at = None
    assert path in desk.page("/staff/")


def test_a_fever_alone_is_called_what_it_is_wherever_the_patient_is_named(desk: Desk) -> None:
    """An episode with a flare rule's hit beside it is a safety flag first, and says that it is both."""
    make_staff(desk.parts, desk.made, "invfr", language="fr")
    fever: Hits = (("R7", {"day": "2026-04-14", "value": "38.6"}, None),)
    patient_with_flare(desk, "R-001", hits=fever)
    both_id, _ = patient_with_flare(desk, "R-002", hits=BY_R2_AND_R4 + fever)
    patient_with_flare(desk, "R-003")
    with desk.parts.study.writing() as session:  # and of a flare without fever nobody has said anything either
        over = {"opened_at": NOW, "ended_at": NOW, "end_why": "days-without-a-hit", "opened_day": DAY}
        session.add(Flare(patient_id=both_id, site_id=desk.made.sites["R"], n=2, last_hit_day=DAY, **over))
    for login, safety, flare, n, n_both, button in (
        (
            *("inv", "safety flag to review", "flare to review", "safety flag 1"),
            *("safety flag and flare 1", "Review the safety flag"),
        ),
        (
            *("invfr", "signalement de sécurité à examiner", "poussée à examiner", "signalement de sécurité 1"),
            *("signalement de sécurité et poussée 1", "Examiner le signalement"),
        ),
    ):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        for path in ("/staff/patients", "/staff/compliance"):
            by_number = re.split("(?=R-00[123]</a>)", desk.page(path))[1:4]
            found = [(safety in part, flare in part) for part in by_number]
            assert found == [(True, False), (True, False), (False, True)], path
        one, both, none = (plain(desk.page(f"/staff/patients/R-00{number}")) for number in (1, 2, 3))
        assert (f"</svg>{safety}</span>" in one, f"</svg>{flare}</span>" in one) == (True, False)
        assert (f"</svg>{safety}</span>" in both, f"</svg>{flare}</span>" in both) == (True, False)
        assert (f"</svg>{safety}</span>" in none, f"</svg>{flare}</span>" in none) == (False, True)
        assert [(f">{n}</a>" in page, f">{n_both}</a>" in page) for page in (one, both, none)] == [
            *((True, False), (False, True), (False, False))
        ]
        assert [f">{button}</a>" in page for page in (one, both, none)] == [True, True, False]


CHOICES = ("not-a-flare", "confirmed")


def test_a_fever_alone_is_not_asked_of_as_a_flare(desk: Desk) -> None:
    make_staff(desk.parts, desk.made, "invfr", language="fr")
    fever: Hits = (("R7", {"day": "2026-04-14", "value": "38.6"}, None),)
    _, flare_id = patient_with_flare(desk, hits=fever)
    desk.sign_in("inv")
    path = f"/staff/flares/{flare_id}"
    page = desk.page(path)
    assert "Safety flag: R-001, since" in page
    assert "Is this a flare?" not in page
    assert "Confirmed flare" not in page
    assert "What came of it?" in page
    seen_to, as_well = (page.partition(f'value="{each}"')[2].partition("</label>")[0] for each in CHOICES)
    assert ("false alarm" in seen_to, "Not counted as a flare" in seen_to) == (True, True)
    assert "This alone counts in the study" in as_well
    assert re.findall(r'name="outcome" value="([a-z-]+)" required><span><b>([^<]*)', page) == [
        ("not-a-flare", "Seen to, no flare"),
        ("confirmed", "A flare as well"),
        ("cannot-tell", "Cannot tell yet"),
    ]
    assert desk.post(f"{path}/review", path, note="why") == 400
    assert "seen to, a flare as well, or cannot tell yet" in desk.answer
    assert desk.post(f"{path}/review", path, outcome="not-a-flare", note="Sore throat, seen by the doctor") == 303
    assert path not in desk.page("/staff/")
    assert desk.page(path).count("Seen to, no flare") == 4  # chip, recorded review, choice, contact
    assert "Safety flag 1 reviewed: Seen to, no flare. Sore throat" in desk.page("/staff/patients/R-001")
    desk.client = desk.app.test_client()
    desk.sign_in("invfr")
    page = desk.page(path)
    assert "Est-ce une poussée" not in page
    assert "fausse alerte" in page
    assert "Signalement de sécurité 1 examiné" in desk.page("/staff/patients/R-001")
    assert "Pris en charge, pas de poussée" in page


def test_a_fever_beside_a_flare_is_asked_of_as_both(desk: Desk) -> None:
    """What came of the fever is asked as well, and stands in the record; it came while the page was open or before."""
    make_staff(desk.parts, desk.made, "coofr", role="coordinator", language="fr")
    _, flare_id = patient_with_flare(desk, hits=BY_R2_AND_R4)
    desk.sign_in("inv")
    path = f"/staff/flares/{flare_id}"
    assert 'name="safety_note"' not in desk.page(path)
    with desk.parts.study.writing() as session:
        inputs = canonical({"day": "2026-04-14", "value": "38.6"}).decode()
        hit = {"rule_version": "1", "inputs": inputs, "baseline": None, "n": 0, "result": "hit"}
        session.add(FlareTrigger(flare_id=flare_id, rule="R7", day=DAY, at=NOW, **hit))
    told = {"outcome": "not-a-flare", "note": "Pain of a fall"}
    assert desk.post(f"{path}/review", path, **told) == 400
    assert "A safety flag stands beside the signs of a flare: write what came of it." in desk.answer
    for page in (desk.answer, desk.page(path)):
        form = page.partition('action="/staff/flares/1/review"')[2].partition("</form>")[0]
        assert [words in form for words in ("What came of the safety flag?", "38.6\u00a0°C", "Is this a flare?")] == [
            True
        ] * 3
        assert 'name="safety_note" rows="4" maxlength="2000" required' in form
    assert desk.post(f"{path}/review", path, **told, safety_note="x" * 2001) == 400
    assert (rows(desk, FlareAction), path in desk.page("/staff/")) == (0, True)
    assert desk.post(f"{path}/review", path, **told, safety_note="Sore throat, antibiotics.") == 303
    record = desk.page(path).partition('id="contact"')[2].partition("</section>")[0]
    assert record.index("on the safety flag") < record.index("Sore throat") < record.index("Pain of a fall")
    line = "flare 1 reviewed: Not a flare. On the safety flag: Sore throat, antibiotics. On the flare: Pain of a fall"
    assert f"Safety flag and {line}" in desk.page("/staff/patients/R-001")
    desk.client = desk.app.test_client()
    desk.sign_in("coofr")
    page = desk.page("/staff/patients/R-001")
    assert "Un signalement de sécurité a été examiné" in page
    assert not any(note in page for note in ("Sore throat", "Pain of a fall"))


def test_the_first_sign_of_a_flare_after_a_fever_is_no_further_hit(desk: Desk) -> None:
    """What opened the episode was a safety flag; the hit after that is called another one."""
    make_staff(desk.parts, desk.made, "coofr", role="coordinator", language="fr")
    fever: Hits = (("R7", {"day": "2026-04-14", "value": "38.6"}, None),)
    patient_id, flare_id = patient_with_flare(desk, hits=fever)
    with desk.parts.study.writing() as session:
        patient = audit.lock_patient(session, patient_id)
        for n, rule in enumerate(("R2", "R4")):
            at, hit = NOW + timedelta(hours=n), {"rule": rule, "rule_version": "1", "day": DAY, "inputs": "{}", "n": 0}
            session.add(FlareTrigger(flare_id=flare_id, at=at, result="hit", **hit))
            payload = {"flare": flare_id, "triggers": [{"rule": rule}]}
            audit.record(session, patient, "flare.triggered", payload, audit.WORKER, at)
    for login, first, again in (
        ("inv", "First sign of a flare in this episode, by R2", "Flare: another hit by R4"),
        ("coofr", "Un premier signe de poussée a été signalé", "Une poussée a été signalée à nouveau"),
    ):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        for path in ("/staff/patients/R-001", "/staff/audit"):
            page = desk.page(path)
            assert (page.count(first), page.count(again)) == (1, 1), path


def message(desk: Desk, patient_id: int, n: int, state: str) -> Message:
    due = NOW - timedelta(hours=n + 1)
    return Message(
        dedupe_key=f"reminder:{patient_id}:{n}",
        site_id=desk.made.sites["R"],
        patient_id=patient_id,
        template="reminder",
        language="fr",
        due_at=due,
        not_after=due + timedelta(hours=2),
        state=state,
        sent_at=due,
        error="30005" if state == "failed" else None,
    )


def test_today_says_how_many_had_no_number(desk: Desk) -> None:
    patient_id = make_patient(desk.parts, desk.made)
    with desk.parts.study.writing() as session:
        gone = message(desk, patient_id, 0, "dropped")
        gone.error = "no-number"
        session.add(gone)
    desk.sign_in("inv")
    assert "1 more not sent: number unreachable" in desk.page("/staff/")


@pytest.mark.parametrize(("failing", "others"), [(5, ""), (7, "and 2 others")])
def test_today_names_five_whose_messages_failed_and_counts_the_others(desk: Desk, failing: int, others: str) -> None:
    for n in range(failing):
        patient_id = make_patient(desk.parts, desk.made, f"R-00{n + 1}", telephone=f"+3361234567{n}")
        with desk.parts.study.writing() as session:
            session.add_all(message(desk, patient_id, each, "failed") for each in (n, n + 10))
    desk.sign_in("inv")
    line = re.findall(rf"{2 * failing} failed (.*?)</li>", desk.page("/staff/"), re.DOTALL)[0]
    assert re.findall(r">(R-\d+)</a>", line) == [f"R-00{n}" for n in range(1, 6)]
    assert re.findall(r">(and[^<]*)<", line) == [others] * bool(others)


def test_nothing_is_chosen_for_the_investigator_and_nothing_is_recorded_without_a_choice(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    desk.sign_in("inv")
    path = f"/staff/flares/{flare_id}"
    assert "checked" not in desk.page(path)
    assert desk.post(f"{path}/review", path, note="why") == 400
    assert "Choose what it was" in desk.answer
    assert desk.post(f"{path}/review", path, outcome="confirmed", note=" ") == 400
    assert "Write in a few words why" in desk.answer
    assert rows(desk, FlareAction) == 0


def test_cannot_tell_stays_on_the_list_and_confirmed_leaves_it(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    desk.sign_in("inv")
    path = f"/staff/flares/{flare_id}"
    stops, nobody = "Opening this page stops nothing; recording does", "Nobody further on the duty list will be told"
    assert nobody in desk.page(path)
    make_staff(desk.parts, desk.made, "inv2", duty=2)
    with desk.parts.study.writing() as session:
        session.execute(metadata.tables["flare"].update().values(told_rank=1, next_tell_at=NOW))
    assert stops in desk.page(path)
    assert desk.post(f"{path}/review", path, outcome="cannot-tell", note="Comes in on Thursday") == 303
    assert path in desk.page("/staff/")
    assert not any(words in desk.page(path) for words in (stops, nobody))
    assert desk.post(f"{path}/review", path, outcome="confirmed", note="Seen: warm, swollen knee") == 303
    assert path not in desk.page("/staff/")
    page = desk.page(path)
    assert "Comes in on Thursday" in page
    assert "Seen: warm, swollen knee" in page
    assert rows(desk, FlareAction) == 2


@pytest.mark.parametrize(
    ("login", "chip", "listed"),
    [
        ("inv", "cannot tell yet", "flare: cannot tell yet"),
        ("invfr", "pas encore clair", "poussée : pas encore clair"),
    ],
)
def test_what_nobody_can_tell_yet_is_not_overdue_on_any_page(desk: Desk, login: str, chip: str, listed: str) -> None:
    """Reviewed in time, it waits for a visit; what nobody has reviewed stands before it."""
    make_staff(desk.parts, desk.made, "invfr", language="fr")
    _, flare_id = patient_with_flare(desk)
    desk.sign_in(login)
    path = f"/staff/flares/{flare_id}"
    hot = '<span class="chip hot">'
    with desk.parts.study.writing() as session:
        session.execute(metadata.tables["flare"].update().values(opened_at=NOW - timedelta(days=3)))
    pages = ("/staff/", path, "/staff/patients", "/staff/patients/R-001")
    before = [desk.page(page).count(hot) for page in pages]
    assert desk.post(f"{path}/review", path, outcome="cannot-tell", note="Comes in on Thursday") == 303
    assert [was - desk.page(page).count(hot) for was, page in zip(before, pages, strict=True)] == [1] * 4
    assert "card urgent" not in desk.page("/staff/")
    assert all(f"</svg>{chip}</span>" in plain(desk.page(page)) for page in pages[:2])
    assert all(f"</svg>{listed}</span>" in plain(desk.page(page)) for page in pages[2:])
    _, newer = patient_with_flare(desk, "R-002")
    page = desk.page("/staff/")
    assert page.index(f"/staff/flares/{newer}") < page.index(path)
    assert "card urgent" in page


def test_what_reached_the_site_and_what_staff_did_is_told_by_the_site_s_clock(desk: Desk) -> None:
    """Réunion is two hours ahead of Paris: nothing of the desk lies in the future of its own heading."""
    patient_id, flare_id = patient_with_flare(desk)
    with desk.parts.study.writing() as session:
        session.get_one(Patient, patient_id).zone = "Indian/Reunion"
        about = {"site_id": desk.made.sites["R"], "patient_id": patient_id, "made_at": NOW - timedelta(days=1)}
        session.add(Task(**about, kind="number-unreachable"))
    desk.clock.move(datetime(2026, 4, 14, 16, 12, tzinfo=UTC) - NOW)
    desk.sign_in("inv")
    path = f"/staff/flares/{flare_id}"
    page = desk.page("/staff/")
    assert ("18:12 in Paris" in page, "Reported 14 Apr 18:07" in page) == (True, True)
    assert desk.post(f"{path}/review", path, outcome="confirmed", note="Seen") == 303
    contact = desk.page(path).partition('id="contact"')[2].partition("</section>")[0]
    assert re.findall(r"<li><b>([^<]*)", contact) == ["14 Apr 18:12"]
    assert desk.post(f"{path}/end", path, end_note="Treated") == 303
    page = desk.page(path)
    assert ("Ended 14 Apr 18:12" in page, "14 Apr 20:" in page) == (True, False)
    assert "Since 14 Apr 08:04" in desk.page("/staff/patients/R-001")


def test_what_was_recorded_stands_before_the_form_to_review_again(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk, hits=(*BY_R2_AND_R4, ("R7", {"day": "2026-04-14", "value": "38.6"}, None)))
    desk.sign_in("mon")
    path = f"/staff/flares/{flare_id}"
    page = desk.page(path)
    assert not any(words in page for words in ('href="#review"', "/contact", "Review recorded"))
    desk.client = desk.app.test_client()
    desk.sign_in("inv")
    page = desk.page(path)
    assert ("To my review" in page, "/staff/patients/R-001/contact" in page, "Review again" in page) == (
        *(True, True, False),
    )
    told = {"outcome": "not-a-flare", "note": "Pain of a fall", "safety_note": "Sore throat"}
    assert desk.post(f"{path}/review", path, **told) == 303
    page = plain(desk.page(path))
    recorded, fold = page.partition('id="review"')[2].split('<details class="card fold">')[:2]
    assert [words in recorded for words in ("Not a flare", *list(told.values())[1:], "Dr Le Goff", "15 Apr 08:0")] == [
        True
    ] * 5
    assert "<form" not in recorded
    assert fold.index("Review again") < fold.index("Record my review")
    assert ("To the recorded review" in page, "checked" in page) == (True, False)
    assert desk.post(f"{path}/review", path, outcome="confirmed", note="") == 400
    assert '<details class="card fold" open>' in desk.answer
    with desk.parts.study.writing() as session:  # as a fever of the next day leaves it
        session.get_one(Flare, flare_id).acknowledged_at = None
    page = desk.page(path)
    assert ("A safety flag was reported since" in page, "Review again" in page) == (True, False)


def test_a_flare_page_shows_every_rule_and_what_was_answered(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    evaluation = [
        {"rule": "R1", "version": "1", "day": "2026-04-14", "result": "no hit", "baseline": "4", "n": 6, "why": "day 1 of 2",
         "inputs": {"value": 8, "run": {"2026-04-14": 8}}},
        {"rule": "R3", "version": "1", "day": "2026-04-14", "result": "not evaluable", "baseline": None, "n": 0,
         "why": "the reference days are not over", "inputs": {"day": "2026-04-14"}},
        {"rule": "R7", "version": "1", "day": "2026-04-14", "result": "not evaluable", "baseline": None, "n": 0,
         "why": "no value that day", "inputs": {"day": "2026-04-14"}},
    ]  # fmt: skip
    with desk.parts.study.writing() as session:
        old = session.execute(select(metadata.tables["response"]).where(metadata.tables["response"].c.day == DAY)).one()
        copied = {k: v for k, v in old._mapping.items() if k != "id"}
        copied |= {"n": 2, "evaluation": canonical(evaluation).decode()}
        session.execute(metadata.tables["response"].insert().values(copied))
    desk.sign_in("inv")
    page = desk.page(f"/staff/flares/{flare_id}")
    for rule in ("R1", "R2", "R3", "R4"):
        assert f"<b>{rule}</b>" in page
    assert "not hit" in page
    assert "Cannot be judged: the reference days are not over" in page
    assert "Cannot be judged: no value that day</td>" in page, "what has no value has no unit"
    assert "baseline 4, median of 6" in page


def test_a_call_without_answer_stays_and_a_call_that_reached_the_patient_settles_it(desk: Desk) -> None:
    patient_id = make_patient(desk.parts, desk.made, "R-003")
    with desk.parts.study.writing() as session:
        task = Task(site_id=desk.made.sites["R"], patient_id=patient_id, kind="under-80", detail="71.4", made_at=NOW)
        session.add(task)
        session.flush()
        path = f"/staff/tasks/{task.id}"
    desk.sign_in("coo")
    assert desk.post(path, path, outcome="no-answer", note="") == 303
    assert "no answer 15 Apr" in desk.page("/staff/")
    assert desk.post(path, path, outcome="reached", note="Was on holiday") == 303
    assert "Nobody has to be called" in desk.page("/staff/")
    assert desk.client.get(path).status_code == 404


# A patient


@pytest.mark.parametrize("gone", [True, False])
def test_the_curve_of_who_left_ends_where_they_left(desk: Desk, gone: bool) -> None:
    """On a telephone the drawing opens at its end: no weeks without anything may stand there."""
    patient_id = make_patient(desk.parts, desk.made, day0=date(2026, 2, 20))
    last = date(2026, 4, 1)
    settle(
        *(desk.parts, patient_id, lambda day: "completed" if day <= last else None),
        lambda day: {"worst_pain": 4},
    )
    if gone:
        table = metadata.tables["patient"]
        with desk.parts.study.writing() as session:
            session.execute(table.update().values(withdrawn_at=datetime(2026, 4, 2, 9, tzinfo=UTC)))
    desk.sign_in("coo")
    page = desk.page("/staff/patients/R-001")
    chart = page.partition('class="curve"')[2].partition("</svg>")[0]
    ends = max(float(x) for x in re.findall(r'<circle cx="([0-9.]+)"', chart))
    assert (ends > 1100) is gone
    assert "Slide the drawing sideways" in page


def test_a_name_is_shown_once_by_a_post_that_is_recorded(desk: Desk) -> None:
    patient_with_flare(desk)
    desk.sign_in("coo")
    page = desk.page("/staff/patients/R-001")
    assert "Anne Exemple" not in page
    assert desk.client.get("/staff/patients/R-001/contact").status_code == 405
    assert desk.post("/staff/patients/R-001/contact", "/staff/patients/R-001") == 200
    assert "Anne Exemple" in desk.answer
    assert kinds(desk, "patient:R-001") == ["contact.shown"]
    assert "Name and telephone shown" in desk.page("/staff/patients/R-001")


INJECTED = (
    (13, {"dose": "no", "why_not": "forgot", "temperature_taken": False, "infection": ["none"], "other_medicine": ["none"]}),
    (14, {"dose": "yes", "site": "thigh-left", "reaction": ["redness", "itch"], "temperature_taken": True,
          "temperature": "36.8", "infection": ["none"], "other_medicine": ["none"]}),
)  # fmt: skip


def test_a_patient_page_tells_the_injections_of_each_day_and_what_they_did(desk: Desk) -> None:
    make_staff(desk.parts, desk.made, "cofr", role="coordinator", language="fr")
    patient_id = make_patient(desk.parts, desk.made, day0=date(2026, 3, 30))
    settle(desk.parts, patient_id, lambda day: "completed" if day <= DAY else None, lambda _: {})
    asked = metadata.tables["response"]
    with desk.parts.study.writing() as session:
        for day, given in INJECTED:
            old = session.execute(select(asked).where(asked.c.day == date(2026, 4, day))).one()
            hidden = ("site", "reaction", "temperature") if day == 13 else ("why_not",)
            answers = {key: {"code": "answered", "value": value} for key, value in given.items()}
            answers |= {key: {"code": "not-shown"} for key in hidden}
            answers |= {"infection": {"code": "skipped"}} if day == 13 else {}
            new = {"questionnaire": "injection-diary", "answers": canonical(answers).decode()}
            session.execute(asked.insert().values({k: v for k, v in old._mapping.items() if k != "id"} | new))
    desk.sign_in("coo")
    row = r'<li><span class="at">([^<]*)</span><span class="rest"><b>([^<]*)</b>([^<]*)</span></li>'
    assert re.findall(row, plain(desk.page("/staff/patients/R-001"))) == [
        ("Tue 14 Apr", "Injection: Yes, all of it", ". Place of the injection: Left thigh. "
         "Reaction at the injection place: Redness, Itching. Highest temperature: 36.8 °C"),
        ("Mon 13 Apr", "Injection: No", ". Reason: I forgot. Signs of infection: skipped"),
    ]  # fmt: skip
    desk.client = desk.app.test_client()
    desk.sign_in("cofr")
    (newest, _) = re.findall(row, plain(desk.page("/staff/patients/R-001")))
    assert newest[1] == "Injection : Oui, en entier"
    assert '<h2 id="beside1">Journal des injections</h2>' in desk.page("/staff/patients/R-001")
    assert "Réaction à l’endroit de la piqûre : Rougeur, Démangeaison" in newest[2]


def test_a_patient_page_says_when_the_chain_does_not_hold(desk: Desk) -> None:
    patient_id, _ = patient_with_flare(desk)
    with desk.parts.study.writing() as session:
        for n in range(3):
            row = audit.lock_patient(session, patient_id)
            audit.record(session, row, "link.made", {"n": n}, audit.WORKER, NOW)
    desk.sign_in("inv")
    assert "chain checked to event 3" in desk.page("/staff/patients/R-001")
    with desk.parts.study.writing() as session:
        row = audit.lock_patient(session, patient_id)
        row.chain_seq, row.chain_hash = 4, "1" * 64
        session.add(row)
    assert "the chain does not hold after event 3" in desk.page("/staff/patients/R-001")


def test_every_page_reads_well_in_french(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    desk.sign_in("dm")
    for path in ("", "patients", "patients/R-001", "compliance", "messages", "audit", f"flares/{flare_id}"):
        assert '<html lang="fr">' in desk.page(f"/staff/{path}")
    assert "Pire douleur 8, valeur habituelle 4" in desk.page("/staff/")


def test_curves_of_every_item_are_drawn(desk: Desk) -> None:
    patient_with_flare(desk)
    desk.sign_in("inv")
    for item in ("worst_pain", "stiffness", "tender", "no-such-item"):
        assert 'class="curve"' in desk.page(f"/staff/patients/R-001?curve={item}")


# Compliance


def test_compliance_says_x_of_y_for_patient_site_and_study(desk: Desk) -> None:
    for number, site, missed in (("R-001", "R", 0), ("R-002", "R", 4), ("L-001", "L", 0)):
        patient_id = make_patient(desk.parts, desk.made, number, site=site, day0=date(2026, 4, 4))
        gaps = [date(2026, 4, 10 + n) for n in range(missed)]
        settle(
            desk.parts,
            patient_id,
            lambda d, g=gaps: None if d > date(2026, 4, 13) else "missed" if d in g else "completed",
        )  # type: ignore[misc]
    desk.sign_in("dm")
    page = desk.page("/staff/compliance")
    assert "10 sur 10" in page
    assert "6 sur 10" in page
    assert "16 sur 20 attendus" in page
    assert "26 sur 30" in page
    below = desk.page("/staff/compliance?show=below")
    assert "R-002" in below
    assert "R-001" not in below
    assert "R-002" in desk.page("/staff/compliance?show=missed")
    lines = desk.page("/staff/compliance.csv").splitlines()
    assert lines[0].startswith("patient,day0,withdrawn,expected,completed")
    assert next(line for line in lines if line.startswith("R-002")).split(",")[3:5] == ["10", "6"]


def test_a_diary_that_is_still_open_counts_once_it_is_sent(desk: Desk) -> None:
    patient_id = make_patient(desk.parts, desk.made, "R-001", day0=date(2026, 4, 5))
    closed = {date(2026, 4, 5) + timedelta(days=n): "completed" for n in range(8)} | {date(2026, 4, 13): "missed"}
    settle(desk.parts, patient_id, closed.get)
    desk.sign_in("inv")
    assert "8 of 9" in desk.page("/staff/compliance")
    settle(desk.parts, patient_id, {date(2026, 4, 14): "completed"}.get)
    page = desk.page("/staff/compliance")
    assert page.count("9 of 10") >= 3
    assert "90.0" in page


def test_screens_read_a_bounded_number_of_rows(desk: Desk) -> None:
    for n in range(60):
        patient_id = make_patient(desk.parts, desk.made, f"R-{n:03d}", day0=date(2026, 4, 1))
        if n in (10, 59):
            settle(desk.parts, patient_id, lambda day: "completed" if day < DAY else None)
    desk.sign_in("inv")
    desk.page("/staff/")  # the watchdog looks once in ten seconds, whatever the page
    with counted(desk) as at_60:
        desk.page("/staff/compliance")
    for n in range(60, 75):
        make_patient(desk.parts, desk.made, f"R-{n:03d}", day0=date(2026, 4, 1))
    with counted(desk) as at_75:
        page = desk.page("/staff/compliance")
    assert at_75.statements == at_60.statements
    assert at_75.rows <= at_60.rows + 2
    assert "after=R-049" in page
    assert "R-050" in desk.page("/staff/compliance?after=R-049")
    with counted(desk) as today:
        desk.page("/staff/")
    assert today.statements <= 22
    assert today.rows <= 200


class Counts:
    statements = 0
    rows = 0


@contextmanager
def counted(desk: Desk) -> Iterator[Counts]:
    """Statements and rows that a page reads from the study database."""
    counts = Counts()

    def on_execute(conn: object, cursor: object, statement: str, *rest: object) -> None:
        counts.statements += 1

    original = CursorResult.all

    def all_rows(self: CursorResult[Any]) -> Any:
        found = original(self)
        counts.rows += len(found)
        return found

    CursorResult.all = all_rows  # type: ignore[method-assign]
    event.listen(desk.parts.study.engine, "after_cursor_execute", on_execute)
    try:
        yield counts
    finally:
        event.remove(desk.parts.study.engine, "after_cursor_execute", on_execute)
        CursorResult.all = original  # type: ignore[method-assign]


# Trail and messages


def test_the_trail_is_filtered_and_paged_and_keeps_to_the_site(desk: Desk) -> None:
    ours = make_patient(desk.parts, desk.made, "R-001")
    theirs = make_patient(desk.parts, desk.made, "L-001", site="L")
    with desk.parts.study.writing() as session:
        for n in range(60):
            row = audit.lock_patient(session, ours)
            audit.record(session, row, "link.made", {"n": n}, audit.WORKER, NOW - timedelta(minutes=n))
        audit.record(session, audit.lock_patient(session, theirs), "phone.changed", {}, audit.WORKER, NOW)
    desk.sign_in("inv")
    page = desk.page("/staff/audit")
    assert "Telephone changed" not in page
    older = re.search(r'href="(/staff/audit\?[^"]*before=[^"]*)"', page)
    assert older
    assert page.count("Link made") + desk.page(older[1].replace("&amp;", "&")).count("Link made") == 60
    assert "Nothing fits" in desk.page("/staff/audit?patient=R-001&kind=flare.")
    assert "Nothing fits" in desk.page("/staff/audit?patient=R-001&to=2026-04-14")
    assert "Write dates as year-month-day" in desk.page("/staff/audit?from=yesterday")
    desk.post("/staff/sign-out", "/staff/")
    desk.sign_in("dm")
    page = desk.page("/staff/audit")
    assert "Téléphone changé" in page
    assert "staff:dm" in page


def test_what_stands_side_by_side_asks_how_many_letters_fit(desk: Desk) -> None:
    """By the letters that fit and not by the width of the screen: at twice the size words broke after each letter."""
    for sheet in ("desk.css", "protocol.css"):
        css = desk.client.get(f"/static/{sheet}").get_data(as_text=True)
        assert "@container(min-width" in css
        assert "@media(min-width" not in css


def test_messages_say_what_became_of_them_and_page_by_key(desk: Desk) -> None:
    patient_id = make_patient(desk.parts, desk.made, "R-001")
    with desk.parts.study.writing() as session:
        session.add_all([message(desk, patient_id, n, "failed" if n == 3 else "delivered") for n in range(60)])
    desk.sign_in("inv")
    page = desk.page("/staff/messages")
    assert "59 of 60 sent" in page
    assert "number unknown or out of service" in page
    assert desk.page("/staff/messages?show=failed").count(">R-001<") == 1
    older = re.search(r'href="(/staff/messages\?[^"]*before=[^"]*)"', page)
    assert older
    assert desk.page(older[1].replace("&amp;", "&")).count(">R-001<") == 10


def test_the_demonstration_says_that_it_is_one(desk: Desk) -> None:
    assert "invented" not in desk.page("/staff/")
    parts = replace(desk.parts, settings=replace(desk.parts.settings, demo=True))
    assert "invented" in create_app(parts).test_client().get("/staff/").get_data(as_text=True)


def test_a_demonstration_s_desk_goes_on_as_its_door_was_read(desk: Desk) -> None:
    parts = replace(desk.parts, settings=replace(desk.parts.settings, demo=True))
    client = create_app(parts).test_client()
    page = client.get("/staff/", headers={"Accept-Language": "fr"}).get_data(as_text=True)
    hidden = re.search(r'name="lang"[^>]*value="([^"]*)"', page)
    assert hidden is not None
    fields = {"login": "inv", "password": PASSWORD, "csrf_token": token_in(page), "lang": hidden[1]}
    assert client.post("/staff/sign-in", data=fields).status_code == 303
    assert '<html lang="fr">' in client.get("/staff/").get_data(as_text=True)


def rows(desk: Desk, table: type) -> int:
    with desk.parts.study.reading() as session:
        return len(session.execute(select(table)).all())


def kinds(desk: Desk, chain: str) -> list[str]:
    events = metadata.tables["audit_event"]
    with desk.parts.study.reading() as session:
        return list(session.execute(select(events.c.kind).where(events.c.chain == chain)).scalars())


def test_decimals_are_never_floats() -> None:
    from pro.web.desk.phrases import percent_words

    assert percent_words(Decimal(8) / 9, "en") == "88.9\u00a0%"
    assert percent_words(None, "fr") == ""


def test_a_stale_form_comes_back_with_what_was_typed(desk: Desk) -> None:
    _, flare_id = patient_with_flare(desk)
    desk.sign_in("inv")
    path = f"/staff/flares/{flare_id}"
    answer = desk.client.post(f"{path}/review", data={"csrf_token": "stale", "page": path, "note": "Warm knee"})
    assert answer.status_code == 303
    back = desk.client.get(answer.headers["Location"])
    assert (back.status_code, back.headers["Location"]) == (303, path)
    assert "Warm knee" in desk.page(path)


def test_a_page_that_is_not_there_says_so_and_leaves_other_addresses_alone(desk: Desk) -> None:
    answer = desk.client.get("/staff/no/such/page")
    assert answer.status_code == 404
    assert "This is not there" in answer.get_data(as_text=True)
    assert "This is not there" not in desk.client.get("/no/such/page").get_data(as_text=True)


def test_a_call_about_a_wrong_number_leaves_it_on_every_page_and_leads_to_the_new_one(desk: Desk) -> None:
    make_staff(desk.parts, desk.made, "cofr", role="coordinator", language="fr")
    patient_id = make_patient(desk.parts, desk.made, "R-003")
    with desk.parts.study.writing() as session:
        site = desk.made.sites["R"]
        session.add(Task(site_id=site, patient_id=patient_id, kind="number-unreachable", made_at=NOW))
        failed = message(desk, patient_id, 1, "failed")
        failed.error = "21211"
        session.add(failed)
    desk.sign_in("coo")
    for page in ("/staff/messages", "/staff/patients/R-003"):
        assert re.search(r"failed( [0-9:]+)?: not a valid number", plain(desk.page(page))), page
    assert "not sent" not in desk.page("/staff/patients/R-003").partition('id="texts"')[2].partition("</section>")[0]
    call = desk.page("/staff/tasks/1")
    assert desk.post("/staff/tasks/1", "/staff/tasks/1", outcome="no-answer", note="Rang twice") == 303
    own = desk.page("/staff/patients/R-003").partition('id="to-call"')[2].partition("</section>")[0]
    for said in ("Number unreachable", "check the number with the patient", "15 Apr", "no answer", "Rang twice"):
        assert said in own, said
    assert f'href="/staff/enrol/{patient_id}/phone"' in call
    assert "stays on the list until the number is changed" in call
    assert "takes the patient off" not in call
    assert desk.post("/staff/tasks/1", "/staff/tasks/1", outcome="reached", note="By the landline") == 303
    today = desk.page("/staff/")
    assert "spoke 15 Apr" in today
    assert "no answer" not in today
    assert "Spoke with the patient" in desk.page("/staff/tasks/1")
    assert "number unreachable" in desk.page("/staff/patients")
    desk.client = desk.app.test_client()
    desk.sign_in("cofr")
    assert "reste sur la liste tant que le numéro n’est pas changé" in desk.page("/staff/tasks/1")
    assert "a répondu 15 avr" in desk.page("/staff/").replace("\u00a0", " ").replace("\u202f", " ")


def test_a_missing_contact_is_entered_again_from_the_call_page(desk: Desk) -> None:
    patient_id = make_patient(desk.parts, desk.made, "R-003")
    with desk.parts.study.writing() as session:
        site = desk.made.sites["R"]
        session.add(Task(site_id=site, patient_id=patient_id, kind="contact-missing", made_at=NOW))
    with desk.parts.contacts.writing() as session:
        session.execute(contacts.metadata.tables["contact"].delete())
    desk.sign_in("coo")
    call, path = desk.page("/staff/tasks/1"), f"/staff/enrol/{patient_id}/phone"
    assert f'<a href="{path}">Enter name and telephone</a>' in call
    assert "takes the patient off" not in call
    form = desk.page(path)
    assert "enter both again" in form
    assert 'name="name"' in form
    assert desk.post(path, path, phone="06 12 34 56 79") == 422
    assert "Give the patient’s name." in desk.answer
    assert desk.post(path, path, phone="06 12 34 56 79", name="Ada Example") == 200
    assert '<input type="hidden" name="name" value="Ada Example">' in desk.answer
    assert desk.post(path, path, phone="06 12 34 56 79", name="Ada Example", step="change") == 303
    assert "Nobody has to be called" in desk.page("/staff/")
    assert 'name="name"' not in desk.page(path)


TASKS = (
    ("number-unreachable", "", "An SMS cannot be delivered", "Un SMS ne peut pas être remis"),
    ("missed-in-a-row", "2", "2 diaries missed in a row", "2 carnets manqués de suite"),
    ("under-80", "57.1", "0.0 % of the last seven diaries", "0,0 % des sept derniers carnets"),
    ("endpoint-due", "week12", "Week 12, the main visit of the study", "Semaine 12, visite principale de l’étude"),
    ("undelivered", "3", "3 SMS in a row were not delivered", "3 SMS de suite"),
)


def test_every_kind_of_task_is_on_today_with_whom_to_call_in_both_languages(desk: Desk) -> None:
    """In the reader's words, with the patient's number, and the page where a call is noted and the telephone shown."""
    make_staff(desk.parts, desk.made, "cofr", role="coordinator", language="fr")
    for n, (kind, detail, _, _) in enumerate(TASKS):
        patient = make_patient(desk.parts, desk.made, f"R-00{n + 1}")
        with desk.parts.study.writing() as session:
            session.add(Task(site_id=desk.made.sites["R"], patient_id=patient, kind=kind, detail=detail, made_at=NOW))
    for login, column in (("coo", 2), ("cofr", 3)):
        desk.client = desk.app.test_client()
        desk.sign_in(login)
        page = desk.page("/staff/").replace("\u202f", " ").replace("\u00a0", " ")
        for n, task in enumerate(TASKS):
            assert task[column] in page, task
            assert f'href="/staff/patients/R-00{n + 1}"' in page
            assert f'href="/staff/tasks/{n + 1}"' in page
        assert "1 number unreachable" in page or "1 numéro injoignable" in page
    call = desk.page("/staff/tasks/1")
    assert "/staff/patients/R-001/contact" in call
