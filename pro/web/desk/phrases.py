"""Figures and records in words: what a flare was, what an event says, what became of a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from babel.dates import format_date

from pro.domain import zones
from pro.domain.assessment import State
from pro.domain.compliance import Compliance, percent
from pro.domain.flare_rules import Criteria, Declared, Emergency, FlareRule, Jump
from pro.domain.flare_words import describe
from pro.domain.flares import NOT_EVALUABLE, Evaluation
from pro.domain.joints import label
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.library import Library
from pro.services.audit_trail import Entry, rules_of
from pro.services.episodes import Flagged, Trigger, kind_of
from pro.services.flagging import emergencies
from pro.services.standing import Review
from pro.web.words import NARROW, in_language, say, say_clock, say_number, say_place, texts

LOCALES = {"en": "en_GB", "fr": "fr"}


# Times


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(zones.zone(zone))


def short_day(day: date, language: str) -> str:
    """`Tue 14 Apr`, `mar. 14 avr.`"""
    return _first_of_month(format_date(day, "EEE d MMM", locale=LOCALES[language]), language)


def month_day(day: date, language: str) -> str:
    """`14 Apr`, `14 avr.`"""
    return _first_of_month(format_date(day, "d MMM", locale=LOCALES[language]), language)


def _first_of_month(words: str, language: str) -> str:
    """In French the first is an ordinal: `1er mars`."""
    return re.sub(r"\b1 (?=\D)", "1er ", words) if language == "fr" else words


def clock(at: datetime, zone: str, language: str, *, seconds: bool = False) -> str:
    here = local(at, zone)
    if not seconds:
        return say_clock(here, language)
    if language == "fr":
        return NARROW.join((str(here.hour), "h", f"{here.minute:02}", "min", f"{here.second:02}", "s"))
    return f"{here:%H:%M:%S}"


def stamp(at: datetime, zone: str, language: str, *, seconds: bool = False) -> str:
    """`14 Apr 18:07`: for trails and tables."""
    return f"{month_day(local(at, zone).date(), language)} {clock(at, zone, language, seconds=seconds)}"


def told(at: datetime, zone: str, site_zone: str, language: str, *, seconds: bool = False) -> str:
    """By the patient's clock of that instant, and whose clock it is where the site's shows another time."""
    return whose_clock(stamp(at, zone, language, seconds=seconds), at, zone, site_zone, language)


def whose_clock(when: str, at: datetime, zone: str, site_zone: str, language: str) -> str:
    """The same time in words, with the place where the site's clocks show another."""
    if local(at, zone).utcoffset() == local(at, site_zone).utcoffset():
        return when
    return say("desk.trail.whose-clock", language, when=when, place=say_place(zone, language))


@dataclass(frozen=True, slots=True)
class Clocks:
    """Whose clocks the times of one list go by: said once where they are one place's, else beside each that differs."""

    once: str
    """The place that they all are by, where the site's clocks show another time; else empty."""
    site_zone: str
    language: str

    def mark(self, when: str, at: datetime, zone: str) -> str:
        return when if self.once else whose_clock(when, at, zone, self.site_zone, self.language)


def clocks_of(times: Iterable[tuple[datetime, str]], site_zone: str, language: str) -> Clocks:
    """`times`: each with the zone by which it is told."""
    listed = list(times)
    foreign = all(local(at, zone).utcoffset() != local(at, site_zone).utcoffset() for at, zone in listed)
    places = {say_place(zone, language) for _, zone in listed}
    return Clocks(places.pop() if foreign and len(places) == 1 else "", site_zone, language)


def due_words(due: datetime, now: datetime, zone: str, language: str) -> str:
    """`due today 18:07`, `due Thu 07:50`, `overdue since 18:07`."""
    here, today = local(due, zone), local(now, zone).date()
    at = say_clock(here, language)
    if due <= now:
        day = at if here.date() == today else f"{short_day(here.date(), language)} {at}"
        return say("desk.due.over", language, when=day)
    if here.date() == today:
        return say("desk.due.today", language, clock=at)
    if here.date() == today + timedelta(days=1):
        return say("desk.due.tomorrow", language, clock=at)
    return say("desk.due.day", language, day=short_day(here.date(), language), clock=at)


def until_words(end: datetime, zone: str, language: str) -> str:
    """The last day of a window, and up to when on it: `Fri 17 Apr 12:00`; an end at midnight is the day before."""
    here = local(end, zone)
    if here.time() == time(0):
        return short_day(here.date() - timedelta(days=1), language)
    return f"{short_day(here.date(), language)} {say_clock(here, language)}"


