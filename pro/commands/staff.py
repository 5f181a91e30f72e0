"""`pro staff create`: somebody who signs in at the desk."""

from __future__ import annotations

import sys

import click

from pro.cli import Wrong
from pro.commands.opened import ready
from pro.services import founding
from pro.services.enrolment import COMMAND_LINE
from pro.services.founding import NewStaff
from pro.store.tables import Role


@click.group()
def staff() -> None:
    """Who signs in at the desk."""


@staff.command()
@click.option("--login", required=True, help="What they sign in with, such as their e-mail at the hospital.")
@click.option("--name", required=True, help="Their name as the audit trail shows it.")
@click.option("--role", required=True, help=f"One of: {', '.join(Role)}.")
@click.option("--study", required=True, help="Code of the study.")
@click.option("--site", help="Code of the site; left out, every site.")
@click.option("--duty", type=int, help="Rank on the site's duty list: 1 is told of a flare first.")
@click.option("--phone", help="Their mobile, for the duty list; kept in the contacts database alone.")
@click.option(
    "--language",
    default="en",
    show_default=True,
    help="en or fr: of texts to them and of the desk, until they choose another there.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(
    login: str,
    name: str,
    role: str,
    study: str,
    site: str | None,
    duty: int | None,
    phone: str | None,
    language: str,
    password_stdin: bool,
) -> None:
    """Make an account with one role. The password is asked for, never given as an option."""
    parts = ready()
    password = read_password(password_stdin)
    new = NewStaff(login, name, password, role, study, site, language, duty, phone)
    founding.create_staff(parts, COMMAND_LINE.actor, new, parts.clock.now())
    where = f"site {site}" if site else "every site"
    click.echo(f"{login} is {role} at {where}" + (f", number {duty} on the duty list" if duty else ""))


def read_password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Wrong("the password is asked for at a terminal: pipe it in with --password-stdin")
    given: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return given


commands = (staff,)
