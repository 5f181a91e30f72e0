"""The enrolment pages as a coordinator uses them, over HTTP, with rights, forged posts and what a page may not say."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from pro.app import create_app
from pro.clock import FixedClock, Moment
from pro.services import access, delivery, inbound
from pro.services.access import SignedIn
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from pro.sms.sender import Refused
from pro.store import contacts
from pro.store.tables import AuditEvent, Link, Message, Patient, ProtocolInForce, Response, Study, metadata
from pro.web.words import texts
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, make_parts, make_staff, make_study

DAY0 = "2026-04-16"
CHOSEN = " checked>"


def plain(page: str) -> str:
    """The page with ordinary spaces, for reading."""
    return page.replace("\u00a0", " ").replace("\u202f", " ")


class Desk:
    """Somebody signed in at the desk."""

    def __init__(self, parts: Parts, client: FlaskClient, login: str) -> None:
        self.parts, self.client = parts, client
        signed = access.sign_in(parts, login, PASSWORD, "10.0.0.1", parts.clock.now())
        assert isinstance(signed, SignedIn)
        client.set_cookie("staff", signed.token)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, seen_on: str | None = None, **fields: Any) -> TestResponse:
        """Posts as the page `seen_on` would: with its token."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(seen_on or path))
        assert token is not None
        return self.client.post(path, data={"csrf_token": token[1], **fields})


@pytest.fixture
def parts(sqlite_urls: Urls) -> Iterator[Parts]:
    made_parts = make_parts(sqlite_urls)
    made = make_study(made_parts)
    with made_parts.study.writing() as session:
        session.get_one(Study, made.study_id).demonstration = True
        for site_id in made.sites.values():
            session.add(ProtocolInForce(site_id=site_id, protocol="thera-demo", version="1", sha256="", from_at=NOW))
    make_staff(made_parts, made, "c.morvan", role="coordinator")
    make_staff(made_parts, made, "l.petit", role="coordinator", site="L", language="fr")
    make_staff(made_parts, made, "m.monitor", role="monitor")
    make_staff(made_parts, made, "both", role="coordinator", site=None)
    yield made_parts
    made_parts.study.close()
    made_parts.contacts.close()


@pytest.fixture
def desk(parts: Parts) -> Desk:
    return Desk(parts, create_app(parts).test_client(), "c.morvan")


def typed(parts: Parts, **changed: Any) -> dict[str, Any]:
    keys = [one.key for one in parts.library.latest_protocol("thera-demo").criteria if one.key != "pain"]
    given = {"criteria": keys, "screening_value": "62", "screened_on": "", "name": "Zyxwvut Canary"}
    given |= {"phone": "06 98 76 54 32", "day0": DAY0, "zone": "Europe/Paris", "language": "fr"}
    return {**given, "site": "1", **changed}


def enrol(desk: Desk, **changed: Any) -> int:
    answer = desk.post("/staff/enrol", **typed(desk.parts, **changed))
    assert answer.status_code == 303, answer.text
    found = re.search(r"/staff/enrol/(\d+)", answer.location)
    assert found is not None
    return int(found[1])


def all_of(parts: Parts, table: type[Any]) -> list[Any]:
    with parts.study.reading() as session:
        return list(session.exec(select(table)).all())


# ── Coming in


def test_nothing_is_ticked_or_chosen_beforehand(desk: Desk) -> None:
    page = desk.get("/staff/enrol")
    assert page.count('type="checkbox"') == 15, "every criterion but the one the pain decides"
    assert CHOSEN not in page
    assert 'name="birth' not in page


def test_where_a_patient_lives_is_chosen_by_town_first_the_likely_ones(desk: Desk) -> None:
    page = desk.get("/staff/enrol")
    first, others = page.split("<optgroup")[1:]
    towns = re.findall(r'value="([^"]+)"( selected)?>([^<]+)', first)
    assert towns[0] == ("Europe/Paris", " selected", "Paris")
    assert ("Indian/Reunion", "", "Réunion") in towns
    assert 'value="Asia/Tokyo">Tokyo<' in others
    assert "Etc/" not in page
    assert 'value="Europe/Paris"' not in others
    kept = desk.post("/staff/enrol", **typed(desk.parts, phone="1", zone="Asia/Tokyo")).text
    assert re.findall(r'value="([^"]+)" selected', kept) == ["Asia/Tokyo"]
    odd = desk.post("/staff/enrol", **typed(desk.parts, phone="1", zone="Etc/GMT+5")).text
    assert re.findall(r'value="([^"]+)" selected', odd) == ["Etc/GMT+5"], "what was typed stands there still"


