"""What all pages of the phone share: frame, language, and the words for days, times and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import quote, urlencode

from flask import g, render_template, request

from pro.domain import zones
from pro.domain.answers import Answer
from pro.domain.assessment import Instants, end
from pro.domain.joints import label, region
from pro.domain.questionnaire import Item, Kind, Text
from pro.services.answering import LinkView, Next, Part, Report, SiteCard, Sitting, Waiting
from pro.web.assets import page_script, page_style
from pro.web.forms import codes_of
from pro.web.long import parts_in, so_far, waits_long
from pro.web.placeholders import banner_of
from pro.web.words import (
    LANGUAGES,
    NAMES,
    emphasised,
    in_language,
    say,
    say_clock,
    say_day,
    say_days,
    say_number,
    say_phone,
)

REPORT = "report:"
"""Before a timepoint, in place of the number of what waits: the patient opens it."""
NIGHT = 6
"""A time before this hour belongs, in a patient's words, to the night before."""


def wanted_language(usual: str | None = None, languages: Sequence[str] = LANGUAGES) -> str:
    """Of these languages the one asked for in the address, else the patient's, else the browser's, else the first."""
    for one in (request.values.get("lang", ""), usual):
        if one and one in languages:
            return one
    return request.accept_languages.best_match(languages, languages[0])


def chosen_language() -> str:
    """The language in the address, to be carried along; empty where none was asked for."""
    asked = request.values.get("lang", "")
    return asked if asked in LANGUAGES else ""


def address(path: str, /, **values: object) -> str:
    """A path with what is carried along; whatever stands in either, one address comes of it."""
    kept = {"lang": chosen_language(), **values}
    query = urlencode({name: value for name, value in kept.items() if value not in ("", None)})
    quoted = quote(path, safe="/%")
    return f"{quoted}?{query}" if query else quoted


def frame(
    language: str, site: SiteCard | None, demonstration: bool, languages: Sequence[str] = LANGUAGES
) -> dict[str, Any]:
    """What `base_phone.html` and the item templates need; another of `languages` is offered where there is one."""
    other = other_language(language, languages)
    return {
        "language": language,
        "other_language": other,
        "other_name": NAMES.get(other, ""),
        "switch_to": address(request.path, **{**request.args, "lang": other}),
        "site": site,
        "demonstration": demonstration,
        "t": lambda key, **values: say(f"phone.{key}", language, **values),
        "wording": lambda text: emphasised(in_language(text, language)) if text else "",
        "default_hint": lambda item: default_hint(item, language),
        "codes_of": codes_of,
        "joint_groups": lambda item: joint_groups(item, language),
        "joint_words": lambda joint: in_language({language: label(joint, language)}, language),
        "phone_words": say_phone,
        "page_style": page_style,
        "page_script": page_script,
        "chosen_language": chosen_language(),
    }


def other_language(language: str, languages: Sequence[str]) -> str:
    """Empty where there is no other."""
    return next((one for one in languages if one != language), "")


def page(
    template: str,
    language: str,
    site: SiteCard | None,
    demonstration: bool,
    *,
    languages: Sequence[str] = LANGUAGES,
    **values: Any,
) -> str:
    """A page of the phone; what comes before its body is the same in many and compressed only once."""
    framed = frame(language, site, demonstration, languages)
    text = render_template(template, **{**framed, "template": template, **values})
    g.known_bytes = len(text[: text.index("</style>")].encode())
    return text


# --- days and times in words


def day_words(day: date, now: datetime, zone: str, language: str) -> str:
    """`yesterday, Monday 13 April`; only the weekday and date where it is neither today nor a day beside it."""
    away = (day - now.astimezone(zones.zone(zone)).date()).days
    key = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(away)
    said = say_day(day, language)
    return say(f"phone.when.{key}", language, day=said) if key else said


def time_words(at: datetime, now: datetime, zone: str, language: str) -> str:
    """`04:00 tonight`, `12:00 today`, `Friday 17 April, 04:00`."""
    local, here = at.astimezone(zones.zone(zone)), now.astimezone(zones.zone(zone))
    night = (local - timedelta(hours=NIGHT)).date()
    clock = say_clock(local, language)
    if local.hour < NIGHT and night == (here - timedelta(hours=NIGHT)).date():
        return say("phone.when.at-tonight", language, clock=clock)
    away = (local.date() - here.date()).days
    key = {0: "at-today", 1: "at-tomorrow"}.get(away, "at-day")
    return say(f"phone.when.{key}", language, clock=clock, day=say_day(local.date(), language))


def clock_words(at: datetime, zone: str, language: str) -> str:
    return say_clock(at.astimezone(zones.zone(zone)), language)


def until_words(instants: Instants, now: datetime, zone: str, language: str) -> str:
    """Until when it may be filled: its closing, once that is past the end of its late time."""
    return time_words(instants.closes_at if now < instants.closes_at else end(instants), now, zone, language)


def waiting_words(one: Waiting, view: LinkView, now: datetime, language: str) -> dict[str, Any]:
    several = len({other.day for other in view.waiting}) > 1
    return {
        "id": one.assessment_id,
        "title": in_language(one.title, language),
        "day": day_words(one.day, now, view.zone, language) if several else say_day(one.day, language),
        "questions": questions_words(one, language),
        "minutes": minutes_words(one, language),
        "until": until_words(one.instants, now, view.zone, language),
        "late": one.late,
        "begun": one.instants.started_at is not None,
        "banner": banner_of(one.questionnaires, language),
        "parts": part_words(one, language),
        "so_far": so_far(parts_in(one.questionnaires, one.answers, language), language) if one.answers else "",
    }


