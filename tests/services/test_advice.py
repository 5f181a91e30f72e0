"""The emergency advice holds for what is saved, before and after sending; and what else is open can be gone on with."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from pro.services import answering
from pro.services.answering import NoSitting, Submitted
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import CALM, begin, fill, give_link, saves, stand

WEEK8 = datetime(2026, 5, 27, 16, 5, tzinfo=UTC)
"""Day 56 of someone who began on 1 April: a diary and Week 8 are open."""
TAKEN, TEMPERATURE = "injection-diary.temperature_taken", "injection-diary.temperature"


@pytest.fixture
def parts(sqlite_urls: Urls) -> Parts:
    return make_parts(sqlite_urls)


@pytest.fixture
def token(parts: Parts) -> str:
    stand(parts, WEEK8)
    return give_link(parts, make_patient(parts, make_study(parts), day0=date(2026, 4, 1)))


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({TAKEN: True, TEMPERATURE: "38.0"}, True),
        ({TAKEN: True, TEMPERATURE: "37.9"}, False),
        ({TAKEN: True, TEMPERATURE: None}, False),
        ({TAKEN: False}, False),
        ({}, False),
    ],
)
def test_the_advice_holds_for_what_is_saved(parts: Parts, token: str, given: dict[str, object], holds: bool) -> None:
    started = begin(parts, token)
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(given), parts.clock.now())
    again = answering.sitting(parts, started.session_token, parts.clock.now(), assessment)
    assert not isinstance(again, NoSitting)
    assert (answering.advice_of(again) is not None) is holds


def test_the_newest_answer_decides(parts: Parts, token: str) -> None:
    """Mended, or taken back by the question before it: the advice goes."""
    seen: list[str | None] = []
    started = begin(parts, token)
    changes: tuple[dict[str, object], ...] = (
        {TAKEN: True, TEMPERATURE: "38.6"},
        {TEMPERATURE: "39.1"},
        {TAKEN: False},
        {TAKEN: True},
        {TEMPERATURE: "36.8"},
    )
    for n, change in enumerate(changes):
        moment = stand(parts, WEEK8.replace(minute=10 + n))
        answering.save(
            parts, started.session_token, started.sitting.assessment_id, saves(change, first=10 * n + 1), moment
        )
        again = answering.sitting(parts, started.session_token, moment, started.sitting.assessment_id)
        assert not isinstance(again, NoSitting)
        advice = answering.advice_of(again)
        seen.append(advice.seen if advice else None)
    first, second, *rest = seen
    assert first is not None
    assert second is not None
    assert first != second
    assert rest == [None, second, None]


def test_what_was_sent_keeps_its_advice(parts: Parts, token: str) -> None:
    sent = fill(parts, token, CALM | {TAKEN: True, TEMPERATURE: "38.6"})
    assert isinstance(sent, Submitted)
    assert answering.advice_of(sent.sitting) is not None


def test_what_else_is_open_is_named_and_begun_once(parts: Parts, token: str) -> None:
    started = begin(parts, token)
    assessment = started.sitting.assessment_id
    assert started.sitting.timepoint == "diary"
    answering.save(parts, started.session_token, assessment, saves(CALM), parts.clock.now())
    sent = answering.submit(parts, started.session_token, assessment, parts.clock.now())
    assert isinstance(sent, Submitted)
    (week8,) = sent.waiting
    assert week8.timepoint == "week8"
    assert _started(parts, week8.assessment_id) is None
    assert not answering.continue_with(parts, "nobody", week8.assessment_id, parts.clock.now())
    assert not answering.continue_with(parts, started.session_token, assessment, parts.clock.now())
    for minute in (10, 20):
        moment = stand(parts, WEEK8.replace(minute=minute))
        assert answering.continue_with(parts, started.session_token, week8.assessment_id, moment)
    assert _started(parts, week8.assessment_id) == WEEK8.replace(minute=10)


def _started(parts: Parts, assessment_id: int) -> datetime | None:
    table = metadata.tables["assessment"]
    with parts.study.reading() as session:
        found: datetime | None = session.execute(
            select(table.c.started_at).where(table.c.id == assessment_id)
        ).scalar_one()
    return found
