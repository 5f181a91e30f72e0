"""Which modules are mutated, which tests have to notice, and which survivors are known to change nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant
from tests.mutation.run import Target

EQUIVALENT = Path(__file__).parent / "equivalent.toml"

FLARES = ("tests/domain/test_flare_evidence.py", "tests/domain/test_flares.py")
SCORES = ("tests/domain/test_scoring_edges.py", "tests/domain/test_scoring.py")


TARGETS = (
    Target("domain/flares", FLARES),
    Target("domain/flare_days", FLARES),
    Target("domain/runs", FLARES),
    Target("domain/scoring", SCORES, reads_library=True),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A mutant that survives because it changes nothing that anyone could see, and why."""

    module: str
    place: str
    was: str
    becomes: str
    why: str

    def is_of(self, mutant: Mutant) -> bool:
        ours = (self.place, plain(self.was), plain(self.becomes))
        return ours == (mutant.place, plain(mutant.was), plain(mutant.becomes))

    def __str__(self) -> str:
        return f"{self.module} {self.place}: {self.was}  →  {self.becomes}"


def plain(code: str) -> str:
    """Without quotation marks, which one Python version writes otherwise than another."""
    return code.replace('"', "'").replace("'", "")


def known(module: str, path: Path = EQUIVALENT) -> tuple[Known, ...]:
    entries = tomllib.loads(path.read_text("utf-8")).get("equivalent", [])
    return tuple(Known(**entry) for entry in entries if entry["module"] == module)


def problems(survived: Sequence[Mutant], listed: Iterable[Known]) -> list[str]:
    """Survivors that no entry explains, and entries that explain none."""
    listed = tuple(listed)
    unexplained = [f"survives: {mutant}" for mutant in survived if not any(each.is_of(mutant) for each in listed)]
    idle = [f"is listed and does not survive: {each}" for each in listed if not any(map(each.is_of, survived))]
    return unexplained + idle
