"""`pro audit`: the audit trail as a file, and its check."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click

from pro.commands.files import written
from pro.commands.opened import ready
from pro.domain.chain_check import NotCanonical, Report, parsed
from pro.services import audit_trail

SHOWN = 20
"""Problems said one by one."""


@click.group()
def audit() -> None:
    """The audit trail: take it away, and check that nothing was changed."""


@audit.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(file: Path) -> None:
    """Writes the whole trail to FILE as JSON lines; the last line names every chain's last number and hash.

    FILE is written anew in one step; `-` writes to standard output.
    """
    parts = ready()
    if str(file) == "-":
        for line in audit_trail.export(parts):
            sys.stdout.buffer.write(line + b"\n")
        return
    events = _write(file, audit_trail.export(parts)) - 1
    click.echo(f"{events} events written to {file}; keep its last line somewhere else too", err=True)


@audit.command("verify")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
def verify(file: Path | None) -> None:
    """Checks every chain of FILE, or of the database where no FILE is named.

    Exit code 0: the trail holds; 1: it does not, with a line for each problem; 2: it could not be read.
    """
    if file is None:
        report = audit_trail.verify_database(ready())
    else:
        with file.open("rb") as lines:
            report = audit_trail.verify_lines(lines)
        if not report.ok and not report.events and not _begins(file):
            click.echo(f"{file} is no exported trail: {report.problems[0]}", err=True)
            sys.exit(1)
    _say(report)


def _begins(file: Path) -> bool:
    """Whether its first line could be one of a trail."""
    with file.open("rb") as lines:
        try:
            return bool(parsed(lines.readline()).keys() & {"chain", "chains"})
        except NotCanonical:
            return False


def _say(report: Report) -> None:
    for problem in report.problems[:SHOWN]:
        click.echo(problem, err=True)
    if len(report.problems) > SHOWN:
        click.echo(f"and {len(report.problems) - SHOWN} more problems", err=True)
    verdict = "the trail holds" if report.ok else "the trail does not hold"
    click.echo(f"{verdict}: {report.events} events in {report.chains} chains")
    sys.exit(0 if report.ok else 1)


def _write(file: Path, lines: Iterable[bytes]) -> int:
    """Writes beside the file and moves it into place, so that a half-written trail never looks like one."""
    with written(file):
        handle, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    count = 0
    try:
        with os.fdopen(handle, "wb") as out:
            for line in lines:
                out.write(line + b"\n")
                count += 1
        os.replace(made, file)
    except BaseException:
        os.unlink(made)
        raise
    return count


commands: tuple[click.Command, ...] = (audit,)
