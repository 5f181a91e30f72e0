"""Answers drawn at random, where a benchmark and a proof draw alike."""

from __future__ import annotations

from random import Random

from pro.domain.questionnaire import Item


def several(item: Item, chance: Random, alone_in: float) -> list[str]:
    """Some of its options; in that share of draws the one that stands alone, where it has one."""
    alone = [option.code for option in item.options if option.alone]
    others = [option.code for option in item.options if not option.alone]
    if alone and chance.random() < alone_in:
        return alone[:1]
    return chance.sample(others, chance.randint(1 if alone else 0, len(others)))
