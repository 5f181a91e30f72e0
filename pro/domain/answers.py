"""Whether an answer is allowed: decided here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import Literal

from pro.domain.questionnaire import Item, Kind, Value

Code = Literal["answered", "skipped", "not-applicable"]

MAX_TEXT = 500
"""Characters a short text may have."""

NUMBERS = frozenset({Kind.RATING, Kind.VAS, Kind.INTEGER, Kind.DECIMAL})
WHOLE_NUMBERS = NUMBERS - {Kind.DECIMAL}


@dataclass(frozen=True, slots=True)
class Answer:
    code: Code
    value: Value | None = None


class Why(StrEnum):
    """What is wrong with an answer; pages choose their wording by it."""

    NOT_YES_NO = "not-yes-no"
    NOT_WHOLE = "not-whole"
    NOT_NUMBER = "not-number"
    DECIMALS = "decimals"
    STEP = "step"
    TOO_LOW = "too-low"
    TOO_HIGH = "too-high"
    NOT_OPTION = "not-option"
    NOT_LIST = "not-list"
    TWICE = "twice"
    ALONE = "alone"
    NOTHING_CHOSEN = "nothing-chosen"
    NOT_JOINT = "not-joint"
    NOT_DATE = "not-date"
    NOT_TIME = "not-time"
    NOT_TEXT = "not-text"
    TOO_LONG = "too-long"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN_ITEM = "unknown-item"


_SAID = {
    Why.NOT_YES_NO: "must be true or false",
    Why.NOT_WHOLE: "must be a whole number",
    Why.NOT_NUMBER: "must be a number",
    Why.DECIMALS: "may have at most {limit} digits after the point",
    Why.STEP: "must go in steps of {limit}",
    Why.TOO_LOW: "must be {limit} or more",
    Why.TOO_HIGH: "must be {limit} or less",
    Why.NOT_OPTION: "must be one of: {limit}",
    Why.NOT_LIST: "must be a list",
    Why.TWICE: "names {limit} twice",
    Why.ALONE: "{limit} cannot be chosen together with another",
    Why.NOTHING_CHOSEN: "must name at least one",
    Why.NOT_JOINT: "may only name joints of this question, such as {limit}",
    Why.NOT_DATE: "must be a date written YYYY-MM-DD",
    Why.NOT_TIME: "must be a clock time written HH:MM",
    Why.NOT_TEXT: "must be some text without control characters",
    Why.TOO_LONG: "may have at most {limit} characters",
    Why.NOT_APPLICABLE: 'cannot be answered "does not apply"',
    Why.UNKNOWN_ITEM: "is not an item of this questionnaire",
}


class NotAllowed(ValueError):
    """An answer the item does not take; the message names the item and the mend, never the answer."""

    def __init__(self, item: str, why: Why, limit: object = None) -> None:
        self.item = item
        self.why = why
        self.limit = limit
        super().__init__(f"{item} {_SAID[why].format(limit=limit)}")


def check(item: Item, raw: object) -> Value:
    """The allowed value that `raw` (as JSON gives it, without floats) stands for.

    Decimals come as text, int or Decimal and leave with exactly the item's digits; lists leave in the item's
    order. Raises NotAllowed.
    """
    return _CHECKS[item.kind](item, raw)


def to_json(value: Value) -> object:
    """The value as canonical JSON holds it (decimals as text); `check` reads it back."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Decimal) else value


def from_text(item: Item, texts: Sequence[str]) -> Value:
    """The allowed value of an HTML form field: `yes`/`no`, numbers as typed (comma or point), chosen codes.

    Raises NotAllowed.
    """
    if item.kind in (Kind.SEVERAL, Kind.JOINTS):
        return check(item, [text for text in texts if text])
    text = texts[0].strip() if texts else ""
    if item.kind is Kind.YES_NO:
        return check(item, {"yes": True, "no": False}.get(text))
    if item.kind in WHOLE_NUMBERS:
        return check(item, int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text)
    return check(item, text.replace(",", ".") if item.kind is Kind.DECIMAL else text)


