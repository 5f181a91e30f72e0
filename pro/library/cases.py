"""Worked examples: answers and the scores a person found for them, held against the code at every load."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal

import msgspec

from pro.domain.answers import Answer, NotAllowed, check
from pro.domain.questionnaire import Questionnaire, Value
from pro.domain.scoring import Score, offers, score
from pro.domain.showing import shown
from pro.library.files import Document, Place, Problem, Unreadable, read, shown_path
from pro.library.fitting import typed
from pro.library.wording import Findings, one_of


class ExpectedScore(msgspec.Struct, forbid_unknown_fields=True):
    value: object
    answered: int | None = None
    band: str | None = None


class CaseFile(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    origin: str
    """Where the expected scores come from: the paper's table, or the calculation written out."""
    answers: dict[str, object]
    scores: dict[str, object]
    hidden: list[str] | None = None
    """Items that do not show with these answers, all of them."""
    missing: Literal["all", "half", "any"] | None = None
    """The scales' other missing rule (`missing_or`), where the example is for that one."""
    rounded: int | None = None
    """Digits after the point the expected values are rounded to (half up); exact where absent."""


class CasesFile(msgspec.Struct, forbid_unknown_fields=True):
    cases: list[CaseFile]


def cases_path(path: Path) -> Path:
    """Where the worked examples of a questionnaire file stand."""
    return path.with_name(f"{path.stem}.cases.yaml")


def check_cases(questionnaire: Questionnaire, path: Path) -> int:
    """Plays the worked examples beside `path`; how many passed. Raises Unreadable with those that did not."""
    beside = cases_path(path)
    if not beside.is_file():
        name = shown_path(path)
        raise Unreadable([Problem(name, 1, f"has no worked examples; write them in {beside.name} beside it")])
    document = read(beside)
    cases = typed(document, CasesFile).cases
    findings = Findings(document)
    findings.unique(("cases",), [case.name for case in cases], "case", "name")
    for i, case in enumerate(cases):
        _play(findings, questionnaire, case, ("cases", i))
    _check_coverage(findings, questionnaire, cases)
    if findings.problems:
        raise Unreadable(findings.problems)
    return len(cases)


def _play(findings: Findings, questionnaire: Questionnaire, case: CaseFile, place: Place) -> None:
    answers = _answers(findings, questionnaire, case, place)
    if not case.origin.strip():
        findings.add((*place, "origin"), "says nothing; write the calculation or the table it comes from")
    _check_hidden(findings, questionnaire, case, answers, place)
    if case.missing is not None and not offers(questionnaire, case.missing):
        findings.add((*place, "missing"), f"no scale has {case.missing!r} as its missing rule")
    scores = score(questionnaire, answers, case.missing)
    for key, expected in case.scores.items():
        if key not in scores:
            findings.add((*place, "scores", key), f"there is no scale {key!r}; there are {one_of(scores)}")
        else:
            wrong = _difference(scores[key], _expected(findings.document, expected), case.rounded)
            if wrong:
                findings.add((*place, "scores", key), f"{key} of {case.name!r} {wrong}")


def _answers(findings: Findings, questionnaire: Questionnaire, case: CaseFile, place: Place) -> dict[str, Value]:
    items = {item.key: item for item in questionnaire.items}
    answers: dict[str, Value] = {}
    for key, raw in case.answers.items():
        if key not in items:
            findings.add((*place, "answers", key), f"there is no item {key!r}; there are {one_of(items)}")
        elif raw is not None:
            try:
                answers[key] = check(items[key], raw)
            except NotAllowed as error:
                findings.add((*place, "answers", key), str(error))
    return answers


def _check_hidden(
    findings: Findings,
    questionnaire: Questionnaire,
    case: CaseFile,
    answers: Mapping[str, Value],
    place: Place,
) -> None:
    if case.hidden is None:
        return
    visible = shown(questionnaire, {key: Answer("answered", value) for key, value in answers.items()})
    hidden = [item.key for item in questionnaire.items if item.key not in visible]
    if sorted(hidden) != sorted(case.hidden):
        findings.add((*place, "hidden"), f"hidden are {one_of(hidden) or 'none'}, not as written here")


def _expected(document: Document, expected: object) -> ExpectedScore:
    if not isinstance(expected, dict):
        return ExpectedScore(expected)
    try:
        return msgspec.convert(expected, ExpectedScore, strict=True)
    except msgspec.ValidationError as error:
        raise Unreadable([document.problem(("cases",), f"an expected score: {error}")]) from None


def _difference(found: Score, expected: ExpectedScore, rounded: int | None) -> str | None:
    """How a score differs from the expected one, in words; None where it does not."""
    if not _same(found.value, expected.value, rounded):
        return f"is {found.text or found.reason}, the example expects {expected.value}"
    if expected.answered is not None and found.answered != expected.answered:
        return f"counts {found.answered} answers, the example expects {expected.answered}"
    if expected.band is not None and found.band != expected.band:
        return f"falls in the band {found.band}, the example expects {expected.band}"
    return None


def _same(found: Decimal | str | None, expected: object, rounded: int | None) -> bool:
    if isinstance(expected, bool):
        return False
    if isinstance(found, Decimal) and isinstance(expected, int | Decimal):
        if rounded is not None:
            found = found.quantize(Decimal(1).scaleb(-rounded), ROUND_HALF_UP)
        return found == Decimal(expected)
    return found == expected


def _check_coverage(findings: Findings, questionnaire: Questionnaire, cases: list[CaseFile]) -> None:
    if not cases:
        findings.add(("cases",), "there are no worked examples; a questionnaire without them does not load")
        return
    for scale in questionnaire.scales:
        if not any(_has_value(case.scores.get(scale.key)) for case in cases):
            findings.add(("cases",), f"no example gives {scale.key} a value; add one")


def _has_value(expected: object) -> bool:
    return (expected.get("value") if isinstance(expected, dict) else expected) is not None