def test_the_patient_s_paper_names_the_town(desk: Desk) -> None:
    patient_id = enrol(desk, zone="Indian/Reunion", day0="2026-04-16")
    paper = desk.get(f"/staff/enrol/{patient_id}/sheet")
    assert "(La Réunion)" in paper
    assert "Indian/" not in paper
    assert "Indian/" not in desk.get(f"/staff/enrol/{patient_id}")


def test_a_patient_is_enrolled(desk: Desk) -> None:
    patient_id = enrol(desk, screened_on="2026-04-14")

    [patient] = all_of(desk.parts, Patient)
    assert (patient.id, patient.number, patient.language) == (patient_id, "R-001", "fr")
    with desk.parts.contacts.reading() as session:
        person = contacts.find(session, desk.parts.cipher, [patient.contact_id])[patient.contact_id]
    assert (person.name, person.number) == ("Zyxwvut Canary", "+33698765432")
    page = desk.get(f"/staff/enrol/{patient_id}?done=enrolled")
    assert "R-001 is enrolled" in page
    assert "Canary" not in page
    [event] = [one for one in all_of(desk.parts, AuditEvent) if one.kind == "patient.enrolled"]
    assert (event.actor, event.role) == ("c.morvan", "coordinator")


def test_forty_names_the_criterion_and_keeps_what_was_typed(desk: Desk) -> None:
    answer = desk.post("/staff/enrol", **typed(desk.parts, screening_value="40"))

    assert answer.status_code == 422
    assert "40 is not above 40" in answer.text
    assert "(40 itself is not enough)" in answer.text
    for kept in ('value="Zyxwvut Canary"', 'value="06 98 76 54 32"', f'value="{DAY0}"', 'value="40"'):
        assert kept in answer.text
    assert answer.text.count(CHOSEN) == 16, "15 ticks and the language"
    assert all_of(desk.parts, Patient) == []


def test_a_missing_tick_is_named(desk: Desk) -> None:
    without = [key for key in typed(desk.parts)["criteria"] if key != "consent"]
    answer = desk.post("/staff/enrol", **typed(desk.parts, criteria=without))
    assert answer.status_code == 422
    assert '<a href="#criterion-consent">Has consented in writing</a>: not ticked' in answer.text


def test_an_empty_form_says_everything_at_once(desk: Desk) -> None:
    empty = typed(desk.parts, criteria=[], screening_value="40", name="", phone="", language="", day0="")
    said = plain(desk.post("/staff/enrol", **empty).text)
    assert "20 things to mend" in said, "15 ticks, the pain, and four fields"
    for field in ("criterion-consent", "screening_value", "name", "phone", "language", "day0"):
        assert f'<a href="#{field}">' in said
    assert "40 is not above 40" in said
    assert "Nothing has been stored yet" in said


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"phone": "01 23 45 67 89"}, "This is no mobile number. Write it as 06"),
        ({"phone": ""}, "Give the number, such as 06"),
        ({"phone": "06 39 98 12 34"}, "Write it with +262, +590, +594 or +596"),
        ({"name": ""}, "Give the patient’s name."),
        ({"screening_value": "lots"}, "Give a whole number from 0 to 100."),
        ({"screening_value": "101"}, "Give a whole number from 0 to 100."),
        ({"day0": ""}, "Give a date."),
        ({"day0": "2026-04-14"}, "Day 0 is today (Wednesday 15 April) or later."),
        ({"day0": "30/04/2026"}, "Wednesday 29 April at the latest"),
        ({"screened_on": "soon"}, "The pain is asked from"),
        ({"zone": "Mars/Base"}, "Choose where the patient lives"),
        ({"language": ""}, "Choose the language."),
    ],
)
def test_an_error_names_the_field_and_the_mend(desk: Desk, changed: dict[str, str], said: str) -> None:
    answer = desk.post("/staff/enrol", **typed(desk.parts, **changed))
    [field] = changed
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert said in plain(answer.text)
    assert "One thing to mend" in answer.text
    assert all_of(desk.parts, Patient) == []


def test_a_double_click_makes_one_patient(desk: Desk) -> None:
    first = enrol(desk, once="a" * 32)
    assert enrol(desk, once="a" * 32) == first
    assert len(all_of(desk.parts, Patient)) == 1


