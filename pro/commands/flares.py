"""`pro flares backtest`: what a protocol's flare rules would have said of recorded data."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from pro.commands.days import near_day
from pro.commands.root import root_option
from pro.commands.series import DAY_ZERO, Recorded, read_series
from pro.domain.flare_rules import FlareRule
from pro.domain.flare_words import describe
from pro.domain.flares import HIT, NO_HIT, Evaluation, evaluate
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire
from pro.library import Library, load

FLAGGED = "flagged"
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Finding:
    patient: str
    day: int | str
    rule: FlareRule
    evaluation: Evaluation
    inputs: object
    """The evaluation's, with days as the file has them."""

    @property
    def met(self) -> bool | None:
        """Whether the day by itself meets the rule's condition; a run may be needed for a flag."""
        meets = self.evaluation.inputs.get("meets", self.evaluation.result == HIT)
        return None if self.result == "not evaluable" else bool(meets)

    @property
    def result(self) -> str:
        if self.evaluation.result == HIT:
            return FLAGGED
        met_alone = self.evaluation.result == NO_HIT and self.evaluation.inputs.get("meets") is True
        return "hit" if met_alone else self.evaluation.result


@click.group()
def flares() -> None:
    """Flare rules: what they would have said of recorded data."""


@flares.command("backtest")
@click.argument("id_", metavar="ID")
@click.option(
    "--series",
    "file",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with the columns patient,day,item,value; a day is a date or its count from day 0.",
)
@click.option("--day0", metavar="DATE", callback=lambda _c, _o, given: read_day0(given), help="Day 0 of all patients.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: a list, an entry per day and rule.")
@root_option
def backtest(id_: str, file: Path, day0: date | None, as_json: bool, root: Path) -> None:
    """Which days each flare rule of protocol ID is hit, flagged or not evaluable.

    `hit`: the day meets the rule's condition; `flagged`: the rule fires (a rule may need several hit days in a
    row). Items are addressed questionnaire.item, or by the item alone where one questionnaire that the rules read has it,
    or else one of all. Without --day0 a
    patient's day 0 is day 0 of the count, or the first dated day.
    """
    library = load(root)
    protocol = library.latest_protocol(id_)
    recorded = read_series(file, asked(library, protocol), {rule.questionnaire for rule in protocol.flare_rules})
    if recorded.counted and day0 is not None:
        raise click.UsageError("--day0: the file counts its days, so that day 0 is known")
    found = list(findings(protocol, recorded, day0))
    if as_json:
        click.echo(json.dumps([plain(one) for one in found], ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(report(found)))


commands: tuple[click.Command, ...] = (flares,)


def read_day0(given: str | None) -> date | None:
    day = None if given is None else near_day(given)
    if given is not None and day is None:
        raise click.UsageError(f"--day0: {given!r} is not a date of this age (YYYY-MM-DD)")
    return day


def asked(library: Library, protocol: Protocol) -> list[Questionnaire]:
    named = {(each.id, each.version) for point in protocol.timepoints for each in point.questionnaires}
    return [library.questionnaire(*each) for each in sorted(named)]


def findings(protocol: Protocol, recorded: Recorded, day0: date | None) -> Iterator[Finding]:
    """Patients in the file's order, days in time's, rules in the protocol's."""
    for patient, series in recorded.patients.items():
        start = day0 or (DAY_ZERO if recorded.counted else min(series.days))
        for day in sorted(series.days):
            told = evaluate(protocol.flare_rules, series.history, day, start)
            for rule, evaluation in zip(protocol.flare_rules, told, strict=True):
                yield Finding(patient, recorded.shown(day), rule, evaluation, in_file_days(evaluation.inputs, recorded))


def in_file_days(value: object, recorded: Recorded) -> object:
    """Puts the file's own count of days where the inputs have dates."""
    if isinstance(value, dict):
        return {in_file_days(key, recorded): in_file_days(inner, recorded) for key, inner in value.items()}
    if recorded.counted and isinstance(value, str) and ISO_DAY.fullmatch(value):
        return str(recorded.shown(date.fromisoformat(value)))
    return value


def plain(finding: Finding) -> dict[str, Any]:
    evaluation = finding.evaluation
    return {
        "patient": finding.patient,
        "day": finding.day,
        "rule": evaluation.rule,
        "rule_version": evaluation.version,
        "result": finding.result,
        "hit": finding.met,
        "flagged": finding.result == FLAGGED,
        "baseline": json_number(evaluation.baseline),
        "n": evaluation.n,
        "why": evaluation.why,
        "inputs": finding.inputs,
    }


def json_number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def report(found: Iterable[Finding]) -> Iterator[str]:
    """A line for each hit and flag, then a count per rule."""
    counts: dict[str, Counter[str]] = {}
    for finding in found:
        counts.setdefault(finding.evaluation.rule, Counter())[finding.result] += 1
        if finding.result in (FLAGGED, "hit"):
            line = describe(finding.evaluation, finding.rule, "en")
            yield f"{finding.patient}  {finding.day}  {finding.evaluation.rule}  {finding.result}: {line}"
    for rule, results in counts.items():
        told = ", ".join(f"{results[name]} {name}" for name in (FLAGGED, "hit", NO_HIT, "not evaluable"))
        yield f"{rule}: days {told}"
    if not counts:
        yield "no day is recorded in this file"
