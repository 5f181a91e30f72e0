"""What stands around the calendar: the figures, one card for each timepoint, the texts, what to know of the clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from babel.dates import get_day_names
from markupsafe import Markup

from pro.domain.message import ANSWERS
from pro.domain.outlook import Example, Outlook, Text
from pro.domain.protocol import Timepoint
from pro.domain.schedule import Planned
from pro.domain.sms_texts import SmsText
from pro.services.previewing import Asked, Preview
from pro.web import patient_calendar
from pro.web.calendar_words import Words
from pro.web.desk.phrases import LOCALES, say_decimal
from pro.web.window_strips import Strip, drawing
from pro.web.words import NAMES, in_language, say_clock


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Bubble:
    """A text in one language."""

    language: str
    language_name: str
    body: str
    cost: str
    flaws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A timepoint: when it is, what it asks, which texts come."""

    key: str
    title: str
    when: str
    said_first: str
    """Before the window: that it is the first of many, or an example."""
    window: str
    late: str
    picture: Markup
    asked: tuple[tuple[str, str], ...]
    minutes: str
    by_staff: str
    computed: str
    times: tuple[str, ...]
    bubbles: tuple[Bubble, ...]


def view(found: Preview, language: str, languages: Sequence[str], price: Decimal | None = None) -> dict[str, Any]:
    """All that the template shows; `languages`: of the texts."""
    words = Words(language, found.outlook.zone)
    waiting = {one.timepoint.key for one in found.outlook.examples}
    return {
        "t": words.t,
        "words": words,
        "basis": words.basis(found.outlook),
        "figures": _figures(found, words, price),
        "notes": tuple(_notes(found, words)),
        "quiet": _quiet(found.outlook, words),
        "weekdays": _weekdays(language),
        "weeks": patient_calendar.weeks(found, words),
        "bubbles": _bubbles(found, words, "reminder", languages),
        "test": _bubbles(found, words, "test", languages),
        "answers": [(key, [(one, ANSWERS[key][one]) for one in languages if one in ANSWERS[key]]) for key in ANSWERS],
        "cards": [
            _card(found, words, one, languages) for one in found.outlook.protocol.timepoints if one.key not in waiting
        ],
        "examples": [_example(found, words, one, languages) for one in found.outlook.examples],
        "diaries": _diaries(found, words),
        "staffs": any(one.respondent == "clinician" for one in found.outlook.planned),
    }


def _diaries(found: Preview, words: Words) -> str:
    """What the line under a day stands for."""
    there = {one.timepoint for one in found.outlook.planned}
    repeating = (one for one in found.outlook.protocol.timepoints if one.repeats and one.key in there)
    return ", ".join(in_language(one.title, words.language) for one in repeating)


def _weekdays(language: str) -> list[tuple[str, str]]:
    short, wide = (get_day_names(width, "stand-alone", LOCALES[language]) for width in ("abbreviated", "wide"))
    return [(short[n], wide[n]) for n in range(7)]


# Figures and notes


def _figures(found: Preview, words: Words, price: Decimal | None) -> Iterator[Figure]:
    outlook, t = found.outlook, words.t
    if not outlook.asked:
        return
    first, end = min(one.opens_at for one in outlook.asked), max(one.end for one in outlook.asked)
    first_day, last_day = outlook.holds(first), outlook.holds(end - timedelta.resolution)
    days = outlook.lived(first_day, last_day)
    span = t("when.span", first=words.full_date(first_day), last=words.full_date(last_day))
    yield Figure(t("figure.duration"), t("n-days", n=days), span)
    yield Figure(t("figure.asked"), words.number(len(outlook.asked)), _kinds(outlook, words))
    weekly = words.minutes((found.minutes * 7 / days).quantize(Decimal(1)))
    yield Figure(t("figure.time"), words.minutes(found.minutes), t("figure.weekly", minutes=weekly))
    most = len(outlook.sent)
    yield Figure(t("figure.texts"), t("figure.at-most", n=words.number(most)), t("figure.prompt", n=outlook.prompt))
    if price is not None:
        cost = say_decimal((price * found.segments).quantize(Decimal("0.01")), words.language)
        yield Figure(t("figure.cost"), t("figure.at-most", n=cost), t("figure.priced", n=found.segments))
    else:
        yield Figure(t("figure.segments"), t("figure.at-most", n=words.number(found.segments)), t("figure.unpriced"))


def _kinds(outlook: Outlook, words: Words) -> str:
    """`5 visits, 84 × Daily diary`."""
    repeating = [one for one in outlook.protocol.timepoints if one.repeats]
    counts = {one.key: sum(each.timepoint == one.key for each in outlook.asked) for one in repeating}
    visits = len(outlook.asked) - sum(counts.values())
    said = [words.t("figure.visits", n=visits)] if visits else []
    said += [f"{counts[one.key]} × {in_language(one.title, words.language)}" for one in repeating if counts[one.key]]
    return ", ".join(said)


