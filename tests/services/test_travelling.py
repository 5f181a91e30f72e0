"""A new zone, a hold, a pause, the end: what is recomputed, excused, cancelled and said. Both engines."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from pro import walking, worker
from pro.clock import Moment
from pro.services import delivery, health, reminding
from pro.services.enrolment import COMMAND_LINE, journeys
from pro.services.enrolment.holding import NotNow, end, hold, pause, resume, unpause
from pro.services.enrolment.journeys import plan_journey, set_out
from pro.services.enrolment.travelling import SameZone, change_zone, move
from pro.services.parts import Parts
from pro.store.tables import Patient
from tests.conftest import Urls
from tests.factories import Made, make_parts, make_patient, make_staff, make_study
from tests.services.play import fill, give_link, stand
from tests.services.test_bells import rows, set_bells, walk

DAY0 = date(2026, 4, 10)
TEN = datetime(2026, 4, 15, 8, 0, tzinfo=UTC)
"""10:00 in Paris, patient-day 15 April."""
AFTERNOON = TEN + timedelta(hours=4)
"""Late filling of the day before is over."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    make_staff(parts, made, "first", duty=1)
    stand(parts, TEN)
    patient = make_patient(parts, made, day0=DAY0)
    set_bells(parts, patient, TEN - timedelta(minutes=1))
    return patient


def diary(parts: Parts, day: str, timepoint: str = "diary") -> dict[str, object]:
    return next(row for row in rows(parts, "assessment") if row["timepoint"] == timepoint and str(row["day"]) == day)


def events(parts: Parts, kind: str) -> list[dict[str, object]]:
    return [json.loads(str(row["payload"])) for row in rows(parts, "audit_event") if row["kind"] == kind]


# --- zone


def test_days_not_yet_open_go_by_the_new_clocks_and_the_open_one_closes_where_they_begin(
    parts: Parts, patient: int
) -> None:
    moved = change_zone(parts, COMMAND_LINE, patient, "Indian/Reunion", parts.clock.now())
    assert (moved.from_day, moved.at) == (date(2026, 4, 16), utc("2026-04-16T00:00"))
    today, tomorrow = diary(parts, "2026-04-15"), diary(parts, "2026-04-16")
    assert (today["opens_at"], today["closes_at"]) == (utc("2026-04-15T02:00"), utc("2026-04-16T00:00"))
    assert today["clocks"] == "Europe/Paris"
    assert today["next_at"] == utc("2026-04-15T16:00")  # 18:00 in Paris, as before
    assert (tomorrow["opens_at"], tomorrow["closes_at"]) == (utc("2026-04-16T00:00"), utc("2026-04-17T00:00"))
    assert (tomorrow["clocks"], tomorrow["next_at"]) == (None, utc("2026-04-16T14:00"))  # 18:00 on Réunion
    yesterday = diary(parts, "2026-04-14")
    assert yesterday["closes_at"] == today["opens_at"]
    assert yesterday["late_until"] == utc("2026-04-15T10:00")
    assert sorted((str(row["from_day"]), row["zone"]) for row in rows(parts, "zone_history")) == [
        ("2026-04-15", "Europe/Paris"), ("2026-04-16", "Indian/Reunion"),
    ]  # fmt: skip
    (event,) = events(parts, "patient.zone-changed")
    assert event["from_day"] == "2026-04-16"
    assert (event["from"], event["to"]) == ("Europe/Paris", "Indian/Reunion")


def test_a_step_that_was_sent_is_not_sent_again_by_other_clocks(parts: Parts, patient: int) -> None:
    walk(parts, utc("2026-04-15T17:00"))
    change_zone(parts, COMMAND_LINE, patient, "America/Guadeloupe", parts.clock.now())
    walk(parts, utc("2026-04-16T12:00"))
    steps = [
        (row["step"], row["planned_at"])
        for row in rows(parts, "reminder")
        if row["assessment_id"] == diary(parts, "2026-04-15")["id"]
    ]
    assert sorted(steps) == [("at-18:00", utc("2026-04-15T16:00")), ("at-20:00", utc("2026-04-15T18:00"))]
    due = [row["due_at"] for row in rows(parts, "message") if utc("2026-04-15T15:00") < row["due_at"]]  # type: ignore[operator]
    assert sorted(due) == [utc("2026-04-15T16:00"), utc("2026-04-15T18:00")]  # type: ignore[type-var]


