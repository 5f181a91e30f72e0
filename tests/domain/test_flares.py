"""The flare rules: every worked series, and what must hold for any series."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro.domain.flare_days import LookBack, days_to_judge, episode_over
from pro.domain.flare_rules import Creep, Criteria, Declared, Emergency, FlareRule, Jump, Level
from pro.domain.flare_words import describe
from pro.domain.flares import Evaluation, History, evaluate, is_emergency
from pro.domain.questionnaire import Value

TEXT = {"en": "a rule", "fr": "une règle"}
DIARY = "joint-pain-diary"
PAIN = (DIARY, "worst_pain")
FIRST = date(2026, 3, 2)

JUMP = Jump("r1", "1", *PAIN, Decimal(20), Decimal(40), 2, 7, 4, TEXT)
SMALL_JUMP = replace(JUMP, jump=Decimal(2), floor=Decimal(4))
LEVEL = Level("r2", "1", *PAIN, Decimal(70), 7, 4, TEXT)
CREEP = Creep("r3", "1", *PAIN, Decimal(15), 7, 4, 0, 2, TEXT)
DECLARED = Declared("r4", "1", DIARY, "flare", TEXT)
CRITERIA = Criteria("r5", "1", DIARY, "flare", "rest_pain", Decimal(3), "swollen", "warm", 3, TEXT)
FEVER = Emergency("r7", "1", "injection-diary", "temperature", Decimal("38.0"), TEXT, TEXT)


def day(number: int) -> date:
    """Day 1 is the first of a series."""
    return FIRST + timedelta(number - 1)


def series(values: Iterable[int | Decimal | None]) -> dict[date, Value]:
    return {day(at): value for at, value in enumerate(values, start=1) if value is not None}


def judge(rule: FlareRule, recorded: Mapping[date, Value], on: date, day0: date = FIRST) -> Evaluation:
    (evaluation,) = evaluate([rule], History({PAIN: recorded}), on, day0)
    return evaluation


def results(rule: FlareRule, values: Sequence[int | Decimal | None]) -> dict[int, Evaluation]:
    recorded = series(values)
    return {at: judge(rule, recorded, day(at)) for at in range(1, len(values) + 1) if day(at) in recorded}


def hits(found: Mapping[int, Evaluation]) -> list[int]:
    return [at for at, evaluation in found.items() if evaluation.result == "hit"]


def met(found: Mapping[int, Evaluation]) -> list[int]:
    return [at for at, evaluation in found.items() if evaluation.inputs.get("meets")]


# name → values by day, days that meet the condition for a day, days the rule hits on
R1 = {
    "step": ([30, 32, 28, 31, 30, 29, 30, 55, 58, 60, 35, 30], [8, 9, 10], [9, 10]),
    "spike": ([30, 32, 28, 31, 30, 29, 30, 60, 31, 30], [8], []),
    "slow": (list(range(30, 64, 3)), [], []),
    "low": ([5] * 7 + [30, 32], [], []),
    "exact": ([40] * 7 + [60, 60], [8, 9], [9]),
    "gap": ([30, 30, 30, 30, None, 30, 30, 55, None, 56], [8, 10], [10]),
    "high": ([90] * 7 + [100, 100], [], []),
    "sparse": ([30, None, 30, None, 30, None, 30, 60, 60], [8, 9], [9]),
    "short": ([50, 52, 80, 82], [], []),
}


@pytest.mark.parametrize("name", R1)
def test_jump_series(name: str) -> None:
    values, meets, flagged = R1[name]
    found = results(JUMP, values)
    assert met(found) == meets
    assert hits(found) == flagged


@pytest.mark.parametrize("name", R1)
def test_a_tenth_of_the_scale_gives_the_same(name: str) -> None:
    values, meets, flagged = R1[name]
    tenths = [None if value is None else Decimal(value) / 10 for value in values]
    found = results(SMALL_JUMP, tenths)
    assert (met(found), hits(found)) == (meets, flagged)


def test_the_baseline_stays_that_of_the_run_and_is_polluted_after_it() -> None:
    found = results(JUMP, R1["step"][0])
    assert [found[at].baseline for at in (8, 9, 10)] == [30, 30, 30]
    assert [found[at].n for at in (8, 9, 10)] == [7, 7, 7]
    assert found[12].baseline == 35
    assert found[12].result == "no hit"


def test_too_few_values_is_not_evaluable_rather_than_no_hit() -> None:
    found = results(JUMP, R1["short"][0])
    assert {evaluation.result for evaluation in found.values()} == {"not evaluable"}
    assert [evaluation.n for evaluation in found.values()] == [0, 1, 2, 3]
    assert found[4].baseline is None
    assert found[4].why == "baseline has 3 of at least 4 values in 7 days"


def test_exactly_four_baseline_values_are_enough() -> None:
    assert results(JUMP, R1["sparse"][0])[8].n == 4
    assert results(JUMP, [30, None, 30, None, 30, None, None, 60, 60])[9].result == "not evaluable"


def test_slow_creep_is_what_the_third_rule_is_for() -> None:
    values = R1["slow"][0]
    assert hits(results(JUMP, values)) == []
    # Reference (30+33+36)/3 = 33; seven-day mean of day n is 30 + 3(n-4) = 48 first on day 10.
    found = results(CREEP, values)
    assert hits(found) == [10, 11, 12]
    assert found[10].baseline == 33
    assert found[9].result == "no hit"


def test_a_day_without_an_answer_is_not_evaluable() -> None:
    evaluation = judge(JUMP, series(R1["gap"][0]), day(9))
    assert (evaluation.result, evaluation.why) == ("not evaluable", "no answer recorded on this day")


def test_the_day_after_a_broken_run_may_start_a_new_one() -> None:
    # The gap moves the newer window past the high early days: 40 is no jump from 30, but one from 10.
    values = [30, 30, 30, 30, 10, 10, 10, 50, None, None, 40, 41]
    found = results(JUMP, values)
    assert [found[at].baseline for at in (8, 11, 12)] == [30, 10, 10]
    assert hits(found) == [12]


def test_inputs_tell_the_days_and_are_json() -> None:
    evaluation = results(JUMP, R1["gap"][0])[10]
    inputs = json.loads(json.dumps(evaluation.inputs))
    assert inputs["run"] == {"2026-03-09": 55, "2026-03-11": 56}
    assert list(inputs["baseline_values"]) == [f"2026-03-0{n}" for n in (2, 3, 4, 5, 7, 8)]
    assert inputs["thresholds"]["jump"] == 20
    assert (inputs["item"], inputs["value"]) == ("joint-pain-diary.worst_pain", 56)


# R2


def test_level_needs_a_baseline_under_it() -> None:
    assert hits(results(LEVEL, [30] * 7 + [69, 70, 95])) == [9, 10]
    assert hits(results(LEVEL, [70] * 7 + [90])) == []
    assert results(LEVEL, [70] * 7 + [90])[8].result == "no hit"
    assert results(LEVEL, [30, 30, 30, 90])[4].result == "not evaluable"


def test_a_long_bad_spell_does_not_become_its_own_baseline() -> None:
    found = results(LEVEL, [30] * 7 + [80] * 9)
    assert hits(found) == list(range(8, 17))
    assert {found[at].baseline for at in range(8, 17)} == {Decimal(30)}


# R3


def test_creep_waits_for_its_reference_days() -> None:
    found = results(CREEP, [30, 30, 30, 90, 90, 90, 90])
    assert [found[at].result for at in (1, 2, 3)] == ["not evaluable"] * 3
    assert found[3].why == "the reference days are not over"
    assert found[4].result == "hit"  # (30+30+30+90)/4 = 45 = 30 + 15


def test_creep_without_reference_or_values() -> None:
    assert results(CREEP, [None, None, None, 90, 90, 90, 90])[7].why == "no reference: nothing recorded on its days"
    found = results(CREEP, [30, None, None, None, None, 90, 90, 90, 90])
    assert found[7].why == "3 of at least 4 values in the last 7 days"
    assert found[9].result == "hit"


def test_creep_compares_exactly() -> None:
    # Reference 10/3, mean of seven 133/21 = 19/3: the rise is exactly 3, though neither has a finite decimal.
    rule = replace(CREEP, rise=Decimal(3))
    values = [3, 3, 4, None, None, None, None, None, None, 6, 6, 6, 6, 7, 7]
    found = results(replace(rule, days=6), values)
    assert found[15].result == "hit"
    assert results(replace(rule, days=6, rise=Decimal("3.0001")), values)[15].result == "no hit"


# R4, R5, R7


@pytest.mark.parametrize(("answer", "result"), [(True, "hit"), (False, "no hit"), (None, "not evaluable")])
def test_declared(answer: bool | None, result: str) -> None:
    history = History({(DIARY, "flare"): {} if answer is None else {FIRST: answer}})
    assert evaluate([DECLARED], history, FIRST, FIRST)[0].result == result


def signs(*answers: Value | None) -> Evaluation:
    keys = ("flare", "rest_pain", "swollen", "warm")
    given_ = {(DIARY, key): {FIRST: value} for key, value in zip(keys, answers, strict=True) if value is not None}
    return evaluate([CRITERIA], History(given_), FIRST, FIRST)[0]


@pytest.mark.parametrize(
    ("answers", "result", "tree"),
    [
        ((True, 4, 0, 1), "hit", True),
        ((True, 3, 1, 0), "no hit", False),
        ((False, 8, 2, 1), "hit", False),
        ((True, 5, 0, 0), "no hit", True),
        ((None, 5, 1, 0), "not evaluable", None),
        ((True, None, 1, 0), "not evaluable", None),
        ((True, 5, None, 0), "not evaluable", True),
        ((True, 5, 0, None), "not evaluable", True),
        ((None, 5, 1, 1), "hit", None),
        ((True, None, 1, 1), "hit", None),
        ((True, 5, None, 1), "hit", True),
        ((True, 5, 1, None), "hit", True),
        ((True, 4, (), True), "hit", True),
        ((True, 2, ("L-MCP2",), False), "no hit", False),
        ((None, None, None, None), "not evaluable", None),
    ],
)
def test_criteria(answers: tuple[Value | None, ...], result: str, tree: bool | None) -> None:
    evaluation = signs(*answers)
    assert (evaluation.result, evaluation.inputs["tree"]) == (result, tree)


def test_two_questions_not_shown_rule_out_a_hit_only_without_a_swollen_joint() -> None:
    """No flare and little pain hide pain at rest and warmth: with no swollen joint three cannot be reached."""
    assert signs(False, None, (), None).result == "no hit"
    assert signs(False, None, ("R-wrist",), None).result == "not evaluable"


@pytest.mark.parametrize(("celsius", "fever"), [("37.9", False), ("38.0", True), ("40.1", True)])
def test_fever(celsius: str, fever: bool) -> None:
    value = Decimal(celsius)
    assert is_emergency(FEVER, value) is fever
    history = History({("injection-diary", "temperature"): {FIRST: value}})
    assert (evaluate([FEVER], history, FIRST, FIRST)[0].result == "hit") is fever


def test_no_temperature_is_no_emergency_and_not_evaluable() -> None:
    assert not is_emergency(FEVER, None)
    assert evaluate([FEVER], History({}), FIRST, FIRST)[0].result == "not evaluable"


def test_every_rule_answers_in_the_protocols_order() -> None:
    rules = (JUMP, LEVEL, CREEP, DECLARED, CRITERIA, FEVER)
    found = evaluate(rules, History({}), FIRST, FIRST)
    assert [evaluation.rule for evaluation in found] == ["r1", "r2", "r3", "r4", "r5", "r7"]
    assert {evaluation.result for evaluation in found} == {"not evaluable"}


def test_a_rule_on_an_item_that_is_no_number_says_so() -> None:
    with pytest.raises(TypeError, match="'much' is not a number"):
        judge(JUMP, {FIRST: "much"}, FIRST)


# Episodes and late days


def test_episode_ends_after_seven_recorded_days_without_a_hit() -> None:
    since = [day(at) for at in range(2, 9)]
    assert episode_over(day(1), since, 7)
    assert not episode_over(day(1), since[:6], 7)
    assert not episode_over(day(2), since, 7)  # the hit's own day does not count
    assert not episode_over(day(1), [*since[:6], since[0]], 7)  # nor one day twice


def test_a_late_day_is_judged_for_itself_and_those_after() -> None:
    recorded = [day(at) for at in (1, 2, 4, 5, 30)]
    assert days_to_judge(day(3), recorded) == (day(3), day(4), day(5))
    assert days_to_judge(day(3), [day(3), day(18), day(19)]) == (day(3), day(18))
    assert days_to_judge(day(5), recorded) == (day(5),)


# What holds for any series

PAINS = st.lists(st.none() | st.sampled_from([0, 20, 25, 30, 40, 45, 50, 60, 65, 70, 90, 100]), max_size=26)
RULES = (JUMP, LEVEL, CREEP)


def by_the_text(values: Sequence[int | None]) -> dict[int, tuple[str, Decimal | None]]:
    """R1 a second time, straight from its wording: no early exit, every baseline from the run's first day."""
    found: dict[int, tuple[str, Decimal | None]] = {}
    run: list[int] = []

    def base(first: int) -> float | None:
        week = [values[at] for at in range(max(0, first - 7), first) if values[at] is not None]
        return median(week) if len(week) >= 4 else None  # type: ignore[type-var]

    for today, value in enumerate(values):
        if value is None:
            continue
        tried = [run, []] if run else [[]]
        for start in tried:
            now = [*start, today]
            b = base(now[0])
            good = b is not None and value - b >= 20 and value >= 40
            if good:
                break
        if good:
            run = now
            found[today + 1] = ("hit" if len(run) >= 2 else "no hit", b)
        else:
            b = base(run[0] if run else today)
            found[today + 1] = ("not evaluable" if b is None else "no hit", b)
            run = []
    return found


