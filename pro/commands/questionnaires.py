"""`pro questionnaires`: what the library holds, whether it holds together, and scores for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import click

from pro.cli import Wrong
from pro.commands.opened import study_as_it_is
from pro.domain.answers import NotAllowed, check
from pro.domain.questionnaire import Missing, Questionnaire, Scale, Value
from pro.domain.scoring import Score, offers, score, under
from pro.library import DEFAULT_ROOT, Library, Unreadable, load, load_questionnaire, publish_questionnaire
from pro.library.page import page
from pro.services.wording import Standing, standing

Installed = Mapping[tuple[str, str, str], Standing]

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=DEFAULT_ROOT,
    help="Where the questionnaires are, if not in the project.",
)


@click.group()
def questionnaires() -> None:
    """Questionnaires: list, check, score, publish."""


@questionnaires.command("list")
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
    database = study_as_it_is()
    if database is None:
        if os.environ.get("DATABASE_URL"):
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


@questionnaires.command("check")
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


@questionnaires.command("score")
@click.argument("id_", metavar="ID")
@click.option("--version", help="The newest unless given.")
@click.option("--missing", metavar="RULE", help="Another published missing rule, such as half for rand-36.")
@root_option
def score_(id_: str, version: str | None, missing: str | None, root: Path) -> None:
    """Scores of the answers on standard input, {"item": answer, …}; absent and null both mean missing."""
    questionnaire = load_questionnaire(id_, version, root)
    if missing is not None and not offers(questionnaire, missing):
        raise Wrong(f"--missing {missing}: {questionnaire.id} {questionnaire.version} has {_rules_of(questionnaire)}")
    scores = score(questionnaire, read_answers(questionnaire, sys.stdin.buffer.read()), missing)
    answer = {
        "questionnaire": questionnaire.id,
        "version": questionnaire.version,
        "scores": {key: _plain(each) for key, each in scores.items()},
        "rules": {scale.key: _rule(under(scale, missing)) for scale in questionnaire.scales},
    }
    click.echo(json.dumps(answer, ensure_ascii=False))


@questionnaires.command("publish")
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


def read_answers(questionnaire: Questionnaire, text: bytes) -> dict[str, Value]:
    """The allowed answers of a JSON object; what is wrong ends the command, naming the item."""
    items = {item.key: item for item in questionnaire.items}
    answers: dict[str, Value] = {}
    for key, raw in _object(text).items():
        if key not in items:
            raise Wrong(f"{key} is not an item of {questionnaire.id}; there are {', '.join(items)}")
        if raw is not None:
            try:
                answers[key] = check(items[key], raw)
            except NotAllowed as error:
                raise Wrong(str(error)) from None
    return answers


def _object(text: bytes) -> dict[str, Any]:
    try:
        given = json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"standard input is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise Wrong('standard input must be one JSON object, {"item": answer, …}')
    return given


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key} stands there twice")
    return dict(pairs)


def _plain(score: Score) -> dict[str, Any]:
    value = float(score.value) if isinstance(score.value, Decimal) else score.value
    return {
        "value": value,
        "answered": score.answered,
        "of": score.of,
        "band": score.band,
        "reason": score.reason,
    }


def _rule(scale: Scale) -> dict[str, str]:
    """What the value rests on: the missing rule that was used, and the paper or value set."""
    return {"missing": _rule_name(scale.missing), "source": scale.source}


def _rule_name(missing: Missing) -> str:
    return f"at-least {missing.count}" if missing.rule == "at-least" else missing.rule


def _rules_of(questionnaire: Questionnaire) -> str:
    rules = {
        _rule_name(rule): None
        for scale in questionnaire.scales
        for rule in (scale.missing, scale.missing_or)
        if rule is not None
    }
    return f"the missing rule {', '.join(rules)}" if len(rules) == 1 else f"the missing rules {', '.join(rules)}"


commands: tuple[click.Command, ...] = (questionnaires,)
