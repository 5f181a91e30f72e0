"""The worker's log says when calls to the provider begin to fail and when they go again: once each, without values."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from requests.exceptions import ReadTimeout

from pro import worker
from pro.services.outages import Outages
from pro.sms.sender import NotProcessed, Outcome, Sms, Unknown
from pro.sms.twilio import _no_answer
from tests.conftest import Urls
from tests.factories import make_patient, make_study
from tests.sms.outbox import evening_parts, remind, state

QUARTER = timedelta(seconds=15)


class Evening:
    """A worker that remembers from tick to tick, as `run` has it, with three patients to remind."""

    def __init__(self, urls: Urls) -> None:
        self.parts, self.clock, self.sender = evening_parts(urls)
        made = make_study(self.parts)
        self.patients = [make_patient(self.parts, made, f"R-00{n}", telephone=f"+3361234567{n}") for n in (1, 2, 3)]
        self.outages = Outages()

    def ticks(self, many: int = 1, every: timedelta = QUARTER) -> None:
        for _ in range(many):
            tick = partial(worker._tick, self.parts, self.clock.now, "w1", 15)
            assert tick(seconds=lambda: 0.0, outages=self.outages).failed == ()
            self.clock.move(every)


@pytest.fixture
def evening(database_urls: Urls, caplog: pytest.LogCaptureFixture) -> Iterator[Evening]:
    caplog.set_level(logging.DEBUG, "pro")
    made = Evening(database_urls)
    yield made
    made.parts.study.close()
    made.parts.contacts.close()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "pro.services.outages"]


def test_an_outage_is_two_lines_however_long_it_is_and_however_many_wait(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [remind(evening.parts, patient) for patient in evening.patients]
    evening.sender.answer = lambda sms: NotProcessed("no connection to Twilio")
    evening.ticks(20)
    assert lines(caplog) == [
        "the provider takes no texts (no connection to Twilio): 3 due and waiting, 0 of unknown outcome"
    ]
    evening.sender.answer = lambda sms: None
    evening.ticks(30)
    assert {state(evening.parts, id_) for id_ in ids} == {"sent"}
    assert lines(caplog)[1:] == [
        "the provider takes texts again, for the first time since 2026-04-15 16:00 UTC: "
        "2 due and waiting, 0 of unknown outcome"
    ], "each waits for its own pause to end"


def test_texts_of_unknown_outcome_and_a_list_that_does_not_answer(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    """Each kind of call once, though the message is asked for every minute."""
    id_ = remind(evening.parts, evening.patients[0])
    evening.sender.answer = lambda sms: Unknown("500 the provider did not say")
    evening.sender.silent = True
    evening.ticks(40)
    begun = lines(caplog)
    assert [line.partition(" (")[0] for line in begun] == [
        "the provider takes no texts",
        "the provider does not say what it sent",
    ]
    assert begun[0].endswith("(500 the provider did not say): 0 due and waiting, 1 of unknown outcome")
    evening.sender.answer = lambda sms: None
    evening.sender.silent = False
    evening.ticks(40)
    assert state(evening.parts, id_) == "sent"
    assert {line.partition(",")[0] for line in lines(caplog)[2:]} == {
        "the provider says again what it sent",
        "the provider takes texts again",
    }
    assert len(lines(caplog)) == 4


def test_a_busy_provider_that_takes_some_in_each_tick_is_told_of_once(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[Sms] = []

    def one_a_tick(sms: Sms) -> Outcome | None:
        taken.append(sms)
        return None if len(taken) % 2 else NotProcessed("429 too many", timedelta(seconds=1))

    evening.sender.answer = one_a_tick
    for patient in evening.patients:
        remind(evening.parts, patient)
    evening.ticks(30)
    assert len(evening.sender.sent) == 3
    assert len(lines(caplog)) == 2


def test_no_number_no_text_and_no_name_stands_in_the_log(evening: Evening, caplog: pytest.LogCaptureFixture) -> None:
    """As the senders answer: a reason in our own words, though the fault itself tells everything."""
    seen: list[Sms] = []

    def hang(sms: Sms) -> Outcome:
        seen.append(sms)
        return _no_answer(ReadTimeout(f"{sms.to} {sms.body} {sms.label}"))

    evening.sender.answer = hang
    remind(evening.parts, evening.patients[0])
    evening.ticks(2)
    assert "takes no texts (ReadTimeout)" in caplog.text
    for told in (seen[0].to[3:], seen[0].body[:20], "/d/", "R-001"):
        assert told not in caplog.text


def test_each_worker_that_begins_in_an_outage_says_so(evening: Evening, caplog: pytest.LogCaptureFixture) -> None:
    evening.sender.answer = lambda sms: NotProcessed("no connection to Twilio")
    remind(evening.parts, evening.patients[0])
    evening.ticks(8)
    evening.outages = Outages()
    evening.ticks(60)
    assert len(lines(caplog)) == 2


def test_a_worker_remembers_from_tick_to_tick(sqlite_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` hands every tick the same memory."""
    stopped, given = threading.Event(), []

    def tick(*args: object, outages: Outages, **more: object) -> worker.Ticked:
        given.append(outages)
        if len(given) == 2:
            stopped.set()
        return worker.Ticked((), more=True)

    monkeypatch.setattr(worker, "_tick", tick)
    parts, _, _ = evening_parts(sqlite_urls)
    worker.run(parts, stopped)
    assert given[0] is given[1]
