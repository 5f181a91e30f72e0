"""The ledger's balance: seen at the tick that broke it, for the price of what is new. Both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, update

from pro import worker
from pro.clock import Moment
from pro.services import balancing, health, reminding
from pro.services.parts import Parts
from pro.services.timekeeping import Timekeeper, jump
from pro.store import ledger
from pro.store.heartbeats import Beat
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import counted, stand
from tests.services.test_bells import DAY, SIX, rows, set_bells

MINUTE = timedelta(minutes=1)
t = metadata.tables


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    stand(parts, SIX)
    patient = make_patient(parts, made, day0=DAY)
    set_bells(parts, patient, SIX - timedelta(days=30))
    return patient


def tick(parts: Parts, at: datetime, name: str = "w") -> Moment:
    moment = stand(parts, at)
    assert worker.tick_once(parts, moment, name) == ()
    return moment


def change(parts: Parts, statement: object) -> None:
    with parts.study.writing() as session:
        session.connection().execute(statement)  # type: ignore[call-overload]


def carried(parts: Parts) -> dict[str, object]:
    """A step that a message carries."""
    return next(row for row in rows(parts, "reminder") if row["message_id"] is not None)


def balances(parts: Parts) -> bool:
    ledger = health.look(parts, parts.clock.now()).facts["ledger"]
    return bool(ledger["balances"])  # type: ignore[index]


def test_each_tick_looks_only_at_what_came_since(parts: Parts, patient: int) -> None:
    moment = tick(parts, SIX)
    assert balancing.check(parts, moment).holds
    tick(parts, SIX + 2 * MINUTE)
    balancing.check(parts, stand(parts, SIX + 4 * MINUTE))
    (mark,) = rows(parts, "ledger_mark")
    assert mark["message_to"] == max(int(str(row["id"])) for row in rows(parts, "message"))
    with counted(parts) as seen:
        balancing.check(parts, stand(parts, SIX + 6 * MINUTE))
    assert len([one for one in seen if one.startswith("SELECT")]) == 3
    assert not [one for one in seen if one.startswith(("INSERT", "UPDATE"))]


def test_a_reminder_that_no_step_knows_of_stays_an_alarm_until_it_is_mended(parts: Parts, patient: int) -> None:
    tick(parts, SIX)
    lost = carried(parts)
    change(parts, delete(t["reminder"]).where(t["reminder"].c.message_id == lost["message_id"]))
    for minute in range(1, 6):
        found = balancing.check(parts, stand(parts, SIX + minute * MINUTE))
        assert (found.holds, found.lonely) == (False, 1)
        assert not balances(parts)
    change(parts, insert(t["reminder"]).values(**lost))
    assert balances(parts)


def test_a_step_without_message_or_reason_is_seen_however_old_it_is(parts: Parts, patient: int) -> None:
    tick(parts, SIX)
    for minute in (2, 4, 6):
        balancing.check(parts, stand(parts, SIX + minute * MINUTE))
    assert balances(parts)
    change(parts, update(t["reminder"]).values(message_id=None, why_none=None))
    assert not balances(parts)


def test_a_failure_must_say_why_on_each_step(parts: Parts, patient: int) -> None:
    tick(parts, SIX)
    message = carried(parts)["message_id"]
    change(parts, update(t["message"]).where(t["message"].c.id == message).values(state="dropped"))
    change(parts, insert(t["message_event"]).values(message_id=message, at=SIX, kind="dropped"))
    assert not balances(parts)
    change(parts, update(t["reminder"]).where(t["reminder"].c.message_id == message).values(why_none="too-late"))
    assert balances(parts)


def test_the_recount_finds_a_step_that_closing_left_out(parts: Parts, patient: int) -> None:
    for hours in (0, 2, 20):
        tick(parts, SIX + timedelta(hours=hours))
    assert balancing.recount(parts).holds
    step = next(row for row in rows(parts, "reminder") if row["step"] == "at-20:00")
    gone = t["reminder"].c.assessment_id == step["assessment_id"], t["reminder"].c.step == step["step"]
    change(parts, update(t["message"]).values(template="test"))
    change(parts, delete(t["reminder"]).where(*gone))
    assert balancing.recount(parts).uncounted == 1


def test_the_nightly_recount_is_kept_and_repeated_until_it_balances(parts: Parts, patient: int) -> None:
    for hours in (0, 2, 20):
        tick(parts, SIX + timedelta(hours=hours))
    assert balancing.recount_if_due(parts, parts.clock.now()) is None, "the first tick's sweep did it"
    kept = rows(parts, "reminder")
    change(parts, update(t["message"]).values(template="test"))
    change(parts, delete(t["reminder"]))
    later = stand(parts, SIX + timedelta(hours=44))
    found = balancing.recount_if_due(parts, later)
    assert found is not None
    assert not found.holds
    assert not balances(parts)
    change(parts, insert(t["reminder"]).values(kept))
    again = balancing.recount_if_due(parts, stand(parts, SIX + timedelta(hours=45)))
    assert again is not None
    assert again.holds
    assert balances(parts)


# The clock


def beats(seconds: float, monotonic: float | None) -> Beat:
    return Beat("w", datetime(2026, 4, 15, tzinfo=UTC) + timedelta(seconds=seconds), 15, monotonic)


@pytest.mark.parametrize(
    ("seconds", "monotonic", "expected"),
    [(15, 15.0, None), (75, 15.0, None), (76, 15.0, 61), (-46, 15.0, -61), (-45, 15.0, None), (3600, 3600.0, None)],
)
def test_a_jump_is_more_than_a_minute_against_the_steady_clock(
    seconds: float, monotonic: float, expected: int | None
) -> None:
    found = jump(beats(0, 0.0), beats(seconds, monotonic))
    assert found == (None if expected is None else timedelta(seconds=expected))
    assert jump(beats(0, None), beats(seconds, monotonic)) is None


def test_a_jump_is_an_alarm_for_an_hour_and_stays_in_the_trail(parts: Parts, patient: int) -> None:
    steady = iter([100.0, 115.0, 130.0, 3730.0, 7330.0])
    keeper = Timekeeper(seconds=lambda: next(steady))

    def at(seconds: int) -> bool:
        moment = stand(parts, SIX + timedelta(seconds=seconds))
        worker._tick(parts, lambda: moment, "w", 15, keeper=keeper)
        return any(alarm.about == "clock" for alarm in health.look(parts, moment).alarms)

    assert [at(0), at(15), at(330)] == [False, False, True]
    assert [row["kind"] for row in rows(parts, "audit_event")].count("clock.jumped") == 1
    (beat,) = rows(parts, "heartbeat")
    assert beat["jump_seconds"] == 300
    assert [at(3930), at(7530)] == [True, False]


def test_a_tick_from_the_future_is_told(parts: Parts, patient: int) -> None:
    tick(parts, SIX)
    found = health.look(parts, stand(parts, SIX - timedelta(minutes=2)))
    assert [alarm.about for alarm in found.alarms] == ["clock"]


# A worker that is off


def test_after_six_hours_without_a_worker_nothing_late_is_sent_and_everything_is_explained(
    parts: Parts, patient: int
) -> None:
    before = SIX - timedelta(hours=1)
    tick(parts, before)
    sent = len(parts.sender.sent)  # type: ignore[attr-defined]
    back = SIX + timedelta(hours=5)
    found = health.look(parts, stand(parts, back))
    assert {alarm.about for alarm in found.alarms} == {"worker", "due"}, "it rings while the worker is off"
    assert all(alarm.mend for alarm in found.alarms)
    for minute in range(3):
        tick(parts, back + minute * MINUTE)
    assert len(parts.sender.sent) == sent  # type: ignore[attr-defined]
    diary = next(row["id"] for row in rows(parts, "assessment") if row["timepoint"] == "diary" and row["day"] == DAY)
    steps = {row["step"]: row["why_none"] for row in rows(parts, "reminder") if row["assessment_id"] == diary}
    assert steps == {"at-18:00": "too-late", "at-20:00": "too-late"}
    assert health.look(parts, parts.clock.now()).ok
    assert balancing.recount(parts).holds
    tick(parts, SIX + timedelta(days=1))
    assert len(parts.sender.sent) == sent + 1, "the next evening is reminded as ever"  # type: ignore[attr-defined]


def test_what_was_queued_before_the_outage_is_dropped_with_its_reason(parts: Parts, patient: int) -> None:
    reminding.tick(parts, stand(parts, SIX))
    assert {row["state"] for row in rows(parts, "message")} == {"pending"}
    tick(parts, SIX + timedelta(hours=6))
    assert {(row["state"], row["error"]) for row in rows(parts, "message")} == {("dropped", "too-late")}
    assert {row["why_none"] for row in rows(parts, "reminder")} == {"too-late"}
    assert balances(parts)


def test_two_workers_share_the_work_and_one_may_die(parts: Parts, patient: int) -> None:
    for name in ("a", "b"):
        tick(parts, SIX, name)
    assert len([row for row in rows(parts, "message") if row["due_at"] == SIX]) == 1
    assert len(parts.sender.sent) == len(rows(parts, "message"))  # type: ignore[attr-defined]
    for minute in range(1, 4):
        tick(parts, SIX + minute * MINUTE, "b")
    assert health.look(parts, parts.clock.now()).ok, "one of them is enough"
    assert not health.look(parts, stand(parts, SIX + 5 * MINUTE)).ok


def test_the_look_at_unexplained_steps_does_not_grow_with_those_that_are_explained(sqlite_urls: Urls) -> None:
    """Left to itself SQLite reads every step that never had a message, to find that each says why."""
    with make_parts(sqlite_urls).study.plain_reading() as session:
        connection = session.connection()
        asked = ledger._unexplained.compile(dialect=connection.dialect)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
    assert [row.detail for row in plan] == ["SCAN reminder USING INDEX ix_reminder_unexplained"]
