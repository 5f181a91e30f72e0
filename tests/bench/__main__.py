"""`python -m tests.bench [NAME …]`: one JSON object a line on stdout, what happens meanwhile on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping

from tests.bench import desks, enrolled, outbox, rates, scores
from tests.bench.machine import NotHere, needs_proc

ENGINES = ("sqlite", "postgresql")
WINDOW, REQUESTS = 14_000, 2
"""What a cold phone may load, in bytes and requests, before the first question."""


PEER, INTO, LIFE = 125, 5000, 1000
"""Messages a second: of the fastest peer measured, and our goals into the outbox and for a whole life."""


def say(bench: str, value: float, unit: str, baseline: float) -> None:
    """One result; `ratio` is value to baseline."""
    line = {"bench": bench, "value": round(value, 3), "unit": unit, "baseline": round(baseline, 3)}
    print(json.dumps(line | {"ratio": round(value / baseline, 3)}), flush=True)


def main(asked: list[str]) -> int:
    unknown = [name for name in asked if name not in BENCHES]
    if unknown:
        print(f"bench: there is no {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    try:
        needs_proc()
        for name in asked or BENCHES:
            BENCHES[name]()
    except NotHere as why:
        print(f"bench: {why}", file=sys.stderr)
        return 2
    except scores.Differs as why:
        print(f"bench: {why}", file=sys.stderr)
        return 1
    return 0


def _phones() -> None:
    for engine in ENGINES:
        ours, bare = rates.compare(engine)
        say(f"whole diary, {engine}, beside a bare form", ours, "diaries per CPU-second", bare)
    loaded = rates.first_question()
    say("link to first question, cold phone", len(loaded), "requests", REQUESTS)
    say("link to first question, cold phone", sum(one.on_wire for one in loaded), "bytes", WINDOW)


def _desks() -> None:
    for engine in ENGINES:
        few, many = desks.measure(engine)
        say(f"idle tick, {engine}, 100,000 assessments beside 10,000", many.tick, "ms", few.tick)
        say(f"compliance screen, {engine}, 1,150 patients beside 115", many.page, "ms", few.page)


def _outbox() -> None:
    for engine in ENGINES:
        few, many = (outbox.measure(engine, size) for size in (enrolled.FEW, enrolled.MANY))
        beside = f"{engine}, among 1,000,000 assessments beside 10,000"
        read = "steps" if engine == "sqlite" else "rows"
        say(f"idle tick, {beside}", many.rows, f"{read} read", few.rows)
        say(f"idle tick, {beside}", many.pages, "pages read", few.pages)
        say(f"idle tick, {beside}", many.tick, "ms, median", few.tick)
        due, wave = enrolled.MANY.due, many.wave
        say(f"{due:,} due reminders, {beside}", 1000 * wave.queueing.cpu, "CPU-ms", 1000 * few.wave.queueing.cpu)
        say(f"due reminders into the outbox, {engine}", due / wave.queueing.wall, "a second", PEER)
        say(f"due reminders into the outbox, {engine}", due / wave.queueing.cpu, "a CPU-second", INTO)
        say(f"whole life of a message, {engine}, sender in memory", due / wave.life.wall, "a second", LIFE)
        say(f"whole life of a message, {engine}, sender in memory", due / wave.life.cpu, "a CPU-second", LIFE)
        say(f"a patient's assessments planned and put in, {engine}, beside the driver alone", *_pair(many.enrolment))
        sent, posts = outbox.twilio(engine)
        say(f"whole life of a message, {engine}, official client over HTTP, beside bare posts", sent, "a second", posts)


def _pair(costs: tuple[float, float]) -> tuple[float, str, float]:
    return costs[0], "CPU-ms", costs[1]


def _scores() -> None:
    spent = scores.compare()
    sets = sum(each.sets for each in spent)
    ours, straight = (sum(each.ours for each in spent), sum(each.straight for each in spent))
    bench = f"whole library, {sets:,} random answer sets, beside straight functions"
    say(bench, ours / sets, "CPU-us an answer set", straight / sets)
    worst = max(spent, key=lambda each: each.ours / each.straight)
    bench = f"dearest beside its straight function: {worst.id}"
    say(bench, worst.ours / worst.sets, "CPU-us an answer set", worst.straight / worst.sets)


BENCHES: Mapping[str, Callable[[], None]] = {"scores": _scores, "phones": _phones, "desks": _desks, "outbox": _outbox}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
