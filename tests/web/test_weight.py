"""What a cold phone loads between the tap on the link and the first question."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from pro.app import create_app
from pro.services import snoozing
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import give_link, stand

EVENING = datetime(2026, 4, 20, 16, 5, tzinfo=UTC)
MOST = 14_000
"""Bytes of both answers as they are sent: what a server may send before the phone has acknowledged anything."""
LATER_AT = {"en": "Reminder at 19:00", "fr": "Rappel à 19 h"}
COMPRESSED = {"Accept-Encoding": "gzip, deflate, br", "Sec-Fetch-Site": "same-origin"}
LOADS = re.compile(r"""<(?:script|img|iframe)[^>]*\ssrc=|<link[^>]*\shref="(?!data:)|@import|url\((?!['"]?data:)""")


@pytest.mark.parametrize("later", [False, True], ids=["usual", "reminder-chosen"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_two_answers_of_14_kb_bring_the_first_question(sqlite_urls: Urls, language: str, later: bool) -> None:
    parts = make_parts(sqlite_urls)
    stand(parts, EVENING)
    token = give_link(parts, make_patient(parts, make_study(parts), day0=date(2026, 4, 1), language=language))
    if later:
        assert snoozing.snooze(parts, token, (EVENING + timedelta(minutes=55)).isoformat(), parts.clock.now())
    phone = create_app(parts).test_client()
    page = phone.get(f"/d/{token}", headers=COMPRESSED)
    questions = begin(phone, page, token)
    for answer in (page, questions):
        assert answer.headers["Content-Encoding"] == "gzip"
        assert not LOADS.findall(plain(answer)), "no third request before the first answer"
    assert f'lang="{language}"' in plain(page)
    assert 'id="joint-pain-diary.worst_pain"' in plain(questions)
    assert not later or LATER_AT[language] in plain(page).replace("\u202f", " ").replace("\u00a0", " ")
    assert sent(page) + sent(questions) <= MOST, (sent(page), sent(questions))


def begin(phone: Client, page: TestResponse, token: str) -> TestResponse:
    """What start.js posts when the button is pressed."""
    fields = {name: found[1] for name in ("csrf_token", "start") if (found := value_of(name, plain(page)))}
    answer = phone.post(f"/d/{token}/start", data={**fields, "js": "piece", "lang": ""}, headers=COMPRESSED)
    assert answer.status_code == 200, answer.text
    assert state_of(answer)["assessment"]
    return answer


def state_of(answer: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(re.findall(r'id="state">(.*?)</script>', plain(answer))[0])
    return found


def value_of(name: str, page: str) -> re.Match[str] | None:
    return re.search(rf'name="{name}"[^>]*value="([^"]+)"', page)


def plain(answer: TestResponse) -> str:
    return gzip.decompress(answer.data).decode()


def sent(answer: TestResponse) -> int:
    return len(answer.data)


def test_what_comes_after_the_first_answer_is_loaded_once(sqlite_urls: Urls) -> None:
    """The next evening's phone has it already, and asks for nothing but the diary."""
    parts = make_parts(sqlite_urls)
    stand(parts, EVENING)
    token = give_link(parts, make_patient(parts, make_study(parts), day0=date(2026, 4, 1)))
    phone = create_app(parts).test_client()
    state = state_of(begin(phone, phone.get(f"/d/{token}", headers=COMPRESSED), token))
    for address in (state["later"], state["laterStyle"]):
        kept = phone.get(address)
        assert kept.status_code == 200
        assert "immutable" in kept.headers["Cache-Control"]
