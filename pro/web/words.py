"""What the pages say: wording by key and language, and dates, times and numbers in words.

`say("phone.start.button", "fr")`: the first part names the file (`texts/phone.fr.yaml`), the rest the entry.
An entry is a text with `{places}`, or a `one`/`other` pair chosen by `n`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import cast

import phonenumbers
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from pro.domain import zones
from pro.domain.wording import Owned
from pro.library.files import read

LANGUAGES = ("en", "fr")
NAMES: Mapping[str, str] = {"en": "English", "fr": "Français"}
TEXTS = Path(__file__).parent / "texts"

NARROW = "\u202f"
"""The narrow no-break space that French sets before `; : ? ! »` and after `«`."""

Entry = str | Mapping[str, str]


def say(key: str, language: str, **values: object) -> str:
    """The wording of `key`, its places filled. KeyError for a key or language that does not exist."""
    area, _, rest = key.partition(".")
    entry = texts(area, language)[rest]
    if not isinstance(entry, str):
        entry = entry[_plural(language, values["n"])]
    return entry.format(**values) if values else entry


@lru_cache(maxsize=64)
def texts(area: str, language: str) -> Mapping[str, Entry]:
    """Every entry of one file by its dotted key, typeset."""
    tree = cast(dict[str, object], read(TEXTS / f"{area}.{language}.yaml").data)
    return _flat("", tree, language)


def _flat(prefix: str, tree: Mapping[str, object], language: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for key, value in tree.items():
        if not isinstance(value, dict):
            entries[prefix + key] = typeset(str(value), language)
        elif set(value) == {"one", "other"}:
            entries[prefix + key] = {form: typeset(str(text), language) for form, text in value.items()}
        else:
            entries |= _flat(f"{prefix}{key}.", value, language)
    return entries


def _plural(language: str, n: object) -> str:
    if not isinstance(n, int | float | Decimal):
        raise TypeError(f"n is {n!r}: a counted text needs a number")
    return "one" if _locale(language).plural_form(n) == "one" else "other"


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse("en_GB" if language == "en" else language)


def typeset(text: str, language: str) -> str:
    """The text with curly apostrophes and, in French, the spaces that keep signs on their line."""
    text = text.replace("'", "’")
    if language != "fr":
        return text
    text = re.sub(r" ([;:?!»])", NARROW + r"\1", text)
    return text.replace("« ", "«" + NARROW)


def emphasised(text: str) -> Markup:
    """The text as HTML, `*these words*` in emphasis."""
    if isinstance(text, Owned):
        return escape(text)
    return Markup(re.sub(r"\*([^*]+)\*", r"<em>\1</em>", str(escape(text))))


def in_language(wording: Mapping[str, str], language: str) -> str:
    """A questionnaire's or protocol's wording, typeset; in the first language it has where not in this one."""
    spoken = language if language in wording else next(iter(wording), language)
    said = wording.get(spoken, "")
    return said if isinstance(said, Owned) else typeset(said, spoken)


# --- dates, times, numbers


def join_words(words: Sequence[str], language: str) -> str:
    """`18:00 and 20:00`, `18 h et 20 h`."""
    return format_list(words, locale=_locale(language))


@lru_cache(maxsize=1024)
def say_day(day: date, language: str, *, year: bool = False) -> str:
    """`Tuesday 14 April`, `mardi 14 avril`; day and month stay on one line."""
    words = format_date(day, "EEEE d MMMM y" if year else "EEEE d MMMM", locale=_locale(language))
    words = re.sub(r"(\d) (?=\D)", "\\1\u00a0", words)
    return re.sub(r"\b1\u00a0", "1er\u00a0", words) if language == "fr" else words


def say_days(first: date, last: date, language: str) -> str:
    """`15 to 17 April`, `du 15 au 17 avril`: every day from one to the other, without their names."""
    start, end = (_without_name(day, language) for day in (first, last))
    if (first.year, first.month) == (last.year, last.month):
        start = start.split("\u00a0")[0]
    return say("phone.when.days", language, first=start, last=end)


def _without_name(day: date, language: str) -> str:
    """`17 April`: a long day's words after its name."""
    return say_day(day, language).split(" ", 1)[1]


def say_date(day: date, language: str) -> str:
    """`14 Apr 2026`, `14 avr. 2026`: for tables."""
    return format_date(day, "d MMM y", locale=_locale(language))


def say_clock(at: time | datetime, language: str) -> str:
    """`18:07`; in French `18 h 07`, and `4 h` on the hour."""
    if language != "fr":
        return f"{at.hour:02}:{at.minute:02}"
    minutes = f"{NARROW}{at.minute:02}" if at.minute else ""
    return f"{at.hour}{NARROW}h{minutes}"


def say_instant(at: datetime, zone: str, language: str) -> str:
    """Day and clock time in the given zone: `Tuesday 14 April, 18:07`."""
    local = at.astimezone(zones.zone(zone))
    return f"{say_day(local.date(), language)}, {say_clock(local, language)}"


def say_number(number: int | Decimal, language: str) -> str:
    """`38.6`, in French `38,6`."""
    return format_decimal(number, format="#,##0.######", locale=_locale(language))


def say_place(zone: str, language: str) -> str:
    """The town that a zone is called by: `Réunion` for Indian/Reunion, `Montréal` for America/Montreal in French."""
    own = texts("course", language).get(f"place.{zone}")
    if isinstance(own, str):
        return own
    known = _locale(language).time_zones.get(zone, {}).get("city")
    return str(known or zone.rsplit("/", 1)[-1].replace("_", " "))


@lru_cache(maxsize=256)
def say_phone(number: str) -> str:
    """`+33261910012` as its country writes it: `02 61 91 00 12`, spaces that do not break."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL).replace(" ", "\u00a0")
