"""A visit of some fifty questions on a phone: in parts, put down and taken up again, read again by parts, sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from pro.app import create_app
from pro.services import answering
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests import factories, long_visit
from tests.axe import findings
from tests.browser.running import RunningClock, until_received
from tests.person import Patient, stored
from tests.services import play

NOON = datetime(2026, 4, 15, 10, 5, tzinfo=UTC)
ANSWERS = long_visit.answers()
LEFT_AT = 23
WHO = {"f": ("R-001", "+33612345678"), "n": ("R-002", "+33612345679")}
"""Letter of the link → patient: with script and without."""


@dataclass
class Served:
    parts: Parts
    address: str
    ids: dict[str, int]

    def link(self, letter: str) -> str:
        return f"{self.address}/d/{letter * 22}"

    def rows(self) -> list[dict[str, Any]]:
        with self.parts.study.reading() as session:
            found = session.connection().execute(select(metadata.tables["response"])).all()
        return [dict(row._mapping) for row in found]


@pytest.fixture
def served(sqlite_urls: tuple[str, str]) -> Iterator[Served]:
    parts = factories.make_parts(sqlite_urls, RunningClock(NOON))
    made = factories.make_study(parts)
    ids = {}
    for letter, (number, telephone) in WHO.items():
        ids[letter] = factories.make_patient(parts, made, number, day0=NOON.date(), language="fr", telephone=telephone)
        play.give_link(parts, ids[letter], letter * 22, until=NOON + timedelta(days=2))
    server = make_server("127.0.0.1", 0, create_app(parts), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(parts, f"http://127.0.0.1:{server.server_port}", ids)
    server.shutdown()
    thread.join()


Open = Callable[[bool], Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Open]:
    """A phone of 360×740, with or without script; what its page complains of fails the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def make(script: bool) -> Page:
        contexts.append(
            browser.new_context(
                viewport={"width": 360, "height": 740}, locale="fr-FR", has_touch=True, java_script_enabled=script
            )
        )
        contexts[-1].set_default_timeout(20_000)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(f"{error.name}: {error.message}"))
        page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def some(first: int, last: int) -> Mapping[str, object]:
    """The answers from one place to another, counted from 0."""
    return dict(islice(ANSWERS.items(), first, last))


def where(page: Page) -> str:
    return page.locator("main").inner_text().replace("\u202f", " ").replace("\u00a0", " ")


def minutes(page: Page) -> int:
    found = re.search(r"encore environ (\d+) minute", where(page))
    assert found, where(page)
    return int(found[1])


def is_asked(page: Page, key: str) -> None:
    expect(page.locator(f'[name="{key}"]').first).to_be_attached()
    expect(page.locator("h1:visible")).to_have_count(1)


def test_left_in_the_middle_and_taken_up_where_it_was(served: Served, new_page: Open) -> None:
    page = new_page(True)
    page.goto(served.link("f"))
    assert "54 questions en 6 parties, environ 15 minutes" in where(page)
    assert "Vous pouvez vous arrêter et reprendre plus tard, jusqu’à 4 h cette nuit" in where(page)
    patient = Patient(page, "fr")
    patient.press("start")
    expect(page.locator("#asked")).to_be_visible()
    nothing_sideways(page)
    walk(patient, some(0, LEFT_AT))
    keys = list(ANSWERS)
    expect(page.locator(f'section[id="{keys[LEFT_AT]}"]')).to_be_visible()
    assert "Partie 4 sur 6 · 4 dernières semaines" in where(page)
    assert "Question 17 sur 36 · encore environ 8 minutes" in where(page)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
    assert described == "where", "within a part only the place is read out"
    until_received(page)

    page.goto("about:blank")
    page.goto(served.link("f"))
    assert "23 réponses données sur 54, encore environ 8 minutes" in where(page).replace("\u202f", " ").replace(
        "\u00a0", " "
    )
    patient.press("resume")
    expect(page.locator(f'section[id="{keys[LEFT_AT]}"]')).to_be_visible()
    expect(page.locator("#welcome")).to_have_text(
        "Vous revoilà. Questions déjà répondues : 23 sur 54.".replace(" :", "\u202f:")
    )
    assert "welcome" in str(page.evaluate("document.activeElement.getAttribute('aria-describedby')"))
    page.reload()
    expect(page.locator(f'section[id="{keys[LEFT_AT]}"]')).to_be_visible()
    patient.answer(some(LEFT_AT, LEFT_AT + 1))
    expect(page.locator("#welcome")).to_have_count(0)
    patient.press("back")
    expect(page.locator(f'section[id="{keys[LEFT_AT]}"]')).to_be_visible()
    patient.press("next")

    page.context.set_offline(True)
    walk(patient, some(LEFT_AT + 1, 53))
    page.context.set_offline(False)
    patient.skip(keys[53])
    read_again(patient)
    patient.send()
    kept = {row["questionnaire"]: json.loads(row["answers"]) for row in served.rows()}
    assert len(kept) == 6
    assert kept["who-5"]["q5"] == {"code": "skipped"}
    assert kept["eq-5d-5l"]["vas"] == {"code": "answered", "value": ANSWERS["eq-5d-5l.vas"]}


