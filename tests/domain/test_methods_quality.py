"""Quality of life and the hand: each score against a second computation, straight from the published tables.

The second computations share nothing with the engine: plain lists of answers, floats nowhere, the tables typed again.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.answers import check
from pro.domain.methods.promis import T_SCORES
from pro.domain.questionnaire import Questionnaire, Value
from pro.domain.scoring import Score, offers, score
from pro.library import load
from tests.domain.instruments import MANY as SETS

MANY = settings(max_examples=2 * SETS, deadline=None)
"""Answer sets tried per comparison."""
SOME = settings(max_examples=SETS, deadline=None)

Row = list[int | None]


@cache
def asked(id_: str) -> Questionnaire:
    return load().latest_questionnaire(id_)


def scored(id_: str, row: Row, keys: list[str], missing: str | None = None) -> dict[str, Score]:
    given_ = {key: number for key, number in zip(keys, row, strict=True) if number is not None}
    return score(asked(id_), allowed(id_, given_), missing)


def allowed(id_: str, answers: dict[str, int]) -> dict[str, Value]:
    return {key: check(asked(id_).item(key), raw) for key, raw in answers.items()}


def numbered(count: int) -> list[str]:
    return [f"q{n}" for n in range(1, count + 1)]


def close(found: Score, expected: Fraction | None) -> bool:
    """Equal to 27 digits; without an expected value there is a reason instead."""
    if expected is None:
        return found.value is None and bool(found.reason)
    assert not isinstance(found.value, str)
    assert found.value is not None
    return abs(Fraction(found.value) - expected) <= abs(expected) / 10**27


def number(found: Score) -> Fraction:
    assert found.value is not None
    return Fraction(found.value)


def blanks(most: int, count: int, least: int = 0) -> st.SearchStrategy[Row]:
    one: st.SearchStrategy[int | None] = st.integers(least, most)
    return st.lists(one, min_size=count, max_size=count) | st.lists(st.none() | one, min_size=count, max_size=count)


# --- RAND-36

STEPS = [5, 5, *[3] * 10, *[2] * 7, 5, 6, 5, *[6] * 9, 5, *[5] * 4]
"""How many answers each of the 36 items has."""
BEST_IS_HIGHEST = {*range(3, 20), 24, 25, 28, 29, 31, 32, 33, 35}
RAND = {
    "physical_functioning": [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    "role_physical": [13, 14, 15, 16],
    "role_emotional": [17, 18, 19],
    "energy_fatigue": [23, 27, 29, 31],
    "emotional_wellbeing": [24, 25, 26, 28, 30],
    "social_functioning": [20, 32],
    "pain": [21, 22],
    "general_health": [1, 33, 34, 35, 36],
    "health_change": [2],
}
A = [1, 2, 3, 2, 3, 2, 3, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 3, 3, 2, 3, 2, 1, 2, 1, 2, 1, 2, 3, 2, 1, 1, 2, 3]
B = [3, 3, 1, 2, 2, 1, 2, 2, 2, 2, 3, 3, 1, 1, 2, 1, 2, 1, 2, 3, 5, 4, 4, 5, 5, 3, 4, 5, 3, 3, 3, 3, 4, 3, 3, 3]

rand_rows: st.SearchStrategy[Row] = st.tuples(*(st.none() | st.integers(1, n) for n in STEPS)).map(list)
rand_full: st.SearchStrategy[Row] = st.tuples(*(st.integers(1, n) for n in STEPS)).map(list)


def rand_points(item: int, answer: int) -> Fraction:
    """Evenly from 0 to 100, in the item's own direction."""
    share = Fraction(answer - 1, STEPS[item - 1] - 1)
    return 100 * (share if item in BEST_IS_HIGHEST else 1 - share)


def rand_36(row: Row, half: bool) -> dict[str, Fraction | None]:
    found: dict[str, Fraction | None] = {}
    for key, items in RAND.items():
        points = [rand_points(n, answer) for n in items if (answer := row[n - 1]) is not None]
        enough = 2 * len(points) >= len(items) if half else len(points) >= 1
        found[key] = sum(points, Fraction(0)) / len(points) if enough and points else None
    return found


