"""The library's questionnaires, for tests that compute their scores a second time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal

from pro.domain.answers import check
from pro.domain.questionnaire import Questionnaire
from pro.domain.scoring import Score, score
from pro.library import load

MANY = 10_000 if os.environ.get("PRO_PROVE", "") == "1" else 100
"""Random answer sets for each score that is computed twice: `make prove` runs the first figure."""

LIBRARY = load()
"""Read when the tests are collected: inside a property test the first example would seem slow."""


def questionnaire(id_: str) -> Questionnaire:
    return LIBRARY.latest_questionnaire(id_)


def scored(id_: str, answers: Mapping[str, object]) -> dict[str, Score]:
    """The scores of answers as a script sends them; None is missing. Raises NotAllowed."""
    asked = questionnaire(id_)
    return score(asked, {key: check(asked.item(key), raw) for key, raw in answers.items() if raw is not None})


def value(id_: str, scale: str, answers: Mapping[str, object]) -> Decimal | str | None:
    """One score's value; a score without one says why, and one with a value does not."""
    found = scored(id_, answers)[scale]
    assert (found.value is None) == bool(found.reason)
    return found.value


def close(found: Decimal | str | None, expected: float | None) -> bool:
    """Whether a score equals what floats gave for it, or both do not exist."""
    if expected is None:
        return found is None
    return isinstance(found, Decimal) and abs(float(found) - expected) <= 1e-9