@given(PAINS)
def test_two_independent_readings_of_the_jump_agree(values: list[int | None]) -> None:
    ours = {at: (e.result, e.baseline) for at, e in results(JUMP, values).items()}
    assert ours == by_the_text(values)


@given(PAINS, st.integers(1, 26), st.integers(0, 100))
def test_a_later_day_changes_nothing_before_it(values: list[int | None], cut: int, later: int) -> None:
    whole, past = series(values), series(values[:cut])
    for at in past:
        for rule in RULES:
            assert judge(rule, whole, at) == judge(rule, past, at)
            assert judge(rule, {**past, day(cut + 1): later}, at) == judge(rule, past, at)


LONG_PAINS = st.lists(st.sampled_from([None, 20, 30, 40, 45, 60, 69, 70, 90]), min_size=14, max_size=40)


def as_far_back_as_needed(rules: Iterable[Jump | Level | Creep], recorded: Mapping[date, Value], on: date) -> History:
    """What whoever reads a diary from its newest day keeps of it."""
    far, read = LookBack(rules, on, FIRST), dict[date, Value]()
    for each in sorted(recorded, reverse=True):
        if far.needs(each):
            read[each] = recorded[each]
            far.saw(each, {PAIN: read})
    return History({PAIN: read})


@given(LONG_PAINS, st.integers(0, 9))
def test_reading_no_further_back_than_needed_changes_no_evaluation(values: list[int | None], after: int) -> None:
    """Neither of the day nor of those after it, which a late answer makes judge again."""
    recorded, on, last = series(values), day(len(values) - after), day(len(values))
    for rules in (RULES, *((rule,) for rule in (*RULES, SMALL_JUMP))):
        near = as_far_back_as_needed(rules, recorded, on)
        for each in (on, last):
            assert evaluate(rules, near, each, FIRST) == evaluate(rules, History({PAIN: recorded}), each, FIRST)


