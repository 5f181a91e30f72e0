"""A page that is not there, a forged post, a fault of ours: one calm page each, one line for scripts."""

from __future__ import annotations

import logging

import pytest
from flask.testing import FlaskClient

from pro.app import create_app
from pro.services.parts import Parts
from tests.conftest import Urls
from tests.factories import make_parts


@pytest.fixture
def parts(sqlite_urls: Urls) -> Parts:
    return make_parts(sqlite_urls)


@pytest.fixture
def client(parts: Parts) -> FlaskClient:
    return create_app(parts).test_client()


HTML = {"Accept": "text/html", "Accept-Language": "fr"}


def test_an_unknown_address_says_what_to_do(client: FlaskClient) -> None:
    answer = client.get("/nowhere", headers=HTML)
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in answer.text


def test_a_forged_post_changes_nothing_and_says_so(client: FlaskClient) -> None:
    answer = client.post("/staff/enrol", data={"name": "x"}, headers={**HTML, "Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert "Rien n’a été changé" in answer.text


def test_a_fault_of_ours_is_logged_and_shows_no_traceback(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(parts)

    def broken() -> str:
        raise RuntimeError("the secret of patient 0612345678")

    monkeypatch.setitem(app.view_functions, "door.door", broken)
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/", headers=HTML)
    assert answer.status_code == 500
    assert "Quelque chose s’est cassé" in answer.text
    assert "RuntimeError" not in answer.text
    assert "RuntimeError in test_errors.py" in caplog.text or "RuntimeError in" in caplog.text
    assert "0612345678" not in caplog.text


def test_a_script_gets_one_line(client: FlaskClient) -> None:
    answer = client.post("/hooks/twilio/inbound", data={"Body": "STOP"})
    assert answer.status_code == 403
    assert answer.text.count("\n") == 1
