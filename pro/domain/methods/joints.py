"""Counts of marked joints, in all that are offered or in one of the named sets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from pro.domain.joints import SETS
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

COUNTED = [Outcome(number) for number in range(len(SETS["68"]) + 1)]


def _count_in(joints: frozenset[str]) -> Method:
    def joint_count(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
        """Number of joints marked in the scale's first item and in none of its others (replaced, fused …).

        Prevoo et al., Arthritis Rheum 1995;38:44-48 for counting a named set without weights; a joint that cannot
        be judged is left out, not counted as healthy or ill. No count without the first item, nor where no joint of
        the set could be judged: nothing seen is not nothing found. What is not said of the others is taken as none.
        """
        first = scale.items[0]
        if first not in answers:
            return Outcome(None, f"needs {first}, which is not answered")
        left_out = [marked for key, marked in answers.items() if key != first]
        if any(left_out) and (offered := _offered(scale.high, joints)) <= _out(*left_out):
            return Outcome(None, f"none of the {len(offered)} joints could be judged")
        return COUNTED[len(joints & _judged(answers[first], *left_out))]

    return joint_count


def judged(scale: Scale, answers: Mapping[str, Value]) -> tuple[int, int] | None:
    """How many joints of the scale's set could be judged, and how many there are; None where it counts no joints."""
    joints = _SETS.get(scale.method)
    if joints is None:
        return None
    offered = _offered(scale.high, joints)
    out = _out(*(answers[key] for key in (*scale.items[1:], *scale.also) if key in answers))
    return len(offered - out), len(offered)


def without_hips(scale: Scale) -> bool:
    """Whether the scale counts a set by name and leaves out its hips, which are not offered to it."""
    joints = _SETS.get(scale.method)
    return scale.method != "joint_count" and joints is not None and _offered(scale.high, joints) != joints


@lru_cache(maxsize=32)
def _offered(high: Decimal | None, joints: frozenset[str]) -> frozenset[str]:
    """Those of the set that can be counted: without the hips where the scale's top leaves no room for them."""
    without_hips = joints & SETS["66"]
    return without_hips if high == len(without_hips) else joints


@lru_cache(maxsize=16)
def _out(*left_out: Value) -> frozenset[str]:
    return frozenset[str]().union(*(_marked(each) for each in left_out))


@lru_cache(maxsize=16)
def _judged(marked: Value, *left_out: Value) -> frozenset[str]:
    """The joints marked and not left out. Kept, because the scales of an answer set count the same joints."""
    return frozenset(_marked(marked)).difference(*(_marked(each) for each in left_out))


def _marked(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


_SETS = {"joint_count": SETS["68"], **{f"joint_count_{name}": joints for name, joints in SETS.items()}}
METHODS: dict[str, Method] = {name: _count_in(joints) for name, joints in _SETS.items()}
