"""`make prove`: the tests marked `prove`, at full size, and what they counted into docs/guarantees.md.

Such a test says what it proved and how often by pytest's own `record_property`:
`record_property("proof", "No submission is lost when the server is killed")`, `record_property("count", 3000)`,
`record_property("unit", "kills")`, and if wanted `record_property("details", ["what was found and why it does not matter"])`.
One line of JSON per proof is kept in var/prove.jsonl.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES = ROOT / "var" / "prove.jsonl"
PAGE = ROOT / "docs" / "guarantees.md"
BEGIN, END = "<!-- counts: written by make prove -->", "<!-- end of counts -->"
PART_BEGIN, PART_END = "<!-- a part: written by make prove PART=… -->", "<!-- end of the part -->"
PART = re.compile(r"^(?=`make prove PART=)", re.MULTILINE)
PREFACE = """# What is held, and how often it was tried

`make prove` runs the long proofs; `make test` runs the same code at small size.
"""


class Collector:
    """A pytest plugin that keeps what every passed proof recorded."""

    def __init__(self) -> None:
        self.proofs: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            recorded = dict(report.user_properties)
            self.proofs.append(
                {
                    "proof": recorded.get("proof", spoken(report.nodeid)),
                    "count": recorded.get("count"),
                    "unit": recorded.get("unit", ""),
                    "seconds": round(report.duration, 1),
                    "test": report.nodeid,
                    "details": recorded.get("details", []),
                }
            )


def spoken(test: str) -> str:
    """A test's name as a sentence, without its slice."""
    name = test.rpartition("::")[2].partition("[")[0].removeprefix("test_").replace("_", " ")
    return name[:1].upper() + name[1:]


def merged(proofs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for a proof that runs in slices: counts and seconds added up, unless a slice says more of itself."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for proof in sorted(proofs, key=lambda proof: proof["test"]):
        test = proof["test"].partition("[")[0]
        row = rows.get((test, proof["proof"]))
        if row is None:
            rows[test, proof["proof"]] = dict(proof)
            continue
        row["test"], row["seconds"] = test, row["seconds"] + proof["seconds"]
        row["count"] = None if row["count"] is None else row["count"] + (proof["count"] or 0)
    return list(rows.values())


def table(proofs: list[dict[str, Any]], commit: str, now: datetime) -> str:
    rows = [
        f"| {proof['proof']} | {counted(proof)} | {proof['seconds']:.0f} s | `{proof['test']}` |"
        for proof in merged(proofs)
    ]
    return "\n".join(
        [
            f"{len(proofs)} proofs held on {now:%Y-%m-%d} at commit `{commit}`.",
            "",
            "| What is held | Tried | Took | Test |",
            "| --- | --- | --- | --- |",
            *rows,
            *(["", "What was found and does not matter:", "", *details] if (details := explained(proofs)) else []),
        ]
    )


def explained(proofs: list[dict[str, Any]]) -> list[str]:
    """What the proofs say besides, such as changes of the code that change nothing, and why."""
    return [
        f"- {detail}"
        for proof in sorted(proofs, key=lambda proof: proof["test"])
        for detail in proof.get("details", [])
    ]


def counted(proof: dict[str, Any]) -> str:
    return "" if proof["count"] is None else f"{proof['count']:,} {proof['unit']}".strip()


def written(page: str, counts: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """The page with its counts replaced; what people wrote around them stays."""
    block = f"{marks[0]}\n\n{counts}\n\n{marks[1]}"
    before, begin, rest = page.partition(marks[0])
    if not begin:
        return f"{page.rstrip()}\n\n{block}\n"
    return f"{before}{block}{rest.partition(marks[1])[2]}"


def written_part(page: str, counts: str, part: list[str]) -> str:
    """The page with the counts of a part, which stand apart: they are of another commit than those of the whole.

    What other parts came to stays.
    """
    called = f'`make prove PART="{" ".join(part)}"`: '
    before = page.partition(PART_BEGIN)[2].partition(PART_END)[0]
    parts = {one.partition("`: ")[0]: one.strip() for one in PART.split(before)[1:]}
    parts[called.removesuffix("`: ")] = called + counts
    return written(page, "\n\n".join(["## Parts, each run by itself", *parts.values()]), (PART_BEGIN, PART_END))


def commit_now() -> str:
    """What was proved; "-dirty" where more than the counts of an earlier part was changed since."""
    commit = _git("describe", "--always")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{PAGE.relative_to(ROOT)}")
    return f"{commit}-dirty" if commit and changed else commit or "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def main(part: list[str]) -> int:
    """`part`: test files or folders instead of all."""
    os.environ["PRO_PROVE"] = "1"
    collector = Collector()
    paths = part or [str(ROOT / "tests")]
    code = pytest.main(["-n", "2", "-m", "prove", "--durations=10", *paths], plugins=[collector])
    LINES.parent.mkdir(exist_ok=True)
    LINES.write_text("".join(f"{json.dumps(proof, sort_keys=True)}\n" for proof in collector.proofs))
    if code != pytest.ExitCode.OK:
        print("A proof does not hold, or none was found: docs/guarantees.md stays as it is.", file=sys.stderr)
        return 1
    page = PAGE.read_text() if PAGE.exists() else PREFACE
    counts = table(collector.proofs, commit_now(), datetime.now(UTC))
    PAGE.write_text(written_part(page, counts, part) if part else written(page, counts))
    print(f"{len(collector.proofs)} proofs held; see {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
