"""The scheduler: one part's fault does not stop the others, it leaves signs of life, and it stops when told to."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from pro import worker
from pro.clock import FixedClock, Moment
from pro.services import attention, closing, delivery, enrolment, reminding
from pro.services.parts import Parts
from pro.services.shift import Pace
from pro.sms.sender import NotProcessed, Sms
from tests.conftest import Urls
from tests.factories import make_patient, make_study
from tests.sms.outbox import EVENING, evening_parts, remind, rows, state


@pytest.fixture
def evening(sqlite_urls: Urls) -> Iterator[tuple[Parts, FixedClock]]:
    parts, clock, _ = evening_parts(sqlite_urls)
    yield parts, clock
    parts.study.close()
    parts.contacts.close()


def test_a_tick_does_everything_that_is_due(evening: tuple[Parts, FixedClock]) -> None:
    parts, clock = evening
    id_ = remind(parts, make_patient(parts, make_study(parts)))
    assert worker.tick_once(parts, clock.now(), "w1") == ()
    assert state(parts, id_) == "sent"
    beat = rows(parts, "heartbeat")[0]
    assert (beat.worker, beat.at, beat.every, beat.ticks) == ("w1", EVENING, worker.EVERY, 1)


def test_one_part_s_fault_does_not_stop_the_others_and_is_told_without_values(
    evening: tuple[Parts, FixedClock], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    parts, clock = evening
    id_ = remind(parts, make_patient(parts, make_study(parts)))

    def broken(*args: object) -> int:
        raise RuntimeError("+33612345678")

    monkeypatch.setattr(reminding, "tick", broken)
    monkeypatch.setattr(closing, "tick", broken)
    assert worker.tick_once(parts, clock.now(), "w1") == ("reminding", "closing")
    assert state(parts, id_) == "sent"
    assert "reminding failed: RuntimeError" in caplog.text
    assert "612345678" not in caplog.text


def test_a_sender_that_breaks_leaves_the_outcome_unknown_and_no_number_in_the_log(
    evening: tuple[Parts, FixedClock], caplog: pytest.LogCaptureFixture
) -> None:
    parts, clock = evening
    id_ = remind(parts, make_patient(parts, make_study(parts)))

    def broken(sms: Sms) -> None:
        raise RuntimeError(sms.to)

    parts.sender.answer = broken  # type: ignore[attr-defined]
    assert worker.tick_once(parts, clock.now(), "w1") == ("delivery",)
    assert state(parts, id_) == "sending"
    assert "612345678" not in caplog.text


def test_contacts_are_swept_once_a_day_by_one_of_the_workers(
    evening: tuple[Parts, FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, clock = evening
    swept: list[object] = []
    monkeypatch.setattr(enrolment, "sweep", lambda parts, moment: swept.append(moment))
    for name in ("w1", "w2", "w1"):
        worker.tick_once(parts, clock.now(), name)
    worker.tick_once(parts, clock.move(timedelta(hours=1)), "w2")
    assert len(swept) == 1
    worker.tick_once(parts, clock.move(timedelta(days=1)), "w2")
    assert len(swept) == 2


def test_a_sweep_of_contacts_that_failed_is_tried_again_in_the_next_hour(
    evening: tuple[Parts, FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, clock = evening
    tried: list[Moment] = []

    def sweep(parts: Parts, moment: Moment) -> None:
        tried.append(moment)
        if len(tried) == 1:
            raise OSError("the contacts database is away")

    monkeypatch.setattr(enrolment, "sweep", sweep)
    assert worker.tick_once(parts, clock.now(), "w1") == ("sweeping",)
    for _ in range(2):
        assert worker.tick_once(parts, clock.move(timedelta(hours=1)), "w1") == ()
    assert len(tried) == 2


def test_the_hour_of_a_sweep_is_one_of_study_time_however_little_running_time_goes_by(
    evening: tuple[Parts, FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demonstration moves its clock by a week in a second: sites are still asked about what goes wrong meanwhile."""
    parts, clock = evening
    swept: list[Moment] = []
    monkeypatch.setattr(attention, "sweep", lambda parts, moment: swept.append(moment))
    now = clock.now()
    for minutes in (0, 30, 60, 90, 60 * 24):
        worker.tick_once(parts, Moment(now.study + timedelta(minutes=minutes), now.running), "w1")
    hours = {moment.study.replace(minute=0, second=0, microsecond=0) for moment in swept}
    assert len(swept) == len(hours) == 3


def test_workers_long_silent_are_forgotten(evening: tuple[Parts, FixedClock]) -> None:
    parts, clock = evening
    worker.tick_once(parts, clock.now(), "old")
    worker.tick_once(parts, clock.move(timedelta(days=1, seconds=1)), "new")
    assert [beat.worker for beat in rows(parts, "heartbeat")] == ["new"]


def test_a_backlog_does_not_wait_from_tick_to_tick(
    evening: tuple[Parts, FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as something is left the next tick follows at once, each with its sign of life; a stop is heeded between."""
    parts, clock = evening
    made = make_study(parts)
    ids = [remind(parts, make_patient(parts, made, f"R-{n:03}")) for n in range(7)]
    monkeypatch.setattr(delivery, "tick", partial(delivery.tick, pace=Pace(batch=1, batches=2)))
    stopped = threading.Event()
    stopped.set()

    def tick() -> worker.Ticked:
        return worker._tick(parts, clock.now, "w1", worker.EVERY)

    worker._until_through(tick, stopped)
    assert [state(parts, id_) for id_ in ids].count("sent") == 2
    stopped.clear()
    worker._until_through(tick, stopped)
    assert {state(parts, id_) for id_ in ids} == {"sent"}
    assert rows(parts, "heartbeat")[0].ticks == 4
    parts.sender.answer = lambda sms: NotProcessed("429")  # type: ignore[attr-defined]
    remind(parts, make_patient(parts, made, "R-100"))
    worker._until_through(tick, stopped)
    assert rows(parts, "heartbeat")[0].ticks == 5


def test_it_ticks_until_it_is_stopped(sqlite_urls: Urls) -> None:
    parts, _, sender = evening_parts(sqlite_urls)
    remind(parts, make_patient(parts, make_study(parts)))
    parts = dataclasses.replace(parts, settings=dataclasses.replace(parts.settings, demo=True))
    stopped = threading.Event()
    running = threading.Thread(target=worker.run, args=(parts, stopped))
    running.start()
    end = time.monotonic() + 120
    while not rows(parts, "heartbeat") and time.monotonic() < end:
        time.sleep(0.02)
    stopped.set()
    running.join(120)
    assert not running.is_alive()
    assert len(sender.sent) == 1


def test_sigterm_stops_it_in_peace(sqlite_urls: Urls) -> None:
    """A process of its own: signals only reach a main thread."""
    program = (
        "import sys; from tests.factories import make_parts; from pro.worker import run;"
        "run(make_parts((sys.argv[1], sys.argv[2])))"
    )
    parts, _, _ = evening_parts(sqlite_urls)
    process = subprocess.Popen([sys.executable, "-c", program, *sqlite_urls])
    end = time.monotonic() + 120  # a busy machine starts it late
    while not rows(parts, "heartbeat") and time.monotonic() < end and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0


def test_names_are_never_used_twice() -> None:
    assert len({worker.name() for _ in range(100)}) == 100
