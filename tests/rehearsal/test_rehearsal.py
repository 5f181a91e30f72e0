"""A small study rehearsed: no guarantee broken, the same document on either engine, and a planted fault found out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from pro import __version__
from pro.cli import main
from pro.commands import rehearse as command
from pro.exports import tables
from pro.exports.codes import is_known
from pro.rehearsal.figures import Share
from pro.rehearsal.guarantees import WHAT, Check, _kept
from pro.rehearsal.page import html, named
from pro.rehearsal.people import Profile
from pro.rehearsal.report import Asked, Document, document, lines
from pro.rehearsal.run import rehearse
from pro.services import reconciling
from pro.services.parts import Parts
from pro.web.words import LANGUAGES, say, typeset
from tests.conftest import PROVE
from tests.factories import the_library

SMALL: dict[str, Any] = {"patients": 7, "seed": 385, "start": date(2026, 3, 23), "sites": 2, "days": 9}
"""The clocks change within it, somebody has a flare, and an examination declared not done is entered after all."""


def asked(**more: object) -> Asked:
    return Asked(**{"protocol": the_library().latest_protocol("thera-demo"), **SMALL, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rehearsal") / "data"


@pytest.fixture(scope="module")
def played(data: Path) -> Document:
    return rehearse(asked(), processes=1, after=lambda studies, kinds: tables.write(data, studies, {}))


def table(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text())))


def test_nothing_is_broken_and_everything_was_looked_at(played: Document) -> None:
    assert played["holds"], lines(played)
    assert [one["key"] for one in played["guarantees"] if not one["checked"]] in ([], ["new-phone"])
    assert played["provider"]["kills"]
    assert played["provider"]["faults"]


def test_the_figures_add_up(played: Document) -> None:
    found, messages = played["assessments"], played["messages"]
    assert found["expected"] == sum(found[key] for key in ("completed", "partial", "missed", "excused"))
    assert found["completed"] == sum(one["completed"] for one in found["by_timepoint"].values())
    assert messages["to_patients"] == sum(messages["per_day"].values()) == sum(messages["per_hour"].values())
    assert messages["sent"] == messages["to_patients"] + messages["to_staff"]
    assert messages["cost"] is None
    assert len(played["hashes"]) == played["patients"] == 7


def test_flares_a_week_count_the_quiet_weeks_too() -> None:
    start, none = SMALL["start"], Counter[str]()
    one = Share([], [], [("A", 1)], none, [], none, none, none, 0)
    found = document(asked(), start + timedelta(days=69), [one])["flares"]
    assert (found["played_weeks"], found["per_week_and_site"]) == (10, "0.05")
    assert document(asked(), start + timedelta(days=5), [one])["flares"]["per_week_and_site"] is None


def test_each_row_of_a_table_adds_up(played: Document) -> None:
    """Of all that was expected, every column between it and the compliance."""
    tables = [one for one in re.findall("<table>.*?</table>", html(played), re.S) if "<tbody><tr><td" in one]
    tables = [one for one in tables if any(f">{say('rehearsal.expected', each)}<" in one for each in LANGUAGES)]
    assert len(tables) == 3 * len(LANGUAGES), "by behaviour, by timepoint and by site"
    for one in tables:
        heads = re.findall("<th(?: [^>]*)?>([^<]*)", one)
        last = next(
            n for n, head in enumerate(heads) if head in {say("rehearsal.compliance", each) for each in LANGUAGES}
        )
        for row in re.findall("<tr>(<td.*?)(?=<tr>|</tbody>)", one, re.S):
            cells = [int(re.sub(r"\D", "", cell)) for cell in re.findall('<td class="n">([^<]*)', row)[: last - 1]]
            assert cells[0] == sum(cells[1:]), (heads, row)


def test_what_was_sent_to_staff_is_said_where_it_counts(played: Document) -> None:
    """What is sent, divided by the patients, gives the figure a patient only without the texts to staff."""
    sent, staff = played["messages"]["sent"], played["messages"]["to_staff"]
    assert staff
    assert f"messages     {sent} sent ({staff} of them to staff)," in "\n".join(lines(played))
    assert f"<dd>{sent} ({staff} of them to staff)</dd>" in html(played)
    assert f"(dont {staff} à l’équipe)</dd>" in html(played)
    happened = next(line for line in lines(played) if line.startswith("happened"))
    assert f"filled in {played['happened']['sent']}" in happened
    assert " sent " not in happened, "messages are sent"


def test_a_guarantee_that_nobody_looked_at_is_not_said_to_hold(played: Document) -> None:
    given = [{**one, "checked": 0 if one["key"] == "flare-told" else 3} for one in played["guarantees"]]
    none = {**played, "guarantees": given}
    said = lines(none)
    what = WHAT["flare-told"]
    assert [one for one in said if what in one] == [f"–       {what}: not looked at"]
    assert f"holds   {WHAT['ticks']}: 3 checked" in said
    assert said[-1] == f"No guarantee was broken. Not looked at, for want of an occasion: 1 of {len(WHAT)}."
    page = html(none)
    for language in LANGUAGES:
        assert say("rehearsal.unlooked", language, n=1, of=len(WHAT)) in page
        row = page[page.index(say("rehearsal.rule.flare-told", language)) :].split("<tr")[0]
        assert f'{say("rehearsal.not_looked_at", language)}<td class="n">–' in row
    every = {**played, "guarantees": [{**one, "checked": 3} for one in given]}
    assert lines(every)[-1] == "No guarantee was broken."
    assert say("rehearsal.not_looked_at", "en") not in html(every)


def test_two_processes_and_postgresql_give_the_same_document_and_data_set(
    played: Document, data: Path, postgres_url: str, tmp_path: Path
) -> None:
    def write(studies: Sequence[Parts], kinds: object) -> None:
        tables.write(tmp_path, studies, {})

    assert rehearse(asked(), processes=2, server=postgres_url, after=write) == played
    assert _files(tmp_path) == _files(data)


def _files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def test_every_instant_of_the_data_set_has_one_format(played: Document, data: Path) -> None:
    """Also of what really took place, which has fractions of a second in the database."""
    told = Counter[str]()
    for one in table(data, "codebook"):
        if not one["codes"].startswith("instant, UTC"):
            continue
        assert "YYYY-MM-DDThh:mm:ssZ" in one["codes"]
        found = [row[one["column"]] for row in table(data, one["table"]) if row[one["column"]]]
        assert [each for each in found if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each)] == [], one
        told[f"{one['table']}.{one['column']}"] += len(found)
    real = ("messages.sent_at", "assessments.started_at", "assessments.submitted_at", "responses.made_at")
    assert all(told[each] for each in real)


def test_every_zone_that_was_lived_by_stands_in_the_data_set(played: Document, data: Path) -> None:
    stays: dict[str, list[tuple[str, str]]] = {}
    for one in table(data, "zones"):
        stays.setdefault(one["patient"], []).append((one["from_day"], one["zone"]))
    patients = table(data, "patients")
    assert {one["patient"]: one["zone"] for one in patients} == {who: found[-1][1] for who, found in stays.items()}
    assert {one["patient"]: one["day0"] for one in patients} == {who: found[0][0] for who, found in stays.items()}
    assert all(found == sorted(found) for found in stays.values())
    assert sum(len(found) - 1 for found in stays.values()) == played["happened"].get("zone changed", 0)


def test_no_file_of_the_data_set_has_its_heading_alone(played: Document, data: Path) -> None:
    """Whoever prepares the analysis can try the code that reads pauses, holds, ends, forms not done and more time."""
    assert [one.stem for one in data.glob("*.csv") if not table(data, one.stem)] == []
    assert {one["how"] for one in table(data, "ends")} >= {"ended"}
    assert any(one["over_at"] for one in table(data, "holds"))
    assert [one["why"] for one in table(data, "not_done") if one["taken_back_at"]] == ["forgotten"]
    assert {one["state"] for one in table(data, "assessments")} >= {"excused", "cancelled"}
    done = {"pause", "hold", "hold taken back", "end", "more time", "window extended", "not done"}
    assert done <= played["happened"].keys()


def test_whoever_is_paused_or_held_answers_nothing_meanwhile(played: Document, data: Path) -> None:
    away = [(one["patient"], one["held_at"], one["over_at"] or "9") for one in table(data, "holds")]
    for one in table(data, "pauses"):
        until = one["taken_back_at"] or f"{date.fromisoformat(one['last']) + timedelta(days=1)}T02:00:00Z"
        away.append((one["patient"], f"{one['first']}T03:00:00Z", until))
    assert len(away) >= 3
    sent = [(one["patient"], one["submitted_at"]) for one in table(data, "assessments") if one["submitted_at"]]
    texts = [(one["patient"], one["sent_at"]) for one in table(data, "messages") if one["template"] == "reminder"]
    assert [(who, at) for who, at in sent for mine, first, until in away if who == mine and first < at < until] == []
    held = [(who, first, until) for who, first, until in away if "T03:00" not in first]
    assert [(who, at) for who, at in texts for mine, first, until in held if who == mine and first < at < until] == []


def test_who_was_ill_at_a_visit_sends_it_in_the_time_that_was_given(played: Document, data: Path) -> None:
    given = {tuple(one[key] for key in KEY): one["end_before"] for one in table(data, "extensions")}
    windows = {tuple(one[key] for key in KEY): one for one in table(data, "assessments")}
    late = [windows[key] for key, end in given.items() if windows[key]["submitted_at"] > end]
    assert {one["state"] for one in late} == {"completed"}
    assert "day0" in {one["timepoint"] for one in late}


def test_another_seed_gives_another_document(played: Document) -> None:
    assert rehearse(asked(seed=1, patients=2, days=3), processes=1)["sha256"] != played["sha256"]


def test_a_planted_fault_is_found_and_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not look at what the provider has sends again what was lost sight of."""
    monkeypatch.setattr(reconciling, "carries", lambda body, hashes: False)
    call = "protocol rehearse thera-demo --patients 4 --seed 6 --days 10 --start 2026-03-23 --processes 1 --json"
    ended = CliRunner().invoke(main, call.split())
    assert ended.exit_code == 1, ended.output
    broken = {one["key"]: one for one in json.loads(ended.stdout)["guarantees"] if one["broken"]}
    assert broken["no-duplicate"]["examples"][0].endswith("2 texts")


