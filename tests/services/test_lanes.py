"""Several calls at a time: they overlap, each looks at the clock for itself, and nothing else leaves the worker's thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from pro.services import delivery
from pro.services.shift import PACE, Pace
from pro.sms.sender import NotProcessed, Outcome, Sms, Unknown
from tests.conftest import Urls
from tests.factories import make_patient, make_study
from tests.sms.outbox import EVENING, digits_text, evening_parts, remind, rows, state

MINUTE = timedelta(minutes=1)
LONG = 20
"""Seconds after which a call that waits for another one gives up: then the test is red."""


class House:
    """Some patients with a reminder each, and a sender with lanes."""

    def __init__(self, urls: Urls) -> None:
        self.parts, self.clock, self.sender = evening_parts(urls)
        self.made = make_study(self.parts)
        self.patients: list[int] = []

    def remind(self, count: int, lanes: int) -> list[int]:
        self.sender.lanes = lanes
        new = range(len(self.patients) + 1, len(self.patients) + count + 1)
        self.patients += [make_patient(self.parts, self.made, f"R-{n:03}", telephone=f"+336123456{n:02}") for n in new]
        return [remind(self.parts, patient) for patient in self.patients[-count:]]

    def tick(
        self, at: Callable[[str], None] = lambda point: None, seconds: Callable[[], float] = lambda: 0.0
    ) -> delivery.Delivered:
        return delivery.tick(self.parts, self.clock.now(), "w1", at=at, seconds=seconds)

    def states(self, ids: list[int]) -> Counter[str]:
        return Counter(state(self.parts, id_) for id_ in ids)


@pytest.fixture
def house(database_urls: Urls) -> Iterator[House]:
    made = House(database_urls)
    yield made
    made.parts.study.close()
    made.parts.contacts.close()


@pytest.fixture
def quick(sqlite_urls: Urls) -> Iterator[House]:
    made = House(sqlite_urls)
    yield made
    made.parts.study.close()
    made.parts.contacts.close()


def test_calls_overlap_and_the_rest_stays_in_the_worker_s_thread(house: House) -> None:
    ids = house.remind(4, lanes=4)
    together, threads = threading.Barrier(4), Counter[tuple[str, bool]]()
    ours = threading.current_thread()

    def answer(sms: Sms) -> None:
        together.wait(LONG)

    house.sender.answer = answer
    house.tick(at=lambda point: threads.update([(point, threading.current_thread() is ours)]))
    assert house.states(ids) == {"sent": 4}
    assert {sms.to for sms in house.sender.sent} == {f"+336123456{n:02}" for n in range(1, 5)}
    assert {point for point, here in threads if not here} == {"before-post", "after-post"}
    assert threads["before-record", True] == 1


def test_one_lane_is_no_thread(quick: House) -> None:
    quick.remind(3, lanes=1)
    ours = threading.current_thread()
    quick.tick(at=lambda point: None if threading.current_thread() is ours else pytest.fail("a thread"))
    assert [sms.label for sms in quick.sender.sent] == ["R-001", "R-002", "R-003"]


def test_two_to_one_phone_go_one_after_the_other_in_their_order(quick: House) -> None:
    first, third = quick.remind(2, lanes=2)
    second = digits_text(quick.parts, quick.patients[0], EVENING)
    meet, on_the_way = threading.Barrier(2), set[str]()

    def answer(sms: Sms) -> None:
        assert sms.to not in on_the_way
        on_the_way.add(sms.to)
        if "4821" not in sms.body:  # the two reminders wait for each other; the digits would go meanwhile
            meet.wait(LONG)
        on_the_way.remove(sms.to)

    quick.sender.answer = answer
    quick.tick()
    assert quick.states([first, second, third]) == {"sent": 3}
    assert "4821" in [sms.body for sms in quick.sender.sent if sms.label == "R-001"][1]


def test_a_provider_that_takes_nothing_is_left_alone_and_the_rest_goes_back(house: House) -> None:
    ids = house.remind(12, lanes=2)
    asked: list[str] = []

    def answer(sms: Sms) -> Outcome:
        asked.append(sms.to)
        return NotProcessed("429")

    house.sender.answer = answer
    assert not house.tick().more
    assert len(asked) <= 3
    assert house.states(ids) == {"pending": 12}
    house.sender.answer = lambda sms: None
    house.clock.move(MINUTE)
    house.tick()
    assert house.states(ids) == {"sent": 12}
    assert set(Counter(sms.to for sms in house.sender.sent).values()) == {1}


def test_doubts_leave_it_alone_too(quick: House) -> None:
    ids = quick.remind(12, lanes=3)
    here, asked = threading.Barrier(3), list[str]()

    def answer(sms: Sms) -> Outcome:
        asked.append(sms.to)
        if sms.label <= "R-003":
            here.wait(LONG)
        return Unknown("a time-out")

    quick.sender.answer = answer
    assert not quick.tick().more
    assert delivery.PATIENCE <= len(asked) < delivery.PATIENCE + 3
    assert quick.states(ids) == {"sending": len(asked), "pending": 12 - len(asked)}


def test_each_call_looks_at_the_lease_for_itself(house: House) -> None:
    """What was looked at before the worker stood still goes; the others do not by that mark, but anew, and once."""
    ids = house.remind(6, lanes=3)
    passed = [0.0]

    def stand_still() -> None:
        passed[0] = (PACE.lease - PACE.reserve).total_seconds() + 1

    together = threading.Barrier(3, action=stand_still)

    def at(point: str) -> None:
        if point == "before-post":
            together.wait(LONG)

    house.tick(at=at, seconds=lambda: passed[0])
    assert house.states(ids) == {"sent": 6}
    assert len(house.sender.sent) == 6
    assert len(rows(house.parts, "message_event", kind="given-back")) == 3


def test_a_call_that_breaks_stops_the_others_and_nothing_goes_twice(quick: House) -> None:
    ids = quick.remind(12, lanes=2)
    other = threading.Event()

    def answer(sms: Sms) -> None:
        if sms.label == "R-001":
            assert other.wait(LONG)
            raise RuntimeError("a fault of ours")
        other.set()

    quick.sender.answer = answer
    with pytest.raises(RuntimeError):
        quick.tick()
    assert quick.states(ids)["sending"] >= 1
    quick.sender.answer = lambda sms: None
    for _ in range(2):
        quick.clock.move(PACE.lease + quick.sender.settling + MINUTE)
        quick.tick()
    assert quick.states(ids) == {"sent": 12}
    assert Counter(sms.to for sms in quick.sender.sent) == {f"+336123456{n:02}": 1 for n in range(1, 13)}


def test_a_tick_says_when_the_next_should_follow_at_once(quick: House) -> None:
    quick.remind(5, lanes=1)
    few = Pace(batch=1, batches=2)

    def tick(pace: Pace, took: float = 0.0) -> tuple[int, bool]:
        seconds = iter(n * took for n in range(1000))
        done = delivery.tick(quick.parts, quick.clock.now(), "w1", pace=pace, seconds=lambda: next(seconds))
        return done.marked, done.more

    assert tick(few) == (2, True)
    assert tick(Pace(batch=1, turn=timedelta(seconds=5)), took=1.0) == (1, True)
    assert tick(few) == (2, True)
    assert tick(few) == (0, False)
