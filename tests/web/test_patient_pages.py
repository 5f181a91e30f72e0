"""The patient's pages through Flask's client: the way with script and the way without store the same rows."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from pro.app import create_app
from pro.clock import FixedClock
from pro.services.parts import Parts
from pro.store.tables import metadata
from pro.web import phone as phone_pages
from tests import factories
from tests.services import play

EVENING = datetime(2026, 4, 14, 16, 7, tzinfo=UTC)
"""Tuesday 14 April, 18:07 in Paris: one diary waits."""
MORNING = datetime(2026, 4, 15, 6, 4, tzinfo=UTC)
"""08:04 the next day: yesterday's diary may still be filled."""
DAY0 = date(2026, 4, 5)
TOKEN = "f" * 22
PAIN = "joint-pain-diary.worst_pain"
SAVE, RESPONSE = metadata.tables["answer_save"], metadata.tables["response"]


@dataclass
class Phone:
    """A patient with a link, and the browser of a phone."""

    parts: Parts
    client: FlaskClient
    patient_id: int
    token: str = TOKEN

    def get(self, path: str = "", **more: Any) -> TestResponse:
        return self.client.get(path or f"/d/{self.token}", **more)

    def post(self, path: str, data: Mapping[str, Any], page: str = "") -> TestResponse:
        """A post of the form on `page`, with the token that stands there."""
        text = self.get(page or path).text
        found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', text)
        assert found, text
        return self.client.post(path, data={"csrf_token": found[1], **data})

    def start(self, js: str = "1", at: int = 0, **more: Any) -> TestResponse:
        waiting = re.findall(r'name="start" value="(\d+)"', self.get().text)
        return self.post(f"/d/{self.token}/start", {"js": js, "start": waiting[at], **more}, page=f"/d/{self.token}")

    def state(self, answer: TestResponse) -> dict[str, Any]:
        found = re.search(r'<script type="application/json" id="state">(.*?)</script>', answer.text, re.DOTALL)
        assert found, answer.text
        return dict(json.loads(found[1]))

    def send(self, path: str, body: object, token: str, **headers: str) -> TestResponse:
        return self.client.post(
            path, json=body, headers={"X-Pro-Token": token, "Sec-Fetch-Site": "same-origin", **headers}
        )

    def save(self, state: Mapping[str, Any], answers: Mapping[str, object], first: int = 1) -> TestResponse:
        saves = [
            {"client": "abc", "seq": n, "item": item, "code": "answered", "value": value, "at": "2026-04-14T16:07:00Z"}
            for n, (item, value) in enumerate(answers.items(), start=first)
        ]
        return self.send("/d/save", {"assessment": state["assessment"], "saves": saves}, state["token"])

    def rows(self, table: Any = SAVE) -> list[Any]:
        with self.parts.study.reading() as session:
            return list(session.connection().execute(select(table)))


@pytest.fixture
def phone(sqlite_urls: tuple[str, str]) -> Phone:
    parts = factories.make_parts(sqlite_urls, FixedClock(EVENING))
    made = factories.make_study(parts)
    patient_id = factories.make_patient(parts, made, day0=DAY0, language="fr")
    play.give_link(parts, patient_id, TOKEN, until=EVENING + timedelta(days=2))
    return Phone(parts, create_app(parts).test_client(), patient_id)


def plain(answer: TestResponse | str) -> str:
    """What is read, with ordinary spaces."""
    text = answer if isinstance(answer, str) else answer.text
    return text.replace("\u202f", " ").replace("\u00a0", " ")


# --- the link


def test_a_link_says_what_waits_and_changes_nothing(phone: Phone) -> None:
    before = [phone.rows(table) for table in metadata.sorted_tables]
    text = plain(phone.get())
    assert "Carnet quotidien : mardi 14 avril" in text
    assert "10 à 16 questions, environ 4 minutes" in text
    assert "<strong>4 h cette nuit</strong>" in text
    assert 'href="tel:15"' in text
    assert 'href="tel:+33299000000"' in text
    assert "Name of R-001" not in text
    phone.get(f"/d/{TOKEN}?lang=en")
    phone.get(f"/d/{TOKEN}/stop")
    assert [phone.rows(table) for table in metadata.sorted_tables] == before


