"""Scales in words: figures rounded for reading, visits in short, lines, and why there is no score."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from pro.domain.assessment import State
from pro.domain.questionnaire import Band, Questionnaire, Scale
from pro.services.scales import Line, Reading, Visit
from pro.web.words import in_language, say, texts, typeset

DIGITS: Mapping[str, int] = {"das28": 2, "rand-36": 1}
"""Digits shown, by questionnaire; others show the digits that the value has, two at most."""
DIGITS_OF_SCALE: Mapping[str, int] = {"index_fr": 3}
MINUS = "\u2212"

_REASONS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"not answered", "not-answered"),
        (r"needs (?P<least>\d+) of (?P<of>\d+) items, (?P<answered>\d+) answered", "needs-items"),
        (r"needs (?P<least>\d+) of (?P<of>\d+) categories, (?P<answered>\d+) answered", "needs-categories"),
        (r"the table needs all (?P<of>\d+) items; not answered: (?P<items>.+)", "table"),
        (r"(?P<met>\d+) of (?P<needed>\d+) signs met, (?P<unknown>\d+) not answered", "signs"),
        (r"needs (?P<items>.+), which is not answered", "needs-one"),
        (r"needs (?P<items>.+), not answered", "needs-some"),
        (r"needs (?P<items>.+), since some doses were taken in part", "part"),
        (r"needs (?P<items>[a-z_, ]+)", "needs-some"),
        (r"none of the (?P<of>\d+) joints could be judged", "no-joint"),
        (r"more days answered than doses due; .+", "days-over"),
        (r"more doses than days answered; .+", "doses-over"),
        (r"(?P<items>[a-z_]+) is 0", "is-0"),
        (r"the baseline is 0, so there is no share of it", "baseline-0"),
        (r"no grade is known for (?P<items>.+)", "no-grade"),
    )
)


def s(key: str, language: str, **values: object) -> str:
    """A text of the scales' pages."""
    return say(f"scales.{key}", language, **values)


# --- figures


def rounded(questionnaire: str, scale: Scale, value: Decimal) -> Decimal:
    """The value as it is shown, a half upwards, away from zero."""
    digits = DIGITS_OF_SCALE.get(scale.key, DIGITS.get(questionnaire))
    if digits is not None:
        return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    short = value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short.normalize()


def figure(value: Decimal, language: str) -> str:
    """Every digit of it, with the language's decimal sign: `45.0`, `45,0`, `−0,12`."""
    said = format(value, "f").replace("-", MINUS)
    return said.replace(".", ",") if language == "fr" else said


def value_words(questionnaire: str, reading: Reading, language: str) -> str:
    """The value of a reading; empty where there is none."""
    if reading.number is not None and reading.scale is not None:
        return figure(rounded(questionnaire, reading.scale, reading.number), language)
    if reading.score is None or reading.score.value is None:
        return ""
    text = str(reading.score.value)
    known = f"response.word.{text}" in texts("scales", language)
    return s(f"response.word.{text}", language) if questionnaire == "eular-response" and known else text


def change_words(questionnaire: str, line: Line, since: Reading, now: Reading, language: str) -> tuple[str, str]:
    """How far the value has moved, as the two shown values differ, and whether that is better: `−33`, `better`.

    Both are empty where nothing moved, the second where the scale has no direction.
    """
    assert since.number is not None
    assert now.number is not None
    by = rounded(questionnaire, line.scale, now.number) - rounded(questionnaire, line.scale, since.number)
    if by == 0:
        return "", ""
    said = ("+" if by > 0 else "") + figure(by, language)
    if line.scale.direction == "none":
        return said, ""
    better = (by < 0) == (line.scale.direction == "higher-worse")
    return said, s("better" if better else "worse", language)


# --- visits


def visit_name(visit: Visit, language: str) -> str:
    """`week 4`, `semaine 4`: the protocol's title within a sentence; day 0 as a day."""
    if visit.offset == 0:
        return "day 0" if language == "en" else "jour 0"
    title = in_language(visit.timepoint.title, language)
    return title[:1].lower() + title[1:]


