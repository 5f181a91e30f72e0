"""A patient's course at the desk: journeys, pauses, holds, events and the end, as staff meet them over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import select

from pro import walking
from pro.clock import Moment
from pro.domain import zones
from pro.domain.protocol import Anchor
from pro.services import enrolment, following
from pro.services.courses import Stay, zone_at
from pro.store.tables import Assessment, AuditEvent, Journey, Message, Patient, Pause, Reminder
from pro.web.places import TOWNS, TOWNS_OF_OLD, everywhere, found, listed
from pro.web.words import LANGUAGES, say_place
from tests.conftest import Urls
from tests.factories import NOW, Made, make_parts, make_patient, make_staff, make_study, settle, the_library
from tests.services.test_bells import rows, set_bells
from tests.web.test_desk import Desk, token_in
from tests.web.test_enrolment_pages import plain

CUTOFF = time(4)
PAGE = "/staff/patients/R-001/course"
"""NOW is Wednesday 15 April 2026, 08:04 in Paris: the patient-day of the 15th is open."""


@pytest.fixture
def desk(sqlite_urls: Urls) -> Iterator[Desk]:
    parts = make_parts(sqlite_urls)
    made = make_study(parts)
    make_staff(parts, made, "coo", role="coordinator")
    make_staff(parts, made, "fr", role="coordinator", language="fr")
    make_staff(parts, made, "mon", role="monitor")
    make_staff(parts, made, "other", role="coordinator", site="L")
    set_bells(parts, make_patient(parts, made, day0=date(2026, 4, 10)), NOW)
    yield Desk(parts, made)
    parts.study.close()
    parts.contacts.close()


def post(desk: Desk, verb: str, status: int = 303, **fields: str) -> str:
    """Posts as the page would, and gives the page that says what happened, in plain spaces."""
    answer = desk.client.post(f"{PAGE}/{verb}", data=fields | {"csrf_token": token_in(desk.page(PAGE))})
    assert answer.status_code == status, answer.get_data(as_text=True)
    return plain(desk.page(PAGE) if status == 303 else answer.get_data(as_text=True))


def events(desk: Desk, kind: str) -> list[dict[str, Any]]:
    with desk.parts.study.reading() as session:
        found = session.exec(select(AuditEvent).where(AuditEvent.kind == kind)).all()
        return [json.loads(each.payload or "") | {"by": each.actor, "role": each.role} for each in found]


def patient(desk: Desk) -> Patient:
    with desk.parts.study.reading() as session:
        return session.exec(select(Patient)).one()


def said(page: str) -> str:
    found = re.search(r'class="note fine row" role="status">.*?</svg>(.*?)</p>', page, re.S)
    assert found, "nothing says what happened"
    return found[1].strip()


def problem(page: str) -> str:
    found = re.search(r'role="alert".*?<b>(.*?)</b>', page, re.S)
    assert found, "nothing says what is wrong"
    return found[1]


# ── Where the patient is


def test_a_change_of_place_says_what_it_will_do_and_does_it_when_asked_again(desk: Desk) -> None:
    desk.sign_in("coo")
    assert "Paris since Friday 10 April" in plain(desk.page(PAGE))
    page = post(desk, "zone", 200, elsewhere="montréal")
    assert "R-001: Montréal?" in page
    assert "From Thursday 16 April, the days of the diary follow the clocks of Montréal." in page
    assert "Daily diary: the reminders move to 18:00 and 20:00 in Montréal. In Paris that is 00:00 and 02:00." in page
    assert "The diary that is open until then closes on Thu 16 Apr 04:00 there (Paris: Thu 16 Apr 10:00)." in page
    assert patient(desk).zone == "Europe/Paris", "asked once, it changes nothing"
    fields = dict(re.findall(r'<input type="hidden" name="(zone|from)" value="([^"]*)"', page))
    page = post(desk, "zone", step="do", **fields)
    assert said(page).startswith("R-001 goes by the clocks of Montréal from Thursday 16 April;")
    assert "Montréal from Thursday 16 April" in page
    assert "Paris, from Friday 10 April" in page
    assert "<b>15 Apr 08:04</b> Goes by the clocks of Montréal from" in page, "told by the clock of that instant"
    assert patient(desk).zone == "America/Montreal"
    (event,) = events(desk, "patient.zone-changed")
    assert (event["by"], event["role"], event["to"]) == ("coo", "coordinator", "America/Montreal")
    assert "Goes by the clocks of Montréal from 16 Apr" in page


def test_every_reminder_of_the_first_day_is_told_with_what_it_is_for(desk: Desk) -> None:
    """R-009 is in the window of week 4, 15 to 17 April: open already where the move is made now, not yet before it."""
    made = Made(patient(desk).study_id, {"R": patient(desk).site_id})
    set_bells(desk.parts, make_patient(desk.parts, made, "R-009", day0=date(2026, 3, 19)), NOW)
    desk.sign_in("coo")
    diary = "Daily diary: the reminders move to 18:00 and 20:00 in {}. In Paris that is {}."
    kept = "Week 4 is open already: its reminder stays at 10:00 in Paris, {} in {}."
    page = foreseen(desk, "R-009", "America/Montreal")
    assert diary.format("Montréal", "00:00 and 02:00") in page
    silent = "Week 4 is open already: its reminders of Wed 15 Apr 10:00, Thu 16 Apr 10:00, Fri 17 Apr 10:00 in Paris"
    assert page.count(f"{silent} fall in the quiet hours of Montréal and are not sent.") == 1
    page = foreseen(desk, "R-009", "Asia/Tokyo")
    assert diary.format("Tokyo", "11:00 and 13:00") in page
    assert kept.format("17:00", "Tokyo") in page
    desk.clock.move(timedelta(hours=-8))
    assert "Week 4: the reminder moves to 10:00 in Tokyo. In Paris that is 03:00." in foreseen(
        desk, "R-009", "Asia/Tokyo"
    )


def foreseen(desk: Desk, number: str, zone: str) -> str:
    page = PAGE.replace("R-001", number)
    fields = {"zone": zone, "csrf_token": token_in(desk.page(page))}
    return plain(desk.client.post(f"{page}/zone", data=fields).get_data(as_text=True))


def test_a_journey_is_planned_shown_made_by_the_worker_on_its_day_and_may_be_taken_back(desk: Desk) -> None:
    desk.sign_in("coo")
    page = post(desk, "zone", 200, zone="Indian/Reunion", **{"from": "2026-04-20"})
    assert "It happens by itself on Mon 20 Apr 00:45 in Paris; quiet hours follow the new clocks from then on." in page
    assert "The diary that is open until then closes on Mon 20 Apr 04:00 there (Paris: Mon 20 Apr 02:00)." in page
    for _ in range(2):
        page = post(desk, "zone", zone="Indian/Reunion", step="do", **{"from": "2026-04-20"})
    assert said(page) == "R-001 goes to Réunion on Monday 20 April. Nothing changes until Mon 20 Apr 00:45 in Paris."
    assert "To Réunion from Monday 20 April. Until Mon 20 Apr 00:45 (Paris) nothing changes." in page
    page = post(desk, "journey")
    assert said(page) == "The journey is taken back. The patient stays where they are."
    assert "To Réunion" not in page
    post(desk, "zone", zone="Indian/Reunion", step="do", **{"from": "2026-04-20"})
    assert patient(desk).zone == "Europe/Paris"
    opening = NOW.replace(day=20, hour=0, minute=0)  # 04:00 on Réunion
    assert enrolment.set_out(desk.parts, move_to(desk, opening - timedelta(minutes=76))) == 0
    assert enrolment.set_out(desk.parts, move_to(desk, opening - timedelta(minutes=75))) == 1
    assert enrolment.set_out(desk.parts, move_to(desk, opening - timedelta(minutes=74))) == 0
    assert patient(desk).zone == "Indian/Reunion"
    assert [event["from_day"] for event in events(desk, "patient.zone-changed")] == ["2026-04-20"]
    assert len(events(desk, "patient.zone-planned")) == 3
    first = next(row for row in rows(desk.parts, "assessment") if str(row["day"]) == "2026-04-20")
    assert first["opens_at"] == opening
    with desk.parts.study.reading() as session:
        assert [bool(each.done_at) for each in session.exec(select(Journey)).all()] == [False, False, True]


@pytest.mark.parametrize("day", ["", "2026-04-25"])
def test_a_journey_that_another_takes_the_place_of_is_named_before_and_in_the_trail(desk: Desk, day: str) -> None:
    desk.sign_in("coo")
    post(desk, "zone", zone="America/Montreal", step="do", **{"from": "2026-04-18"})
    again = post(desk, "zone", 200, zone="America/Montreal", **{"from": "2026-04-18"})
    assert "taken back." not in again, "the same once more takes nothing back"
    other = "The journey to Montréal that was planned from Saturday 18 April is taken back."
    assert other in post(desk, "zone", 200, zone="Asia/Tokyo", **{"from": day})
    page = post(desk, "zone", zone="Asia/Tokyo", step="do", **{"from": day})
    (event,) = events(desk, "patient.zone-unplanned")
    assert (event["to"], event["from_day"], event["by"]) == ("America/Montreal", "2026-04-18", "coo")
    assert "Journey to Montréal taken back" in page
    desk.sign_in("fr")
    page = post(desk, "zone", 200, zone="Indian/Reunion", **{"from": "2026-04-28"})
    assert ("Le voyage prévu à partir du samedi 25 avril est annulé : Tokyo." in page) == bool(day)


def test_the_reminders_of_tonight_that_the_new_quiet_hours_silence_are_named(desk: Desk) -> None:
    """At 18:00 and 20:00 in Paris it is 01:00 and 03:00 in Tokyo, where the quiet hours are those of now on."""
    desk.sign_in("coo")
    silent = (
        "Daily diary is open already: its reminders of Wed 15 Apr 18:00 and 20:00 in Paris fall in the quiet hours of"
        " Tokyo and are not sent. Call the patient instead."
    )
    assert silent in foreseen(desk, "R-001", "Asia/Tokyo")
    assert "not sent" not in foreseen(desk, "R-001", "Europe/London")
    later = post(desk, "zone", 200, zone="Asia/Tokyo", **{"from": "2026-04-20"})
    named = (
        "Daily diary is open by then: its reminder of Sun 19 Apr 20:00 in Paris falls in the quiet hours of Tokyo and is"
        " not sent. Call the patient instead."
    )
    assert named in later, "the journey is made at 19:45 in Paris"
    assert "The diary that is open until then closes on Mon 20 Apr 04:00 there (Paris: Sun 19 Apr 21:00)." in later
    desk.clock.move(timedelta(hours=11))
    desk.sign_in("fr")
    page = foreseen(desk, "R-001", "Asia/Tokyo")
    named = "le rappel du mer. 15 avr. 20.h, heure de .+Paris.+ silence .+Tokyo.+ pas envoyé. Appelez le patient."
    assert re.search(named, page), "18:00 has gone"


def test_a_form_whose_reminders_a_journey_silences_is_named_once_with_their_dates_and_again_when_it_is_made(
    desk: Desk,
) -> None:
    """Week 8 of R-002 is open from 15 to 17 April: at 10:00 in Paris it is 04:00 in Montréal, on each day."""
    made = Made(patient(desk).study_id, {"R": patient(desk).site_id})
    set_bells(desk.parts, make_patient(desk.parts, made, "R-002", day0=date(2026, 2, 19)), NOW)
    desk.sign_in("coo")
    said_once = (
        "Week 8 is open already: its reminders of Wed 15 Apr 10:00, Thu 16 Apr 10:00, Fri 17 Apr 10:00 in Paris fall in"
        " the quiet hours of Montréal and are not sent. Call the patient instead."
    )
    assert foreseen(desk, "R-002", "America/Montreal").count("Week 8") == 1
    assert said_once in foreseen(desk, "R-002", "America/Montreal")
    assert "Call the patient" not in foreseen(desk, "R-002", "Europe/London")
    fields = {"zone": "America/Montreal", "from": "", "step": "do"}
    page = PAGE.replace("R-001", "R-002")
    desk.post(f"{page}/zone", page, **fields)
    assert f'<p class="note">{said_once}</p>' in plain(desk.page(page))


def steps_said(desk: Desk) -> list[str]:
    page = plain(desk.page("/staff/patients/R-001"))
    lines = [re.sub(r"<[^>]+>|\s+", " ", each) for each in re.findall(r"<li><span class=\"at\">.*?</li>", page, re.S)]
    return [" ".join(line.split()).replace(" ,", ",") for line in lines if "reminder" in line or "rappel" in line]


def test_the_list_of_messages_says_what_a_journey_made_at_once_does_to_tonight(desk: Desk) -> None:
    """18:00 and 20:00 in Paris are 21:45 and 23:45 in Kathmandu; its quiet hours hold from now on."""
    desk.sign_in("coo")
    post(desk, "zone", zone="Asia/Kathmandu", step="do")
    assert steps_said(desk)[-2:] == [
        "Wed 15 Apr 20:00 reminder, Daily diary of 15 Apr will not be sent: quiet hours in Kathmandu",
        "Wed 15 Apr 18:00 reminder, Daily diary of 15 Apr will not be sent: quiet hours in Kathmandu",
    ]
    assert steps_said(desk)[0] == "Thu 16 Apr 18:00 (Kathmandu time) reminder, Daily diary of 16 Apr planned"
    desk.sign_in("fr")
    assert "ne sera pas envoyé : heures de silence du nouveau lieu (Kathmandu)" in steps_said(desk)[-1]


def test_the_list_of_messages_goes_by_the_clocks_of_a_journey_to_come(desk: Desk) -> None:
    desk.sign_in("coo")
    post(desk, "zone", zone="Indian/Reunion", step="do", **{"from": "2026-04-16"})
    said_before = steps_said(desk)
    last = "Wed 15 Apr {} reminder, Daily diary of 15 Apr planned"
    assert said_before[1:] == [last.format("20:00"), last.format("18:00")]
    assert said_before[0] == "Thu 16 Apr 18:00 (Réunion time) reminder, Daily diary of 16 Apr planned"
    assert len(said_before) == following.COMING == 3
    assert "on top, up to three SMS planned for the next days." in desk.page("/staff/patients/R-001")
    post(desk, "journey")
    assert steps_said(desk)[0] == "Thu 16 Apr 18:00 reminder, Daily diary of 16 Apr planned"


def test_what_the_list_foretells_of_a_journey_to_come_is_what_happens(desk: Desk) -> None:
    """Tokyo from 16 April: at 19:45 in Paris on the 15th its quiet hours begin to hold."""
    desk.sign_in("coo")
    post(desk, "zone", zone="Asia/Tokyo", step="do", **{"from": "2026-04-16"})
    foretold = steps_said(desk)
    assert foretold == [
        "Thu 16 Apr 18:00 (Tokyo time) reminder, Daily diary of 16 Apr planned",
        "Wed 15 Apr 20:00 reminder, Daily diary of 15 Apr will not be sent: quiet hours in Tokyo",
        "Wed 15 Apr 18:00 reminder, Daily diary of 15 Apr planned",
    ]
    now = desk.clock.now().study

    def reach(at: datetime) -> Moment:
        return move_to(desk, at)

    walking.walk(desk.parts, now, now.replace(day=16, hour=9, minute=5), reach, seconds=lambda: 0.0)
    desk.sign_in("coo")
    when = [each.partition(" reminder")[0] for each in foretold]
    became = [each for each in steps_said(desk) if each.partition(" reminder")[0] in when]
    assert len(became) == len(foretold), "each at the hour, by the clocks and of the day that were foretold"
    assert ["not sent" in each for each in became] == ["will not be sent" in each for each in foretold]
    assert became[1].endswith("not sent: quiet hours")


def test_what_is_to_come_is_told_where_nothing_will_be_sent_with_the_reason(desk: Desk) -> None:
    desk.sign_in("coo")
    planned = steps_said(desk)
    assert [each.rpartition(" ")[2] for each in planned] == ["planned"] * 3
    post(desk, "pause", first="2026-04-16", last="2026-04-16", why="holiday", step="do")
    will_not = ("{} will not be sent: " + why for why in ("the patient is on a pause", "this patient is on hold"))
    on_a_pause, on_hold = (form.format(planned[0].removesuffix(" planned")) for form in will_not)
    assert steps_said(desk) == [on_a_pause, *planned[1:]]
    _stops(desk, NOW)
    wants_none = [each.replace("planned", "will not be sent: no messages wanted") for each in planned]
    assert steps_said(desk) == [on_a_pause, *wants_none[1:]]
    _stops(desk, None)
    post(desk, "hold", why="hospital")
    assert steps_said(desk)[0] == on_a_pause, "what the pause excuses stays the pause's"
    assert [each.partition(": ")[2] for each in steps_said(desk)[1:]] == ["this patient is on hold"] * 2
    assert "not sent" not in foreseen(desk, "R-001", "Asia/Tokyo"), "a journey silences nothing that is excused already"
    page = desk.page(PAGE)
    pause_id = re.search(r'name="pause" value="(\d+)"', page)
    assert pause_id
    post(desk, "unpause", pause=pause_id[1])
    assert steps_said(desk)[0] == on_hold
    post(desk, "resume")
    assert steps_said(desk)[:3] == planned


def _stops(desk: Desk, at: datetime | None) -> None:
    with desk.parts.study.writing() as session:
        session.exec(select(Patient)).one().opted_out_at = at


def test_a_journey_to_come_is_a_chip_of_the_patient_wherever_a_pause_is_one(desk: Desk) -> None:
    pages = ("/staff/patients", "/staff/patients/R-001", PAGE)
    desk.sign_in("coo")
    post(desk, "zone", zone="Asia/Tokyo", step="do", **{"from": "2026-04-20"})
    post(desk, "pause", first="2026-04-22", last="2026-04-23", why="holiday", step="do")
    assert all("travels from 20 Apr" in plain(desk.page(page)) for page in pages)
    assert all("pause from 22 Apr" in plain(desk.page(page)) for page in pages)
    desk.sign_in("fr")
    assert all("voyage à partir du 20 avr." in plain(desk.page(page)) for page in pages)
    enrolment.set_out(desk.parts, move_to(desk, NOW.replace(day=19, hour=17, minute=45)))
    desk.sign_in("coo")
    assert not any("travels from" in plain(desk.page(page)) for page in pages)


def test_whose_clocks_the_times_of_a_page_are_is_said_once(desk: Desk) -> None:
    """Where all are by those of one place that is not the site's; R-001 lives in Paris, as the site does."""
    away = make_patient(desk.parts, desk.made, "R-002", zone="Asia/Kathmandu", telephone="+33612345679")
    answered = date(2026, 4, 14)
    settle(desk.parts, away, lambda d: "completed" if d == answered else None, lambda _: {"worst_pain": 4})
    desk.sign_in("coo")
    seen = "/staff/patients/R-002/contact"
    assert desk.client.post(seen, data={"csrf_token": token_in(desk.page("/staff/patients/R-002"))}).status_code == 200
    page, home = (plain(desk.page(f"/staff/patients/{number}")) for number in ("R-002", "R-001"))
    assert "Times by the clocks of Kathmandu." in page
    assert page.count("Received (Kathmandu time)") == 1
    steps, _, history = page.partition('id="texts"')[2].partition('id="history"')
    assert [part.count("Times by the clocks of Kathmandu.") for part in (steps, history)] == [1, 1]
    assert not any("(Kathmandu time)" in part for part in (steps, history))
    assert "Kathmandu" not in home


