"""`pro protocol check` and `publish`; `schedule` and `day` join from their own module."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pro.cli import Family
from pro.commands.root import root_option
from pro.library import Problem, Unreadable, check_protocol_file, load, publish_protocol


@click.group(cls=Family)
def protocol() -> None:
    """Protocols: check, publish, and what they plan."""


@protocol.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@root_option
def check(file: Path, root: Path) -> None:
    """A problem a line, FILE:LINE: what is wrong and what would be right; exit code 1 if there is one.

    A line `warning: FILE:LINE: …` on standard error names what is allowed and worth a second look.
    """
    warnings: list[Problem] = []
    try:
        found = check_protocol_file(file, root, warnings)
    except Unreadable as error:
        click.echo(str(error))
        sys.exit(1)
    finally:
        for warning in sorted(warnings):
            click.echo(f"warning: {warning}", err=True)
    click.echo(f"{file}: {found.id} {found.version} holds")


@protocol.command("publish")
@click.argument("id_", metavar="ID")
@click.option("--version", help="The newest unless given.")
@root_option
def publish(id_: str, version: str | None, root: Path) -> None:
    """Writes the file's hash to published.lock; from then on it never changes."""
    library = load(root)
    asked = library.latest_protocol(id_) if version is None else library.protocol(id_, version)
    done = publish_protocol(library, asked)
    click.echo(f"{id_} {asked.version} {'published' if done else 'was published already'}")


commands: tuple[click.Command, ...] = (protocol,)
