"""Counts of marked joints, in all that are offered or in one of the named sets."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pro.domain.joints import SETS
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value


def joint_count(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Number of joints marked in the scale's first item and in none of its others (replaced, fused …).

    Prevoo et al., Arthritis Rheum 1995;38:44-48 for counting a named set without weights; a joint that cannot
    be judged is left out, not counted as healthy or ill. No count without the first item; what is not said of
    the others is taken as none.
    """
    return _count(scale, answers, SETS["68"])


def _count_in(joints: frozenset[str]) -> Method:
    def count(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
        return _count(scale, answers, joints)

    count.__doc__ = joint_count.__doc__
    return count


def _count(scale: Scale, answers: Mapping[str, Value], joints: frozenset[str]) -> Outcome:
    first, *others = (*scale.items, *scale.also)
    if first not in answers:
        return Outcome(None, f"needs {first}, which is not answered")
    left_out = {joint for key in others for joint in _marked(answers.get(key, ()))}
    return Outcome(Fraction(len((_marked(answers[first]) & joints) - left_out)))


def _marked(value: Value) -> frozenset[str]:
    return frozenset(value) if isinstance(value, tuple) else frozenset()


METHODS: dict[str, Method] = {
    "joint_count": joint_count,
    **{f"joint_count_{name}": _count_in(joints) for name, joints in SETS.items()},
}