def test_until_when_a_visit_is_open_is_told_by_the_site_s_clocks(desk: Desk) -> None:
    """The coordinator reads it: 04:00 in Kathmandu is a quarter past midnight in Paris."""
    early = date(2026, 4, 15) - timedelta(days=28)
    make_patient(desk.parts, desk.made, "R-002", day0=early, zone="Asia/Kathmandu", telephone="+33612345679")
    make_patient(desk.parts, desk.made, "R-003", day0=early, telephone="+33612345670")
    desk.sign_in("coo")
    lines = re.findall(r"R-00[23]</a>.*?open until ([^<]*)<", plain(desk.page("/staff/")), re.S)
    assert lines == ["Fri 17 Apr 00:15", "Fri 17 Apr 04:00"]


def move_to(desk: Desk, at: Any) -> Any:
    desk.clock.move(at - desk.clock.now().study)
    return desk.clock.now()


def test_a_journey_of_a_patient_who_has_left_is_never_made(desk: Desk) -> None:
    desk.sign_in("coo")
    post(desk, "zone", zone="Indian/Reunion", step="do", **{"from": "2026-04-20"})
    post(desk, "end", why="completed", step="do")
    enrolment.set_out(desk.parts, move_to(desk, NOW + timedelta(days=5)))
    assert patient(desk).zone == "Europe/Paris"