# Figures


def percent_words(ratio: Decimal | None, language: str) -> str:
    """`90.8 %`, in French `90,8 %`; empty where there is nothing to share."""
    value = percent(ratio)
    if value is None:
        return ""
    space = "\u00a0" if language == "en" else NARROW
    return f"{say_decimal(value, language)}{space}%"


def say_decimal(value: Decimal, language: str) -> str:
    """With its last zero: `80.0`."""
    text = format(value, "f")
    return text.replace(".", ",") if language == "fr" else text


def sum_words(figures: Compliance, language: str) -> str:
    """`246 of 271`."""
    return say("desk.of", language, some=figures.completed, all=figures.expected)


# Flares


def short_name(item: Item, language: str) -> str:
    """The item's short wording up to its first comma."""
    return in_language(item.short, language).split(",")[0]


def form_title(questionnaire: Questionnaire, language: str) -> str:
    """What staff call it: titles that speak to the patient have a plain name beside them."""
    own = f"form.{questionnaire.id}" in texts("desk", language)
    return word("form", questionnaire.id, language) if own else in_language(questionnaire.title, language)


def names_of(library: Library, protocol: Protocol, questionnaire: str, language: str) -> Mapping[str, str]:
    for timepoint in protocol.timepoints:
        for each in timepoint.questionnaires:
            if each.id == questionnaire:
                found = library.questionnaire(each.id, each.version)
                return {item.key: short_name(item, language) for item in found.items}
    return {}


def trigger_line(trigger: Trigger, library: Library, protocol: Protocol, language: str) -> str:
    """What was recorded and what it was compared with."""
    if trigger.rule is None:
        return trigger.key
    baseline = None if trigger.baseline is None else Decimal(trigger.baseline)
    result = trigger.result
    evaluation = Evaluation(
        trigger.key,
        trigger.version,
        result,  # type: ignore[arg-type]
        trigger.inputs,
        baseline,
        trigger.n,
        trigger.why,
    )
    names = names_of(library, protocol, trigger.rule.questionnaire, language)
    said = describe(evaluation, trigger.rule, language, names)
    if isinstance(trigger.rule, Emergency) and result != NOT_EVALUABLE:
        said += unit_of(library, protocol, trigger.rule, language)
    return said[:1].upper() + said[1:]


def unit_of(library: Library, protocol: Protocol, rule: Emergency, language: str) -> str:
    """The unit of what an emergency rule looks at, behind its space: a temperature stands in no line without it."""
    for timepoint in protocol.timepoints:
        for each in timepoint.questionnaires:
            if each.id == rule.questionnaire:
                unit = library.questionnaire(each.id, each.version).item(rule.item).unit
                return f"\u00a0{in_language(unit, language)}" if unit else ""
    return ""


def weight(rule: FlareRule | None) -> int:
    """Which trigger heads a line: an emergency, then measured ones before declared ones, signs last."""
    if isinstance(rule, Emergency):
        return -1
    if isinstance(rule, Criteria):
        return 3
    if isinstance(rule, Declared):
        return 2
    return 1 if isinstance(rule, Jump) or rule is None else 0


def in_order(triggers: tuple[Trigger, ...]) -> list[Trigger]:
    """The one that weighs most first; of an emergency on several days the newest."""
    return sorted(triggers, key=lambda trigger: (weight(trigger.rule), trigger.key, -trigger.day.toordinal()))


# Answers


def answer_words(item: Item, answer: Mapping[str, object] | None, language: str) -> str:
    """An answer as it is read at the desk; what was not answered says why not."""
    code = str((answer or {}).get("code", "not-reached"))
    if code != "answered":
        return say(f"desk.code.{code}", language)
    value = (answer or {})["value"]
    match item.kind:
        case Kind.YES_NO:
            return say("desk.yes" if value else "desk.no", language)
        case Kind.JOINTS if isinstance(value, list):
            return ", ".join(label(joint, language) for joint in value) or say("desk.none", language)
        case Kind.ONE | Kind.SEVERAL:
            labels = {option.code: in_language(option.label, language) for option in item.options}
            chosen = value if isinstance(value, list) else [value]
            return ", ".join(labels.get(str(code), str(code)) for code in chosen)
        case Kind.TEXT | Kind.DATE | Kind.TIME:
            return str(value)
        case _:
            unit = f"\u00a0{in_language(item.unit, language)}" if item.unit else ""
            return f"{say_number(Decimal(str(value)), language)}{unit}"