def test_who_works_at_two_sites_chooses_one(parts: Parts) -> None:
    both = Desk(parts, create_app(parts).test_client(), "both")
    assert "At which site?" in both.get("/staff/enrol")
    assert "thera-demo, version 1 · Lille" in both.get("/staff/enrol?site=2")


def test_the_same_mobile_is_asked_about_before_anybody_is_enrolled_twice(desk: Desk) -> None:
    enrol(desk)
    again = desk.post("/staff/enrol", **typed(desk.parts))
    page = plain(again.text)
    assert again.status_code == 422
    assert "This mobile is already that of R-001" in page
    assert 'name="shared" value="yes">' in page, "and nothing is ticked beforehand"
    assert len(all_of(desk.parts, Patient)) == 1
    kept = desk.post("/staff/enrol", **typed(desk.parts, shared="yes", day0=""))
    assert 'name="shared" value="yes" checked>' in kept.text, "another thing to mend does not lose the tick"
    assert desk.post("/staff/enrol", **typed(desk.parts, shared="yes")).status_code == 303
    assert [one.number for one in all_of(desk.parts, Patient)] == ["R-001", "R-002"]


# ── Before the patient leaves


def test_the_digits_are_shown_and_confirmed(desk: Desk) -> None:
    path = f"/staff/enrol/{enrol(desk)}"
    stand(desk, LUNCH)
    assert desk.post(f"{path}/test", seen_on=path).status_code == 303
    [message] = all_of(desk.parts, Message)
    assert (message.template, message.state) == ("test", "pending")
    page = desk.get(path)
    assert f'aria-label="{" ".join(message.detail)}"' in page
    assert "once the SMS has left" in page
    assert HEARD not in page
    deliver(desk, LUNCH)
    assert HEARD in desk.get(path)
    answer = desk.post(f"{path}/heard", seen_on=path)
    assert "The number is confirmed" in desk.get(answer.location)


HEARD = "Yes, these digits"
LUNCH, EVENING = NOW.replace(hour=10), NOW.replace(hour=19)
"""12:00 and 21:00 in Paris."""


def deliver(desk: Desk, at: datetime) -> None:
    delivery.tick(desk.parts, stand(desk, at), "w1", seconds=lambda: 0.0)


def stand(desk: Desk, at: datetime) -> Moment:
    """Study time moves; who is signed in stays so."""
    assert isinstance(desk.parts.clock, FixedClock)
    desk.parts.clock.moment = Moment(at, NOW)
    return desk.parts.clock.moment


def test_a_test_sms_in_quiet_hours_says_so_and_cannot_be_confirmed(desk: Desk) -> None:
    path = f"/staff/enrol/{enrol(desk)}"
    stand(desk, EVENING)
    desk.post(f"{path}/test", seen_on=path)
    assert "it leaves when they end" in desk.get(path)
    deliver(desk, EVENING)
    page = plain(desk.get(path))
    assert "quiet hours: no SMS before Thursday 16 April, 08:30" in page
    assert "not sent" in page
    assert HEARD not in page
    assert "Look at the number together" not in page, "it is not the number's fault"
    assert 'class="digits"' not in page
    forged = desk.post(f"{path}/heard", seen_on=path)
    assert "The number is confirmed" not in desk.get(forged.location)
    assert "phone.confirmed" not in [one.kind for one in all_of(desk.parts, AuditEvent)]


def test_a_refused_number_is_named_and_who_said_stop_is_not_tested(desk: Desk) -> None:
    patient_id = enrol(desk)
    path, sender = f"/staff/enrol/{patient_id}", desk.parts.sender
    assert isinstance(sender, MemorySender)
    stand(desk, LUNCH)
    sender.answer = lambda sms: Refused("21211", "no number")
    desk.post(f"{path}/test", seen_on=path)
    deliver(desk, LUNCH)
    page = desk.get(path)
    assert "Why: not a valid number. Look at the number together" in page
    assert HEARD not in page
    for code, mend in (("30003", "Once the phone is on"), ("30007", "tell whoever runs the service")):
        with desk.parts.study.writing() as session:
            session.execute(metadata.tables["message"].update().values(error=code))
        assert mend in (page := desk.get(path))
        assert "Look at the number" not in page
    with desk.parts.study.writing() as session:
        inbound.opt_out(session, patient_id, "page", desk.parts.clock.now())
    page = desk.get(path)
    assert "no test can be sent" in page
    assert "START" not in page, "stopped by the link: no provider knows of it"
    assert f"{path}/test" not in page


