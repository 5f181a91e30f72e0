"""`pro extend`, called as a person calls it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from pro.cli import main
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.commands.test_founding_commands import environment_of
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study

SOON = (datetime.now(UTC) + timedelta(hours=3)).isoformat(timespec="minutes")
t = metadata.tables


@pytest.fixture
def parts(sqlite_urls: Urls) -> Parts:
    """A diary that closes in an hour, by the machine's own clock."""
    parts = make_parts(sqlite_urls)
    make_patient(parts, make_study(parts), "R-001")
    now = datetime.now(UTC)
    first = t["assessment"].c.id == 2
    with parts.study.writing() as session:
        late = {"opens_at": now + timedelta(days=1), "closes_at": now + timedelta(days=2), "late_until": None}
        session.execute(update(t["assessment"]).values(**late))
        open_now = {"opens_at": now - timedelta(hours=20), "closes_at": now + timedelta(hours=1), "next_at": now}
        session.execute(update(t["assessment"]).where(first).values(**open_now, timepoint="diary"))
    return parts


def call(urls: Urls, *words: str) -> Result:
    return CliRunner().invoke(main, ["extend", "--site", "R", *words], env=environment_of(urls))


def test_it_extends_once_and_says_what(parts: Parts, sqlite_urls: Urls) -> None:
    done = call(sqlite_urls, "--until", SOON, "--reason", "outage", "--json")
    assert done.exit_code == 0, done.output
    assert [one["patient"] for one in json.loads(done.stdout)["extended"]] == ["R-001"]
    again = call(sqlite_urls, "--until", SOON, "--reason", "outage")
    assert (again.exit_code, "nothing to extend" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("until", "reason", "said"),
    [
        ("tomorrow", "x", "--until: 'tomorrow' is no instant"),
        ("2026-04-16T18:00", "x", "has no offset"),
        ("2020-04-16T18:00Z", "x", "has passed"),
        (SOON, " ", "say why"),
    ],
)
def test_what_it_cannot_read_is_one_line(parts: Parts, sqlite_urls: Urls, until: str, reason: str, said: str) -> None:
    refused = call(sqlite_urls, "--until", until, "--reason", reason)
    assert refused.exit_code == 2
    assert said in refused.output
    assert "Traceback" not in refused.output


def test_a_patient_who_is_not_there_is_named(parts: Parts, sqlite_urls: Urls) -> None:
    refused = call(sqlite_urls, "--until", SOON, "--reason", "x", "--patient", "R-999")
    assert (refused.exit_code, refused.stderr) == (2, "--patient: there is no patient 'R-999'\n")


def test_a_patient_of_another_site_is_named(parts: Parts, sqlite_urls: Urls) -> None:
    words = ("extend", "--site", "L", "--patient", "R-001", "--until", SOON, "--reason", "x")
    refused = CliRunner().invoke(main, words, env=environment_of(sqlite_urls))
    assert (refused.exit_code, refused.stderr) == (2, "--patient: R-001 is not a patient of site L\n")


def test_a_timepoint_that_no_protocol_has_is_named(parts: Parts, sqlite_urls: Urls) -> None:
    refused = call(sqlite_urls, "--until", SOON, "--reason", "x", "--timepoint", "dairy")
    assert refused.exit_code == 2
    assert "there is no timepoint 'dairy'; there are " in refused.output
    assert "diary" in refused.output.replace("dairy", "")