def _yes_no(item: Item, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise NotAllowed(item.key, Why.NOT_YES_NO)


def _whole(item: Item, raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        raise NotAllowed(item.key, Why.NOT_WHOLE)
    number = Decimal(raw)
    if not number.is_finite() or number != number.to_integral_value():
        raise NotAllowed(item.key, Why.NOT_WHOLE)
    return int(_within(item, number))


WIDE = Context(prec=60)
"""What an answer is does not hang on the caller's context."""


def _decimal(item: Item, raw: object) -> Decimal:
    number = _within(item, _as_decimal(item, raw))
    step = Decimal(1).scaleb(-item.decimals)
    if WIDE.remainder(number, step) != 0:
        raise NotAllowed(item.key, Why.DECIMALS, item.decimals)
    if item.step is not None and WIDE.remainder(WIDE.subtract(number, item.low or Decimal(0)), item.step) != 0:
        raise NotAllowed(item.key, Why.STEP, item.step)
    return number.quantize(step, context=WIDE)


def _as_decimal(item: Item, raw: object) -> Decimal:
    if isinstance(raw, str) and not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,20})?", raw):
        raise NotAllowed(item.key, Why.NOT_NUMBER)
    if isinstance(raw, bool) or not isinstance(raw, int | str | Decimal):
        raise NotAllowed(item.key, Why.NOT_NUMBER)
    try:
        number = Decimal(raw)
    except InvalidOperation:
        raise NotAllowed(item.key, Why.NOT_NUMBER) from None
    if not number.is_finite():
        raise NotAllowed(item.key, Why.NOT_NUMBER)
    return number


def _within(item: Item, number: Decimal) -> Decimal:
    if item.low is not None and number < item.low:
        raise NotAllowed(item.key, Why.TOO_LOW, item.low)
    if item.high is not None and number > item.high:
        raise NotAllowed(item.key, Why.TOO_HIGH, item.high)
    return number


def _one(item: Item, raw: object) -> str:
    codes = [option.code for option in item.options]
    code = _as_code(raw)
    if isinstance(code, str) and code in codes:
        return code
    raise NotAllowed(item.key, Why.NOT_OPTION, ", ".join(codes))


def _as_code(raw: object) -> object:
    """A whole number stands for the code written with its digits: published forms number their options."""
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        return raw
    number = Decimal(raw)
    if not number.is_finite() or abs(number) >= 1000 or number != number.to_integral_value():
        return raw
    return str(int(number))


def _several(item: Item, raw: object) -> tuple[str, ...]:
    codes = tuple(option.code for option in item.options)
    chosen = _chosen(item, raw, codes, Why.NOT_OPTION, ", ".join(codes))
    alone = [option.code for option in item.options if option.alone]
    if alone and not chosen:
        raise NotAllowed(item.key, Why.NOTHING_CHOSEN)
    for code in alone:
        if code in chosen and len(chosen) > 1:
            raise NotAllowed(item.key, Why.ALONE, code)
    return chosen


def _joints(item: Item, raw: object) -> tuple[str, ...]:
    return _chosen(item, raw, item.joints, Why.NOT_JOINT, item.joints[0])


def _chosen(item: Item, raw: object, names: Sequence[str], unknown: Why, such_as: str) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise NotAllowed(item.key, Why.NOT_LIST)
    if not all(isinstance(name, str) and name in names for name in raw):
        raise NotAllowed(item.key, unknown, such_as)
    chosen = set(raw)
    if len(chosen) < len(raw):
        raise NotAllowed(item.key, Why.TWICE, next(name for name in raw if raw.count(name) > 1))
    return tuple([name for name in names if name in chosen]) if chosen else ()


def _date(item: Item, raw: object) -> str:
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        try:
            return date.fromisoformat(raw).isoformat()
        except ValueError:
            pass
    raise NotAllowed(item.key, Why.NOT_DATE)


def _time(item: Item, raw: object) -> str:
    if isinstance(raw, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", raw):
        return raw
    raise NotAllowed(item.key, Why.NOT_TIME)


def _text(item: Item, raw: object) -> str:
    text = raw.strip() if isinstance(raw, str) else ""
    if not text or not all(char.isprintable() or char == "\n" for char in text):
        raise NotAllowed(item.key, Why.NOT_TEXT)
    if len(text) > MAX_TEXT:
        raise NotAllowed(item.key, Why.TOO_LONG, MAX_TEXT)
    return text


_CHECKS: Mapping[Kind, Callable[[Item, object], Value]] = {
    Kind.YES_NO: _yes_no,
    Kind.ONE: _one,
    Kind.SEVERAL: _several,
    Kind.RATING: _whole,
    Kind.VAS: _whole,
    Kind.INTEGER: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.TEXT: _text,
    Kind.JOINTS: _joints,
}
