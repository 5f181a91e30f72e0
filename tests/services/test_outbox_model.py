"""Outbox, workers, provider and crash points as one state machine on the real services and a real database.

Hypothesis plays what may happen in any order: workers that stop or die at any point and go on much later, a provider
that loses acknowledgements, refuses, hangs and tells twice and out of order what became of its texts, patients who
answer, say STOP, leave, are held or want to be reminded later, and a clock that walks or leaps. After every step the
promises are looked at; in the end the workers get their peace, and whatever was planned must be sent or explained.
"""

from __future__ import annotations

import contextlib
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import bindparam, update

from pro.domain import reminders
from pro.domain.answers import to_json
from pro.domain.reminders import Verdict
from pro.rehearsal.answers import Day, respondent
from pro.services import answering, closing, delivery, inbound, marking, reconciling, reminding, settling, snoozing
from pro.services.answering import Save, Started
from pro.services.enrolment import COMMAND_LINE, withdraw
from pro.services.enrolment.holding import NotNow, end, hold, pause, resume
from pro.services.shift import Shift
from pro.store import leases, messages
from pro.store.tables import metadata
from tests.conftest import PROVE, Urls
from tests.databases import HISTORIES, Postgres
from tests.services import outbox_world
from tests.services.outbox_promises import Promises
from tests.services.outbox_world import (
    BOUND,
    FATES,
    LOOKED,
    POINTS,
    Fault,
    Text,
    World,
    found_study,
    token_of,
)
from tests.sms.outbox import TODAY

FAULTS: tuple[Fault, ...] = (
    "429",
    "5xx-before",
    "hang-before",
    "ack-lost",
    "hang-taken",
    "5xx-after",
    "slow",
    "21610",
    "21211",
)
WAITS = [timedelta(seconds=n) for n in (1, 15, 50, 70, 121, 301, 420, 1200, 3600, 21_600)]
OUTAGE = timedelta(hours=6)
patients, workers = st.integers(0, 2), st.integers(0, 2)


Fresh = Callable[[], tuple[tuple[str, str], dict[int, str]]]
"""New databases, and who is in them: patients by id with their numbers."""