def test_the_language_is_carried_along_and_kept_by_the_session(phone: Phone) -> None:
    text = phone.get(f"/d/{TOKEN}?lang=en").text
    assert '<html lang="en">' in text
    assert f'action="/d/{TOKEN}/start?lang=en"' in text
    started = phone.start(lang="en")
    assert "how strong was the pain" in started.text
    assert phone.rows(metadata.tables["patient_session"])[0].language == "en"


def test_after_the_cut_off_the_patient_chooses_the_day_in_words(phone: Phone) -> None:
    play.stand(phone.parts, MORNING)
    text = plain(phone.get())
    assert "hier, mardi 14 avril" in text
    assert "aujourd’hui, mercredi 15 avril" in text
    assert "Encore possible jusqu’à <strong>12 h aujourd’hui</strong>" in text
    buttons = re.findall(r'<button class="(b[^"]*)" name="start" value="\d+"', phone.get().text)
    assert buttons == ["b", "b two"]
    yesterday = phone.state(phone.start(at=0))
    assert plain(yesterday["what"]).endswith("mardi 14 avril")


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        ("nobody-knows-this", 404, "We do not know this link"),
        ("x" * 22, 410, "Ce lien ne s’ouvre plus"),
    ],
)
def test_a_link_that_does_not_open_says_what_to_do(phone: Phone, token: str, status: int, words: str) -> None:
    play.give_link(phone.parts, phone.patient_id, "x" * 22, until=EVENING - timedelta(minutes=1))
    answer = phone.get(f"/d/{token}")
    assert answer.status_code == status
    assert words in answer.text
    assert "SMS" in answer.text or "text message" in answer.text


def test_before_day_0_the_page_says_when_it_opens(phone: Phone) -> None:
    play.stand(phone.parts, datetime(2026, 4, 3, 9, tzinfo=UTC))
    text = plain(phone.get())
    assert "n’est pas encore ouvert" in text
    assert "Il s’ouvre : dimanche 5 avril, 4 h" in text


def test_stopping_the_messages_needs_a_second_tap_and_says_what_goes_on(phone: Phone) -> None:
    page = phone.get(f"/d/{TOKEN}/stop").text
    assert "Tous les SMS de cette étude" in page
    assert "Vous restez dans l’étude" in page
    done = phone.post(f"/d/{TOKEN}/stop", {"stop": "yes"})
    assert "Les SMS sont arrêtés" in done.text
    patient = phone.rows(metadata.tables["patient"])[0]
    assert (patient.opted_out_at, patient.opted_out_how) == (EVENING, "page")
    assert "Les SMS sont arrêtés" in phone.get().text
    assert phone.get(f"/d/{TOKEN}").status_code == 200
    assert "Les SMS sont arrêtés" in phone.get(f"/d/{TOKEN}/stop").text, "nobody is asked to stop what is stopped"


def test_who_stopped_the_messages_gets_them_again_from_the_same_page(phone: Phone) -> None:
    assert "Il n’est pas possible de répondre" in phone.get(f"/d/{TOKEN}/stop").text, "the sender is a name"
    phone.post(f"/d/{TOKEN}/stop", {"stop": "yes"})
    assert f'href="/d/{TOKEN}/stop"' in phone.get().text
    phone.get(f"/d/{TOKEN}/stop?start=yes")
    assert phone.client.post(f"/d/{TOKEN}/stop", data={"start": "yes"}).status_code == 400, "no token"
    assert phone.rows(metadata.tables["patient"])[0].opted_out_at == EVENING
    again = phone.post(f"/d/{TOKEN}/stop", {"start": "yes"})
    assert "Vous recevez à nouveau les SMS" in again.text
    assert phone.rows(metadata.tables["patient"])[0].opted_out_at is None
    events = [(row.kind, row.actor) for row in phone.rows(metadata.tables["audit_event"])]
    assert events[-1] == ("messages.resumed", "R-001")
    assert "Arrêter les SMS ?" in plain(phone.get(f"/d/{TOKEN}/stop"))
    assert "que vous aviez choisi" not in again.text, "no reminder had been chosen"


