"""Why nothing was sent, as the ledger has it: what stood in the way at that time, never what came after. Both engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from pro.services import balancing, closing, reminding
from pro.services.enrolment import COMMAND_LINE
from pro.services.enrolment.holding import hold, pause, resume
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_study
from tests.services.play import counted, fill, give_link, stand
from tests.services.test_bells import rows, set_bells, walk

DAY = date(2026, 4, 15)
NOON = datetime(2026, 4, 15, 10, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIX, EIGHT = NOON + 6 * HOUR, NOON + 8 * HOUR
"""18:00 and 20:00 in Paris: the diary's reminders."""
OVER = NOON + timedelta(days=1, hours=1)


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    stand(parts, NOON)
    patient = make_patient(parts, made, day0=date(2026, 4, 10))
    set_bells(parts, patient, NOON)
    return patient


def told(parts: Parts, day: date = DAY) -> dict[str, object]:
    """Step → why none was made, or `message`."""
    (mine,) = (row["id"] for row in rows(parts, "assessment") if (row["timepoint"], row["day"]) == ("diary", day))
    steps = (row for row in rows(parts, "reminder") if row["assessment_id"] == mine)
    return {str(row["step"]): "message" if row["message_id"] else row["why_none"] for row in steps}


def answer(parts: Parts, patient: int, at: datetime) -> None:
    stand(parts, at)
    fill(parts, give_link(parts, patient))


def on_hold(parts: Parts, patient: int) -> None:
    hold(parts, COMMAND_LINE, patient, "hospital", parts.clock.now())


def on_a_pause(parts: Parts, patient: int) -> None:
    pause(parts, COMMAND_LINE, patient, DAY, DAY + timedelta(days=1), "holiday", parts.clock.now())


@pytest.mark.parametrize("silence", [on_hold, on_a_pause])
def test_an_evening_in_silence_is_not_explained_by_the_answer_that_came_after_it(
    parts: Parts, patient: int, silence: Callable[[Parts, int], None]
) -> None:
    walk(parts, SIX)
    stand(parts, SIX + 13 * MINUTE)
    silence(parts, patient)
    walk(parts, EIGHT + MINUTE)
    assert told(parts) == {"at-18:00": "message", "at-20:00": "excused"}, "at once, not only when it closes"
    assert balancing.check(parts, parts.clock.now()).holds
    answer(parts, patient, EIGHT + 34 * MINUTE)
    walk(parts, OVER)
    assert told(parts) == {"at-18:00": "message", "at-20:00": "excused"}
    assert balancing.recount(parts).holds


def test_only_the_steps_after_the_answer_say_that_it_was_answered(parts: Parts, patient: int) -> None:
    on_a_pause(parts, patient)
    walk(parts, SIX + 19 * MINUTE)
    answer(parts, patient, SIX + 20 * MINUTE)
    walk(parts, OVER)
    assert told(parts) == {"at-18:00": "excused", "at-20:00": "submitted"}


def test_closing_explains_by_the_time_of_the_step_as_well(parts: Parts, patient: int) -> None:
    """Where no bell rang at the steps: nobody worked, or an older version had set the bell to the end."""
    on_hold(parts, patient)
    with parts.study.writing() as session:
        table = metadata.tables["assessment"]
        session.connection().execute(update(table).values(next_at=table.c.closes_at))
    answer(parts, patient, SIX + 20 * MINUTE)
    closing.tick(parts, stand(parts, OVER))
    assert told(parts) == {"at-18:00": "excused", "at-20:00": "submitted"}
    assert balancing.recount(parts).holds


def test_what_nobody_sent_in_time_is_not_said_to_have_been_answered(parts: Parts, patient: int) -> None:
    answer(parts, patient, SIX + 20 * MINUTE)
    reminding.tick(parts, stand(parts, SIX + 40 * MINUTE))
    assert told(parts) == {"at-18:00": "too-late"}


def test_an_answer_while_the_worker_was_about_to_look_is_the_reason(parts: Parts, patient: int) -> None:
    answer(parts, patient, SIX + timedelta(seconds=20))
    reminding.tick(parts, stand(parts, SIX + MINUTE))
    assert told(parts) == {"at-18:00": "submitted"}


def test_a_hold_taken_back_at_the_very_instant_of_a_step_explains_it(parts: Parts, patient: int) -> None:
    on_hold(parts, patient)
    stand(parts, SIX)
    resume(parts, COMMAND_LINE, patient, parts.clock.now())
    assert told(parts) == {"at-18:00": "excused"}
    walk(parts, OVER)
    assert told(parts) == {"at-18:00": "excused", "at-20:00": "message"}


def test_the_silent_step_costs_the_tick_no_statement_more(parts: Parts, patient: int) -> None:
    """As many as a step after an answer, which was always explained at its own time."""
    answer(parts, patient, NOON + HOUR)
    reminding.tick(parts, stand(parts, SIX))
    with counted(parts) as answered:
        reminding.tick(parts, stand(parts, EIGHT))
    walk(parts, OVER)
    on_hold(parts, patient)
    reminding.tick(parts, stand(parts, SIX + timedelta(days=1)))
    with counted(parts) as silent:
        reminding.tick(parts, stand(parts, EIGHT + timedelta(days=1)))
    assert told(parts, DAY + timedelta(days=1)) == {"at-18:00": "excused", "at-20:00": "excused"}
    assert len(silent) == len(answered)
