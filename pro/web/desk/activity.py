"""The card of disease activity: DAS28 by one formula, how it was computed, and the EULAR response."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pro.domain.formulas import written
from pro.domain.results import Result
from pro.domain.scoring import Score
from pro.services.scales import Card, Line, Reading, Scales
from pro.web.desk.scale_parts import CardView, Row
from pro.web.desk.scale_views import Views
from pro.web.desk.scale_words import figure, rounded, s, value_words, visit_name
from pro.web.words import in_language


@dataclass(frozen=True, slots=True)
class Response:
    """The EULAR response of one visit, in words."""

    word: str
    when: str
    fall: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """What the page shows of a questionnaire that has several formulas of which one is meant at a time."""

    formula: str
    """Title of the formula shown."""
    row: Row
    written: str
    response: Response | None
    tables: tuple[CardView, ...]
    """All formulas, and the response, as tables."""


def activity(found: Scales, language: str) -> Activity | None:
    """None where no visit computes such a questionnaire."""
    views = Views(found, language)
    mine = belonging(found)
    if not mine:
        return None
    card = mine[0]
    response = _newest_response(found)
    line = chosen(found, card, response[2] if response else None)
    title = in_language(line.scale.title, language)
    row = views.row(card, line, title, chart=False)
    return Activity(
        formula=title,
        row=Row(
            **{name: getattr(row, name) for name in Row.__slots__ if name != "drawing"},
            drawing=views.drawing(card, line, chart=True, zoned=True),
        ),
        written=formula_words(card, line.last, language) if line.last else "",
        response=_response_words(found, card, response, language) if response else None,
        tables=tuple(views.card(each) for each in mine),
    )


def belonging(found: Scales) -> list[Card]:
    """The questionnaire with several formulas, and those that are computed from it."""
    card = next((each for each in found.cards if each.formulas), None)
    if card is None:
        return []
    id_ = card.questionnaire.id
    named = [
        {item.result_of.questionnaire for item in each.questionnaire.items if item.result_of} for each in found.cards
    ]
    return [card, *(each for each, names in zip(found.cards, named, strict=True) if id_ in names)]


def chosen(found: Scales, card: Card, by_response: str | None) -> Line:
    """The one formula that is shown: that of the newest response, else the first with a value at baseline and at the
    newest visit that has any, else the first with one there.
    """
    lines = [card.line(key) for key in card.formulas]
    if by_response is not None:
        return card.line(by_response)
    newest = max((line.last.visit.day for line in lines if line.last), default=None)
    there = [line for line in lines if line.last and line.last.visit.day == newest]
    first = [line for line in there if found.baseline and (one := line.at(found.baseline)) and one.number is not None]
    return (first or there or lines)[0]


def formula_words(card: Card, reading: Reading, language: str) -> str:
    """`0.56·√4 + … = 4.17`: the formula with this visit's answers put in."""
    if reading.scale is None:
        return ""
    values = reading.visit.results[card.questionnaire.id].values
    text = written(reading.scale.method, values, "," if language == "fr" else ".")
    if text is None:
        return ""
    return s("das28.equals", language, formula=text, value=value_words(card.questionnaire.id, reading, language))


def _newest_response(found: Scales) -> tuple[Reading, Result, str] | None:
    """The newest response with its result and the formula of both of its values."""
    for card in belonging(found)[1:]:
        several = [item.key for item in card.questionnaire.items if item.result_of and len(item.result_of.scales) > 1]
        last = card.lines[0].last if card.lines and several else None
        if last is not None:
            result = last.visit.results[card.questionnaire.id]
            return last, result, result.origins[several[0]].key
    return None


def _response_words(found: Scales, card: Card, response: tuple[Reading, Result, str], language: str) -> Response:
    reading, result, key = response
    line = card.line(key)
    before, now = (
        rounded(card.questionnaire.id, line.scale, _number(result, item)) for item in ("baseline", "current")
    )
    fall = before - now
    word = "fell" if fall > 0 else "rose" if fall < 0 else "same"
    first = visit_name(found.baseline, language) if found.baseline else ""
    said = s(
        f"response.{word}",
        language,
        title=in_language(line.scale.title, language),
        fall=figure(abs(fall), language),
        before=figure(before, language),
        now=figure(now, language),
        first=first,
        visit=visit_name(reading.visit, language),
    )
    score: Score | None = reading.score
    assert score is not None
    return Response(
        s(f"response.{score.value}", language),
        visit_name(reading.visit, language),
        said,
        Views(found, language).notes(reading),
    )


def _number(result: Result, item: str) -> Decimal:
    value = result.values[item]
    assert isinstance(value, Decimal)
    return value
