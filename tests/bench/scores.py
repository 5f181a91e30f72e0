"""What a score costs beside a straight function of the same formulas, run in turn on the same random answers."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from pro.domain.questionnaire import Questionnaire, Value
from pro.domain.scoring import Score, score
from pro.library import load
from tests.bench.answer_sets import answer_sets
from tests.bench.straight import STRAIGHT, Numbers

SETS = 100_000
AT_ONCE = 250
"""Answer sets that one side scores before the other has its turn."""
SEED = 2015


class Differs(Exception):
    """The two sides do not agree, so that their times cannot be compared."""


@dataclass(slots=True)
class Spent:
    """Microseconds of processor time for so many answer sets of one questionnaire."""

    id: str
    sets: int = 0
    ours: float = 0.0
    straight: float = 0.0

    def __str__(self) -> str:
        ours, straight = self.ours / self.sets, self.straight / self.sets
        return f"{self.id}: {ours:.1f} us, straight {straight:.1f} us, ratio {ours / straight:.1f}"


def compare(sets: int = SETS) -> list[Spent]:
    """Both sides' time for every questionnaire of the library, the newest version of each; raises Differs."""
    library = load()
    ids = sorted({each.id for each in library.questionnaires()})
    without = [id_ for id_ in ids if id_ not in STRAIGHT]
    if without:
        raise Differs(f"tests/bench/straight.py has no function for {', '.join(without)}")
    return [_compared(library.latest_questionnaire(id_), sets // len(ids) + 1) for id_ in ids]


def _compared(questionnaire: Questionnaire, sets: int) -> Spent:
    random = Random(SEED)
    spent = Spent(questionnaire.id)
    straight = STRAIGHT[questionnaire.id]
    _run(straight, [plain({})])
    while spent.sets < sets:
        some = list(answer_sets(questionnaire, min(AT_ONCE, sets - spent.sets), random))
        plainly = [plain(each) for each in some]
        ours, took = _run(lambda answers: score(questionnaire, answers), some)
        spent.ours += took
        numbers, took = _run(straight, plainly)
        spent.straight += took
        spent.sets += len(some)
        _hold_together(questionnaire, some, ours, numbers)
    print(spent, file=sys.stderr, flush=True)
    return spent


def _run(score_one: Callable[[Any], Any], some: Sequence[Any]) -> tuple[list[Any], float]:
    """What came out, and the microseconds of processor time it took."""
    began = time.process_time()
    found = [score_one(answers) for answers in some]
    return found, 1e6 * (time.process_time() - began)


def plain(answers: dict[str, Value]) -> dict[str, Any]:
    """The answers as a script has them: decimals as floats, options that are numbers as numbers, lists."""
    return {key: _plain(value) for key, value in answers.items()}


def _plain(value: Value) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return list(value) if isinstance(value, tuple) else value


def _hold_together(
    questionnaire: Questionnaire,
    some: list[dict[str, Value]],
    ours: list[dict[str, Score]],
    numbers: list[Numbers],
) -> None:
    for answers, scores, straight in zip(some, ours, numbers, strict=True):
        wrong = [key for key in {*scores, *straight} if not _same(scores[key], straight[key])]
        if wrong:
            key = wrong[0]
            raise Differs(f"{questionnaire.id} {key}: {scores[key]}, straight {straight[key]}, for {answers}")


def _same(ours: Score, straight: float | str | None) -> bool:
    if straight is None or isinstance(straight, str):
        return ours.value == straight
    return isinstance(ours.value, Decimal) and abs(float(ours.value) - straight) <= 1e-9
