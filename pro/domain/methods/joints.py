"""Counts of marked joints, in all that are offered or in one of the named sets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pro.domain.joints import SETS
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

COUNTED = [Outcome(number) for number in range(len(SETS["68"]) + 1)]


def _count_in(joints: frozenset[str]) -> Method:
    def joint_count(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
        """Number of joints marked in the scale's first item and in none of its others (replaced, fused …).

        Prevoo et al., Arthritis Rheum 1995;38:44-48 for counting a named set without weights; a joint that cannot
        be judged is left out, not counted as healthy or ill. No count without the first item; what is not said of
        the others is taken as none.
        """
        first = scale.items[0]
        if first not in answers:
            return Outcome(None, f"needs {first}, which is not answered")
        left_out = [marked for key, marked in answers.items() if key != first]
        return COUNTED[len(joints & _judged(answers[first], *left_out))]

    return joint_count


@lru_cache(maxsize=16)
def _judged(marked: Value, *left_out: Value) -> frozenset[str]:
    """The joints marked and not left out. Kept, because the scales of an answer set count the same joints."""
    return frozenset(_marked(marked)).difference(*(_marked(each) for each in left_out))


def _marked(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


METHODS: dict[str, Method] = {
    "joint_count": _count_in(SETS["68"]),
    **{f"joint_count_{name}": _count_in(joints) for name, joints in SETS.items()},
}
