"""What the data set tells of one patient, and that its codebook knows every code that may stand in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from pro.domain.flares import History, evaluate
from pro.domain.freezing import freeze
from pro.domain.questionnaire import Questionnaire
from pro.exports import codes, content, inside_words
from pro.exports.code_words import said_of
from pro.exports.codebook import meaning
from pro.exports.tables import SHEETS, said
from pro.library import DEFAULT_ROOT
from pro.services import access, extending, undoing
from pro.services.access import Identity, SignedIn
from pro.services.enrolment import COMMAND_LINE, holding, withdraw
from pro.services.enrolment.travelling import change_zone
from pro.services.exporting import TABLES
from pro.services.extending import Which
from pro.services.parts import Parts
from pro.store.tables import ZoneHistory
from tests.conftest import Urls
from tests.domain import test_flare_evidence as rule_of
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study, the_library
from tests.services.play import stand
from tests.services.test_bells import set_bells
from tests.visits import examine, examined, give

DAY0 = date(2026, 4, 1)
HOUR = timedelta(hours=1)


COLUMNS = {(table.name, one) for table in TABLES for one in table.columns}
COLUMNS |= {(sheet, one) for sheet, columns in SHEETS.items() for one in columns}


def test_every_column_is_described() -> None:
    assert all(meaning(*one)[0] for one in COLUMNS)


def test_every_column_of_codes_lists_them() -> None:
    coded = ("why", "state", "code", "mode", "outcome", "result", "template", "completeness", "how", "error")
    named = {(table.name, one) for table in TABLES for one in table.columns if one.split("_")[-1] in coded}
    assert named <= codes.CODES.keys()
    assert codes.CODES.keys() <= COLUMNS, "no codes of a column that is not there"
    for (table, column), listed in codes.CODES.items():
        assert meaning(table, column)[1].startswith(", ".join(listed)), (table, column)
        assert len(set(listed)) == len(listed), (table, column)


def test_every_code_is_told_in_words() -> None:
    for (table, column), listed in codes.CODES.items():
        for code in listed:
            assert said_of(table, column, code) not in ("", code), (table, column, code)


@pytest.mark.parametrize(
    "asked", [pytest.param(one, id=f"{one.id}-{one.version}") for one in the_library().questionnaires()]
)
def test_items_and_scales_are_told_as_the_file_has_them(asked: Questionnaire) -> None:
    """Also where the wording has an owner: then the file's labels are ours, and no owner's text is read."""
    told = [dict(zip(content.ITEMS, map(said, row), strict=True)) for row in content.items([asked])]
    for row, item in zip(told, asked.items, strict=True):
        assert (row["item"], row["kind"], row["label_en"]) == (item.key, item.kind, item.short.get("en", ""))
        assert row["wording_owner"] == (asked.wording_owner or "")
        labels = json.loads(row["choices_en"] or "{}")
        assert labels.items() >= {one.code: one.label["en"] for one in item.options if "en" in one.label}.items()
        assert json.loads(row["choices"] or "[]") == [one.code for one in item.options] + list(item.joints)
        assert codes.is_known("items", "kind", row["kind"])
    scales = [dict(zip(content.SCALES, map(said, row), strict=True)) for row in content.scales([asked])]
    better = {"higher-worse": "lower", "higher-better": "higher", "none": ""}
    for row, scale in zip(scales, asked.scales, strict=True):
        assert (row["scale"], row["direction"], row["better"]) == (scale.key, scale.direction, better[scale.direction])
        assert (row["low"], row["high"]) == (said(scale.low), said(scale.high))
        assert row["source"]


def test_every_result_that_is_a_word_is_told() -> None:
    given = set()
    for asked in the_library().questionnaires():
        file = DEFAULT_ROOT / "library" / asked.id / f"{asked.version}.cases.yaml"
        examples = [one["scores"] for one in msgspec.yaml.decode(file.read_bytes())["cases"]]
        for scale in (one for one in asked.scales if one.low is None):
            words = {one[scale.key] for one in examples if isinstance(one.get(scale.key), str)}
            given |= {(scale.method, word) for word in words if not word.isdigit()}
    assert given == {(method, word) for method, words in inside_words.RESULTS.items() for word in words}
    found = inside_words.results_of(the_library().questionnaires())
    assert found["computed", "value"].keys() == found["computed", "text"].keys() == {"good", "moderate", "none"}
    assert found["scores", "value"].keys() == {"flare", "no flare"}
    assert inside_words.results_of([the_library().latest_questionnaire("raid")]) == {}


def test_every_key_of_what_a_rule_was_given_is_told() -> None:
    march = {date(2026, 3, day): Decimal(3 + day // 8) for day in range(2, 12)}
    first = date(2026, 3, 2)
    answers = {("diary", "pain"): march, ("diary", "flare"): {max(march): True}}
    history = History({**answers, ("injections", "temperature"): {max(march): Decimal(38)}})
    rules = (rule_of.JUMP, rule_of.LEVEL, rule_of.CREEP, rule_of.DECLARED, rule_of.CRITERIA, rule_of.FEVER)
    found = {key for rule in rules for one in evaluate([rule], history, max(march), first) for key in one.inputs}
    assert found == inside_words.JSON_KEYS["flare_triggers", "inputs"].keys()


def test_an_owners_text_that_is_installed_stays_out() -> None:
    raid = the_library().latest_questionnaire("raid")
    item = replace(raid.items[0], text={"en": "the owner's own question"})
    asked = replace(raid, items=(item, *raid.items[1:]))
    assert "the owner's own question" not in str(list(content.items([asked])))


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
    uses = {one["patient"]: (one["data_use"], bool(one["withdrawn_at"])) for one in told(parts, "patients")}
    assert [uses[f"R-00{n}"] for n in range(1, 5)] == [
        *(("keep", False), ("keep", False)),
        *(("do-not-use", True), ("keep", False)),
    ]
    for name in ("assessments", "reminders", "messages"):
        assert told(parts, name) is not None


def test_the_zones_a_patient_lived_by_are_told(parts: Parts, made: Made) -> None:
    """A journey that was given up before it began is none."""
    stays, away, gives_up = (make_patient(parts, made, f"R-00{n}", day0=DAY0) for n in (3, 2, 1))
    with parts.study.writing() as session:
        session.add(ZoneHistory(patient_id=away, from_day=DAY0, zone="Europe/Paris"))
    moves = ((away, 1, "Indian/Reunion"), (away, 73, "Europe/Paris"))
    for who, hours, zone in (*moves, (gives_up, 74, "Indian/Reunion"), (gives_up, 75, "Europe/Paris")):
        change_zone(parts, COMMAND_LINE, who, zone, stand(parts, NOW + hours * HOUR))
    assert stays
    assert [tuple(one.values()) for one in told(parts, "zones")] == [
        ("R-001", "2026-04-18", "Europe/Paris"),
        ("R-002", "2026-04-01", "Europe/Paris"),
        ("R-002", "2026-04-16", "Indian/Reunion"),
        ("R-002", "2026-04-19", "Europe/Paris"),
        ("R-003", "2026-04-01", "Europe/Paris"),
    ]


@pytest.mark.parametrize("fraction", [0, 1, 50_000, 999_999])
def test_an_instant_has_one_format(fraction: int) -> None:
    """Cut off, not rounded: what was sent before a window closed still is."""
    at = datetime(2026, 4, 1, 11, 59, 59, fraction, tzinfo=timezone(2 * HOUR))
    assert said(at) == "2026-04-01T09:59:59Z"


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


def test_what_is_computed_says_what_it_rests_on(parts: Parts, made: Made) -> None:
    """At baseline patient-global is missing: the response compares two DAS28 of three variables."""
    who = make_patient(parts, made, day0=DAY0)
    examine(parts, who, "day0", examined(8, 8, 40))
    give(parts, who, "week2", "patient-global", {"global": 20})
    examine(parts, who, "week2", examined(1, 0, 10))
    rows = {(one["timepoint"], one["scale"]): one for one in told(parts, "computed")}
    response = rows["week2", "eular_response"]
    assert response["value"] in inside_words.RESULTS["eular_response"]
    assert json.loads(response["rests_on"]) == {
        "baseline": "day0 das28.das28_esr3",
        "current": "week2 das28.das28_esr3",
    }
    assert json.loads(rows["week2", "das28_esr4"]["rests_on"]) == {
        **{"tender28": "week2 joint-exam.tjc28", "swollen28": "week2 joint-exam.sjc28"},
        **{"esr": "week2 joint-exam.esr", "global": "week2 patient-global.global"},
    }
    lacking = rows["day0", "das28_esr4"]
    assert (lacking["value"], list(json.loads(lacking["rests_on"]))) == ("", ["tender28", "swollen28", "esr"])
    assert rows["week4", "das28_esr4"]["rests_on"] == ""


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