def test_a_long_diary_is_read_to_the_week_before_the_last_calm_day() -> None:
    recorded = series([30] * 20 + [50] * 5 + [30] + [45, 50, 55])
    read = as_far_back_as_needed([JUMP], recorded, day(29)).values[PAIN]
    assert sorted(read) == [day(at) for at in range(20, 30)]
    assert sorted(as_far_back_as_needed([CREEP], recorded, day(29)).values[PAIN]) == [
        day(at) for at in (1, 2, 3, *range(23, 30))
    ]


def test_of_several_means_the_longest_and_every_reference_are_read() -> None:
    later = replace(CREEP, days=14, reference_first=4, reference_last=5)
    read = as_far_back_as_needed([later, CREEP], series([30] * 40), day(40)).values[PAIN]
    assert sorted(read) == [day(at) for at in (1, 2, 3, 5, 6, *range(27, 41))]
    assert not LookBack([later], day(40), FIRST).needs(day(4))


def test_a_run_goes_on_through_its_floor_and_through_days_without_an_answer() -> None:
    far = LookBack([JUMP], day(40), FIRST)
    for values in ({}, {PAIN: {}}, {PAIN: {day(39): 40}}):
        far.saw(day(39), values)
        assert far.needs(day(1))
    far.saw(day(39), {PAIN: {day(39): 39}})
    assert (far.needs(day(33)), far.needs(day(32))) == (True, False)


