"""The published definition of a gout flare, in its count form and its tree form. Validated in gout alone."""

from __future__ import annotations

from collections.abc import Mapping

from pro.domain.methods.numbers import number
from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

NEEDED, SIGNS = 3, 4
REST_PAIN_ABOVE = 3

FLARE, NO_FLARE = "flare", "no flare"


def gout_criteria_met(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """How many of the four signs are known to be met, 0 to 4; a sign without an answer is not known.

    Gaffo et al., Arthritis Rheumatol 2018;70:462-467: declared by the patient, pain at rest above 3 of 10, at
    least one swollen joint, at least one warm joint.
    """
    signs = _signs(answers)
    if not signs:
        return Outcome(None, "not answered")
    return Outcome(_met(signs))


def gout_flare(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Flare where at least three of the four signs are met, no flare where even the unanswered could not make three.

    Gaffo et al., Arthritis Rheumatol 2018;70:462-467, validated in gout. In between it cannot be told.
    """
    signs = _signs(answers)
    met, unknown = _met(signs), SIGNS - len(signs)
    if met >= NEEDED:
        return Outcome(FLARE)
    if met + unknown < NEEDED:
        return Outcome(NO_FLARE)
    return Outcome(None, f"{met} of {NEEDED} signs met, {unknown} not answered")


def gout_flare_tree(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Flare where pain at rest is above 3 and the patient says flare; no flare where either is known not to be so.

    Gaffo et al., Arthritis Rheumatol 2018;70:462-467, the tree form, validated in gout.
    """
    signs = _signs(answers)
    known = [signs.get(key) for key in ("rest_pain", "declared")]
    if False in known:
        return Outcome(NO_FLARE)
    if None in known:
        missing = [key for key in ("rest_pain", "declared") if key not in signs]
        return Outcome(None, f"needs {' and '.join(missing)}, not answered")
    return Outcome(FLARE)


def _signs(answers: Mapping[str, Value]) -> dict[str, bool]:
    """The signs that are answered, each met or not."""
    return {key: _is_met(key, value) for key, value in answers.items()}


def _is_met(key: str, value: Value) -> bool:
    if isinstance(value, bool):
        return value
    return number(value) > REST_PAIN_ABOVE if key == "rest_pain" else number(value) >= 1


def _met(signs: Mapping[str, bool]) -> int:
    return sum(signs.values())


METHODS: dict[str, Method] = {
    "gout_criteria_met": gout_criteria_met,
    "gout_flare": gout_flare,
    "gout_flare_tree": gout_flare_tree,
}
