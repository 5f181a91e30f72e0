"""Function: the HAQ disability index, the function figure of the MDHAQ and RAPID3."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from pro.domain.methods.numbers import FORTY, number
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

CATEGORIES, LEAST_CATEGORIES = 8, 6
WITH_AID = 2
"""What a category counts at least when it needs an aid or another person."""
LEVEL: Mapping[Value, int] = {"0": 0, "1": 1, "2": 2, "3": 3}
"""What an option's code counts: without difficulty to unable."""


def haq_di(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """HAQ disability index 0 to 3: the mean of the categories' worst items, raised for aids and help.

    Fries et al., Arthritis Rheum 1980;23:137-145; rules of ARAMIS, 2009: a category is its highest item; one with
    an aid or help counts 2 where it would count 0 or 1; the sum is divided by the categories answered; fewer than
    6 give no index. `dressing1` belongs to the category dressing; `aids` and `help` list categories, and none
    when they are not answered.
    """
    return _index(scale, answers, _listed(answers.get("aids")) | _listed(answers.get("help")))


def haq_di_alternative(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """HAQ alternative disability index 0 to 3: as the index, aids and help left out of account (ARAMIS, 2009)."""
    return _index(scale, answers, frozenset())


def _index(scale: Scale, answers: Mapping[str, Value], raised: frozenset[str]) -> Outcome:
    worst: dict[str, int] = {}
    for category, keys in _categories(scale.items).items():
        if scores := [LEVEL[answers[key]] for key in keys if key in answers]:
            worst[category] = max(scores)
    if len(worst) < LEAST_CATEGORIES:
        return Outcome(None, f"needs {LEAST_CATEGORIES} of {CATEGORIES} categories, {len(worst)} answered")
    total = sum(worst.values()) + sum([max(WITH_AID - worst.get(category, WITH_AID), 0) for category in raised])
    return Outcome(Fraction(total, len(worst)))


@lru_cache
def _categories(items: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Each category's items: `dressing1` and `dressing2` are of the category dressing."""
    found: dict[str, list[str]] = {}
    for key in items:
        found.setdefault(key.rstrip("0123456789"), []).append(key)
    return found


def _listed(value: Value | None) -> frozenset[str]:
    return frozenset(value) if isinstance(value, tuple) else frozenset()


def mdhaq_function(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Function 0 to 10: the sum of ten items 0 to 3 divided by 3, rounded to one digit as the form's table does.

    Pincus, Swearingen and Wolfe, Arthritis Rheum 1999;42:2220-2230. All ten are needed.
    """
    return Outcome(_function(answers, scale.items))


def rapid3(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """RAPID3 0 to 30: function rounded to one digit, then pain and patient global added.

    Pincus et al., J Rheumatol 2008;35:2136-2147. The items besides `pain` and `global` are the ten of function;
    without the rounding some sums fall on the wrong side of a cut-off. All are needed.
    """
    ends = ("pain", "global")
    function = _function(answers, tuple(key for key in scale.items if key not in ends))
    return Outcome(FORTY.add(function, FORTY.add(*(number(answers[key]) for key in ends))))


def _function(answers: Mapping[str, Value], keys: tuple[str, ...]) -> Decimal:
    tenths = (20 * sum([LEVEL[answers[key]] for key in keys]) + 3) // 6
    return Decimal(tenths).scaleb(-1, FORTY)


METHODS: dict[str, Method] = {
    "haq_di": haq_di,
    "haq_di_alternative": haq_di_alternative,
    "mdhaq_function": mdhaq_function,
    "rapid3": rapid3,
}
