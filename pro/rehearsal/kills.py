"""Workers that die at named points of a delivery, as the seed says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

PER_MESSAGE = frozenset({"before-post", "after-post"})
OF_MESSAGES, OF_BATCHES = 0.001, 0.012
"""Chance at each pass of a point that is passed for every message, or once for a batch."""


class Killed(BaseException):
    """The worker's process has ended: nothing that follows is carried out, not even what cleans up."""


@dataclass
class Kills:
    """`at` of a shift. A dead worker stays dead: whatever would still be done on its way out is not."""

    dice: random.Random
    share: float = 1.0
    """0: nobody dies."""
    counted: Counter[str] = field(default_factory=Counter)
    dead: bool = False

    def at(self, point: str) -> None:
        if self.dead:
            raise Killed(point)
        if self.dice.random() < self.share * (OF_MESSAGES if point in PER_MESSAGE else OF_BATCHES):
            self.dead = True
            self.counted[point] += 1
            raise Killed(point)

    def next_life(self) -> None:
        self.dead = False
