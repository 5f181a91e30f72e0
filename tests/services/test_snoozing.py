"""A reminder that the patient asks for: offered where it may go, planned in the ledger, sent once, undone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pro.clock import FixedClock, Moment
from pro.domain.protocol import QuietHours
from pro.domain.reminders import in_quiet_hours
from pro.domain.snooze import AT_MOST, snooze_times, step_key
from pro.services import answering, balancing, delivery, reminding, snoozing
from pro.services.parts import Parts
from pro.sms.memory import MemorySender
from pro.store import snoozes
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import CALM, fill, give_link
from tests.sms.outbox import assessment_id, change, remind, rows

AFTERNOON = datetime(2026, 4, 15, 12, 5, tzinfo=UTC)
"""14:05 in Paris."""
PARIS = ZoneInfo("Europe/Paris")
QUIET = QuietHours(time(20, 30), time(8, 30))


def clocks(times: tuple[datetime, ...], zone: ZoneInfo = PARIS) -> list[str]:
    return [f"{one.astimezone(zone):%H:%M}" for one in times]


def at(clock: str, day: date = date(2026, 4, 15), zone: ZoneInfo = PARIS) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def test_a_few_times_by_day_and_not_beside_another_reminder() -> None:
    closes = at("04:00", date(2026, 4, 16))
    six_and_eight = [at("18:00"), at("20:00")]
    assert clocks(snooze_times(at("18:05"), closes, PARIS, QUIET, six_and_eight)) == ["18:30", "19:00", "19:30"]
    assert clocks(snooze_times(at("14:05"), closes, PARIS, QUIET, six_and_eight)) == [
        "15:00",
        "16:00",
        "17:00",
        "19:00",
    ]
    assert clocks(snooze_times(at("09:00"), closes, PARIS, QUIET, six_and_eight)) == [
        "10:00",
        "12:00",
        "15:00",
        "19:00",
    ]
    assert snooze_times(at("20:05"), closes, PARIS, QUIET, six_and_eight) == ()
    assert clocks(snooze_times(at("18:05"), at("19:15"), PARIS, QUIET, [])) == ["18:30"]


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Paris", date(2026, 3, 29)), ("Europe/Paris", date(2026, 10, 25)), ("Asia/Kathmandu", date(2026, 5, 1)),
     ("Australia/Lord_Howe", date(2026, 4, 5)), ("America/St_Johns", date(2026, 11, 1))],
)  # fmt: skip
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_every_time_offered_is_one_that_may_be_kept(zone: str, day: date, hour: int) -> None:
    place, now = ZoneInfo(zone), datetime.combine(day, time(hour, 7), ZoneInfo(zone)).astimezone(UTC)
    end = now + timedelta(hours=20)
    planned = [now + timedelta(hours=4)]
    found = snooze_times(now, end, place, QUIET, planned)
    assert len(found) <= AT_MOST
    for one in found:
        assert now + timedelta(minutes=15) <= one <= end - timedelta(minutes=30)
        assert not in_quiet_hours(one, place, QUIET)
        assert abs(one - planned[0]) >= timedelta(minutes=30)
        assert one.astimezone(place).minute in (0, 30)
    assert all(one < other for one, other in pairwise(found))


def test_the_step_says_the_clock_time_and_in_a_longer_window_the_day() -> None:
    assert step_key(at("19:00"), PARIS, date(2026, 4, 15), several_days=False) == "snooze-19:00"
    assert step_key(at("19:00"), PARIS, date(2026, 4, 16), several_days=True) == "snooze-19:00/-1"


@dataclass
class House:
    parts: Parts
    clock: FixedClock
    sender: MemorySender
    patient: int
    token: str

    def now(self) -> Moment:
        return self.clock.now()

    def to(self, clock: str) -> None:
        self.clock.moment = Moment(at(clock), at(clock))

    def tick(self) -> None:
        reminding.tick(self.parts, self.now())
        delivery.tick(self.parts, self.now(), "w1", seconds=lambda: 0.0)

    def offer(self) -> snoozing.Offer:
        found = snoozing.offer(self.parts, self.token, self.now())
        assert found is not None
        return found

    def snooze(self, clock: str) -> bool:
        return snoozing.snooze(self.parts, self.token, at(clock).isoformat(), self.now())

    def steps(self) -> dict[str, str | None]:
        mine = assessment_id(self.parts, self.patient)
        return {row.step: row.why_none for row in rows(self.parts, "reminder", assessment_id=mine)}


@pytest.fixture
def house(database_urls: Urls) -> House:
    clock, sender = FixedClock(AFTERNOON), MemorySender()
    parts = replace(make_parts(database_urls, clock), sender=sender)
    patient = make_patient(parts, make_study(parts), day0=date(2026, 3, 28))
    return House(parts, clock, sender, patient, give_link(parts, patient))


def test_asked_for_planned_and_sent_once(house: House) -> None:
    assert clocks(house.offer().times) == ["15:00", "16:00", "17:00", "19:00"]
    assert house.snooze("16:00")
    assert house.offer().set_at == at("16:00")
    assert house.steps() == {"snooze-16:00": None}
    house.to("15:59")
    house.tick()
    assert house.sender.sent == []
    house.to("16:00")
    house.tick()
    house.tick()
    assert [sms.at for sms in house.sender.sent] == [at("16:00")]
    assert house.sender.sent[0].valid_for > timedelta(0)
    events = [row.kind for row in rows(house.parts, "audit_event") if row.kind.startswith("reminder")]
    assert events == ["reminder.snoozed"]


def test_the_protocol_s_own_reminders_come_all_the_same_and_the_cap_is_never_passed(house: House) -> None:
    change(house.parts, "assessment", assessment_id(house.parts, house.patient), next_at=at("18:00"))
    assert house.snooze("16:00")
    for clock in ("16:00", "18:00"):
        house.to(clock)
        house.tick()
    house.to("18:05")
    assert (house.offer().why_none, house.offer().times) == ("daily-cap", ()), "the 20:00 one is the third"
    assert not house.snooze("19:00")
    house.to("20:00")
    house.tick()
    assert [f"{sms.at.astimezone(PARIS):%H:%M}" for sms in house.sender.sent] == ["16:00", "18:00", "20:00"]


def test_moved_it_goes_once_and_at_the_new_time(house: House) -> None:
    """One at a time: the message that was asked for before is dropped in the same transaction."""
    assert house.snooze("16:00")
    assert clocks(house.offer().times) == ["15:00", "17:00", "19:00"], "without the one that is set"
    assert not house.snooze("16:00"), "it is set already"
    assert house.snooze("17:00")
    assert house.steps() == {"snooze-16:00": "snooze-undone", "snooze-17:00": None}
    for clock in ("16:00", "17:00", "17:30"):
        house.to(clock)
        house.tick()
    assert [sms.at for sms in house.sender.sent] == [at("17:00")]
    moved = [row.payload for row in rows(house.parts, "audit_event") if row.kind == "reminder.snoozed"]
    assert '"instead_of":"2026-04-15T14:00:00+00:00"' in moved[1]


def test_what_no_worker_sent_two_days_ago_is_promised_to_nobody(house: House) -> None:
    """So few of the patient's messages are read for it, however long the diary."""
    assert house.snooze("16:00")
    for day, told in ((date(2026, 4, 15), at("16:00")), (date(2026, 4, 18), None)):
        house.clock.moment = Moment(at("15:30", day), at("15:30", day))
        with house.parts.study.reading() as session:
            waiting = snoozes.waiting(session, house.patient, house.now().study)
        assert (waiting and waiting.due_at) == told


