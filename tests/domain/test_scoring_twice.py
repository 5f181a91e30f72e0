"""Every scale of every questionnaire, computed twice: by the engine and by `second_ways`, on random answers.

Whoever adds a questionnaire adds its second way; without one `test_every_scale_has_a_second_way` fails.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from ruamel.yaml import YAML

from pro.domain.answers import check
from pro.domain.questionnaire import Item, Kind, Questionnaire, Scale
from pro.domain.scoring import Score, score
from pro.library import DEFAULT_ROOT
from tests.domain.instruments import LIBRARY, MANY
from tests.domain.second_ways import SECOND_WAYS, Second
from tests.drawn import several

EVERY = [pytest.param(each, id=f"{each.id}-{each.version}") for each in LIBRARY.questionnaires()]
ORDERED = (Kind.RATING, Kind.VAS, Kind.INTEGER, Kind.DECIMAL, Kind.ONE, Kind.YES_NO, Kind.SEVERAL, Kind.JOINTS)

Answers = dict[str, object]


# --- random answers


def complete(asked: Questionnaire, chance: Random) -> Answers:
    answers = {item.key: answer(item, chance) for item in asked.items}
    if asked.id == "adherence" and chance.random() < 0.8:
        numbers = sorted((chance.randint(0, 60) for _ in range(3)), reverse=True)
        answers |= zip(("due", "answered", "taken"), numbers, strict=True)
        answers["part"] = chance.randint(0, numbers[1] - numbers[2])
    return answers


def with_gaps(answers: Answers, chance: Random) -> Answers:
    """None missing, few, half or all but few."""
    missing = chance.choice([0, 0.05, 0.2, 0.5, 0.9])
    return {key: value for key, value in answers.items() if chance.random() >= missing}


def answer(item: Item, chance: Random) -> object:
    match item.kind:
        case Kind.YES_NO:
            return chance.random() < 0.5
        case Kind.ONE:
            return chance.choice(item.options).code
        case Kind.SEVERAL:
            return several(item, chance, alone_in=0.2)
        case Kind.JOINTS:
            return chance.sample(item.joints, chance.randint(0, chance.choice([4, len(item.joints)])))
        case Kind.RATING | Kind.VAS | Kind.INTEGER:
            assert item.low is not None
            assert item.high is not None
            return chance.choice([int(item.low), int(item.high), *[chance.randint(int(item.low), int(item.high))] * 8])
        case Kind.DECIMAL:
            return on_the_grid(item, chance)
        case _:
            return {Kind.DATE: "2026-03-02", Kind.TIME: "18:30", Kind.TEXT: "words"}[item.kind]


def on_the_grid(item: Item, chance: Random) -> str:
    """A number the item takes: mostly with few digits, sometimes with all it may have."""
    assert item.low is not None
    assert item.high is not None
    digits = min(item.decimals, chance.choice([1, 1, 2, 2, 20]))
    step = item.step or Decimal(1).scaleb(-digits)
    return str(item.low + step * chance.randint(0, int((item.high - item.low) / step)))


def scores(asked: Questionnaire, answers: Answers) -> dict[str, Score]:
    return score(asked, {key: check(asked.item(key), raw) for key, raw in answers.items()})


def random_for(asked: Questionnaire) -> Random:
    return Random(f"{asked.id} {asked.version}")


# --- the comparison


def test_every_scale_has_a_second_way() -> None:
    scales = {(asked.id, scale.key) for asked in LIBRARY.questionnaires() for scale in asked.scales}
    ways = {(id_, key) for id_, keys in SECOND_WAYS.items() for key in keys}
    assert scales - ways == set(), "write the second way of these in tests/domain/second_ways.py"
    assert ways - scales == set()


def agrees(found: Score, expected: Second) -> bool:
    """Fractions to 27 digits, floats to nine after the point; where there is no score there is a reason."""
    if expected is None or isinstance(expected, str):
        return found.value == expected and bool(found.reason) == (expected is None)
    assert isinstance(found.value, Decimal)
    allowed = Fraction(1, 10**9) if isinstance(expected, float) else abs(expected) / 10**27
    return abs(Fraction(found.value) - Fraction(expected)) <= allowed


def disagreements(asked: Questionnaire, sets: int, compared: Callable[[Score, Second], bool] = agrees) -> list[str]:
    chance, found = random_for(asked), []
    for _ in range(sets):
        answers = with_gaps(complete(asked, chance), chance)
        for key, first in scores(asked, answers).items():
            second = SECOND_WAYS[asked.id][key](answers)
            if not compared(first, second):
                found.append(f"{asked.id} {asked.version} {key}: {first.value} and {second}, from {answers}")
    return found


@pytest.mark.prove
@pytest.mark.parametrize("asked", EVERY)
def test_two_computations_agree(asked: Questionnaire, record_property: Callable[[str, object], None]) -> None:
    record_property(
        "proof", "Each score of the library equals a second computation on random complete and incomplete answers"
    )
    record_property("count", MANY)
    record_property("unit", "answer sets")
    assert disagreements(asked, MANY) == []


def test_a_second_way_that_is_a_little_off_is_noticed() -> None:
    def off(found: Score, second: Second) -> bool:
        return agrees(found, second + Fraction(1, 10**6) if isinstance(second, Fraction) else second)

    assert len(disagreements(LIBRARY.latest_questionnaire("raid"), 50, off)) > 10


# --- range and direction


def number(found: Score) -> Decimal | None:
    return found.value if isinstance(found.value, Decimal) else None


@pytest.mark.prove
@pytest.mark.parametrize("asked", EVERY)
def test_scores_stay_in_their_range(asked: Questionnaire) -> None:
    chance = random_for(asked)
    for _ in range(MANY):
        found = scores(asked, with_gaps(complete(asked, chance), chance))
        for scale in asked.scales:
            value = number(found[scale.key])
            if value is not None:
                assert scale.low is None or value >= scale.low
                assert scale.high is None or value <= scale.high


def test_a_scale_with_a_direction_has_a_range() -> None:
    for asked in LIBRARY.questionnaires():
        for scale in asked.scales:
            directed = scale.direction != "none"
            assert (scale.low is not None, scale.high is not None) == (directed, directed), f"{asked.id} {scale.key}"


def raised(item: Item, raw: object, chance: Random) -> object:
    """An answer that is further along: a higher number, a later option, one more of a list."""
    match raw:
        case bool():
            return True
        case list():
            names = [each.code for each in item.options if not each.alone] or list(item.joints)
            return list({*raw, chance.choice(names)} & {*names})
        case int():
            return min(chance.choice([raw + 1, chance.randint(raw, int(item.high or raw))]), int(item.high or raw))
    if item.kind is Kind.DECIMAL:
        return max((str(raw), on_the_grid(item, chance)), key=Decimal)
    codes = [option.code for option in item.options]
    return chance.choice(codes[codes.index(str(raw)) :])


def moves(asked: Questionnaire, sets: int) -> dict[tuple[str, str], Counter[int]]:
    """(scale, item) → how often raising that answer alone lowered, left and raised the score."""
    chance, found = random_for(asked), dict[tuple[str, str], Counter[int]]()
    for _ in range(sets):
        before = complete(asked, chance)
        was = scores(asked, before)
        for item in asked.items:
            if item.kind not in ORDERED:
                continue
            now = scores(asked, {**before, item.key: raised(item, before[item.key], chance)})
            for scale in asked.scales:
                low, high = number(was[scale.key]), number(now[scale.key])
                if low is not None and high is not None:
                    found.setdefault((scale.key, item.key), Counter())[(high > low) - (high < low)] += 1
    return found


def directed(asked: Questionnaire) -> list[Scale]:
    return [scale for scale in asked.scales if scale.direction != "none"]


@pytest.mark.prove
@pytest.mark.parametrize("asked", [each for each in EVERY if directed(LIBRARY.latest_questionnaire(each.values[0].id))])  # type: ignore[union-attr]
def test_raising_one_answer_never_moves_a_score_both_ways(asked: Questionnaire) -> None:
    found = moves(asked, min(MANY // 2, 500))
    for scale in directed(asked):
        for item in (*scale.items, *scale.also):
            seen = found.get((scale.key, item), Counter())
            assert not (seen[1] and seen[-1]), f"{scale.key} goes both ways with {item}: {seen}"
        assert any(found[scale.key, item].keys() & {1, -1} for item in scale.items), scale.key
        used = {*scale.items, *scale.also}
        for (key, item), seen in found.items():
            if key == scale.key and item not in used and asked.item(item).show_if is None:
                assert seen.keys() <= {0} or shows_others(asked, item), f"{key} moves with {item}: {seen}"


def shows_others(asked: Questionnaire, item: str) -> bool:
    return any(f"'{item}'" in repr(each.show_if) for each in asked.items)


# --- worked examples

CASES = sorted((DEFAULT_ROOT / "library").rglob("*.cases.yaml"))
WORKED_OUT = re.compile(r"by hand[^:]*: .{9,}|from the formula: .*=.*\d", re.DOTALL)
"""A calculation written out, or the reason why there is nothing to calculate."""
SOMEWHERE_ELSE = re.compile(r"\b(18|19|20)\d\d\b|published|printed|table", re.IGNORECASE)
"""A paper with its year, or what was published."""
OUR_OWN = re.compile(r"\b(pro questionnaires|our (own )?engine|score\(|as computed)\b", re.IGNORECASE)


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.name.partition('.')[0]}")
def test_each_worked_example_names_its_origin(path: object) -> None:
    cases = YAML(typ="safe").load(path)["cases"]
    assert len(cases) >= 4
    for case in cases:
        origin = case["origin"]
        assert WORKED_OUT.search(origin) or SOMEWHERE_ELSE.search(origin), f"{case['name']}: {origin}"
        assert not OUR_OWN.search(origin), case["name"]