WRONG_PLACES = (
    ({}, "Choose where the patient is: nothing was chosen."),
    ({"elsewhere": "Nowhere"}, "No place is known as &#34;Nowhere&#34;"),
    ({"elsewhere": "saint denis"}, "&#34;saint denis&#34; may be Europe/Paris, Indian/Reunion"),
    ({"zone": "Europe/London", "elsewhere": "Tokyo"}, "Two places are given"),
    ({"zone": "Europe/Paris"}, "The patient lives by the clocks of Paris already."),
    ({"zone": "Asia/Tokyo", "from": "soon"}, "Write the day as year-month-day"),
    ({"zone": "Asia/Tokyo", "from": "2026-04-14"}, "That day has passed."),
    ({"zone": "Asia/Tokyo", "from": "2028-04-14"}, "more than a year ahead"),
    (
        {"zone": "Asia/Tokyo", "from": "2027-04-10"},
        "Nothing is asked of this patient any more from that day on. Check the year.",
    ),
    ({"zone": "x" * 500}, "No place is known as"),
)


def test_a_place_that_cannot_be_is_one_clear_line(desk: Desk) -> None:
    desk.sign_in("coo")
    before = everything(desk)
    for typed, line in WRONG_PLACES:
        assert line in problem(post(desk, "zone", 422, **typed))
        assert line in problem(post(desk, "zone", 422, **typed, step="do"))
    assert everything(desk) == before


