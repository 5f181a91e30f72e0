"""`pro questionnaires wording`: an owner's text, from a site's own file into the study database."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

import click

from pro.cli import Wrong
from pro.commands.opened import ready
from pro.commands.root import root_option
from pro.domain.questionnaire import Questionnaire
from pro.library import load
from pro.library.wording_files import read_wording, template
from pro.services import wording as service
from pro.services.wording import NotInstalled


@click.command("wording")
@click.argument("id_", metavar="ID")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--language", required=True, help="Language of the text, such as fr.")
@click.option("--version", help="The newest unless given.")
@click.option("--by", "login", metavar="LOGIN", help="Member of staff who installs it; left out, this system's user.")
@click.option("--template", "empty", is_flag=True, help="Print an empty file to fill in from the owner's paper.")
@root_option
def wording(
    id_: str, file: Path | None, language: str, version: str | None, login: str | None, empty: bool, root: Path
) -> None:
    """Install an owner's text for a language from FILE, checked against the items; patients read it from then on."""
    books = load(root)
    asked = books.latest_questionnaire(id_) if version is None else books.questionnaire(id_, version)
    refuse_own(asked, language)
    if empty == (file is not None):
        raise Wrong("give FILE, the owner's text; or --template, which prints an empty one to fill in")
    if file is None:
        click.echo(template(asked, language), nl=False)
        return
    read_wording(file, asked, language)
    parts = ready()
    text = read_wording(file, asked, language, parts.clock.now().running.date())
    try:
        by = service.account(parts, login) if login is not None else system_user()
    except NotInstalled as why:
        raise Wrong(str(why)) from None
    done = service.install(parts, by, text, parts.clock.now())
    what = f"{done.questionnaire} {done.version} in {done.language}"
    if done.already:
        click.echo(f"{what}: already installed, sha256 {done.sha256}")
    else:
        click.echo(f"{what}: installed as number {done.n} by {by}, sha256 {done.sha256}")


def refuse_own(asked: Questionnaire, language: str) -> None:
    """Wrong where there is nothing to install: our own words, nobody who reads them, or no such language."""
    which = f"{asked.id} {asked.version}"
    if asked.wording_owner is None:
        raise Wrong(f"{which} is in our own words and complete: there is no wording to install")
    if not asked.takes_wording:
        raise Wrong(f"{which} is computed and put before nobody: there is no wording to install")
    if language not in asked.languages:
        raise Wrong(f"--language {language}: {which} has {', '.join(asked.languages)}")


def system_user() -> str:
    """Who calls, as this machine knows them."""
    try:
        return f"system user {getpass.getuser()}"
    except (KeyError, OSError):
        return f"system user {os.getuid()}"


commands: tuple[click.Command, ...] = (wording,)