class Machine(RuleBasedStateMachine):
    fresh: ClassVar[Fresh]
    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        urls, self.numbers = Machine.fresh()
        self.world = World(urls)
        self.promises = Promises(self.world)
        self.ids = sorted(self.numbers)
        self.dice, self.told = random.Random(0), 0
        Machine.counts["examples"] += 1

    def _done(self, what: str) -> None:
        Machine.counts["steps"] += 1
        Machine.counts[what] += 1
        self.promises.look()

    # --- workers and the clock

    @rule(n=workers, stop=st.sampled_from((None, None, *POINTS)), kill=st.booleans())
    def work(self, n: int, stop: str | None, kill: bool) -> None:
        """One of them goes on, or begins a tick: to its end, or to a point at which it stands or dies."""
        self.world.workers[n].go(stop, kill=kill)
        self._done("tick" if stop is None else f"{'killed' if kill else 'frozen'} {stop}")

    @rule(n=workers, stop=st.sampled_from((None, *POINTS)), kill=st.booleans())
    def ring(self, n: int, stop: str | None, kill: bool) -> None:
        """The same at the next bell, to which the clock goes on."""
        bell = self.world.next_bell()
        if bell is not None:
            self.world.move(bell)
        self.work(n, stop, kill)

    @rule(n=workers)
    def ring_for_nothing(self, n: int) -> None:
        self.ring(n, None, False)

    @rule(n=workers, wait=st.sampled_from(WAITS))
    def wait(self, n: int, wait: timedelta) -> None:
        """The clock goes on; now and then by an outage of six hours."""
        self.world.move(self.world.now + wait)
        self._done("outage" if wait >= OUTAGE else "wait")

    # --- the provider

    @rule(
        faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3),
        lag=st.sampled_from((0, 20, 300)),
        away=st.booleans(),
    )
    def misbehave(self, faults: list[Fault], lag: int, away: bool) -> None:
        """What comes of the next calls, how late its list shows texts, and whether the list is to be had."""
        provider = self.world.provider
        self.world.show_late(timedelta(seconds=lag))
        provider.faults, provider.away = list(faults), away
        self._done("faults")

    @rule(which=st.integers(0, 9), fate=st.sampled_from(FATES), first=st.booleans(), times=st.integers(1, 2))
    def receipt(self, which: int, fate: tuple[str, int | None], first: bool, times: int) -> None:
        """In any order; what became of a text is settled once, and told as often as it likes."""
        texts = self.world.provider.texts
        if not texts:
            return
        text = texts[-1 - which % len(texts)]
        if not first:
            text.fate = text.fate or fate
        status, code = ("sent", None) if first or text.fate is None else text.fate
        for _ in range(times):
            self._tell(text, status, code)
        self._done("receipt")

    # --- people

    @rule(n=patients, submit=st.booleans())
    def answer(self, n: int, submit: bool) -> None:
        """Fills what ends first."""
        parts, moment, token = self.world.parts, self.world.clock.now(), token_of(self.ids[n])
        view = answering.open_link(parts, token, moment)
        if not view.waiting:
            return
        started = answering.start(parts, token, moment, assessment_id=view.waiting[0].assessment_id)
        assert isinstance(started, Started)
        saves = self._answers(view.waiting[0])
        answering.save(parts, started.session_token, view.waiting[0].assessment_id, saves, moment)
        if submit:
            answering.submit(parts, started.session_token, view.waiting[0].assessment_id, moment)
        self._done("answered" if submit else "begun")

    @rule(n=patients, verb=st.sampled_from(("STOP", "START", "START", "hold", "pause", "resume", "withdraw", "end")))
    def comes_or_goes(self, n: int, verb: str) -> None:
        parts, id_, moment = self.world.parts, self.ids[n], self.world.clock.now()
        with contextlib.suppress(NotNow):
            match verb:
                case "withdraw":
                    withdraw(parts, COMMAND_LINE, id_, "patient-wish", "keep", moment)
                case "end":
                    end(parts, COMMAND_LINE, id_, "completed", moment)
                case "hold":
                    hold(parts, COMMAND_LINE, id_, "hospital", moment)
                case "pause":
                    pause(parts, COMMAND_LINE, id_, TODAY, TODAY, "holiday", moment)
                case "resume":
                    resume(parts, COMMAND_LINE, id_, moment)
                case said:
                    inbound.receive(parts, self.numbers[id_], said, moment)
        self._done(verb)

    @rule(n=patients, which=st.integers(0, 3), undo=st.sampled_from((False, False, True)))
    def snooze(self, n: int, which: int, undo: bool) -> None:
        parts, token, moment = self.world.parts, token_of(self.ids[n]), self.world.clock.now()
        if undo:
            snoozing.undo(parts, token, moment)
        elif (offer := snoozing.offer(parts, token, moment)) is not None and offer.times:
            assert snoozing.snooze(parts, token, offer.times[which % len(offer.times)].isoformat(), moment)
        self._done("snooze undone" if undo else "snoozed")

    def _answers(self, waiting: Any) -> list[Save]:
        who = respondent(self.world.parts.library.latest_protocol("thera-demo"))
        day = Day(waiting.day, 0.2, spell=False, fever=False)
        given = [
            (f"{one.id}.{key}", answer.code, None if answer.value is None else to_json(answer.value))
            for one in waiting.questionnaires
            for key, answer in who.answers(one, day, self.dice).items()
        ]
        return [Save("phone", seq, *one) for seq, one in enumerate(given, start=1)]

    # --- the end

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            self.promises.settled()
        finally:
            self.world.close()

    def _come_to_rest(self) -> None:
        """The provider is well again, who stands goes on, and the clock walks until nothing is left to do."""
        provider = self.world.provider
        provider.faults, provider.away = [], False
        for one in self.world.workers:
            if one.stands is not None:
                one.go(None)
                self.promises.look()
        for _ in range(150):
            self._receipts()
            bell = self.world.next_bell()
            if bell is None:
                return
            self.world.move(max(bell, self.world.now + timedelta(seconds=1)))
            self.world.workers[0].go(None)
            self.promises.look()
        raise AssertionError("the workers find no end")

    def _receipts(self) -> None:
        """What was not told yet, twice."""
        for text in self.world.provider.texts[self.told :]:
            text.fate = text.fate or ("delivered", None)
            for _ in range(2):
                self._tell(text, *text.fate)
        self.told = len(self.world.provider.texts)

    def _tell(self, text: Text, status: str, code: int | None) -> None:
        moment = self.world.clock.now()
        settling.settle_receipt(self.world.parts, text.message_id, text.provider_id, status, code, moment)


Play = Callable[[Machine], None]


# --- played at random, on both engines


SMALL = settings(
    max_examples=(250 if PROVE else 10),
    stateful_step_count=(50 if PROVE else 25),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not PROVE,
    database=None,
    report_multiple_bugs=False,
)


@pytest.fixture
def founded(sqlite_urls: Urls, tmp_path: Path) -> None:
    """Each example begins with a copy of the study as it was founded."""
    numbers = found_study(sqlite_urls)

    def fresh() -> tuple[tuple[str, str], dict[int, str]]:
        for which in HISTORIES:
            for rest in ("-wal", "-shm"):
                (tmp_path / f"now-{which}.sqlite{rest}").unlink(missing_ok=True)
            shutil.copy(tmp_path / f"{which}.sqlite", tmp_path / f"now-{which}.sqlite")
        study, contacts = (f"sqlite:///{tmp_path}/now-{which}.sqlite" for which in HISTORIES)
        return (study, contacts), numbers

    _begin(fresh)


