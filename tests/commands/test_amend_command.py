"""`pro protocol amend`, called as a person calls it: a study that was founded on version 1 goes over to version 2."""

from __future__ import annotations

import json

import pytest

from pro.commands.amend import counts, lines
from pro.services.amended import Numbers
from pro.services.amending import wanted
from pro.store.tables import Role, Study
from tests.amendment import SECOND, Town
from tests.commands.test_founding_commands import ENROL, PERSON, Shell, environment_of
from tests.conftest import Urls
from tests.factories import Made, make_parts, make_staff
from tests.services.test_amending import look

AMEND = ("protocol", "amend", "thera-demo", "--to", "2")
VISITS = ("Start", "Week 2", "Week 4", "Week 8", "Week 12")
BY = ("--by", "lead", "--reason", "the joint examination is added")


@pytest.fixture
def shell(sqlite_urls: Urls) -> Shell:
    """A demonstration by version 1 with one patient, whose day 0 is tomorrow."""
    shell = Shell(environment_of(sqlite_urls))
    shell.well("study", "create", "--code", "THERA", "--protocol", "thera-demo", "--demonstration")
    site = ("--study", "THERA", "--code", "R", "--name", "Rennes", "--telephone", "02 99 28 43 21")
    shell.well("site", "create", *site, "--protocol-version", "1")
    shell.well(*ENROL, "--pain", "41", given=PERSON)
    make_staff(make_parts(sqlite_urls), Made(1, {"R": 1}), "lead", site=None)
    make_staff(make_parts(sqlite_urls), Made(1, {"R": 1}), "coordinator", Role.COORDINATOR, "R")
    return shell


def test_it_shows_approves_and_says_when_it_was_done_before(shell: Shell) -> None:
    shown = json.loads(shell.well(*AMEND, "--preview", "--json"))
    assert (shown["study"], shown["from"], shown["to"]) == ("THERA", ["1"], "2")
    assert shown["totals"] == {
        **{"patients": 1, "moves": 0, "appears": 0, "vanishes": 0},
        **{"renewed": 5, "kept": 1, "same": 84, "over": 0, "sms": 0},
    }
    [patient] = shown["patients"]
    assert patient["patient"] == "R-001"
    assert {each["timepoint"] for each in patient["assessments"] if each["kind"] == "renewed"} == {
        *("day0", "week2", "week4", "week8", "week12")
    }
    first, *lines, last = shell.well(*AMEND, "--preview").splitlines()
    same = "5 ask other questions at the same time; 1 stays as it is: answered, begun or reminded of; 84 are unchanged"
    assert first == f"R-001: {same}; times in Europe/Paris"
    assert [line.partition(":")[0] for line in lines] == [f"  {each}" for each in VISITS], "a line a timepoint"
    assert all(line.endswith(": other questions at the same time") for line in lines)
    assert last == f"1 patient: {same}"
    done = json.loads(shell.well(*AMEND, *BY, "--json"))
    assert (done["patients"], done["renewed"], done["left"], done["already"]) == (1, 5, 0, False)
    again = shell.well(*AMEND, *BY)
    assert again.startswith("version 2: 1 patient: 5 ask other questions at the same time; 1 stays as it is")
    assert "nothing was changed" in again
    assert "there is nothing to amend" in shell.refused(*AMEND, "--preview")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("nothing", "--to", "2", *BY), "ID: there is no protocol nothing"),
        (("thera-demo", "--to", "9", *BY), "not amended: there is no protocol thera-demo 9"),
        (("thera-demo", "--to", "1", *BY), "THERA follows thera-demo 1 already"),
        (("thera-demo", "--to", "2"), "--by and --reason: say who approves it and why"),
        (("thera-demo", "--to", "2", "--by", "nobody", "--reason", "x"), "--by: there is no active account 'nobody'"),
        (("thera-demo", "--to", "2", "--by", "coordinator", "--reason", "x"), "by an investigator of all its sites"),
        (("thera-demo", "--to", "2", "--by", "lead", "--reason", " "), "say why, in up to 500 characters"),
        (("thera-demo", "--to", "2", "--study", "NO", *BY), "--study: no study NO follows thera-demo"),
    ],
)
def test_what_cannot_be_done_is_one_line(shell: Shell, words: tuple[str, ...], line: str) -> None:
    said = shell.refused("protocol", "amend", *words)
    assert line in said
    assert "\n" not in said


def test_what_moves_and_what_has_other_sms_times_are_told_apart(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, SECOND)
    town.patient()
    assert counts(look(town)[0].numbers).startswith(
        "1 assessment moves; 7 stay on their days with other SMS times; 1 appears; 2 fall away; 1 is unchanged; 5 are over"
    )
    assert counts(Numbers(patients=1)) == "nothing to carry over"


def test_like_days_in_a_row_are_one_line_by_the_patient_s_clocks(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, SECOND)
    town.patient()
    with town.parts.study.reading() as session:
        asked = wanted(town.parts, session, session.get_one(Study, town.study), "2", town.parts.clock.now())
    said = [line.partition(": ")[2] for line in lines(town.parts, asked, look(town)[0])]
    assert "7 days, 15 Apr – 21 Apr: SMS at 18:00, 20:00 → 19:00, 20:00" in said
    assert len(said) == 4