def test_it_may_be_moved_where_the_cap_holds_no_second(house: House) -> None:
    house.to("18:05")
    change(house.parts, "assessment", assessment_id(house.parts, house.patient), next_at=at("18:00"))
    house.tick()
    assert house.snooze("18:30")
    assert clocks(house.offer().times) == ["19:00", "19:30"], "18:00, 20:00 and one more are the three of the day"
    assert house.snooze("19:30")
    for clock in ("18:30", "19:30", "20:00"):
        house.to(clock)
        house.tick()
    assert [f"{sms.at.astimezone(PARIS):%H:%M}" for sms in house.sender.sent] == ["18:05", "19:30", "20:00"]


def test_held_up_until_the_usual_reminder_it_does_not_come_beside_it(house: House) -> None:
    """No worker ran from before the one until after the other: one text, not two in a minute."""
    change(house.parts, "assessment", assessment_id(house.parts, house.patient), next_at=at("18:00"))
    assert house.snooze("17:00")
    house.to("18:01")
    house.tick()
    assert len(house.sender.sent) == 1
    assert house.steps()["snooze-17:00"] == "too-late"
    assert {why for step, why in house.steps().items() if not step.startswith("snooze")} == {None}


def test_the_usual_reminders_are_told(house: House) -> None:
    assert clocks(house.offer().usual) == ["18:00", "20:00"]
    house.to("20:05")
    assert house.offer() == snoozing.Offer("Europe/Paris", why_none="no-time")


