"""The DAS28 in its four formulas, never mixed, and the EULAR response between two of one formula."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pro.domain.methods.numbers import FORTY, ONE, ln, number, root, rounded
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

KEPT = 20
"""Digits after the point that are kept of the result: more than any cut-off can tell apart."""


def das28_esr4(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of four variables with the ESR in mm/h: 0.56√t + 0.28√s + 0.70·ln(ESR) + 0.014·GH.

    Prevoo et al., Arthritis Rheum 1995;38:44-48. The items are called tender28, swollen28, esr and global (0 to
    100 mm); an ESR of 0 has no logarithm and must not be allowed by the item. All are needed.
    """
    return _kept(10 * (_joints(answers) + _esr(answers)) + _global(answers), 1000)


def das28_esr3(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of three variables with the ESR: (0.56√t + 0.28√s + 0.70·ln(ESR))·1.08 + 0.16.

    Prevoo et al., Arthritis Rheum 1995;38:44-48, and das-score.nl for the form without the patient's global.
    """
    return _kept((_joints(answers) + _esr(answers)) * 108 + 1600 * ONE, 10_000)


def das28_crp4(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of four variables with the CRP in mg/L: 0.56√t + 0.28√s + 0.36·ln(CRP+1) + 0.014·GH + 0.96.

    Wells et al., Ann Rheum Dis 2009;68:954-960, and das-score.nl. The 1 is added inside the logarithm.
    """
    return _kept(10 * (_joints(answers) + _crp(answers)) + _global(answers) + 960 * ONE, 1000)


def das28_crp3(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of three variables with the CRP: (0.56√t + 0.28√s + 0.36·ln(CRP+1))·1.10 + 1.15.

    Wells et al., Ann Rheum Dis 2009;68:954-960, and das-score.nl for the form without the patient's global.
    """
    return _kept((_joints(answers) + _crp(answers)) * 110 + 11_500 * ONE, 10_000)


# Each term in whole parts of one (`ONE`), times what makes its weight a whole number.


def _joints(answers: Mapping[str, Value]) -> int:
    return 56 * root(*_ratio(answers["tender28"])) + 28 * root(*_ratio(answers["swollen28"]))


def _esr(answers: Mapping[str, Value]) -> int:
    return 70 * ln(*_ratio(answers["esr"]))


def _crp(answers: Mapping[str, Value]) -> int:
    top, bottom = _ratio(answers["crp"])
    return 36 * ln(top + bottom, bottom)


def _global(answers: Mapping[str, Value]) -> int:
    top, bottom = _ratio(answers["global"])
    return 14 * top * ONE // bottom


def _ratio(answer: Value) -> tuple[int, int]:
    return number(answer).as_integer_ratio()


def _kept(parts: int, times: int) -> Outcome:
    """The score that comes to so many parts, `times` times over, rounded."""
    whole = times * ONE
    return Outcome(Decimal((2 * parts * 10**KEPT + whole) // (2 * whole)).scaleb(-KEPT, FORTY))


LOW_ACTIVITY, HIGH_ACTIVITY = 320, 510
LARGE_FALL, SMALL_FALL = 120, 60
"""In hundredths, as what is compared with them."""


def eular_response(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """EULAR response: good, moderate or none, from the DAS28 at baseline and now.

    van Gestel et al., Arthritis Rheum 1996;39:34-40; Fransen and van Riel, Clin Exp Rheumatol 2005;23:S93-99.
    Both scores are rounded half up to two digits, then compared and subtracted exactly, because a fall of just 1.2 is
    not a fall of more than 1.2. Both must come from one formula; the scale's items are baseline and current.
    """
    baseline, current = (rounded(number(answers[key]), 2) for key in ("baseline", "current"))
    return Outcome(_response(baseline - current, current))


def _response(fall: int, current: int) -> str:
    if fall > LARGE_FALL:
        return "good" if current <= LOW_ACTIVITY else "moderate"
    if fall > SMALL_FALL and current <= HIGH_ACTIVITY:
        return "moderate"
    return "none"


METHODS: dict[str, Method] = {
    "das28_crp3": das28_crp3,
    "das28_crp4": das28_crp4,
    "das28_esr3": das28_esr3,
    "das28_esr4": das28_esr4,
    "eular_response": eular_response,
}
