"""What the worker does at its bells: reminders, closing, the duty list. Both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from pro import worker
from pro.domain.reminders import next_bell
from pro.services import answering, closing, flagging, reminding
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_staff, make_study
from tests.services.play import BAD, CALM, begin, counted, fill, give_link, saves, stand

DAY = date(2026, 4, 15)
SIX = datetime(2026, 4, 15, 16, 0, tzinfo=UTC)
"""18:00 in Paris: the diary's first reminder."""
t = metadata.tables


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    make_staff(parts, made, "first", duty=1)
    make_staff(parts, made, "second", duty=2)
    stand(parts, SIX)
    patient = make_patient(parts, made, day0=DAY)
    set_bells(parts, patient, SIX - timedelta(days=30))
    return patient


def set_bells(parts: Parts, patient: int, after: datetime) -> None:
    """As enrolment does."""
    with parts.study.writing() as session:
        table = t["assessment"]
        wanted = select(t["patient"].c.zone, table, table.c.id.label("assessment_id")).join(
            table, table.c.patient_id == t["patient"].c.id
        )
        for row in session.execute(wanted.where(table.c.patient_id == patient)).all():
            rung = reminding.steps_of(parts, row)
            bell = next_bell(rung.steps, rung.end, after)
            session.execute(update(table).where(table.c.id == row.id).values(next_at=bell))


def rows(parts: Parts, table: str) -> list[dict[str, object]]:
    with parts.study.reading() as session:
        return [dict(row._mapping) for row in session.connection().execute(select(t[table]))]


def walk(parts: Parts, until: datetime) -> None:
    """From bell to bell, as the demonstration's clock does."""
    while True:
        with parts.study.reading() as session:
            wanted = select(t["assessment"].c.next_at).where(t["assessment"].c.next_at.is_not(None))
            bell = session.execute(wanted.order_by(t["assessment"].c.next_at).limit(1)).scalar()
        if bell is None or bell > until:
            stand(parts, until)
            return
        moment = stand(parts, max(bell, parts.clock.now().study))
        reminding.tick(parts, moment)
        closing.tick(parts, moment)


def test_one_message_for_all_that_is_due_at_one_instant_and_once_however_often(parts: Parts, patient: int) -> None:
    for _ in range(3):
        reminding.tick(parts, parts.clock.now())
    assert [row["template"] for row in rows(parts, "message") if row["due_at"] == SIX] == ["reminder"]
    ledger = {(row["assessment_id"], row["step"]) for row in rows(parts, "reminder")}
    assert len(ledger) == len(rows(parts, "reminder")) >= 1


def test_a_step_that_came_too_late_is_explained_and_not_queued(parts: Parts, patient: int) -> None:
    night = stand(parts, SIX + timedelta(hours=6))
    reminding.tick(parts, night)
    assert rows(parts, "message") == []
    assert {row["why_none"] for row in rows(parts, "reminder")} == {"too-late"}


def test_an_idle_tick_takes_no_write_lock(parts: Parts, patient: int) -> None:
    reminding.tick(parts, parts.clock.now())
    with counted(parts) as seen:
        reminding.tick(parts, parts.clock.now())
    assert len(seen) == 1


def test_an_idle_tick_is_one_look_and_one_sign_of_life(parts: Parts, patient: int) -> None:
    """Closing before it, so that nothing is left; then the hour's sweep is done and the tick is idle."""
    idle = stand(parts, SIX - timedelta(hours=1))
    for _ in range(2):
        assert worker.tick_once(parts, idle, "w") == ()
    with counted(parts) as seen:
        assert worker.tick_once(parts, idle, "w") == ()
    assert [one.split()[0] for one in seen] == ["SELECT", "INSERT", "COMMIT"]


def test_after_a_submission_the_step_is_explained(parts: Parts, patient: int) -> None:
    stand(parts, SIX - timedelta(hours=2))
    fill(parts, give_link(parts, patient), CALM)
    walk(parts, SIX + timedelta(hours=3))
    diary = {row["step"]: row["why_none"] for row in rows(parts, "reminder") if row["why_none"]}
    assert "submitted" in diary.values()


def test_a_day_without_answers_is_missed_and_counted_once(parts: Parts, patient: int) -> None:
    walk(parts, SIX + timedelta(days=1))
    for _ in range(2):
        closing.tick(parts, parts.clock.now())
    tally = [row for row in rows(parts, "tally") if row["timepoint"] == "diary"]
    assert [(row["day"], row["missed"], row["completed"]) for row in tally] == [(DAY, 1, 0)]
    kinds = [row["kind"] for row in rows(parts, "audit_event")]
    assert kinds.count("assessment.missed") == 2  # the diary and day 0's questionnaires