def test_a_town_is_found_however_it_is_typed() -> None:
    assert [found(town) for town in ("la réunion", "REUNION", "new york", "europe/paris", "Londres")] == [
        ("Indian/Reunion",), ("Indian/Reunion",), ("America/New_York",), ("Europe/Paris",), ("Europe/London",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        *(("Kathmandu", "Asia/Kathmandu"), ("Katmandou", "Asia/Kathmandu"), ("Kolkata", "Asia/Kolkata")),
        *(("calcutta", "Asia/Kolkata"), ("Kyiv", "Europe/Kyiv"), ("Istanbul", "Europe/Istanbul")),
        *(("Buenos Aires", "America/Argentina/Buenos_Aires"), ("Nicosia", "Asia/Nicosia")),
        *(("Indianapolis", "America/Indiana/Indianapolis"), ("Montréal", "America/Montreal")),
        *(("Asia/Katmandu", "Asia/Katmandu"), ("LYON", "Europe/Paris"), ("brest", "Europe/Paris")),
        *(("geneve", "Europe/Zurich"), ("Pékin", "Asia/Shanghai"), ("Papeete", "Pacific/Tahiti")),
        *(("Dacca", "Asia/Dhaka"), ("oulan bator", "Asia/Ulaanbaatar"), ("Ulan Bator", "Asia/Ulaanbaatar")),
        *(("Saigon", "Asia/Ho_Chi_Minh"), ("nsw", "Australia/Sydney"), ("Virgin", "America/St_Thomas")),
        *(("Comodrivadavia", "America/Argentina/Catamarca"), ("Tel Aviv", "Asia/Tel_Aviv")),
        *(("Fort de France", "America/Martinique"), ("Pointe-à-Pitre", "America/Guadeloupe")),
    ],
)
def test_a_town_is_one_zone_by_the_name_of_today(typed: str, zone: str) -> None:
    """Also where the data know the zone by an old spelling too, or by another town."""
    assert found(typed) == (zone,)


