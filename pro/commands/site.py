"""`pro site create`: a hospital that enrols patients."""

from __future__ import annotations

import click

from pro.commands.opened import ready
from pro.services import founding
from pro.services.enrolment import COMMAND_LINE
from pro.services.founding import NewSite


@click.group()
def site() -> None:
    """The sites of a study."""


@site.command()
@click.option("--study", required=True, help="Code of the study.")
@click.option("--code", required=True, help="Capital letters that open its study numbers, such as R.")
@click.option("--name", required=True, help="Its name as patients know it.")
@click.option("--telephone", required=True, help="Whom patients call; stands on each of their pages.")
@click.option("--emergency", default="15", show_default=True, help="The emergency number there.")
@click.option("--zone", default="Europe/Paris", show_default=True, help="Its time zone.")
@click.option("--region", default="FR", show_default=True, help="Country in which numbers are typed, two letters.")
@click.option("--protocol-version", help="Protocol version in force; left out, the newest.")
def create(
    study: str,
    code: str,
    name: str,
    telephone: str,
    emergency: str,
    zone: str,
    region: str,
    protocol_version: str | None,
) -> None:
    """Make a site and put the protocol in force there."""
    parts = ready()
    new = NewSite(study, code, name, telephone, emergency, zone, region, protocol_version)
    founding.create_site(parts, COMMAND_LINE.actor, new, parts.clock.now())
    click.echo(f"site {code} ({name}): add its staff with `pro staff create --study {study} --site {code}`")


commands = (site,)