def test_the_line_of_health_is_better_to_the_right_for_a_reader_too(served: Served, new_page: Open) -> None:
    play_on(served, "f", {key: value for key, value in ANSWERS.items() if key != "eq-5d-5l.vas"})
    page = new_page(True)
    page.goto(served.link("f"))
    Patient(page, "fr").press("resume")
    line = page.get_by_role("slider")
    expect(line).to_be_visible()
    left, right = line.locator(".row span").all_inner_texts()
    assert "mauvaise" in left
    assert "bonne" in right
    described = page.locator(f'[id="{line.get_attribute("aria-describedby")}"]').text_content() or ""
    assert re.search(r"0 \(.*mauvaise.*100 \(.*bonne", described)
    line.press("End")
    expect(line).to_have_attribute("aria-valuetext", "100 sur 100")


def read_again(patient: Patient) -> None:
    """Parts are folded, what was left out is counted, and a changed answer leads back to its row."""
    page = patient.page
    nothing_sideways(page)
    is_fine(page)
    expect(page.locator("#rows details")).to_have_count(6)
    expect(page.locator("#rows [open]")).to_have_count(0)
    expect(page.locator("#rows summary").last).to_contain_text("5 sur 5, dont 1 sans réponse")
    page.locator("#rows summary").nth(3).click()
    page.locator('[data-to="rand-36.q20"]').click()
    expect(page.locator('section[id="rand-36.q20"]')).to_be_visible()
    patient.press("next")
    button = page.locator('[data-to="rand-36.q20"]')
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport()


def test_without_script_the_same_visit_stores_the_same_rows(served: Served, new_page: Open) -> None:
    fill(served, "f", ANSWERS)
    page = new_page(False)
    page.goto(served.link("n"))
    patient = Patient(page, "fr")
    patient.press("start")
    patient.answer(some(0, 9))
    page.goto(served.link("n"))
    patient.press("resume")
    is_asked(page, list(ANSWERS)[9])
    assert "Vous revoilà. Questions déjà répondues : 9 sur 54." in where(page)
    assert "Question 3 sur 36 · encore environ 11 minutes" in where(page)
    play_on(served, "n", some(9, 52))
    page.reload()
    page.goto(f"{served.address}/d/item")
    patient.answer(some(52, 54))
    page.locator("summary").nth(3).click()
    page.locator('a[href*="rand-36.q20"]').click()
    is_asked(page, "rand-36.q20")
    patient.press("next")
    expect(patient.heading()).to_have_text(patient.words("review"))
    patient.send()
    with_script, without = (stored(served.rows(), served.ids[letter]) for letter in "fn")
    assert len(without) == 6
    assert with_script == without


def fill(served: Served, letter: str, answers: Mapping[str, object]) -> None:
    """The whole visit through the services, and sent."""
    started = play.begin(served.parts, letter * 22)
    given = play.saves(answers)
    saved = answering.save(
        served.parts, started.session_token, started.sitting.assessment_id, given, served.parts.clock.now()
    )
    assert not saved.refused
    now = served.parts.clock.now()
    answering.submit(served.parts, started.session_token, started.sitting.assessment_id, now)


def play_on(served: Served, letter: str, answers: Mapping[str, object]) -> None:
    """Answers in the middle, without pages."""
    started = play.begin(served.parts, letter * 22)
    given = play.saves(answers, client="between")
    now = served.parts.clock.now()
    assert not answering.save(served.parts, started.session_token, started.sitting.assessment_id, given, now).refused


def nothing_sideways(page: Page) -> None:
    wide = page.evaluate(
        """() => {
            const {style} = document.documentElement;
            style.fontSize = "200%";
            const wide = document.documentElement.scrollWidth;
            style.fontSize = "";
            return wide;
        }"""
    )
    assert wide <= 360, page.locator("h1:visible").inner_text()


def is_fine(page: Page) -> None:
    assert findings(page) == []


def height_of_banner(page: Page) -> float:
    """What says that the wording is our own stands in the demonstration alone."""
    banner = page.locator("section:visible .demo")
    box = banner.bounding_box() if banner.count() else None
    return box["height"] + 16 if box else 0


RESTS = {"rand-36.q1", "eq-5d-5l.mobility"}
"""Before these stands a calm page."""
LOOKED_AT = {"joint-count.replaced", "rand-36.q1", "eq-5d-5l.vas"}
"""Screens that axe looks at: one of each kind, and the calm page."""


def walk(patient: Patient, answers: Mapping[str, object]) -> None:
    """Answers, and looks at each screen: nothing sideways at twice the text, six answers and the way on fit at 360×740."""
    page, left = patient.page, 15
    for key, value in answers.items():
        if key in LOOKED_AT:
            is_fine(page)
        if key in RESTS:
            expect(page.locator("button[name=on]:visible")).to_have_count(1)
            nothing_sideways(page)
            patient.rest()
        assert minutes(page) <= left
        left = minutes(page)
        nothing_sideways(page)
        if page.locator(f'section[id="{key}"] [type=radio]').count() == 6:
            page.evaluate("scrollTo(0, 0)")
            way_on = page.locator("#go button[name=next]").bounding_box()
            assert way_on
            assert way_on["y"] + way_on["height"] <= 740 + height_of_banner(page)
        patient.answer({key: value})
