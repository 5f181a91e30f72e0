"""The demonstration is believable, made through the services, and alive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pro.demo import diaries, life
from pro.demo.people import JUMPED, PEOPLE, TODAY
from pro.domain import flares
from pro.services import audit_trail, health
from tests.demonstration import Running

OPENED = datetime(2026, 4, 14, 16, 2, tzinfo=UTC)


def test_the_clock_stands_where_the_visitor_comes_in(demonstration: Running) -> None:
    since = demonstration.parts.clock.now().study - OPENED
    assert timedelta(0) <= since < timedelta(hours=1)


def test_the_trail_verifies_and_the_ledger_balances(demonstration: Running) -> None:
    demonstration.tick()
    assert audit_trail.verify_database(demonstration.parts).ok
    ledger = health.look(demonstration.parts, demonstration.parts.clock.now()).facts["ledger"]
    assert ledger["balances"]  # type: ignore[index]


def test_a_flare_was_raised_by_a_rule_and_its_text_left_at_once(demonstration: Running) -> None:
    opened = demonstration.rows("flare")
    assert len(opened) == 1
    assert {row["rule"] for row in demonstration.rows("flare_trigger")} == {"R1"}
    first = next(row for row in demonstration.rows("message") if row["dedupe_key"] == f"flare:{opened[0]['id']}:1")
    assert first["due_at"] == opened[0]["opened_at"]
    assert first["sent_at"] - first["due_at"] < timedelta(minutes=1)


def test_others_go_on_answering_while_the_clock_moves_and_the_offered_phones_do_not(demonstration: Running) -> None:
    before = demonstration.parts.clock.now().study
    assert life.advance(demonstration.parts, timedelta(days=1)) > 2
    assert demonstration.parts.clock.now().study - before >= timedelta(days=1)
    numbers = {row["id"]: row["number"] for row in demonstration.rows("patient")}
    answered = {
        numbers[row["patient_id"]]
        for row in demonstration.rows("response")
        if row["questionnaire"] == "joint-pain-diary" and row["day"] == TODAY
    }
    assert "R-001" in answered
    assert audit_trail.verify_database(demonstration.parts).ok


def test_a_visitor_s_begun_diary_is_left_alone(demonstration: Running) -> None:
    with demonstration.parts.study.writing() as session:
        session.connection().exec_driver_sql("UPDATE assessment SET started_at = opens_at WHERE day = '2026-04-14'")
    life.advance(demonstration.parts, timedelta(days=1))
    assert not [row for row in demonstration.rows("response") if row["day"] == TODAY]


def test_only_the_people_with_bad_days_would_raise_a_flare() -> None:
    """Pain drawn for the others never meets a rule's thresholds over the whole diary."""
    rules = demonstration_rules()
    for person in PEOPLE:
        values: dict[date, flares.Value] = {}
        for day in range(84):
            if diaries.when(person, day) is not None:
                values[person.day0 + timedelta(days=day)] = diaries.worst_pain(person, day)
        history = flares.History({("joint-pain-diary", "worst_pain"): values})
        hits = [
            (rule.key, day)
            for day in values
            for rule in rules
            if flares.judge(rule, history, day, person.day0).result == flares.HIT
        ]
        assert bool(hits) == bool(person.bad_days), (person.name, hits)
    assert JUMPED.bad_days


def demonstration_rules() -> list[flares.FlareRule]:
    from tests.factories import the_library

    return [rule for rule in the_library().latest_protocol("thera-demo").flare_rules if rule.key in ("R1", "R2", "R3")]