def test_an_answer_that_is_not_the_one_given_is_named() -> None:
    code = {"code": "answered"}
    answers = {"pain": {**code, "value": 3}, "sites": {**code, "value": ["left", "right"]}, "why": {"code": "skipped"}}
    response: Any = SimpleNamespace(
        patient_id=1,
        questionnaire="diary",
        day=date(2026, 3, 24),
        answers=json.dumps({**answers, "rest": {"code": "x"}}),
    )
    record: Any = SimpleNamespace(patients={1: SimpleNamespace(number="R-001")})
    given: dict[str, object] = {"diary.pain": 3, "diary.sites": ["left", "right"]}
    for changed, broken in (({}, []), ({"diary.pain": 4}, ["R-001 2026-03-24 diary.pain"])):
        check = Check("answers-kept")
        _kept(check, record, response, given | changed)
        assert (check.checked, check.broken, check.examples) == (3, len(broken), broken)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--price-per-segment dear", "--price-per-segment: 'dear' is not the price"),
        ("--patients 0", "--patients"),
        ("--html /nowhere/at/all.html", "--html: /nowhere/at/all.html cannot be written"),
        ("--out /proc/none", "--out: /proc/none cannot be written"),
        ("--server nonsense", "--server: 'nonsense' is no database address: give a PostgreSQL"),
        ("--server sqlite:///x", "--server: sqlite will not do"),
        ("--server postgresql://nobody@127.0.0.1:9/none", "cannot be reached"),
        ("--start 2026-99-99", "--start: '2026-99-99' is not a date (YYYY-MM-DD)"),
    ],
)
def test_a_wrong_call_is_one_line(option: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "rehearse", lambda *given, **more: pytest.fail("played"))
    ended = CliRunner().invoke(main, f"protocol rehearse thera-demo {option}".split())
    assert (ended.exit_code, type(ended.exception)) == (2, SystemExit), ended.output
    assert said in ended.stderr