def test_a_chosen_reminder_that_fell_with_the_messages_is_said_to_be_gone(phone: Phone) -> None:
    offered = re.findall(r'name="at"[^>]*value="([^"]+)"', phone.get(f"/d/{phone.token}/later").text)
    phone.post(f"/d/{phone.token}/later", {"at": offered[0]})
    phone.post(f"/d/{TOKEN}/stop", {"stop": "yes"})
    again = plain(phone.post(f"/d/{TOKEN}/stop", {"start": "yes"}))
    assert "Le rappel que vous aviez choisi pour" in again
    assert f'href="/d/{TOKEN}/later"' in again
    assert offered[0] in phone.get(f"/d/{phone.token}/later").text, "it may be chosen again"


def test_an_old_link_stops_the_messages_and_does_not_bring_them_back(phone: Phone) -> None:
    play.stand(phone.parts, EVENING + timedelta(days=3))
    text = phone.post(f"/d/{TOKEN}/stop", {"stop": "yes"}).text
    assert "Les SMS sont arrêtés" in text
    assert 'name="start"' not in text
    assert phone.post(f"/d/{TOKEN}/stop", {"start": "yes"}, f"/d/{TOKEN}/stop").status_code == 404
    assert phone.rows(metadata.tables["patient"])[0].opted_out_at is not None


def test_the_link_that_was_good_at_the_stop_stays_good_until_the_messages_come_again(phone: Phone) -> None:
    link, later = metadata.tables["link"], EVENING + timedelta(days=5)
    phone.post(f"/d/{TOKEN}/stop", {"stop": "yes"})
    play.stand(phone.parts, later)
    assert phone.rows(link)[0].expires_at < later
    assert 'name="start"' in phone.get().text, "today's diary waits behind it"
    assert phone.state(phone.start())["answers"] == {}, "and is answered"
    offered = phone.get(f"/d/{TOKEN}/stop")
    assert 'name="start"' in offered.text
    assert "Vous recevez à nouveau les SMS" in phone.post(f"/d/{TOKEN}/stop", {"start": "yes"}).text
    assert phone.get().status_code == 200, "the way back from there leads somewhere"
    assert phone.rows(link)[0].expires_at > later
    play.stand(phone.parts, later + timedelta(days=30))
    assert phone.get().status_code == 410, "from then on as any other"


@pytest.mark.parametrize(
    ("table", "gone"), [("link", "revoked_at"), ("patient", "withdrawn_at"), ("patient", "ended_at")]
)
def test_a_stop_keeps_no_link_that_ends_otherwise(phone: Phone, table: str, gone: str) -> None:
    phone.post(f"/d/{TOKEN}/stop", {"stop": "yes"})
    with phone.parts.study.writing() as session:
        session.execute(update(metadata.tables[table]).values({gone: EVENING}))
    play.stand(phone.parts, EVENING + timedelta(days=5))
    assert 'name="start"' not in phone.get().text
    assert phone.post(f"/d/{TOKEN}/stop", {"start": "yes"}, f"/d/{TOKEN}/stop").status_code == 404


# --- with script


