"""`pro protocol messages`: every text message of a study, what it costs, and what it would give away."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from pro.cli import Wrong
from pro.commands.root import root_option
from pro.commands.versions import asked_for, version_option
from pro.domain import zones
from pro.domain.outlook import outlook
from pro.domain.protocol import Protocol
from pro.domain.sms_texts import SmsText, sms_texts
from pro.library import Unknown, Unreadable, load

ANY_DAY, ANY_ZONE = date(2026, 1, 5), "Europe/Paris"


def read_price(_context: click.Context, option: click.Parameter, given: str | None) -> Decimal | None:
    """With a point or a comma."""
    try:
        price = None if given is None else Decimal(given.replace(",", "."))
    except InvalidOperation:
        price = Decimal(-1)
    if price is not None and not (price.is_finite() and price >= 0):
        raise Wrong(f"{option.opts[0]}: {given!r} is not the price of one segment, such as 0.0798 or 0,0798")
    return price


@click.command("messages")
@click.argument("protocol_id", metavar="ID")
@version_option
@click.option("--price", callback=read_price, help="What one segment costs, to count the cost of a patient.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@root_option
def messages(protocol_id: str, version: str | None, price: Decimal | None, as_json: bool, root: Path) -> None:
    """Every SMS in full text and each language: encoding, units, segments, costly letters, words that would leak.

    The link is counted at its full length. Exit code 1 where a text leaks or takes more than one segment.
    """
    try:
        asked = asked_for(load(root), protocol_id, version)
    except Unknown as unknown:
        raise Wrong(str(unknown)) from None
    except Unreadable as problem:
        raise Wrong(str(problem)) from None
    texts = sms_texts(asked)
    document = {
        "protocol": asked.id,
        "version": asked.version,
        "texts": [_json(one) for one in texts],
        "per_patient": _per_patient(asked, texts, price),
    }
    click.echo(json.dumps(document, ensure_ascii=False, indent=1) if as_json else _plain(document))
    sys.exit(1 if any(one.problems for one in texts) else 0)


def _json(one: SmsText) -> dict[str, Any]:
    return {
        "template": one.template,
        "language": one.language,
        "text": one.body,
        "encoding": one.cost.encoding,
        "units": one.cost.units,
        "segments": one.cost.count,
        "culprits": list(one.cost.culprits),
        "problems": list(one.problems),
    }


def _per_patient(protocol: Protocol, texts: tuple[SmsText, ...], price: Decimal | None) -> dict[str, Any]:
    """At most: nobody has answered anything; reminders of one instant share a message, and the daily cap holds."""
    reminders = len(outlook(protocol, ANY_DAY, zones.zone(ANY_ZONE)).sent)
    most = max(one.cost.count for one in texts if one.template == "reminder")
    cost = None if price is None else str(price * reminders * most)
    return {"reminders_at_most": reminders, "segments_at_most": reminders * most, "cost_at_most": cost}


def _plain(document: dict[str, Any]) -> str:
    lines = []
    for one in document["texts"]:
        lines.append(
            f"{one['template']} {one['language']}: {one['encoding']}, {one['units']} units, {one['segments']} SMS"
        )
        lines.append(f"  {one['text']}")
        lines += [f"  ! {problem}" for problem in one["problems"]]
    most = document["per_patient"]
    cost = f", cost {most['cost_at_most']}" if most["cost_at_most"] is not None else ""
    lines.append(f"a patient: at most {most['reminders_at_most']} reminders, {most['segments_at_most']} segments{cost}")
    return "\n".join(lines)


commands: tuple[click.Command, ...] = (messages,)
