"""`pro questionnaires` and its `score`, apart from the others: scripts call it many times, and it needs no database."""

from __future__ import annotations

import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

import click

from pro.cli import Family, Wrong
from pro.commands.root import root_option
from pro.domain.answers import NotAllowed, check
from pro.domain.questionnaire import Missing, Questionnaire, Scale, Value
from pro.domain.scoring import Score, offers, score, under
from pro.library import load_questionnaire


@click.group(cls=Family)
def questionnaires() -> None:
    """Questionnaires: what there is, scores, worked examples, wordings, previews, in and out."""


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


def read_answers(questionnaire: Questionnaire, text: bytes) -> dict[str, Value]:
    """The allowed answers of a JSON object; what is wrong ends the command, naming the item."""
    items = {item.key: item for item in questionnaire.items}
    answers: dict[str, Value] = {}
    for key, raw in _object(text).items():
        if key not in items:
            raise Wrong(f"{_one_line(key)} is not an item of {questionnaire.id}; there are {', '.join(items)}")
        if raw is not None:
            try:
                answers[key] = check(items[key], raw)
            except NotAllowed as error:
                raise Wrong(str(error)) from None
            except ArithmeticError:
                raise Wrong(f"{key} is too large a number") from None
    return answers


def _object(text: bytes) -> dict[str, Any]:
    try:
        given = json.loads(text, parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"standard input is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise Wrong('standard input must be one JSON object, {"item": answer, …}')
    return given


def _one_line(key: str) -> str:
    """Whatever stands in it, it neither breaks the line nor moves a terminal."""
    return key if key.isprintable() else ascii(key)


def _number(text: str) -> Decimal:
    """A number beyond every limit is none, so that the item it was given for refuses it by name."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{_one_line(key)} stands there twice")
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
