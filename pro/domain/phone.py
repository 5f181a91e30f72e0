"""Phone numbers, and how a text is cut into SMS segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

REACHED_BY_SMS = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})

FRENCH = ("FR", "RE", "YT", "GP", "MQ", "GF", "PM", "BL", "MF")
"""One numbering plan within: 0692… is dialled in Paris as in Saint-Denis, though its prefix is +262 and not +33."""


class WrongNumber(ValueError):
    """A number that no SMS can go to; says why in one line, without the number."""


class NoNumber(WrongNumber):
    """Nothing was typed."""


class NotGiven(WrongNumber):
    """As long as a number is, in a range that its country has given to nobody."""


def parse(text: str, region: str | None) -> str:
    """The number as E.164 (`+33612345678`), `text` being typed in `region` (two letters, such as FR).

    WrongNumber unless it exists and is a mobile or one of the ranges that may be (North America has no others).
    The text of the error never holds the number, so that it may be shown and logged.
    """
    typed = text.strip()
    if not typed:
        raise NoNumber("no number was given")
    if not re.fullmatch(r"\+?[\d\s().\-/\u2010-\u2013]+", typed):
        raise WrongNumber("a number is written with digits, spaces and a leading + only")
    try:
        number = phonenumbers.parse(typed, region)
    except NumberParseException as problem:
        raise WrongNumber(unreadable(problem, region)) from None
    if not phonenumbers.is_valid_number(number):
        if among := french_mobile(typed, region):
            return among
        kind = NotGiven if phonenumbers.is_possible_number(number) else WrongNumber
        raise kind(f"no such number exists in {country(number, region)}: check its digits")
    if phonenumbers.number_type(number) not in REACHED_BY_SMS:
        raise WrongNumber("this is not a mobile number: text messages need one")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def french_mobile(typed: str, region: str | None) -> str | None:
    """A ten-digit number as E.164, typed in one French region, where it is a mobile of exactly one other plan."""
    digits = re.sub(r"\D", "", typed)
    if region not in FRENCH or typed.startswith("+") or not re.fullmatch(r"0[1-9]\d{8}", digits):
        return None
    read = [phonenumbers.parse(digits, one) for one in FRENCH]
    known = [one for one in read if phonenumbers.number_type(one) in REACHED_BY_SMS]
    found = {phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164) for one in known}
    return found.pop() if len(found) == 1 else None


def unreadable(problem: NumberParseException, region: str | None) -> str:
    if problem.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        if region in phonenumbers.SUPPORTED_REGIONS:
            return "no country has this prefix: check what follows the +"
        return "write the number with + and the country's prefix"
    return "this is no phone number: too short, too long, or not readable"


def country(number: phonenumbers.PhoneNumber, region: str | None) -> str:
    code = number.country_code or 0
    typed_in = region or ""
    if phonenumbers.country_code_for_region(typed_in) == code:
        return typed_in
    found = phonenumbers.region_code_for_country_code(code)
    return found if found.isalpha() else "that network"  # satellites and the like have 001


def last_two(e164: str) -> str:
    """The last two digits: all that a page or a trail shows of a number."""
    return e164[-2:]


BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""GSM 03.38: what costs one unit of seven bits."""

EXTENDED = frozenset("^{}\\[~]|€\f")
"""The same, behind an escape: two units."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs to send: units are septets in GSM-7, UTF-16 code units in UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    count: int
    culprits: tuple[str, ...]
    """The characters that keep the text out of GSM-7, each once, in their order."""


def segments(text: str) -> Segments:
    """One segment holds 160 GSM-7 or 70 UCS-2 units; of several, each holds 153 or 67."""
    culprits = tuple(dict.fromkeys(sign for sign in text if sign not in BASIC and sign not in EXTENDED))
    if culprits:
        sizes, single, several = [1 + (ord(sign) > 0xFFFF) for sign in text], 70, 67
        return Segments("UCS-2", sum(sizes), pieces(sizes, single, several), culprits)
    sizes, single, several = [1 + (sign in EXTENDED) for sign in text], 160, 153
    return Segments("GSM-7", sum(sizes), pieces(sizes, single, several), ())


def pieces(sizes: list[int], single: int, several: int) -> int:
    """How many segments; a sign of two units is never split over two of them."""
    if sum(sizes) <= single:
        return 1 if sizes else 0
    count, free = 1, several
    for size in sizes:
        if size > free:
            count, free = count + 1, several
        free -= size
    return count