def test_only_towns_of_two_zones_are_asked_about_and_the_list_names_each_town_once() -> None:
    assert all(zone in zones.names() for zone in TOWNS)
    assert {town for zone in everywhere() for town in (say_place(zone, "en"),) if len(found(town)) != 1} == set()
    assert set(everywhere()) - zones.current() == set(TOWNS_OF_OLD), "no state, no abbreviation, no old spelling"
    assert [len(set(towns)) == len(towns) for towns in ([town for _, town in listed(lang)] for lang in LANGUAGES)] == [
        *(True, True)
    ]


# ── Pause and hold


def test_a_pause_says_what_it_leaves_out_shows_until_when_and_is_taken_back(desk: Desk) -> None:
    desk.sign_in("coo")
    days = {"first": "2026-04-15", "last": "2026-04-24", "why": "holiday"}
    page = post(desk, "pause", 200, **days)
    assert "Wednesday 15 April to Friday 24 April: 10 days." in page
    assert "Among them: Week 2." in page
    assert "11 diaries and visits of these days are excused, and no reminder of them goes out." in page
    assert "Today’s reminders at 18:00 and 20:00 no longer go out." in page
    assert "Today’s reminder" not in post(desk, "pause", 200, **days | {"first": "2026-04-16"})
    assert rows(desk.parts, "pause") == []
    page = post(desk, "pause", step="do", **days)
    assert said(page).startswith("R-001 is paused from Wednesday 15 April to Friday 24 April: 11 diaries and visits")
    for address in (PAGE, "/staff/patients/R-001", "/staff/patients", "/staff/compliance"):
        assert "paused until 24 Apr" in plain(desk.page(address)), address
    assert "Paused from 15 Apr to 24 Apr: On holiday" in page
    with desk.parts.study.reading() as session:
        pause_id = session.exec(select(Pause)).one().id
    page = post(desk, "unpause", pause=str(pause_id))
    assert said(page) == "The pause is taken back: 11 diaries and visits are expected again."
    assert "paused until" not in page
    again = [row for row in rows(desk.parts, "assessment") if str(row["day"]) == "2026-04-16"]
    assert [(row["excused_at"], row["excused_why"]) for row in again] == [(None, None)]
    assert again[0]["next_at"] == NOW.replace(day=16, hour=16, minute=0)
    assert said(post(desk, "unpause", pause=str(pause_id))) == "That was so already. Nothing was changed."
    assert [event["by"] for event in events(desk, "patient.unpaused")] == ["coo"]


