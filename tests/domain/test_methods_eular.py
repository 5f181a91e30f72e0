"""DAS28, EULAR response and RAID, a second time: in floats, straight from the printed formulas."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, getcontext
from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.domain.answers import NotAllowed
from tests.domain.instruments import MANY, close, scored, value

FORMULAS = ("das28_esr4", "das28_esr3", "das28_crp4", "das28_crp3")


def by_the_book(t: int, s: int, esr: Decimal | None, crp: Decimal | None, g: int | None) -> dict[str, float | None]:
    joints = 0.56 * sqrt(t) + 0.28 * sqrt(s)
    by_esr = None if esr is None else joints + 0.70 * log(float(esr))
    by_crp = None if crp is None else joints + 0.36 * log(float(crp) + 1)
    return {
        "das28_esr4": None if by_esr is None or g is None else by_esr + 0.014 * g,
        "das28_esr3": None if by_esr is None else by_esr * 1.08 + 0.16,
        "das28_crp4": None if by_crp is None or g is None else by_crp + 0.014 * g + 0.96,
        "das28_crp3": None if by_crp is None else by_crp * 1.10 + 1.15,
    }


counts = st.integers(0, 28)
rates = st.decimals(1, 300, places=1)
proteins = st.decimals(0, 300, places=2)
globals_ = st.integers(0, 100)


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(counts, counts, st.none() | rates, st.none() | proteins, st.none() | globals_)
def test_das28_equals_its_formulas(t: int, s: int, esr: Decimal | None, crp: Decimal | None, g: int | None) -> None:
    found = scored("das28", {"tender28": t, "swollen28": s, "esr": esr, "crp": crp, "global": g})
    for formula, expected in by_the_book(t, s, esr, crp, g).items():
        assert close(found[formula].value, expected), formula


@given(counts, counts, rates, proteins, globals_, st.sampled_from(["tender28", "swollen28"]))
def test_no_das28_without_both_counts(t: int, s: int, esr: Decimal, crp: Decimal, g: int, left_out: str) -> None:
    answers = {"tender28": t, "swollen28": s, "esr": esr, "crp": crp, "global": g, left_out: None}
    assert all(each.value is None and each.reason for each in scored("das28", answers).values())


PARTS = {
    "tender28": counts,
    "swollen28": counts,
    "esr": st.integers(1, 300),
    "crp": st.integers(0, 300),
    "global": globals_,
}


@given(st.fixed_dictionaries(PARTS), st.sampled_from(sorted(PARTS)), st.data())
def test_das28_rises_with_each_of_its_parts_and_with_no_other(
    answers: dict[str, int], part: str, data: st.DataObject
) -> None:
    more = {**answers, part: data.draw(PARTS[part].filter(lambda n: n >= answers[part]))}
    before, after = scored("das28", answers), scored("das28", more)
    for formula in FORMULAS:
        low, high = before[formula].value, after[formula].value
        assert isinstance(low, Decimal)
        assert isinstance(high, Decimal)
        assert 0 <= low <= high <= 10
        uses = part in ("tender28", "swollen28", formula[6:9]) or (part == "global" and formula.endswith("4"))
        assert (low < high) == (uses and answers[part] < more[part])


def test_the_1_stands_inside_the_logarithm_of_the_crp() -> None:
    outside = 0.36 * (log(100) + 1) + 0.96
    found = value("das28", "das28_crp4", {"tender28": 0, "swollen28": 0, "crp": 100, "global": 0})
    assert close(found, 0.36 * log(101) + 0.96)
    assert not close(found, outside)


@pytest.mark.parametrize(
    ("item", "refused", "allowed"),
    [("esr", [0, "0.9", 301], [1, 300]), ("crp", [-1, "300.01"], [0, "0.05", 300]), ("global", [-1, 101], [0, 100]),
     ("tender28", [-1, 29, "4"], [0, 28]), ("swollen28", [29], [28])],
)  # fmt: skip
def test_parts_out_of_their_range_are_refused_by_name(item: str, refused: list[object], allowed: list[object]) -> None:
    for raw in refused:
        with pytest.raises(NotAllowed, match=f"^{item} "):
            scored("das28", {item: raw})
    for raw in allowed:
        scored("das28", {item: raw})


def test_the_result_does_not_hang_on_the_decimal_context() -> None:
    answers = {"tender28": 4, "swollen28": 2, "esr": 20, "global": 40}
    usual = value("das28", "das28_esr4", answers)
    getcontext().prec, before = 5, getcontext().prec
    try:
        low = value("das28", "das28_esr4", answers)
    finally:
        getcontext().prec = before
    assert low == usual


@pytest.mark.parametrize(
    ("formula", "crp", "band"),
    [("das28_crp4", 53, "low"), ("das28_crp4", 52, "remission"), ("das28_crp4", 0, "remission")],
)
def test_a_crp_formula_has_its_own_cutoffs(formula: str, crp: int, band: str) -> None:
    """0.36·ln(53 + 1) + 0.96 is 2.396, so it takes a patient's global of 1 mm to reach 2.4: 2.410."""
    found = scored("das28", {"tender28": 0, "swollen28": 0, "crp": crp, "global": 1 if crp == 53 else 0})[formula]
    assert found.band == band


# --- response


