"""The compliance calendar as SVG: a row a patient, a mark a day, and a bar against the 80 % line beside it.

One path per state and row keeps a screen of fifty patients small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from markupsafe import Markup, escape

from pro.domain.assessment import State
from pro.services.standing import Cell
from pro.web.charts import SayDate, line, svg, text

WIDTH = 1222
LEFT, DAYS_WIDE = 64, 612
AGAIN = 690
"""The number once more, in view where the days begin further left."""
BAR, FULL = 746, 140
"""Where the bars begin, and how long 100 % is."""
NOTE, LETTER = BAR + 294, 6.8
"""Where the notes begin, and how wide a letter of theirs is at most."""
ROW, HEAD = 22, 24
LONGEST = 120
"""Days that a strip shows; the newest, when there are more."""
AHEAD = timedelta(days=11)


@dataclass(frozen=True, slots=True)
class Strip:
    """One patient's row."""

    number: str
    href: str
    cells: Sequence[Cell]
    ratio: Decimal | None
    percent: str
    """Such as `90.9 %`; empty while nothing is closed."""
    sum: str
    """Such as `40 of 44`."""
    below: bool
    note: str


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    today: str
    line: str
    """Such as `80 %`."""
    nothing: str
    """Says that nothing is closed yet."""


def window(first: date, last: date, today: date) -> tuple[date, date]:
    """The days to draw: a little of what is to come, and as much of what was as fits."""
    end = max(min(last, today + AHEAD), min(first, today))
    return max(first, end - timedelta(days=LONGEST - 1)), end


def calendar(strips: Sequence[Strip], first: date, last: date, today: date, words: Words, say_date: SayDate) -> Markup:
    """The rows under one axis."""
    first, last = window(first, last, today)
    pitch = min(11.0, DAYS_WIDE / ((last - first).days + 1))
    height = HEAD + ROW * len(strips)
    body = _axis(first, last, today, pitch, height, words, say_date)
    for n, strip in enumerate(strips):
        body += _row(strip, HEAD + ROW * n, first, last, pitch, words)
    x = BAR + FULL * 0.8
    body.append(line(f"M{x:.1f} 18V{height}", "s-ink dashed thick"))
    notes = max((len(strip.note) for strip in strips), default=0)
    return svg(max(WIDTH, NOTE + math.ceil(LETTER * notes)), height + 4, words.title, body, "strip", role="group")


def _axis(
    first: date, last: date, today: date, pitch: float, height: int, words: Words, say_date: SayDate
) -> list[str]:
    body = []
    now = LEFT + pitch * (today - first).days + pitch / 2
    for offset in range(0, (last - first).days + 1, 14):
        x = LEFT + pitch * offset
        if abs(x - now) > 60 or today > last:
            body.append(text(x, 12, say_date(first + timedelta(days=offset))))
        body.append(line(f"M{x - 1:.1f} 18V{height}", "s-line"))
    if first <= today <= last:
        body += [line(f"M{now:.1f} 16V{height}", "s-ink dotted"), text(now, 12, words.today, "lab", "middle")]
    body.append(text(BAR + FULL * 0.8, 12, words.line, "lab", "middle"))
    return body


def _row(strip: Strip, y: int, first: date, last: date, pitch: float, words: Words) -> list[str]:
    body = [f'<a href="{escape(strip.href)}">{text(0, y + 12, strip.number, "strong")}</a>']
    by_state: dict[State, list[float]] = {}
    for cell in strip.cells:
        if first <= cell.day <= last:
            by_state.setdefault(cell.state, []).append(LEFT + pitch * (cell.day - first).days)
    body.append(f'<g aria-hidden="true">{text(AGAIN, y + 12, strip.number)}</g>')
    for state, places in by_state.items():
        body.append(marks(state, places, y, max(pitch - 2, 3.0)))
    if strip.ratio is None:
        body.append(text(BAR, y + 12, words.nothing))
    else:
        wide = FULL * float(strip.ratio)
        css = "f-pain" if strip.below else "f-main"
        body.append(f'<rect class="{css}" x="{BAR}" y="{y + 2}" width="{wide:.1f}" height="10" rx="2"/>')
        body.append(text(BAR + 206, y + 12, strip.percent, "strong num", "end"))
    if strip.below:
        body.append(line(f"M{BAR + 211} {y + 12}l5-9 5 9z", "f-pain"))
    body += [text(BAR + 228, y + 12, strip.sum, "lab num"), text(NOTE, y + 12, strip.note)]
    return body


def marks(state: State, places: Sequence[float], y: float, width: float) -> str:
    """Every mark of one state in a row: two paths for a shape that is half filled, else one."""
    w = f"{width:g}"
    match state:
        case State.COMPLETED:
            return line("".join(f"M{x:.1f} {y}h{w}v14h-{w}z" for x in places), "f-main")
        case State.LATE:
            half = "".join(f"M{x:.1f} {y + 14}v-14l{w} 14z" for x in places)
            return line(_boxes(places, y, width), "s-main hair") + line(half, "f-main")
        case State.PARTIAL:
            foot = "".join(f"M{x:.1f} {y + 10}h{w}v4h-{w}z" for x in places)
            return line(_boxes(places, y, width), "s-main hair") + line(foot, "f-main")
        case State.MISSED:
            arm = min(width - 2, 7)
            return line(
                "".join(f"M{x + (width - arm) / 2:.1f} {y + 3}l{arm:g} 8m0-8l-{arm:g} 8" for x in places), "s-pain"
            )
        case State.OPEN | State.BEGUN:
            r = min(width / 2, 4.5)
            return line(
                "".join(
                    f"M{x + width / 2 - r:.1f} {y + 7}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 -{2 * r:g} 0"
                    for x in places
                ),
                "s-ink",
            )
        case State.EXCUSED:
            return line("".join(f"M{x:.1f} {y + 7}h{w}" for x in places), "s-edge thick")
        case State.EXPECTED:
            return line("".join(f"M{x + width / 2 - 1.5:.1f} {y + 5.5}h3v3h-3z" for x in places), "f-edge")
        case State.CANCELLED:
            return ""


def _boxes(places: Sequence[float], y: float, width: float) -> str:
    inner = f"{width - 1.5:g}"
    return "".join(f"M{x + 0.75:.1f} {y + 0.75}h{inner}v12.5h-{inner}z" for x in places)


def mark(state: State, word: str) -> Markup:
    """One mark by itself, beside or instead of its word."""
    return Markup(
        f'<svg class="mark-of" viewBox="0 0 9 14" width="9" height="14" role="img"><title>{escape(word)}</title>'
        f"{marks(state, [0.0], 0, 9.0)}</svg>"
    )


def key(words: Mapping[State, str]) -> Markup:
    """The legend, in HTML so that it wraps."""
    items = "".join(f'<li class="row">{_silent(state)}{escape(word)}</li>' for state, word in words.items())
    return Markup(f'<ul class="key">{items}</ul>')


def _silent(state: State) -> str:
    drawn = marks(state, [0.0], 0, 9.0)
    return f'<svg class="mark-of" viewBox="0 0 9 14" width="9" height="14" aria-hidden="true">{drawn}</svg>'
