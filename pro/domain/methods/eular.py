"""The DAS28 in its four formulas, never mixed, and the EULAR response between two of one formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import cast

from pro.domain.methods.numbers import FORTY, ln, number, rounded
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

KEPT = Decimal(1).scaleb(-20)
"""Digits kept of the result: more than any cut-off can tell apart."""

TENDER, SWOLLEN = Decimal("0.56"), Decimal("0.28")
ESR, CRP, GLOBAL = Decimal("0.70"), Decimal("0.36"), Decimal("0.014")

Given = Mapping[str, int | Decimal]


def das28_esr4(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of four variables with the ESR in mm/h: 0.56√t + 0.28√s + 0.70·ln(ESR) + 0.014·GH.

    Prevoo et al., Arthritis Rheum 1995;38:44-48. The items are called tender28, swollen28, esr and global (0 to
    100 mm); an ESR of 0 has no logarithm and must not be allowed by the item. All are needed.
    """
    return _worked_out(answers, lambda given: _joints(given) + ESR * _log(given["esr"]) + GLOBAL * given["global"])


def das28_esr3(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of three variables with the ESR: (0.56√t + 0.28√s + 0.70·ln(ESR))·1.08 + 0.16.

    Prevoo et al., Arthritis Rheum 1995;38:44-48, and das-score.nl for the form without the patient's global.
    """
    by, plus = Decimal("1.08"), Decimal("0.16")
    return _worked_out(answers, lambda given: (_joints(given) + ESR * _log(given["esr"])) * by + plus)


def das28_crp4(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of four variables with the CRP in mg/L: 0.56√t + 0.28√s + 0.36·ln(CRP+1) + 0.014·GH + 0.96.

    Wells et al., Ann Rheum Dis 2009;68:954-960, and das-score.nl. The 1 is added inside the logarithm.
    """
    plus = Decimal("0.96")
    return _worked_out(answers, lambda given: _joints(given) + _crp(given) + GLOBAL * given["global"] + plus)


def das28_crp3(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """DAS28 of three variables with the CRP: (0.56√t + 0.28√s + 0.36·ln(CRP+1))·1.10 + 1.15.

    Wells et al., Ann Rheum Dis 2009;68:954-960, and das-score.nl for the form without the patient's global.
    """
    by, plus = Decimal("1.10"), Decimal("1.15")
    return _worked_out(answers, lambda given: (_joints(given) + _crp(given)) * by + plus)


def _joints(given: Given) -> Decimal:
    return TENDER * _root(given["tender28"]) + SWOLLEN * _root(given["swollen28"])


def _crp(given: Given) -> Decimal:
    return CRP * _log(given["crp"] + 1)


@lru_cache(maxsize=128)
def _root(count: int | Decimal) -> Decimal:
    return FORTY.sqrt(count)


@lru_cache(maxsize=4096)
def _log(value: int | Decimal) -> Decimal:
    """Kept, because two formulas take the same logarithm and laboratories print few different values."""
    return ln(value)


def _worked_out(answers: Mapping[str, Value], formula: Callable[[Given], Decimal]) -> Outcome:
    with localcontext(FORTY):
        return Outcome(formula(cast(Given, answers)).quantize(KEPT))


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
