"""Answers as numbers, and rounding as forms print it."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from pro.domain.questionnaire import Value


def number(value: Value) -> Decimal:
    """The number an answer stands for; an option's code is its number. TypeError for yes/no and lists."""
    if isinstance(value, bool | tuple):
        raise TypeError(f"{value!r} is not a number")
    return Decimal(value)


def half_up(value: Fraction, digits: int) -> Fraction:
    """The value, at least 0, rounded to so many digits after the point, a half upwards."""
    unit = 10**digits
    return Fraction(math.floor(value * unit + Fraction(1, 2)), unit)
