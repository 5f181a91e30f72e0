"""`pro questionnaires schema` and `new`: what a person needs who writes a questionnaire."""

from __future__ import annotations

import click

from pro.library.schemas import named

group = "questionnaires"


@click.command("schema")
@click.option("--protocol", "name", flag_value="protocol", help="Of a protocol's file, not of a questionnaire's.")
@click.option("--questionnaire", "name", flag_value="questionnaire", default=True, help="The default.")
def schema(name: str) -> None:
    """JSON Schema of our files, for editors; a copy stands beside the files as questionnaire.schema.json."""
    click.echo(named(name or "questionnaire"), nl=False)


commands: tuple[click.Command, ...] = (schema,)