@given(PAINS, st.randoms())
def test_the_order_of_recording_does_not_matter(values: list[int | None], shuffler: Random) -> None:
    recorded = series(values)
    shuffled = list(recorded.items())
    shuffler.shuffle(shuffled)
    for at in recorded:
        for rule in RULES:
            assert judge(rule, dict(shuffled), at) == judge(rule, recorded, at)


@given(PAINS)
def test_a_jump_hit_always_has_its_reasons(values: list[int | None]) -> None:
    for at, evaluation in results(JUMP, values).items():
        if evaluation.result == "hit":
            assert evaluation.baseline is not None
            assert evaluation.n >= 4
            assert values[at - 1] - evaluation.baseline >= 20  # type: ignore[operator]
            assert len(evaluation.inputs["run"]) >= 2  # type: ignore[arg-type]


# What a desk reads


NAMES = {"worst_pain": "douleur maximale"}


def test_a_run_in_words() -> None:
    values = [Decimal("4.0"), None, 4, 4, 5, 4, 4, 8, 8]
    evaluation = results(SMALL_JUMP, values)[9]
    assert describe(evaluation, SMALL_JUMP, "en") == "worst pain 8, baseline 4 (6 days)"
    line = describe(evaluation, SMALL_JUMP, "fr", NAMES)
    assert line == "douleur maximale 8, valeur habituelle 4 (6 jours)"