def test_what_was_answered_keeps_its_instants(parts: Parts, patient: int) -> None:
    stand(parts, AFTERNOON)
    fill(parts, give_link(parts, patient))
    before = diary(parts, "2026-04-15")
    change_zone(parts, COMMAND_LINE, patient, "Asia/Tokyo", parts.clock.now())
    assert diary(parts, "2026-04-15") == {**before, "clocks": "Europe/Paris"}


def test_home_again_the_same_day_is_as_if_nobody_had_left(parts: Parts, patient: int) -> None:
    before = [(row["id"], row["opens_at"], row["closes_at"], row["next_at"]) for row in rows(parts, "assessment")]
    change_zone(parts, COMMAND_LINE, patient, "Asia/Tokyo", parts.clock.now())
    change_zone(parts, COMMAND_LINE, patient, "Europe/Paris", parts.clock.now())
    after = [(row["id"], row["opens_at"], row["closes_at"], row["next_at"]) for row in rows(parts, "assessment")]
    assert sorted(after) == sorted(before)
    with pytest.raises(SameZone):
        change_zone(parts, COMMAND_LINE, patient, "Europe/Paris", parts.clock.now())


# --- hold, pause, end


def test_a_hold_silences_and_excuses_until_it_is_taken_back(parts: Parts, patient: int) -> None:
    held = hold(parts, COMMAND_LINE, patient, "hospital", parts.clock.now())
    assert held.assessments > 70
    assert hold(parts, COMMAND_LINE, patient, "hospital", parts.clock.now()).already
    before = len(rows(parts, "message"))
    walk(parts, utc("2026-04-18T12:00"))
    assert len(rows(parts, "message")) == before
    assert rows(parts, "task") == []
    over = diary(parts, "2026-04-16")
    assert over["closed_at"] is not None
    assert over["excused_why"] == "hold: hospital"
    whys = {row["why_none"] for row in rows(parts, "reminder") if row["assessment_id"] == over["id"]}
    assert whys == {"excused"}
    assert [one["day"] for one in events(parts, "assessment.excused")][-1] == "2026-04-17"
    taken_back = resume(parts, COMMAND_LINE, patient, parts.clock.now())
    assert taken_back.assessments == held.assessments - 4  # the 14th (late filling) to the 17th are over
    open_one = diary(parts, "2026-04-18")
    assert (open_one["excused_at"], open_one["next_at"]) == (None, utc("2026-04-18T16:00"))
    assert diary(parts, "2026-04-16")["excused_at"] is not None
    assert (len(events(parts, "patient.held")), len(events(parts, "patient.resumed"))) == (1, 1)


def test_a_day_that_passed_on_hold_stays_excused_though_it_may_be_filled_late(parts: Parts, patient: int) -> None:
    """Taken back at ten in the morning: yesterday is open for late entry until noon, and nobody asked for it in time."""
    hold(parts, COMMAND_LINE, patient, "hospital", parts.clock.now())
    walk(parts, utc("2026-04-18T08:00"))
    resume(parts, COMMAND_LINE, patient, parts.clock.now())
    assert diary(parts, "2026-04-17")["excused_why"] == "hold: hospital"
    assert diary(parts, "2026-04-18")["excused_at"] is None
    walk(parts, utc("2026-04-18T11:00"))
    assert [one["day"] for one in events(parts, "assessment.excused")][-1] == "2026-04-17"
    assert rows(parts, "task") == []


def test_a_hold_of_minutes_excuses_nothing_of_the_day_before(parts: Parts, patient: int) -> None:
    hold(parts, COMMAND_LINE, patient, "other", parts.clock.now())
    stand(parts, TEN + timedelta(minutes=5))
    resume(parts, COMMAND_LINE, patient, parts.clock.now())
    assert diary(parts, "2026-04-14")["excused_at"] is None


