"""Answers as numbers, and rounding as forms print it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from math import isqrt

from pro.domain.questionnaire import Value


def number(value: Value) -> int | Decimal:
    """The number an answer stands for; an option's code is its number. TypeError for yes/no and lists."""
    if isinstance(value, (bool, tuple)):
        raise TypeError(f"{value!r} is not a number")
    return Decimal(value) if isinstance(value, str) else value


def exact(value: Value) -> int | Fraction:
    """The number an answer stands for, fit for any sum. TypeError for yes/no and lists."""
    found = number(value)
    return found if isinstance(found, int) else Fraction(found)


def rounded(value: int | Decimal | Fraction, digits: int) -> int:
    """The value, at least 0, in whole units of its last digit: 2.345 with 2 digits is 235, a half goes upwards."""
    top, bottom = value.as_integer_ratio()
    return int((2 * top * 10**digits + bottom) // (2 * bottom))


FORTY = Context(prec=40, rounding=ROUND_HALF_EVEN)
"""What is written with so many digits is so whatever the caller's context is."""
ONE = 1 << 150
"""The parts of one in which roots and logarithms, which have no end, are counted: more than 40 digits."""


@lru_cache(maxsize=4096)
def root(n: int, m: int) -> int:
    """Parts of the square root of n / m. Kept, since joints are counted to 28."""
    return isqrt(n * ONE * ONE // m)


@lru_cache(maxsize=4096)
def ln(n: int, m: int) -> int:
    """Parts of the natural logarithm of n / m, which is 1 or more. Kept, since laboratories print few different values.

    Halved until it is below 2, divided by the next lower sixteenth, and the small rest by a series: a tenth of the
    time that Decimal.ln takes at 40 digits.
    """
    halvings = (n // m).bit_length() - 1
    m <<= halvings
    sixteenths = 16 * n // m
    return halvings * LN_2 + LN_SIXTEENTHS[sixteenths] + _ln(16 * n, sixteenths * m)


def _ln(n: int, m: int) -> int:
    """Parts of ln(n / m), where n / m is 1 to 2: the series of 2 artanh((n - m) / (n + m))."""
    term = (n - m) * ONE // (n + m)
    square = term * term // ONE
    total, odd = 0, 1
    while term:
        total += term // odd
        term, odd = term * square // ONE, odd + 2
    return 2 * total


LN_2 = _ln(2, 1)
LN_SIXTEENTHS = {sixteenths: _ln(sixteenths, 16) for sixteenths in range(16, 32)}