def test_the_start_gives_every_question_in_one_document(phone: Phone) -> None:
    answer = phone.start()
    assert answer.status_code == 200
    assert answer.headers["Set-Cookie"].startswith("pro=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    for item in ("joint-pain-diary.tender", "injection-diary.temperature"):
        assert f'<section id="{item}"' in answer.text
    assert "src=" not in answer.text
    assert "checked" not in re.sub(r"<(script|style).*?</\1>", "", answer.text, flags=re.DOTALL)


def test_answers_are_acknowledged_once_and_a_replay_keeps_nothing_twice(phone: Phone) -> None:
    state = phone.state(phone.start())
    first = phone.save(state, {PAIN: 6})
    again = phone.save(state, {PAIN: 6})
    assert first.json == again.json == {"acknowledged": [["abc", 1]], "refused": [], "emergency": None}
    assert [(row.item, row.value) for row in phone.rows()] == [(PAIN, "6")]


def test_what_is_not_an_answer_is_refused_in_words(phone: Phone) -> None:
    state = phone.state(phone.start())
    body = phone.save(state, {"injection-diary.temperature": "45", PAIN: 3}).json
    assert body is not None
    assert body["acknowledged"] == [["abc", 2]]
    assert body["refused"][0]["why"] == "Le plus grand nombre possible ici est 43."


def test_a_fever_is_told_at_once(phone: Phone) -> None:
    state = phone.state(phone.start())
    body = phone.save(state, {"injection-diary.temperature_taken": True, "injection-diary.temperature": "38.6"}).json
    assert body is not None
    assert "avis médical" in body["emergency"]["advice"]
    assert "18 h 07" in plain(body["emergency"]["told"])


FEVER: dict[str, object] = {"injection-diary.temperature_taken": True, "injection-diary.temperature": "38.6"}


def test_the_fever_advice_comes_back_until_it_was_read(phone: Phone) -> None:
    state = phone.state(phone.start())
    assert state["urgent"] is None
    body = phone.save(state, FEVER).json
    assert body is not None
    for _ in range(2):
        again = phone.state(phone.get("/d/now"))["urgent"]
        assert "avis médical" in again["advice"]
        assert again["seen"] == body["emergency"]["seen"]
    state = phone.state(phone.start(js="piece"))
    assert state["urgent"] is not None, "the link opened again"
    phone.client.set_cookie("pro-read", again["seen"], path="/d")
    assert phone.state(phone.get("/d/now"))["urgent"] is None
    play.stand(phone.parts, EVENING + timedelta(minutes=10))
    phone.save(state, {"injection-diary.temperature": "39.4"}, first=10)
    assert phone.state(phone.get("/d/now"))["urgent"] is not None, "another value is another advice"
    play.stand(phone.parts, EVENING + timedelta(minutes=20))
    phone.save(state, {"injection-diary.temperature": "37.4"}, first=20)
    assert phone.state(phone.get("/d/now"))["urgent"] is None


def test_after_a_fever_the_thanks_say_whom_to_call(phone: Phone) -> None:
    state = phone.state(phone.start())
    phone.save(state, play.CALM | FEVER)
    sent = phone.send("/d/submit", {"assessment": state["assessment"], "lang": "fr"}, state["token"])
    for page in (sent, phone.get(state["address"]), phone.get(f"/d/thanks?a={state['assessment']}"), phone.get()):
        main = plain(page).split("<footer")[0]
        assert "avis médical" in main
        assert 'href="tel:+33299000000"' in main
        assert 'href="tel:15"' in main
        assert main.index("avis médical") < main.index("Et "), "before what comes next"
    assert "vous n’avez rien à faire" not in phone.get().text


def test_without_a_fever_the_thanks_stay_calm(phone: Phone) -> None:
    state = phone.state(phone.start())
    phone.save(state, play.BAD)
    sent = phone.send("/d/submit", {"assessment": state["assessment"], "lang": "fr"}, state["token"])
    for page in (sent, phone.get(state["address"]), phone.get()):
        assert "advised" not in page.text
    assert "vous n’avez rien à faire" in phone.get().text


@pytest.mark.parametrize(
    ("token", "headers"),
    [("", {}), ("0" * 32, {}), (None, {"Sec-Fetch-Site": "cross-site"}), (None, {"Sec-Fetch-Site": "none"})],
)
def test_a_save_from_elsewhere_is_not_taken(phone: Phone, token: str | None, headers: dict[str, str]) -> None:
    state = phone.state(phone.start())
    body = {"assessment": state["assessment"], "saves": []}
    answer = phone.send("/d/save", body, state["token"] if token is None else token, **headers)
    assert answer.status_code == 401
    assert phone.send("/d/submit", body, state["token"] if token is None else token, **headers).status_code == 401


@pytest.mark.parametrize("body", [[], {"assessment": "1"}, {"assessment": 1, "saves": [{"client": "a"}]}])
def test_a_save_that_cannot_be_read_is_refused(phone: Phone, body: object) -> None:
    state = phone.state(phone.start())
    assert phone.send("/d/save", body, state["token"]).status_code == 400


def test_submitting_twice_gives_the_same_thanks_and_one_response(phone: Phone) -> None:
    state = phone.state(phone.start())
    phone.save(state, play.CALM)
    bodies = [phone.send("/d/submit", {"assessment": state["assessment"], "lang": "fr"}, state["token"]) for _ in "ab"]
    assert bodies[0].text == bodies[1].text
    assert "Reçu par l’hôpital à 18 h 07" in plain(bodies[0])
    assert "demain, mercredi 15 avril" in plain(bodies[0])
    assert len(phone.rows(RESPONSE)) == 2
    assert "Merci" in phone.get(state["address"]).text
    assert phone.save(state, {PAIN: 9}, first=50).status_code == 409


@pytest.mark.parametrize(
    ("lang", "day0", "said"),
    [
        ("fr", date(2026, 3, 19), "Semaine 4 : du 15 au 17 avril"),
        ("en", date(2026, 3, 19), "Week 4: 15 to 17 April"),
    ],
)
def test_the_thanks_tell_every_day_of_a_visit_s_window(phone: Phone, lang: str, day0: date, said: str) -> None:
    """Its text message comes on the first of them; it was told as the middle one."""
    made = factories.Made(1, {"R": 1})
    phone.patient_id, phone.token = factories.make_patient(phone.parts, made, "R-002", day0=day0), "u" * 22
    play.give_link(phone.parts, phone.patient_id, phone.token, until=EVENING + timedelta(days=2))
    state = phone.state(phone.start())
    phone.save(state, play.CALM)
    sent = phone.send("/d/submit", {"assessment": state["assessment"], "lang": lang}, state["token"])
    assert said in plain(sent)
    assert ("demain, mercredi 15 avril" if lang == "fr" else "tomorrow, Wednesday 15 April") in plain(sent), "the diary"


def test_what_is_missing_is_named(phone: Phone) -> None:
    state = phone.state(phone.start())
    phone.save(state, {key: value for key, value in play.CALM.items() if key != PAIN})
    answer = phone.send("/d/submit", {"assessment": state["assessment"]}, state["token"])
    assert (answer.status_code, answer.json) == (422, {"missing": [PAIN]})
    assert not phone.rows(RESPONSE)


def test_it_resumes_where_it_was_left(phone: Phone) -> None:
    state = phone.state(phone.start())
    phone.save(state, {PAIN: 6})
    again = phone.state(phone.get("/d/now"))
    assert again["answers"] == {PAIN: ["answered", 6]}
    assert "Reprendre" in phone.get().text


def test_without_a_session_the_page_says_what_to_do(phone: Phone) -> None:
    for path in ("/d/now", "/d/item", f"/d/item/{PAIN}", "/d/review"):
        answer = phone.get(path)
        assert answer.status_code == 410
    assert phone.get("/d/thanks?a=1").status_code == 303


# --- without script


def test_an_item_a_page_stores_the_same_rows(phone: Phone) -> None:
    where = phone.start(js="").headers["Location"]
    assert where.startswith(f"/d/item/{PAIN}")
    for _ in range(20):
        if "/d/item/" not in where:
            break
        where = _answer(phone, where, play.CALM)
    assert where.startswith("/d/review")
    kept = {row.item: json.loads(row.value) for row in phone.rows()}
    assert kept == play.CALM
    review = phone.get(where).text
    assert "3 sur 10" in review
    assert "genou droit" in review
    submit = where.replace("review", "submit")
    thanks = phone.post(submit, {"do": "send"}, page=where)
    assert thanks.status_code == 303
    page = phone.get(thanks.headers["Location"]).text
    assert "Merci" in page
    assert len(phone.rows(RESPONSE)) == 2
    assert phone.get(submit.replace("submit", "thanks")).text == page


def _answer(phone: Phone, where: str, answers: Mapping[str, object]) -> str:
    key = where.split("/d/item/")[1].split("?")[0]
    value = answers[key]
    data: dict[str, Any] = {"do": "next", key: value}
    if isinstance(value, bool):
        data[key] = "yes" if value else "no"
    elif isinstance(value, list) and not value:
        data = {"do": "next", f"{key}.none": "y"}
    answer = phone.post(where, data)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_nothing_is_answered_for_anyone(phone: Phone) -> None:
    where = phone.start(js="").headers["Location"]
    assert "checked" not in re.sub(r"<style>.*?</style>", "", phone.get(where).text)
    empty = phone.post(where, {"do": "next"})
    assert empty.status_code == 422
    assert "Choisissez une réponse" in empty.text
    assert not phone.rows()


def test_an_answered_page_sent_empty_takes_the_answer_back(phone: Phone) -> None:
    where = phone.start(js="").headers["Location"].replace(PAIN, "joint-pain-diary.stiffness")
    phone.post(where, {"do": "next", "joint-pain-diary.stiffness": "30"})
    clock = phone.parts.clock
    assert isinstance(clock, FixedClock)
    clock.move(timedelta(seconds=5))
    empty = phone.post(where, {"do": "next", "joint-pain-diary.stiffness": ""})
    assert empty.status_code == 422
    assert "Tapez un nombre" in empty.text
    assert 'value="30"' not in empty.text + phone.get(where).text
    phone.post(where, {"do": "next", "joint-pain-diary.stiffness": ""})
    assert [(row.code, row.value) for row in phone.rows()] == [("answered", "30"), ("cleared", None)]


def test_an_empty_number_is_asked_for_as_a_number(phone: Phone) -> None:
    where = phone.start(js="").headers["Location"].replace(PAIN, "joint-pain-diary.stiffness")
    empty = phone.post(where, {"do": "next"})
    assert empty.status_code == 422
    assert "Tapez un nombre" in empty.text
    assert '"problem.empty-number":"Tapez un nombre' in phone.get("/d/now").text


def test_skipping_needs_a_second_tap(phone: Phone) -> None:
    where = phone.start(js="").headers["Location"]
    asked = phone.post(where, {"do": "skip"})
    assert "Laisser cette question sans réponse ?" in plain(asked)
    assert not phone.rows()
    assert phone.post(where, {"do": "skip-yes"}).status_code == 303
    assert [(row.code, row.value) for row in phone.rows()] == [("skipped", None)]


def test_a_comma_is_a_point_and_a_fever_has_its_page(phone: Phone) -> None:
    first = phone.start(js="").headers["Location"]
    page = first.replace(PAIN, "injection-diary.temperature_taken")
    where = phone.post(page, {"do": "next", "injection-diary.temperature_taken": "yes"}).headers["Location"]
    wrong = phone.post(where, {"do": "next", "injection-diary.temperature": "warm"})
    assert "Écrivez un nombre, par exemple 38,5." in wrong.text
    assert 'value="warm"' in wrong.text
    urgent = phone.post(where, {"do": "next", "injection-diary.temperature": "38,6"})
    assert urgent.status_code == 200
    assert "avis médical" in urgent.text
    assert [row.value for row in phone.rows()][-1] == '"38.6"'
    for path in (where, first, "/d/review"):
        assert "avis médical" in phone.get(path).text, "until it was read"
    found = re.search(r'action="(/d/read/injection-diary.infection\?a=\d+)"', urgent.text)
    assert found
    assert phone.client.post(found[1]).status_code == 400
    gone_on = phone.post(found[1], {}, page=where)
    assert gone_on.headers["Location"].startswith("/d/item/injection-diary.infection")
    assert 'value="38,6"' in phone.get(where).text
    assert "avis médical" not in phone.get("/d/review").text


def test_a_form_without_its_token_is_not_taken(phone: Phone) -> None:
    answer = phone.client.post(f"/d/{TOKEN}/start", data={"start": "1"})
    assert answer.status_code == 400
    assert "touchez encore le lien" in answer.text or "touch the link again" in answer.text
    assert phone.client.post(f"/d/{TOKEN}/stop", data={"stop": "yes"}).status_code == 400


# --- what else is open


@pytest.fixture
def visit_day(phone: Phone) -> Phone:
    """Day 56: beside the diary, Week 8 is open."""
    play.stand(phone.parts, datetime(2026, 5, 31, 16, 7, tzinfo=UTC))
    play.give_link(phone.parts, phone.patient_id, "w" * 22, until=datetime(2026, 6, 2, tzinfo=UTC))
    phone.token = "w" * 22
    return phone


def send_diary(phone: Phone) -> tuple[dict[str, Any], TestResponse]:
    state = phone.state(phone.start())
    phone.save(state, play.CALM)
    return state, phone.send("/d/submit", {"assessment": state["assessment"], "lang": "fr"}, state["token"])


def started(phone: Phone, timepoint: str) -> datetime | None:
    rows = phone.rows(metadata.tables["assessment"])
    return next(row.started_at for row in rows if row.timepoint == timepoint)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("again", "leads_to"), [("", "/d/now"), ("/d/now?a=", "/d/now"), ("/d/thanks?a=", "/d/item")])
