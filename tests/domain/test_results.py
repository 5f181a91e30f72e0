"""Questionnaires computed from others, against a straight calculation in floats that knows nothing of the library."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.answers import Answer
from pro.domain.formulas import WRITTEN, written
from pro.domain.freezing import freeze
from pro.domain.questionnaire import Questionnaire
from pro.domain.results import Given, Reporter, Sitting, Why, leaves, result, wanting
from pro.domain.scoring import score
from tests.domain.instruments import LIBRARY, MANY

DAS28, RESPONSE = LIBRARY.questionnaire("das28", "1"), LIBRARY.questionnaire("eular-response", "1")
COMPUTED = {"das28": DAS28, "eular-response": RESPONSE}
ASKED: dict[str, Reporter] = {"patient-global": "patient", "joint-count": "patient", "joint-exam": "clinician"}
ORDER = ("das28_esr4", "das28_crp4", "das28_esr3", "das28_crp3")
"""The formulas as the EULAR response prefers them."""
OF_28 = [side + joint for joint in ("knee", "wrist", "elbow", "shoulder") for side in ("L-", "R-")]


def respond(id_: str, answers: Mapping[str, object], by: Reporter, n: int = 1) -> Given:
    asked = LIBRARY.questionnaire(id_, "1")
    frozen = freeze(asked, {key: Answer("answered", value) for key, value in answers.items() if value is not None})
    return Given(asked.version, by, frozen.items, score(asked, frozen.values), response=7, n=n)


def sitting(
    exam: Mapping[str, object] | None = None,
    overall: int | None = None,
    by: Reporter = "clinician",
    **more: Given,
) -> Sitting:
    given_ = {} if exam is None else {"joint-exam": respond("joint-exam", exam, by)}
    if overall is not None:
        given_["patient-global"] = respond("patient-global", {"global": overall}, "patient")
    return Sitting(ASKED, COMPUTED, given_ | {key.replace("_", "-"): one for key, one in more.items()})


def exam(tender: int, swollen: int, esr: int | None = None, crp: str | None = None) -> dict[str, object]:
    return {"tender": OF_28[:tender], "swollen": OF_28[:swollen], "esr": esr, "crp": crp, "not_assessable": []}


exams = st.builds(
    exam,
    st.integers(0, 8),
    st.integers(0, 8),
    st.none() | st.integers(1, 300),
    st.none() | st.decimals(0, 300, places=1).map(str),
)
sittings = st.tuples(st.none() | exams, st.none() | st.integers(0, 100))


def straight(answers: Mapping[str, object] | None, overall: int | None) -> dict[str, float]:
    """The formulas that have a value, from the printed formulas alone."""
    if answers is None:
        return {}
    joints = 0.56 * sqrt(len(answers["tender"])) + 0.28 * sqrt(len(answers["swollen"]))  # type: ignore[arg-type]
    found = {}
    if answers["esr"] is not None:
        by_esr = joints + 0.70 * log(int(str(answers["esr"])))
        found["das28_esr3"] = by_esr * 1.08 + 0.16
        if overall is not None:
            found["das28_esr4"] = by_esr + 0.014 * overall
    if answers["crp"] is not None:
        by_crp = joints + 0.36 * log(float(str(answers["crp"])) + 1)
        found["das28_crp3"] = by_crp * 1.10 + 1.15
        if overall is not None:
            found["das28_crp4"] = by_crp + 0.014 * overall + 0.96
    return found


def response_by_hand(before: float, now: float) -> str:
    first, second = (Decimal(str(round(x, 12))).quantize(Decimal("0.01"), ROUND_HALF_UP) for x in (before, now))
    fall = first - second
    if fall > Decimal("1.2"):
        return "good" if second <= Decimal("3.2") else "moderate"
    return "moderate" if fall > Decimal("0.6") and second <= Decimal("5.1") else "none"


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(sittings, sittings)
def test_das28_and_response_equal_a_straight_calculation(
    before: tuple[dict[str, object] | None, int | None], now: tuple[dict[str, object] | None, int | None]
) -> None:
    baseline, same = sitting(*before), sitting(*now)
    expected = straight(*now)
    found = result(DAS28, same, baseline)
    for key, one in found.scores.items():
        assert (one.value is None) == (key not in expected), key
        assert key not in expected or abs(float(str(one.value)) - expected[key]) < 1e-9

    first = straight(*before)
    formula = next((key for key in ORDER if key in first and key in expected), None)
    response = result(RESPONSE, same, baseline)
    value = response.scores["eular_response"].value
    assert value == (None if formula is None else response_by_hand(first[formula], expected[formula]))
    keys = {origin.key for origin in response.origins.values()}
    assert len(keys) <= 1, "two formulas never meet"
    assert formula is None or keys == {formula}
    assert bool(wanting(RESPONSE, response)) == (value is None)
    assert bool(wanting(DAS28, found)) == (not expected)


@given(sittings, sittings, st.integers(0, 8))
def test_a_response_that_is_not_named_changes_nothing(
    before: tuple[dict[str, object] | None, int | None], now: tuple[dict[str, object] | None, int | None], marked: int
) -> None:
    count = respond("joint-count", {"tender": OF_28[:marked], "swollen": []}, "patient")
    with_it, without = sitting(*now, joint_count=count), sitting(*now)
    for one in COMPUTED.values():
        assert result(one, with_it, sitting(*before, joint_count=count)) == result(one, without, sitting(*before))


def test_esr_at_baseline_and_crp_now_give_no_response_and_say_what_would() -> None:
    baseline, same = sitting(exam(8, 8, esr=30), 60), sitting(exam(1, 0, crp="2"), 20)
    found = result(RESPONSE, same, baseline)
    assert found.scores["eular_response"].value is None
    (lack,) = found.lacks
    assert (lack.item, lack.keys, lack.why) == ("current", ("das28_esr4",), Why.NO_SCORE)
    assert [(one.item, one.assessment, one.who, one.why) for one in leaves([lack])] == [
        ("esr", "same", "clinician", Why.NOT_REACHED)
    ]


def test_the_first_formula_with_a_value_at_both_is_taken() -> None:
    baseline = sitting(exam(8, 8, esr=30, crp="20"), 60)
    now = sitting(exam(1, 0, esr=8, crp="2"))
    assert {one.key for one in result(RESPONSE, now, baseline).origins.values()} == {"das28_esr3"}
    without_esr = sitting(exam(1, 0, crp="2"), 20)
    assert {one.key for one in result(RESPONSE, without_esr, baseline).origins.values()} == {"das28_crp4"}


def test_a_patients_count_is_no_clinicians() -> None:
    found = result(DAS28, sitting(exam(2, 1, esr=20), 40, by="patient"), None)
    assert not found.values.keys() & {"tender28", "swollen28", "esr"}
    assert {lack.item: lack.why for lack in found.lacks}["tender28"] is Why.OTHER_REPORTER
    assert all(one.value is None for one in found.scores.values())
    taken = result(DAS28, sitting(exam(2, 1, esr=20), 40), None)
    assert taken.values["tender28"] == 2


def test_a_clinician_cannot_give_the_patients_own_assessment() -> None:
    typed = respond("patient-global", {"global": 40}, "clinician")
    found = result(DAS28, sitting(exam(2, 1, esr=20), patient_global=typed), None)
    assert {lack.item: lack.why for lack in found.lacks}["global"] is Why.OTHER_REPORTER
    assert found.scores["das28_esr4"].value is None
    assert found.scores["das28_esr3"].value is not None


def test_origins_name_version_and_response() -> None:
    corrected = respond("patient-global", {"global": 40}, "patient", n=2)
    found = result(DAS28, sitting(exam(2, 1, esr=20), patient_global=corrected), None)
    origin = found.origins["global"]
    assert (origin.questionnaire, origin.version, origin.key) == ("patient-global", "1", "global")
    assert (origin.response, origin.n, origin.assessment) == (7, 2, "same")
    assert found.origins["tender28"].key == "tjc28"


def test_the_response_at_baseline_itself_compares_it_with_itself() -> None:
    day0 = sitting(exam(4, 2, esr=20), 40)
    assert result(RESPONSE, day0, day0).scores["eular_response"].value == "none"


@pytest.mark.parametrize(
    ("code", "why"), [("skipped", Why.SKIPPED), ("not-applicable", Why.NOT_APPLICABLE), ("not-shown", Why.NOT_SHOWN)]
)
def test_what_was_not_answered_says_how(code: str, why: Why) -> None:
    given_ = respond("joint-exam", exam(2, 1, esr=20), "clinician")
    given_ = replace(given_, answers={**given_.answers, "esr": {"code": code}})
    found = result(DAS28, sitting(joint_exam=given_), None)
    assert {lack.item: lack.why for lack in found.lacks}["esr"] is why


def test_missing_says_who_can_give_it() -> None:
    found = result(DAS28, sitting(), None)
    who = {lack.item: (lack.who, lack.why) for lack in found.lacks}
    assert who["tender28"] == ("clinician", Why.NOT_ENTERED)
    assert who["global"] == ("patient", Why.NOT_ENTERED)
    assert [[lack.item for lack in way] for way in wanting(DAS28, found)] == [
        ["tender28", "swollen28", "esr"],
        ["tender28", "swollen28", "crp"],
    ]


def test_an_examination_without_blood_wants_one_of_two() -> None:
    found = result(DAS28, sitting(exam(2, 1), 40), None)
    assert [[lack.item for lack in way] for way in wanting(DAS28, found)] == [["esr"], ["crp"]]


def test_a_scale_without_a_value_brings_its_reason() -> None:
    """A count that was skipped has no score, and its reason is the scale's."""
    without = respond("joint-exam", {"swollen": [], "esr": 20, "not_assessable": []}, "clinician")
    found = result(DAS28, sitting(joint_exam=without), None)
    lack = {each.item: each for each in found.lacks}["tender28"]
    assert (lack.why, lack.reason, lack.who) == (Why.NO_SCORE, "not answered", "clinician")


