"""Owners' texts: installed once and for good, read by patients within a minute, and asked for before a study runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from pro.clock import Moment
from pro.library import Library
from pro.services import answering, audit_trail, enrolment, founding, wording
from pro.services.audit import Actor
from pro.services.enrolment import COMMAND_LINE, Enrolled, NotEnrollable
from pro.services.founding import NewSite
from pro.services.parts import Parts
from pro.services.wording import NotInstalled, NotWorded
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_staff, make_study
from tests.owned import owners_text
from tests.services.play import CALM, begin, counted, give_link, saves, stand

EVENING = datetime(2026, 4, 15, 16, 5, tzinfo=UTC)
WEEK2 = EVENING.date() - timedelta(days=14)
"""Day 0 of a patient whose week 2 is today."""
RAID = {f"raid.{key}": 4 for key in ("pain", "function", "fatigue", "sleep", "physical", "emotional", "coping")}
VISIT: dict[str, object] = {"pain-vas-48h.pain": 40, "patient-global.global": 30, **RAID}
BOSS = Actor("boss", "operator")
t = metadata.tables


@pytest.fixture
def parts(database_urls: Urls, owned_books: Library) -> Parts:
    made = make_parts(database_urls, books=owned_books)
    stand(made, EVENING)
    return made


def install(parts: Parts, folder: Path, language: str = "fr", mark: str = "Invented") -> wording.Installed:
    text = owners_text(folder, parts.library.questionnaire("raid", "1"), language, mark)
    return wording.install(parts, "system user keeper", text, parts.clock.now())


def rows(parts: Parts, table: str) -> list[dict[str, Any]]:
    with parts.study.reading() as session:
        return [dict(row._mapping) for row in session.connection().execute(select(t[table]))]


# --- installing


def test_it_is_kept_with_its_file_its_note_and_who_did_it(parts: Parts, tmp_path: Path) -> None:
    make_study(parts)
    done = install(parts, tmp_path)
    (row,) = rows(parts, "wording")
    content = (tmp_path / "raid.fr.yaml").read_text("utf-8")
    assert (row["questionnaire"], row["version"], row["language"], row["n"]) == ("raid", "1", "fr", 1)
    assert row["content"] == content
    assert row["sha256"] == done.sha256
    assert msgspec.json.decode(row["licence"]) == {
        "permission": "Invented 1",
        "date": "2026-03-02",
        "reference": "Invented 2",
    }
    assert (row["installed_by"], row["installed_at"]) == ("system user keeper", EVENING)
    (event,) = rows(parts, "audit_event")
    said = msgspec.json.decode(event["payload"])
    assert (event["chain"], event["kind"], event["actor"]) == ("system", "wording.installed", "system user keeper")
    assert (said["questionnaire"], said["language"], said["old"], said["new"]) == ("raid", "fr", None, done.sha256)
    assert audit_trail.verify_database(parts).ok


def test_the_same_bytes_are_already_there_and_others_are_the_next_number(parts: Parts, tmp_path: Path) -> None:
    make_study(parts)
    first, again = install(parts, tmp_path), install(parts, tmp_path)
    assert (first.already, again.already, again.n) == (False, True, 1)
    second = install(parts, tmp_path, mark="Corrected")
    assert (second.already, second.n) == (False, 2)
    back = install(parts, tmp_path)
    assert (back.already, back.n, back.sha256) == (False, 3, first.sha256)
    assert [msgspec.json.decode(one["payload"])["old"] for one in rows(parts, "audit_event")] == [
        None,
        first.sha256,
        second.sha256,
    ]
    assert len(rows(parts, "wording")) == 3


def test_before_there_is_a_study_its_events_wait_for_it(parts: Parts, tmp_path: Path) -> None:
    install(parts, tmp_path, "fr")
    install(parts, tmp_path, "en")
    assert audit_trail.verify_database(parts).ok
    founding.create_study(parts, BOSS, "THERA", "A study", "thera-demo", parts.clock.now())
    report = audit_trail.verify_database(parts)
    assert report.ok, report.problems
    assert [(one["seq"], one["kind"]) for one in rows(parts, "audit_event")] == [
        (1, "wording.installed"),
        (2, "wording.installed"),
        (3, "study.created"),
    ]


def test_by_names_a_member_of_staff(parts: Parts) -> None:
    make_staff(parts, make_study(parts), "a.legoff")
    assert wording.account(parts, " A.LeGoff ") == "a.legoff"
    with pytest.raises(NotInstalled, match="--by: there is no active account 'nobody'"):
        wording.account(parts, "nobody")


# --- reading


def at_week_2(parts: Parts, language: str = "fr") -> answering.Started:
    patient = make_patient(parts, make_study(parts), day0=WEEK2, language=language)
    token = give_link(parts, patient)
    view = answering.open_link(parts, token, parts.clock.now())
    visit = next(one for one in view.waiting if one.timepoint == "week2")
    return begin(parts, token, assessment_id=visit.assessment_id)


def later(parts: Parts, seconds: int) -> Moment:
    return stand(parts, parts.clock.now().running + timedelta(seconds=seconds))


def pain_of(parts: Parts, started: answering.Started) -> Any:
    sitting = answering.sitting(parts, started.session_token, parts.clock.now(), started.sitting.assessment_id)
    assert isinstance(sitting, answering.Sitting)
    return sitting.questionnaires[-1].item("pain")


def test_a_running_process_sees_an_installation_within_a_minute(parts: Parts, tmp_path: Path) -> None:
    started = at_week_2(parts)
    ours = parts.library.questionnaire("raid", "1").item("pain")
    assert pain_of(parts, started) == ours
    other = replace(parts, shelf=type(parts.shelf)())  # another process
    install(other, tmp_path)
    later(parts, 60)
    theirs = pain_of(parts, started)
    assert (theirs.text["fr"], theirs.low_label["fr"], theirs.high_label["fr"]) == (
        "Invented 3",
        "Invented 4",
        "Invented 5",
    )
    assert theirs.text["en"] == ours.text["en"], "the other language is not touched"
    assert theirs.short == ours.short
    install(other, tmp_path, mark="Corrected")
    later(parts, 60)
    assert pain_of(parts, started).text["fr"] == "Corrected 3", "the newest counts"


def test_looking_again_is_one_short_statement_and_not_each_time(parts: Parts, tmp_path: Path) -> None:
    install(parts, tmp_path)
    first = wording.library(parts, parts.clock.now())
    with counted(parts) as seen:
        assert wording.library(parts, later(parts, 29)) is first
    assert seen == []
    with counted(parts) as seen:
        assert wording.library(parts, later(parts, 2)) is first
    assert len([one for one in seen if "FROM wording" in " ".join(one.split())]) == 1


def test_the_diary_never_looks(parts: Parts) -> None:
    """Its statements are counted in test_answering; none of them is ours, even in a process that never looked."""
    make_patient(parts, make_study(parts), day0=date(2026, 4, 5))
    token = give_link(parts, 1)
    with counted(parts) as seen:
        started = begin(parts, token)
        assessment = started.sitting.assessment_id
        answering.save(parts, started.session_token, assessment, saves(CALM), parts.clock.now())
        answering.submit(parts, started.session_token, assessment, parts.clock.now())
    assert [one for one in seen if "FROM wording" in " ".join(one.split())] == []


def said_of_raid(parts: Parts) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the trail says of the submission's first questionnaire, which is our own, and of `raid`."""
    event = next(one for one in rows(parts, "audit_event") if one["kind"] == "assessment.submitted")
    said = msgspec.json.decode(event["payload"])["responses"]
    return said[0], said[-1]