def part_words(one: Waiting, language: str) -> list[dict[str, str]]:
    """The parts of a long sitting, each with its questions or how many are answered; a short one has none."""
    if not waits_long(one):
        return []
    if one.answers:
        return [
            {"title": part.title, "questions": say("phone.long.count", language, n=part.answered, of=len(part.keys))}
            for part in parts_in(one.questionnaires, one.answers, language)
        ]
    return [
        {"title": in_language(part.title, language), "questions": questions_words(part, language)} for part in one.parts
    ]


def questions_words(one: Waiting | Part, language: str) -> str:
    """`10 to 16 questions`: by the answers, more of them show."""
    if one.most == one.questions:
        return say("phone.start.questions", language, n=one.questions)
    return say("phone.start.questions-range", language, n=one.questions, most=one.most)


def minutes_words(one: Waiting | Part, language: str) -> str:
    return say("phone.start.minutes", language, n=max(1, ceil(one.minutes)))


def report_words(reports: Sequence[Report], language: str) -> list[dict[str, str]]:
    """What the patient may open, each with what it asks."""
    return [
        {
            "key": one.key,
            "value": f"{REPORT}{one.key}",
            "title": in_language(one.asks.title, language),
            "questions": questions_words(one.asks, language),
            "minutes": minutes_words(one.asks, language),
        }
        for one in reports
    ]


def open_words(one: Waiting, now: datetime, zone: str, language: str) -> dict[str, Any]:
    """What else waits, for the thank-you page; a diary with its day."""
    title = in_language(one.title, language)
    day = day_words(one.day, now, zone, language)
    until = until_words(one.instants, now, zone, language)
    return {
        "title": f"{title}, {day}" if one.repeats else title,
        "until": until,
        "to": address("/d/continue", a=one.assessment_id),
    }


def next_words(coming: tuple[Next, ...], now: datetime, zone: str, language: str) -> list[str]:
    said = []
    for one in coming:
        several = one.first != one.last
        when = say_days(one.first, one.last, language) if several else day_words(one.day, now, zone, language)
        said.append(say("phone.thanks.next-each", language, title=in_language(one.title, language), when=when))
    return said


def sitting_words(sitting: Sitting, language: str) -> str:
    """`Daily diary · Tuesday 14 April`."""
    return f"{in_language(sitting.title, language)} · {say_day(sitting.day, language)}"


# --- items and answers in words


def default_hint(item: Item, language: str) -> str:
    """How to answer, where the questionnaire does not say."""
    match item.kind:
        case Kind.RATING:
            codes = codes_of(item)
            return say("phone.item.rating-help", language, low=codes[0], high=codes[-1])
        case Kind.VAS:
            return say("phone.item.vas-help", language)
        case Kind.SEVERAL:
            return say("phone.item.several-help", language)
        case Kind.INTEGER | Kind.DECIMAL if item.low is not None and item.high is not None:
            low, high = say_number(item.low, language), say_number(item.high, language)
            return say("phone.item.number-range", language, low=low, high=high)
        case Kind.DATE:
            return say("phone.item.date-help", language)
    return ""


def joint_groups(item: Item, language: str) -> list[tuple[str, list[str]]]:
    """Joints as the list shows them: right then left, each side's body, then its hand and its foot."""
    groups: list[tuple[str, list[str]]] = []
    for side, name in (("R", "right"), ("L", "left")):
        for place, key in (("body", f"{name}-side"), ("hand", f"{name}-hand"), ("foot", f"{name}-foot")):
            found = [joint for joint in item.joints if joint[0] == side and region(joint) == place]
            if found:
                groups.append((say(f"phone.item.{key}", language), found))
    return groups


def answer_words(item: Item, answer: Answer | None, language: str) -> str:
    """An answer as the review page shows it."""
    if answer is None:
        return say("phone.review.none", language)
    if answer.code != "answered":
        return say(f"phone.review.{answer.code}", language)
    return _value_words(item, answer.value, language)


def _value_words(item: Item, value: Any, language: str) -> str:
    match item.kind:
        case Kind.YES_NO:
            return say("phone.item.yes" if value else "phone.item.no", language)
        case Kind.RATING:
            return say("phone.review.of", language, n=value, of=codes_of(item)[-1])
        case Kind.VAS:
            return say("phone.review.mark", language)
        case Kind.ONE:
            return _labels(item, (value,), language)
        case Kind.SEVERAL:
            return _labels(item, value, language)
        case Kind.JOINTS:
            return _joints(value, language)
        case Kind.INTEGER | Kind.DECIMAL:
            unit = f"\u00a0{in_language(item.unit, language)}" if item.unit else ""
            return say_number(value, language) + unit
        case Kind.DATE:
            return say_day(date.fromisoformat(value), language, year=True)
    return str(value)


def _labels(item: Item, codes: tuple[str, ...], language: str) -> str:
    labels: Mapping[str, Text] = {option.code: option.label for option in item.options}
    return ", ".join(in_language(labels[code], language) for code in codes)


def _joints(joints: tuple[str, ...], language: str) -> str:
    if not joints:
        return say("phone.review.no-joint", language)
    names = ", ".join(in_language({language: label(joint, language)}, language) for joint in joints)
    return say("phone.review.count", language, n=len(joints), list=names)