def test_what_nobody_asks_nobody_can_give() -> None:
    asked_little = Sitting({"patient-global": "patient"}, COMPUTED, {})
    found = result(DAS28, asked_little, None)
    assert {(lack.why, lack.who) for lack in found.lacks if lack.item != "global"} == {(Why.NOT_ASKED, None)}
    assert {lack.why for lack in result(RESPONSE, sitting(exam(1, 1, esr=9)), None).lacks} == {Why.NO_ASSESSMENT}


def test_what_the_baseline_lacks_is_of_the_baseline() -> None:
    found = result(RESPONSE, sitting(exam(1, 1, esr=9), 20), sitting(None, 60))
    lacking = {(lack.item, lack.assessment, lack.who) for lack in leaves(found.lacks)}
    assert lacking == {(item, "baseline", "clinician") for item in ("tender28", "swollen28", "esr")}


def test_an_earlier_protocols_baseline_is_computed_all_the_same() -> None:
    """Day 0 made by a version that computes nothing, week 4 by one that does."""
    baseline = replace(sitting(exam(8, 8, esr=30), 60), computed={})
    found = result(RESPONSE, sitting(exam(1, 0, esr=8), 20), baseline)
    assert found.scores["eular_response"].value == "good"


def test_a_value_that_the_item_refuses_is_said() -> None:
    given_ = respond("joint-exam", exam(2, 1, esr=20), "clinician")
    given_ = replace(given_, answers={**given_.answers, "esr": {"code": "answered", "value": 0}})
    found = result(DAS28, sitting(joint_exam=given_), None)
    assert {lack.item: lack.why for lack in found.lacks}["esr"] is Why.NOT_ALLOWED


