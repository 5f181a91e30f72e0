"""A visit of some fifty questions as the demonstration's protocol has it: EULAR and quality of life."""

from __future__ import annotations

from collections.abc import Iterator

from pro.domain.questionnaire import Item, Kind, Questionnaire
from tests.factories import PROTOCOL, the_library

VISIT = "day0"


def asked() -> tuple[Questionnaire, ...]:
    """What the visit asks of the patient, in order."""
    library = the_library()
    timepoint = library.latest_protocol(PROTOCOL).timepoint(VISIT)
    return tuple(library.questionnaire(one.id, one.version) for one in timepoint.questionnaires)


def names() -> list[str]:
    return [one.id for one in asked()]


def answers() -> dict[str, object]:
    """An answer to every question, in order; where options are offered, another one each time."""
    return {key: _answer(n, item) for n, (key, item) in enumerate(_items())}


def _items() -> Iterator[tuple[str, Item]]:
    for one in asked():
        yield from ((f"{one.id}.{item.key}", item) for item in one.items)


def _answer(n: int, item: Item) -> object:
    match item.kind:
        case Kind.VAS:
            return 10 * (2 + n % 7)
        case Kind.JOINTS:
            return ["R-MCP2", "L-knee"] if item.mark == "tender" else []
        case Kind.ONE:
            return item.options[n % len(item.options)].code
    raise AssertionError(f"{item.key} is of a kind that the visit does not ask: {item.kind}")
