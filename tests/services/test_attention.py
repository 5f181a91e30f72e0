"""Tasks of a site that are made once and settle by themselves. Both engines."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update

from pro.services import attention, closing
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import stand
from tests.services.test_bells import DAY, SIX, rows, set_bells, walk

t = metadata.tables


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    stand(parts, SIX)
    patient = make_patient(parts, made, day0=DAY)
    set_bells(parts, patient, SIX - timedelta(days=30))
    return patient


def put(parts: Parts, patient: int, state: str, due_at: datetime) -> None:
    with parts.study.writing() as session:
        site = session.connection().execute(t["patient"].select()).first()
        assert site is not None
        values = {"site_id": site.site_id, "patient_id": patient, "template": "reminder", "language": "fr"}
        values |= {"dedupe_key": f"k{due_at}", "due_at": due_at, "not_after": due_at, "state": state, "attempts": 1}
        session.connection().execute(insert(t["message"]).values(**values))


def tasks(parts: Parts, kind: str) -> list[bool]:
    """Whether each task of the kind is still open, oldest first."""
    return [row["done_at"] is None for row in rows(parts, "task") if row["kind"] == kind]


def sweep(parts: Parts, at: datetime) -> None:
    moment = stand(parts, at)
    for _ in range(2):
        attention.sweep(parts, moment)


def test_two_undelivered_in_a_row_ask_once_and_a_delivered_one_settles_it(parts: Parts, patient: int) -> None:
    hour = timedelta(hours=1)
    put(parts, patient, "undelivered", SIX)
    sweep(parts, SIX + hour)
    assert tasks(parts, "undelivered") == []
    put(parts, patient, "delivered", SIX + 2 * hour)
    put(parts, patient, "failed", SIX + 3 * hour)
    sweep(parts, SIX + 4 * hour)
    assert tasks(parts, "undelivered") == [], "one between them arrived"
    put(parts, patient, "undelivered", SIX + 5 * hour)
    sweep(parts, SIX + 6 * hour)
    assert tasks(parts, "undelivered") == [True]
    put(parts, patient, "delivered", SIX + 7 * hour)
    sweep(parts, SIX + 8 * hour)
    assert tasks(parts, "undelivered") == [False]
    assert [row["kind"] for row in rows(parts, "audit_event")].count("call.settled") == 1


def test_a_settled_call_about_the_phone_comes_back_only_with_a_new_failure(parts: Parts, patient: int) -> None:
    for n in range(2):
        put(parts, patient, "undelivered", SIX + timedelta(hours=n))
    sweep(parts, SIX + timedelta(hours=3))
    with parts.study.writing() as session:
        session.execute(update(t["task"]).values(done_at=SIX + timedelta(hours=4)))
    sweep(parts, SIX + timedelta(hours=5))
    assert tasks(parts, "undelivered") == [False]
    put(parts, patient, "undelivered", SIX + timedelta(hours=6))
    sweep(parts, SIX + timedelta(hours=7))
    assert tasks(parts, "undelivered") == [False, True]


def test_a_patient_whose_number_is_wrong_has_that_task_alone(parts: Parts, patient: int) -> None:
    for n in range(2):
        put(parts, patient, "undelivered", SIX + timedelta(hours=n))
    with parts.study.writing() as session:
        session.execute(update(t["patient"]).values(number_wrong_at=SIX))
    sweep(parts, SIX + timedelta(hours=3))
    assert tasks(parts, "undelivered") == []


def test_the_endpoint_is_asked_for_from_the_middle_of_its_window_on(parts: Parts, patient: int) -> None:
    week12 = next(row for row in rows(parts, "assessment") if row["timepoint"] == "week12")
    opens, closes = week12["opens_at"], week12["closes_at"]
    assert isinstance(opens, datetime)
    assert isinstance(closes, datetime)
    middle = opens + (closes - opens) / 2
    sweep(parts, middle - timedelta(minutes=1))
    assert tasks(parts, "endpoint-due") == []
    sweep(parts, middle)
    assert tasks(parts, "endpoint-due") == [True]
    with parts.study.writing() as session:
        mine = update(t["assessment"]).where(t["assessment"].c.id == week12["id"])
        session.execute(mine.values(submitted_at=middle + timedelta(minutes=1)))
    sweep(parts, middle + timedelta(hours=1))
    assert tasks(parts, "endpoint-due") == [False]


def test_a_call_about_the_endpoint_that_was_logged_is_not_asked_for_again(parts: Parts, patient: int) -> None:
    week12 = next(row for row in rows(parts, "assessment") if row["timepoint"] == "week12")
    opens, closes = week12["opens_at"], week12["closes_at"]
    assert isinstance(opens, datetime)
    assert isinstance(closes, datetime)
    sweep(parts, opens + (closes - opens) / 2)
    with parts.study.writing() as session:
        session.execute(update(t["task"]).values(done_at=closes - timedelta(hours=30)))
    sweep(parts, closes - timedelta(hours=1))
    assert tasks(parts, "endpoint-due") == [False]


def diaries(parts: Parts) -> list[dict[str, object]]:
    return sorted(
        (row for row in rows(parts, "assessment") if row["timepoint"] == "diary"), key=lambda row: str(row["day"])
    )


def test_a_low_week_asks_though_its_last_day_was_answered_and_settles_when_it_is_better(
    parts: Parts, patient: int
) -> None:
    """Of seven closed days five were answered: 71 %. Then the missed ones pass out of the week."""
    for n, row in enumerate(diaries(parts)[:20]):
        if n not in (1, 4):
            with parts.study.writing() as session:
                sent = row["opens_at"]
                assert isinstance(sent, datetime)
                mine = update(t["assessment"]).where(t["assessment"].c.id == row["id"])
                session.execute(mine.values(submitted_at=sent + timedelta(hours=14), started_at=sent))
    walk(parts, SIX + timedelta(days=6))
    assert tasks(parts, "under-80") == []
    walk(parts, SIX + timedelta(days=7))
    assert tasks(parts, "under-80") == [True]
    assert next(row for row in rows(parts, "task") if row["kind"] == "under-80")["detail"] == "71.4"
    walk(parts, SIX + timedelta(days=9))
    closing.tick(parts, parts.clock.now())
    assert tasks(parts, "under-80") == [False]
    walk(parts, SIX + timedelta(days=12))
    assert tasks(parts, "under-80") == [False]


def test_a_low_week_that_was_called_about_does_not_ask_again_on_a_day_that_was_answered(
    parts: Parts, patient: int
) -> None:
    for n, row in enumerate(diaries(parts)[:10]):
        if n not in (2, 4):
            with parts.study.writing() as session:
                sent = row["opens_at"]
                assert isinstance(sent, datetime)
                mine = update(t["assessment"]).where(t["assessment"].c.id == row["id"])
                session.execute(mine.values(submitted_at=sent + timedelta(hours=14), started_at=sent))
    walk(parts, SIX + timedelta(days=7))
    with parts.study.writing() as session:
        session.execute(update(t["task"]).values(done_at=SIX + timedelta(days=7)))
    walk(parts, SIX + timedelta(days=8))
    assert tasks(parts, "under-80") == [False]