def test_nothing_is_promised_once_the_diary_was_sent(house: House) -> None:
    assert house.snooze("16:00")
    fill(house.parts, house.token, CALM, house.now())
    assert house.offer() == snoozing.Offer("Europe/Paris", why_none="not-now")


def test_what_was_undone_is_not_sent_and_may_be_asked_for_again(house: House) -> None:
    assert house.snooze("16:00")
    assert snoozing.undo(house.parts, house.token, house.now())
    assert not snoozing.undo(house.parts, house.token, house.now())
    assert house.steps() == {"snooze-16:00": "snooze-undone"}
    assert house.snooze("16:00")
    assert house.steps() == {"snooze-16:00": None}
    house.to("16:00")
    house.tick()
    assert len(house.sender.sent) == 1


def test_after_the_diary_was_sent_nothing_comes(house: House) -> None:
    assert house.snooze("16:00")
    fill(house.parts, house.token, CALM, house.now())
    house.to("16:00")
    house.tick()
    assert house.sender.sent == []
    assert house.steps()["snooze-16:00"] == "submitted"


@pytest.mark.parametrize("wanted", ["", "18:00", "2026-04-15T21:00:00+00:00", "2026-04-15T13:07:00+00:00", "x" * 999])
def test_only_an_offered_time_is_taken(house: House, wanted: str) -> None:
    assert not snoozing.snooze(house.parts, house.token, wanted, house.now())
    assert rows(house.parts, "message") == []


def test_an_unknown_or_old_link_opens_nothing(house: House) -> None:
    assert snoozing.offer(house.parts, "no such link", house.now()) is None
    house.clock.move(timedelta(days=3))
    assert snoozing.offer(house.parts, house.token, house.now()) is None
    assert not house.snooze("16:00")


def test_one_message_for_everything_that_waits(house: House) -> None:
    other = date(2026, 4, 14)  # yesterday's diary may still be filled, late, until noon
    house.to("09:05")
    waiting = answering.open_link(house.parts, house.token, house.now()).waiting
    assert {one.day for one in waiting} == {other, date(2026, 4, 15)}
    assert house.snooze("10:00")
    assert len(rows(house.parts, "message")) == 1
    found = [row.step for row in rows(house.parts, "reminder")]
    assert found == ["snooze-10:00", "snooze-10:00"]


def reminded(house: House) -> list[str]:
    return [f"{sms.at.astimezone(PARIS):%H:%M}" for sms in house.sender.sent]


@pytest.fixture
def evening(house: House) -> House:
    """The bell of the diary stands at 18:00, and no worker has run yet."""
    change(house.parts, "assessment", assessment_id(house.parts, house.patient), next_at=at("18:00"))
    return house


