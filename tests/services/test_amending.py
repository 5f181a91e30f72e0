"""An amendment is shown before it is approved, and does what was shown; nothing answered or sent moves. Both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from pro import worker
from pro.domain.protocol import QuestionnaireVersion
from pro.services import amending, audit_trail, balancing, delivery, reminding
from pro.services.amended import Amended, Numbers
from pro.services.amending import NotAmended, approve, go_on, preview, wanted
from pro.services.amending_patients import Approved
from pro.services.enrolment import COMMAND_LINE, inclusion
from pro.services.enrolment.holding import end, hold, resume
from pro.services.enrolment.leaving import withdraw
from pro.services.enrolment.travelling import change_zone
from pro.services.parts import Parts
from pro.store.tables import Role, Study, metadata
from tests.amendment import (
    AFTER_VISIT,
    DIARY,
    LATER,
    NOON,
    OTHER,
    SECOND,
    VISIT,
    Town,
)
from tests.conftest import Urls
from tests.domain.thera import timepoint
from tests.factories import make_response, make_staff
from tests.services.play import counted, stand
from tests.services.test_bells import rows, walk

t = metadata.tables
WHY = "the evening reminder came too early"


@pytest.fixture
def town(sqlite_urls: Urls) -> Town:
    return Town(sqlite_urls, SECOND)


@pytest.fixture
def either(database_urls: Urls) -> Town:
    """On each engine in turn: where it is the SQL that decides."""
    return Town(database_urls, SECOND)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def look(town: Town, to: str = "2") -> list[Amended]:
    with town.parts.study.reading() as session:
        asked = wanted(town.parts, session, session.get_one(Study, town.study), to, town.parts.clock.now())
    return list(preview(town.parts, asked, town.parts.clock.now()))


def go(town: Town, to: str = "2", **more: object) -> Approved:
    return approve(town.parts, town.lead, town.study, to, WHY, town.parts.clock.now(), **more)  # type: ignore[arg-type]


def one(town: Town, timepoint: str, day: date, patient: int = 1) -> dict[str, object]:
    [found] = [
        row
        for row in rows(town.parts, "assessment")
        if (row["timepoint"], row["day"], row["patient_id"]) == (timepoint, day, patient)
    ]
    return found


def touch(town: Town, id_: object, **values: object) -> None:
    with town.parts.study.writing() as session:
        session.execute(update(t["assessment"]).where(t["assessment"].c.id == id_).values(**values))


def queue(town: Town, at: datetime) -> None:
    """The worker has put what is due into the outbox, and died before sending it."""
    reminding.tick(town.parts, stand(town.parts, at))


def ledger(town: Town) -> dict[str, tuple[object, object]]:
    """Step → why none and its message's state, of the rows that an amendment may have touched."""
    states = {row["id"]: row["state"] for row in rows(town.parts, "message")}
    return {
        f"{row['assessment_id']} {row['step']}": (row["why_none"], states.get(row["message_id"]))
        for row in rows(town.parts, "reminder")
    }


def all_of(parts: Parts) -> dict[str, list[dict[str, object]]]:
    names = ("assessment", "reminder", "message", "message_event", "audit_event", "patient", "amendment")
    return {name: sorted(rows(parts, name), key=str) for name in (*names, "protocol_in_force")}


# --- shown


def test_each_patient_is_told_what_appears_moves_vanishes_and_stays_and_nothing_is_written(either: Town) -> None:
    either.patient()
    touch(either, one(either, "other", date(2026, 4, 17))["id"], started_at=NOON)
    before = all_of(either.parts)
    [found] = look(either)
    assert found.numbers == Numbers(patients=1, moves=8, appears=1, vanishes=2, kept=1, over=5, sms=7)
    said = {(item.timepoint, item.day): (item.kind, item.why) for item in found.items}
    assert said["visit", date(2026, 4, 19)] == ("moves", "window")
    assert said["other", date(2026, 4, 17)] == ("stays", "begun")
    assert said["diary", date(2026, 4, 14)] == ("stays", "over")
    assert said["diary", date(2026, 4, 15)] == ("moves", "reminders")
    assert said["diary", date(2026, 4, 23)] == ("vanishes", "gone")
    assert said["added", date(2026, 4, 22)] == ("appears", "new")
    [today] = [item for item in found.items if (item.timepoint, item.day) == ("diary", date(2026, 4, 15))]
    assert [(step.step, step.kind) for step in today.steps] == [
        ("at-18:00", "vanishes"),
        ("at-20:00", "stays"),
        ("at-19:00", "appears"),
    ]
    assert all_of(either.parts) == before


