"""What the outbox model found, told plainly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from pro.clock import Moment
from pro.services import balancing, delivery, inbound, reminding, snoozing
from pro.services.enrolment import COMMAND_LINE, opt_in_again, withdraw
from pro.services.enrolment.holding import end, hold, resume
from pro.services.shift import PACE
from pro.sms.sender import Unknown
from tests.conftest import Urls
from tests.factories import make_patient, make_study
from tests.services.play import give_link
from tests.sms.outbox import EVENING, assessment_id, change, evening_parts, remind, row, rows, state

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class House:
    def __init__(self, urls: Urls) -> None:
        self.parts, self.clock, self.sender = evening_parts(urls)
        self.patient = make_patient(self.parts, make_study(self.parts))

    def tick(self, worker: str = "w1", at: Callable[[str], None] = lambda point: None) -> None:
        began = self.clock.now()
        seconds = lambda: (self.clock.now().running - began.running).total_seconds()  # noqa: E731
        delivery.tick(self.parts, began, worker, at=at, seconds=seconds)

    def ring(self) -> None:
        reminding.tick(self.parts, self.clock.now())
        self.tick()

    def stand(self, point: str, how_long: timedelta) -> Callable[[str], None]:
        """The worker stands at that point, once."""
        left = [how_long]

        def at(passed: str) -> None:
            if passed == point and left:
                self.clock.move(left.pop())

        return at


@pytest.fixture
def house(database_urls: Urls) -> Iterator[House]:
    made = House(database_urls)
    yield made
    made.parts.study.close()
    made.parts.contacts.close()


@pytest.mark.parametrize(
    ("due", "stood", "why"), [(0, 6 * HOUR, "too-late"), (0, 2 * HOUR + MINUTE, "too-late"), (2, HOUR, "quiet-hours")]
)
def test_a_worker_that_stood_still_asks_with_the_time_at_which_it_goes_on(
    house: House, due: int, stood: timedelta, why: str
) -> None:
    """It claimed in time and was frozen before it asked: the evening it remembers is over."""
    house.clock.move(due * HOUR)
    id_ = remind(house.parts, house.patient, due_at=EVENING + due * HOUR)
    house.tick(at=house.stand("after-claim", stood))
    assert (state(house.parts, id_), row(house.parts, id_).error) == ("dropped", why)
    assert house.sender.sent == []


def test_the_validity_period_ends_when_the_reminder_does_however_long_the_batch_took(house: House) -> None:
    remind(house.parts, house.patient, not_after=EVENING + HOUR)
    house.tick(at=house.stand("after-mark", MINUTE))
    assert [sms.valid_for for sms in house.sender.sent] == [59 * MINUTE]


def test_what_is_too_late_when_its_turn_in_the_batch_comes_does_not_go(house: House) -> None:
    id_ = remind(house.parts, house.patient, not_after=EVENING + MINUTE)
    house.tick(at=house.stand("after-mark", MINUTE + timedelta(seconds=1)))
    assert (state(house.parts, id_), row(house.parts, id_).error, house.sender.sent) == ("dropped", "too-late", [])


def test_what_was_on_its_way_when_the_study_was_held_is_not_sent_again(house: House) -> None:
    id_ = remind(house.parts, house.patient)
    house.sender.answer = lambda sms: Unknown("a time-out")
    house.tick()
    hold(house.parts, COMMAND_LINE, house.patient, "hospital", house.clock.now())
    house.sender.answer = lambda sms: None
    house.clock.move(PACE.lease + house.sender.settling + MINUTE)
    house.tick("w2")
    assert house.sender.sent == []
    assert (state(house.parts, id_), row(house.parts, id_).error) == ("dropped", "excused")
    assert [step.why_none for step in rows(house.parts, "reminder", message_id=id_)] == ["excused"]


def test_on_hold_nobody_is_offered_to_be_reminded_later(house: House) -> None:
    token = give_link(house.parts, house.patient)
    hold(house.parts, COMMAND_LINE, house.patient, "hospital", house.clock.now())
    offered = snoozing.offer(house.parts, token, house.clock.now())
    assert offered is not None
    assert (offered.times, offered.why_none) == ((), "not-now")


def test_a_time_that_is_asked_for_again_after_undoing_it_balances(house: House) -> None:
    token = give_link(house.parts, house.patient)
    for _ in range(2):
        offered = snoozing.offer(house.parts, token, house.clock.now())
        assert offered is not None
        assert snoozing.snooze(house.parts, token, offered.times[0].isoformat(), house.clock.now())
        assert snoozing.undo(house.parts, token, house.clock.now())
    assert len({one.due_at for one in rows(house.parts, "message")}) == 1
    assert balancing.check(house.parts, house.clock.now()).holds
    assert balancing.recount(house.parts).holds


@pytest.mark.parametrize("back", ["START", "resume"])
def test_what_fell_into_the_time_without_messages_is_not_sent_afterwards(house: House, back: str) -> None:
    """At the second step of the evening the first one would still be in time, to the second."""
    mine = assessment_id(house.parts, house.patient)
    change(house.parts, "assessment", mine, next_at=EVENING)
    before = Moment(EVENING - HOUR, EVENING - HOUR)
    if back == "START":
        with house.parts.study.writing() as session:
            inbound.opt_out(session, house.patient, "page", before)
    else:
        hold(house.parts, COMMAND_LINE, house.patient, "hospital", before)
    house.ring()
    house.clock.move(HOUR)
    if back == "START":
        opt_in_again(house.parts, COMMAND_LINE, house.patient, house.clock.now())
    else:
        resume(house.parts, COMMAND_LINE, house.patient, house.clock.now())
    house.clock.move(HOUR)
    house.ring()
    assert [one.due_at for one in rows(house.parts, "message")] == [EVENING + 2 * HOUR]
    assert [sms.at for sms in house.sender.sent] == [EVENING + 2 * HOUR]
    assert balancing.recount(house.parts).holds


@pytest.mark.parametrize("how", ["end", "withdraw"])
@pytest.mark.parametrize(
    ("stood", "why"), [("on hold", "excused"), ("STOP", "opted-out"), ("nobody works", "too-late")]
)
def test_steps_that_passed_before_the_end_are_explained(house: House, how: str, stood: str, why: str) -> None:
    """What is cancelled is never closed, which explains such steps otherwise."""
    mine = assessment_id(house.parts, house.patient)
    before = Moment(EVENING - HOUR, EVENING - HOUR)
    if stood == "STOP":
        with house.parts.study.writing() as session:
            inbound.opt_out(session, house.patient, "page", before)
    elif stood == "on hold":
        hold(house.parts, COMMAND_LINE, house.patient, "hospital", before)
    house.clock.move(MINUTE)
    if how == "end":
        end(house.parts, COMMAND_LINE, house.patient, "completed", house.clock.now())
    else:
        withdraw(house.parts, COMMAND_LINE, house.patient, "patient-wish", "keep", house.clock.now())
    told = {one.step: one.why_none for one in rows(house.parts, "reminder") if one.assessment_id == mine}
    assert told == {"at-18:00": why}
    assert balancing.recount(house.parts).holds