def answer_short(item: Item, answer: Mapping[str, object] | None, language: str) -> str:
    """The same for a table: a joint list as its count, what is missing as a dash."""
    if not answer or answer.get("code") != "answered":
        return "–"
    value = answer["value"]
    return str(len(value)) if isinstance(value, list) else answer_words(item, answer, language)


def shown_items(questionnaire: Questionnaire, answers: Mapping[str, Mapping[str, object]]) -> list[Item]:
    """Items that the patient saw."""
    return [item for item in questionnaire.items if (answers.get(item.key) or {}).get("code") != "not-shown"]


def review_words(review: Review, language: str) -> str:
    """`flare to review`, `safety flag: cannot tell yet`."""
    return say(f"desk.review.{review.kind}{'-undecided' if review.undecided else ''}", language)


def outcome_words(asked: str, outcome: str, language: str) -> str:
    """What a review found; `asked` is a kind of episode."""
    own = f"{asked}.outcome.{outcome}" in texts("desk", language)
    return word(f"{asked}.outcome" if own else "outcome", outcome, language)


# States, events, reasons


def state_word(state: State, language: str) -> str:
    return say(f"desk.state.{state}", language)


def word(group: str, code: str, language: str) -> str:
    """The wording of a code; a code without one stands as it is, readable."""
    known = texts("desk", language)
    return say(f"desk.{group}.{code}", language) if f"{group}.{code}" in known else code.replace("-", " ")


def event_line(entry: Entry, protocol: Protocol, language: str) -> str:
    """One event of the trail in plain language."""
    payload = entry.payload or {}
    title, asked = payload.get("timepoint"), _asked(payload, protocol)
    timepoint = next((each for each in protocol.timepoints if each.key == title), None)
    values = {
        **_course(payload, language),
        "what": in_language(timepoint.title, language) if timepoint else str(title or ""),
        "day": _day(payload.get("day") or payload.get("from_day"), language),
        "n": payload.get("n", ""),
        "outcome": outcome_words(asked, str(payload.get("outcome") or ""), language),
        "note": payload.get("note") or payload.get("reason") or "",
        "safety_note": payload.get("safety_note") or "",
        "rules": ", ".join(rules_of(payload)),
    }
    known = texts("desk", language)
    key = entry.kind.replace(".", "-") + ("-first" if entry.first and not (entry.withheld and entry.safety) else "")
    suffix = asked if asked != "flare" else payload.get("how")
    if entry.withheld:
        suffix = "withheld-safety" if entry.safety else "withheld"
    if f"event.{key}-{suffix}" in known:
        key += f"-{suffix}"
    if f"event.{key}" not in known:
        return entry.kind.replace(".", ": ").replace("-", " ").replace("_", " ")
    said = say(f"desk.event.{key}", language, **values).strip().replace(".. ", ". ")
    if entry.payload is None:
        said += f" {say('desk.trail.emptied', language)}"
    return said


def by_words(entry: Entry, language: str) -> str:
    """Who did it, behind what was done: the service has no name of its own."""
    if entry.role == "patient":
        return say("desk.trail.by-patient", language)
    if entry.role == "operator":
        return say("desk.trail.by-command", language)
    service = entry.role == "system"
    return say("desk.trail.by-service" if service else "desk.trail.by", language, name=entry.actor)


def _course(payload: Mapping[str, object], language: str) -> dict[str, str]:
    """What an event of the patient's course names: a place, days, a reason."""
    known = texts("course", language)
    why, event = (f"{group}.{payload.get(name)}" for group, name in (("why", "why"), ("event", "event")))
    return {
        "place": say_place(str(payload.get("to") or ""), language),
        "first": _day(payload.get("first"), language),
        "last": _day(payload.get("last"), language),
        "why": say(f"course.{why}", language) if why in known else _undone(payload.get("why"), language),
        "event": say(f"course.{event}", language) if event in known else str(payload.get("event") or ""),
    }


def _undone(why: object, language: str) -> str:
    known = texts("exam", language).get(f"undone.why.{why}")
    return known if isinstance(known, str) else str(why or "")


def _day(day: object, language: str) -> str:
    return month_day(date.fromisoformat(day), language) if isinstance(day, str) and len(day) == 10 else ""


def _asked(payload: Mapping[str, object], protocol: Protocol) -> Flagged:
    """What an event of an episode is about."""
    if "safety_note" in payload:
        return "both"
    if payload.get("safety") is True:
        return "safety"
    return kind_of(rules_of(payload), emergencies(protocol))


def role_word(role: str, language: str) -> str:
    return word("role", role, language)