@pytest.mark.parametrize("there", ["manifest.json", "answers.csv", "codebook.csv"])
def test_a_data_set_is_not_written_over_unasked(
    there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: Document
) -> None:
    """Also one that broke off before its manifest."""
    monkeypatch.setattr(command, "rehearse", lambda *given, **more: pytest.fail("played"))
    (tmp_path / there).write_text("older")
    call = ["protocol", "rehearse", "thera-demo", "--out", str(tmp_path)]
    ended = CliRunner().invoke(main, call)
    assert (ended.exit_code, type(ended.exception)) == (2, SystemExit), ended.output
    assert len(ended.stderr.splitlines()) == 1
    assert f"--out: {tmp_path} holds a data set already: give another folder, or --replace" in ended.stderr
    assert (tmp_path / there).read_text() == "older"
    monkeypatch.setattr(command, "rehearse", lambda *given, **more: played)
    assert CliRunner().invoke(main, [*call, "--replace"]).exit_code == 0
    (tmp_path / there).rename(tmp_path / "notes.txt")
    assert CliRunner().invoke(main, call).exit_code == 0, "what is no data set is in nobody's way"


def test_a_data_set_that_breaks_off_has_no_manifest(tmp_path: Path) -> None:
    def broken(parts: object) -> Iterator[tables.Values]:
        raise OSError("the disk is full")

    (tmp_path / "manifest.json").write_text("older")
    with pytest.raises(OSError, match="full"):
        tables.write(tmp_path, [None], {}, [tables.Table("patients", ("patient",), broken)])  # type: ignore[list-item]
    assert not (tmp_path / "manifest.json").exists()