def test_a_hold_is_made_and_taken_back_and_what_is_paused_stays_so(desk: Desk) -> None:
    desk.sign_in("coo")
    post(desk, "pause", first="2026-04-20", last="2026-04-20", why="holiday", step="do")
    page = post(desk, "hold", why="hospital")
    assert "R-001 is on hold:" in said(page)
    assert "On hold since Wednesday 15 April: In hospital." in page
    for address in ("/staff/patients/R-001", "/staff/patients"):
        assert "on hold since 15 Apr" in plain(desk.page(address))
    with desk.parts.study.reading() as session:
        pause_id = session.exec(select(Pause)).one().id
    assert said(post(desk, "unpause", pause=str(pause_id))).startswith("The pause is taken back: 0")
    why = {str(row["day"]): row["excused_why"] for row in rows(desk.parts, "assessment") if row["timepoint"] == "diary"}
    assert why["2026-04-20"] == "hold: hospital", "the hold goes on"
    post(desk, "pause", first="2026-04-21", last="2026-04-21", why="holiday", step="do")
    page = post(desk, "resume")
    assert "R-001 is back:" in said(page)
    why = {str(row["day"]): row["excused_why"] for row in rows(desk.parts, "assessment") if row["timepoint"] == "diary"}
    assert (why["2026-04-20"], why["2026-04-21"]) == (None, "pause: holiday")
    assert said(post(desk, "resume")) == "That was so already. Nothing was changed."


