"""Forms that wait for a visit or an event, and those that patients open themselves, are filled in a rehearsal too."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from pro.exports import tables
from pro.library import DEFAULT_ROOT, Library, load
from pro.rehearsal.report import Asked, Document, lines
from pro.rehearsal.run import rehearse
from tests.rehearsal.test_rehearsal import table
from tests.reported import OPENED

WAITING = """
  - key: after-start
    title: {en: After the start, fr: Après le début}
    respondent: patient
    questionnaires: [raid 1]
    anchor: {visit: day0}
    days: 2
    reminders: [10:00]

  - key: after-examination
    title: {en: After the examination, fr: Après l'examen}
    respondent: patient
    questionnaires: [raid 1]
    clinician: [joint-exam 1]
    anchor: {visit: day0, by: examination}
    days: 3
    reminders: [10:00]

  - key: after-flare
    title: {en: After a flare, fr: Après une poussée}
    respondent: patient
    questionnaires: [raid 1]
    anchor: {event: flare-opened}
    hours: {from: 12, to: 60}
    reminders: [10:00]

  - key: after-dose
    title: {en: After the last dose, fr: Après la dernière dose}
    respondent: patient
    questionnaires: [raid 1]
    anchor: {event: dose-stopped}
    days: 1
    window: {after: 2}
    reminders: [10:00]

"""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("books") / "questionnaires"
    shutil.copytree(DEFAULT_ROOT, root)
    folder = root / "protocols/thera-demo"
    text = (folder / "2.yaml").read_text("utf-8").replace('version: "2"', 'version: "3"', 1)
    mark = "\n\n# --- Flares."
    assert text.count(mark) == 1
    (folder / "3.yaml").write_text(text.replace(mark, WAITING + OPENED + mark), "utf-8")
    return load(root)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rehearsal") / "data"


@pytest.fixture(scope="module")
def played(books: Library, data: Path) -> Document:
    protocol = books.latest_protocol("thera-demo")
    asked = Asked(protocol, patients=7, seed=385, start=date(2026, 3, 23), sites=2, days=14)
    return rehearse(asked, processes=1, books=books, after=lambda studies, kinds: tables.write(data, studies, {}))


def test_no_guarantee_is_broken(played: Document) -> None:
    assert played["holds"], lines(played)


def test_what_waited_is_answered_when_its_text_came(played: Document, data: Path) -> None:
    """In the morning, not by chance with the evening's diary."""
    morning = [one for one in table(data, "assessments") if "06" < one["submitted_at"][11:13] < "12"]
    waited = {"after-start", "after-examination", "after-flare", "after-dose"}
    assert waited <= {one["timepoint"] for one in morning}
    assert waited <= {one["timepoint"] for one in table(data, "reminders") if one["message_state"] == "delivered"}
    assert played["happened"]["dose-stopped"]


def test_patients_open_forms_themselves_and_fill_them_at_once(played: Document, data: Path) -> None:
    opened = [one for one in table(data, "assessments") if one["timepoint"] in ("report", "attack")]
    assert len(opened) == played["happened"]["opened"]
    at_once = [one["submitted_at"] == one["opens_at"] for one in opened]
    assert sum(at_once) > len(at_once) / 2


def test_the_site_examines_at_a_visit_that_waited(data: Path) -> None:
    forms = {(one["timepoint"], one["questionnaire"]) for one in table(data, "responses")}
    assert ("after-examination", "joint-exam") in forms