def _notes(found: Preview, words: Words) -> Iterator[str]:
    outlook = found.outlook
    yield from (words.change(change) for change in outlook.changes)
    stopped = [one for one in outlook.texts if one.leaves_at is None]
    for why, there in groupby(sorted(stopped, key=lambda one: one.why), key=lambda one: one.why):
        yield words.t("note.not-sent", n=len(tuple(there)), why=words.t(f"why.{why}"))
    for (template, language), one in found.texts.items():
        for flaw in one.flaws:
            yield words.t(
                "note.flaw",
                which=words.t(f"template.{template}"),
                spoken=NAMES.get(language, language),
                flaw=words.flaw(flaw),
            )


def _quiet(outlook: Outlook, words: Words) -> str:
    quiet = outlook.protocol.quiet_hours
    if quiet.start == quiet.end:
        return ""
    start, end = (say_clock(at, words.language) for at in (quiet.start, quiet.end))
    return words.t("quiet", start=start, end=end)


# Texts


def _bubbles(found: Preview, words: Words, template: str, languages: Sequence[str]) -> tuple[Bubble, ...]:
    return tuple(
        _bubble(found.texts[template, language], words) for language in languages if (template, language) in found.texts
    )


def _bubble(sms: SmsText, words: Words) -> Bubble:
    cost = words.t("text.cost", n=sms.cost.count, signs=len(sms.body))
    return Bubble(
        sms.language, NAMES.get(sms.language, sms.language), sms.body, cost, tuple(map(words.flaw, sms.flaws))
    )


# Cards


def _card(found: Preview, words: Words, timepoint: Timepoint, languages: Sequence[str]) -> Card:
    outlook = found.outlook
    mine = [n for n, one in enumerate(outlook.planned) if one.timepoint == timepoint.key]
    first = outlook.planned[mine[0]] if mine else None
    texts = [one for one in outlook.sent if mine and mine[0] in one.announces]
    said = words.t("window.first") if timepoint.repeats else ""
    return _made(found, words, timepoint, first, texts, said, languages)


def _example(found: Preview, words: Words, one: Example, languages: Sequence[str]) -> Card:
    first = one.planned[0] if one.planned else None
    texts = [Text(step.at, step.at, "ok", ()) for step in first.reminders] if first else []
    said = words.t("window.begun" if one.timepoint.on_demand else "window.example", at=words.stamp(one.at))
    return _made(found, words, one.timepoint, first, texts, said, languages)


def _made(
    found: Preview,
    words: Words,
    timepoint: Timepoint,
    first: Planned | None,
    texts: Sequence[Text],
    said: str,
    languages: Sequence[str],
) -> Card:
    sitting = found.sittings[timepoint.key]
    times = tuple(one.leaves_at for one in texts if one.leaves_at is not None)
    title = in_language(timepoint.title, words.language)
    return Card(
        key=timepoint.key,
        title=title,
        when=words.when(found.outlook.protocol, timepoint, found.outlook.day0),
        said_first=said,
        window=words.window(first) if first else "",
        late=words.late(first) if first else "",
        picture=_picture(found, words, first, times, title) if first else Markup(""),
        asked=tuple((_title(one, words), words.minutes(one.minutes)) for one in sitting.asked),
        minutes=words.minutes(sitting.minutes),
        by_staff=_listed(sitting.staff, words),
        computed=_listed(sitting.computed, words),
        times=_times(timepoint, times, words),
        bubbles=_bubbles(found, words, "reminder", languages) if times else (),
    )


def _title(one: Asked, words: Words) -> str:
    return in_language(one.title, words.language)


def _listed(asked: Sequence[Asked], words: Words) -> str:
    return ", ".join(_title(one, words) for one in asked)


def _times(timepoint: Timepoint, times: Sequence[datetime], words: Words) -> tuple[str, ...]:
    """Each text's day and time; of what is asked again and again the time alone."""
    if timepoint.repeats and len({at.astimezone(words.zone).date() for at in times}) == 1:
        return tuple(words.clock(at) for at in times)
    return tuple(words.stamp(at) for at in times)


def _picture(found: Preview, words: Words, one: Planned, times: tuple[datetime, ...], title: str) -> Markup:
    said = [title, words.window(one), words.late(one)]
    said += [words.t("picture.texts", times=", ".join(map(words.stamp, times)))] if times else []
    return drawing(
        Strip(
            planned=one,
            times=times,
            quiet=found.outlook.protocol.quiet_hours,
            zone=words.zone,
            title=". ".join(each for each in said if each),
            say_clock=lambda at: say_clock(at, words.language),
            say_day=words.short,
        )
    )