def test_fewer_patients_than_sites_says_how_many_play(monkeypatch: pytest.MonkeyPatch, played: Document) -> None:
    monkeypatch.setattr(command, "rehearse", lambda *given, **more: played)
    ended = CliRunner().invoke(main, ["protocol", "rehearse", "thera-demo", "--patients", "1", "--sites", "5"])
    assert "--sites: 5 sites need as many patients; 1 site played" in ended.stderr
    assert "1 patient at 1 site," in lines({**played, "patients": 1, "sites": 1})[0]


def test_a_study_too_short_for_a_week_says_no_figure_for_one(played: Document) -> None:
    short = {**played, "flares": {"episodes": 1, "per_week_and_site": None, "weeks": []}}
    assert "flares       1 episode" in lines(short)
    long = {**played, "flares": {"episodes": 2, "per_week_and_site": "0.50", "weeks": []}}
    assert "flares       2 episodes, 0.50 a week and site" in lines(long)


@pytest.mark.prove
@pytest.mark.skipif(not PROVE, reason="make prove plays the whole study with 200 patients")
def test_two_hundred_patients_over_twelve_weeks(
    record_property: Callable[[str, object], None], postgres_url: str
) -> None:
    whole = asked(patients=200, start=date(2026, 3, 2), sites=4, days=None)
    found = rehearse(whole)
    assert found["holds"], lines(found)
    assert rehearse(whole) == found
    assert rehearse(whole, server=postgres_url) == found
    looked = sum(one["checked"] for one in found["guarantees"])
    assessments, sent = found["assessments"]["planned"], found["messages"]["sent"]
    record_property("proof", f"A whole study rehearsed: {assessments} assessments, {sent} messages, nothing broken")
    record_property("count", looked)
    record_property("unit", "looks at a guarantee")


def test_the_page_and_the_tables_hold_what_was_counted(tmp_path: Path) -> None:
    call = f"protocol rehearse thera-demo --patients 2 --days 6 --processes 1 --json --price-per-segment 0.075 \
        --html {tmp_path}/report.html --out {tmp_path}/data"
    ended = CliRunner().invoke(main, call.split())
    assert ended.exit_code == 0, ended.output
    found = json.loads(ended.stdout)
    cost = format(found["messages"]["segments"] * Decimal("0.075"), "f")
    assert found["messages"]["cost"] == cost
    assert f", {cost} at 0.075 a segment (in the money of --price-per-segment)" in lines(found)[2]
    page = (tmp_path / "report.html").read_text()
    assert "http" not in page
    assert all(say(f"rehearsal.rule.{one['key']}", "fr").split("’")[0] in page for one in found["guarantees"])
    assert "<svg" in page
    assert "Cost, in the currency of the price given" in page
    assert all(f"<tr><td>{site}<td" in page for site in found["compliance"]["by_site"])
    assert page.count(f"pro protocol rehearse thera-demo --version {found['protocol']['version']} --patients 2") == 2
    assert say("rehearsal.draft", "en") not in page
    assert say("rehearsal.draft", "fr") in html(found, {"version": "1", "command": "c", "draft": "draft"})
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text())
    for one in manifest["files"]:
        content = (tmp_path / "data" / one["file"]).read_bytes()
        rows = list(csv.reader(io.StringIO(content.decode())))
        assert sha256(content).hexdigest() == one["sha256"]
        assert (rows[0], len(rows) - 1) == (one["columns"], one["rows"])
        table = one["file"].removesuffix(".csv")
        fields = {(column, value) for row in rows[1:] for column, value in zip(rows[0], row, strict=True)}
        assert [field for field in fields if not is_known(table, *field)] == []
    assert manifest["about"]["seed"] == 1
    assert (manifest["pro"], manifest["protocols"]) == (__version__, [found["protocol"]])
    listed = list(csv.DictReader(io.StringIO((tmp_path / "data" / "codebook.csv").read_text())))
    columns = [(one["file"], column) for one in manifest["files"] for column in one["columns"]]
    assert [(f"{one['table']}.csv", one["column"]) for one in listed] == columns[
        : -len(manifest["files"][-1]["columns"])
    ]
    _content_is_told(tmp_path / "data")
    planned = list(csv.DictReader(io.StringIO((tmp_path / "data" / "assessments.csv").read_text())))
    assert [one["state"] for one in planned if one["timepoint"] == "screening"] == ["completed"] * 2
    states = Counter(one["state"] for one in planned if one["respondent"] == "patient")
    recounted = {key: states[key] for key in ("late", "partial", "missed", "excused")}
    assert recounted == {key: found["assessments"][key] for key in recounted}
    assert states["completed"] + states["late"] == found["assessments"]["completed"]
    kinds = Counter(
        one["behaviour"] for one in csv.DictReader(io.StringIO((tmp_path / "data" / "behaviour.csv").read_text()))
    )
    assert kinds == {key: one["patients"] for key, one in found["profiles"].items()}
    computed = list(csv.DictReader(io.StringIO((tmp_path / "data" / "computed.csv").read_text())))
    assert {one["questionnaire"] for one in computed} == {"das28", "eular-response"}
    assert any(one["questionnaire"] == "das28" and one["value"] for one in computed)
    assert all(one["value"] or one["text"] or one["reason"] for one in computed)
    _messages_are_joined(tmp_path / "data")
    assert "do-not-use" in manifest["notes"][0]
    rows = {one["file"]: one["rows"] for one in manifest["files"]}
    assert rows["patients.csv"] == 2
    assert rows["answers.csv"] > rows["responses.csv"] > 0


