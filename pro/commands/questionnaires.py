"""`pro questionnaires`: what the library holds, and whether it holds together."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pro.commands.root import root_option
from pro.domain.questionnaire import Questionnaire
from pro.library import Library, Unreadable, load, publish_questionnaire
from pro.library.page import page

if TYPE_CHECKING:
    from pro.services.wording import Standing

Installed = Mapping[tuple[str, str, str], "Standing"]


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--markdown", is_flag=True, help="The newest of each with scales and cut-offs: the page docs/library.md.")
@root_option
def list_(as_json: bool, markdown: bool, root: Path) -> None:
    """Every questionnaire with version, languages, licence and whether its wording is installed."""
    library = load(root)
    if markdown:
        ids = sorted({each.id for each in library.questionnaires()})
        click.echo(page([library.latest_questionnaire(id_) for id_ in ids]), nl=False)
        return
    installed = installed_in(library)
    rows = [_row(library, each, installed) for each in library.questionnaires()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        state = "published" if row["published"] else "draft"
        languages = ", ".join(row["languages"])
        click.echo(f"{row['id']} {row['version']}  {state}  {languages}  {row['licence']}  {_wording(row)}")


def _wording(row: dict[str, Any]) -> str:
    if row["wording_installed"]:
        return "wording installed"
    languages = row["wording"]["languages"]
    there = [language for language, one in languages.items() if one["installed"]]
    some = f" in {', '.join(one for one in languages if one not in there)}" if there else ""
    return f"wording of {row['wording']['owner']} not installed{some}"


def installed_in(library: Library) -> Installed:
    """The owners' texts in the study database, where DATABASE_URL is given and can be read; else none is known."""
    if not os.environ.get("DATABASE_URL"):
        return {}
    from pro.commands.opened import study_as_it_is  # takes a second, which no other call needs
    from pro.services.wording import standing

    database = study_as_it_is()
    if database is None:
        click.echo("DATABASE_URL cannot be read: installed wordings are not known", err=True)
        return {}
    try:
        return standing(database, library)
    finally:
        database.close()


def _languages(questionnaire: Questionnaire, installed: Installed) -> dict[str, dict[str, Any]]:
    """Each language: whether it can be read in its owner's words, or ours where they are the wording."""
    if questionnaire.wording_owner is None:
        return {language: {"installed": True} for language in questionnaire.languages}
    return {language: _standing(questionnaire, language, installed) for language in questionnaire.languages}


def _standing(questionnaire: Questionnaire, language: str, installed: Installed) -> dict[str, Any]:
    found = installed.get((questionnaire.id, questionnaire.version, language))
    if found is None:
        return {"installed": False}
    at = found.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    detail = {"n": found.n, "sha256": found.sha256, "by": found.by, "at": at, "licence": dict(found.licence)}
    return {"installed": True, **detail}


def _row(library: Library, questionnaire: Questionnaire, installed: Installed) -> dict[str, Any]:
    languages = _languages(questionnaire, installed)
    return {
        "id": questionnaire.id,
        "version": questionnaire.version,
        "title": dict(questionnaire.title),
        "languages": list(questionnaire.languages),
        "licence": questionnaire.licence,
        "wording": {
            "owner": questionnaire.wording_owner,
            "ask": questionnaire.wording_ask,
            "languages": languages,
        },
        "wording_installed": all(one["installed"] for one in languages.values()),
        "published": library.is_published(questionnaire.id, questionnaire.version),
        "sha256": questionnaire.sha256,
        "items": [item.key for item in questionnaire.items],
        "scales": [scale.key for scale in questionnaire.scales],
    }


@click.command("check")
@root_option
def check_(root: Path) -> None:
    """Reads every file and plays every worked example; a problem a line, exit code 1."""
    try:
        library = load(root)
    except Unreadable as error:
        click.echo(str(error))
        sys.exit(1)
    for protocol in library.protocols():
        click.echo(f"protocol {protocol.id} {protocol.version} holds")
    count = len(library.questionnaires())
    click.echo(f"{count} questionnaires, {library.worked_examples} worked examples passed")


@click.command("publish")
@click.argument("id_", metavar="ID")
@click.option("--version", help="The newest unless given.")
@root_option
def publish(id_: str, version: str | None, root: Path) -> None:
    """Writes the file's hash to published.lock; from then on it never changes."""
    library = load(root)
    questionnaire = asked(library, id_, version)
    done = publish_questionnaire(library, questionnaire)
    click.echo(f"{id_} {questionnaire.version} {'published' if done else 'was published already'}")


def asked(library: Library, id_: str, version: str | None) -> Questionnaire:
    return library.latest_questionnaire(id_) if version is None else library.questionnaire(id_, version)


commands: tuple[click.Command, ...] = (list_, check_, publish)