def test_the_other_rules_in_words() -> None:
    creep = results(CREEP, [30, 31, 32, 80, 80, 80, 80])[7]
    assert describe(creep, CREEP, "en") == "worst pain: mean 59 over 7 days, 31 at the start (3 days)"
    half = results(CREEP, [30, 31, 31, 80, 80, 80, 80])[7]
    assert "58,9 sur 7 jours, 30,7 au début" in describe(half, CREEP, "fr", NAMES)
    assert describe(signs(True, 5, 0, True), CRITERIA, "en") == (
        "3 of 4 signs: says it is a flare, pain at rest 5, warm joint"
    )
    assert describe(signs(False, 1, 0, False), CRITERIA, "fr") == "0 signes sur 4"
    fever = History({("injection-diary", "temperature"): {FIRST: Decimal("38.60")}})
    (evaluation,) = evaluate([FEVER], fever, FIRST, FIRST)
    assert describe(evaluation, FEVER, "en") == "temperature 38.6"
    assert describe(evaluation, FEVER, "fr", {"temperature": "température"}) == "température 38,6"
    (said,) = evaluate([DECLARED], History({(DIARY, "flare"): {FIRST: True}}), FIRST, FIRST)
    assert describe(said, DECLARED, "en") == "the patient says it is a flare"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_cannot_be_judged_says_so(language: str) -> None:
    for rule in (JUMP, LEVEL, CREEP, DECLARED, CRITERIA, FEVER):
        (evaluation,) = evaluate([rule], History({}), FIRST, FIRST)
        assert describe(evaluation, rule, language).startswith(("cannot be judged", "ne peut être jugé"))
