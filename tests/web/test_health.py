"""What proxies and alarms are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from pro.app import create_app
from pro.services.parts import Parts
from pro.store.tables import Heartbeat, Message, Reminder
from tests.conftest import Urls
from tests.factories import NOW, make_parts, make_patient, make_study


@pytest.fixture
def parts(database_urls: Urls) -> Iterator[Parts]:
    made = make_parts(database_urls)
    yield made
    made.study.close()
    made.contacts.close()


@pytest.fixture
def client(parts: Parts) -> FlaskClient:
    return create_app(parts).test_client()


def beat(parts: Parts, seconds_ago: int, every: int = 10, worker: str = "a") -> None:
    with parts.study.writing() as session:
        session.add(Heartbeat(worker=worker, at=NOW - timedelta(seconds=seconds_ago), every=every, ticks=1))


def queue(parts: Parts, **more: Any) -> int:
    site = make_study(parts)
    patient_id = make_patient(parts, site)
    values: dict[str, Any] = {
        "dedupe_key": "reminder:1",
        "site_id": site.sites["R"],
        "patient_id": patient_id,
        "template": "test",
        "language": "fr",
        "due_at": NOW - timedelta(minutes=1),
        "not_after": NOW + timedelta(hours=1),
    }
    with parts.study.writing() as session:
        row = Message(**(values | more))
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def health(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz")
    return answer.status_code, answer.get_json()


def test_all_is_well(parts: Parts, client: FlaskClient) -> None:
    beat(parts, 29)
    beat(parts, 5000, worker="dead for long")
    queue(parts)
    status, found = health(client)
    assert (status, found["status"], found["problems"]) == (200, "ok", [])
    assert found["worker"]["tick_age_seconds"] == 29
    assert found["oldest_due_message_seconds"] == 60
    assert found["databases"] == {"study": "ok", "contacts": "ok"}


def test_a_worker_that_never_ticked_or_stopped_is_an_alarm_but_the_process_lives(
    parts: Parts, client: FlaskClient
) -> None:
    assert health(client)[0] == 503
    beat(parts, 31)
    status, found = health(client)
    assert status == 503
    assert "31 s old" in found["problems"][0]
    assert client.get("/livez").status_code == 200


@pytest.mark.parametrize(("minutes", "status"), [(5, 200), (6, 503)])
def test_a_message_due_for_more_than_five_minutes(parts: Parts, client: FlaskClient, minutes: int, status: int) -> None:
    beat(parts, 1)
    queue(parts, due_at=NOW - timedelta(minutes=minutes))
    assert health(client)[0] == status


@pytest.mark.parametrize(("minutes", "status"), [(30, 200), (31, 503)])
def test_an_outcome_unknown_for_more_than_half_an_hour(
    parts: Parts, client: FlaskClient, minutes: int, status: int
) -> None:
    beat(parts, 1)
    queue(parts, state="sending", marked_at=NOW - timedelta(minutes=minutes))
    answered, found = health(client)
    assert answered == status
    assert found["unknown_outcome"] == {"messages": 1, "oldest_seconds": minutes * 60}


def test_a_ledger_that_does_not_balance(parts: Parts, client: FlaskClient) -> None:
    beat(parts, 1)
    message_id = queue(parts, template="reminder", state="delivered")
    assert health(client)[0] == 503
    with parts.study.writing() as session:
        session.add(Reminder(assessment_id=1, step="at-18:00", planned_at=NOW, message_id=message_id))
        session.add(Reminder(assessment_id=1, step="at-20:00", planned_at=NOW, why_none="submitted"))
    status, found = health(client)
    assert (status, found["ledger"]["balances"]) == (200, True)
    with parts.study.writing() as session:
        session.add(Reminder(assessment_id=2, step="at-18:00", planned_at=NOW))
    assert health(client)[0] == 503


def test_a_database_that_does_not_answer(parts: Parts, tmp_path: Any) -> None:
    from dataclasses import replace

    from pro.store.engine import Database

    broken = replace(parts, contacts=Database(f"sqlite:///{tmp_path}/no/such/place.sqlite"))
    client = create_app(broken).test_client()
    assert client.get("/livez").status_code == 503
    beat(parts, 1)
    status, found = health(client)
    assert status == 503
    assert found["databases"] == {"study": "ok", "contacts": "no answer"}


def test_a_server_started_with_wrong_settings_says_what_mends_them_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PRO_DEMO", "PRO_SECRET_KEY", "PRO_CONTACTS_KEY", "DATABASE_URL", "CONTACTS_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PRO_CONTACTS_KEY", "no key")
    with pytest.raises(SystemExit, match="3"):
        create_app()
    said = capsys.readouterr().err
    assert "PRO_SECRET_KEY is missing: set it" in said
    assert "`id:base64` of 32 bytes: make one" in said