def test_after_sending_what_else_is_open_is_one_button_away(visit_day: Phone, again: str, leads_to: str) -> None:
    state, sent = send_diary(visit_day)
    text = visit_day.get(f"{again}{state['assessment']}").text if again else sent.text
    assert "Continuer avec : Semaine 8" in plain(text)
    assert "Semaine 8 : maintenant, jusqu’à" in plain(text)
    form = re.search(
        r'action="(/d/continue\?a=\d+)".*?name="token" value="(\w+)".*?name="js" value="(\w*)"', text, re.DOTALL
    )
    assert form
    assert visit_day.client.post(form[1], data={"token": "0" * 32, "js": form[3]}).status_code == 400
    assert started(visit_day, "week8") is None
    answer = visit_day.client.post(form[1], data={"token": form[2], "js": form[3]})
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(leads_to)
    assert started(visit_day, "week8") == datetime(2026, 5, 31, 16, 7, tzinfo=UTC)
    assert "pain-vas-48h" in visit_day.get(answer.headers["Location"], follow_redirects=True).text


def test_the_last_one_sent_offers_nothing_more(phone: Phone) -> None:
    _, sent = send_diary(phone)
    assert "/d/continue" not in sent.text


def test_the_banner_of_the_demonstration_leads_back_to_its_doors(phone: Phone) -> None:
    with create_app(phone.parts).test_request_context("/"):
        pages = [phone_pages.page("phone/door.html", "fr", None, demonstration) for demonstration in (True, False)]
    assert ['<p class="demo"><a href="/demo">' in text for text in pages] == [True, False]