def test_two_that_name_each_other_end() -> None:
    def turned(id_: str, other: str) -> Questionnaire:
        item = DAS28.items[0]
        assert item.result_of is not None
        named = replace(item, result_of=replace(item.result_of, questionnaire=other, scales=("s",), reported_by=None))
        scale = replace(DAS28.scales[0], key="s", items=("tender28",), method="sum", bands=())
        return replace(DAS28, id=id_, items=(named,), scales=(scale,))

    one, two = turned("one", "two"), turned("two", "one")
    found = result(one, Sitting({}, {"one": one, "two": two}, {}), None)
    assert [lack.why for lack in leaves(found.lacks)] == [Why.NOT_ASKED]


# --- written out


@given(st.integers(0, 28), st.integers(0, 28), st.decimals(1, 300, places=1), st.decimals(0, 300, places=2))
def test_a_formula_as_written_gives_the_score(t: int, s: int, esr: Decimal, crp: Decimal) -> None:
    values: dict[str, int | Decimal] = {"tender28": t, "swollen28": s, "esr": esr, "crp": crp, "global": 41}
    found = score(DAS28, values)
    for scale in DAS28.scales:
        text = written(scale.method, values)
        assert text is not None
        code = re.sub(r"√([0-9.]+)", r"sqrt(\1)", text).replace("·", "*").replace("ln(", "log(")
        assert abs(eval(code, {"sqrt": math.sqrt, "log": math.log}) - float(str(found[scale.key].value))) < 1e-9


def test_a_formula_is_written_in_the_readers_decimals() -> None:
    values: dict[str, int | Decimal] = {"tender28": 4, "swollen28": 2, "esr": Decimal("20.0"), "global": 40}
    assert written("das28_esr4", values) == "0.56·√4 + 0.28·√2 + 0.70·ln(20) + 0.014·40"
    assert written("das28_esr4", values, ",") == "0,56·√4 + 0,28·√2 + 0,70·ln(20) + 0,014·40"
    assert written("sum", {}) is None
    assert set(WRITTEN) == {scale.method for scale in DAS28.scales}
