"""Every published or recomputed test vector of the library's instruments stands among the worked examples.

`EXAMPLES` lists the vectors by instrument; each must be the answers and scores of some worked example.
`ELSEWHERE` lists those that are about a rule and no questionnaire, each with the test that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from pro.domain.answers import NotAllowed
from pro.domain.joints import JOINTS
from pro.library import DEFAULT_ROOT
from pro.library.files import read
from tests.domain.instruments import scored

TESTS = Path(__file__).parent
Answers = Mapping[str, Any]
Scores = Mapping[str, Any]
Vector = tuple[Answers, Scores]


def in_order(keys: str | Sequence[str], *answers: Any) -> dict[str, Any]:
    """Answers to the named items in their order; None is left out."""
    names = keys.split() if isinstance(keys, str) else keys
    return {key: value for key, value in zip(names, answers, strict=True) if value is not None}


def numbered(answers: str, missing: Sequence[int] = ()) -> dict[str, int]:
    """q1, q2 … from a line of answers such as `1,5,3×10`."""
    found: list[int] = []
    for part in answers.split(","):
        value, _, times = part.partition("×")
        found += [int(value)] * int(times or 1)
    return {f"q{i}": value for i, value in enumerate(found, 1) if i not in missing}


DAS = "tender28 swollen28 esr crp global"
FORMULAS = "das28_esr4 das28_esr3 das28_crp4 das28_crp3"
RAID = "pain function fatigue sleep physical emotional coping"
RAPID = [*"abcdefghij", "pain", "global"]
EQ = "mobility selfcare usual pain anxiety"
WHO = "q1 q2 q3 q4 q5"
GOUT = "declared rest_pain swollen warm"
MARKS = ["L-MCP2", "L-MCP3", "R-MCP2", "L-wrist", "R-ankle", "L-hip"]
CATEGORIES = {
    "dressing": 2, "arising": 2, "eating": 3, "walking": 2, "hygiene": 3, "reach": 2, "grip": 3, "activities": 3,
}  # fmt: skip
HAQ = [f"{category}{i}" for category, items in CATEGORIES.items() for i in range(1, items + 1)]
MIXED = in_order(HAQ, 1, 0, 1, 2, 0, 1, 0, 1, 1, 0, 0, 1, 2, 1, 1, 0, 0, 3, 1, 1)
RAND = (
    "physical_functioning role_physical role_emotional energy_fatigue emotional_wellbeing social_functioning pain "
    "general_health health_change"
)
BEST = numbered("1,1,3×10,2×7,1,1,1,1,6,6,1,1,6,6,1,6,5,5,1,5,1")
WORST = numbered("5,5,1×10,1×7,5,6,5,6,1,1,6,6,1,1,6,1,1,1,5,1,5")
LINE_A = "1,2,3,2,3,2,3,2,1,2,1,2,1,2,1,2,1,2,1,3,3,2,3,2,1,2,1,2,1,2,3,2,1,1,2,3"
LINE_B = "3,3,1,2,2,1,2,2,2,2,3,3,1,1,2,1,2,1,2,3,5,4,4,5,5,3,4,5,3,3,3,3,4,3,3,3"
BLANKS = (*range(3, 9), 20, 21, 22)
PHYSICAL = "global03 global06 global07 global08"


def without(answers: Answers, *categories: str) -> dict[str, Any]:
    return {key: value for key, value in answers.items() if key.rstrip("123") not in categories}


def domain(name: str, *answers: int) -> dict[str, int]:
    return {f"{name}{i}": value for i, value in enumerate(answers, 1)}


def rand(values: str) -> dict[str, Decimal | None]:
    return in_order(RAND, *(Decimal(value) for value in values.split()))


def profile(digits: str, index: str) -> Vector:
    return in_order(EQ, *map(int, digits)), {"profile": digits, "index_fr": Decimal(index)}


EXAMPLES: Mapping[str, Sequence[Vector]] = {
    "pain-response": [
        ({"baseline": 62, "current": 45}, {"change": -17, "relative_change": Decimal("-27.4"), "pain_now": 45}),
        ({"baseline": 62, "current": 40}, {"change": -22, "relative_change": Decimal("-35.5"), "pain_now": 40}),
        ({"baseline": 62, "current": 31}, {"relative_change": Decimal("-50.0")}),
        ({"baseline": 41, "current": 33}, {"change": -8, "relative_change": Decimal("-19.5")}),
        ({"baseline": 0, "current": 10}, {"relative_change": None}),
    ],
    "joint-count": [
        (
            {"tender": MARKS, "swollen": MARKS},
            {"tjc28": 4, "tjc44": 5, "tjc68": 6, "sjc66": 5, "tjc_hh12": 6, "sjc_hh12": 6},
        ),
        ({"tender": sorted(JOINTS), "swollen": sorted(JOINTS)}, {"tjc28": 28, "tjc44": 44, "tjc68": 68, "sjc66": 66}),
        ({"tender": MARKS, "swollen": [], "replaced": ["L-hip"]}, {"tjc68": 5, "tjc_hh12": 5}),
    ],
    "das28": [
        (in_order(DAS, *answers), in_order(FORMULAS, *map(Decimal, scores.split())))
        for answers, scores in (
            ((0, 0, 1, 0, 0), "0.0000 0.1600 0.9600 1.1500"),
            ((1, 0, 10, 5, 20), "2.4518 2.5056 2.4450 2.4755"),
            ((4, 2, 20, 10, 40), "4.1730 4.0620 3.8992 3.7671"),
            ((10, 6, 35, 25, 60), "5.7855 5.5011 5.4296 5.1426"),
            ((16, 9, 50, Decimal("30.5"), 75), "6.8684 6.4439 6.3320 5.9042"),
            ((28, 28, 100, 100, 100), "9.0685 8.4420 8.4663 7.8669"),
        )
    ],
    "eular-response": [
        ({"baseline": Decimal(before), "current": Decimal(now)}, {"eular_response": response})
        for before, now, response in (
            ("6.0", "3.0", "good"),
            ("5.0", "3.2", "good"),
            ("4.4", "3.2", "moderate"),
            ("4.0", "3.1", "moderate"),
            ("6.5", "5.2", "moderate"),
            ("5.8", "5.1", "moderate"),
            ("6.0", "5.3", "none"),
            ("5.6", "5.0", "none"),
            ("3.5", "3.0", "none"),
            ("3.0", "3.6", "none"),
        )
    ],
    "raid": [
        (in_order(RAID, *answers), {"raid": None if score is None else Decimal(score)})
        for answers, score in (
            ((0,) * 7, "0.00"),
            ((10,) * 7, "10.00"),
            ((2,) * 7, "2.00"),
            ((7, 5, 6, 4, 5, 3, 4), "5.09"),
            ((3, 1, 2, 1, 2, 0, 1), "1.57"),
            ((7, None, 6, 4, 5, 3, 4), "5.0633"),
            ((7, 5, 6, 4, None, 3, None), None),
        )
    ],
    "rapid3": [
        (in_order(RAPID, *function, pain, global_), {"function": Decimal(fn), "rapid3": Decimal(score)})
        for function, pain, global_, fn, score in (
            ((1, 2, 3, 0, 1, 0, 3, 0, 1, 2), Decimal("0.5"), 2, "4.3", "6.8"),
            ((0,) * 10, 0, 0, "0.0", "0.0"),
            ((1, 1, 1, 1, 1, 0, 0, 0, 0, 0), Decimal("4.5"), 5, "1.7", "11.2"),
            ((2, 2, 1, 1, 0, 1, 0, 1, 2, 2), Decimal("6.5"), 7, "4.0", "17.5"),
            ((3,) * 10, 10, 10, "10.0", "30.0"),
        )
    ],
    "haq-di": [
        (dict.fromkeys(HAQ, 0), {"haq_di": 0}),
        (dict.fromkeys(HAQ, 3), {"haq_di": 3}),
        (MIXED, {"haq_di": Decimal("1.5")}),
        (MIXED | {"aids": ["walking", "grip", "activities"]}, {"haq_di": Decimal("1.75")}),
        (without(MIXED, "arising", "hygiene"), {"haq_di": Decimal("1.5")}),
        (without(MIXED, "arising", "hygiene", "walking"), {"haq_di": None}),
        (dict.fromkeys(HAQ, 0) | {"aids": ["walking"]}, {"haq_di": Decimal("0.25")}),
    ],
    "rand-36": [
        (BEST, dict.fromkeys(RAND.split(), 100)),
        (WORST, dict.fromkeys(RAND.split(), 0)),
        (
            numbered(LINE_A),
            rand("55 50 33.3333 50 40 37.5 67.5 55 75"),
        ),
        (numbered(LINE_B), rand("50 25 66.6667 40 72 50 22.5 55 50")),
        (
            numbered(LINE_B, BLANKS),
            rand("75 25 66.6667 40 72 50 0 55 50") | {"pain": None},
        ),
        (numbered(LINE_B, BLANKS), {"physical_functioning": None, "social_functioning": 50, "pain": None}),
    ],
    "eq-5d-5l": [
        profile(digits, index)
        for digits, index in (
            ("21111", "0.962"),
            ("11121", "0.978"),
            ("21231", "0.882"),
            ("21232", "0.862"),
            ("22222", "0.850"),
            ("33333", "0.768"),
            ("12345", "0.402"),
            ("54321", "0.441"),
            ("44444", "0.028"),
            ("55555", "-0.525"),
            ("11111", "1.000"),
        )
    ],
    "who-5": [
        (in_order(WHO, 5, 5, 5, 5, 5), {"who_5": 100}),
        (in_order(WHO, 3, 2, 3, 2, 3), {"who_5": 52}),
        (in_order(WHO, 2, 2, 3, 2, 3), {"who_5": 48}),
        (in_order(WHO, 1, 1, 2, 1, 2), {"who_5": 28}),
        (in_order(WHO, 0, 0, 0, 0, 0), {"who_5": 0}),
        (in_order(WHO, 3, 2, 3, 2, None), {"who_5": None}),
    ],
    "promis-global": [
        (in_order(PHYSICAL, 3, 4, 6, 3), {"physical_raw": 13, "physical_t": Decimal("42.3")}),
        (in_order(PHYSICAL, 5, 5, 0, 5), {"physical_raw": 20, "physical_t": Decimal("67.7")}),
        (in_order(PHYSICAL, 1, 1, 10, 1), {"physical_raw": 4, "physical_t": Decimal("16.2")}),
        (
            in_order("global02 global04 global05 global10", 3, 4, 3, 3),
            {"mental_raw": 13, "mental_t": Decimal("45.8")},
        ),
    ],
    "promis-29": [
        (domain("physical", 3, 3, 4, 3), {"physical_raw": 13, "physical_t": Decimal("37.9")}),
        (domain("anxiety", 2, 2, 3, 2), {"anxiety_raw": 9, "anxiety_t": Decimal("57.7")}),
        (domain("depression", 3, 4, 3, 3), {"depression_raw": 13, "depression_t": Decimal("63.9")}),
        (domain("fatigue", 4, 4, 4, 3), {"fatigue_raw": 15, "fatigue_t": Decimal("62.7")}),
        (domain("sleep", 3, 3, 3, 2), {"sleep_raw": 11, "sleep_t": Decimal("52.4")}),
        (domain("social", 3, 3, 2, 3), {"social_raw": 11, "social_t": Decimal("42.3")}),
        (domain("interference", 2, 3, 3, 3), {"interference_raw": 11, "interference_t": Decimal("59.9")}),
    ],
    "fihoa": [
        (numbered("0×10"), {"fihoa": 0}),
        (numbered("1,1,0,2,1,0,1,1,2,0"), {"fihoa": 9}),
        (numbered("0,0,0,1,1,0,0,1,1,0"), {"fihoa": 4}),
        (numbered("3×10"), {"fihoa": 30}),
        (numbered("1,1,0,2,1,0,1,1,2,0", (10,)), {"fihoa": None}),
    ],
    "gout-flare": [
        (in_order(GOUT, True, 4, 0, 1), {"criteria_met": 3, "gout_flare": "flare"}),
        (in_order(GOUT, True, 3, 1, 0), {"criteria_met": 2, "gout_flare": "no flare"}),
        (in_order(GOUT, False, 8, 2, 1), {"criteria_met": 3, "gout_flare": "flare"}),
        (in_order(GOUT, True, 5, 0, 0), {"gout_flare": "no flare", "gout_flare_tree": "flare"}),
        (in_order(GOUT, True, 5, 0, None), {"criteria_met": 2, "gout_flare": None}),
        (in_order(GOUT, True, 5, None, 0), {"criteria_met": 2, "gout_flare": None}),
        (in_order(GOUT, True, None, 1, 0), {"criteria_met": 2, "gout_flare": None}),
        (in_order(GOUT, None, 5, 1, 0), {"criteria_met": 2, "gout_flare": None}),
        (in_order(GOUT, True, 5, 1, None), {"criteria_met": 3, "gout_flare": "flare"}),
        (in_order(GOUT, True, 5, None, 1), {"criteria_met": 3, "gout_flare": "flare"}),
        (in_order(GOUT, True, None, 1, 1), {"criteria_met": 3, "gout_flare": "flare"}),
        (in_order(GOUT, None, 5, 1, 1), {"criteria_met": 3, "gout_flare": "flare"}),
    ],
    "fever-grade": [
        ({"temperature": Decimal(heat)}, {"fever_grade": grade})
        for heat, grade in (("37.9", 0), ("38.0", 1), ("39.0", 1), ("39.1", 2), ("40.0", 2), ("40.1", 3))
    ],
    "adherence": [
        (
            {"due": 28, "answered": 24, "taken": 23},
            {"reported": Decimal("95.8"), "conservative": Decimal("82.1")},
        ),
        ({"due": 23, "answered": 21, "taken": 20}, {"conservative": Decimal("87.0")}),
        ({"due": 28, "answered": 24, "taken": 23, "part": 0}, {"reported": Decimal("95.8333")}),
    ],
}
"""Instrument → its vectors. Scores are rounded as far as they are printed."""

REFUSED: Mapping[str, Sequence[Answers]] = {
    "das28": [{"esr": 0}, {"esr": 301}, {"crp": Decimal("300.1")}, {"global": 101}, {"tender28": 29}],
    "rapid3": [{"global": Decimal("1.2")}, {"pain": Decimal("0.3")}, {"pain": Decimal("10.5")}],
    "who-5": [{"q1": 6}],
    "eq-5d-5l": [{"mobility": 0}, {"vas": 101}],
    "joint-count": [{"tender": ["L-knee", "L-knee"]}, {"tender": ["L-mcp2"]}, {"tender": ["knee"]}],
}
"""Instrument → answers outside its range, each alone."""

ELSEWHERE = {
    "R1: step, spike, slow, low, exact, gap, high, sparse, short": "domain/test_flares.py::test_jump_series",
    "R1: step, the level of day 12": (
        "domain/test_flares.py::test_the_baseline_stays_that_of_the_run_and_is_polluted_after_it"
    ),
    "R1: short is not evaluable, not no flare": (
        "domain/test_flares.py::test_too_few_values_is_not_evaluable_rather_than_no_hit"
    ),
    "R1: sparse, four values are enough": "domain/test_flares.py::test_exactly_four_baseline_values_are_enough",
    "R3: slow is found by the third rule": "domain/test_flares.py::test_slow_creep_is_what_the_third_rule_is_for",
    "R5: the rule of the diary": "domain/test_flares.py::test_criteria",
    "R7: 37.9 and 38.0": "domain/test_flares.py::test_fever",
    "episode: seven recorded days": "domain/test_flares.py::test_episode_ends_after_seven_recorded_days_without_a_hit",
}
"""Vector about a rule → the test that holds it."""


def cases(id_: str) -> Iterator[dict[str, Any]]:
    """The worked examples of every version of a questionnaire, as they stand in the files."""
    for path in sorted((DEFAULT_ROOT / "library" / id_).glob("*.cases.yaml")):
        yield from read(path).data["cases"]  # type: ignore[index, call-overload]


def given(answers: Answers) -> dict[str, Any]:
    """Answers as they compare: nothing missing, lists without order."""
    return {
        key: frozenset(value) if isinstance(value, list) else value
        for key, value in answers.items()
        if value is not None
    }


def expects(case: Mapping[str, Any], scores: Scores) -> bool:
    """Whether a worked example expects these scores, as far as they are printed here."""
    return all(key in case["scores"] and same(case["scores"][key], value) for key, value in scores.items())


def same(written: object, value: object) -> bool:
    found = written["value"] if isinstance(written, dict) else written
    if value is None or found is None or isinstance(value, str):
        return found == value
    wanted = Decimal(value)  # type: ignore[arg-type]
    digits = max(0, -int(wanted.as_tuple().exponent))
    return Decimal(found).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) == wanted


VECTORS = [(id_, answers, scores) for id_, vectors in EXAMPLES.items() for answers, scores in vectors]


def answers_fit(id_: str, case: Mapping[str, Any], answers: Answers) -> bool:
    """The same answers; a questionnaire of several domains may answer others besides."""
    asked = given(case["answers"])
    if id_.startswith(("promis", "eq-5d")):
        return all(asked.get(key) == value for key, value in given(answers).items())
    return asked == given(answers)


@pytest.mark.parametrize(
    ("id_", "answers", "scores"), VECTORS, ids=[f"{id_} {n}" for n, (id_, _, _) in enumerate(VECTORS, 1)]
)
def test_each_vector_is_a_worked_example(id_: str, answers: Answers, scores: Scores) -> None:
    fitting = [case for case in cases(id_) if answers_fit(id_, case, answers) and expects(case, scores)]
    assert fitting, f"no worked example of {id_} has {dict(answers)} → {dict(scores)}"


@pytest.mark.parametrize(("id_", "answers"), [(id_, each) for id_, some in REFUSED.items() for each in some])
def test_what_is_out_of_range_is_no_answer(id_: str, answers: Answers) -> None:
    (item,) = answers
    with pytest.raises(NotAllowed, match=f"^{item} "):
        scored(id_, answers)


@pytest.mark.parametrize(("vector", "where"), ELSEWHERE.items())
def test_a_vector_about_a_rule_is_held_where_it_is_said_to_be(vector: str, where: str) -> None:
    name, _, test = where.partition("::")
    assert f"def {test}(" in (TESTS / name).read_text("utf-8"), vector
    series = re.findall(r"[a-z]+", vector.partition(":")[2]) if test == "test_jump_series" else []
    assert all(f'"{each}": (' in (TESTS / name).read_text("utf-8") for each in series), vector


def test_every_questionnaire_has_four_worked_examples_and_says_where_each_comes_from() -> None:
    folders = sorted((DEFAULT_ROOT / "library").iterdir())
    assert len(folders) >= 20
    for folder in folders:
        found = list(cases(folder.name))
        assert len(found) >= 4, folder.name
        assert all(case["origin"].strip() for case in found), folder.name
