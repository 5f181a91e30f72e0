"""`pro questionnaires schema` and `new`: what a person needs who writes a questionnaire."""

from __future__ import annotations

import re
from pathlib import Path

import click

from pro.cli import Wrong
from pro.commands.files import written
from pro.commands.root import root_option
from pro.library.cases import cases_path
from pro.library.files import shown_path
from pro.library.schemas import named
from pro.library.skeletons import begin
from pro.library.wording import LANGUAGES, WORD


@click.command("schema")
@click.option("--protocol", is_flag=True, help="Of a protocol's file, not of a questionnaire's.")
def schema(protocol: bool) -> None:
    """JSON Schema of our files, for editors; a copy stands beside the files as questionnaire.schema.json."""
    click.echo(named("protocol" if protocol else "questionnaire"), nl=False)


@click.command("new")
@click.argument("id_", metavar="ID")
@click.option("--languages", help=f"Of a new questionnaire: {','.join(LANGUAGES)} unless given.")
@root_option
def new(id_: str, languages: str | None, root: Path) -> None:
    """Begins a questionnaire: a commented version 1, or the next version as a copy of the newest, with its examples."""
    if not re.fullmatch(WORD, id_):
        raise Wrong(f"{id_}: an id is lower-case letters, digits and -")
    if languages is not None and (root / "library" / id_).exists():
        raise Wrong(f"--languages: {id_} is there already and its next version begins as a copy of the newest")
    with written(root / "library", "--root"):
        path = begin(root / "library", id_, _languages(languages))
    click.echo(f"{shown_path(path)}\n{shown_path(cases_path(path))}")


def _languages(given: str | None) -> list[str]:
    names = list(LANGUAGES) if given is None else given.split(",")
    for name in names:
        if name not in LANGUAGES or names.count(name) > 1:
            raise Wrong(f"--languages {given}: each once, of {', '.join(LANGUAGES)}, such as en,fr")
    return names


commands: tuple[click.Command, ...] = (schema, new)
