"""Windows that somebody let end later, read from the trail: their row alone does not tell it from a plan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from pro.store import amendments
from pro.store.amendments import Found
from pro.store.engine import Connected
from pro.store.tables import Assessment


@dataclass(frozen=True, slots=True)
class Granted:
    """One decision; None, where its words were redacted since."""

    at: datetime
    timepoint: str | None = None
    day: date | None = None
    until: datetime | None = None

    def concerns(self, row: Found | Assessment, *, once: bool) -> bool:
        """Whether that window stands as this decision left it; of redacted words it is any that was open then.

        `once`: its visit does not repeat, so it is the same one on another day.
        """
        if self.until is None:
            return bool(row.opens_at <= self.at < row.closes_at)
        same_day = once or self.day == row.day
        return same_day and (self.timepoint, self.until) == (row.timepoint, row.closes_at)


def granted(session: Connected, numbers: Collection[str]) -> dict[str, list[Granted]]:
    """Per study number every extension that was decided. `numbers`: study numbers of patients."""
    found: dict[str, list[Granted]] = {}
    for row in amendments.extensions(session, numbers):
        found.setdefault(row.chain.partition(":")[2], []).append(_one(row))
    return found


def _one(row: Found) -> Granted:
    if not row.payload:
        return Granted(row.at)
    said = msgspec.json.decode(row.payload)
    day, until = date.fromisoformat(said["day"]), datetime.fromisoformat(said["until"])
    return Granted(row.at, said["timepoint"], day, until)