def test_a_step_that_passed_on_hold_says_so_although_its_day_is_asked_again(parts: Parts, patient: int) -> None:
    hold(parts, COMMAND_LINE, patient, "hospital", parts.clock.now())
    walk(parts, utc("2026-04-18T16:30"))  # 18:30 in Paris
    resume(parts, COMMAND_LINE, patient, parts.clock.now())
    walk(parts, utc("2026-04-19T10:30"))
    mine = diary(parts, "2026-04-18")["id"]
    whys = {row["step"]: row["why_none"] for row in rows(parts, "reminder") if row["assessment_id"] == mine}
    assert whys == {"at-18:00": "excused", "at-20:00": None}


def test_a_diary_on_hold_may_still_be_filled(parts: Parts, patient: int) -> None:
    hold(parts, COMMAND_LINE, patient, "other", parts.clock.now())
    stand(parts, AFTERNOON)
    fill(parts, give_link(parts, patient))
    assert diary(parts, "2026-04-15")["submitted_at"] == AFTERNOON


def test_a_pause_excuses_its_days_alone(parts: Parts, patient: int) -> None:
    done = pause(parts, COMMAND_LINE, patient, date(2026, 4, 20), date(2026, 4, 26), "holiday", parts.clock.now())
    assert done.assessments == 8  # seven diaries and week 2
    assert diary(parts, "2026-04-20")["excused_why"] == "pause: holiday"
    assert diary(parts, "2026-04-19")["excused_at"] is diary(parts, "2026-04-27")["excused_at"] is None
    assert resume(parts, COMMAND_LINE, patient, parts.clock.now()).already
    assert diary(parts, "2026-04-20")["excused_at"] is not None
    with pytest.raises(NotNow, match="before it begins"):
        pause(parts, COMMAND_LINE, patient, date(2026, 4, 26), date(2026, 4, 20), "holiday", parts.clock.now())


def test_the_end_cancels_what_is_unfinished_and_drops_what_waits(parts: Parts, patient: int) -> None:
    stand(parts, utc("2026-04-15T16:00"))
    reminding.tick(parts, parts.clock.now())
    ended = end(parts, COMMAND_LINE, patient, "completed", parts.clock.now())
    assert ended.messages >= 1
    assert end(parts, COMMAND_LINE, patient, "completed", parts.clock.now()).already
    assert diary(parts, "2026-04-20")["cancelled_at"] is not None
    assert "pending" not in {row["state"] for row in rows(parts, "message")}
    walk(parts, utc("2026-05-01T12:00"))
    assert not [row for row in rows(parts, "message") if row["due_at"] > utc("2026-04-15T16:00")]  # type: ignore[operator]
    with pytest.raises(NotNow, match="has ended"):
        hold(parts, COMMAND_LINE, patient, "other", parts.clock.now())
    (event,) = events(parts, "patient.ended")
    assert event["why"] == "completed"


def test_a_reason_is_one_of_the_list(parts: Parts, patient: int) -> None:
    with pytest.raises(NotNow, match="one of hospital"):
        hold(parts, COMMAND_LINE, patient, "Mr. Smith is ill", parts.clock.now())


# --- what is known before, and what is taken back


def test_a_journey_is_made_by_the_worker_on_its_day_once(parts: Parts, patient: int) -> None:
    now = parts.clock.now()
    seen = plan_journey(parts, COMMAND_LINE, patient, "Asia/Tokyo", date(2026, 4, 18), now)
    assert (seen.at_once, seen.from_day, seen.at) == (False, date(2026, 4, 18), utc("2026-04-17T19:00"))
    assert [told.at.hour for told in seen.reminders] == [9, 11]  # 18:00 and 20:00 in Tokyo
    before = [row["opens_at"] for row in rows(parts, "assessment")]
    assert set_out(parts, stand(parts, seen.at - timedelta(minutes=80))) == 0
    assert [row["opens_at"] for row in rows(parts, "assessment")] == before
    assert set_out(parts, stand(parts, seen.at - timedelta(minutes=20))) == 1
    assert set_out(parts, parts.clock.now()) == 0
    assert diary(parts, "2026-04-18")["opens_at"] == seen.at
    assert diary(parts, "2026-04-18")["next_at"] == seen.reminders[0].at
    (event,) = events(parts, "patient.zone-changed")
    assert (event["to"], event["from_day"]) == ("Asia/Tokyo", "2026-04-18")


