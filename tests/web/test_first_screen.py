"""What the morning starts with: who stopped the messages, yesterday's figures, how many diaries are missing, one word each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from pro.services.episodes import emergencies
from pro.store import exams
from pro.store.tables import Message, Task, metadata
from pro.web.words import say_clock
from tests.conftest import Urls
from tests.factories import NOW, make_parts, make_patient, make_staff, make_study, settle
from tests.web.test_desk import Desk, counted
from tests.web.test_enrolment_pages import plain

EVENING = datetime(2026, 4, 14, 17, 17, tzinfo=UTC)
"""19:17 in Paris, the day before NOW."""
DELAY = timedelta(minutes=30)
"""After so long the demonstration's protocol tells the next on the duty list."""
FLARE = metadata.tables["flare"]
FIRST, LAST = date(2026, 4, 4), date(2026, 4, 13)


@pytest.fixture
def desk(database_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(database_urls)
    made = make_study(parts)
    make_staff(parts, made, "coo", role="coordinator")
    make_staff(parts, made, "fr", role="coordinator", language="fr")
    make_staff(parts, made, "mon", role="monitor")
    yield Desk(parts, made)
    parts.study.close()
    parts.contacts.close()


def read(desk: Desk, login: str, path: str = "/staff/") -> str:
    desk.client = desk.app.test_client()
    desk.sign_in(login)
    return plain(desk.page(path))


def diarist(desk: Desk, number: str, missed: set[int], site: str = "R") -> int:
    """Ten closed diaries, 4 to 13 April, those of `missed` missed."""
    patient = make_patient(desk.parts, desk.made, number, site=site, day0=FIRST)
    settle(desk.parts, patient, lambda d: None if d > LAST else "missed" if d.day in missed else "completed")
    return patient


def stopped(desk: Desk, patient: int, at: datetime = EVENING, **more: object) -> None:
    table = metadata.tables["patient"]
    with desk.parts.study.writing() as session:
        values = {"opted_out_at": at, "opted_out_how": "page", **more}
        session.execute(update(table).where(table.c.id == patient).values(**values))


def text(desk: Desk, patient: int, due_at: datetime, state: str) -> None:
    with desk.parts.study.writing() as session:
        site = desk.made.sites["R"]
        error = "no-number" if state == "dropped" else None
        row = Message(
            dedupe_key=uuid4().hex,
            site_id=site,
            patient_id=patient,
            template="reminder",
            language="fr",
            due_at=due_at,
            not_after=due_at + timedelta(hours=2),
            state=state,
            error=error,
        )
        session.add(row)


def asked(desk: Desk, patient: int, kind: str, detail: str = "") -> None:
    with desk.parts.study.writing() as session:
        site = desk.made.sites["R"]
        session.add(Task(site_id=site, patient_id=patient, kind=kind, detail=detail, made_at=NOW))


# --- who stopped the messages


def test_a_patient_who_stopped_the_messages_is_on_the_first_screen_and_in_the_list(desk: Desk) -> None:
    stopped(desk, diarist(desk, "R-001", set()))
    stopped(desk, diarist(desk, "R-003", set()), NOW - timedelta(days=2))
    make_patient(desk.parts, desk.made, "R-002", day0=NOW.date() + timedelta(days=3))
    page = read(desk, "coo")
    assert 'href="/staff/patients/R-001">R-001</a> stopped the messages yesterday 19:17' in page
    assert "R-003</a> stopped the messages on Mon 13 Apr 08:04" in page
    assert "R-002</a> stopped" not in page
    assert "R-001</a> a arrêté les SMS hier à 19 h 17" in read(desk, "fr")
    listed = read(desk, "coo", "/staff/patients").split("<tr>")
    mine, other = (next(row for row in listed if number in row) for number in ("R-001", "R-002"))
    assert ("no messages wanted" in mine, "nothing to do" in mine) == (True, False)
    assert ("no messages wanted" in other, "nothing to do" in other) == (False, True)
    assert read(desk, "coo", "/staff/patients/R-001").count("</svg>no messages wanted</span>") == 1


def test_who_stopped_long_ago_left_or_is_elsewhere_is_not_news(desk: Desk) -> None:
    stopped(desk, diarist(desk, "R-001", set()), NOW - timedelta(days=8))
    stopped(desk, diarist(desk, "R-002", set()), withdrawn_at=NOW)
    stopped(desk, diarist(desk, "L-001", set(), site="L"))
    assert "stopped the messages" not in read(desk, "coo")


def test_however_many_stopped_the_screen_reads_as_much(desk: Desk) -> None:
    for n in range(9):
        patient = diarist(desk, f"R-00{n}", {11, 12, 13})
        asked(desk, patient, "missed-in-a-row", "2")
        if n in (0, 3):
            desk.client = desk.app.test_client()
            desk.sign_in("coo")
            desk.page("/staff/")
            with counted(desk) as few:
                desk.page("/staff/")
        stopped(desk, patient, EVENING - timedelta(minutes=n), opted_out_how="sms")
    with counted(desk) as many:
        page = plain(desk.page("/staff/"))
    assert many.statements == few.statements <= 24
    assert many.rows <= few.rows + 24
    assert page.count("stopped the messages yesterday") == 5
    assert "R-005</a> stopped" not in page
    assert "Others stopped them this week, too" in page


# --- flares that somebody else has to look at


def flared(desk: Desk, number: str, opened: datetime, site: str = "R", **more: object) -> int:
    patient = diarist(desk, number, set(), site)
    days = {"opened_day": opened.date(), "last_hit_day": opened.date()}
    with desk.parts.study.writing() as session:
        values = {"patient_id": patient, "site_id": desk.made.sites[site], "n": 1, "opened_at": opened, **days, **more}
        return int(session.execute(insert(FLARE).values(told_rank=1, **values).returning(FLARE.c.id)).scalar_one())


def unseen_part(page: str) -> str:
    return page.partition('id="unseen"')[2].partition("</section>")[0]


def test_a_coordinator_is_told_of_a_flare_that_nobody_has_looked_at_in_time(desk: Desk) -> None:
    long_ago = NOW - DELAY - timedelta(minutes=2)
    flared(desk, "R-001", long_ago)
    flared(desk, "R-002", long_ago + timedelta(minutes=4))
    flared(desk, "R-003", long_ago, acknowledged_at=NOW, outcome="confirmed")
    flared(desk, "R-004", long_ago, ended_at=NOW, end_why="closed-by-investigator")
    flared(desk, "R-005", long_ago, ended_at=NOW, end_why="days-without-a-hit")
    flared(desk, "L-001", long_ago, site="L")
    part = unseen_part(read(desk, "coo"))
    assert [number in part for number in ("R-001", "R-002", "R-003", "R-004", "R-005", "L-001")] == [
        *(True, False, False, False, True, False)
    ]
    here = say_clock(long_ago.astimezone(ZoneInfo("Europe/Paris")), "en")
    assert f'href="/staff/patients/R-001">R-001</a> <b>Flare not acknowledged since {here}, ' in part
    assert "Nobody is on the site’s duty list" in part
    for login, name, site, rank in (
        ("inv", "Dr Kerbrat", "R", 2),
        ("first", "Dr Le Goff", "R", 1),
        ("lyon", "Dr Delattre", "L", 1),
    ):
        make_staff(desk.parts, desk.made, login, name=name, site=site, duty=rank)
    assert "On duty, to call in this order: Dr Le Goff, then Dr Kerbrat." in unseen_part(read(desk, "coo"))
    assert "De garde, à appeler dans cet ordre : Dr Le Goff, puis Dr Kerbrat." in unseen_part(read(desk, "fr"))
    assert "/staff/flares/" not in part
    assert "Two things need you today" in read(desk, "coo")
    assert "Poussée en attente d’un avis depuis " in unseen_part(read(desk, "fr"))
    assert [unseen_part(read(desk, login)) for login in ("mon", "inv")] == ["", ""], "they have the list itself"


def hit_by_fever(desk: Desk, flare: int, at: datetime, value: str = "38.4") -> str:
    rule = min(emergencies(desk.parts.library))
    inputs = json.dumps({"value": value})
    with desk.parts.study.writing() as session:
        values = {"flare_id": flare, "rule": rule, "rule_version": "1", "day": at.date(), "at": at, "inputs": inputs}
        session.execute(insert(metadata.tables["flare_trigger"]).values(n=0, result="hit", **values))
    return rule


def test_a_safety_flag_stands_first_by_its_name_and_without_its_value(desk: Desk) -> None:
    flared(desk, "R-001", NOW - timedelta(days=1))
    rule = hit_by_fever(desk, flared(desk, "R-009", NOW - timedelta(hours=1)), NOW - timedelta(hours=1))
    part = unseen_part(read(desk, "coo"))
    assert part.index("R-009") < part.index("R-001")
    said = part.partition("R-009</a>")[2].partition("</li>")[0]
    assert "Safety flag, look at once: not acknowledged since " in said
    assert part.count("Flare not acknowledged") == 1
    assert not any(word in part for word in ("38", rule, "°C"))
    assert unseen_part(read(desk, "fr")).count("Signalement de sécurité, à examiner tout de suite") == 1


def test_whoever_answers_the_telephone_sees_a_safety_flag_from_its_first_second(desk: Desk) -> None:
    """The patient reads "call your study site at once", so the call comes before any delay of the duty list is over."""
    flared(desk, "R-001", NOW)
    fever = flared(desk, "R-009", NOW)
    hit_by_fever(desk, fever, NOW)
    page = read(desk, "coo")
    assert ("R-001" in unseen_part(page), "R-009" in unseen_part(page)) == (False, True)
    assert "Safety flag, look at once" in unseen_part(page)
    assert "One thing needs you today" in page
    assert "Signalement de sécurité, à examiner tout de suite" in unseen_part(read(desk, "fr"))
    with desk.parts.study.writing() as session:
        session.execute(update(FLARE).where(FLARE.c.id == fever).values(acknowledged_at=NOW, outcome="not-a-flare"))
    assert unseen_part(read(desk, "coo")) == "", "somebody has looked at it"


@pytest.mark.parametrize("later", [0, 1])
def test_a_safety_flag_has_one_deadline_on_every_page(desk: Desk, later: int) -> None:
    """Also where rules of another day were hit since."""
    make_staff(desk.parts, desk.made, "inv")
    at = NOW - timedelta(days=later)
    flare = flared(desk, "R-009", at)
    hit_by_fever(desk, flare, at)
    with desk.parts.study.writing() as session:
        session.execute(update(FLARE).values(last_hit_day=NOW.date()))
    pages = [read(desk, "inv", path) for path in ("/staff/", f"/staff/flares/{flare}")]
    assert [page.count("</svg>at once</span>") for page in pages] == [1, 1]
    assert not any("</svg>due " in page for page in pages)


def test_an_emergency_after_the_review_counts_from_its_own_hour(desk: Desk) -> None:
    for number, at in (("R-001", NOW - DELAY - timedelta(minutes=1)), ("R-002", NOW - DELAY + timedelta(minutes=1))):
        flare = flared(desk, number, NOW - timedelta(days=3), outcome="confirmed")
        rule = hit_by_fever(desk, flare, at)
        here = say_clock(at.astimezone(ZoneInfo("Europe/Paris")), "en")
        said = unseen_part(read(desk, "coo")).partition(f"{number}</a>")[2].partition("</li>")[0]
        assert f"not acknowledged since {here}, " in said
        assert rule not in said


def test_a_flare_is_a_word_in_the_list_for_everybody(desk: Desk) -> None:
    flared(desk, "R-001", NOW)
    flared(desk, "R-002", NOW, acknowledged_at=NOW, outcome="confirmed")
    for login, chip in (("coo", "flare to review"), ("mon", "flare to review"), ("fr", "poussée à examiner")):
        listed = read(desk, login, "/staff/patients").split("<tr>")
        mine, other = (next(row for row in listed if number in row) for number in ("R-001", "R-002"))
        assert (mine.count(chip), other.count(chip)) == (1, 0), login
        assert f"</svg>{chip}</span>" in read(desk, login, "/staff/patients/R-001"), login


def test_however_many_flares_are_overdue_the_screen_reads_as_much(desk: Desk) -> None:
    for n in range(23):
        seen = {"acknowledged_at": NOW, "outcome": "confirmed"} if n > 1 else {}
        flared(desk, f"R-{n:03}", NOW - timedelta(days=1, minutes=n), **seen)
    desk.sign_in("coo")
    desk.page("/staff/")
    with counted(desk) as few:
        desk.page("/staff/")
    with desk.parts.study.writing() as session:
        session.execute(update(FLARE).values(acknowledged_at=None, outcome=None))
    with counted(desk) as many:
        page = plain(desk.page("/staff/"))
    assert many.statements == few.statements <= 25
    assert many.rows <= few.rows + 18
    assert unseen_part(page).count("<li>") == 20
    assert "R-022" in unseen_part(page), "the longest first"
    assert "20 of 23 shown" in unseen_part(page)


# --- visits to complete


def test_the_visit_that_has_waited_longest_comes_first_and_says_how_late_it_is(desk: Desk) -> None:
    """Day 0 of 26 March and week 2 of 9 April lack their joint examination; week 2 was open until the 10th."""
    make_patient(desk.parts, desk.made, "R-001", day0=date(2026, 3, 26))
    for login, late, zero, two in (
        ("coo", "window over for 5 days", "Start", "Week 2"),
        ("fr", "fenêtre close depuis 5 jours", "Début", "Semaine 2"),
    ):
        part = read(desk, login).partition('id="to-enter"')[2].partition("</section>")[0]
        assert 0 < part.index(zero) < part.index(two)
        assert late in part.partition(two)[2].partition("</li>")[0]
    make_patient(desk.parts, desk.made, "R-002", day0=NOW.date() + timedelta(days=3))
    make_patient(desk.parts, desk.made, "R-003", day0=NOW.date() - exams.WAITED_FOR - timedelta(days=90))
    for login, chip, fine in (
        ("coo", "joint examination to enter", "nothing to do"),
        ("fr", "examen articulaire à saisir", "rien à faire"),
    ):
        rows = re.split("(?=R-00[123]</a>)", read(desk, login, "/staff/patients"))[1:]
        assert [(row.count(chip), row.count(fine)) for row in rows] == [(1, 0), (0, 1), (0, 1)], login


# --- the line at eight in the morning


def test_before_the_first_message_of_the_day_the_line_tells_of_yesterday(desk: Desk) -> None:
    patient = diarist(desk, "R-001", set())
    assert "No message was due yet today." in read(desk, "coo")
    for n in range(5):
        text(desk, patient, EVENING, "failed" if n == 0 else "dropped" if n == 1 else "delivered")
    text(desk, patient, EVENING - timedelta(days=1), "delivered")
    asked(desk, patient, "number-unreachable")
    page = read(desk, "coo")
    assert "Yesterday: 3 of 4 sent, <a" in page
    assert "1 number unreachable</a>." in page
    assert "Hier : 3 sur 4 envoyés, <a" in read(desk, "fr")
    text(desk, patient, NOW - timedelta(minutes=1), "sent")
    page = read(desk, "coo")
    assert "1 of 1 sent this morning, <a" in page
    assert "5 of 6 sent" in page, "the week holds them all"


# --- how many diaries are missing


def test_missed_in_a_row_is_the_count_of_now(desk: Desk) -> None:
    counts = {"R-001": {11, 12, 13}, "R-002": {5, 6, 7, 12, 13}, "R-003": {10, 11, 12, 13}, "R-004": {9, 10, 11, 12}}
    for number, missed in counts.items():
        asked(desk, diarist(desk, number, missed), "missed-in-a-row", "2")
    page = read(desk, "coo")
    for number, said in zip(counts, (3, 2, 4, 2), strict=True):
        line = page.split(f">{number}</a>", 1)[1].split("</li>")[0]
        assert f"{said} diaries missed in a row" in line, number
    assert "3 diaries missed in a row" in read(desk, "coo", "/staff/tasks/1")
    assert "3 carnets manqués de suite" in read(desk, "fr")


def test_a_partial_or_excused_diary_ends_the_run(desk: Desk) -> None:
    for n, what in enumerate(("partial", "excused", "late"), start=1):
        patient = make_patient(desk.parts, desk.made, f"R-00{n}", day0=FIRST)
        days = {date(2026, 4, 9): what}
        settle(desk.parts, patient, lambda d, days=days: None if d > LAST else days.get(d, "missed"))  # type: ignore[misc]
        asked(desk, patient, "missed-in-a-row", "2")
    assert read(desk, "coo").count("4 diaries missed in a row") == 3


# --- under the line, of which days


def test_a_low_week_is_told_as_the_share_of_the_last_seven(desk: Desk) -> None:
    asked(desk, diarist(desk, "R-001", {12, 13}), "under-80", "57.1")
    assert "<b>71.4 % of the last seven diaries</b>" in read(desk, "coo"), "as it is now, not as it was when it fell"
    assert "<b>71.4 % of the last seven diaries</b>" in read(desk, "coo", "/staff/tasks/1")
    assert "Fell under the 80 % line" in read(desk, "coo")
    for path in ("/staff/patients", "/staff/compliance"):
        page = read(desk, "coo", path)
        assert "71 % of the last 7" in page
        assert "under 80 %" not in page
        assert "71 % des 7 derniers" in read(desk, "fr", path)


# --- one word for one thing


def test_a_number_that_cannot_be_reached_has_one_word(desk: Desk) -> None:
    patient = diarist(desk, "R-001", set())
    text(desk, patient, EVENING, "dropped")
    asked(desk, patient, "number-unreachable")
    page = read(desk, "coo")
    assert "1 more not sent: number unreachable" in page
    assert "no number" not in page
    assert "number unreachable" in read(desk, "coo", "/staff/patients")
    assert "et 1 non envoyé : numéro injoignable" in read(desk, "fr")
    assert "numéro injoignable" in read(desk, "fr", "/staff/patients")


# --- the way to more time


def test_more_time_has_a_way_in_without_an_alarm_for_those_who_may(desk: Desk) -> None:
    way = f'href="/staff/windows/{desk.made.sites["R"]}"'
    assert "More time after an outage" in read(desk, "coo", "/staff/messages")
    assert way in read(desk, "coo", "/staff/messages")
    assert "Plus de temps après une panne" in read(desk, "fr", "/staff/messages")
    assert way not in read(desk, "mon", "/staff/messages")