@MANY
@given(row=rand_rows | rand_full, half=st.booleans())
def test_rand_36(row: Row, half: bool) -> None:
    found = scored("rand-36", row, numbered(36), "half" if half else None)
    expected = rand_36(row, half)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert close(found[key], value), key
        assert found[key].answered == sum(row[n - 1] is not None for n in RAND[key])
        assert value is None or 0 <= number(found[key]) <= 100


@SOME
@given(row=rand_full, item=st.integers(1, 36))
def test_a_better_answer_never_lowers_a_rand_36_scale(row: Row, item: int) -> None:
    before = row[item - 1]
    assert before is not None
    better = before + 1 if item in BEST_IS_HIGHEST else before - 1
    if not 1 <= better <= STEPS[item - 1]:
        return
    raised = [*row[: item - 1], better, *row[item:]]
    was, now = (scored("rand-36", each, numbered(36)) for each in (row, raised))
    higher = [key for key in RAND if number(now[key]) > number(was[key])]
    assert higher == [key for key, items in RAND.items() if item in items]
    assert all(number(now[key]) >= number(was[key]) for key in RAND)


def test_every_rand_item_is_used_exactly_once() -> None:
    used = [item for scale in asked("rand-36").scales for item in scale.items]
    assert sorted(used) == sorted(numbered(36))


@pytest.mark.parametrize(("row", "pain", "sf_36_pain"), [(A, "67.5", "62"), (B, "22.5", "22")])
def test_rand_36_is_not_sf_36(row: list[int], pain: str, sf_36_pain: str) -> None:
    """SF-36 version 1 weighs pain otherwise; whoever reports the one as the other is off by as much as 5.5."""
    severity = dict(enumerate(["6", "5.4", "4.2", "3.1", "2.2", "1"], 1))[row[20]]
    interference = {1: 6 if row[20] == 1 else 5, 2: 4, 3: 3, 4: 2, 5: 1}[row[21]]
    assert (Fraction(severity) + interference - 2) * 10 == Fraction(sf_36_pain)
    assert number(scored("rand-36", list(row), numbered(36))["pain"]) == Fraction(pain)


@pytest.mark.parametrize(("row", "general", "sf_36_general"), [(A, 55, 55), (B, 55, 57)])
def test_nor_is_its_general_health(row: list[int], general: int, sf_36_general: int) -> None:
    first = Fraction({1: "5", 2: "4.4", 3: "3.4", 4: "2", 5: "1"}[row[0]])
    others = row[32] + (6 - row[33]) + row[34] + (6 - row[35])
    assert (first + others - 5) * 5 == sf_36_general
    assert number(scored("rand-36", list(row), numbered(36))["general_health"]) == general


def test_which_missing_rules_may_be_asked_for() -> None:
    rules = ("all", "half", "any")
    assert [rule for rule in rules if offers(asked("rand-36"), rule)] == ["half", "any"]
    assert [rule for rule in rules if offers(asked("who-5"), rule)] == ["all"]


# --- EQ-5D-5L

DIMENSIONS = ["mobility", "selfcare", "usual", "pain", "anxiety"]
FRANCE = {
    2: [-3759, -3656, -3313, -2198, -2046],
    3: [-4774, Fraction(-50781, 10), -3979, -4704, -4683],
    4: [-17949, Fraction(-172251, 10), -15689, -26374, -20005],
    5: [-32509, Fraction(-258331, 10), -24005, -44399, -25803],
}
"""Andrade 2020, in hundred-thousandths, in the order of the dimensions."""


def eq_5d_5l(row: Row) -> tuple[str, Fraction | None]:
    profile = "".join("9" if level is None else str(level) for level in row)
    if None in row:
        return profile, None
    lost = sum(Fraction(FRANCE[level][n]) for n, level in enumerate(row) if level is not None and level > 1)
    return profile, 1 + Fraction(lost) / 100_000


@MANY
@given(row=blanks(5, 5, least=1))
def test_eq_5d_5l(row: Row) -> None:
    found = scored("eq-5d-5l", row, DIMENSIONS)
    profile, index = eq_5d_5l(row)
    assert found["profile"].value == found["profile"].text == profile
    assert close(found["index_fr"], index)