# --- headers and size


def test_every_page_forbids_what_it_does_not_need(phone: Phone) -> None:
    for path in (f"/d/{TOKEN}", "/", "/d/nope", f"/d/{TOKEN}/stop"):
        headers = phone.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


def test_inlined_style_and_script_are_allowed_by_hash(phone: Phone) -> None:
    for answer in (phone.get(), phone.start()):
        for tag, directive in (("style", "style-src"), ("script", "script-src")):
            for text in re.findall(rf"<{tag}(?: id=\"run\")?>(.*?)</{tag}>", answer.text, re.DOTALL):
                assert _hash(text) in _directive(answer, directive)


def test_the_start_page_may_run_the_questions_it_brings_in(phone: Phone) -> None:
    policy = _directive(phone.get(), "script-src")
    brought = re.search(r'<script id="run">(.*?)</script>', phone.start(js="piece").text, re.DOTALL)
    assert brought
    assert _hash(brought[1]) in policy


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _directive(answer: TestResponse, name: str) -> str:
    return next(part for part in answer.headers["Content-Security-Policy"].split("; ") if part.startswith(name))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_cold_phone_loads_at_most_14_kb_until_the_first_answer(phone: Phone, language: str) -> None:
    gzip = {"Accept-Encoding": "gzip"}
    link = phone.get(f"/d/{TOKEN}?lang={language}", headers=gzip)
    text = zlib.decompress(link.data, 31).decode()
    found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', text)
    wanted = re.search(r'name="start" value="(\d+)"', text)
    assert found
    assert wanted
    data = {"csrf_token": found[1], "start": wanted[1], "js": "piece", "lang": language}
    questions = phone.client.post(f"/d/{TOKEN}/start", data=data, headers=gzip)
    assert questions.headers["Content-Encoding"] == "gzip"
    assert zlib.decompress(questions.data, 31).decode().rstrip().endswith("</script>")
    assert len(link.data) + len(questions.data) <= 14_000


