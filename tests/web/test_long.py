"""A long sitting in parts: what is counted, what is told, what it weighs; a short one is told as before."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from werkzeug.test import Client

from pro.app import create_app
from pro.clock import FixedClock
from pro.domain.answers import Answer
from pro.domain.showing import shown, to_come
from pro.services import answering
from pro.services.parts import Parts
from pro.web import long
from pro.web.words import say
from tests import factories, long_visit
from tests.conftest import Urls
from tests.services import play
from tests.web.test_weight import COMPRESSED, begin, plain, sent, state_of

NOON = datetime(2026, 4, 15, 10, 5, tzinfo=UTC)
MOST = 25_000
"""Bytes of both answers of a long visit as they are sent."""


@pytest.fixture
def parts(sqlite_urls: Urls) -> Parts:
    return factories.make_parts(sqlite_urls, FixedClock(NOON))


def link_of(parts: Parts, language: str = "fr") -> str:
    made = factories.make_study(parts)
    patient = factories.make_patient(parts, made, day0=NOON.date(), language=language)
    return play.give_link(parts, patient, until=NOON + timedelta(days=2))


@pytest.mark.parametrize("seed", range(20))
def test_what_is_to_come_falls_with_every_answer_whatever_branch_opens(seed: int) -> None:
    dice, diary = random.Random(seed), factories.the_library().latest_questionnaire("joint-pain-diary")
    answers: dict[str, Answer] = {}
    left = len(to_come(diary, answers))
    assert left == len(diary.items), "before the first answer every branch may still open"
    while missing := [key for key in shown(diary, answers) if key not in answers]:
        given = {"worst_pain": dice.randrange(11), "flare": dice.random() < 0.5}.get(missing[0])
        answers[missing[0]] = Answer("skipped") if given is None else Answer("answered", given)
        now = len(to_come(diary, answers))
        assert now < left
        left = now
    assert left == 0


@pytest.mark.parametrize("minutes", [["0.5", "0.5", "3", "8", "2", "1"], ["1"], ["0", "30", "0"], ["5"] * 12])
def test_the_segments_fill_the_bar_and_none_is_too_narrow_to_see(minutes: list[str]) -> None:
    found = long.segments([Decimal(one) for one in minutes])
    assert found[0][0] == 0
    assert found[-1][0] + found[-1][1] == pytest.approx(100, abs=0.1)
    assert all(before[0] + before[1] < after[0] for before, after in pairwise(found))
    assert min(width for _, width in found) >= 2.5


def test_the_time_left_is_rounded_up_and_never_nought(parts: Parts) -> None:
    started = play.begin(parts, link_of(parts))
    assert long.minutes_left(long.parts_of(started.sitting)) == 15
    answers = long_visit.answers()
    for given, left in ((8, 11), (20, 9), (53, 1), (54, 1)):
        some = dict(list(answers.items())[:given])
        saves = play.saves(some, client=f"c{given}")
        answering.save(parts, started.session_token, started.sitting.assessment_id, saves, parts.clock.now())
        found = answering.sitting(parts, started.session_token, parts.clock.now(), started.sitting.assessment_id)
        assert isinstance(found, answering.Sitting)
        assert long.minutes_left(long.parts_of(found)) == left, given


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_long_visit_comes_in_two_answers_of_25_kb(parts: Parts, language: str) -> None:
    token = link_of(parts, language)
    phone: Client = create_app(parts).test_client()
    page = phone.get(f"/d/{token}", headers=COMPRESSED)
    questions = begin(phone, page, token)
    assert sent(page) + sent(questions) <= MOST, (sent(page), sent(questions))
    state = state_of(questions)
    assert [one["id"] for one in state["parts"]] == long_visit.names()
    assert [bool(one["rest"]) for one in state["parts"]] == [False, False, False, True, True, False]
    assert ".segments{" in plain(page), "the style of the bar comes with the start page"


def test_a_short_sitting_has_no_parts_and_carries_nothing_of_them(sqlite_urls: Urls) -> None:
    parts = factories.make_parts(sqlite_urls, FixedClock(NOON))
    made = factories.make_study(parts)
    patient = factories.make_patient(parts, made, day0=NOON.date() - timedelta(days=5))
    token = play.give_link(parts, patient)
    phone: Client = create_app(parts).test_client()
    page = phone.get(f"/d/{token}", headers=COMPRESSED)
    questions = begin(phone, page, token)
    assert "parts" not in state_of(questions)
    for text in (plain(page), plain(questions)):
        assert "segments" not in text
        assert "proLong=" not in text


@pytest.mark.parametrize(
    ("language", "said", "until"),
    [
        ("en", "21 of 54 answered, about 8 minutes left.", "Open until <strong>04:00 tonight</strong>."),
        (
            "fr",
            "21 réponses données sur 54, encore environ 8 minutes.",
            "Ouvert jusqu’à <strong>4 h cette nuit</strong>.",
        ),
    ],
)
def test_who_comes_back_reads_how_far_it_is_and_until_when(parts: Parts, language: str, said: str, until: str) -> None:
    token = link_of(parts, language)
    phone: Client = create_app(parts).test_client()
    started = play.begin(parts, token)
    assert said[-12:] not in words(phone, token), "begun and nothing answered: what waits is told as before"
    given = play.saves(dict(list(long_visit.answers().items())[:21]))
    answering.save(parts, started.session_token, started.sitting.assessment_id, given, parts.clock.now())
    text = words(phone, token)
    assert said in text
    assert until in text
    assert say("phone.start.begun", language) not in text, "said once"
    counts = re.findall(r"</b><br>(\d+)\D+(\d+)</li>", text)
    assert counts == [("1", "1"), ("1", "1"), ("5", "5"), ("14", "36"), ("0", "6"), ("0", "5")]


def words(phone: Client, token: str) -> str:
    return phone.get(f"/d/{token}").text.replace("\u202f", " ").replace("\u00a0", " ")