@pytest.fixture
def founded_on_postgresql(postgresql_urls: Urls, postgres: Postgres) -> Iterator[None]:
    numbers, made = found_study(postgresql_urls), list[str]()

    def fresh() -> tuple[tuple[str, str], dict[int, str]]:
        postgres.drop(*made)
        made[:] = postgres.copies(*postgresql_urls)
        return (made[0], made[1]), numbers

    _begin(fresh)
    yield
    postgres.drop(*made)


def _begin(fresh: Fresh) -> None:
    Machine.fresh, Machine.counts = staticmethod(fresh), Counter()


def _run(size: settings, engine: str, record_property: Callable[[str, object], None]) -> None:
    run_state_machine_as_test(Machine, settings=size)
    counts = Counter(Machine.counts)
    examples, steps = counts.pop("examples"), counts.pop("steps")
    told = ", ".join(f"{what} {n}" for what, n in sorted(counts.items()))
    said = "Outbox, workers, provider and crash points in any order: never twice, never after the end, never in quiet"
    record_property("proof", f"{said} hours, outside the window or over the cap, nothing lost ({engine}): {told}")
    record_property("count", steps)
    record_property("unit", f"steps in {examples:,} runs")


@pytest.mark.prove
def test_whatever_happens_in_whatever_order(founded: None, record_property: Callable[[str, object], None]) -> None:
    _run(SMALL, "sqlite", record_property)


@pytest.mark.prove
def test_whatever_happens_on_postgresql(request: pytest.FixtureRequest, record_property: Callable[..., None]) -> None:
    if not PROVE:
        pytest.skip("make prove plays it on PostgreSQL as well")
    request.getfixturevalue("founded_on_postgresql")
    _run(settings(SMALL, max_examples=100), "postgresql", record_property)


# --- the promises can be broken: each play goes well, and ends red where the code is broken as it says


def at(m: Machine, hour: int, minute: int = 0, days: int = 0) -> None:
    """The clock goes on to this time of the first day (UTC; Paris is two hours ahead)."""
    m.world.move(datetime(2026, 4, 15, hour, minute, tzinfo=UTC) + timedelta(days=days))


def works(m: Machine, n: int = 0, stop: str | None = None) -> None:
    m.work(n, stop, False)


def asked_for_in_an_outage(m: Machine) -> None:
    """The bell of ten o'clock rang and nobody worked; the patient chooses a time, and the worker comes back."""
    works(m)
    at(m, 8, 10)
    m.snooze(0, 0, False)
    at(m, 8, 20)
    works(m)
    at(m, 9, 30)
    works(m)


def lost_acknowledgement(m: Machine) -> None:
    works(m)
    m.misbehave(["ack-lost"], 0, False)
    at(m, 8)
    works(m)
    at(m, 8, 10)
    works(m, 1)


def stands_after_the_claim(m: Machine) -> None:
    works(m)
    at(m, 16)
    works(m)
    at(m, 18)
    works(m, 0, "after-claim")
    at(m, 18, 31)
    works(m)


def stands_before_the_call(m: Machine) -> None:
    works(m)
    at(m, 8)
    works(m, 0, "after-mark")
    at(m, 8, 10)
    works(m, 1)
    works(m)


def stands_beside_a_list_that_lags(m: Machine) -> None:
    """Five minutes between look and call, and as many until the list shows it: together longer than anybody waits."""
    for _ in range(2):
        m.ring(0, None, False)
    m.misbehave(["429"], 0, False)
    m.ring(2, LOOKED, False)
    m.ring(0, None, False)
    m.misbehave(["ack-lost"], 300, False)
    m.ring(0, None, False)


def unknown_and_then(*happens: Callable[[Machine], None]) -> Play:
    def play(m: Machine) -> None:
        works(m)
        m.misbehave(["5xx-before"], 0, False)
        at(m, 8)
        works(m)
        for one in happens:
            one(m)
        at(m, 8, 10)
        works(m, 1)

    return play


def receipts_out_of_order(m: Machine) -> None:
    works(m)
    at(m, 8)
    works(m)
    m.receipt(0, ("delivered", None), False, 1)
    m.receipt(0, ("delivered", None), True, 2)


def stop_between_claim_and_mark(m: Machine) -> None:
    works(m)
    at(m, 8)
    works(m, 0, "after-claim")
    m.comes_or_goes(0, "STOP")


def stop_over_one_step(m: Machine) -> None:
    works(m)
    m.comes_or_goes(0, "STOP")
    at(m, 16)
    works(m)
    m.comes_or_goes(0, "START")
    at(m, 18)
    works(m)


