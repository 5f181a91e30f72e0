"""`python -m tests.bench`: one JSON object a line on stdout, what happens meanwhile on stderr."""

from __future__ import annotations

import json
import sys

from tests.bench import desks, rates
from tests.bench.machine import NotHere, needs_proc

ENGINES = ("sqlite", "postgresql")
WINDOW, REQUESTS = 14_000, 2
"""What a cold phone may load, in bytes and requests, before the first question."""


def say(bench: str, value: float, unit: str, baseline: float) -> None:
    """One result; `ratio` is value to baseline."""
    line = {"bench": bench, "value": round(value, 3), "unit": unit, "baseline": round(baseline, 3)}
    print(json.dumps(line | {"ratio": round(value / baseline, 3)}), flush=True)


def main() -> int:
    try:
        needs_proc()
        _phones()
        for engine in ENGINES:
            _desks(engine)
    except NotHere as why:
        print(f"bench: {why}", file=sys.stderr)
        return 2
    return 0


def _phones() -> None:
    for engine in ENGINES:
        ours, bare = rates.compare(engine)
        say(f"whole diary, {engine}, beside a bare form", ours, "diaries per CPU-second", bare)
    loaded = rates.first_question()
    say("link to first question, cold phone", len(loaded), "requests", REQUESTS)
    say("link to first question, cold phone", sum(one.on_wire for one in loaded), "bytes", WINDOW)


def _desks(engine: str) -> None:
    few, many = desks.measure(engine)
    say(f"idle tick, {engine}, 100,000 assessments beside 10,000", many.tick, "ms", few.tick)
    say(f"compliance screen, {engine}, 1,150 patients beside 115", many.page, "ms", few.page)


if __name__ == "__main__":
    sys.exit(main())
