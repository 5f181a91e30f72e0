"""`pro migrate`: both databases to the newest migration."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pro.cli import Wrong
from pro.commands.opened import read_settings
from pro.services import checkup
from pro.store import migrate as migrations


@click.command("migrate")
def migrate() -> None:
    """Make or upgrade the tables of both databases; safe to run again, and by several machines at once."""
    settings = read_settings()
    urls: tuple[tuple[migrations.Which, str], ...] = (
        ("study", settings.database_url),
        ("contacts", settings.contacts_database_url),
    )
    for which, url in urls:
        _make_room(which, url)
        if obstacle := checkup.unreachable(which, url):
            raise Wrong(obstacle)
    for which, url in urls:
        before = migrations.current(url, which)
        migrations.upgrade(url, which)
        head = migrations.head(which)
        click.echo(f"{which} database: at {head}" + (", nothing to do" if before == head else ""))


def _make_room(which: migrations.Which, url: str) -> None:
    """The directory of a SQLite file, made where it is missing."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database.startswith("file:"):
        return
    directory = Path(parsed.database).absolute().parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        name = checkup.NAMES[which]
        raise Wrong(f"{name}: cannot make the directory {directory}: {error.strerror}") from None


commands = (migrate,)
