"""`pro protocol calendar`: what one patient will live through, for people and for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from pro.cli import Wrong
from pro.commands.files import written
from pro.commands.root import root_option
from pro.commands.schedule import read_cutoff, read_date, warn_of_no_day, zone_option
from pro.commands.texts import read_price
from pro.commands.versions import asked_for, version_option
from pro.library import Library, Unknown, Unreadable, load
from pro.services.previewing import Preview, preview
from pro.web import calendar_file
from pro.web.calendar_words import Words
from pro.web.patient_calendar import Ring, weeks
from pro.web.words import in_language, say_day

ADDRESS = "https://diary.hospital.example"


def _read_address(_context: click.Context, _option: click.Parameter, given: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", given):
        raise Wrong(f"--address: {given!r} is no address of a service, such as {ADDRESS}")
    return given


@click.command("calendar")
@click.argument("protocol_id", metavar="ID")
@version_option
@click.option("--day0", required=True, metavar="DATE", callback=read_date, help="YYYY-MM-DD.")
@zone_option
@click.option("--cutoff", metavar="HH:MM", callback=read_cutoff, help="Instead of the protocol's own.")
@click.option("--language", type=click.Choice(("en", "fr")), default="en", show_default=True, help="Of what is said.")
@click.option("--price", callback=read_price, help="What one segment costs.")
@click.option(
    "--address",
    callback=_read_address,
    default=ADDRESS,
    show_default=True,
    help="Where patients will reach the service.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document, instants in UTC.")
@click.option("--html", "file", type=click.Path(path_type=Path, dir_okay=False), help="One self-contained page.")
@root_option
def calendar(
    protocol_id: str,
    version: str | None,
    day0: date,
    zone: ZoneInfo,
    cutoff: time | None,
    language: str,
    price: Decimal | None,
    address: str,
    as_json: bool,
    file: Path | None,
    root: Path,
) -> None:
    """One patient's calendar, drafts too: every window, and every SMS at its time, as the service itself reckons.

    The patient answers nothing, so these are the most messages that there can be.
    """
    library, found = _found(root, protocol_id, version, day0, zone, cutoff, address)
    warn_of_no_day(day0, zone)
    protocol = found.outlook.protocol
    published = library.is_protocol_published(protocol.id, protocol.version)
    if file is not None:
        _write(file, calendar_file.html(found, language, published=published, price=price))
        click.echo(f"{file}: written", err=True)
    if as_json:
        click.echo(json.dumps(_document(found, price), ensure_ascii=False, indent=1))
    elif file is None:
        click.echo("\n".join(_lines(found, language, price, published)))


commands: tuple[click.Command, ...] = (calendar,)


def _found(
    root: Path, id_: str, version: str | None, day0: date, zone: ZoneInfo, cutoff: time | None, address: str
) -> tuple[Library, Preview]:
    try:
        library = load(root)
        return library, preview(library, asked_for(library, id_, version), day0, zone, cutoff, address.rstrip("/"))
    except (Unknown, Unreadable) as refusal:
        raise Wrong(str(refusal)) from None
    except OverflowError:
        raise Wrong(f"--day0: {day0} is too near the end of the calendar") from None


def _write(file: Path, page: str) -> None:
    with written(file, "--html"):
        file.write_text(page, "utf-8")


def _document(found: Preview, price: Decimal | None) -> dict[str, Any]:
    outlook = found.outlook
    return {
        "protocol": outlook.protocol.id,
        "version": outlook.protocol.version,
        "day0": outlook.day0.isoformat(),
        "zone": outlook.zone.key,
        "assessments": [
            {
                "timepoint": one.timepoint,
                "day": one.day.isoformat(),
                "respondent": one.respondent,
                "opens_at": _z(one.opens_at),
                "closes_at": _z(one.closes_at),
                "late_until": one.late_until and _z(one.late_until),
                "minutes": str(found.sittings[one.timepoint].minutes),
            }
            for one in outlook.planned
        ],
        "messages": [
            {
                "due_at": _z(one.due_at),
                "leaves_at": one.leaves_at and _z(one.leaves_at),
                "why_not": None if one.leaves_at else one.why,
                "announces": [outlook.planned[n].timepoint for n in one.announces],
            }
            for one in outlook.texts
        ],
        "texts": {language: sms.body for (template, language), sms in found.texts.items() if template == "reminder"},
        "clock_changes": [_z(one.at) for one in outlook.changes],
        "no_day_of_their_own": [one.timepoint.key for one in outlook.examples],
        "messages_at_most": len(outlook.sent),
        "messages_when_answered_at_once": outlook.prompt,
        "segments_at_most": found.segments,
        "cost_at_most": None if price is None else str(price * found.segments),
        "minutes": str(found.minutes),
    }


def _z(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _lines(found: Preview, language: str, price: Decimal | None, published: bool) -> list[str]:
    """A line for each window that opens and each text that comes, by day; the texts themselves at the end."""
    words = Words(language, found.outlook.zone)
    lines = [_heading(found, words, published)]
    year = 0
    for week in weeks(found, words):
        for day in week.days:
            said = say_day(day.day, language, year=day.day.year != year)
            year = day.day.year
            lines.append(f"{said} ({words.t('study-day', n=words.nth(day.study_day))})")
            lines += [_line(words, one.title, ", ".join(filter(None, (one.window, one.late)))) for one in day.openings]
            lines += [_ring(words, one) for one in day.rings]
    lines += [words.change(one) for one in found.outlook.changes]
    lines.append(", ".join(_totals(found, words, price)))
    lines += [
        words.t("pair", what=f"SMS ({spoken})", said=one.body)
        for (template, spoken), one in found.texts.items()
        if template == "reminder"
    ]
    return lines


def _heading(found: Preview, words: Words, published: bool) -> str:
    """`thera-demo 2. Day 0 is Monday 5 October 2026, by the clocks of Europe/Paris; a day begins at 04:00.`"""
    outlook = found.outlook
    name = f"{outlook.protocol.id} {outlook.protocol.version}"
    draft = "" if published else f" ({words.t('draft')})"
    return f"{name}{draft}. {words.basis(outlook)}"


def _line(words: Words, what: str, said: str) -> str:
    return f"  {words.t('pair', what=what, said=said)}"


def _ring(words: Words, one: Ring) -> str:
    why = f" ({one.why})" if one.why else ""
    return _line(words, f"SMS {one.clock}{why}", ", ".join(one.about))


def _totals(found: Preview, words: Words, price: Decimal | None) -> Iterator[str]:
    most = words.t("figure.at-most", n=words.number(len(found.outlook.sent)))
    yield words.t("pair", what=words.t("figure.texts"), said=most)
    if found.outlook.examples:
        named = ", ".join(in_language(one.timepoint.title, words.language) for one in found.outlook.examples)
        yield words.t("pair", what=words.t("figure.besides"), said=named)
    yield words.t("pair", what=words.t("figure.segments"), said=words.number(found.segments))
    if price is not None:
        yield words.t("pair", what=words.t("figure.cost"), said=words.number(price * found.segments))
