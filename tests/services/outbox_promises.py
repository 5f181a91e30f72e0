"""What must hold at every step of the outbox model, looked at from outside: by the rows and by what the provider took."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pro.domain.message import FINAL
from pro.domain.schedule import reminder_steps
from pro.services import balancing
from pro.sms.sender import Sms
from pro.store.tables import metadata
from tests.services.outbox_world import MORNING, World

CAP = 3
QUIET_FROM, QUIET_TO = time(20, 30), time(8, 30)
LATE = timedelta(hours=2)
HELD_UP = timedelta(minutes=5)
CUTOFF = timedelta(hours=4)
_t = metadata.tables
_message, _reminder, _event = _t["message"], _t["reminder"], _t["message_event"]
_assessment, _patient = _t["assessment"], _t["patient"]


class Promises:
    """Remembers what it saw, so that what is final and what went out is held against it later."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: dict[int, str] = {}
        self._events = 0
        for one in world.workers:
            one.passed = self._passed
        world.provider.watch = self._taken

    def _passed(self, point: str) -> None:
        """A mark is judged where it was just made: nobody else has moved since."""
        if point == "after-mark":
            self.look()

    def look(self) -> None:
        with self._world.parts.study.plain_reading() as session:
            run = session.connection().execute
            states = {row.id: row.state for row in run(select(_message.c.id, _message.c.state))}
            marks = run(
                select(_event.c.id, _event.c.message_id)
                .where(_event.c.id > self._events, _event.c.kind == "sending")
                .order_by(_event.c.id)
            ).all()
            for mark in marks:
                self._events = mark.id
                self._may_be_marked(run, mark.message_id)
        for id_, before in self._states.items():
            if before in FINAL:
                assert states[id_] == before, f"message {id_} was {before} for good and is {states[id_]}"
        self._states = states
        self._never_twice()
        balance = balancing.check(self._world.parts, self._world.clock.now())
        assert balance.holds, f"the ledger does not balance: {balance}"

    def _may_be_marked(self, run: Any, message_id: int) -> None:
        now = self._world.now
        wanted = (
            select(_patient, _message.c.id.label("message"))
            .join(_message, _message.c.patient_id == _patient.c.id)
            .where(_message.c.id == message_id)
        )
        patient = run(wanted).one()
        named = f"message {message_id} to {patient.number}, marked at {now:%d %H:%M:%S}"
        for end in ("withdrawn_at", "ended_at", "opted_out_at", "number_wrong_at"):
            assert getattr(patient, end) is None, f"{named}: {end} {getattr(patient, end)}"
        announced = run(
            select(_assessment, _reminder.c.planned_at, _reminder.c.step)
            .join(_reminder, _reminder.c.assessment_id == _assessment.c.id)
            .where(_reminder.c.message_id == message_id)
        ).all()
        assert any(_calls_for(one, now) for one in announced), f"{named}: nothing to fill; {announced}"
        assert not is_quiet(now, patient.zone), f"{named}: {now.astimezone(ZoneInfo(patient.zone)):%H:%M} is quiet"
        self._gives_way(run, message_id, {one.id for one in announced if _calls_for(one, now)}, named)

    def _gives_way(self, run: Any, message_id: int, asks: set[int], named: str) -> None:
        """Held up, it does not go beside a later one of the same that the patient asked for."""
        one = run(select(_message).where(_message.c.id == message_id)).one()
        if self._world.now - one.due_at <= HELD_UP:
            return
        wanted = select(_message, _reminder.c.assessment_id).join(_reminder, _reminder.c.message_id == _message.c.id)
        later: dict[int, set[int]] = {}
        for row in run(wanted.where(_message.c.patient_id == one.patient_id, _message.c.due_at > one.due_at)):
            waits = row.state in ("pending", "claimed") and row.not_after >= self._world.now
            if row.dedupe_key.startswith("snooze") and (waits or row.sent_at):
                later.setdefault(row.id, set()).add(row.assessment_id)
        assert not any(asks <= told for told in later.values()), f"{named}: {one.due_at:%H:%M} was asked for later"

    def _taken(self, sms: Sms, message_id: int) -> None:
        """Looked at in the very call: may it still arrive when it is too late?"""
        with self._world.parts.study.plain_reading() as session:
            row = session.connection().execute(select(_message).where(_message.c.id == message_id)).one()
        stood = max(one.stood for one in self._world.workers)
        until = self._world.now + sms.valid_for
        assert until <= row.not_after + stood + timedelta(seconds=1), (
            f"message {message_id} may arrive until {until}, {row.not_after} was promised"
        )

    def _never_twice(self) -> None:
        arrived = self._world.provider.arrived()
        twice = {id_: n for id_, n in arrived.items() if n > 1}
        assert not twice, f"sent more than once: {twice}"
        days: Counter[tuple[str, date]] = Counter()
        zones = self._zones()
        for text in self._world.provider.texts:
            if text.arrives:
                number, zone = zones[text.message_id]
                days[number, (text.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - CUTOFF).date()] += 1
        over = {day: n for day, n in days.items() if n > CAP}
        assert not over, f"more than the daily cap: {over}"

    def _zones(self) -> dict[int, tuple[str, str]]:
        wanted = select(_message.c.id, _patient.c.number, _patient.c.zone).join(
            _patient, _message.c.patient_id == _patient.c.id
        )
        with self._world.parts.study.plain_reading() as session:
            return {row.id: (row.number, row.zone) for row in session.connection().execute(wanted)}

    def settled(self) -> None:
        """When all has come to rest: nothing waits, and every planned step was sent or it is written why not."""
        balance = balancing.recount(self._world.parts)
        assert balance.holds, f"the recount: {balance}"
        with self._world.parts.study.plain_reading() as session:
            run = session.connection().execute
            messages = {row.id: row for row in run(select(_message))}
            steps = {(row.assessment_id, row.step): row for row in run(select(_reminder))}
            assessments = run(select(_assessment, _patient.c.zone).join(_patient)).all()
        arrived = self._world.provider.arrived()
        for row in messages.values():
            assert row.state in (*FINAL, "sent"), f"message {row.id} is still {row.state}"
            sent = row.state in ("sent", "delivered", "undelivered")
            assert not sent or arrived[row.id] == 1, f"message {row.id} is {row.state}, and none arrived"
            assert row.state != "dropped" or not arrived[row.id], f"message {row.id} was dropped, and one arrived"
        for one in assessments:
            if one.respondent == "patient":
                self._none_is_lost(one, steps, messages)

    def _none_is_lost(self, one: Any, steps: dict[tuple[int, str], Any], messages: dict[int, Any]) -> None:
        assert one.closed_at or one.cancelled_at, f"{one.timepoint} {one.day} was never closed"
        protocol = self._world.parts.library.protocol(one.protocol, one.protocol_version)
        for step in reminder_steps(protocol.timepoint(one.timepoint), one.day, ZoneInfo(one.zone), protocol.cutoff):
            row = steps.get((one.id, step.step))
            named = f"{one.timepoint} {one.day} {step.step}"
            if step.at < MORNING:
                continue
            if row is None:
                assert one.cancelled_at is not None, f"{named} is in no ledger"
                assert one.cancelled_at <= step.at, f"{named} is in no ledger, and was planned before the end"
            elif not row.why_none:
                assert messages[row.message_id].state in ("sent", "delivered", "undelivered"), f"{named} is lost"


def _calls_for(one: Any, now: datetime) -> bool:
    """Whether this assessment may be reminded of, by its own row."""
    settled = one.submitted_at or one.closed_at or one.cancelled_at or one.excused_at
    end = one.late_until or one.closes_at
    return not settled and one.opens_at <= now < end and one.planned_at <= now <= one.planned_at + LATE


def is_quiet(now: datetime, zone: str) -> bool:
    clock = now.astimezone(ZoneInfo(zone)).time()
    return clock >= QUIET_FROM or clock < QUIET_TO