@pytest.mark.parametrize(
    ("replies", "mend"), [(True, "writes START to the sender"), (False, "give another number under “New telephone”")]
)
def test_after_a_stop_that_the_provider_holds_no_message_is_promised(parts: Parts, replies: bool, mend: str) -> None:
    heard = replace(parts, settings=replace(parts.settings, sms_replies=replies))
    desk = Desk(heard, create_app(heard).test_client(), "c.morvan")
    patient_id = enrol(desk)
    path, sender = f"/staff/enrol/{patient_id}", parts.sender
    assert isinstance(sender, MemorySender)
    stand(desk, LUNCH)
    sender.answer = lambda sms: Refused("21610", "said STOP", "opted-out")
    desk.post(f"{path}/test", seen_on=path)
    deliver(desk, LUNCH)
    assert mend in plain(desk.get(path)), "at the button"
    answer = desk.post(f"{path}/messages", seen_on=path)
    page = plain(desk.get(answer.location))
    assert "Noted: the patient wants messages again. But" in page
    assert "start again with the next reminder" not in page
    assert mend in page.split('id="test"')[1], "beside the refused test"
    with parts.study.writing() as session:
        inbound.opt_out(session, patient_id, "provider", parts.clock.now())
    desk.post(f"{path}/phone", phone="06 22 33 44 55", step="change")
    assert "START" not in desk.get(path), "nobody has said STOP from the new number"
    assert "start again with the next reminder" in desk.get(desk.post(f"{path}/messages", seen_on=path).location)


def test_the_code_of_the_first_link_is_shown_once(desk: Desk) -> None:
    path = f"/staff/enrol/{enrol(desk)}"
    before = len(all_of(desk.parts, Link))
    page = desk.get(path)
    assert "<svg" not in page.split('id="link"')[1].split("</section>")[0]
    assert len(all_of(desk.parts, Link)) == before, "looking makes no link"

    shown = desk.post(f"{path}/link", seen_on=path)
    assert len(all_of(desk.parts, Link)) == before + 1
    drawn = shown.text.split('id="link"')[1].split("</section>")[0]
    assert "<svg" in drawn
    assert "style=" not in drawn, "the security policy refuses inline styles"


def test_the_sheet_speaks_the_patients_language_and_tells_no_diagnosis(desk: Desk) -> None:
    page = desk.get(f"/staff/enrol/{enrol(desk)}/sheet")
    paper = plain(page).split("<main", 1)[1]
    assert 'lang="fr"' in paper.partition(">")[0]
    for said in (
        "R-001",
        "02 99 00 00 00",
        "Urgence",
        "Carnet quotidien",
        "Arrêter les SMS",
        "jeudi 16 avril",
    ):
        assert said in paper
    assert "STOP" not in paper, "the sender is a name, which cannot receive"
    told = re.compile("h(a|é)emochromatos|thera|anakinra|rhumat|rheumat|canary|698|goutte|pouss", re.IGNORECASE)
    assert told.search(paper) is None


def test_the_sheet_says_stop_where_the_sender_is_a_number(desk: Desk) -> None:
    path = f"/staff/enrol/{enrol(desk)}/sheet"
    two_way = replace(desk.parts, settings=replace(desk.parts.settings, sms_replies=True))
    assert "Répondez STOP" in Desk(two_way, create_app(two_way).test_client(), "c.morvan").get(path)


def test_who_comes_in_the_evening_of_day_0_is_told_when_the_first_sms_comes(desk: Desk) -> None:
    early = enrol(desk, day0="2026-04-16")
    assert "premier SMS" not in desk.get(f"/staff/enrol/{early}/sheet")
    assert "first reminder" not in desk.get(f"/staff/enrol/{early}")
    stand(desk, LUNCH)
    noon = enrol(desk, day0="2026-04-15", phone="06 22 33 44 55")
    assert "premier SMS arrive le mercredi 15 avril à 18 h" in plain(desk.get(f"/staff/enrol/{noon}/sheet"))
    stand(desk, EVENING)
    late = enrol(desk, day0="2026-04-15", phone="06 33 44 55 66")
    assert "premier SMS arrive le jeudi 16 avril à 18 h" in plain(desk.get(f"/staff/enrol/{late}/sheet"))
    assert "The first reminder comes Thursday 16 April, 18:00" in plain(desk.get(f"/staff/enrol/{late}"))
    stand(desk, LUNCH + timedelta(days=2))
    assert "first reminder" not in desk.get(f"/staff/enrol/{late}"), "it has come"


