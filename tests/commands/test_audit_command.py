"""`pro audit`: the trail leaves as a file, and both the database and the file are checked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from pro.cli import main
from pro.services import audit
from pro.services.parts import Parts
from tests.conftest import Urls
from tests.factories import NOW, make_parts, make_patient, make_study

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def parts(database_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> Parts:
    made = make_parts(database_urls)
    monkeypatch.setenv("DATABASE_URL", database_urls.study)
    monkeypatch.setenv("CONTACTS_DATABASE_URL", database_urls.contacts)
    monkeypatch.setenv("PRO_SECRET_KEY", made.settings.secret_key)
    monkeypatch.setenv("PRO_CONTACTS_KEY", "t:dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMgb24=")
    monkeypatch.setenv("PRO_PUBLIC_URL", "http://localhost")
    monkeypatch.delenv("PRO_DEMO", raising=False)
    study = make_study(made)
    for number in ("R-001", "R-002"):
        patient_id = make_patient(made, study, number)
        with made.study.writing() as session:
            for n in range(3):
                row = audit.lock_patient(session, patient_id)
                audit.record(session, row, "link.made", {"n": n, "ä": "é"}, audit.WORKER, NOW)
    with made.study.writing() as session:
        audit.record(session, audit.lock_study(session, study.study_id), "study.created", {}, audit.WORKER, NOW)
    return made


def pro(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def test_the_database_and_its_file_hold(parts: Parts, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    assert pro("audit", "verify").exit_code == 0
    assert pro("audit", "export", str(file)).exit_code == 0
    found = pro("audit", "verify", str(file))
    assert found.exit_code == 0
    assert "7 events in 3 chains" in found.output
    alone = subprocess.run(
        [sys.executable, "-I", str(ROOT / "pro" / "verify_trail.py"), str(file)], capture_output=True, check=False
    )
    assert alone.returncode == 0
    assert b'"chains"' in file.read_bytes().splitlines()[-1]
    assert list(tmp_path.glob(".trail*")) == []


def test_a_changed_file_does_not_hold(parts: Parts, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    pro("audit", "export", str(file))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:1] + lines[2:]))
    found = pro("audit", "verify", str(file))
    assert found.exit_code == 1
    assert "line 2" in found.output


def test_a_file_that_is_no_trail_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("# Read me\n\nThis is no trail.\n", "utf-8")
    told = pro("audit", "verify", str(file))
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == f"{file} is no exported trail: line 1: not a line of canonical JSON in UTF-8\n"


def test_a_trail_that_lost_all_its_events_is_still_told_as_one(parts: Parts, tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    pro("audit", "export", str(file))
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[-1])
    found = pro("audit", "verify", str(file))
    assert found.exit_code == 1
    assert "events are gone" in found.stderr
    assert "the trail does not hold" in found.stdout


def test_events_cut_off_at_the_end_of_a_chain_are_found_in_the_database(parts: Parts) -> None:
    with parts.study.writing() as session:
        if parts.study.is_sqlite:
            session.execute(text("DROP TRIGGER audit_event_is_frozen_delete"))
        else:
            session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
        session.execute(text("DELETE FROM audit_event WHERE chain = 'patient:R-002' AND seq = 3"))
    found = pro("audit", "verify")
    assert found.exit_code == 1
    assert "patient:R-002" in found.output


def test_a_missing_file_is_one_line(parts: Parts, tmp_path: Path) -> None:
    for args in (("verify", str(tmp_path / "nothing")), ("export", str(tmp_path / "no" / "place"))):
        found = pro("audit", *args)
        assert found.exit_code == 2
        assert "Traceback" not in found.output
        assert len(found.output.strip().splitlines()) == 1


def test_a_place_that_cannot_be_written_is_named(parts: Parts) -> None:
    told = pro("audit", "export", "/nonexistent/trail.jsonl")
    said = "/nonexistent/trail.jsonl cannot be written: there is no folder /nonexistent\n"
    assert (told.exit_code, told.stderr) == (2, said)


def test_a_database_without_tables_is_one_line(parts: Parts, empty_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_urls.study)
    told = pro("audit", "verify")
    assert (told.exit_code, told.stderr) == (2, "study database: is empty: run `pro migrate`\n")
