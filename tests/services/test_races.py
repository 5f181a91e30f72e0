"""Two hands on one assessment at once, in the order that hurts: one is stopped inside its transaction, the other waits.

PostgreSQL shows a waiter the locked row as it is now and everything else as it was before; SQLite lets one in after
the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from pro.clock import Moment
from pro.services import answering, closing, delivery, reviewing, settling
from pro.services.access import SignedIn, sign_in, staff_of
from pro.services.answering import Save, Submitted, submitting
from pro.services.parts import Parts
from pro.store import sittings, tries
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import PASSWORD, make_parts, make_patient, make_staff, make_study
from tests.services.play import BAD, CALM, begin, give_link, saves, stand
from tests.sms.outbox import remind

DAY = date(2026, 4, 15)
EVENING = datetime(2026, 4, 15, 16, 5, tzinfo=UTC)
END = datetime(2026, 4, 16, 10, 0, tzinfo=UTC)
"""Noon of the next day: the diary can no longer be filled."""
t = metadata.tables


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def diary(parts: Parts) -> tuple[str, int]:
    """A begun diary: session token and assessment."""
    made = make_study(parts)
    make_staff(parts, made, "first", duty=1)
    stand(parts, EVENING)
    patient = make_patient(parts, made, day0=date(2026, 4, 1))
    started = begin(parts, give_link(parts, patient, until=END + timedelta(days=9)))
    return started.session_token, started.sitting.assessment_id


def at(instant: datetime) -> Moment:
    return Moment(instant, instant)


def rows(parts: Parts, table: str) -> list[dict[str, Any]]:
    with parts.study.reading() as session:
        return [dict(row._mapping) for row in session.connection().execute(select(t[table]))]


class Hand(threading.Thread):
    """Does one thing; `result` is what came of it."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act, self.result = act, None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.act()  # type: ignore[assignment]
        except Exception as error:
            self.result = error  # type: ignore[assignment]


@contextmanager
def stopped_in(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, first: Callable[[], object], *, before: bool = False
) -> Iterator[Hand]:
    """`first` is stopped where it calls `name`; it goes on when the block has started the other hand."""
    real, reached, go = getattr(module, name), threading.Event(), threading.Event()

    def held(*args: Any, **more: Any) -> Any:
        if threading.current_thread() is not hand:
            return real(*args, **more)
        if before:
            reached.set()
            go.wait(20)
            return real(*args, **more)
        result = real(*args, **more)
        reached.set()
        go.wait(20)
        return result

    gate = threading.Event()

    def act() -> object:
        gate.wait(5)
        return first()

    hand = Hand(act)
    monkeypatch.setattr(module, name, held)
    gate.set()
    assert reached.wait(20)
    yield hand
    # the other hand stands at the lock by now
    threading.Event().wait(0.3)
    go.set()
    hand.join()


def fever(client: str = "other") -> list[Save]:
    return [Save(client, 1, "injection-diary.temperature", "answered", "39.5")]