def test_all_3125_states_lie_in_the_published_range_and_never_rise_with_a_worse_level() -> None:
    states = [[a, b, c, d, e] for a in L for b in L for c in L for d in L for e in L]
    index = {tuple(row): number(scored("eq-5d-5l", list(row), DIMENSIONS)["index_fr"]) for row in states}
    assert len(index) == 3125
    assert (round(min(index.values()), 3), max(index.values())) == (Fraction("-0.525"), 1)
    for state, value in index.items():
        for n in range(5):
            if state[n] < 5:
                assert index[(*state[:n], state[n] + 1, *state[n + 1 :])] < value


L = range(1, 6)


@pytest.mark.parametrize(
    ("profile", "index"),
    [
        ("11111", "1.000"), ("21111", "0.962"), ("11121", "0.978"), ("21231", "0.882"), ("21232", "0.862"),
        ("22222", "0.850"), ("33333", "0.768"), ("12345", "0.402"), ("54321", "0.441"), ("44444", "0.028"),
        ("55555", "-0.525"),
    ],
)  # fmt: skip
def test_published_states(profile: str, index: str) -> None:
    found = scored("eq-5d-5l", [int(level) for level in profile], DIMENSIONS)["index_fr"]
    assert round(number(found), 3) == Fraction(index)


def test_the_value_set_is_named_wherever_the_index_stands() -> None:
    index = next(scale for scale in asked("eq-5d-5l").scales if scale.key == "index_fr")
    assert all("Andrade 2020" in text for text in (*index.title.values(), index.source))


def test_the_crosswalk_set_is_another() -> None:
    assert number(scored("eq-5d-5l", [1, 1, 1, 1, 2], DIMENSIONS)["index_fr"]) != Fraction("0.929")


# --- WHO-5 and FIHOA: sums


@MANY
@given(row=blanks(5, 5))
def test_who_5(row: Row) -> None:
    found = scored("who-5", row, numbered(5))["who_5"]
    answered = [answer for answer in row if answer is not None]
    assert close(found, Fraction(4 * sum(answered)) if len(answered) == 5 else None)
    if found.value is not None:
        assert 0 <= number(found) <= 100
        assert found.band == ("low" if sum(answered) <= 12 else "not low")


def test_who_5_is_four_times_the_sum_and_not_of_the_sum_less_five() -> None:
    assert number(scored("who-5", [1, 1, 1, 1, 1], numbered(5))["who_5"]) == 20
    assert number(scored("who-5", [3, 2, 3, 2, 3], numbered(5))["who_5"]) == 52


@MANY
@given(row=blanks(3, 10))
def test_fihoa(row: Row) -> None:
    found = scored("fihoa", row, numbered(10))["fihoa"]
    answered = [answer for answer in row if answer is not None]
    assert close(found, Fraction(sum(answered)) if len(answered) == 10 else None)
    if found.value is not None:
        assert 0 <= number(found) <= 30
        assert found.band == ("5 or more" if sum(answered) >= 5 else "below 5")


@SOME
@given(row=st.lists(st.integers(0, 2), min_size=10, max_size=10), n=st.integers(0, 9))
def test_one_more_on_any_item_is_one_more(row: list[int], n: int) -> None:
    more: Row = [answer + (i == n) for i, answer in enumerate(row)]
    was, now = (scored("fihoa", each, numbered(10))["fihoa"] for each in (list(row), more))
    assert number(now) == number(was) + 1
    was, now = (scored("who-5", each[:5], numbered(5))["who_5"] for each in (list(row), more))
    assert number(now) == number(was) + (4 if n < 5 else 0)


# --- PROMIS Global Health

TEN = [f"global{n:02}" for n in range(1, 11)]
PRINTED = {
    "physical": "16.2 19.9 23.5 26.7 29.6 32.4 34.9 37.4 39.8 42.3 44.9 47.7 50.8 54.1 57.7 61.9 67.7",
    "mental": "21.2 25.1 28.4 31.3 33.8 36.3 38.8 41.1 43.5 45.8 48.3 50.8 53.3 56.0 59.0 62.5 67.6",
}
"""T-scores of the raw sums 4 to 20."""