@pytest.mark.parametrize("installed", [True, False])
def test_a_submission_names_the_wording_that_was_read(parts: Parts, tmp_path: Path, installed: bool) -> None:
    started = at_week_2(parts)
    sha256 = install(parts, tmp_path).sha256 if installed else None
    later(parts, 60)
    assessment = started.sitting.assessment_id
    saved = answering.save(parts, started.session_token, assessment, saves(VISIT), parts.clock.now())
    assert not saved.refused
    done = answering.submit(parts, started.session_token, assessment, parts.clock.now())
    assert isinstance(done, answering.Submitted), done
    own, raid = said_of_raid(parts)
    assert "wording" not in own
    assert raid["wording"] == {"language": "fr", "sha256": sha256, "demonstration": not installed}


def test_a_text_that_no_longer_fits_its_draft_counts_as_none(parts: Parts, tmp_path: Path) -> None:
    install(parts, tmp_path)
    raid = parts.library.questionnaire("raid", "1")
    shorter = replace(raid, items=raid.items[:-1])
    changed = replace(parts, library=parts.library.worded({("raid", "1"): shorter}))
    found = wording.questionnaire(changed, "raid", "1", parts.clock.now())
    assert found.is_placeholder("fr")
    assert found.item("pain").text == raid.item("pain").text


