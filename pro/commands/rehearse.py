"""`pro protocol rehearse`: a study played before it starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import click
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pro import __version__
from pro.cli import Wrong
from pro.commands.days import read_day
from pro.commands.files import made_folder, writable, written
from pro.commands.texts import read_price
from pro.commands.versions import asked_for, tell_a_draft
from pro.exports import tables
from pro.library import load
from pro.rehearsal.page import html
from pro.rehearsal.people import MEANING, SITES
from pro.rehearsal.report import Asked, Document, counted, lines
from pro.rehearsal.run import default_start, rehearse
from pro.services.parts import Parts

MOST = 4000
"""Patients: as many have two telephone numbers of their own."""


@click.command("rehearse")
@click.argument("id_", metavar="ID")
@click.option("--patients", type=click.IntRange(1, MOST), default=50, show_default=True, help="How many take part.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same document.")
@click.option("--start", metavar="DATE", help="First day of enrolment, YYYY-MM-DD (2026-03-02 unless given).")
@click.option("--sites", type=click.IntRange(1, 200), default=SITES, show_default=True, help="How many sites.")
@click.option("--days", type=click.IntRange(2, 3650), help="Stop after so many days; the whole study unless given.")
@click.option("--version", help="Of the protocol; the newest unless given.")
@click.option("--price-per-segment", "price", callback=read_price, help="What one SMS segment costs, such as 0.075.")
@click.option("--server", help="PostgreSQL on which databases may be made and dropped; SQLite files unless given.")
@click.option("--processes", type=click.IntRange(1, 2), default=2, show_default=True, help="How many play.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="The report as one HTML file.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the whole data set there as CSV.")
@click.option("--replace", is_flag=True, help="Write over a data set that stands in --out already.")
@click.option("--json", "as_json", is_flag=True, help="The whole document on standard output.")
def command(
    id_: str,
    patients: int,
    seed: int,
    start: str | None,
    sites: int,
    days: int | None,
    version: str | None,
    price: Decimal | None,
    server: str | None,
    processes: int,
    page: Path | None,
    out: Path | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Play a whole study with simulated patients through the services that will run it, on throw-away databases.

    Faults of the provider and deaths of workers are part of it. Exit code 1 when a guarantee is broken.
    """
    library = load()
    protocol = asked_for(library, id_, version)
    first = default_start() if start is None else read_day("--start", start)
    asked = Asked(protocol, patients, seed, first, min(sites, patients), price, days)
    draft = not library.is_protocol_published(protocol.id, protocol.version)
    _look_first(page, out, replace, server)
    if asked.sites < sites:
        click.echo(f"--sites: {sites} sites need as many patients; {counted(asked.sites, 'site')} played", err=True)
    after = _writer(out, asked)
    found = rehearse(asked, server=server, processes=processes, books=library, told=Bar(), after=after)
    if page is not None:
        _keep(page, html(found, _played(asked, draft)))
    tell_a_draft(library, protocol)
    _show(found, as_json)
    sys.exit(0 if found["holds"] else 1)


def _keep(page: Path, text: str) -> None:
    with written(page, "--html"):
        page.write_text(text, encoding="utf-8")


def _played(asked: Asked, draft: bool) -> dict[str, str]:
    """What played it, and the call that gives the same document; files and databases are the reader's own affair."""
    given = {
        "--version": asked.protocol.version,
        "--patients": asked.patients,
        "--sites": asked.sites,
        "--seed": asked.seed,
        "--start": asked.start,
        "--days": asked.days,
        "--price-per-segment": asked.price,
    }
    options = " ".join(f"{name} {value}" for name, value in given.items() if value is not None)
    call = f"pro protocol rehearse {asked.protocol.id} {options}"
    return {"version": __version__, "command": call, "draft": "draft" if draft else ""}


def _look_first(page: Path | None, out: Path | None, replace: bool, server: str | None) -> None:
    """Refuses before hours are played what could not be kept, or not be played at all."""
    if page is not None:
        writable(page, "--html")
    if out is not None:
        made_folder(out, "--out")
        if not replace and tables.stands_in(out):
            raise Wrong(f"--out: {out} holds a data set already: give another folder, or --replace to write over it")
    if server is not None:
        _reachable(server)


def _reachable(server: str) -> None:
    mend = "give a PostgreSQL such as postgresql://user@host/postgres"
    try:
        url = make_url(server)
    except ArgumentError:
        raise Wrong(f"--server: {server!r} is no database address: {mend}") from None
    if url.get_backend_name() != "postgresql":
        raise Wrong(f"--server: {url.get_backend_name()} will not do: {mend}")
    engine = create_engine(url.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 10})
    try:
        engine.connect().close()
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise Wrong(f"--server: {url.render_as_string()} cannot be reached: {why}") from None
    finally:
        engine.dispose()


def _writer(out: Path | None, asked: Asked) -> Callable[[Sequence[Parts], Mapping[str, str]], None] | None:
    """Writes the data set while the databases are still there."""
    about = {
        "rehearsal": f"{asked.protocol.id} {asked.protocol.version}",
        "patients": asked.patients,
        "seed": asked.seed,
        "start": asked.start.isoformat(),
    }
    if out is None:
        return None

    def write(studies: Sequence[Parts], kinds: Mapping[str, str]) -> None:
        with written(out, "--out"):
            tables.write(out, studies, about, (*tables.TABLES, _behaviours(studies[0], kinds)))

    return write


def _behaviours(first: Parts, kinds: Mapping[str, str]) -> tables.Table:
    """Told once, with the first study: what a simulated patient is like stands in no database."""
    rows = sorted(kinds.items())
    codes = {"behaviour": MEANING}
    return tables.Table(
        "behaviour", ("patient", "behaviour"), lambda parts: iter(rows if parts is first else ()), codes
    )


def _show(found: Document, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True))
    else:
        click.echo("\n".join(lines(found)))


class Bar:
    """One line on standard error that grows, and nothing at all on a pipe."""

    def __init__(self) -> None:
        self.shown = -1

    def __call__(self, done: int, of: int) -> None:
        percent = min(100, 100 * done // max(1, of))
        if percent == self.shown or not sys.stderr.isatty():
            return
        self.shown = percent
        bar = "█" * (percent // 4) + "·" * (25 - percent // 4)
        click.echo(f"\rRehearsing  {bar} {percent:3d} %", err=True, nl=False)


group = "protocol"
commands: tuple[click.Command, ...] = (command,)
