"""History in words: by whose clock, by whom, and in one form of the language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pro.services.audit_trail import Entry
from pro.web.desk import phrases
from pro.web.words import NARROW
from tests.factories import the_library

PROTOCOL = the_library().protocol("thera-demo", "1")
AT = datetime(2026, 4, 15, 6, 4, 9, tzinfo=UTC)


def entry(kind: str, role: str = "patient", actor: str = "R-001", **payload: Any) -> Entry:
    return Entry("patient:R-001", 1, AT, kind, actor, role, "1", payload)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "kind", ["patient.opted_out", "reminder.snoozed", "reminder.snooze_undone", "assessment.opened"]
)
def test_who_did_it_is_said_once(kind: str, language: str) -> None:
    one = entry(kind, timepoint="diary", day="2026-04-14")
    said = f"{phrases.event_line(one, PROTOCOL, language)} {phrases.by_words(one, language)}"
    assert said.count("by the patient" if language == "en" else "par le patient") == 1


def test_the_service_is_named_in_words() -> None:
    worker = entry("patient.opted_out", "system", "worker", how="provider")
    assert phrases.event_line(worker, PROTOCOL, "fr").endswith("STOP reçu par SMS")
    assert [phrases.by_words(worker, language) for language in ("en", "fr")] == ["by the service", "par le service"]
    assert phrases.by_words(entry("patient.held", "operator", "command line"), "en") == "on the command line"
    assert phrases.by_words(entry("patient.held", "investigator", "leroy"), "en") == "by leroy"


def test_what_was_flagged_for_safety_alone_is_no_flare_in_the_history() -> None:
    fever, both = ([{"rule": rule} for rule in rules] for rules in (("R7",), ("R2", "R7")))
    for kind, alone, beside in (
        ("flare.opened", "Safety flag raised by R7", "Safety flag raised and flare opened by R2, R7"),
        (
            "flare.triggered",
            "Safety flag raised within the episode by R7",
            "Safety flag, and flare: another hit by R2, R7",
        ),
    ):
        assert phrases.event_line(entry(kind, triggers=fever), PROTOCOL, "en") == alone
        assert phrases.event_line(entry(kind, triggers=both), PROTOCOL, "en") == beside
        assert "écurité" in phrases.event_line(entry(kind, triggers=fever), PROTOCOL, "fr")
    reviewed = entry("flare.reviewed", n=1, outcome="confirmed", note="", safety=True)
    assert phrases.event_line(reviewed, PROTOCOL, "en") == "Safety flag 1 reviewed: A flare as well."


def test_a_day_that_ends_in_a_point_takes_no_second_one() -> None:
    said = phrases.event_line(entry("window.extended", day="2026-04-15", note="réseau"), PROTOCOL, "fr")
    assert said.endswith("15 avr. réseau")


def test_an_instant_says_whose_clock_it_is_where_the_site_s_differs() -> None:
    assert phrases.told(AT, "Europe/Paris", "Europe/Madrid", "en") == "15 Apr 08:04"
    assert phrases.told(AT, "America/Montreal", "Europe/Paris", "en") == "15 Apr 02:04 (Montréal time)"
    seconds = NARROW.join(["8", "h", "04", "min", "09", "s"])
    assert phrases.told(AT, "Europe/Paris", "Europe/Paris", "fr", seconds=True) == f"15 avr. {seconds}"