@pytest.mark.parametrize(("zone", "sent"), [("America/Montreal", False), ("Asia/Tokyo", True)])
def test_what_the_preview_tells_of_an_open_visit_is_what_the_worker_does(
    parts: Parts, patient: int, zone: str, sent: bool
) -> None:
    """Its reminder of the next day stays at 10:00 in Paris: at 04:00 it is silent, at 17:00 it is sent."""
    visitor = make_patient(parts, Made(1, {"R": 1}), "R-009", day0=date(2026, 3, 19))
    set_bells(parts, visitor, TEN)
    seen = plan_journey(parts, COMMAND_LINE, visitor, zone, None, parts.clock.now())
    (told,) = (each for each in seen.reminders if each.timepoint == "week4")
    assert (told.at, told.leaves_at is not None, told.moves) == (TEN + timedelta(days=1), sent, False)
    walk(parts, told.at)
    for late in (0, 2, 5):
        delivery.tick(parts, stand(parts, told.at + timedelta(hours=late)), "w1", seconds=lambda: 0.0)
    texts = [row for row in rows(parts, "message") if (row["patient_id"], row["due_at"]) == (visitor, told.at)]
    assert [row["state"] for row in texts] == ["sent" if sent else "dropped"]


def test_a_journey_that_nobody_made_in_time_holds_from_the_next_day(parts: Parts, patient: int) -> None:
    plan_journey(parts, COMMAND_LINE, patient, "Asia/Tokyo", date(2026, 4, 18), parts.clock.now())
    assert set_out(parts, stand(parts, utc("2026-04-18T03:00"))) == 1
    (event,) = events(parts, "patient.zone-changed")
    assert event["from_day"] == "2026-04-19"


TOKYO = utc("2026-04-17T17:45")
"""75 minutes before 18 April opens in Tokyo."""


def plan_tokyo(parts: Parts, patient: int) -> None:
    plan_journey(parts, COMMAND_LINE, patient, "Asia/Tokyo", date(2026, 4, 18), parts.clock.now())


