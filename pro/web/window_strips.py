"""One assessment's window as a drawing: when it is open, when it is late, when texts come and when none may.

Drawn twice, for a wide and a narrow screen, so that letters stay as large as they are elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from pro.domain.patient_days import DAY, clock_instant
from pro.domain.protocol import QuietHours
from pro.domain.schedule import Planned
from pro.web.charts import svg, text

WIDE, NARROW = 640, 300
TOP, HIGH = 34, 20
"""Where the bar begins under the clock times, and how high it is."""
MANY_DAYS = timedelta(days=6)
"""Of a longer window the nights are left out."""
LETTER = 8.5


@dataclass(frozen=True, slots=True)
class Strip:
    planned: Planned
    times: tuple[datetime, ...]
    """Of the texts that go."""
    quiet: QuietHours
    zone: ZoneInfo
    title: str
    say_clock: Callable[[datetime], str]
    say_day: Callable[[date], str]


def drawing(strip: Strip) -> Markup:
    return Markup("").join(_drawn(strip, width, css) for width, css in ((WIDE, "strip-wide"), (NARROW, "strip-narrow")))


def _drawn(strip: Strip, width: int, css: str) -> Markup:
    one = strip.planned
    start, length = one.opens_at, (one.end - one.opens_at) / timedelta(seconds=1)

    def x(at: datetime) -> float:
        return 4 + (width - 8) * ((at - start) / timedelta(seconds=1)) / length

    body = [_box(x(start), x(one.closes_at), "open")]
    if one.late_until is not None:
        body.append(_box(x(one.closes_at), x(one.late_until), "late"))
    body += [
        f'<rect class="quiet" x="{x(a):.1f}" y="{TOP + HIGH + 3}" width="{x(b) - x(a):.1f}" height="4" rx="2"/>'
        for a, b in quiet_spans(strip)
    ]
    body += _times(strip, x)
    body += _ends(strip, x, width)
    return svg(width, TOP + HIGH + 44, strip.title, body, css)


def _box(left: float, right: float, css: str) -> str:
    return f'<rect class="{css}" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{HIGH}" rx="4"/>'


def quiet_spans(strip: Strip) -> Iterator[tuple[datetime, datetime]]:
    """The quiet hours of each night that the window touches, cut to it."""
    one, quiet = strip.planned, strip.quiet
    if quiet.start == quiet.end or one.end - one.opens_at > MANY_DAYS:
        return
    day, last = _day(one.opens_at, strip.zone) - DAY, _day(one.end, strip.zone)
    while day <= last:
        ends_on = day if quiet.start < quiet.end else day + DAY
        begins = max(clock_instant(day, quiet.start, strip.zone), one.opens_at)
        ends = min(clock_instant(ends_on, quiet.end, strip.zone), one.end)
        if begins < ends:
            yield begins, ends
        day += DAY


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _times(strip: Strip, x: Callable[[datetime], float]) -> Iterator[str]:
    """A pin a text; of two that are close the second stands higher."""
    free = [0.0, 0.0]
    for at in strip.times:
        said = strip.say_clock(at.astimezone(strip.zone))
        place, half = x(at), LETTER * len(said) / 2
        row = 0 if place - half >= free[0] else 1
        free[row] = place + half + 4
        y = TOP - 8 - 15 * row
        yield f'<path class="pin" d="M{place:.1f} {TOP - 5}V{TOP + HIGH / 2:g}"/>'
        yield f'<circle class="f-pain" cx="{place:.1f}" cy="{TOP + HIGH / 2:g}" r="5"/>'
        yield text(place, y, said, "strong num", "middle")


def _ends(strip: Strip, x: Callable[[datetime], float], width: int) -> Iterator[str]:
    one, seen = strip.planned, date.min
    marks: Sequence[tuple[datetime, str]] = [(one.opens_at, "start"), (one.closes_at, "end")]
    if one.late_until is not None and one.late_until > one.closes_at:
        marks = [(one.opens_at, "start"), (one.closes_at, "middle"), (one.late_until, "end")]
    for at, anchor in marks:
        local = at.astimezone(strip.zone)
        place = {"start": 4.0, "end": width - 4.0}.get(anchor, x(at))
        yield text(place, TOP + HIGH + 22, strip.say_clock(local), "lab num", anchor)
        if local.date() != seen:
            yield text(place, TOP + HIGH + 37, strip.say_day(local.date()), "lab", anchor)
        seen = local.date()
