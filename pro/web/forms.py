"""A form for one item, built from the questionnaire. It carries what was typed; whether that is an answer is
decided in `pro.domain.answers` alone, so no field here validates anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, RadioField, SelectMultipleField, StringField

from pro.domain.answers import NotAllowed, Why
from pro.domain.questionnaire import Item, Kind
from pro.web.words import in_language, say, say_number


def _radio(codes: list[Any]) -> Field:
    return RadioField(choices=codes, validate_choice=False)


def _boxes(codes: list[Any]) -> Field:
    return SelectMultipleField(choices=codes, validate_choice=False)


def _line(codes: list[Any]) -> Field:
    return StringField()


FIELDS: Mapping[Kind, Callable[[list[Any]], Any]] = {
    Kind.YES_NO: _radio,
    Kind.ONE: _radio,
    Kind.RATING: _radio,
    Kind.SEVERAL: _boxes,
    Kind.JOINTS: _boxes,
    Kind.VAS: _line,
    Kind.INTEGER: _line,
    Kind.DECIMAL: _line,
    Kind.DATE: _line,
    Kind.TIME: _line,
    Kind.TEXT: _line,
}


@lru_cache(maxsize=512)
def item_form(key: str, kind: Kind, codes: tuple[str, ...]) -> type[FlaskForm]:
    """The form of the item `questionnaire.item`: one field of that name, and "none" beside a joint list."""
    fields: dict[str, Any] = {key: FIELDS[kind](list(codes))}
    if kind is Kind.JOINTS:
        fields[f"{key}.none"] = BooleanField()
    return type("ItemForm", (FlaskForm,), fields)


def codes_of(item: Item) -> tuple[str, ...]:
    """What may be ticked, as the form writes it."""
    match item.kind:
        case Kind.YES_NO:
            return ("yes", "no")
        case Kind.RATING:
            return tuple(str(n) for n in range(int(item.low or 0), int(10 if item.high is None else item.high) + 1))
        case Kind.JOINTS:
            return item.joints
        case _:
            return tuple(option.code for option in item.options)


def problem_words(item: Item, why: NotAllowed, language: str) -> str:
    """What is wrong with an answer and what to do, as the patient reads it."""
    match why.why:
        case Why.TOO_LOW | Why.TOO_HIGH:
            key = "low" if why.why is Why.TOO_LOW else "high"
            return say(f"phone.problem.{key}", language, limit=say_number(Decimal(str(why.limit)), language))
        case Why.NOT_NUMBER:
            return say("phone.problem.number", language, example=say_number(_example(item), language))
        case Why.DECIMALS:
            return say("phone.problem.decimals", language, n=why.limit)
        case Why.STEP:
            return say("phone.problem.step", language, step=say_number(Decimal(str(why.limit)), language))
        case Why.ALONE:
            label = next(option.label for option in item.options if option.code == why.limit)
            return say("phone.problem.alone", language, limit=in_language(label, language))
        case Why.TOO_LONG:
            return say("phone.problem.long", language, limit=why.limit)
        case _:
            return say(f"phone.problem.{_PROBLEMS.get(why.why, 'other')}", language)


_PROBLEMS = {
    Why.NOT_WHOLE: "whole",
    Why.NOT_DATE: "date",
    Why.NOT_TIME: "time",
    Why.NOT_TEXT: "text",
    Why.NOT_YES_NO: "empty",
    Why.NOT_OPTION: "empty",
    Why.NOTHING_CHOSEN: "empty",
}


def _example(item: Item) -> Decimal:
    return ((item.low or Decimal(0)) + (item.high or Decimal(10))) / 2