WRONG = (
    ("hold", {}, "Choose why."),
    ("hold", {"why": "because"}, "Choose why."),
    ("pause", {"why": "holiday", "first": "2026-04-20"}, "Last day: write the day as year-month-day, or choose it."),
    ("pause", {"why": "holiday", "first": "2026-04-20", "last": "2026-04-19"}, "before the first"),
    ("pause", {"why": "holiday", "first": "2026-04-01", "last": "2026-04-14"}, "These days have passed."),
    ("pause", {"why": "holiday", "first": "2026-04-20", "last": "2028-04-19"}, "at most a year"),
    ("pause", {"first": "2026-04-20", "last": "2026-04-21"}, "Choose why."),
    ("pause", {}, "First day: write the day as year-month-day, or choose it. Last day: write the day"),
    ("pause", {}, "or choose it. Choose why."),
    ("end", {}, "Choose why."),
    ("event", {"event": "dose-stopped"}, "Choose what happened."),
)


def test_wrong_input_is_one_clear_line_and_changes_nothing(desk: Desk) -> None:
    desk.sign_in("coo")
    before = everything(desk)
    for verb, typed, line in WRONG:
        assert line in problem(post(desk, verb, 422, **typed))
        assert line in problem(post(desk, verb, 422, **typed, step="do"))
    assert everything(desk) == before


def everything(desk: Desk) -> list[object]:
    """What there is of patients: their rows with the heads of their chains, and what hangs on them."""
    return [rows(desk.parts, name) for name in ("patient", "assessment", "pause", "journey", "message")]


# ── Events and the end


def test_an_event_is_offered_where_the_protocol_counts_from_it_and_nowhere_else(desk: Desk) -> None:
    desk.sign_in("coo")
    assert "What happened" not in desk.page(PAGE)
    protocol = the_library().latest_protocol("thera-demo")
    after = replace(protocol.timepoint("week2"), key="after-stop", anchor=Anchor("event", "dose-stopped"), first_day=7)
    after = replace(after, last_day=7, title={"en": "A week after", "fr": "Une semaine après"})
    counting = replace(protocol, timepoints=(*protocol.timepoints, after))
    library = Counting(the_library(), counting)
    desk = Desk(replace(desk.parts, library=library), desk.made)  # type: ignore[arg-type]
    desk.sign_in("coo")
    assert "The treatment was stopped" in desk.page(PAGE)
    page = post(desk, "event", 200, event="dose-stopped", on="2026-04-13")
    assert "On Monday 13 April." in page
    assert "The protocol plans from it: A week after." in page
    for day, line in (("2026-04-09", "Choose a day from Friday 10 April to today."), ("2026-04-16", "Choose a day")):
        assert line in problem(post(desk, "event", 422, event="dose-stopped", on=day))
    page = post(desk, "event", event="dose-stopped", on="2026-04-13", step="do")
    assert said(page) == "Recorded: The treatment was stopped, Monday 13 April. 1 questionnaire or visit is planned."
    planned = next(row for row in rows(desk.parts, "assessment") if row["timepoint"] == "after-stop")
    assert planned["day"] == date(2026, 4, 20)
    assert "Event: The treatment was stopped, 13 Apr" in page
    late = post(desk, "zone", 200, zone="Asia/Tokyo", **{"from": "2027-04-10"})
    assert "From Saturday 10 April 2027, the days of the diary" in late, "an event may still come then"
    assert "It happens by itself on Fri 9 Apr 2027 19:45 in Paris" in late
    assert "The diary that is open until then" not in late


class Counting:
    """The library with one protocol in place of its published version."""

    def __init__(self, library: Any, protocol: Any) -> None:
        self._library, self._protocol = library, protocol

    def protocol(self, _id: str, _version: str) -> Any:
        return self._protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


def test_the_end_says_what_stops_ends_it_for_good_and_is_no_withdrawal(desk: Desk) -> None:
    desk.sign_in("coo")
    page = post(desk, "end", 200, why="completed")
    assert "End the study for R-001?" in page
    assert "This cannot be undone." in page
    assert patient(desk).ended_at is None
    page = post(desk, "end", why="completed", step="do")
    assert said(page).startswith("The study has ended for R-001:")
    assert (patient(desk).ended_why, patient(desk).withdrawn_at) == ("completed", None)
    for address in (PAGE, "/staff/patients/R-001", "/staff/patients"):
        assert "study ended 15 Apr" in plain(desk.page(address))
    for gone in ("Put this patient on hold", "See what will stop", "Take back", 'name="why"'):
        assert gone not in page
    assert said(post(desk, "end", why="completed", step="do")) == "That was so already. Nothing was changed."
    assert "no longer in the study" in problem(post(desk, "hold", 422, why="other"))
    assert "no longer in the study" in problem(post(desk, "zone", 422, zone="Asia/Tokyo", step="do"))


# ── Who may


VERBS = ("zone", "journey", "hold", "resume", "pause", "unpause", "end", "event")


