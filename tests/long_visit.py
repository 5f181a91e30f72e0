"""A visit that asks some fifty questions: the EULAR and quality of life set at every visit week of the protocol."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from pro.domain.protocol import QuestionnaireVersion
from pro.domain.questionnaire import Item, Kind
from pro.library import Library
from tests.factories import PROTOCOL, the_library

SET = ("pain-vas-48h", "patient-global", "joint-count", "rand-36", "eq-5d-5l", "who-5")


@lru_cache(maxsize=1)
def books() -> Library:
    """The library, the newest demonstration protocol asking the whole set at its visits."""
    library = the_library()
    protocol = library.latest_protocol(PROTOCOL)
    asked = tuple(QuestionnaireVersion(one, library.latest_questionnaire(one).version) for one in SET)
    timepoints = tuple(
        replace(one, questionnaires=asked) if one.key == "day0" or one.key.startswith("week") else one
        for one in protocol.timepoints
    )
    own = {(protocol.id, protocol.version): replace(protocol, timepoints=timepoints)}
    return replace(library, _protocols={**library._protocols, **own})


def answers() -> dict[str, object]:
    """An answer to every question of the set, in order; where options are offered, another one each time."""
    library = the_library()
    asked = [library.latest_questionnaire(one) for one in SET]
    pairs = [(f"{one.id}.{item.key}", item) for one in asked for item in one.items]
    return {key: _answer(n, item) for n, (key, item) in enumerate(pairs)}


def _answer(n: int, item: Item) -> object:
    match item.kind:
        case Kind.VAS:
            return 10 * (2 + n % 7)
        case Kind.JOINTS:
            return ["R-MCP2", "L-knee"] if item.mark == "tender" else []
        case Kind.ONE:
            return item.options[n % len(item.options)].code
    raise AssertionError(f"{item.key} is of a kind that the set does not hold: {item.kind}")