promis_rows: st.SearchStrategy[Row] = st.tuples(
    *(st.integers(0, 10) if n == 7 else st.integers(1, 5) for n in range(1, 11))
).map(list) | st.tuples(*(st.none() | (st.integers(0, 10) if n == 7 else st.integers(1, 5)) for n in range(1, 11))).map(
    list
)


def promis_raw(row: Row) -> tuple[int | None, int | None]:
    pain = row[6]
    entered = None if pain is None else 5 if pain == 0 else 1 if pain == 10 else 4 - (pain - 1) // 3
    return total([row[2], row[5], entered, row[7]]), total([row[1], row[3], row[4], row[9]])


def total(row: Row) -> int | None:
    answered = [answer for answer in row if answer is not None]
    return sum(answered) if len(answered) == 4 else None


@MANY
@given(row=promis_rows)
def test_promis_global(row: Row) -> None:
    found = scored("promis-global", row, TEN)
    for raw, (key, printed) in zip(promis_raw(row), PRINTED.items(), strict=True):
        assert close(found[f"{key}_raw"], None if raw is None else Fraction(raw))
        assert close(found[f"{key}_t"], None if raw is None else Fraction(printed.split()[raw - 4]))


def test_the_promis_tables_rise_and_have_an_entry_for_each_raw_sum() -> None:
    for name, (_, printed) in T_SCORES.items():
        table = [Fraction(each) for each in printed.split()]
        assert len(table) == 20 - 4 + 1, name
        assert table == sorted(set(table)), name


def test_a_missing_promis_item_is_named() -> None:
    found = scored("promis-global", [3, 3, 3, 3, 3, 3, None, 3, 3, 3], TEN)
    assert found["physical_t"].reason == "the table needs all 4 items; not answered: global07"


# --- PROMIS-29

PRINTED_29 = {
    "physical": "22.5 26.6 28.9 30.5 31.9 33.2 34.4 35.6 36.7 37.9 39.2 40.5 41.9 43.5 45.5 48.3 57.0",
    "anxiety": "40.3 48.0 51.2 53.7 55.8 57.7 59.5 61.4 63.4 65.3 67.3 69.3 71.2 73.3 75.4 77.9 81.6",
    "depression": "41.0 49.0 51.8 53.9 55.7 57.3 58.9 60.5 62.2 63.9 65.7 67.5 69.4 71.2 73.3 75.7 79.4",
    "fatigue": "33.7 39.7 43.1 46.0 48.6 51.0 53.1 55.1 57.0 58.8 60.7 62.7 64.6 66.7 69.0 71.6 75.8",
    "sleep": "32.0 37.5 41.1 43.8 46.2 48.4 50.5 52.4 54.3 56.1 57.9 59.8 61.7 63.8 66.0 68.8 73.3",
    "social": "27.5 31.8 34.0 35.7 37.3 38.8 40.5 42.3 44.2 46.2 48.1 50.0 51.9 53.7 55.8 58.3 64.2",
    "interference": "41.6 49.6 52.0 53.9 55.6 57.1 58.5 59.9 61.2 62.5 63.8 65.2 66.6 68.0 69.7 71.6 75.6",
}


@MANY
@given(domain=st.sampled_from(sorted(PRINTED_29)), row=blanks(5, 4, least=1))
def test_promis_29(domain: str, row: Row) -> None:
    found = scored("promis-29", row, [f"{domain}{n}" for n in range(1, 5)])
    raw = total(row)
    assert close(found[f"{domain}_raw"], None if raw is None else Fraction(raw))
    assert close(found[f"{domain}_t"], None if raw is None else Fraction(PRINTED_29[domain].split()[raw - 4]))
    assert all(each.value is None for key, each in found.items() if not key.startswith(domain))


def test_a_published_example_of_promis_29_that_is_wrong() -> None:
    """A national guide gives physical function 42.6 for the raw sum 13."""
    assert number(scored("promis-29", [3, 3, 4, 3], [f"physical{n}" for n in range(1, 5)])["physical_t"]) == Fraction(
        "37.9"
    )


@pytest.mark.parametrize("id_", ["rand-36", "eq-5d-5l", "who-5", "fihoa", "promis-global", "promis-29"])
def test_no_answer_is_no_score(id_: str) -> None:
    for key, found in score(asked(id_), {}).items():
        assert key == "profile" or (found.value is None and found.reason)
