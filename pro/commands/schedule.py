"""`pro protocol schedule` and `pro protocol day`: what the calendar rules answer, for people and scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from pro.cli import Wrong
from pro.commands.days import read_day
from pro.commands.root import root_option
from pro.commands.versions import asked_for, tell_a_draft, version_option
from pro.domain import zones
from pro.domain.outlook import clock_changes
from pro.domain.schedule import DEFAULT_CUTOFF, LATEST_CUTOFF, Planned, day_exists, patient_day, plan, waiting_for
from pro.library import Unknown, Unreadable, load

_INSTANT = re.compile("[0-9W-]{8,10}([Tt ][0-9:.,]+([Zz]|[+-][0-9:.]+)?)?")
"""Of what `fromisoformat` reads: it takes any letter, or none, between date and time, and a blank before the Z."""

HEADINGS = ("timepoint", "day", "opens", "closes", "late until", "reminders")


def read_zone(_context: click.Context, _option: click.Parameter, given: str) -> ZoneInfo:
    try:
        return zones.zone(given)
    except zones.UnknownZone as unknown:
        raise Wrong(f"--zone: {unknown}") from None


def read_cutoff(_context: click.Context, _option: click.Parameter, given: str | None) -> time | None:
    if given is None:
        return None
    clock = _clock(given)
    if clock is None or clock > LATEST_CUTOFF:
        raise Wrong(f"--cutoff: {given!r} is not a time from 00:00 to 12:00 (HH:MM)")
    return clock


def _clock(given: str) -> time | None:
    if not re.fullmatch(r"[0-9]{2}:[0-9]{2}", given):
        return None
    hour, minute = int(given[:2]), int(given[3:])
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_date(_context: click.Context, _option: click.Parameter, given: str) -> date:
    return read_day("--day0", given)


def warn_of_no_day(day0: date, zone: ZoneInfo) -> None:
    """The rest of the calendar is as it would be; nobody is enrolled on such a day."""
    if not day_exists(day0, zone):
        said = f"{zone.key} has no {day0}, its clocks skip that date: nothing is asked on it, and no patient can start on it"
        click.echo(f"warning: --day0: {said}; take the day before or after", err=True)


def warn_of_skipped(planned: Sequence[Planned], day0: date, zone: ZoneInfo) -> None:
    """The dates within the calendar that nobody lives there; day 0 itself has its own warning."""
    for day in (day for change in clock_changes(planned, zone) for day in change.skipped if day != day0):
        said = f"{zone.key} has no {day}, its clocks skip that date: nothing is asked on it"
        click.echo(f"warning: {said}, and a window around it keeps its other days", err=True)


def read_instant(_context: click.Context, _argument: click.Parameter, given: str) -> datetime:
    try:
        if not _INSTANT.fullmatch(given):
            raise ValueError
        instant = datetime.fromisoformat(given.upper())
    except ValueError:
        raise Wrong(f"INSTANT: {given!r} is not an instant such as 2026-03-02T18:00:00Z") from None
    if instant.tzinfo is None:
        raise Wrong(f"INSTANT: {given!r} needs a Z or an offset such as +02:00 at its end")
    return instant


zone_option = click.option(
    "--zone", required=True, metavar="ZONE", callback=read_zone, help="IANA name, such as Europe/Paris."
)


@click.command()
@click.argument("protocol_id", metavar="ID")
@version_option
@click.option("--day0", required=True, metavar="DATE", callback=read_date, help="YYYY-MM-DD.")
@zone_option
@click.option("--cutoff", metavar="HH:MM", callback=read_cutoff, help="Instead of the protocol's own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, instants in UTC.")
@root_option
def schedule(
    protocol_id: str, version: str | None, day0: date, zone: ZoneInfo, cutoff: time | None, as_json: bool, root: Path
) -> None:
    """The assessments of one patient, by opening and timepoint; what waits for a visit or an event is named below.

    Drafts count as versions too; that it is one is said on standard error.
    """
    try:
        library = load(root)
        protocol = asked_for(library, protocol_id, version)
        planned = plan(protocol, day0, zone, cutoff)
    except (Unknown, Unreadable) as refusal:
        raise Wrong(str(refusal)) from None
    except OverflowError:
        raise Wrong(f"--day0: {day0} is too near the end of the calendar") from None
    tell_a_draft(library, protocol)
    warn_of_no_day(day0, zone)
    warn_of_skipped(planned, day0, zone)
    if as_json:
        click.echo(_json(planned))
        return
    click.echo(_table(planned, zone))
    for one in waiting_for(protocol):
        click.echo(f"{one.timepoint} waits for {one.anchor}")


@click.command()
@click.argument("instant", metavar="INSTANT", callback=read_instant)
@zone_option
@click.option("--cutoff", metavar="HH:MM", callback=read_cutoff, help="04:00 unless given.")
def day(instant: datetime, zone: ZoneInfo, cutoff: time | None) -> None:
    """The patient-day that INSTANT (with Z or an offset) belongs to."""
    try:
        click.echo(patient_day(instant, zone, DEFAULT_CUTOFF if cutoff is None else cutoff).isoformat())
    except OverflowError:
        raise Wrong(f"INSTANT: {instant.isoformat()} is too near the end of the calendar") from None


commands = (schedule, day)


def _json(planned: Iterable[Planned]) -> str:
    return json.dumps([_plain(one) for one in planned], indent=1)


def _plain(one: Planned) -> dict[str, Any]:
    return {
        "timepoint": one.timepoint,
        "day": one.day.isoformat(),
        "opens_at": _z(one.opens_at),
        "closes_at": _z(one.closes_at),
        "late_until": None if one.late_until is None else _z(one.late_until),
        "reminders": [_z(reminder.at) for reminder in one.reminders],
    }


def _z(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _table(planned: Iterable[Planned], zone: ZoneInfo) -> str:
    rows = [HEADINGS, *(_row(one, zone) for one in planned)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([f"local times of {zone.key}", *(line.rstrip() for line in lines)])


def _row(one: Planned, zone: ZoneInfo) -> tuple[str, ...]:
    late = "" if one.late_until is None else _local(one.late_until, zone)
    reminders = ", ".join(f"{reminder.at.astimezone(zone):%m-%d %H:%M}" for reminder in one.reminders)
    opens, closes = _local(one.opens_at, zone), _local(one.closes_at, zone)
    return one.timepoint, one.day.isoformat(), opens, closes, late, reminders


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(" ", "minutes")
