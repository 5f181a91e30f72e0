"""Random answer sets for any questionnaire: allowed answers, drawn evenly, some sets with answers missing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from pro.domain.answers import check
from pro.domain.questionnaire import Item, Kind, Questionnaire, Value
from tests.drawn import several

COMPLETE, ALONE = 0.5, 0.3
"""The share of sets in which every item is answered, and of answers that stand alone."""
MOST_MARKED = 12
MOST_NUMBER = 10_000


def answer_sets(questionnaire: Questionnaire, how_many: int, random: Random) -> Iterator[dict[str, Value]]:
    """So many sets; the incomplete ones lack up to all of their answers."""
    for _ in range(how_many):
        lacking = 0.0 if random.random() < COMPLETE else random.random()
        items = [item for item in questionnaire.items if random.random() >= lacking]
        answers = {item.key: check(item, _raw(item, random)) for item in items}
        yield _believable(answers, random) if questionnaire.id == "adherence" else answers


def _raw(item: Item, random: Random) -> object:
    match item.kind:
        case Kind.YES_NO:
            return random.random() < 0.5
        case Kind.ONE:
            return random.choice(item.options).code
        case Kind.SEVERAL:
            return several(item, random, ALONE)
        case Kind.JOINTS:
            return random.sample(item.joints, random.randint(0, min(MOST_MARKED, len(item.joints))))
        case Kind.DATE:
            return f"2026-03-{random.randint(1, 31):02}"
        case Kind.TIME:
            return f"{random.randint(0, 23):02}:30"
        case Kind.TEXT:
            return "x"
        case _:
            return _number(item, random)


def _number(item: Item, random: Random) -> Decimal:
    step = item.step or Decimal(1).scaleb(-item.decimals)
    low = item.low if item.low is not None else Decimal(0)
    high = item.high if item.high is not None else Decimal(MOST_NUMBER)
    return low + step * random.randint(0, int((high - low) / step))


def _believable(answers: dict[str, Value], random: Random) -> dict[str, Value]:
    """Days and doses that mostly fit each other, which numbers drawn alone hardly ever do."""
    days = sorted((random.randint(0, 84) for _ in range(4)), reverse=True)
    fitting = dict(zip(("due", "answered", "taken", "part"), days, strict=True))
    if days[2] + days[3] > days[1] and random.random() < 0.8:
        fitting["part"] = random.randint(0, days[1] - days[2])
    return {key: fitting.get(key, value) for key, value in answers.items()}