def test_what_comes_after_the_first_answer_is_kept_by_the_browser(phone: Phone) -> None:
    state = phone.state(phone.start())
    answer = phone.get(state["later"])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert phone.get("/d/later.xx.js").status_code == 404
    assert phone.get(state["laterStyle"]).status_code == 200


# --- a reminder later


def test_a_reminder_later_is_chosen_shown_and_taken_back(phone: Phone) -> None:
    page = f"/d/{phone.token}/later"
    assert f'href="{page}"' in phone.get().text
    offered = re.findall(r'name="at" value="([^"]+)"', phone.get(page).text)
    assert 1 <= len(offered) <= 4
    assert phone.rows(metadata.tables["message"]) == [], "looking plans nothing"
    answer = phone.post(page, {"at": offered[0]}, page)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    told = phone.get(page).text
    assert "Nous vous enverrons un rappel à" in told
    assert "Votre rappel habituel de 20 h arrivera comme prévu." in plain(told)
    assert "<strong>4 h cette nuit</strong>" in plain(told)
    assert re.findall(r'name="at" value="([^"]+)"', told) == offered[1:], "it may be moved"
    assert "Rappel à 18 h 30" in plain(phone.get().text), "the door names the time"
    phone.post(page, {"at": offered[1]}, page)
    assert re.findall(r'name="at" value="([^"]+)"', phone.get(page).text) == [offered[0], *offered[2:]]
    phone.post(page, {"undo": "yes"}, page)
    assert re.findall(r'name="at" value="([^"]+)"', phone.get(page).text) == offered
    assert ">Plus tard<" in phone.get().text


def test_a_reminder_later_is_not_for_strangers_and_not_by_get(phone: Phone) -> None:
    assert phone.get("/d/" + "x" * 22 + "/later").status_code == 404
    phone.get(f"/d/{phone.token}/later?at=2026-04-14T17:00:00%2B00:00&undo=yes")
    phone.post(f"/d/{phone.token}/later", {"at": "whenever"}, f"/d/{phone.token}/later")
    assert phone.rows(metadata.tables["message"]) == []
