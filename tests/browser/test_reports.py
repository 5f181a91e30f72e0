"""What a patient opens, in a real browser: where nothing is due, its questions come into the page."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from pro.app import create_app
from tests import factories, reported
from tests.browser.running import RunningClock
from tests.browser.test_axe import findings
from tests.person import Patient
from tests.services import play
from tests.web.test_patient_pages import DAY0, EVENING

ITEMS = ("pain", "function", "fatigue", "sleep", "physical", "emotional", "coping")


def test_a_report_from_the_page_where_nothing_is_due(
    browser: Browser, sqlite_urls: tuple[str, str], tmp_path: Path
) -> None:
    parts = factories.make_parts(sqlite_urls, RunningClock(EVENING), books=reported.books(tmp_path))
    patient = factories.make_patient(parts, factories.make_study(parts), day0=DAY0, language="fr")
    token = play.give_link(parts, patient, until=EVENING + timedelta(days=2))
    play.fill(parts, token)
    server = make_server("127.0.0.1", 0, create_app(parts), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    complaints: list[str] = []
    phone = browser.new_page(viewport={"width": 360, "height": 740}, locale="fr-FR")
    phone.on("console", lambda line: complaints.append(line.text))
    phone.goto(f"http://127.0.0.1:{server.server_port}/d/{token}")
    assert findings(phone) == []
    phone.get_by_role("button", name="Signaler une poussée").press("Enter")
    expect(phone.locator('[name="raid.pain"]').first).to_be_visible()
    me = Patient(phone, "fr")
    me.answer({f"raid.{item}": 4 for item in ITEMS})
    me.send()
    expect(phone.get_by_role("button", name="Signaler une poussée")).to_have_count(0)
    assert findings(phone) == []
    phone.get_by_role("button", name="Signaler un problème").click()
    expect(phone.locator('[name="injection-diary.dose"]').first).to_be_visible()
    assert complaints == []
    server.shutdown()
