"""`pro study create`: the study that sites and staff belong to."""

from __future__ import annotations

import click

from pro.commands.opened import ready
from pro.services import founding, wording
from pro.services.enrolment import COMMAND_LINE

MADE_UP = (
    "its visits, questionnaires, doses, reminders and flare rules are made up; "
    "for practice give --demonstration, for a real study a protocol of its own"
)


@click.group()
def study() -> None:
    """The study of this installation."""


@study.command()
@click.option("--code", required=True, help="Its short name, such as THERA.")
@click.option("--title", default="", help="Its title; left out, the code.")
@click.option("--protocol", required=True, help="Id of the protocol it follows.")
@click.option("--demonstration", is_flag=True, help="Nothing in it is real: drafts may be used.")
def create(code: str, title: str, protocol: str, demonstration: bool) -> None:
    """Make a study."""
    parts = ready()
    moment = parts.clock.now()
    founding.create_study(parts, COMMAND_LINE.actor, code, title or code, protocol, moment, demonstration=demonstration)
    if not demonstration and parts.library.latest_protocol(protocol).demonstration:
        click.echo(f"warning: {protocol} is a demonstration: {MADE_UP}", err=True)
    for lacking in wording.refusals(parts, moment):
        click.echo(f"before it may run: {lacking}", err=True)
    click.echo(f"study {code} follows {protocol}: add its sites with `pro site create --study {code}`")


commands = (study,)