def wants_a_fourth(m: Machine) -> None:
    works(m)
    at(m, 8)
    works(m)
    m.snooze(0, 0, False)


def nobody_works_for_a_day(m: Machine) -> None:
    at(m, 17, 0, days=1)
    works(m)


def resends_blindly(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconciling, "_settle", lambda shift, row, number: reconciling._never_sent(shift, row))


def asks_nothing(patch: pytest.MonkeyPatch) -> None:
    """Neither the domain nor the database is asked again before a message is marked."""
    patch.setattr(marking, "_judge", lambda case, marked, now: Verdict(send=True, why="ok"))
    message = metadata.tables["message"]

    def mark(session: Any, ids: Any, worker: str, marked_at: datetime, lease_until: datetime) -> set[int]:
        changed = {"state": "sending", "marked_at": marked_at, "lease_until": lease_until}
        session.connection().execute(update(message).where(message.c.id.in_(ids)).values(**changed))
        return set(ids)

    patch.setattr(leases, "mark", mark)


def forgets_quiet_hours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reminders, "in_quiet_hours", lambda instant, zone, quiet: False)


def reads_the_clock_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shift, "study", lambda self: self.moment.study)


def does_not_look_at_the_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delivery, "_has_time", lambda shift, letter: True)


def forgets_the_lag(patch: pytest.MonkeyPatch) -> None:
    """The one gap there is: no code of ours is broken for it."""
    patch.setattr(World, "show_late", lambda world, lag: setattr(world.provider, "lag", lag))
    patch.setattr(outbox_world, "BOUND", BOUND + timedelta(seconds=300))


def moves_what_is_final(patch: pytest.MonkeyPatch) -> None:
    message = metadata.tables["message"]
    anyhow = update(message).where(message.c.id == bindparam("b_id")).values(**messages._sent)
    patch.setattr(messages, "UNPROVEN", (*messages.UNPROVEN, "delivered"))
    patch.setattr(messages, "_move_on", anyhow)


def explains_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(messages, "explain", lambda session, ids, why: None)


def rings_for_what_passed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reminding, "_due", lambda one, moment: reminders.due_steps(one.steps, moment.study))


def counts_no_messages(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(snoozing, "_room", lambda *anything: True)
    patch.setattr(leases, "marked_since", lambda *anything: ())


def closes_in_silence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(closing, "_explain_steps", lambda parts, session, found: None)


def minds_no_other(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(marking.Others, "said_later", lambda *anything: False)


Patch = Callable[[pytest.MonkeyPatch], None]
BREAKS: list[tuple[Play, Patch, str]] = [
    (lost_acknowledgement, resends_blindly, "sent more than once"),
    (stands_before_the_call, does_not_look_at_the_lease, "sent more than once"),
    (stands_beside_a_list_that_lags, forgets_the_lag, "sent more than once"),
    (stands_after_the_claim, forgets_quiet_hours, "is quiet"),
    (stands_after_the_claim, reads_the_clock_once, "is quiet"),
    (stands_after_the_claim, asks_nothing, "is quiet"),
    (unknown_and_then(lambda m: m.comes_or_goes(0, "STOP")), asks_nothing, "opted_out_at"),
    (unknown_and_then(lambda m: m.comes_or_goes(0, "withdraw")), asks_nothing, "withdrawn_at"),
    (unknown_and_then(lambda m: m.comes_or_goes(0, "hold")), asks_nothing, "nothing to fill"),
    (unknown_and_then(*[lambda m: m.answer(0, True)] * 2), asks_nothing, "nothing to fill"),
    (unknown_and_then(lambda m: at(m, 14)), asks_nothing, "nothing to fill"),
    (receipts_out_of_order, moves_what_is_final, "for good"),
    (stop_between_claim_and_mark, explains_nothing, "does not balance"),
    (stop_over_one_step, rings_for_what_passed, "does not balance"),
    (wants_a_fourth, counts_no_messages, "daily cap"),
    (nobody_works_for_a_day, closes_in_silence, "recount"),
    (asked_for_in_an_outage, minds_no_other, "asked for later"),
]


@pytest.mark.parametrize(("play", "broken", "red"), BREAKS, ids=lambda one: getattr(one, "__name__", None))
def test_a_broken_promise_is_seen(
    founded: None, play: Play, broken: Patch, red: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Machine()
    play(whole)
    whole.teardown()
    broken(monkeypatch)
    with pytest.raises(AssertionError, match=red):
        _to_the_end(Machine(), play)


def _to_the_end(m: Machine, play: Play) -> None:
    try:
        play(m)
    except AssertionError:
        m.world.close()
        raise
    m.teardown()