# --- a study outside demonstration


def create_site(parts: Parts, version: str | None = None) -> int:
    new = NewSite("THERA", "R", "Rennes", "02 99 28 43 21", version=version)
    return founding.create_site(parts, BOSS, new, parts.clock.now())


def create_study(parts: Parts, *, demonstration: bool = False) -> None:
    moment = parts.clock.now()
    founding.create_study(parts, BOSS, "THERA", "A study", "thera-demo", moment, demonstration=demonstration)


SENTENCE = (
    "study THERA is no demonstration, and its protocol thera-demo 2 asks questionnaires whose wording is not installed: "
    "raid 1 in en, fr (EULAR); install it with `pro questionnaires wording raid --language en FILE`, "
    "`pro questionnaires wording raid --language fr FILE`"
)


def test_a_protocol_is_not_put_in_force_before_its_wording_is_there(parts: Parts, tmp_path: Path) -> None:
    create_study(parts)
    with pytest.raises(NotWorded) as refused:
        create_site(parts)
    assert str(refused.value) == SENTENCE
    assert rows(parts, "site") == []
    install(parts, tmp_path, "fr")
    with pytest.raises(NotWorded, match=r"raid 1 in en \(EULAR\)"):
        create_site(parts)
    install(parts, tmp_path, "en")
    assert create_site(parts)


def test_a_demonstration_and_our_own_words_need_none(parts: Parts) -> None:
    create_study(parts, demonstration=True)
    assert create_site(parts)
    assert wording.refusals(parts, parts.clock.now()) == ()


def test_a_version_in_our_own_words_may_be_put_in_force(parts: Parts) -> None:
    create_study(parts)
    assert wording.refusals(parts, parts.clock.now()) == (SENTENCE,), "without a site its newest version counts"
    assert create_site(parts, "1")
    assert wording.refusals(parts, parts.clock.now()) == ()


def enrol(parts: Parts, site_id: int) -> Enrolled | enrolment.Ineligible:
    protocol = parts.library.latest_protocol("thera-demo")
    return enrolment.enrol(
        parts,
        COMMAND_LINE,
        site_id,
        criteria={one.key: True for one in protocol.criteria},
        screening_value=60,
        name="Zyxwvut Canary",
        phone="06 98 76 54 32",
        day0=EVENING.date() + timedelta(days=1),
        zone="Europe/Paris",
        language="fr",
        moment=parts.clock.now(),
    )


def test_nobody_is_enrolled_before_it_is_there(parts: Parts, tmp_path: Path) -> None:
    """Even where the version came into force before anybody asked."""
    site_id = make_study(parts).sites["R"]
    put_in_force(parts, site_id, "2", EVENING)
    with pytest.raises(NotEnrollable) as refused:
        enrol(parts, site_id)
    assert [one.text for one in refused.value.problems] == [SENTENCE]
    for language in ("en", "fr"):
        install(parts, tmp_path, language)
    assert isinstance(enrol(parts, site_id), Enrolled)


def put_in_force(parts: Parts, site_id: int, version: str, at: datetime) -> None:
    protocol = parts.library.protocol("thera-demo", version)
    with parts.study.writing() as session:
        row = {"site_id": site_id, "protocol": protocol.id, "version": version, "sha256": protocol.sha256}
        session.connection().execute(t["protocol_in_force"].insert(), {**row, "from_at": at})


def test_what_stands_at_any_site_or_will_is_asked_about(parts: Parts) -> None:
    made = make_study(parts)
    now = parts.clock.now()
    for site_id in made.sites.values():
        put_in_force(parts, site_id, "1", EVENING - timedelta(days=9))
    assert wording.refusals(parts, now) == ()
    put_in_force(parts, made.sites["L"], "2", EVENING + timedelta(days=30))
    assert wording.refusals(parts, now) == (SENTENCE,)
    put_in_force(parts, made.sites["L"], "1", EVENING + timedelta(days=40))
    past = Moment(EVENING + timedelta(days=50), EVENING)
    assert wording.refusals(parts, past) == (), "what stood once is over"