def test_an_amended_cut_off_moves_when_a_journey_is_made_and_until_then_it_costs_one_look(
    parts: Parts, patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look is where its day begins; what the cut-off is then decides."""
    plan_tokyo(parts, patient)
    looked: list[datetime] = []
    opening = journeys._opening

    def watched(*of: Any) -> datetime:
        looked.append(parts.clock.now().study)
        return opening(*of)

    monkeypatch.setattr(journeys, "_opening", watched)
    for before in (timedelta(hours=5), timedelta(hours=4), timedelta(hours=3), timedelta(0)):
        worker.tick_once(parts, stand(parts, TOKYO - before), "w1", seconds=lambda: 0.0)
    assert looked == [TOKYO - timedelta(hours=4), TOKYO], "18 April begins at 00:00 there, four hours before it opens"
    (made,) = (row["at"] for row in rows(parts, "audit_event") if row["kind"] == "patient.zone-changed")
    assert made == TOKYO


def test_a_clock_that_is_moved_comes_by_a_journey_to_come_at_its_instant(parts: Parts, patient: int) -> None:
    """As the demonstration moves its own: study time walks from bell to bell, while by running time no hour passes."""
    plan_tokyo(parts, patient)
    running = parts.clock.now().running

    def reach(at: datetime) -> Moment:
        stand(parts, at)
        return Moment(at, running)

    walking.walk(parts, TEN, utc("2026-04-18T12:00"), reach, seconds=lambda: 0.0)
    (made,) = (row["at"] for row in rows(parts, "audit_event") if row["kind"] == "patient.zone-changed")
    assert made == TOKYO
    sent = {str(row["due_at"]): row["state"] for row in rows(parts, "message")}
    assert sent["2026-04-17 16:00:00+00:00"] == "sent", "18:00 in Paris, before"
    assert sent["2026-04-17 18:00:00+00:00"] == "dropped", "20:00 in Paris, 03:00 in Tokyo"
    assert sent["2026-04-18 09:00:00+00:00"] == "sent", "18:00 in Tokyo"


def test_a_worker_that_starts_again_makes_an_overdue_journey_before_it_reminds(parts: Parts, patient: int) -> None:
    """18:00 in Paris rang a minute ago; in Tokyo, where the patient is, it is the middle of the night."""
    plan_tokyo(parts, patient)
    assert worker.tick_once(parts, parts.clock.now(), "w1") == ()
    late = stand(parts, utc("2026-04-18T16:01"))
    assert [alarm.about for alarm in health.look(parts, late).alarms] == ["worker", "due", "journey"]
    assert worker.tick_once(parts, late, "w2", seconds=lambda: 0.0) == ()
    assert health.look(parts, late).ok
    (event,) = events(parts, "patient.zone-changed")
    assert event["to"] == "Asia/Tokyo"
    assert [row["state"] for row in rows(parts, "message") if row["due_at"] == utc("2026-04-18T16:00")] == ["dropped"]
    assert "sent" not in {row["state"] for row in rows(parts, "message")}


def test_a_journey_that_cannot_be_made_is_an_alarm_and_holds_up_nobody_else(
    parts: Parts, patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_patient(parts, Made(1, {"R": 1}), "R-009", day0=DAY0)
    for one in (patient, other):
        plan_tokyo(parts, one)

    def broken(parts: Parts, session: Session, who: Patient, *more: Any) -> object:
        if who.id == patient:
            raise RuntimeError("a row that nobody thought of")
        return move(parts, session, who, *more)

    monkeypatch.setattr(journeys, "move", broken)
    assert worker.tick_once(parts, stand(parts, TOKYO), "w1", seconds=lambda: 0.0) == ("setting out",)
    assert {row["id"]: row["zone"] for row in rows(parts, "patient")} == {patient: "Europe/Paris", other: "Asia/Tokyo"}
    intervals = 3 * timedelta(seconds=worker.EVERY)
    for late, rung in ((intervals, []), (intervals + timedelta(seconds=1), ["journey"])):
        worker.tick_once(parts, stand(parts, TOKYO + late), "w1", seconds=lambda: 0.0)
        assert [alarm.about for alarm in health.look(parts, parts.clock.now()).alarms] == rung
    monkeypatch.undo()
    worker.tick_once(parts, parts.clock.now(), "w1", seconds=lambda: 0.0)
    assert health.look(parts, parts.clock.now()).ok


def test_a_step_that_has_just_rung_is_still_told_when_a_journey_is_made(parts: Parts, patient: int) -> None:
    change_zone(parts, COMMAND_LINE, patient, "Europe/London", stand(parts, utc("2026-04-15T16:00:10")))
    reminding.tick(parts, stand(parts, utc("2026-04-15T16:00:15")))
    assert [row["due_at"] for row in rows(parts, "message")] == [utc("2026-04-15T16:00")]


def test_a_pause_taken_back_frees_what_nothing_else_excuses(parts: Parts, patient: int) -> None:
    now = parts.clock.now()
    pause(parts, COMMAND_LINE, patient, date(2026, 4, 16), date(2026, 4, 20), "holiday", now)
    pause(parts, COMMAND_LINE, patient, date(2026, 4, 19), date(2026, 4, 22), "hospital", now)
    first, second = (int(str(row["id"])) for row in rows(parts, "pause"))
    assert unpause(parts, COMMAND_LINE, patient, first, now).assessments == 3
    assert diary(parts, "2026-04-18")["excused_at"] is None
    assert diary(parts, "2026-04-20")["excused_why"] == "pause: hospital"
    assert unpause(parts, COMMAND_LINE, patient, first, now).already
    assert unpause(parts, COMMAND_LINE, patient, second, now).assessments == 4
    assert diary(parts, "2026-04-18")["next_at"] == utc("2026-04-18T16:00")
