"""`pro doctor`: what is wrong with this installation and how to mend it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator

import click

from pro.app import build
from pro.library import Unreadable
from pro.services import checkup, recounting
from pro.services.checkup import Finding
from pro.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def doctor(as_json: bool) -> None:
    """Settings, databases, migrations, clock, keys, provider, worker, messages, ledger: each ok or wrong, with the mend."""
    findings = list(examine())
    holds = all(finding.ok for finding in findings)
    if as_json:
        document = {"ok": holds, "findings": [dataclasses.asdict(finding) for finding in findings]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(str(finding))
    raise SystemExit(0 if holds else 1)


def examine() -> Iterator[Finding]:
    settings, findings = checkup.settings_of(os.environ)
    yield from findings
    if settings is None:
        return
    reached = checkup.databases(settings)
    yield from reached
    if all(finding.ok for finding in reached):
        yield from _inside(settings)


def _inside(settings: Settings) -> Iterator[Finding]:
    """What can only be asked of databases that stand."""
    try:
        parts = build(settings)
    except Unreadable as unreadable:
        yield from (Finding("library", False, str(problem)) for problem in unreadable.problems)
        return
    moment = parts.clock.now()
    yield from checkup.library(parts)
    yield from checkup.wordings(parts, moment)
    yield checkup.clock(parts)
    yield checkup.keys(parts)
    yield checkup.provider(parts, moment)
    yield checkup.workers(parts, moment)
    yield from checkup.messages(parts, moment)
    yield recounting.ledger(parts)
    yield recounting.tally(parts)


commands = (doctor,)