@pytest.mark.parametrize(
    ("asked", "wanted", "back"),
    [
        ("18:40", "19:00", ("18:50", "19:00")),
        ("18:40", "19:30", ("18:41", "19:30")),
        ("18:40", "19:00", ("19:05",)),
        ("17:45", "18:30", ("18:29", "18:30")),
    ],
)
def test_a_usual_reminder_that_an_outage_held_up_gives_way_to_the_one_asked_for(
    evening: House, asked: str, wanted: str, back: tuple[str, ...]
) -> None:
    """The bell of 18:00 rang while nobody worked; who has chosen a time since hears at that time, once."""
    evening.to(asked)
    assert evening.snooze(wanted)
    for clock in back:
        evening.to(clock)
        evening.tick()
    assert reminded(evening) == [back[-1]]
    assert evening.steps() == {f"snooze-{wanted}": None, "at-18:00": "asked-for-later"}
    assert balancing.check(evening.parts, evening.now()).holds


def test_one_that_waited_in_the_outbox_gives_way_as_well_also_after_the_other_went(evening: House) -> None:
    """Given back by the provider again and again, it comes round after the one that was asked for."""
    evening.to("18:00")
    reminding.tick(evening.parts, evening.now())
    usual = rows(evening.parts, "message")[0].id
    change(evening.parts, "message", usual, lease_until=at("19:02"))
    evening.to("18:40")
    assert evening.snooze("19:00")
    for clock in ("19:00", "19:02"):
        evening.to(clock)
        evening.tick()
    assert reminded(evening) == ["19:00"]
    assert evening.steps() == {"snooze-19:00": None, "at-18:00": "asked-for-later"}


def test_on_time_both_come_and_one_that_was_taken_back_holds_up_nothing(evening: House) -> None:
    evening.to("17:45")
    assert evening.snooze("18:30")
    evening.to("18:05")
    evening.tick()
    assert reminded(evening) == ["18:05"], "five minutes are no outage"
    evening.to("18:10")
    assert snoozing.undo(evening.parts, evening.token, evening.now())
    assert evening.snooze("19:00")
    assert snoozing.undo(evening.parts, evening.token, evening.now())
    evening.to("20:20")
    evening.tick()
    assert reminded(evening) == ["18:05", "20:20"]


def test_what_the_one_asked_for_does_not_carry_is_reminded_of(evening: House) -> None:
    """Another opened after it was asked for: its reminder is late, and nothing else speaks of it."""
    evening.to("17:45")
    assert evening.snooze("19:00")
    other = assessment_id(evening.parts, evening.patient, day=date(2026, 4, 14))
    opened = {"opens_at": at("18:00"), "closes_at": at("23:30"), "late_until": None}
    change(evening.parts, "assessment", other, next_at=at("23:30"), **opened)
    remind(evening.parts, evening.patient, at("18:00"), steps=[("diary", date(2026, 4, 14))])
    evening.to("18:50")
    delivery.tick(evening.parts, evening.now(), "w1", seconds=lambda: 0.0)
    assert reminded(evening) == ["18:50"]


def test_held_up_until_shortly_before_the_usual_reminder_it_does_not_go(evening: House) -> None:
    """A quarter of an hour is the least between the two: the usual one says the same."""
    evening.to("18:05")
    evening.tick()
    assert evening.snooze("19:30")
    for clock in ("19:46", "20:00"):
        evening.to(clock)
        evening.tick()
    assert reminded(evening) == ["18:05", "20:00"]
    assert evening.steps() == {"at-18:00": None, "snooze-19:30": "too-late", "at-20:00": None}


def test_until_then_it_goes(evening: House) -> None:
    evening.to("18:05")
    evening.tick()
    assert evening.snooze("19:30")
    evening.to("19:45")
    evening.tick()
    assert reminded(evening) == ["18:05", "19:45"]
