"""What needs this person today."""

from __future__ import annotations

from datetime import datetime

from flask import render_template

from pro.clock import Moment
from pro.services import overview
from pro.services.access import Identity
from pro.services.episodes import FlareLine, Unseen
from pro.services.messages_sent import STOPS, MessageFigures, Stopped
from pro.services.overview import Attempt, TaskLine, Today
from pro.services.reviewing import Call
from pro.web import charts, strips
from pro.web.desk import phrases
from pro.web.desk.frame import language, t
from pro.web.parts import current_parts, moment
from pro.web.words import in_language, say_clock


def page(identity: Identity) -> str:
    now = moment()
    found = overview.today(current_parts(), identity, now)
    return render_template(
        "desk/today.html",
        active="today",
        found=found,
        greeting=greeting(found, now),
        flares=flare_groups(found, now),
        unseen=[unseen_view(each, found) for each in found.unseen],
        tasks=[task_view(line, found.zone) for line in found.tasks],
        chips=[(chip, strips.mark(chip.state, phrases.state_word(chip.state, language()))) for chip in found.diaries],
        bar=message_bar(found.messages),
        sent_line=sent_line(found),
        stopped=[stopped_view(each, found) for each in found.stopped[:STOPS]],
    )


def sent_line(found: Today) -> str:
    """`412 of 412 sent this morning`; while nothing was due yet, the day before."""
    line = found.sent
    if not line.due:
        return t("messages.none-due")
    day = "yesterday" if line.yesterday else "morning" if found.now.hour < 12 else "day"
    return t(f"messages.{day}", some=line.sent, all=line.due)


def stopped_view(one: Stopped, found: Today) -> dict[str, str]:
    """`R-001` ` stopped the messages yesterday 19:17.`"""
    here, spoken = phrases.local(one.at, found.zone), language()
    ago = (found.now.date() - here.date()).days
    which = ("today", "yesterday")[ago] if ago in (0, 1) else "day"
    when = t(f"today.stopped-{which}", day=phrases.short_day(here.date(), spoken), clock=say_clock(here, spoken))
    return {"number": one.number, "said": t("today.stopped", when=when)}


def unseen_view(one: Unseen, found: Today) -> dict[str, str]:
    here, spoken = phrases.local(one.since, found.zone), language()
    said = t(
        "today.unseen-safety" if one.safety else "today.unseen",
        day=phrases.short_day(here.date(), spoken),
        clock=say_clock(here, spoken),
    )
    call = t("today.unseen-call", names=t("today.then").join(one.on_duty)) if one.on_duty else t("today.unseen-nobody")
    return {"number": one.number, "said": said, "call": call}


def greeting(found: Today, now: Moment) -> str:
    hour = found.now.hour
    part = "morning" if 4 <= hour < 12 else "afternoon" if hour < 18 else "evening"
    hello = t(f"today.{part}")
    if not found.things:
        return t("today.nothing", hello=hello)
    number = t(f"number.{found.things}") if found.things <= 10 else str(found.things)
    return t("today.things", hello=hello, number=number, n=found.things)


def flare_groups(found: Today, now: Moment) -> list[dict[str, object]]:
    """Safety flags, whatever was reported beside them, and flares: each under its own words."""
    hours = int(found.protocol.review_within.total_seconds() // 3600)
    groups: list[dict[str, object]] = []
    for key, safety, within in (
        ("safety", True, t("today.safety-within")),
        ("flares", False, t("today.within", hours=hours)),
    ):
        lines = [line for line in found.flares if line.emergency is safety]
        if lines:
            views = [flare_view(line, found, now) for line in lines]
            groups.append({"key": key, "title": t(f"today.{key}"), "within": within, "flares": views})
    return groups


def flare_view(line: FlareLine, found: Today, now: Moment) -> dict[str, object]:
    """An episode's line: what triggered it first, the rest under it."""
    spoken = language()
    library = current_parts().library
    triggers = phrases.in_order(line.triggers)
    said = [phrases.trigger_line(each, library, found.protocol, spoken) for each in triggers]
    title = t("flare.curve-title", number=line.number)
    return {
        "line": line,
        "first": said[0] if said else t("flare.no-trigger"),
        "rest": said[1:],
        "seen": phrases.stamp(line.opened_at, found.zone, spoken),
        "spark": charts.sparkline(line.curve, line.until, title),
        **deadline(line, now.study, found.zone),
    }


def deadline(line: FlareLine, now: datetime, zone: str) -> dict[str, object]:
    """The chip that says when the review is due, and whether that presses: the same on every page.

    What cannot wait is due at once; of what nobody can tell yet nothing is late.
    """
    if line.emergency and not line.looked_at:
        return {"due": ("now", "hot", t("today.at-once")), "urgent": True}
    if line.undecided:
        return {"due": ("tried", "soft", t("today.cannot-tell")), "urgent": False}
    today = phrases.local(line.due_at, zone).date() == phrases.local(now, zone).date()
    words = phrases.due_words(line.due_at, now, zone, language())
    urgent = line.overdue or today
    return {"due": ("now", "hot", words) if urgent else ("waiting", "wait", words), "urgent": urgent}


def task_view(line: TaskLine, zone: str) -> dict[str, object]:
    spoken = language()
    last = line.attempts[-1] if line.attempts else None
    tried = ""
    if last is not None:
        said = "call.spoke" if last.outcome == Call.REACHED else "call.tried"
        tried = t(said, day=phrases.month_day(phrases.local(last.at, zone).date(), spoken))
    detail = _detail(line, spoken)
    known = {"missed-in-a-row", "under-80", "endpoint-due", "undelivered", "number-unreachable", "contact-missing"}
    kind = line.kind if line.kind in known else "other"
    return {
        "line": line,
        "reason": t(f"task.{kind}.reason", detail=detail, kind=line.kind.replace("-", " ")),
        "more": t(f"task.{kind}.more", detail=detail, since=phrases.stamp(line.made_at, zone, spoken)),
        "tried": tried,
        "attempts": [attempt_view(each, zone) for each in line.attempts],
    }


def attempt_view(one: Attempt, zone: str) -> dict[str, str]:
    """`14 Apr 18:05` `morvan called: no answer` and the note."""
    spoken = language()
    outcome = phrases.outcome_words("call", one.outcome, spoken)
    said = t("flare.did-call", name=one.login, outcome=outcome)
    return {"at": phrases.stamp(one.at, zone, spoken), "what": said, "note": one.note}


def _detail(line: TaskLine, spoken: str) -> str:
    """A visit by its title, a figure as the language writes it."""
    if line.kind == "endpoint-due":
        visits = (each for protocol in current_parts().library.protocols() for each in protocol.timepoints)
        return next((in_language(each.title, spoken) for each in visits if each.key == line.detail), line.detail)
    return line.detail.replace(".", ",") if spoken == "fr" else line.detail


def message_bar(figures: MessageFigures) -> str:
    parts = (
        (figures.delivered, "f-main"),
        (figures.awaiting, "f-edge"),
        (figures.waiting + figures.unknown, "f-warn"),
        (figures.failed, "f-stop"),
    )
    title = t("messages.bar", delivered=figures.delivered, awaiting=figures.awaiting, failed=figures.failed)
    return charts.message_bar(parts, title)