def test_patients_are_read_in_batches(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(1, 6):
        town.patient(f"R-00{n}")
    with counted(town.parts) as seen:
        assert len(look(town)) == 5
    few = len(seen)
    monkeypatch.setattr(amending, "BATCH", 2)
    with counted(town.parts) as seen:
        assert [found.patient.number for found in look(town)] == [f"R-00{n}" for n in range(1, 6)]
    assert few < len(seen) <= 3 * few


def test_other_questions_at_the_same_times_are_told(sqlite_urls: Urls) -> None:
    asks = replace(OTHER, questionnaires=(QuestionnaireVersion("joint-count", "1"),))
    town = Town(sqlite_urls, (VISIT, asks, DIARY))
    town.patient()
    [found] = look(town)
    assert found.numbers == Numbers(patients=1, renewed=1, same=10, over=5)
    assert [(item.timepoint, item.why) for item in found.items if item.kind == "renewed"] == [("other", "questions")]


# --- carried out


def test_it_does_what_was_shown(either: Town) -> None:
    either.patient()
    begun = one(either, "other", date(2026, 4, 17))
    touch(either, begun["id"], started_at=NOON)
    before = {row["id"]: row for row in rows(either.parts, "assessment")}
    [shown] = look(either)
    done = go(either)
    assert (done.numbers, done.left, done.already) == (replace(shown.numbers, same=0, over=0, sms=0), 0, False)
    visit = one(either, "visit", date(2026, 4, 19))
    assert visit["id"] == next(row["id"] for row in before.values() if row["timepoint"] == "visit")
    assert (visit["protocol_version"], visit["opens_at"]) == ("2", utc("2026-04-18T02:00"))
    assert visit["next_at"] == utc("2026-04-18T08:00")
    today = one(either, "diary", date(2026, 4, 15))
    assert (today["protocol_version"], today["next_at"]) == ("2", utc("2026-04-15T17:00"))  # 19:00 in Paris
    added = one(either, "added", date(2026, 4, 22))
    assert (added["protocol_version"], added["next_at"]) == ("2", utc("2026-04-22T08:00"))
    gone = one(either, "diary", date(2026, 4, 23))
    assert (gone["cancelled_at"], gone["next_at"]) == (NOON, None)
    for day in (date(2026, 4, 10), date(2026, 4, 14)):
        row = one(either, "diary", day)
        assert row == before[row["id"]]
    assert one(either, "other", date(2026, 4, 17)) == {**begun, "started_at": NOON}
    assert rows(either.parts, "patient")[0]["protocol_version"] == "2"


def test_the_trail_says_who_why_and_what(town: Town) -> None:
    town.patient()
    go(town)
    events = {str(row["kind"]): row for row in rows(town.parts, "audit_event")}
    approved = events["protocol.amended"]
    assert (approved["chain"], approved["actor"], approved["role"]) == ("system", "lead", "investigator")
    assert json.loads(str(approved["payload"]))["reason"] == WHY
    of_patient = events["patient.amended"]
    said = json.loads(str(of_patient["payload"]))
    assert (of_patient["chain"], said["from"], said["to"]) == ("patient:R-001", "1", "2")
    assert [each["day"] for each in said["vanishes"]] == ["2026-04-22", "2026-04-23"]
    [visit] = [each for each in said["moves"] if each["timepoint"] == "visit"]
    assert (visit["from_day"], visit["day"]) == ("2026-04-17", "2026-04-19")
    assert events["protocol.amendment-finished"]["chain"] == "system"
    assert audit_trail.verify_database(town.parts).ok


def test_twice_is_once(either: Town) -> None:
    either.patient()
    first = go(either)
    before = all_of(either.parts)
    again = go(either)
    assert (again.already, again.numbers, again.left) == (True, first.numbers, 0)
    assert all_of(either.parts) == before


def test_what_was_sent_stays_with_its_version(town: Town) -> None:
    town.patient()
    evening = stand(town.parts, utc("2026-04-15T16:00"))
    worker.tick_once(town.parts, evening, "w")
    before = one(town, "diary", date(2026, 4, 15))
    said = {(item.timepoint, item.day): item.why for item in look(town)[0].items}
    assert said["diary", date(2026, 4, 15)] == "message-sent"
    go(town)
    assert one(town, "diary", date(2026, 4, 15)) == before
    walk(town.parts, utc("2026-04-16T12:00"))
    mine = [row["step"] for row in rows(town.parts, "reminder") if row["assessment_id"] == before["id"]]
    assert sorted(map(str, mine)) == ["at-18:00", "at-20:00"], "by the version it was made with"


def test_a_message_that_waits_for_a_moved_step_is_dropped_and_the_step_is_planned_anew(either: Town) -> None:
    either.patient()
    queue(either, utc("2026-04-15T16:00"))
    id_ = one(either, "diary", date(2026, 4, 15))["id"]
    assert ledger(either) == {f"{id_} at-18:00": (None, "pending")}
    go(either)
    assert ledger(either) == {f"{id_} at-18:00~1": ("amended", "dropped")}
    worker.tick_once(either.parts, stand(either.parts, utc("2026-04-15T17:00")), "w")
    worker.tick_once(either.parts, stand(either.parts, utc("2026-04-15T18:00")), "w")
    assert ledger(either) == {
        f"{id_} at-18:00~1": ("amended", "dropped"),
        f"{id_} at-19:00": (None, "sent"),
        f"{id_} at-20:00": (None, "sent"),
    }
    assert balancing.recount(either.parts).holds
    kinds = [(row["kind"], row["detail"]) for row in rows(either.parts, "message_event")]
    assert ("dropped", "amended") in kinds


def test_a_message_shared_with_what_stays_goes_out_for_that_alone(either: Town) -> None:
    """Both visits are reminded of at 10:00 on the 16th; the amendment moves one of them."""
    either.patient()
    queue(either, utc("2026-04-16T08:00"))
    visit, other = one(either, "visit", date(2026, 4, 17))["id"], one(either, "other", date(2026, 4, 17))["id"]
    assert [row["state"] for row in rows(either.parts, "message")].count("pending") == 1
    go(either)
    told = ledger(either)
    assert told[f"{visit} at-10:00/-1~1"] == ("amended", None)
    assert told[f"{other} at-10:00/-1"] == (None, "pending")
    delivery.tick(either.parts, stand(either.parts, utc("2026-04-16T08:01")), "w")
    assert ledger(either)[f"{other} at-10:00/-1"] == (None, "sent")
    walk(either.parts, utc("2026-04-18T08:00"))
    again = ledger(either)
    assert again[f"{visit} at-10:00/-1"] == (None, "pending"), "the same step, two days later"
    assert balancing.recount(either.parts).holds


def test_steps_whose_time_has_passed_are_explained_and_never_sent(sqlite_urls: Urls) -> None:
    morning = replace(DIARY, reminders=timepoint("", 0, at=("09:00", "20:00")).reminders)
    town = Town(sqlite_urls, (VISIT, OTHER, morning, timepoint("today", 5, at=("10:00", "18:00"))))
    town.patient()
    go(town)
    diary, made = one(town, "diary", date(2026, 4, 15))["id"], one(town, "today", date(2026, 4, 15))["id"]
    assert ledger(town) == {
        f"{diary} at-09:00": ("before-amendment", None),
        f"{made} at-10:00": ("before-amendment", None),
    }
    walk(town.parts, utc("2026-04-15T17:00"))
    assert ledger(town)[f"{made} at-18:00"] == (None, "pending")
    assert balancing.recount(town.parts).holds


def test_a_bell_that_rang_and_was_not_heard_yet_is_heard_after_it(sqlite_urls: Urls) -> None:
    """The worker is late by a minute; the step at 18:00 stays, so that it is still sent."""
    town = Town(sqlite_urls, (VISIT, OTHER, replace(DIARY, reminders=timepoint("", 0, at=("18:00",)).reminders)))
    town.patient()
    stand(town.parts, utc("2026-04-15T16:01"))
    go(town)
    worker.tick_once(town.parts, town.parts.clock.now(), "w")
    id_ = one(town, "diary", date(2026, 4, 15))["id"]
    assert ledger(town)[f"{id_} at-18:00"] == (None, "sent")


def test_what_an_amendment_called_off_comes_back_with_a_later_one(database_urls: Urls) -> None:
    town = Town(database_urls, (VISIT, OTHER, replace(DIARY, last_day=9)), (VISIT, OTHER, replace(DIARY, last_day=11)))
    town.patient()
    go(town)
    gone = one(town, "diary", date(2026, 4, 21))
    assert gone["cancelled_at"] is not None
    stand(town.parts, NOON + timedelta(days=1))
    done = go(town, "3")
    assert done.numbers.appears == 2
    back = one(town, "diary", date(2026, 4, 21))
    assert (back["id"], back["cancelled_at"], back["protocol_version"]) == (gone["id"], None, "3")
    assert back["next_at"] == utc("2026-04-21T16:00")
    assert one(town, "diary", date(2026, 4, 23))["cancelled_at"] is not None


def test_a_visit_that_moves_to_a_day_called_off_before_takes_its_place(sqlite_urls: Urls) -> None:
    twice = replace(VISIT, last_day=14, every=7)
    town = Town(sqlite_urls, (VISIT,), (replace(VISIT, first_day=14, last_day=14),), first=(twice,))
    town.patient()
    go(town)
    go(town, "3")
    alive = [row["day"] for row in rows(town.parts, "assessment") if row["cancelled_at"] is None]
    assert alive == [date(2026, 4, 24)]
    assert [found.numbers for found in look_again(town)] == []


def look_again(town: Town) -> Iterator[Amended]:
    with pytest.raises(NotAmended, match="already"):
        look(town, "3")
    return iter(())


@pytest.mark.parametrize("by", ["patient", "staff"])
def test_what_has_one_saved_answer_or_a_form_of_staff_s_stays(either: Town, by: str) -> None:
    either.patient()
    today = one(either, "diary", date(2026, 4, 15))
    with either.parts.study.writing() as session:
        if by == "patient":
            saved = {"client": "c", "seq": 1, "item": "q.i", "code": "answered", "received_at": NOON}
            session.execute(t["answer_save"].insert().values(**saved, assessment_id=today["id"], mode="own-phone"))
        else:
            session.add(make_response(int(str(today["id"])), 1, date(2026, 4, 15), {}, NOON))
    go(either)
    assert one(either, "diary", date(2026, 4, 15)) == today


# --- who is in it


def test_who_has_left_keeps_the_earlier_version(town: Town) -> None:
    for n in (1, 2, 3):
        town.patient(f"R-00{n}")
    withdraw(town.parts, COMMAND_LINE, 1, "burden", "keep", town.parts.clock.now())
    end(town.parts, COMMAND_LINE, 2, "completed", town.parts.clock.now())
    assert [found.patient.number for found in look(town)] == ["R-003"]
    assert go(town).numbers.patients == 1
    assert [row["protocol_version"] for row in rows(town.parts, "patient")] == ["1", "1", "2"]


def test_what_appears_while_the_study_is_held_is_not_asked_until_it_goes_on(town: Town) -> None:
    town.patient()
    hold(town.parts, COMMAND_LINE, 1, "hospital", town.parts.clock.now())
    go(town)
    added, moved = one(town, "added", date(2026, 4, 22)), one(town, "visit", date(2026, 4, 19))
    assert added["excused_why"] == "hold: planned meanwhile"
    assert moved["excused_why"] == "hold: hospital"
    assert added["next_at"] == utc("2026-04-22T08:00"), "the bell rings, and the ledger says why nobody is reminded"
    resume(town.parts, COMMAND_LINE, 1, town.parts.clock.now())
    assert one(town, "added", date(2026, 4, 22))["next_at"] == utc("2026-04-22T08:00")
    assert one(town, "diary", date(2026, 4, 15))["next_at"] == utc("2026-04-15T17:00")


def test_what_appears_on_days_of_a_pause_is_excused(either: Town) -> None:
    either.patient()
    with either.parts.study.writing() as session:
        pause = {"first": date(2026, 4, 20), "last": date(2026, 4, 25), "why": "holiday", "made_at": NOON}
        session.execute(t["pause"].insert().values(patient_id=1, **pause))
    go(either)
    assert one(either, "added", date(2026, 4, 22))["excused_why"] == "pause: holiday"


def test_a_traveller_s_days_go_by_the_clocks_that_hold_there(town: Town) -> None:
    town.patient()
    stand(town.parts, NOON)
    change_zone(town.parts, COMMAND_LINE, 1, "Indian/Reunion", town.parts.clock.now())
    go(town)
    assert one(town, "diary", date(2026, 4, 15))["next_at"] == utc("2026-04-15T17:00")  # opened in Paris
    assert one(town, "diary", date(2026, 4, 16))["next_at"] == utc("2026-04-16T15:00")  # 19:00 on Réunion
    assert one(town, "added", date(2026, 4, 22))["next_at"] == utc("2026-04-22T06:00")
    untouched = [row for row in rows(town.parts, "assessment") if row["closed_at"] is None and not row["cancelled_at"]]
    for row in untouched:
        if row["protocol_version"] == "2":
            assert row["clocks"] in (None, "Europe/Paris")
            assert (row["clocks"] is None) == (row["opens_at"] > NOON)  # type: ignore[operator]


def test_what_counts_from_a_visit_is_planned_where_it_took_place(database_urls: Urls) -> None:
    town = Town(database_urls, (VISIT, OTHER, DIARY, AFTER_VISIT))
    town.patient("R-001")
    town.patient("R-002")
    done = datetime(2026, 4, 14, 15, tzinfo=UTC)
    touch(town, one(town, "visit", date(2026, 4, 17))["id"], submitted_at=done, answered=True)
    go(town)
    made = [(row["patient_id"], row["day"]) for row in rows(town.parts, "assessment") if row["timepoint"] == "after"]
    assert made == [(1, date(2026, 4, 16))]


def test_a_window_that_was_extended_stays_extended_where_its_times_are_the_same(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, (LATER, OTHER, DIARY))
    town.patient()
    id_ = one(town, "diary", date(2026, 4, 15))["id"]
    touch(town, id_, closes_at=NOON + timedelta(days=3), late_until=None)
    before = one(town, "diary", date(2026, 4, 15))
    go(town)
    assert one(town, "diary", date(2026, 4, 15)) == {**before, "protocol_version": "2"}


# --- killed, and continued


class Killed(Exception):
    pass


@pytest.mark.parametrize("point", ["begun", "read", "before-commit", "patient"])
def test_killed_anywhere_it_is_continued_and_no_patient_gets_it_twice(town: Town, point: str) -> None:
    for n in (1, 2, 3):
        town.patient(f"R-00{n}")
    passed = []

    def die(here: str) -> None:
        passed.append(here)
        if here == point and (point == "begun" or passed.count(point) == 2):
            raise Killed

    with pytest.raises(Killed):
        go(town, at=die)
    halfway = [row["protocol_version"] for row in rows(town.parts, "patient")]
    assert halfway.count("2") == {"begun": 0, "read": 1, "before-commit": 1, "patient": 2}[point]
    go_on(town.parts, stand(town.parts, NOON + timedelta(minutes=30)))
    kinds = [(row["kind"], row["chain"]) for row in rows(town.parts, "audit_event")]
    assert sorted(kinds) == [
        *[("patient.amended", f"patient:R-00{n}") for n in (1, 2, 3)],
        ("protocol.amended", "system"),
        ("protocol.amendment-finished", "system"),
    ]
    [record] = rows(town.parts, "amendment")
    assert (record["patients"], record["moved"], record["appeared"], record["vanished"]) == (3, 24, 3, 6)
    assert audit_trail.verify_database(town.parts).ok
    assert go(town).already


def test_the_worker_continues_within_the_hour(town: Town) -> None:
    town.patient()

    def die(here: str) -> None:
        if here == "begun":
            raise Killed

    with pytest.raises(Killed):
        go(town, at=die)
    worker.tick_once(town.parts, stand(town.parts, NOON + timedelta(hours=1)), "w")
    assert rows(town.parts, "patient")[0]["protocol_version"] == "2"
    [event] = [row for row in rows(town.parts, "audit_event") if row["kind"] == "patient.amended"]
    assert event["actor"] == "worker"


def test_some_at_a_time(either: Town) -> None:
    for n in (1, 2, 3):
        either.patient(f"R-00{n}")
    assert go(either, at_most=2).left == 1
    assert rows(either.parts, "amendment")[0]["finished_at"] is None
    done = go(either, at_most=2)
    assert (done.left, done.numbers.patients) == (0, 3)


# --- enrolment


def test_who_is_enrolled_afterwards_gets_the_new_version(either: Town) -> None:
    with either.parts.study.writing() as session:
        row = {"site_id": either.made.sites["R"], "protocol": "thera-demo", "version": "1", "sha256": ""}
        session.execute(t["protocol_in_force"].insert().values(**row, from_at=NOON - timedelta(days=30)))
    assert inclusion.place(either.parts, either.made.sites["R"], either.parts.clock.now()).protocol.version == "1"
    go(either)
    assert {
        inclusion.place(either.parts, site, either.parts.clock.now()).protocol.version
        for site in either.made.sites.values()
    } == {"2"}


# --- refused, in one line


def refusal(town: Town, to: str = "2", who: int | None = None, why: str = WHY) -> str:
    before = all_of(town.parts)
    with pytest.raises(NotAmended) as refused:
        approve(town.parts, who or town.lead, town.study, to, why, town.parts.clock.now())
    assert all_of(town.parts) == before
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_who_may_not_approve(town: Town) -> None:
    town.patient()
    for login, role, site in (
        ("one-site", Role.INVESTIGATOR, "R"),
        ("coordinator", Role.COORDINATOR, None),
        ("monitor", Role.MONITOR, None),
        ("data", Role.DATA_MANAGER, None),
    ):
        who = make_staff(town.parts, town.made, login, role, site)
        assert "by an investigator of all its sites" in refusal(town, who=who)


def test_what_cannot_be_amended_is_told(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, SECOND, (VISIT,))
    town.patient()
    assert "there is no protocol thera-demo 9" in refusal(town, "9")
    assert "follows thera-demo 1 already" in refusal(town, "1")
    assert "say why" in refusal(town, why=" ")
    assert "say why" in refusal(town, why="x" * 501)
    draft = replace(town.parts.library, _locked={})
    town.parts = replace(town.parts, library=draft)
    assert "is a draft" in refusal(town)
    town.parts = replace(
        town.parts, library=replace(draft, _locked={f"protocols/thera-demo/{n}.yaml": "" for n in "123"})
    )
    go(town, "3")
    assert "is older than 3" in refusal(town, "2")


def test_one_amendment_at_a_time(sqlite_urls: Urls) -> None:
    town = Town(sqlite_urls, SECOND, (VISIT,))
    town.patient()
    town.patient("R-002")
    go(town, at_most=1)
    assert "the amendment to thera-demo 2 is not carried out yet" in refusal(town, "3")
    with town.parts.study.writing() as session:
        session.execute(delete(t["heartbeat"]))
    go(town)
    assert go(town, "3").numbers.patients == 2