def test_a_monitor_reads_and_changes_nothing(desk: Desk) -> None:
    desk.sign_in("mon")
    page = desk.page(PAGE)
    assert "Paris since" in page
    assert "/course/" not in page, "no form of any verb"
    before = everything(desk)
    for verb in VERBS:
        token = token_in(desk.page("/staff/"))
        assert desk.client.post(f"{PAGE}/{verb}", data={"csrf_token": token, "step": "do"}).status_code == 403
    assert everything(desk) == before


def test_another_site_s_coordinator_finds_nobody(desk: Desk) -> None:
    desk.sign_in("other")
    assert desk.client.get(PAGE).status_code == 404
    before = everything(desk)
    for verb in VERBS:
        token = token_in(desk.page("/staff/"))
        fields = {"csrf_token": token, "step": "do", "why": "other", "zone": "Asia/Tokyo"}
        assert desk.client.post(f"{PAGE}/{verb}", data=fields).status_code == 404
    assert everything(desk) == before


def test_a_post_without_the_page_s_token_changes_nothing(desk: Desk) -> None:
    desk.sign_in("coo")
    before = everything(desk)
    for verb in VERBS:
        assert desk.client.post(f"{PAGE}/{verb}", data={"why": "other", "step": "do"}).status_code == 303
    assert everything(desk) == before


def test_it_speaks_french(desk: Desk) -> None:
    desk.sign_in("fr")
    page = post(desk, "zone", 200, elsewhere="la reunion")
    assert "Carnet quotidien : les rappels passent à 18 h et 20 h, heure locale (La Réunion)." in page
    page = post(desk, "hold", why="hospital")
    assert "Suspendu depuis le mercredi 15 avril : Hospitalisation." in page


def test_what_was_before_a_journey_is_told_by_the_clocks_of_that_time(desk: Desk) -> None:
    lived = (Stay("Europe/Paris", date(2026, 4, 10)), Stay("Asia/Tokyo", date(2026, 4, 16)))
    assert [zone_at(lived, NOW + timedelta(days=days), CUTOFF) for days in (-30, 0, 1, 9)] == [
        "Europe/Paris", "Europe/Paris", "Asia/Tokyo", "Asia/Tokyo",
    ]  # fmt: skip
    opens = NOW.replace(hour=19, minute=0)  # 04:00 in Tokyo, 21:00 in Paris
    assert [zone_at(lived, opens - away, CUTOFF) for away in (timedelta(hours=3), timedelta(seconds=1), timedelta())] == [
        "Europe/Paris", "Europe/Paris", "Asia/Tokyo",
    ]  # fmt: skip
    desk.sign_in("coo")
    post(desk, "zone", zone="Asia/Tokyo", step="do")
    post(desk, "hold", why="hospital")
    page = plain(desk.page("/staff/patients/R-001"))
    assert "15 Apr 08:04:00</b> On hold: In hospital" in page
    assert "Tokyo from 16 Apr" in page


@pytest.mark.parametrize(("login", "whose"), [("coo", "Tokyo time"), ("fr", "heure locale : Tokyo")])
def test_messages_of_before_a_journey_stand_at_the_hour_they_came_at(desk: Desk, login: str, whose: str) -> None:
    """Sent in Paris on 14 April at 18:00, and a step that no text carried at 20:00; the patient is in Tokyo since."""
    came = NOW.replace(day=14, hour=16, minute=0)
    with desk.parts.study.writing() as session:
        about = {"site_id": patient(desk).site_id, "patient_id": patient(desk).id, "template": "reminder"}
        about |= {"language": "fr", "not_after": came + timedelta(hours=9), "attempts": 1, "state": "delivered"}
        for n, at in enumerate((came, came + timedelta(days=3))):
            session.add(Message(**about, dedupe_key=f"k{n}", due_at=at, sent_at=at))
        asked = session.exec(select(Assessment).where(Assessment.day == came.date())).first()
        assert asked is not None
        step = {"assessment_id": asked.id, "step": "at-20:00", "planned_at": came + timedelta(hours=2)}
        session.add(Reminder(**step, why_none="completed"))
    desk.sign_in("coo")
    post(desk, "zone", zone="Asia/Tokyo", step="do")
    desk.clock.move(timedelta(days=4))
    desk.sign_in(login)
    page = plain(desk.page("/staff/messages"))
    at_18, at_20, at_1 = ("18:00", "20:00", "01:00") if login == "coo" else ("18 h", "20 h", "1 h")
    day, month = ("Tue 14 Apr", "14 Apr") if login == "coo" else ("mar. 14 avr.", "14 avr.")
    assert f"<td>{day} {at_18}</td>" in page
    assert f"<b>{month} {at_20}</b>" in page
    assert f"{at_1} ({whose})</td>" in page, "whose clock it is, where the site's shows another time"
