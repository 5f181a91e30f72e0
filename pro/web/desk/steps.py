"""A patient's messages in a coordinator's words: `delivered 18:01, opened 18:20`; `not sent: the patient had answered`."""

from __future__ import annotations

from datetime import date, datetime

from pro.domain.ledger import Fate
from pro.domain.protocol import Protocol
from pro.services.following import Followed
from pro.web.desk import phrases
from pro.web.words import in_language, say, say_place

SIGNS = {
    Fate.PLANNED: ("waiting", "soft"),
    Fate.QUEUED: ("tried", ""),
    Fate.UNKNOWN: ("waiting", "wait"),
    Fate.SENT: ("waiting", ""),
    Fate.DELIVERED: ("check", "fine"),
    Fate.OPENED: ("check", "fine"),
    Fate.ANSWERED: ("check", "fine"),
    Fate.NOT_DELIVERED: ("fail", "hot"),
    Fate.NOT_SENT: ("none", "soft"),
}


def step_view(
    one: Followed, protocol: Protocol, zone: str, language: str, clocks: phrases.Clocks | None = None
) -> dict[str, object]:
    """When it was due, what it was for, and how far it came; `clocks` where the list tells whose times they are."""
    sign, tone = SIGNS[Fate.NOT_SENT if one.fate is Fate.PLANNED and one.why else one.fate]
    when = f"{phrases.short_day(phrases.local(one.at, zone).date(), language)} {phrases.clock(one.at, zone, language)}"
    return {
        "one": one,
        "when": clocks.mark(when, one.at, zone) if clocks else when,
        "what": phrases.word("template", one.template, language),
        "announces": announced(one.announces, protocol, language),
        "came": _came(one, zone, language),
        "shape": "fail" if one.failed else sign,
        "tone": "hot" if one.failed else tone,
    }


def announced(announces: tuple[tuple[str, date], ...], protocol: Protocol, language: str) -> str:
    """`Daily diary of 14 Apr, Week 2`."""
    titles = {each.key: each for each in protocol.timepoints}
    said = []
    for timepoint, day in announces:
        known = titles.get(timepoint)
        title = in_language(known.title, language) if known else timepoint
        day_said = phrases.month_day(day, language)
        said.append(say("desk.step.of", language, what=title, day=day_said) if known and known.repeats else title)
    return ", ".join(said)


def _came(one: Followed, zone: str, language: str) -> str:
    def at(instant: datetime | None) -> str:
        if instant is None:
            return ""
        clock = phrases.clock(instant, zone, language)
        if phrases.local(instant, zone).date() == phrases.local(one.at, zone).date():
            return f" {clock}"
        return f" {phrases.month_day(phrases.local(instant, zone).date(), language)} {clock}"

    def word(key: str, instant: datetime | None = None) -> str:
        return say(f"desk.step.{key}", language) + at(instant)

    match one.fate:
        case Fate.NOT_SENT | Fate.NOT_DELIVERED:
            why = phrases.word("why", one.why, language) if one.why else ""
            came = say("desk.sms.failed", language) if one.failed else word(one.fate)
            return came + (f"{say('desk.colon', language)}{why}" if why else "")
        case Fate.SENT:
            return f"{word('sent', one.sent_at)}, {word('no-receipt')}"
        case Fate.DELIVERED | Fate.OPENED | Fate.ANSWERED:
            first = word("delivered", one.delivered_at) if one.delivered else word("left", one.sent_at)
            more = [word("opened", one.opened_at)] if one.fate is not Fate.DELIVERED else []
            more += [word("answered", one.answered_at)] if one.fate is Fate.ANSWERED else []
            return ", ".join((first, *more))
        case Fate.PLANNED if one.why:
            why = phrases.word("why", one.why, language)
            if one.quiet_in and one.quiet_in != zone:  # 20:00 by the clocks of the line is no quiet hour there
                why = say("desk.step.quiet-in", language, place=say_place(one.quiet_in, language))
            return word("will-not") + say("desk.colon", language) + why
        case Fate.PLANNED if one.leaves_at and one.leaves_at != one.at:
            return word("will-wait", one.leaves_at)
        case _:
            return word(one.fate)