# ── Later


def test_a_new_number_is_shown_before_it_is_changed(desk: Desk) -> None:
    patient_id = enrol(desk)
    path = f"/staff/enrol/{patient_id}/phone"
    shown = desk.post(path, phone="06 22 33 44 55")
    assert "reminders to come go there" in shown.text
    assert number_of(desk.parts) == "+33698765432", "nothing changed yet"

    done = desk.post(path, phone="06 22 33 44 55", step="change")
    assert done.status_code == 303
    assert number_of(desk.parts) == "+33622334455"
    assert 'value="+262692123456"' in desk.post(path, phone="06 92 12 34 56").text, "Réunion, as dialled in Paris"
    wrong = desk.post(path, phone="12", step="change")
    assert wrong.status_code == 422
    assert "This is no mobile number" in wrong.text
    assert number_of(desk.parts) == "+33622334455"


@pytest.mark.parametrize(
    ("lang", "said", "tick"),
    [
        ("en", "This mobile is already that of R-002, at this site.", "Both share this telephone"),
        ("fr", "Ce mobile est déjà celui de R-002, dans ce centre.", "Ils partagent ce téléphone"),
    ],
)
def test_a_new_number_that_is_somebody_elses_here_is_asked_about(desk: Desk, lang: str, said: str, tick: str) -> None:
    with desk.parts.study.writing() as session:
        session.execute(metadata.tables["staff"].update().values(language=lang))
    path = f"/staff/enrol/{enrol(desk)}/phone"
    enrol(desk, phone="06 22 33 44 55")
    for step in ({}, {"step": "change"}):
        asked = desk.post(path, phone="06 22 33 44 55", **step)
        assert asked.status_code == 422
        assert said in plain(asked.text)
        assert 'name="shared" value="yes">' in asked.text, "nothing is ticked beforehand"
        assert tick in asked.text
    assert number_of(desk.parts) == "+33698765432", "nothing changed"
    shown = desk.post(path, phone="06 22 33 44 55", shared="yes")
    assert '<input type="hidden" name="step" value="change">' in shown.text
    assert '<input type="hidden" name="shared" value="yes">' in shown.text, "what was said is not asked again"
    assert desk.post(path, phone="06 22 33 44 55", shared="yes", step="change").status_code == 303
    assert number_of(desk.parts) == "+33622334455"


def test_the_patients_own_number_is_nobody_elses(desk: Desk) -> None:
    patient_id = enrol(desk)
    shown = desk.post(f"/staff/enrol/{patient_id}/phone", phone="06 98 76 54 32")
    assert shown.status_code == 200
    assert 'name="shared"' not in shown.text


def number_of(parts: Parts) -> str:
    patient = all_of(parts, Patient)[0]
    with parts.contacts.reading() as session:
        return contacts.find(session, parts.cipher, [patient.contact_id])[patient.contact_id].number


def test_withdrawal_says_what_stops_and_asks_before_it_does(desk: Desk) -> None:
    patient_id = enrol(desk)
    path = f"/staff/enrol/{patient_id}/withdraw"
    page = desk.get(path)
    assert "reminders still planned" in page
    assert CHOSEN not in page
    refused = desk.post(path, why="burden")
    assert refused.status_code == 422
    assert "Choose what the patient decided." in refused.text
    assert all_of(desk.parts, Patient)[0].withdrawn_at is None

    done = desk.post(path, why="burden", earlier_data="keep")
    assert done.status_code == 303
    assert all_of(desk.parts, Patient)[0].withdrawn_why == "burden"
    assert "R-001 has left the study" in desk.get(done.location)
    assert "Show the code" not in desk.get(f"/staff/enrol/{patient_id}")


def test_lost_phone_all_links_are_shut(desk: Desk) -> None:
    path = f"/staff/enrol/{enrol(desk)}"
    assert desk.post(f"{path}/revoke", seen_on=path).status_code == 303
    assert all(link.revoked_at is not None for link in all_of(desk.parts, Link))


# ── Who may


