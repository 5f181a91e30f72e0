"""What the data set tells of one patient, and that its codebook knows every code that may stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from pro.domain.freezing import freeze
from pro.exports import codes
from pro.exports.codebook import meaning
from pro.exports.tables import said
from pro.services import access, extending, undoing
from pro.services.access import Identity, SignedIn
from pro.services.enrolment import COMMAND_LINE, holding, withdraw
from pro.services.exporting import TABLES
from pro.services.extending import Which
from pro.services.parts import Parts
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study, the_library
from tests.services.play import stand
from tests.services.test_bells import set_bells

DAY0 = date(2026, 4, 1)
HOUR = timedelta(hours=1)


def test_every_column_is_described() -> None:
    assert all(meaning(table.name, column)[0] for table in TABLES for column in table.columns)


def test_every_column_of_codes_lists_them() -> None:
    coded = ("why", "state", "code", "mode", "outcome", "result", "template", "completeness", "how", "error")
    named = {(table.name, one) for table in TABLES for one in table.columns if one.split("_")[-1] in coded}
    assert named <= codes.CODES.keys()
    known = {(table.name, one) for table in TABLES for one in table.columns}
    assert codes.CODES.keys() <= known, "no codes of a column that is not there"
    for (table, column), listed in codes.CODES.items():
        assert meaning(table, column)[1].startswith(", ".join(listed)), (table, column)
        assert len(set(listed)) == len(listed), (table, column)


def test_the_items_of_a_response_have_the_codes_that_are_listed() -> None:
    questionnaire = the_library().latest_questionnaire("joint-pain-diary")
    assert {one["code"] for one in freeze(questionnaire, {}).items.values()} <= set(codes.CODES["answers", "code"])


@pytest.fixture
def parts(database_urls: Urls) -> Iterator[Parts]:
    made = make_parts(database_urls)
    yield made
    made.study.close()
    made.contacts.close()


@pytest.fixture
def made(parts: Parts) -> Made:
    study = make_study(parts)
    make_staff(parts, study, "coo", role="coordinator")
    return study


def told(parts: Parts, name: str) -> list[dict[str, str]]:
    """A table as its file has it; every code of it is in the codebook."""
    table = next(one for one in TABLES if one.name == name)
    found = [dict(zip(table.columns, map(said, row), strict=True)) for row in table.rows(parts)]
    unknown = [(key, value) for row in found for key, value in row.items() if not codes.is_known(name, key, value)]
    assert unknown == []
    return found


def test_pauses_and_holds_are_told_also_those_that_are_over(parts: Parts, made: Made) -> None:
    paused, held, gone, again = (make_patient(parts, made, f"R-00{n}", day0=DAY0) for n in range(1, 5))
    now = parts.clock.now()
    holding.pause(parts, COMMAND_LINE, paused, date(2026, 4, 20), date(2026, 4, 24), "holiday", now)
    holding.pause(parts, COMMAND_LINE, paused, date(2026, 4, 18), date(2026, 4, 18), "hospital", now)
    (first, _) = told(parts, "pauses")
    assert (first["patient"], first["first"], first["last"], first["why"]) == (
        *("R-001", "2026-04-18", "2026-04-18"),
        "hospital",
    )
    holding.unpause(parts, COMMAND_LINE, paused, 2, stand(parts, NOW + HOUR))
    assert [(one["first"], one["taken_back_at"]) for one in told(parts, "pauses")] == [
        ("2026-04-18", "2026-04-15T07:04:00Z"),
        ("2026-04-20", ""),
    ]
    for who in (held, gone, again):
        holding.hold(parts, COMMAND_LINE, who, "hospital", parts.clock.now())
    later = stand(parts, NOW + 2 * HOUR)
    withdraw(parts, COMMAND_LINE, gone, "burden", "do-not-use", later)
    holding.resume(parts, COMMAND_LINE, again, later)
    holding.hold(parts, COMMAND_LINE, again, "doctor", stand(parts, NOW + 3 * HOUR))
    holding.end(parts, COMMAND_LINE, again, "completed", stand(parts, NOW + 4 * HOUR))
    assert [tuple(one.values()) for one in told(parts, "holds")] == [
        ("R-002", "2026-04-15T07:04:00Z", "hospital", ""),
        ("R-003", "2026-04-15T07:04:00Z", "hospital", "2026-04-15T08:04:00Z"),
        ("R-004", "2026-04-15T07:04:00Z", "hospital", "2026-04-15T08:04:00Z"),
        ("R-004", "2026-04-15T09:04:00Z", "doctor", "2026-04-15T10:04:00Z"),
    ]
    assert [tuple(one.values()) for one in told(parts, "ends")] == [
        ("R-003", "2026-04-15T08:04:00Z", "withdrawn", "burden", "do-not-use"),
        ("R-004", "2026-04-15T10:04:00Z", "ended", "completed", ""),
    ]
    for name in ("patients", "assessments", "reminders", "messages"):
        assert told(parts, name) is not None


def test_forms_that_nobody_will_enter_are_told(parts: Parts, made: Made) -> None:
    patient, who = make_patient(parts, made, day0=DAY0), coordinator(parts)
    form = (patient, "week2", "joint-exam")
    assert undoing.declare(parts, who, *form, "forgotten", parts.clock.now()) == "done"
    assert undoing.take_back(parts, who, *form, stand(parts, NOW + HOUR)) == "done"
    assert undoing.declare(parts, who, *form, "refused", stand(parts, NOW + 2 * HOUR)) == "done"
    visit = ("R-001", "week2", "2026-04-15", "joint-exam")
    assert [tuple(one.values()) for one in told(parts, "not_done")] == [
        (*visit, "forgotten", "2026-04-15T06:04:00Z", "2026-04-15T07:04:00Z"),
        (*visit, "refused", "2026-04-15T08:04:00Z", ""),
    ]


def coordinator(parts: Parts) -> Identity:
    opened = access.sign_in(parts, "coo", PASSWORD, "", parts.clock.now())
    assert isinstance(opened, SignedIn)
    found = access.staff_of(parts, opened.token, parts.clock.now())
    assert found is not None
    return found


def test_a_window_that_was_given_more_time_says_until_when(parts: Parts, made: Made) -> None:
    set_bells(parts, make_patient(parts, made, day0=DAY0), NOW)
    until = datetime(2026, 4, 17, 10, tzinfo=UTC)
    which = Which(made.sites["R"], timepoint="diary", day=date(2026, 4, 15))
    doer = coordinator(parts).actor(access.Right.EXTEND, made.sites["R"])
    assert len(extending.extend(parts, doer, which, until, "outage of the network", parts.clock.now())) == 1
    (row,) = told(parts, "extensions")
    assert tuple(row.values()) == (
        *("R-001", "diary", "2026-04-15", "2026-04-15T06:04:00Z"),
        *("2026-04-16T10:00:00Z", "2026-04-17T10:00:00Z"),
    )
    (diary,) = [one for one in told(parts, "assessments") if (one["timepoint"], one["day"]) == ("diary", "2026-04-15")]
    assert diary["closes_at"] == row["extended_until"]
