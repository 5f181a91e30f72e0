"""`python -m tests.bench`: one JSON object a line on stdout, what happens meanwhile on stderr."""

from __future__ import annotations

import json
import sys

from tests.bench import rates
from tests.bench.machine import NotHere, needs_proc


def say(bench: str, value: float, unit: str, baseline: float | None = None) -> None:
    """One result; `ratio` is value to baseline."""
    ratio = None if baseline is None else round(value / baseline, 3)
    line = {"bench": bench, "value": round(value, 3), "unit": unit}
    line |= {"baseline": None if baseline is None else round(baseline, 3), "ratio": ratio}
    print(json.dumps(line), flush=True)


def main() -> int:
    try:
        needs_proc()
        for engine in ("sqlite", "postgresql"):
            say(f"whole diary, {engine}", *_with_unit(rates.compare(engine)))
    except NotHere as why:
        print(f"bench: {why}", file=sys.stderr)
        return 2
    return 0


def _with_unit(rates_: tuple[float, float]) -> tuple[float, str, float]:
    ours, bare = rates_
    return ours, "diaries per CPU-second", bare


if __name__ == "__main__":
    sys.exit(main())
