"""Joint counts a second time: the sets written out joint by joint, and the marks counted one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.joints import JOINTS
from pro.domain.methods.joints import judged
from tests.domain.instruments import MANY, questionnaire, scored, value

_HAND = [*(f"MCP{n}" for n in range(1, 6)), "IP1", *(f"PIP{n}" for n in range(2, 6))]
TWENTY_EIGHT = ["shoulder", "elbow", "wrist", *_HAND, "knee"]
FORTY_FOUR = [*TWENTY_EIGHT, "SC", "AC", "ankle", "MTP1", "MTP2", "MTP3", "MTP4", "MTP5"]
SIXTY_SIX = [*FORTY_FOUR, *["TMJ", "DIP2", "DIP3", "DIP4", "DIP5", "tarsus", "toe1", "toe2", "toe3", "toe4", "toe5"]]
TWELVE = ["MCP2", "MCP3", "wrist", "ankle", "hip", "knee"]

SCALES = {
    "tjc28": ("tender", TWENTY_EIGHT),
    "sjc28": ("swollen", TWENTY_EIGHT),
    "tjc44": ("tender", FORTY_FOUR),
    "sjc44": ("swollen", FORTY_FOUR),
    "tjc68": ("tender", [*SIXTY_SIX, "hip"]),
    "sjc66": ("swollen", SIXTY_SIX),
    "tjc_hh12": ("tender", TWELVE),
    "sjc_hh12": ("swollen", TWELVE),
}

marks = st.lists(st.sampled_from(JOINTS), unique=True)


def one_by_one(joints: list[str], marked: list[str], out: list[str]) -> int | None:
    """None where no joint of the set could be judged."""
    if all(f"{side}-{joint}" in out for joint in joints for side in "LR"):
        return None
    count = 0
    for joint in marked:
        if joint.split("-")[1] in joints and joint not in out:
            count += 1
    return count


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(marks, marks, marks, marks, marks)
def test_counts_equal_counting_one_by_one(
    tender: list[str], swollen: list[str], replaced: list[str], fused: list[str], hidden: list[str]
) -> None:
    lists = {"tender": tender, "swollen": swollen}
    found = scored("joint-count", {**lists, "replaced": replaced, "fused": fused, "not_assessable": hidden})
    for scale, (item, joints) in SCALES.items():
        assert found[scale].value == one_by_one(joints, lists[item], [*replaced, *fused, *hidden]), scale
        assert (found[scale].answered, found[scale].of) == (1, 1)


@given(marks, marks, st.sampled_from(JOINTS))
def test_one_more_mark_adds_one_at_most_and_leaving_a_joint_out_takes_one_at_most(
    tender: list[str], out: list[str], joint: str
) -> None:
    more = sorted({*tender, joint})
    for scale in ("tjc28", "tjc44", "tjc68", "tjc_hh12"):
        counts = [
            value("joint-count", scale, {"tender": marked, "replaced": left})
            for marked, left in ((tender, out), (more, out), (more, sorted({*out, joint})))
        ]
        if None in counts:
            continue
        before, after, without = (int(str(count)) for count in counts)
        assert before <= after <= before + 1
        assert 0 <= without <= after <= without + 1


def test_the_sets_hold_what_their_names_say() -> None:
    sizes = {scale: 2 * len(set(joints)) for scale, (_, joints) in SCALES.items()}
    assert sizes == {
        "tjc28": 28, "sjc28": 28, "tjc44": 44, "sjc44": 44, "tjc68": 68, "sjc66": 66, "tjc_hh12": 12, "sjc_hh12": 12,
    }  # fmt: skip


@given(marks)
def test_a_list_left_out_is_not_an_empty_one(marked: list[str]) -> None:
    found = scored("joint-count", {"tender": marked, "replaced": None})
    for scale, (item, _) in SCALES.items():
        assert (found[scale].value is None) == (item == "swollen")


def test_the_clinicians_form_offers_no_hip_to_swell_and_feeds_the_das28() -> None:
    exam, das28 = questionnaire("joint-exam"), questionnaire("das28")
    assert set(exam.item("tender").joints) - set(exam.item("swollen").joints) == {"L-hip", "R-hip"}
    for key in ("tender28", "swollen28", "esr", "crp"):
        result = das28.item(key).result_of
        assert result is not None
        assert (result.questionnaire, result.reported_by, result.assessment) == ("joint-exam", "clinician", "same")
    theirs = das28.item("global").result_of
    assert theirs is not None
    assert (theirs.questionnaire, theirs.reported_by) == ("patient-global", "patient")


def test_the_patients_own_count_never_enters_a_das28() -> None:
    sources = {item.result_of.questionnaire for item in questionnaire("das28").items if item.result_of is not None}
    assert sources == {"joint-exam", "patient-global"}


def test_the_response_takes_both_das28_from_the_same_formulas() -> None:
    response = questionnaire("eular-response")
    baseline, current = (response.item(key).result_of for key in ("baseline", "current"))
    assert baseline is not None
    assert current is not None
    assert baseline.scales == current.scales
    assert (baseline.assessment, current.assessment) == ("baseline", "same")


def sides(names: list[str]) -> list[str]:
    return [f"{side}-{name}" for name in names for side in "LR"]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("out", ["replaced", "fused", "not_assessable"])
def test_no_count_where_no_joint_of_the_set_could_be_judged(scale: str, out: str) -> None:
    _, names = SCALES[scale]
    answers = {"tender": [], "swollen": [], out: sides(names)}
    found = scored("joint-count", answers)[scale]
    assert (found.value, found.reason) == (None, f"none of the {2 * len(names)} joints could be judged")
    assert value("joint-count", scale, {**answers, out: sides(names)[1:]}) == 0


@pytest.mark.parametrize("scale", SCALES)
def test_no_count_either_where_the_clinician_could_judge_none(scale: str) -> None:
    _, names = SCALES[scale]
    seen = [name for name in names if scale != "sjc_hh12" or name != "hip"]
    found = scored("joint-exam", {"tender": [], "swollen": [], "not_assessable": sides(seen)})[scale]
    assert (found.value, found.reason) == (None, f"none of the {2 * len(seen)} joints could be judged")
    assert value("joint-exam", scale, {"tender": [], "swollen": [], "not_assessable": sides(seen)[1:]}) == 0


def test_three_lists_together_can_leave_nothing_to_judge() -> None:
    lists = {
        "replaced": sides(TWENTY_EIGHT[:4]),
        "fused": sides(TWENTY_EIGHT[4:9]),
        "not_assessable": sides(TWENTY_EIGHT[9:]),
    }
    found = scored("joint-count", {"tender": ["L-shoulder", "L-ankle"], "swollen": [], **lists})
    assert (found["tjc28"].value, found["sjc28"].value, found["tjc44"].value) == (None, None, 1)


def test_how_many_joints_could_be_judged() -> None:
    exam = questionnaire("joint-exam")
    scales = {scale.key: scale for scale in exam.scales}
    answers = {"not_assessable": exam.item("not_assessable").joints[:1], "tender": ("L-knee",)}
    assert judged(scales["tjc28"], answers) == (28, 28)
    assert judged(scales["tjc28"], {"not_assessable": ("L-knee", "R-hip")}) == (27, 28)
    assert judged(scales["sjc_hh12"], {"not_assessable": ("L-knee", "R-hip")}) == (9, 10)
    assert judged(scales["crp"], answers) is None
