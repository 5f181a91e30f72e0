"""Published formulas written out, for a reader who wants to see where a figure comes from."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pro.domain.methods.numbers import number
from pro.domain.questionnaire import Value

_JOINTS = "0.56·√{tender28} + 0.28·√{swollen28}"

WRITTEN: Mapping[str, str] = {
    "das28_esr4": f"{_JOINTS} + 0.70·ln({{esr}}) + 0.014·{{global}}",
    "das28_esr3": f"1.08·({_JOINTS} + 0.70·ln({{esr}})) + 0.16",
    "das28_crp4": f"{_JOINTS} + 0.36·ln({{crp}} + 1) + 0.014·{{global}} + 0.96",
    "das28_crp3": f"1.10·({_JOINTS} + 0.36·ln({{crp}} + 1)) + 1.15",
}
"""By method, as the paper that the method's docstring names prints it."""


def written(method: str, values: Mapping[str, Value], sign: str = ".") -> str | None:
    """The formula of a method with these answers put in, `sign` as the decimal sign; None where it has no formula.

    KeyError where an answer that it needs is missing.
    """
    if method not in WRITTEN:
        return None
    return WRITTEN[method].format_map({key: _plain(number(value)) for key, value in values.items()}).replace(".", sign)


def _plain(value: int | Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
