"""What each flare rule rested on, whole: the record an investigator and an auditor read years later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import pytest

from pro.domain.flare_days import days_to_judge
from pro.domain.flare_rules import Creep, Criteria, Declared, Emergency, FlareRule, Jump, Level
from pro.domain.flares import Evaluation, History, evaluate
from pro.domain.questionnaire import Value
from pro.domain.runs import since_last_break

TEXT = {"en": "a rule", "fr": "une règle"}
DIARY = "diary"
MONDAY = date(2026, 3, 2)

JUMP = Jump("r1", "3", DIARY, "pain", Decimal(2), Decimal("4.5"), 2, 7, 4, TEXT)
LEVEL = Level("r2", "1", DIARY, "pain", Decimal(7), 6, 3, TEXT)
CREEP = Creep("r3", "1", DIARY, "pain", Decimal("1.5"), 7, 4, 0, 2, TEXT)
DECLARED = Declared("r4", "2", DIARY, "flare", TEXT)
CRITERIA = Criteria("r5", "1", DIARY, "flare", "rest_pain", Decimal(3), "swollen", "warm", 3, TEXT)
FEVER = Emergency("r7", "1", "injections", "temperature", Decimal("38.0"), TEXT, TEXT)


def march(day: int) -> date:
    return date(2026, 3, day)


def pains(values: Mapping[int, int | str]) -> History:
    """By day of March; recorded in the order given."""
    return History({(DIARY, "pain"): {march(day): Decimal(value) for day, value in values.items()}})


def said(rule: FlareRule, history: History, day: int) -> Evaluation:
    (found,) = evaluate([rule], history, march(day), MONDAY)
    return found


RISE: dict[int, int | str] = {2: 3, 3: 4, 4: 3, 5: "3.5", 7: 3, 8: 6, 9: "6.50"}
"""The baseline before the 8th is the median of 3, 4, 3, 3.5 and 3."""

JUMP_LIMITS = {"jump": 2, "floor": "4.5", "recorded_days": 2, "baseline_days": 7, "baseline_least": 4}


def test_a_jump_tells_its_run_its_baseline_and_its_limits() -> None:
    assert said(JUMP, pains(RISE), 9) == Evaluation(
        rule="r1",
        version="3",
        result="hit",
        inputs={
            "day": "2026-03-09",
            "item": "diary.pain",
            "value": "6.5",
            "meets": True,
            "run": {"2026-03-08": 6, "2026-03-09": "6.5"},
            "baseline_values": {
                "2026-03-02": 3,
                "2026-03-03": 4,
                "2026-03-04": 3,
                "2026-03-05": "3.5",
                "2026-03-07": 3,
            },
            "thresholds": JUMP_LIMITS,
        },
        baseline=Decimal(3),
        n=5,
        why="day 2 of 2 in a row",
    )


def test_the_first_bad_day_is_one_of_two_and_a_good_day_is_none() -> None:
    first, good = said(JUMP, pains(RISE), 8), said(JUMP, pains({**RISE, 10: 4}), 10)
    assert (first.result, first.why, first.inputs["run"]) == ("no hit", "day 1 of 2 in a row", {"2026-03-08": 6})
    assert (good.result, good.why, good.inputs["run"]) == ("no hit", "condition not met on this day", {})
    assert good.inputs["meets"] is False


def test_a_level_needs_one_day_and_says_so() -> None:
    found = said(LEVEL, pains({2: 3, 3: 3, 4: 4, 5: 7}), 5)
    assert (found.result, found.why, found.baseline, found.n) == ("hit", "day 1 of 1 in a row", 3, 3)
    assert found.inputs["thresholds"] == {"at_least": 7, "baseline_days": 6, "baseline_least": 3}
    under = said(LEVEL, pains({2: 3, 3: 3, 4: 4, 5: "6.9"}), 5)
    assert (under.result, under.why) == ("no hit", "condition not met on this day")


def test_too_few_values_before_tell_which_there_were() -> None:
    found = said(JUMP, pains({2: 3, 3: 4, 8: 9}), 8)
    assert found.why == "baseline has 2 of at least 4 values in 7 days"
    assert (found.result, found.baseline, found.n) == ("not evaluable", None, 2)
    assert found.inputs["meets"] is None
    assert found.inputs["run"] == {}
    assert found.inputs["baseline_values"] == {"2026-03-02": 3, "2026-03-03": 4}


def test_a_creep_tells_both_means_and_the_values_of_both_in_order() -> None:
    # Reference (3 + 4 + 3) / 3 = 3.3333, the last seven days (5 + 5 + 5 + 4.5) / 4 = 4.875, 1.5417 above: recorded late first.
    late_first = pains({11: "4.5", 10: 5, 9: 5, 6: 5, 4: 3, 3: 4, 2: 3})
    assert said(CREEP, late_first, 11) == Evaluation(
        rule="r3",
        version="1",
        result="hit",
        inputs={
            "day": "2026-03-11",
            "item": "diary.pain",
            "value": "4.5",
            "mean": "4.875",
            "values": {"2026-03-06": 5, "2026-03-09": 5, "2026-03-10": 5, "2026-03-11": "4.5"},
            "reference_values": {"2026-03-02": 3, "2026-03-03": 4, "2026-03-04": 3},
            "thresholds": {"rise": "1.5", "days": 7, "days_least": 4, "reference_first": 0, "reference_last": 2},
        },
        baseline=Decimal("3.3333"),
        n=3,
        why="mean of 4 values is 1.5417 above the reference",
    )
    inputs = said(CREEP, late_first, 11).inputs
    for key in ("values", "reference_values"):
        days = list(inputs[key])  # type: ignore[call-overload]
        assert days == sorted(days)


def test_a_mean_is_written_to_four_digits_a_half_upwards() -> None:
    # Over sixteen reference days: one 1 in sixteen is 0.0625 exactly; 1/32 = 0.03125 would need a fifth digit.
    rule = Creep("r3", "1", DIARY, "pain", Decimal(50), 1, 1, 0, 15, TEXT)
    sixteen: dict[int, int | str] = {2 + n: 0 for n in range(16)}
    assert said(rule, pains({**sixteen, 2: 1, 18: 9}), 18).baseline == Decimal("0.0625")
    assert said(rule, pains({**sixteen, 2: "0.5", 18: 9}), 18).baseline == Decimal("0.0313")
    assert said(rule, pains({**sixteen, 2: "0.0008", 18: 9}), 18).baseline == Decimal("0.0001")


@pytest.mark.parametrize(("answer", "result", "why"), [(True, "hit", "answered yes"), (False, "no hit", "answered no")])
def test_a_declared_flare_tells_the_answer(answer: bool, result: str, why: str) -> None:
    history = History({(DIARY, "flare"): {MONDAY: answer}})
    inputs: dict[str, object] = {"day": "2026-03-02", "item": "diary.flare", "value": answer}
    assert said(DECLARED, history, 2) == Evaluation("r4", "2", result, inputs, None, 0, why)  # type: ignore[arg-type]


def signs(**answers: Value) -> Evaluation:
    return said(CRITERIA, History({(DIARY, key): {MONDAY: value} for key, value in answers.items()}), 2)


def test_the_four_signs_tell_each_answer_and_what_was_met() -> None:
    found = signs(flare=True, rest_pain=Decimal("3.5"), swollen=("L-knee", "R-wrist"), warm=0)
    assert found == Evaluation(
        rule="r5",
        version="1",
        result="hit",
        inputs={
            "day": "2026-03-02",
            "met": {"declared": True, "rest_pain": True, "swollen": True, "warm": False},
            "values": {"flare": True, "rest_pain": "3.5", "swollen": ["L-knee", "R-wrist"], "warm": 0},
            "tree": True,
            "thresholds": {"rest_pain_above": 3, "needed": 3},
        },
        baseline=None,
        n=0,
        why="3 of 3 signs",
    )


def test_signs_without_an_answer_are_counted_and_empty() -> None:
    found = signs(flare=True, swollen=2)
    assert (found.result, found.why) == ("not evaluable", "2 of 3 signs, 2 without an answer")
    assert found.inputs["values"] == {"flare": True, "rest_pain": None, "swollen": 2, "warm": None}


@pytest.mark.parametrize(
    ("heat", "result", "why"),
    [("38.0", "hit", "at the limit or over"), ("37.90", "no hit", "under the limit")],
)
def test_a_fever_tells_the_temperature_and_the_limit(heat: str, result: str, why: str) -> None:
    history = History({("injections", "temperature"): {MONDAY: Decimal(heat)}})
    inputs: dict[str, object] = {
        "day": "2026-03-02",
        "item": "injections.temperature",
        "value": 38 if result == "hit" else "37.9",
        "thresholds": {"at_least": 38},
    }
    assert said(FEVER, history, 2) == Evaluation("r7", "1", result, inputs, None, 0, why)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", [JUMP, LEVEL, CREEP, DECLARED, FEVER], ids=lambda rule: rule.key)
def test_a_day_without_an_answer_tells_the_day_and_nothing_else(rule: FlareRule) -> None:
    why = "no answer recorded on this day"
    assert said(rule, History({}), 2) == Evaluation(
        rule.key, rule.version, "not evaluable", {"day": "2026-03-02"}, None, 0, why
    )


def test_a_creep_on_a_day_without_an_answer_says_that_before_anything_else() -> None:
    assert said(CREEP, pains({2: 3, 3: 3, 4: 3, 6: 9, 7: 9, 8: 9, 9: 9}), 10).why == "no answer recorded on this day"


@pytest.mark.parametrize("value", [True, "7", ("L-knee",)])
def test_a_rule_on_an_item_that_is_no_number_refuses_it_by_its_value(value: Value) -> None:
    with pytest.raises(TypeError) as refused:
        said(JUMP, History({(DIARY, "pain"): {MONDAY: value}}), 2)
    assert str(refused.value) == f"{value!r} is not a number"


# --- what a late day makes to be judged again


def test_the_days_after_a_late_one_are_judged_in_order_and_no_further_than_fifteen() -> None:
    recorded = [march(day) for day in range(20, 0, -1)]
    assert days_to_judge(march(3), recorded) == tuple(march(day) for day in range(3, 19))


# --- how far back a run may reach

FLOOR = Decimal(4)


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ([5, 6, 7], 3),
        ([3, 6, 7], 2),
        ([5, 3, 6, 7], 2),
        ([5, 6, 3, 7], 1),
        ([3, 6, 3, 7, 8], 2),
        ([4, 4, 4], 3),
        ([5, 6, 3], 3),
        ([3], 1),
        ([], 0),
    ],
)
def test_no_run_reaches_behind_the_last_day_under_the_floor(values: list[int], left: int) -> None:
    """The newest day stays whatever it is: it is the one to be judged. Recorded backwards, to see them sorted."""
    days = [MONDAY + timedelta(n) for n in range(len(values))]
    recorded = {day: Decimal(value) for day, value in reversed(list(zip(days, values, strict=True)))}
    assert since_last_break(recorded, FLOOR) == days[len(days) - left :]