def test_a_fever_typed_while_another_tab_submits_is_refused_and_not_lost(
    parts: Parts, diary: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    token, assessment = diary
    answering.save(parts, token, assessment, saves(CALM), at(EVENING))
    with stopped_in(
        monkeypatch, submitting, "append_to_patient", lambda: answering.submit(parts, token, assessment, at(EVENING))
    ) as submit:
        late = Hand(lambda: answering.save(parts, token, assessment, fever(), at(EVENING)))
    late.join()
    assert isinstance(submit.result, Submitted)
    assert late.result == answering.Saved(closed="submitted")
    assert [row for row in rows(parts, "answer_save") if row["client"] == "other"] == []


def test_closing_waits_for_the_save_in_flight(
    parts: Parts, diary: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    token, assessment = diary
    few = saves(dict(list(CALM.items())[:3]))
    patient = rows(parts, "patient")[0]["id"]
    before, after = at(END - timedelta(seconds=1)), at(END + timedelta(seconds=1))
    with stopped_in(
        monkeypatch,
        sittings,
        "insert_saves",
        lambda: answering.save(parts, token, assessment, few, before),
        before=True,
    ) as save:
        close = Hand(lambda: closing.close(parts, assessment, patient, after))
    close.join()
    assert isinstance(save.result, answering.Saved)
    assert close.result is True
    kept = save.result.acknowledged
    made = [row for row in rows(parts, "response") if row["questionnaire"] == "joint-pain-diary"]
    answered = [
        one for row in made for one in msgspec.json.decode(row["answers"]).values() if one["code"] == "answered"
    ]
    assert len(kept) == len(answered) == 3
    assert [row["partial"] for row in rows(parts, "tally")] == [1]


def test_closing_right_after_a_submission_closes_it_as_sent(
    parts: Parts, diary: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    token, assessment = diary
    answering.save(parts, token, assessment, saves(CALM), at(EVENING))
    patient = rows(parts, "patient")[0]["id"]
    with stopped_in(
        monkeypatch,
        submitting,
        "append_to_patient",
        lambda: answering.submit(parts, token, assessment, at(END - timedelta(seconds=1))),
    ) as submit:
        close = Hand(lambda: closing.close(parts, assessment, patient, at(END + timedelta(seconds=1))))
    close.join()
    assert isinstance(submit.result, Submitted)
    assert close.result is True
    assert {row["completeness"] for row in rows(parts, "response")} == {"complete"}
    assert [row["late"] for row in rows(parts, "tally")] == [1]


@pytest.mark.parametrize("urgent", [False, True])
def test_a_hit_while_the_investigator_ends_the_episode_opens_a_new_one(
    parts: Parts, diary: tuple[str, int], monkeypatch: pytest.MonkeyPatch, urgent: bool
) -> None:
    token, assessment = diary
    patient = rows(parts, "patient")[0]
    row = {
        "patient_id": patient["id"],
        "site_id": patient["site_id"],
        "n": 1,
        "opened_at": EVENING - timedelta(days=2),
        "opened_day": DAY - timedelta(days=2),
        "last_hit_day": DAY - timedelta(days=2),
        "outcome": "confirmed",
        "acknowledged_at": EVENING,
        "told_rank": 1,
    }
    with parts.study.writing() as session:
        session.connection().execute(t["flare"].insert().values(**row))
    signed = sign_in(parts, "first", PASSWORD, "a desk", at(EVENING))
    assert isinstance(signed, SignedIn)
    doctor = staff_of(parts, signed.token, at(EVENING))
    assert doctor is not None
    flare = rows(parts, "flare")[0]["id"]
    answering.save(parts, token, assessment, saves(BAD), at(EVENING))
    act: Callable[[], object] = (
        (lambda: answering.save(parts, token, assessment, fever(), at(EVENING)))
        if urgent
        else (lambda: answering.submit(parts, token, assessment, at(EVENING)))
    )
    with stopped_in(
        monkeypatch, reviewing.audit, "record", lambda: reviewing.end_flare(parts, doctor, flare, "over", at(EVENING))
    ) as end:
        hit = Hand(act)
    hit.join()
    assert isinstance(end.result, reviewing.Recorded)
    assert not isinstance(hit.result, Exception), hit.result
    ended = {row["id"]: row["ended_at"] for row in rows(parts, "flare")}
    assert len(ended) == 2
    assert all(ended[row["flare_id"]] is None for row in rows(parts, "flare_trigger"))
    assert [row for row in rows(parts, "message") if row["staff_id"] is not None]


def test_one_account_signs_in_from_many_places_at_once(parts: Parts, diary: tuple[str, int]) -> None:
    hands = [Hand(lambda: sign_in(parts, "first", PASSWORD, "a desk", at(EVENING))) for _ in range(8)]
    for hand in hands:
        hand.join()
    assert [type(hand.result) for hand in hands] == [SignedIn] * 8


def test_the_newest_of_one_batch_wins_whatever_the_phone_is_called(parts: Parts, diary: tuple[str, int]) -> None:
    token, assessment = diary
    item = "joint-pain-diary.worst_pain"
    batch = [Save("zz", 1, item, "answered", 3), Save("aa", 1, item, "answered", 8)]
    answering.save(parts, token, assessment, batch, at(EVENING))
    sitting = answering.sitting(parts, token, at(EVENING), assessment)
    assert isinstance(sitting, answering.Sitting)
    assert sitting.answers[item].value == 8


def test_a_withdrawal_before_the_submission_stops_it(parts: Parts, diary: tuple[str, int]) -> None:
    token, assessment = diary
    answering.save(parts, token, assessment, saves(CALM), at(EVENING))
    with parts.study.writing() as session:
        session.execute(update(t["patient"]).values(withdrawn_at=EVENING))
    assert answering.submit(parts, token, assessment, at(EVENING)) == answering.Closed("withdrawn")


def test_a_text_that_a_receipt_puts_back_is_not_taken_for_sent(
    parts: Parts, diary: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker writes down what the provider took just while the receipt says that it broke down."""
    message = remind(parts, rows(parts, "patient")[0]["id"])
    reached, on = threading.Event(), threading.Event()

    def pause(point: str) -> None:
        if point == "before-record":
            reached.set()
            on.wait(20)

    now = at(EVENING)
    worker = Hand(lambda: delivery.tick(parts, now, "w1", at=pause))
    assert reached.wait(20)
    broke_down = partial(settling.settle_receipt, parts, message, "memory-1", "failed", 30500, now)
    with stopped_in(monkeypatch, tries, "begin_again", broke_down):
        on.set()
        worker.join(0.5)
    worker.join(20)
    assert [row["state"] for row in rows(parts, "message") if row["id"] == message] == ["pending"]
