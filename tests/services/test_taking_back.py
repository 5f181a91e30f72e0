"""An answer taken back: nothing of it is frozen, all of it is in the trail; on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import select

from pro.services import answering, closing
from pro.services.answering import CLEARED, Incomplete, NoSitting, Save, Started
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import CALM, begin, give_link, saves, stand

EVENING = datetime(2026, 4, 15, 16, 5, tzinfo=UTC)
AFTER = datetime(2026, 4, 16, 10, 1, tzinfo=UTC)
PAIN = "joint-pain-diary.worst_pain"


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def started(parts: Parts) -> Started:
    stand(parts, EVENING)
    return begin(parts, give_link(parts, make_patient(parts, make_study(parts), day0=date(2026, 4, 1))))


def give(parts: Parts, started: Started, *given: Save) -> None:
    where = (started.session_token, started.sitting.assessment_id)
    saved = answering.save(parts, *where, given, parts.clock.now())
    assert not saved.refused
    assert len(saved.acknowledged) == len(given)


def answers(parts: Parts, started: Started) -> dict[str, object]:
    now = answering.sitting(parts, started.session_token, parts.clock.now(), started.sitting.assessment_id)
    assert not isinstance(now, NoSitting)
    return {key: answer.value for key, answer in now.answers.items()}


def rows(parts: Parts, table: str) -> list[dict[str, object]]:
    with parts.study.reading() as session:
        return [dict(row._mapping) for row in session.connection().execute(select(metadata.tables[table]))]


def event(parts: Parts, kind: str) -> dict[str, object]:
    found = [row for row in rows(parts, "audit_event") if row["kind"] == kind]
    payload: dict[str, object] = msgspec.json.decode(str(found[0]["payload"]))
    return payload


def told(payload: dict[str, object]) -> list[tuple[object, object, object]]:
    changes = payload["saves"]
    assert isinstance(changes, list)
    return [(one["item"], one["code"], one["value"]) for one in changes]


def test_it_does_not_come_back_and_may_be_given_again(parts: Parts, started: Started) -> None:
    give(parts, started, Save("a", 1, PAIN, "answered", 3), Save("a", 2, PAIN, CLEARED))
    assert answers(parts, started) == {}
    stand(parts, EVENING + timedelta(seconds=5))
    give(parts, started, Save("a", 3, PAIN, "answered", 0))
    assert answers(parts, started) == {PAIN: 0}


def test_taking_back_what_was_never_given_changes_nothing(parts: Parts, started: Started) -> None:
    give(parts, started, Save("a", 1, PAIN, CLEARED, 7))
    assert answers(parts, started) == {}
    assert [row["value"] for row in rows(parts, "answer_save")] == [None]


def test_sending_misses_it(parts: Parts, started: Started) -> None:
    give(parts, started, *saves(CALM), Save("phone", 99, PAIN, CLEARED))
    done = answering.submit(parts, started.session_token, started.sitting.assessment_id, parts.clock.now())
    assert done == Incomplete((PAIN,))


def test_closing_freezes_what_is_left_and_tells_what_was_taken_back(parts: Parts, started: Started) -> None:
    stiff = "joint-pain-diary.stiffness"
    give(parts, started, Save("a", 1, PAIN, "answered", 3), Save("a", 2, stiff, "answered", 10))
    stand(parts, EVENING + timedelta(seconds=5))
    give(parts, started, Save("a", 3, PAIN, CLEARED))
    assert closing.close(parts, started.sitting.assessment_id, started.sitting.patient_id, stand(parts, AFTER))
    frozen = msgspec.json.decode(str(rows(parts, "response")[0]["answers"]))
    assert frozen["worst_pain"] == {"code": "not-reached"}
    assert frozen["stiffness"] == {"code": "answered", "value": 10}
    payload = event(parts, "assessment.closed-partial")
    assert told(payload) == [(PAIN, "answered", 3), (stiff, "answered", 10), (PAIN, CLEARED, None)]


def test_where_all_was_taken_back_nothing_was_answered(parts: Parts, started: Started) -> None:
    give(parts, started, Save("a", 1, PAIN, "answered", 3), Save("a", 2, PAIN, CLEARED))
    assert closing.close(parts, started.sitting.assessment_id, started.sitting.patient_id, stand(parts, AFTER))
    assert rows(parts, "response") == []
    asked = {row["id"]: row["answered"] for row in rows(parts, "assessment")}
    assert not asked[started.sitting.assessment_id]
    assert told(event(parts, "assessment.missed")) == [(PAIN, "answered", 3), (PAIN, CLEARED, None)]