def hundredths(text: Decimal) -> int:
    return int(text.quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)


def by_the_table(baseline: Decimal, current: Decimal) -> str:
    """Rows: the level now; columns: the fall. In whole hundredths."""
    now = hundredths(current)
    fall = hundredths(baseline) - now
    row = 0 if now <= 320 else 1 if now <= 510 else 2
    column = 0 if fall > 120 else 1 if fall > 60 else 2
    return [("good", "moderate", "none"), ("moderate", "moderate", "none"), ("moderate", "none", "none")][row][column]


near = st.sampled_from(["0", "0.6", "1.2", "3.2", "5.1", "3.19", "3.21", "3.205", "3.2049", "5.105", "5.1049", "10"])
levels = near.map(Decimal) | st.decimals(0, 10, places=3) | st.decimals(0, 10, places=15)


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(levels, levels)
def test_the_response_equals_the_table(baseline: Decimal, current: Decimal) -> None:
    assert value("eular-response", "eular_response", {"baseline": baseline, "current": current}) == by_the_table(
        baseline, current
    )


@given(st.integers(0, 1000), st.integers(0, 120))
def test_falls_at_the_limit_are_judged_exactly(current: int, fall: int) -> None:
    """Every pair of hundredths up to a fall of 1.2: never good, whatever doubles make of the difference."""
    now, before = Decimal(current) / 100, Decimal(min(1000, current + fall)) / 100
    assert value("eular-response", "eular_response", {"baseline": before, "current": now}) != "good"


@pytest.mark.parametrize(
    ("baseline", "current", "response"),
    [
        ("4.40", "3.20", "moderate"), ("4.41", "3.20", "good"), ("4.42", "3.21", "moderate"),
        ("3.80", "3.20", "none"), ("3.81", "3.20", "moderate"), ("5.71", "5.10", "moderate"),
        ("5.72", "5.11", "none"), ("6.31", "5.11", "none"), ("6.32", "5.11", "moderate"),
    ],
)  # fmt: skip
def test_each_limit_of_the_response_to_the_hundredth(baseline: str, current: str, response: str) -> None:
    """Falls of 1.20 and 1.21, 0.60 and 0.61; levels of 3.20 and 3.21, 5.10 and 5.11."""
    assert value("eular-response", "eular_response", {"baseline": baseline, "current": current}) == response


RANK = {"none": 0, "moderate": 1, "good": 2}


@given(levels, levels, levels)
def test_a_lower_level_is_never_a_worse_response(baseline: Decimal, one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    ranks = [RANK[str(value("eular-response", "eular_response", {"baseline": baseline, "current": each}))]
             for each in (low, high)]  # fmt: skip
    assert ranks[0] >= ranks[1]


@given(levels)
def test_no_response_without_both(level: Decimal) -> None:
    assert value("eular-response", "eular_response", {"baseline": level}) is None
    assert value("eular-response", "eular_response", {"current": level}) is None


def test_a_computed_das28_can_be_handed_on_as_it_is() -> None:
    before = value("das28", "das28_esr4", {"tender28": 10, "swollen28": 6, "esr": 35, "global": 60})
    now = value("das28", "das28_esr4", {"tender28": 4, "swollen28": 2, "esr": 20, "global": 40})
    assert value("eular-response", "eular_response", {"baseline": before, "current": now}) == "moderate"
    assert value("eular-response", "eular_response", {"baseline": str(before), "current": str(now)}) == "moderate"


# --- RAID

RAID = ("pain", "function", "fatigue", "sleep", "physical", "emotional", "coping")
HUNDREDTHS = (21, 16, 15, 12, 12, 12, 12)
ratings = st.lists(st.none() | st.integers(0, 10), min_size=7, max_size=7)


@pytest.mark.prove
@settings(max_examples=MANY, deadline=None)
@given(ratings)
def test_raid_equals_its_weights(row: list[int | None]) -> None:
    known = [n for n in row if n is not None]
    expected = None
    if len(known) >= 6:
        filled = [sum(known) / len(known) if n is None else n for n in row]
        expected = sum(w * n for w, n in zip(HUNDREDTHS, filled, strict=True)) / 100
    found = value("raid", "raid", dict(zip(RAID, row, strict=True)))
    assert close(found, expected)
    assert found is None or (isinstance(found, Decimal) and 0 <= found <= 10)


@given(st.lists(st.integers(0, 9), min_size=7, max_size=7), st.integers(0, 6))
def test_raid_rises_with_every_item(row: list[int], i: int) -> None:
    before = value("raid", "raid", dict(zip(RAID, row, strict=True)))
    row[i] += 1
    after = value("raid", "raid", dict(zip(RAID, row, strict=True)))
    assert isinstance(before, Decimal)
    assert isinstance(after, Decimal)
    assert after - before == Decimal(HUNDREDTHS[i]) / 100


def test_the_weights_are_the_final_ones_and_the_limit_is_2() -> None:
    assert sum(HUNDREDTHS) == 100
    tens = scored("raid", dict.fromkeys(RAID, 10))["raid"]
    assert tens.value == 10
    assert scored("raid", dict.fromkeys(RAID, 2))["raid"].band == "acceptable"
    assert scored("raid", {**dict.fromkeys(RAID, 2), "coping": 3})["raid"].band == "not acceptable"
