"""The look before a tick: each kind of work is seen, and nothing else; it is answered from indexes alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from pro.services.parts import Parts
from pro.store import courses, due
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study

NOW = datetime(2026, 4, 15, 16, 0, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)
NO_RECEIPT = timedelta(days=2)
t = metadata.tables

MESSAGE = {"language": "fr", "template": "reminder", "not_after": AFTER, "attempts": 0}
WORK = {
    "a message waits": {"state": "pending", "due_at": BEFORE},
    "a worker went with a claim": {"state": "claimed", "due_at": BEFORE, "lease_until": BEFORE},
    "an outcome is unknown": {"state": "sending", "due_at": BEFORE, "lease_until": BEFORE},
    "a text is to be redacted": {"state": "delivered", "due_at": BEFORE, "provider_id": "SM1"},
    "a receipt never came": {
        "state": "sent",
        "due_at": BEFORE,
        "provider_id": "SM1",
        "sent_at": NOW - NO_RECEIPT - timedelta(seconds=1),
    },
}
REST = {
    "a message for later": {"state": "pending", "due_at": AFTER},
    "one put off by its lease": {"state": "pending", "due_at": BEFORE, "lease_until": AFTER},
    "another worker's": {"state": "sending", "due_at": BEFORE, "lease_until": AFTER},
    "one on its way": {"state": "sent", "due_at": BEFORE, "provider_id": "SM1", "sent_at": BEFORE},
    "one that is over": {"state": "delivered", "due_at": BEFORE, "provider_id": "SM1", "redacted_at": BEFORE},
}


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


def silent_patient(parts: Parts) -> tuple[int, int]:
    """A patient whose bells are all far ahead; with the site."""
    made = make_study(parts)
    patient = make_patient(parts, made)
    with parts.study.writing() as session:
        session.execute(update(t["assessment"]).values(next_at=AFTER))
    return patient, next(iter(made.sites.values()))


def work(parts: Parts) -> bool:
    with parts.study.plain_reading() as session:
        return due.look(session, NOW, NOW, NO_RECEIPT).work


def put(parts: Parts, patient: int, site: int, message: dict[str, object]) -> None:
    values = {**MESSAGE, **message, "patient_id": patient, "site_id": site, "dedupe_key": "k"}
    with parts.study.writing() as session:
        session.execute(insert(t["message"]).values(**values))


@pytest.mark.parametrize("name", WORK)
def test_work_is_seen(parts: Parts, name: str) -> None:
    patient, site = silent_patient(parts)
    put(parts, patient, site, WORK[name])
    assert work(parts)


@pytest.mark.parametrize("name", REST)
def test_rest_is_left_alone(parts: Parts, name: str) -> None:
    patient, site = silent_patient(parts)
    put(parts, patient, site, REST[name])
    assert not work(parts)


def test_a_bell_is_seen(parts: Parts) -> None:
    silent_patient(parts)
    assert not work(parts)
    with parts.study.writing() as session:
        session.execute(update(t["assessment"]).values(next_at=NOW))
    assert work(parts)


@pytest.mark.parametrize(("acknowledged", "seen"), [(None, True), (BEFORE, False)])
def test_an_episode_is_seen_until_somebody_acknowledged_it(
    parts: Parts, acknowledged: datetime | None, seen: bool
) -> None:
    patient, site = silent_patient(parts)
    day = {"n": 1, "opened_day": NOW.date(), "last_hit_day": NOW.date(), "opened_at": BEFORE, "told_rank": 1}
    with parts.study.writing() as session:
        told = {"patient_id": patient, "site_id": site, "next_tell_at": BEFORE, "acknowledged_at": acknowledged}
        session.execute(insert(t["flare"]).values(**day, **told))
    assert work(parts) is seen


@pytest.mark.parametrize(("at", "seen"), [(BEFORE - timedelta(days=30), True), (NOW, True), (AFTER, False)])
def test_a_journey_that_is_due_is_seen_and_none_that_is_over(parts: Parts, at: datetime, seen: bool) -> None:
    patient, _ = silent_patient(parts)
    with parts.study.writing() as session:
        courses.add_journey(session, patient, NOW.date(), "Asia/Tokyo", BEFORE, at)
    for expected in (seen, False):
        with parts.study.writing() as session:
            found = due.look(session, NOW, NOW, NO_RECEIPT)
            courses.end_journey(session, patient, NOW, done=at == NOW)
        assert (found.journeys, found.work) == (expected, False)
