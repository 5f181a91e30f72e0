"""The clinician's form drawn from its questionnaire. It carries what was typed; whether that is an answer is decided
in `pro.domain.answers` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField

from pro.domain.answers import Answer, NotAllowed, from_text, to_json
from pro.domain.examination import EXAMINED_ON
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.web.forms import FIELDS, codes_of, problem_words
from pro.web.words import say, say_number


@lru_cache(maxsize=64)
def exam_form(questionnaire: Questionnaire) -> Any:
    """One field for each item, "not done" beside it, and "none" beside a joint list."""
    fields: dict[str, Any] = {
        "page": HiddenField(),
        "seen": HiddenField(),
        "do": HiddenField(),
        "reason": StringField(),
        "confirmed": BooleanField(),
    }
    for item in questionnaire.items:
        fields[item.key] = FIELDS[item.kind](list(codes_of(item)))
        fields[f"{item.key}.skip"] = BooleanField()
        if item.kind is Kind.JOINTS:
            fields[f"{item.key}.none"] = BooleanField()
    return type("ExamForm", (FlaskForm,), fields)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of one item."""

    texts: tuple[str, ...] = ()
    none: bool = False
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    answers: Mapping[str, Answer]
    problems: Mapping[str, str]
    """Item → what is wrong, in words."""


def typed_in(form: Any, questionnaire: Questionnaire) -> dict[str, Typed]:
    found = {}
    for item in questionnaire.items:
        raw = form[item.key].raw_data or []
        none = f"{item.key}.none" in form and bool(form[f"{item.key}.none"].data)
        texts = tuple(text.strip() for text in raw if text.strip())
        found[item.key] = Typed(texts, none, bool(form[f"{item.key}.skip"].data))
    return found


def typed_of(questionnaire: Questionnaire, answers: Mapping[str, Answer], language: str) -> dict[str, Typed]:
    """The fields as they show these answers."""
    return {item.key: _typed(answers.get(item.key), language) for item in questionnaire.items}


def _typed(answer: Answer | None, language: str) -> Typed:
    if answer is None:
        return Typed()
    if answer.value is None:
        return Typed(skip=True)
    value = to_json(answer.value)
    if isinstance(value, list):
        return Typed(tuple(map(str, value)), none=not value)
    if isinstance(value, bool):
        return Typed(("yes" if value else "no",))
    return Typed((say_number(answer.value, language) if isinstance(answer.value, Decimal) else str(value),))


def take(questionnaire: Questionnaire, typed: Mapping[str, Typed], language: str) -> Taken:
    """The answers that were typed, and what is wrong with the others: nothing is left without a word."""
    answers: dict[str, Answer] = {}
    problems: dict[str, str] = {}
    for item in questionnaire.items:
        given = typed[item.key]
        if clash := _clash(item, given):
            problems[item.key] = say(f"exam.problem.{clash}", language)
            continue
        try:
            answers[item.key] = _answer(item, given)
        except NotAllowed as why:
            problems[item.key] = problem_words(item, why, language)
    return Taken(answers, problems)


def _clash(item: Item, given: Typed) -> str:
    something = bool(given.texts) or given.none
    if item.key == EXAMINED_ON and not something:
        return "say-day"
    if given.skip and something:
        return "done-and-not"
    if given.none and given.texts:
        return "none-and-some"
    if not something and not given.skip:
        return "say-joints" if item.kind is Kind.JOINTS else "say"
    return ""


def _answer(item: Item, given: Typed) -> Answer:
    return Answer("skipped") if given.skip else Answer("answered", from_text(item, given.texts))
