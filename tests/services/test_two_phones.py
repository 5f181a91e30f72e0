"""Two phones and two windows on one diary: the answer given last stands, whatever arrives last. Both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from pro.clock import Moment
from pro.domain.answers import Answer
from pro.services import answering
from pro.services.answering import CLEARED, Changed, NoSitting, Reviewed, Save, Started, Submitted
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import CALM, begin, counted, give_link, saves, stand

EVENING = datetime(2026, 4, 15, 16, 5, tzinfo=UTC)
PAIN, AVERAGE = "joint-pain-diary.worst_pain", "joint-pain-diary.average_pain"
SAVE, RESPONSE = metadata.tables["answer_save"], metadata.tables["response"]


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def started(parts: Parts) -> Started:
    stand(parts, EVENING)
    return begin(parts, give_link(parts, make_patient(parts, make_study(parts), day0=date(2026, 4, 1))))


def minute(n: int) -> datetime:
    return EVENING + timedelta(minutes=n)


def arrive(parts: Parts, started: Started, at: datetime, *given: Save) -> None:
    where = (started.session_token, started.sitting.assessment_id)
    saved = answering.save(parts, *where, given, Moment(at, at))
    assert len(saved.acknowledged) == len(given)


def stands(parts: Parts, started: Started) -> object:
    now = answering.sitting(parts, started.session_token, parts.clock.now(), started.sitting.assessment_id)
    assert not isinstance(now, NoSitting)
    return now.answers[PAIN].value


phones = st.lists(
    st.tuples(
        st.lists(st.integers(0, 60), unique=True, min_size=1, max_size=3).map(sorted),
        st.integers(-5000, 5000),
        st.integers(0, 60),
    ),
    min_size=1,
    max_size=3,
)
"""For each client: the minutes at which it gave an answer, how wrong its clock is, how long it then had no network."""


@given(phones)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_given_last_stands(parts: Parts, started: Started, told: list[tuple[list[int], int, int]]) -> None:
    with parts.study.writing() as session:
        session.connection().execute(delete(SAVE))
    sent = []
    for n, (gave, wrong, without) in enumerate(told):
        off, at = timedelta(minutes=wrong), minute(gave[-1] + without)
        batch = [
            Save(f"phone-{n}", seq, PAIN, "answered", given % 11, minute(given) + off, sent_at=at + off)
            for seq, given in enumerate(gave, start=1)
        ]
        sent.append((at, batch))
    for at, batch in sorted(sent, key=lambda each: each[0]):
        arrive(parts, started, at, *batch)
    last = max(gave[-1] for gave, *_ in told)
    assert stands(parts, started) == last % 11


def test_a_late_replay_does_not_bring_an_old_answer_back(parts: Parts, started: Started) -> None:
    """The first phone's answer waited for the network; the second's was given after it and came before it."""
    arrive(parts, started, minute(20), Save("second", 1, PAIN, "answered", 3, minute(20), sent_at=minute(20)))
    arrive(parts, started, minute(30), Save("first", 1, PAIN, "answered", 2, minute(5), sent_at=minute(30)))
    assert stands(parts, started) == 3
    arrive(parts, started, minute(31), *saves({key: value for key, value in CALM.items() if key != PAIN}, "second", 2))
    done = answering.submit(parts, started.session_token, started.sitting.assessment_id, Moment(minute(32), minute(32)))
    assert isinstance(done, Submitted)
    with parts.study.reading() as session:
        frozen = session.connection().execute(select(RESPONSE.c.answers).order_by(RESPONSE.c.id)).scalars().first()
    assert frozen is not None
    assert msgspec.json.decode(frozen)["worst_pain"]["value"] == 3


def test_without_the_phones_clock_what_arrives_last_stands(parts: Parts, started: Started) -> None:
    arrive(parts, started, minute(20), Save("form-b", 1, PAIN, "answered", 7))
    arrive(parts, started, minute(30), Save("form-a", 1, PAIN, "answered", 2))
    assert stands(parts, started) == 2


# --- what is sent is what was read


def read_again() -> Reviewed:
    return {key: ("answered", value) for key, value in CALM.items()}


def send(parts: Parts, started: Started, reviewed: Reviewed | None) -> object:
    return answering.submit(parts, started.session_token, started.sitting.assessment_id, parts.clock.now(), reviewed)


def test_what_was_read_is_sent_in_as_many_statements(parts: Parts, started: Started) -> None:
    arrive(parts, started, minute(1), *saves(CALM))
    with counted(parts) as seen:
        assert isinstance(send(parts, started, read_again()), Submitted)
    assert seen.index("COMMIT") <= 7, seen


def test_what_another_window_changed_is_named_and_nothing_is_sent(parts: Parts, started: Started) -> None:
    arrive(parts, started, minute(1), *saves(CALM))
    arrive(parts, started, minute(2), Save("other", 1, PAIN, "answered", 2), Save("other", 2, AVERAGE, "skipped"))
    assert send(parts, started, read_again()) == Changed({PAIN: Answer("answered", 2), AVERAGE: Answer("skipped")})
    with parts.study.reading() as session:
        assert session.connection().execute(select(RESPONSE.c.id)).all() == []
    assert isinstance(
        send(parts, started, {**read_again(), PAIN: ("answered", 2), AVERAGE: ("skipped", None)}), Submitted
    )


def test_an_answer_taken_back_elsewhere_is_named(parts: Parts, started: Started) -> None:
    arrive(parts, started, minute(1), *saves(CALM))
    arrive(parts, started, minute(2), Save("other", 1, PAIN, CLEARED))
    assert send(parts, started, read_again()) == Changed({PAIN: None})


def test_what_does_not_show_is_not_compared(parts: Parts, started: Started) -> None:
    """An answer under a question that is no longer asked is not sent either."""
    arrive(parts, started, minute(1), *saves(CALM))
    arrive(parts, started, minute(2), Save("other", 1, "joint-pain-diary.rest_pain", "answered", 5))
    assert isinstance(send(parts, started, read_again()), Submitted)


def test_the_same_answer_said_otherwise_is_the_same(parts: Parts, started: Started) -> None:
    taken = {"injection-diary.temperature_taken": True, "injection-diary.temperature": "37.50"}
    arrive(parts, started, minute(1), *saves(CALM | taken))
    said = {key: ("answered", value) for key, value in (CALM | taken).items()}
    assert isinstance(send(parts, started, said | {"injection-diary.temperature": ("answered", "37.5")}), Submitted)


def test_a_page_that_does_not_say_what_was_read_sends_as_before(parts: Parts, started: Started) -> None:
    arrive(parts, started, minute(1), *saves(CALM))
    arrive(parts, started, minute(2), Save("other", 1, PAIN, "answered", 2))
    assert isinstance(send(parts, started, None), Submitted)
