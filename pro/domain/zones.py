"""Time zones as the locked `tzdata` wheel knows them, never as the machine does.

A server whose own zone files are older or newer than the study's would move windows silently.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


class UnknownZone(ValueError):
    """A name that the time-zone data do not hold; the message is one line for the person who typed it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no time zone {name!r}: give an IANA name such as Europe/Paris or Indian/Reunion")
        self.name = name


@cache
def names() -> frozenset[str]:
    """Every zone name that may be used."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


@cache
def current() -> frozenset[str]:
    """The names that countries' zones have today; every other is an old spelling, or stands for no country."""
    rows = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(row.split("\t")[2] for row in rows if not row.startswith("#"))


def rules(name: str) -> bytes:
    """What the data say of that zone; equal for two names of one zone."""
    return files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, the same object each time; UnknownZone where there is none."""
    if name not in names():
        raise UnknownZone(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