ROUTES = ["", "/sheet", "/phone", "/withdraw"]
POSTS = ["/test", "/heard", "/link", "/revoke", "/messages", "/phone", "/withdraw"]


def test_another_sites_patient_is_not_there(desk: Desk, parts: Parts) -> None:
    patient_id = enrol(desk)
    other = Desk(parts, create_app(parts).test_client(), "l.petit")
    for route in ROUTES:
        other.get(f"/staff/enrol/{patient_id}{route}", status=404)
        other.get(f"/staff/enrol/999{route}", status=404)
    for route in POSTS:
        posted = other.post(
            f"/staff/enrol/{patient_id}{route}", seen_on="/staff/enrol", why="burden", earlier_data="keep"
        )
        assert posted.status_code == 404, route
    taken = other.post("/staff/enrol", **typed(parts, site="1"))
    assert taken.status_code == 404
    assert len(all_of(parts, Patient)) == 1
    assert all_of(parts, Patient)[0].withdrawn_at is None


def test_a_monitor_may_not_enrol(desk: Desk, parts: Parts) -> None:
    patient_id = enrol(desk)
    monitor = Desk(parts, create_app(parts).test_client(), "m.monitor")
    monitor.get("/staff/enrol", status=403)
    for route in ROUTES:
        monitor.get(f"/staff/enrol/{patient_id}{route}", status=403)


def test_nobody_gets_in_without_signing_in(parts: Parts) -> None:
    stranger = create_app(parts).test_client()
    for path in ("/staff/enrol", "/staff/enrol/1", "/staff/enrol/1/sheet"):
        answer = stranger.get(path)
        assert answer.status_code == 303
        assert answer.location.startswith("/staff/")


def test_a_forged_post_changes_nothing(desk: Desk) -> None:
    patient_id = enrol(desk)
    for route in POSTS:
        answer = desk.client.post(f"/staff/enrol/{patient_id}{route}", data={"why": "burden", "earlier_data": "keep"})
        assert (answer.status_code, answer.location) == (303, "/staff/"), route
    assert desk.client.post("/staff/enrol", data=typed(desk.parts)).location == "/staff/"
    assert len(all_of(desk.parts, Patient)) == 1
    assert all_of(desk.parts, Message) == []


def test_no_name_travels_in_a_cookie_when_the_session_ran_out(desk: Desk) -> None:
    path = "/staff/enrol"
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', desk.get(path))
    assert token is not None
    desk.client.delete_cookie("staff")
    answer = desk.client.post(path, data={**typed(desk.parts), "csrf_token": token[1], "page": path})
    assert answer.status_code == 303
    with desk.client.session_transaction() as kept:
        held = str(dict(kept))
    assert DAY0 in held, "what says nothing about the person is kept"
    assert "Canary" not in held
    assert "98 76" not in held


def test_wording_is_there_in_both_languages() -> None:
    english, french = texts("enrolment", "en"), texts("enrolment", "fr")
    assert set(english) == set(french)
    for key, text in english.items():
        assert places_of(text) == places_of(french[key]), key


def places_of(text: object) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", str(text)))


def test_a_screening_response_stands_behind_the_form(desk: Desk) -> None:
    enrol(desk, screening_value=" 41 ")
    [response] = all_of(desk.parts, Response)
    assert (response.mode, response.staff_id) == ("staff", 1)
    assert '"value":41' in response.answers


def test_a_stale_form_comes_back_with_what_was_typed_but_no_name_and_no_number(desk: Desk) -> None:
    page = re.search(r'name="page"[^>]*value="([^"]+)"', desk.get("/staff/enrol"))
    assert page is not None
    fields = typed(desk.parts, page=page[1], screening_value="71")
    answer = desk.client.post("/staff/enrol", data={"csrf_token": "stale", **fields}, follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, "/staff/enrol")
    assert 'value="71"' in answer.text
    assert answer.text.count(CHOSEN) >= len(fields["criteria"])
    assert "Zyxwvut" not in answer.text
    assert "98 76 54 32" not in plain(answer.text)
    kept = desk.client.get_cookie("form")
    assert kept is not None
    assert b"Zyxwvut" not in opened(kept.value)


def opened(cookie: str) -> bytes:
    """What whoever has the machine reads in a form's cookie."""
    packed = cookie.lstrip(".").partition(".")[0]
    raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    return zlib.decompress(raw) if cookie.startswith(".") else raw