def visit_short(offset: int, language: str) -> str:
    """`D0`, `W4`; in French `J0`, `S4`."""
    weeks, rest = divmod(offset, 7)
    if offset > 0 and rest == 0:
        return s("week", language, n=weeks)
    return s("day", language, n=offset).replace("-", MINUS)


def absent_words(reading: Reading, questionnaire: Questionnaire, language: str) -> str:
    """Why a reading has no value, in a few words."""
    if reading.score is not None and reading.source != "computed":
        return reason_words(reading.score.reason, questionnaire, language) or s("absent.no-score", language)
    state = reading.visit.state
    if state is State.EXPECTED or reading.source == "patient":
        return s(f"absent.{state}", language)
    if reading.source == "computed" and reading.scale is not None:
        return _lacking(reading, reading.scale, questionnaire, language)
    return s("absent.to-enter", language)


def _lacking(reading: Reading, scale: Scale, questionnaire: Questionnaire, language: str) -> str:
    """What a computed scale lacks, by name."""
    lacks = [each.item for each in reading.visit.results[questionnaire.id].lacks if each.item in scale.items]
    names = [in_language(questionnaire.item(key).short, language) for key in lacks]
    return s("absent.lacking", language, items=", ".join(names)) if names else s("absent.no-score", language)


def reason_words(reason: str | None, questionnaire: Questionnaire, language: str) -> str:
    """What scoring says, in the reader's language, items by their short names; unknown words stand as they are."""
    if not reason:
        return ""
    for pattern, key in _REASONS:
        found = pattern.fullmatch(reason)
        if found is not None:
            values = {name: _items(text, questionnaire, language) for name, text in found.groupdict().items()}
            return s(f"reason.{key}", language, **values)
    return typeset(reason, language)


def _items(text: str, questionnaire: Questionnaire, language: str) -> str:
    shorts = {item.key: in_language(item.short, language) for item in questionnaire.items}
    return re.sub(r"[A-Za-z_0-9]+", lambda word: shorts.get(word[0], "," if word[0] == "and" else word[0]), text)


# --- lines and bands


def bound_words(scale: Scale, n: int, language: str, say_bound: Callable[[Decimal], str]) -> str:
    """The bound of a scale's n-th band: `40 or less`, `below 2.6`, for the last what lies beyond the one before."""
    band = scale.bands[n]
    if band.up_to is not None:
        return s("cut.up_to", language, n=say_bound(band.up_to))
    if band.below is not None:
        return s("cut.below", language, n=say_bound(band.below))
    before = scale.bands[n - 1] if n else None
    if before is None:
        return ""
    if before.up_to is not None:
        return s("cut.above", language, n=say_bound(before.up_to))
    return s("cut.from", language, n=say_bound(before.below or Decimal(0)))


def bound_of(band: Band) -> Decimal | None:
    return band.up_to if band.up_to is not None else band.below


def plain(value: Decimal, language: str) -> str:
    """A bound or an end of a scale, without noughts it does not need."""
    whole = value == value.to_integral_value()
    return figure(value.quantize(Decimal(1)) if whole else value.normalize(), language)


def short_titles(lines: Sequence[Line], language: str) -> list[str]:
    """The scales' titles without what all of them begin with (up to a colon) or end with (from the last comma)."""
    titles = [in_language(line.scale.title, language) for line in lines]
    if len(titles) < 3:
        return titles
    heads = {re.split(r"\s*:\s+", title, maxsplit=1)[0] for title in titles}
    if len(heads) == 1 and all(":" in title for title in titles):
        titles = [re.split(r"\s*:\s+", title, maxsplit=1)[1] for title in titles]
    tails = {title.rpartition(", ")[2] for title in titles if ", " in title}
    if len(tails) == 1 and all(", " in title for title in titles):
        return [title.rpartition(", ")[0] for title in titles]
    return titles
