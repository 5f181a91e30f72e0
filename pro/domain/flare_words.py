"""One short line per evaluation, for a desk: what was recorded and what it was compared with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pro.domain.flare_rules import Creep, Criteria, Declared, FlareRule, Jump, Level
from pro.domain.flares import NOT_EVALUABLE, Evaluation

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "run": "{name} {value}, baseline {baseline} ({n} days)",
        "creep": "{name}: mean {mean} over {days} days, {baseline} at the start ({n} days)",
        "declared": "the patient says it is a flare",
        "not declared": "the patient says it is no flare",
        "signs": "{count} of 4 signs{which}",
        "value": "{name} {value}",
        "not evaluable": "cannot be judged: {why}",
        "declared sign": "says it is a flare",
        "rest_pain": "pain at rest {value}",
        "swollen": "swollen joint",
        "warm": "warm joint",
        "unanswered": "not enough was recorded",
    },
    "fr": {
        "run": "{name} {value}, valeur habituelle {baseline} ({n} jours)",
        "creep": "{name} : moyenne {mean} sur {days} jours, {baseline} au début ({n} jours)",
        "declared": "le patient signale une poussée",
        "not declared": "le patient ne signale pas de poussée",
        "signs": "{count} signes sur 4{which}",
        "value": "{name} {value}",
        "not evaluable": "ne peut être jugé : {why}",
        "declared sign": "poussée signalée",
        "rest_pain": "douleur au repos {value}",
        "swollen": "articulation gonflée",
        "warm": "articulation chaude",
        "unanswered": "trop peu de réponses",
    },
}


def describe(evaluation: Evaluation, rule: FlareRule, language: str, names: Mapping[str, str] | None = None) -> str:
    """Such as "worst pain 8, baseline 4 (6 days)", in English or French.

    `names`: item key → its short wording; without one the key stands, its underscores as spaces. Means are
    shown to one decimal, other numbers as recorded, none with trailing zeros.
    """
    words = WORDS[language]
    if evaluation.result == NOT_EVALUABLE:
        why = evaluation.why if language == "en" else words["unanswered"]
        return words["not evaluable"].format(why=why)
    if isinstance(rule, Declared):
        return words["declared" if evaluation.inputs["value"] else "not declared"]
    if isinstance(rule, Criteria):
        return signs(evaluation, rule, language)
    return compared(evaluation, rule, language, (names or {}).get(rule.item) or rule.item.replace("_", " "))


def compared(evaluation: Evaluation, rule: FlareRule, language: str, name: str) -> str:
    words, inputs = WORDS[language], evaluation.inputs
    value = shown(inputs["value"], language)
    if evaluation.baseline is None:
        return words["value"].format(name=name, value=value)
    if isinstance(rule, Jump | Level):
        baseline = shown(evaluation.baseline, language)
        return words["run"].format(name=name, value=value, baseline=baseline, n=evaluation.n)
    assert isinstance(rule, Creep)
    mean, start = (shown(number, language, places=1) for number in (inputs["mean"], evaluation.baseline))
    line = words["creep"]
    return line.format(name=name, mean=mean, days=rule.days, baseline=start, n=evaluation.n)


def signs(evaluation: Evaluation, rule: Criteria, language: str) -> str:
    words = WORDS[language]
    inputs: Any = evaluation.inputs
    met = [sign for sign, known in inputs["met"].items() if known]
    pain = shown(inputs["values"][rule.rest_pain], language) if "rest_pain" in met else ""
    told = [words["declared sign" if sign == "declared" else sign].format(value=pain) for sign in met]
    start = ": " if language == "en" else " : "
    return words["signs"].format(count=len(met), which=start + ", ".join(told) if told else "")


def shown(number: object, language: str, places: int | None = None) -> str:
    value = Decimal(str(number))
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",") if language == "fr" else text