def _content_is_told(data: Path) -> None:
    """Whoever has the folder alone finds what each key, item, scale and code means."""

    words = {(one["table"], one["column"], one["code"]): one["meaning"] for one in table(data, "codes")}
    assert all(words.values())
    for name, column in (("assessments", "timepoint"), ("responses", "questionnaire"), ("computed", "questionnaire")):
        assert all((name, column, one[column]) in words for one in table(data, name)), (name, column)
    assert words["flare_triggers", "rule", "R1"].endswith("baseline days 7, baseline least 4")
    assert words["assessments", "timepoint", "week2"].startswith("Week 2; day 14 from day 0, window ")
    assert words["answers", "code", "not-reached"]
    assert words["computed", "value", "moderate"].startswith("DAS28 is lower than at baseline by more than 1.2")
    assert words["flare_triggers", "inputs", "tree"]
    assert {code for name, _, code in words if name == "behaviour"} == set(Profile)
    book = {(one["table"], one["column"]): one["codes"] for one in table(data, "codebook")}
    assert "R1, R2, R3, R4, R5, R7" in book["flare_triggers", "rule"]
    assert book["behaviour", "behaviour"] == ", ".join(Profile)
    assert book["responses", "timepoint"].startswith("screening, day0, week2")
    versions = {tuple(one[key] for key in RESPONSE): one["version"] for one in table(data, "responses")}
    items = {(one["questionnaire"], one["version"], one["item"]) for one in table(data, "items")}
    scales = {(one["questionnaire"], one["version"], one["scale"]) for one in table(data, "scales")}
    for name, key, known in (("answers", "item", items), ("scores", "scale", scales)):
        for one in table(data, name):
            assert (one["questionnaire"], versions[tuple(one[part] for part in RESPONSE)], one[key]) in known


def _messages_are_joined(data: Path) -> None:
    """Reminders and messages by patient and number."""
    sent = {(one["patient"], one["message"]): one for one in table(data, "messages")}
    carried = [one for one in table(data, "reminders") if one["message"]]
    assert carried
    for one in carried:
        its = sent[one["patient"], one["message"]]
        assert (its["template"], its["state"], its["sent_at"]) == ("reminder", one["message_state"], one["sent_at"])
    for patient in {patient for patient, _ in sent}:
        numbers = [int(n) for who, n in sent if who == patient]
        assert numbers == list(range(1, len(numbers) + 1))


KEY = ("patient", "timepoint", "day")
RESPONSE = (*KEY, "questionnaire", "n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_happens_or_fails_or_stays_away_has_its_words(played: Document, language: str) -> None:
    found = [*played["happened"], *played["provider"]["faults"], *played["provider"]["kills"]]
    found += played["messages"]["steps_without"]
    assert len(found) > 12
    found += [f"{code} refused" for code in played["happened"]]
    assert [code for code in found if named(code, language) == code] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_and_profile_has_its_words(language: str) -> None:
    assert all(say(f"rehearsal.rule.{key}", language) for key in WHAT)
    assert all(say(f"rehearsal.profile.{profile}", language) for profile in Profile)
    assert language != "en" or all(
        say(f"rehearsal.rule.{key}", "en") == typeset(what, "en") for key, what in WHAT.items()
    )