def test_unsent_answers_are_frozen_as_partial_and_judged(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient)
    diary = next(one for one in answering.open_link(parts, token, parts.clock.now()).waiting if one.repeats)
    started = begin(parts, token, assessment_id=diary.assessment_id)
    few = {key: BAD[key] for key in list(BAD)[:6]} | {"joint-pain-diary.flare": True}
    moment = parts.clock.now()
    answering.save(parts, started.session_token, started.sitting.assessment_id, saves(few), moment)
    walk(parts, SIX + timedelta(days=1))
    made = [row for row in rows(parts, "response") if row["questionnaire"] == "joint-pain-diary"]
    assert [row["completeness"] for row in made] == ["partial"]
    assert "R4" in {row["rule"] for row in rows(parts, "flare_trigger")}
    assert [row["partial"] for row in rows(parts, "tally") if row["timepoint"] == "diary"] == [1]
    late = answering.submit(parts, started.session_token, started.sitting.assessment_id, parts.clock.now())
    assert late == answering.Closed("closed")


def test_two_missed_days_ask_for_one_call(parts: Parts, patient: int) -> None:
    walk(parts, SIX + timedelta(days=4))
    assert [(row["kind"], row["done_at"]) for row in rows(parts, "task")] == [("missed-in-a-row", None)]


def test_a_diary_sent_again_settles_the_call_and_says_so(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=SIX + timedelta(days=90))
    walk(parts, SIX + timedelta(days=4))
    fill(parts, token)
    walk(parts, SIX + timedelta(days=4, hours=12))
    assert [row["done_at"] for row in rows(parts, "task")] == [None], "its day is not over"
    walk(parts, SIX + timedelta(days=6))
    (task,) = rows(parts, "task")
    assert task["done_at"] is not None
    assert str(task["note"]).endswith("\tanswered\tworker\tsettled by answering")
    assert [row["kind"] for row in rows(parts, "audit_event")].count("call.settled") == 1
    walk(parts, SIX + timedelta(days=8))
    assert [row["done_at"] is None for row in rows(parts, "task") if row["kind"] == "missed-in-a-row"] == [False, True]


def test_an_episode_ends_after_seven_recorded_days_without_a_hit(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=SIX + timedelta(days=90))
    fill(parts, token, BAD)
    for day in range(1, 8):
        walk(parts, SIX + timedelta(days=day, minutes=5))
        assert isinstance(fill(parts, token), answering.Submitted)
    assert [row["ended_at"] for row in rows(parts, "flare")] == [None]
    walk(parts, SIX + timedelta(days=8))
    assert [row["end_why"] for row in rows(parts, "flare")] == ["days-without-a-hit"]
    assert "flare.ended" in {row["kind"] for row in rows(parts, "audit_event")}


def test_the_next_on_duty_is_told_after_the_delay_and_nobody_after_acknowledgement(parts: Parts, patient: int) -> None:
    fill(parts, give_link(parts, patient), BAD)
    texts = lambda: sorted(str(row["dedupe_key"]) for row in rows(parts, "message") if row["template"] == "flare")  # noqa: E731
    assert len(texts()) == 1
    protocol = parts.library.latest_protocol("thera-demo")
    assert flagging.tick(parts, stand(parts, SIX + protocol.duty_delay - timedelta(seconds=1))) == 0
    assert flagging.tick(parts, stand(parts, SIX + protocol.duty_delay)) == 1
    assert len(texts()) == 2
    assert flagging.tick(parts, stand(parts, SIX + 3 * protocol.duty_delay)) == 0
    assert len(texts()) == 2


def test_closing_one_that_fails_does_not_stop_the_others(
    parts: Parts, patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = closing.close, rows(parts, "assessment")[0]["id"]

    def close(parts_: Parts, assessment_id: int, patient_id: int, moment: object) -> bool:
        if assessment_id == broken:
            raise RuntimeError("no")
        return real(parts_, assessment_id, patient_id, moment)  # type: ignore[arg-type]

    monkeypatch.setattr(closing, "close", close)
    far = stand(parts, SIX + timedelta(days=200))
    closing.tick(parts, far)
    left = [row["id"] for row in rows(parts, "assessment") if row["closed_at"] is None]
    assert left == [broken]
