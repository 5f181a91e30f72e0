"""The protocol's page: who sees it, what stands on it, what it costs, and what it says to what it cannot read."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import get_args, get_type_hints

import pytest

from pro.domain.message_lint import Flaw
from pro.domain.protocol import Anchor, Hours, Protocol
from pro.domain.zones import zone
from pro.library import Library
from pro.services.previewing import EXAMPLE_TOKEN, preview
from pro.store.tables import Role
from pro.web.calendar_words import Words
from pro.web.protocol_cards import view
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_staff, make_study, the_library
from tests.services import play
from tests.web.test_desk import Desk

FLAWS = get_args(get_type_hints(Flaw)["kind"])
LINK = f"http://localhost/d/{EXAMPLE_TOKEN}"
ENGLISH = f"Your questions for today are ready: {LINK} To stop these messages, open the link."
FRENCH = f"Vos questions du jour vous attendent : {LINK} Pour ne plus recevoir de messages, ouvrez ce lien."


def with_a_draft(books: Library) -> Library:
    """A draft beside the published ones, with a timepoint of each kind that has no day of its own."""
    known = books.protocol("thera-demo", "2")
    diary = known.timepoint("diary")
    kinds = (
        replace(
            diary, key="burst", title={"en": "Burst", "fr": "Rafale"}, first_day=91, last_day=150, every=28, burst=3
        ),
        replace(diary, key="entry", title={"en": "Bad day", "fr": "Mauvais jour"}, on_demand=True, late_until=None),
        replace(
            diary,
            key="flare",
            title={"en": "After a flare", "fr": "Après une poussée"},
            anchor=Anchor("event", "flare-opened"),
            hours=Hours(timedelta(hours=24), timedelta(hours=72)),
            first_day=0,
            last_day=0,
            late_until=None,
        ),
        replace(
            known.timepoint("week4"),
            key="follow",
            title={"en": "Follow-up", "fr": "Suivi"},
            anchor=Anchor("visit", "week12"),
        ),
    )
    draft = replace(known, version="3", timepoints=(*known.timepoints, *kinds), daily_cap=2)
    return replace(books, _protocols={**books._protocols, (draft.id, "3"): draft})


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(sqlite_urls, books=with_a_draft(the_library()))
    made = make_study(parts)
    for role in Role:
        make_staff(parts, made, role, role=role, language="fr" if role == Role.DATA_MANAGER else "en")
    yield Desk(parts, made)
    parts.study.close()
    parts.contacts.close()


def read(desk: Desk, address: str = "/staff/protocol?protocol=thera-demo+2") -> str:
    """The page's words, tags left out; a space is a space."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<(?!/?option)[^>]+>", " ", desk.page(address))))


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_it(desk: Desk, role: Role) -> None:
    desk.sign_in(role)
    shown = read(desk)
    assert ENGLISH in shown
    assert FRENCH in shown


def test_figures_windows_and_texts(desk: Desk) -> None:
    desk.sign_in("monitor")
    shown = read(desk, "/staff/protocol?protocol=thera-demo+2&day0=2026-10-05&price=0,08")
    for said in (
        "5 visits, 84 × Daily diary",
        "5 Oct 2026 to 29 Dec 2026",
        "6 h 9 min",
        "at most 181",
        "at most 14.48",
        "The clocks go back on Sunday 25 October: at 03:00 it is 02:00 again.",
        "no SMS between 20:30 and 08:30",
        "open from Sun 18 Oct, 04:00 to Wed 21 Oct, 04:00",
        "open from Mon 5 Oct, 04:00 to Tue 6 Oct, 04:00 , then late until Tue 6 Oct, 12:00",
        "Health in daily life (RAND-36) 8 min",
    ):
        assert said in shown, said
    assert shown.count(ENGLISH) == 181 + 6, "each of the texts, and once for each timepoint that has any"


def test_in_french_by_another_clock_and_one_language(desk: Desk) -> None:
    desk.sign_in("data-manager")
    shown = read(desk, "/staff/protocol?protocol=thera-demo+2&zone=Indian/Reunion&cutoff=06:30&language=fr")
    assert "Réponses au SMS" in shown
    assert "La première est à remplir du lun. 20 avr., 6 h 30 au mar. 21 avr., 6 h 30" in shown
    assert FRENCH in shown
    assert ENGLISH not in shown


