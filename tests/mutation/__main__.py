"""`python -m tests.mutation [MODULE …]`: mutates modules under `pro/` (all of the proof's unless some are named, such as
`domain/flares`) and prints what their tests do not notice. Ends with 0 where nothing unexplained survives, with 1
where something does, with 2 where nothing could be said.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace

from tests.mutation.mutants import mutants_of
from tests.mutation.run import Broken, Target, judge
from tests.mutation.targets import TARGETS, known, problems


def arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m tests.mutation")
    asked.add_argument("modules", nargs="*", metavar="MODULE", choices=[*(each.module for each in TARGETS), []])
    asked.add_argument("--jobs", type=int, default=1, help="processes at a time")
    asked.add_argument(
        "--every", type=int, default=1, help="only every n-th mutant; the list of equivalents is not checked"
    )
    asked.add_argument("--tests", help="other tests than the target's own, with commas between")
    asked.add_argument("--json", action="store_true", help="one JSON object a module")
    return asked.parse_args()


def report(target: Target, given: argparse.Namespace) -> dict[str, object]:
    if given.tests:
        target = replace(target, tests=tuple(given.tests.split(",")))
    mutants = mutants_of(target.path.read_text("utf-8"))[:: given.every]
    verdicts = judge(target, mutants, given.jobs)
    listed = known(target.module)
    found = problems(verdicts.survived, listed)
    if given.every > 1:
        found = [each for each in found if each.startswith("survives")]
    return {
        "module": target.module,
        "mutants": len(mutants),
        "killed": len(verdicts.killed),
        "problems": found,
        "equivalent": [f"{each}: {each.why}" for each in listed],
    }


def main() -> int:
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a verdict
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.mutation", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    given = arguments()
    unexplained = 0
    for target in TARGETS:
        if given.modules and target.module not in given.modules:
            continue
        try:
            found = report(target, given)
        except Broken as broken:
            print(broken, file=sys.stderr)
            return 2
        problems_found = found["problems"]
        assert isinstance(problems_found, list)
        unexplained += len(problems_found)
        if given.json:
            print(json.dumps(found), flush=True)
        else:
            print(f"{found['module']}: {found['killed']} of {found['mutants']} mutants killed", flush=True)
            print("".join(f"  {each}\n" for each in problems_found), end="", flush=True)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
