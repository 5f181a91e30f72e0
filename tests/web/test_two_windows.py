"""Two windows on one diary: what another one changed is shown and read before it is sent."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from tests.services import play
from tests.web.test_patient_pages import PAIN, RESPONSE, Phone, phone, plain

__all__ = ["phone"]


def answered(phone: Phone) -> dict[str, Any]:
    state = phone.state(phone.start())
    phone.save(state, play.CALM)
    return state


def read_on(text: str) -> dict[str, list[Any]]:
    """What the review page says was read."""
    (kept,) = re.findall(r'name="reviewed" value="([^"]*)"', text)
    found: dict[str, list[Any]] = json.loads(html.unescape(kept))
    return found


def elsewhere(phone: Phone, state: dict[str, Any], value: object) -> None:
    one = {"client": "other", "seq": 1, "item": PAIN, "code": "answered", "value": value}
    assert phone.send("/d/save", {"assessment": state["assessment"], "saves": [one]}, state["token"]).status_code == 200


def send_form(phone: Phone, page: str, reviewed: str) -> Any:
    token = re.findall(r'name="csrf_token" type="hidden" value="([^"]+)"', page)[0]
    to = html.unescape(re.findall(r'action="(/d/submit[^"]*)"', page)[0])
    return phone.client.post(to, data={"csrf_token": token, "reviewed": reviewed})


def test_the_form_says_what_was_read(phone: Phone) -> None:
    state = answered(phone)
    page = phone.get(f"/d/review?a={state['assessment']}").text
    assert read_on(page) == {key: ["answered", value] for key, value in play.CALM.items()}
    assert send_form(phone, page, json.dumps(read_on(page))).status_code == 303
    assert len(phone.rows(RESPONSE)) == 2


def test_the_form_comes_back_with_what_was_changed(phone: Phone) -> None:
    state = answered(phone)
    page = phone.get(f"/d/review?a={state['assessment']}").text
    elsewhere(phone, state, 2)
    again = send_form(phone, page, json.dumps(read_on(page)))
    assert again.status_code == 409
    assert phone.rows(RESPONSE) == []
    note = re.sub(r"<[^>]+>", "", re.findall(r'role="alert">(.*?)</div>', plain(again), re.DOTALL)[0])
    assert "Votre réponse à « Pire douleur, 24 dernières heures » a été modifiée dans une autre fenêtre" in note
    assert "Pire douleur, 24 dernières heures : 2 sur 10" in note
    assert read_on(again.text)[PAIN] == ["answered", 2]
    assert send_form(phone, again.text, json.dumps(read_on(again.text))).status_code == 303
    assert len(phone.rows(RESPONSE)) == 2


def test_the_script_is_told_what_stands_now(phone: Phone) -> None:
    state = answered(phone)
    read = {key: ["answered", value] for key, value in play.CALM.items()}
    elsewhere(phone, state, 2)
    body = {"assessment": state["assessment"], "reviewed": read}
    refused = phone.send("/d/submit", body, state["token"])
    assert (refused.status_code, refused.json) == (409, {"changed": {PAIN: ["answered", 2]}})
    assert phone.rows(RESPONSE) == []
    sent = phone.send("/d/submit", body | {"reviewed": read | {PAIN: ["answered", 2]}}, state["token"])
    assert sent.status_code == 200


def test_what_is_no_list_of_answers_is_compared_as_nothing_read(phone: Phone) -> None:
    """No page of ours sends that; nothing goes out unread by it."""
    state = answered(phone)
    for odd in ({PAIN: 3}, {PAIN: ["answered", {"a": []}]}, {PAIN: [None, None]}):
        answer = phone.send("/d/submit", {"assessment": state["assessment"], "reviewed": odd}, state["token"])
        assert answer.status_code == 409
    assert phone.rows(RESPONSE) == []