def test_a_draft_is_shown_before_it_is_published(desk: Desk) -> None:
    desk.sign_in("coordinator")
    shown = read(desk, "/staff/protocol?protocol=thera-demo+3")
    for said in (
        "Draft",
        "11 planned SMS will never be sent: more than the protocol allows on one day.",
        "3 days in a row, again every 28 days, days 91 to 150",
        "Opened by the patient when it is needed, days 0 to 83",
        "From 24 hours to 72 hours after a flare began",
        "Day 28 after “Week 12” was sent",
        "When it happens",
    ):
        assert said in shown, said


def test_it_begins_with_the_studys_newest(desk: Desk) -> None:
    desk.sign_in("investigator")
    assert "thera-demo, version 3" in read(desk, "/staff/protocol")
    assert 'value="2026-04-20"' in desk.page("/staff/protocol")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("protocol=no-such+1", "There is no such protocol."),
        ("day0=31.12.2026", "Give a date such as"),
        ("day0=9999-12-31", "Give a date such as"),
        ("zone=Europe/Nowhere<b>", "No such time zone."),
        ("cutoff=12:01", "Give a time from 00:00 to 12:00."),
        ("cutoff=٠٤:٠٠", "Give a time from 00:00 to 12:00."),
        ("version=99", "its version is unknown"),
        ("day0=1800-01-01", "in the years 1900 to 2199"),
        ("price=NaN", "Give a price such as"),
        ("price=-1", "Give a price such as"),
        ("price=1e99", "Give a price such as"),
    ],
)
def test_what_cannot_be_read_is_named(desk: Desk, asked: str, said: str) -> None:
    desk.sign_in("monitor")
    answer = desk.client.get(f"/staff/protocol?{asked}")
    assert answer.status_code == 400
    body = answer.get_data(as_text=True)
    assert said in body
    assert "<b>" + "\n" not in body
    assert "Nowhere<b>" not in body


def test_no_statement_an_assessment(desk: Desk) -> None:
    """The page reads who asks, which sites and what is in force; a protocol twice as long reads no more."""
    desk.sign_in("monitor")
    counts = []
    for address in ("/staff/protocol?protocol=thera-demo+1", "/staff/protocol?protocol=thera-demo+3"):
        desk.page(address)
        with play.counted(desk.parts) as statements:
            desk.page(address)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_a_protocol_that_plans_nothing(desk: Desk) -> None:
    books = desk.parts.library
    empty: Protocol = replace(books.protocol("thera-demo", "2"), version="4", timepoints=())
    object.__setattr__(books, "_protocols", {**books._protocols, ("thera-demo", "4"): empty})
    desk.sign_in("monitor")
    assert "This protocol plans nothing from day 0." in read(desk, "/staff/protocol?protocol=thera-demo+4")


def test_a_patients_page_leads_to_the_calendar_of_its_protocol(desk: Desk) -> None:
    make_patient(desk.parts, desk.made, "R-007", day0=date(2026, 4, 13), zone="Indian/Reunion")
    desk.sign_in("coordinator")
    found = re.search(r'href="(/staff/protocol\?[^"]+)"', desk.page("/staff/patients/R-007"))
    assert found
    shown = read(desk, html.unescape(found[1]))
    assert "Day 0 is Monday 13 April 2026, by the clocks of Indian/Reunion" in shown
    assert "R-007" not in shown


def test_a_text_that_costs_double_is_warned_of_in_both_languages() -> None:
    books = the_library()
    protocol = books.protocol("thera-demo", "2")
    found = preview(books, protocol, date(2026, 6, 1), zone("Europe/Paris"), None, f"https://{'x' * 80}.example")
    assert found.segments == 2 * 181
    assert "Reminder, English: it takes 2 SMS, not one." in view(found, "en", ("en",))["notes"]
    assert "Rappel, English\u202f: il prend 2 SMS, pas un seul." in view(found, "fr", ("en",))["notes"]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", FLAWS)
def test_every_flaw_has_its_words(kind: str, language: str) -> None:
    assert Words(language, zone("Europe/Paris")).flaw(Flaw(kind, "x"))  # type: ignore[arg-type]
