"""A diary from link to receipt, on both engines."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import select, update
from sqlmodel import Session

from pro.services import answering, flagging
from pro.services.answering import Closed, Incomplete, NoSitting, Save, Started, Submitted
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests import long_visit
from tests.conftest import Urls
from tests.factories import Made, make_parts, make_patient, make_staff, make_study
from tests.services.play import BAD, CALM, begin, counted, fill, give_link, saves, stand

EVENING = datetime(2026, 4, 15, 16, 5, tzinfo=UTC)
"""18:05 in Paris."""
t = metadata.tables


@pytest.fixture
def parts(database_urls: Urls) -> Parts:
    return make_parts(database_urls)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    make_staff(parts, made, "first", duty=1)
    make_staff(parts, made, "second", duty=2)
    stand(parts, EVENING)
    return make_patient(parts, made, day0=date(2026, 4, 1))


def rows(parts: Parts, table: str) -> list[dict[str, object]]:
    with parts.study.reading() as session:
        return [dict(row._mapping) for row in session.connection().execute(select(t[table]))]


def test_a_link_says_what_waits_and_changes_nothing(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient)
    before = {table: rows(parts, table) for table in t}
    view = answering.open_link(parts, token, parts.clock.now())
    assert view.status == "ready"
    assert view.waiting[0].timepoint == "diary"
    assert view.waiting[0].day == date(2026, 4, 15)
    assert {table: rows(parts, table) for table in t} == before


def test_after_the_cut_off_both_days_wait_until_noon(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient)
    morning = stand(parts, datetime(2026, 4, 16, 5, 0, tzinfo=UTC))
    days = [(one.day, one.late) for one in answering.open_link(parts, token, morning).waiting if one.repeats]
    assert days == [(date(2026, 4, 15), True), (date(2026, 4, 16), False)], "first what ends first"
    noon = stand(parts, datetime(2026, 4, 16, 10, 0, tzinfo=UTC))
    assert [one.day for one in answering.open_link(parts, token, noon).waiting if one.repeats] == [date(2026, 4, 16)]


def test_a_diary_becomes_one_response_per_questionnaire(parts: Parts, patient: int) -> None:
    submitted = fill(parts, give_link(parts, patient))
    assert isinstance(submitted, Submitted)
    assert not submitted.already
    made = rows(parts, "response")
    assert [row["questionnaire"] for row in made] == ["joint-pain-diary", "injection-diary"]
    assert {row["completeness"] for row in made} == {"complete"}
    frozen = msgspec.json.decode(str(made[0]["answers"]))
    assert frozen["worst_pain"] == {"code": "answered", "value": 3}
    assert frozen["rest_pain"] == {"code": "not-shown"}
    assert len(rows(parts, "audit_event")) == 1


@pytest.mark.parametrize("answers", [CALM, dict(list(CALM.items())[:3]) | dict.fromkeys(list(CALM)[3:])])
def test_a_submission_is_one_commit_and_at_most_seven_statements(
    parts: Parts, patient: int, answers: dict[str, object]
) -> None:
    token = give_link(parts, patient)
    started = begin(parts, token)
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(answers), parts.clock.now())
    frozen, receipt = split_submission(parts, started.session_token, assessment)
    assert frozen.count("COMMIT") == 1
    assert len(frozen) - 1 <= 7, frozen
    assert "COMMIT" not in receipt


def test_fifty_answers_are_saved_in_two_statements_and_sent_in_seven(database_urls: Urls) -> None:
    """A visit of six questionnaires costs what a diary of two costs."""
    parts = make_parts(database_urls)
    stand(parts, EVENING)
    token = give_link(parts, make_patient(parts, make_study(parts), day0=EVENING.date()))
    started = begin(parts, token)
    assessment = started.sitting.assessment_id
    given = saves(long_visit.answers())
    assert len(given) == 54
    with counted(parts) as seen:
        assert not answering.save(parts, started.session_token, assessment, given, parts.clock.now()).refused
    assert len(seen) - 1 <= 2, seen
    frozen, _ = split_submission(parts, started.session_token, assessment)
    assert frozen.count("COMMIT") == 1
    assert len(frozen) - 1 <= 7, frozen
    assert [row["questionnaire"] for row in rows(parts, "response")] == long_visit.names()


def test_ten_statements_when_an_episode_opens(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient)
    started = begin(parts, token)
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(BAD), parts.clock.now())
    frozen, _ = split_submission(parts, started.session_token, assessment)
    assert len(rows(parts, "flare")) == 1
    assert len(frozen) - 1 <= 10, frozen


def split_submission(parts: Parts, session_token: str, assessment: int) -> tuple[list[str], list[str]]:
    """The statements of the submission with its commit, and what the thank-you page reads afterwards."""
    with counted(parts) as seen:
        outcome = answering.submit(parts, session_token, assessment, parts.clock.now())
    assert isinstance(outcome, Submitted)
    at = seen.index("COMMIT") + 1
    return seen[:at], seen[at:]


def test_a_save_is_two_statements(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    with counted(parts) as seen:
        one = Save("phone", 1, "joint-pain-diary.worst_pain", "answered", 3)
        answering.save(parts, started.session_token, started.sitting.assessment_id, [one], parts.clock.now())
    assert len(seen) == 3, seen
    assert seen[-1] == "COMMIT"


def test_a_replayed_save_keeps_nothing_twice_and_is_acknowledged(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    one = [Save("phone", 1, "joint-pain-diary.worst_pain", "answered", 3)]
    for _ in range(3):
        saved = answering.save(parts, started.session_token, started.sitting.assessment_id, one, parts.clock.now())
        assert saved.acknowledged == (("phone", 1),)
    assert len(rows(parts, "answer_save")) == 1


def test_the_newest_save_of_an_item_is_the_answer(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    for seq, value in enumerate((3, 9, 4), start=1):
        one = [Save("phone", seq, "joint-pain-diary.worst_pain", "answered", value)]
        answering.save(parts, started.session_token, assessment, one, parts.clock.now())
    again = answering.sitting(parts, started.session_token, parts.clock.now(), assessment)
    assert not isinstance(again, NoSitting)
    assert again.answers["joint-pain-diary.worst_pain"].value == 4


def test_a_value_out_of_range_is_refused_by_name_and_the_others_are_kept(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    both = [
        Save("phone", 1, "joint-pain-diary.worst_pain", "answered", 11),
        Save("phone", 2, "joint-pain-diary.average_pain", "answered", 2),
    ]
    saved = answering.save(parts, started.session_token, started.sitting.assessment_id, both, parts.clock.now())
    assert [one.item for one in saved.refused] == ["joint-pain-diary.worst_pain"]
    assert saved.acknowledged == (("phone", 2),)


def test_missing_items_are_named_and_the_claim_is_given_back(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient)
    few = dict(list(CALM.items())[:3])
    outcome = fill(parts, token, few)
    assert isinstance(outcome, Incomplete)
    assert "joint-pain-diary.tender" in outcome.missing
    assert rows(parts, "response") == []
    assert isinstance(fill(parts, token), Submitted)


def test_a_second_submission_gets_the_same_receipt(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(CALM), parts.clock.now())
    first = answering.submit(parts, started.session_token, assessment, parts.clock.now())
    second = answering.submit(parts, started.session_token, assessment, parts.clock.now())
    assert isinstance(first, Submitted)
    assert isinstance(second, Submitted)
    assert second.already
    assert second.receipt == first.receipt
    assert len(rows(parts, "response")) == 2


def test_double_clicks_at_once_make_one_submission(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(BAD), parts.clock.now())
    outcomes: list[object] = []

    def click() -> None:
        outcomes.append(answering.submit(parts, started.session_token, assessment, parts.clock.now()))

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert [type(one) for one in outcomes] == [Submitted] * 8
    assert sum(not one.already for one in outcomes if isinstance(one, Submitted)) == 1
    assert len({one.receipt for one in outcomes if isinstance(one, Submitted)}) == 1
    assert len(rows(parts, "response")) == 2
    assert len(rows(parts, "flare")) == 1


def test_a_save_after_submission_is_refused_and_said(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(CALM), parts.clock.now())
    answering.submit(parts, started.session_token, assessment, parts.clock.now())
    late = [Save("phone", 99, "joint-pain-diary.worst_pain", "answered", 10)]
    assert answering.save(parts, started.session_token, assessment, late, parts.clock.now()).closed == "submitted"


def test_a_save_is_never_acknowledged_and_left_out(parts: Parts, patient: int) -> None:
    """A save that races a submission is either in the response or answered as closed."""
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    answering.save(parts, started.session_token, assessment, saves(CALM), parts.clock.now())
    kept: list[int] = []

    def keep(seq: int) -> None:
        one = [Save("phone", seq, "joint-pain-diary.stiffness", "answered", seq)]
        if not answering.save(parts, started.session_token, assessment, one, parts.clock.now()).closed:
            kept.append(seq)

    racers = [threading.Thread(target=keep, args=(seq,)) for seq in range(100, 106)]
    for racer in racers:
        racer.start()
    outcome = answering.submit(parts, started.session_token, assessment, parts.clock.now())
    for racer in racers:
        racer.join()
    assert isinstance(outcome, Submitted)
    payload = msgspec.json.decode(str(rows(parts, "audit_event")[0]["payload"]))
    in_record = [one["value"] for one in payload["saves"] if one["item"].endswith("stiffness")]
    assert sorted(kept) == sorted(value for value in in_record if value >= 100)


def test_an_emergency_is_judged_when_the_answer_is_given(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    fever = [Save("phone", 1, "injection-diary.temperature", "answered", "38.0")]
    saved = answering.save(parts, started.session_token, assessment, fever, parts.clock.now())
    assert saved.emergency is not None
    assert saved.told_at == EVENING
    assert len(rows(parts, "flare")) == 1
    assert [row["rule"] for row in rows(parts, "flare_trigger")] == ["R7"]
    assert [row["kind"] for row in rows(parts, "audit_event")] == ["flare.opened"]
    assert [row["dedupe_key"] for row in rows(parts, "message")] == [f"flare:{rows(parts, 'flare')[0]['id']}:1"]
    answering.save(parts, started.session_token, assessment, fever, parts.clock.now())
    calm = CALM | {"injection-diary.temperature_taken": True, "injection-diary.temperature": "38.0"}
    answering.save(parts, started.session_token, assessment, saves(calm, first=10), parts.clock.now())
    assert isinstance(answering.submit(parts, started.session_token, assessment, parts.clock.now()), Submitted)
    assert len(rows(parts, "flare")) == 1
    assert len(rows(parts, "message")) == 1


def test_the_text_of_an_emergency_says_that_it_cannot_wait(parts: Parts, patient: int) -> None:
    give_fever(parts, begin(parts, give_link(parts, patient)))
    assert [row["template"] for row in rows(parts, "message")] == ["flare-now"]
    protocol = parts.library.latest_protocol("thera-demo")
    assert flagging.tick(parts, stand(parts, EVENING + protocol.duty_delay)) == 1
    assert [row["template"] for row in rows(parts, "message")] == ["flare-now", "flare-now"]


def test_a_fever_in_an_episode_that_was_looked_at_tells_the_duty_list_again(parts: Parts, patient: int) -> None:
    """Once for each day, and nobody takes the fever for something they have seen."""
    started = begin(parts, give_link(parts, patient))
    answering.save(parts, started.session_token, started.sitting.assessment_id, saves(BAD), parts.clock.now())
    answering.submit(parts, started.session_token, started.sitting.assessment_id, parts.clock.now())
    assert [row["template"] for row in rows(parts, "message")] == ["flare"]
    seen = EVENING + timedelta(hours=1)
    with parts.study.writing() as session:
        session.execute(
            update(t["flare"]).values(acknowledged_at=seen, outcome="confirmed", told_rank=2, next_tell_at=None)
        )
    protocol = parts.library.latest_protocol("thera-demo")
    for n, day in enumerate((1, 2), start=1):
        evening = stand(parts, EVENING + timedelta(days=day))
        next_day = begin(parts, give_link(parts, patient, token=str(day) * 22))
        for seq in (1, 2):
            give_fever(parts, next_day, seq=seq)
        told = [row for row in rows(parts, "message") if row["template"] == "flare-now"]
        assert len(told) == 2 * n - 1
        assert {row["due_at"] for row in told[2 * n - 2 :]} == {evening.study}
        (episode,) = rows(parts, "flare")
        assert (episode["acknowledged_at"], episode["outcome"]) == (None, "confirmed")
        assert episode["last_hit_day"] == evening.study.date()
        assert flagging.tick(parts, stand(parts, evening.study + protocol.duty_delay)) == 1


def give_fever(parts: Parts, started: Started, seq: int = 1) -> None:
    fever = [Save("phone", seq, "injection-diary.temperature", "answered", "38.6")]
    saved = answering.save(parts, started.session_token, started.sitting.assessment_id, fever, parts.clock.now())
    assert saved.emergency is not None


def test_an_emergency_sent_by_two_tabs_at_once_opens_one_episode(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    failures: list[object] = []

    def send(client: str) -> None:
        fever = [Save(client, 1, "injection-diary.temperature", "answered", "39.0")]
        moment = parts.clock.now()
        saved = answering.save(parts, started.session_token, started.sitting.assessment_id, fever, moment)
        if saved.emergency is None:
            failures.append(saved)

    tabs = [threading.Thread(target=send, args=(f"tab-{n}",)) for n in range(6)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert failures == []
    assert len(rows(parts, "answer_save")) == 6
    assert len(rows(parts, "flare")) == 1
    assert len(rows(parts, "flare_trigger")) == 1
    assert [row["kind"] for row in rows(parts, "audit_event")] == ["flare.opened"]


def test_a_day_already_reviewed_opens_nothing_again(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    assessment = started.sitting.assessment_id
    fever = [Save("phone", 1, "injection-diary.temperature", "answered", "38.5")]
    answering.save(parts, started.session_token, assessment, fever, parts.clock.now())
    with parts.study.writing() as session:
        session.execute(update(t["flare"]).values(ended_at=EVENING, end_why="closed-by-investigator"))
    again = [Save("phone", 2, "injection-diary.temperature", "answered", "38.5")]
    saved = answering.save(parts, started.session_token, assessment, again, parts.clock.now())
    assert saved.emergency is not None
    assert len(rows(parts, "flare")) == 1


def test_37_9_is_no_emergency(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    one = [Save("phone", 1, "injection-diary.temperature", "answered", "37.9")]
    saved = answering.save(parts, started.session_token, started.sitting.assessment_id, one, parts.clock.now())
    assert saved.emergency is None
    assert rows(parts, "flare") == []


def test_not_evaluable_is_stored_and_raises_nothing(parts: Parts, patient: int) -> None:
    fill(parts, give_link(parts, patient))
    evaluation = msgspec.json.decode(str(rows(parts, "response")[0]["evaluation"]))
    assert {one["rule"]: one["result"] for one in evaluation}["R1"] == "not evaluable"
    assert rows(parts, "flare") == []


def test_a_late_day_is_judged_for_the_days_after_it(parts: Parts, patient: int) -> None:
    """Pain 8 today and, sent afterwards, 8 yesterday: the second day in a row is today."""
    token = give_link(parts, patient, until=EVENING + timedelta(days=60))
    for day in range(1, 8):
        at = EVENING - timedelta(days=14 - day)
        fill(parts, token, CALM, stand(parts, at))
    stand(parts, datetime(2026, 4, 16, 5, 0, tzinfo=UTC))
    high = CALM | {
        "joint-pain-diary.worst_pain": 6,
        "joint-pain-diary.rest_pain": 2,
        "joint-pain-diary.warm_joint": False,
    }
    with parts.study.writing() as session:
        shift(session, patient)
    yesterday, today = (
        next(w for w in answering.open_link(parts, token, parts.clock.now()).waiting if w.repeats and w.late is late)
        for late in (True, False)
    )
    for waiting in (today, yesterday):
        started = begin(parts, token, assessment_id=waiting.assessment_id)
        answering.save(parts, started.session_token, waiting.assessment_id, saves(high), parts.clock.now())
        answering.submit(parts, started.session_token, waiting.assessment_id, parts.clock.now())
    triggers = [(row["rule"], row["day"]) for row in rows(parts, "flare_trigger")]
    assert ("R1", today.day) in triggers
    assert ("R1", yesterday.day) not in triggers


def shift(session: Session, patient_id: int) -> None:
    """Moves the seven recorded days next to today, where a baseline is taken from."""
    response = t["response"]
    days = session.execute(select(response.c.id, response.c.day)).all()
    session.connection().exec_driver_sql("SELECT 1")
    for trigger in ("response_is_frozen_update", "response_is_frozen"):
        if session.get_bind().dialect.name == "sqlite" and trigger.endswith("update"):
            session.connection().exec_driver_sql(f"DROP TRIGGER {trigger}")
        elif session.get_bind().dialect.name == "postgresql" and not trigger.endswith("update"):
            session.connection().exec_driver_sql(f"DROP TRIGGER {trigger} ON response")
    newest = max(row.day for row in days)
    for row in days:
        moved = row.day + (date(2026, 4, 14) - newest)
        session.execute(update(response).where(response.c.id == row.id).values(day=moved))


def test_an_expired_link_and_a_withdrawn_patient_open_nothing(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=EVENING)
    assert answering.open_link(parts, token, parts.clock.now()).status == "expired"
    assert answering.open_link(parts, "nonsense", parts.clock.now()).status == "unknown"
    living = give_link(parts, patient, "l" * 22)
    started = begin(parts, living)
    with parts.study.writing() as session:
        session.execute(update(t["patient"]).values(withdrawn_at=EVENING))
    assert answering.open_link(parts, living, parts.clock.now()).status == "withdrawn"
    outcome = answering.submit(parts, started.session_token, started.sitting.assessment_id, parts.clock.now())
    assert outcome == Closed("withdrawn")


def test_another_patients_assessment_is_no_sitting(parts: Parts, patient: int) -> None:
    started = begin(parts, give_link(parts, patient))
    with parts.study.reading() as session:
        made = session.execute(select(t["site"].c.study_id, t["site"].c.id)).first()
    assert made is not None
    other = make_patient(parts, Made(made.study_id, {"R": made.id}), "R-002", day0=date(2026, 4, 1))
    theirs = begin(parts, give_link(parts, other, "o" * 22))
    one = [Save("phone", 1, "joint-pain-diary.worst_pain", "answered", 3)]
    saved = answering.save(parts, started.session_token, theirs.sitting.assessment_id, one, parts.clock.now())
    assert saved.closed == "no-session"
    assert rows(parts, "answer_save") == []


def test_a_hit_goes_to_the_patient_s_own_episode_beside_another_s_open_one(parts: Parts, patient: int) -> None:
    with parts.study.reading() as session:
        site = session.execute(select(t["site"].c.study_id, t["site"].c.id)).first()
    assert site is not None
    other = make_patient(parts, Made(site.study_id, {"R": site.id}), "R-002", day0=date(2026, 4, 1))
    fill(parts, give_link(parts, patient), BAD)
    fill(parts, give_link(parts, other, "o" * 22), BAD)
    episodes = {row["id"]: row["patient_id"] for row in rows(parts, "flare")}
    assert sorted(map(str, episodes.values())) == sorted(map(str, (patient, other)))
    triggered = {episodes[row["flare_id"]] for row in rows(parts, "flare_trigger")}
    assert triggered == {patient, other}


def test_a_fever_goes_to_the_patient_s_own_episode_beside_another_s_open_one(parts: Parts, patient: int) -> None:
    with parts.study.reading() as session:
        site = session.execute(select(t["site"].c.study_id, t["site"].c.id)).first()
    assert site is not None
    other = make_patient(parts, Made(site.study_id, {"R": site.id}), "R-002", day0=date(2026, 4, 1))
    fill(parts, give_link(parts, patient), BAD)
    started = begin(parts, give_link(parts, other, "o" * 22))
    fever = [Save("phone", 1, "injection-diary.temperature", "answered", "39.0")]
    answering.save(parts, started.session_token, started.sitting.assessment_id, fever, parts.clock.now())
    assert {row["patient_id"] for row in rows(parts, "flare")} == {patient, other}
