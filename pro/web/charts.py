"""Drawings of the desk as SVG text: pure, with classes and attributes only. A table beside each holds the same figures.

Colours are in the style sheet: `f-…` fills, `s-…` strokes. A gap in what was recorded stays a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from markupsafe import Markup, escape

from pro.services.episodes import Point

SayDate = Callable[[date], str]


@dataclass(frozen=True, slots=True)
class Hatched:
    """A flare episode over the curve."""

    first: date
    last: date
    label: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A visit; dashed when it is still to come."""

    day: date
    label: str
    to_come: bool


@dataclass(frozen=True, slots=True)
class Level:
    """A dotted line: the baseline that a value was compared with."""

    first: date
    last: date
    value: Decimal
    label: str


def svg(width: int, height: int, title: str, body: Iterable[str], css: str = "", role: str = "img") -> Markup:
    shown = f' class="{css}"' if css else ""
    name = f' aria-label="{escape(title)}"' if role == "group" else ""
    inner = "".join(body)
    return Markup(
        f'<svg{shown} viewBox="0 0 {width} {height}" width="100%" role="{role}"{name}>'
        f"<title>{escape(title)}</title>{inner}</svg>"
    )


def runs(points: Sequence[Point]) -> list[list[Point]]:
    """The points cut wherever a day is missing."""
    found: list[list[Point]] = []
    for point in points:
        if found and point.day - found[-1][-1].day == timedelta(days=1):
            found[-1].append(point)
        else:
            found.append([point])
    return found


def text(x: float, y: float, words: str, css: str = "lab", anchor: str = "start") -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def line(path: str, css: str) -> str:
    return f'<path class="{css}" d="{path}"/>'


# Small ones


def sparkline(points: Sequence[Point], until: date, title: str, high: Decimal = Decimal(10), days: int = 12) -> Markup:
    """The last days in the height of a line of text; the newest day stands out."""
    if not points:
        return Markup("")
    first = until - timedelta(days=days - 1)
    shown = [point for point in points if point.day >= first]

    def place(point: Point) -> str:
        x = 4 + 84 * (point.day - first).days / max(1, days - 1)
        return f"{x:.1f} {26 - 22 * float(point.value / (high or 1)):.1f}"

    lines = "".join(_moves([place(point) for point in run]) for run in runs(shown))
    body = [line(lines, "s-main thin")]
    for run in runs(shown):
        if len(run) == 1 and run[0] is not shown[-1]:
            body.append(_dot(place(run[0]), 2, "f-main"))
    body.append(_dot(place(shown[-1]), 3.5, "f-pain"))
    return svg(92, 30, title, body, "spark")


def _moves(places: Sequence[str]) -> str:
    return "M" + "L".join(places) if len(places) > 1 else ""


def _dot(place: str, radius: float, css: str) -> str:
    x, y = place.split()
    return f'<circle class="{css}" cx="{x}" cy="{y}" r="{radius}"/>'


def trend(ratios: Sequence[Decimal | None], title: str, line_label: str) -> Markup:
    """Weekly compliance against the 80 % line; the scale runs from 50 to 100 %."""
    known = [(n, ratio) for n, ratio in enumerate(ratios) if ratio is not None]
    if len(known) < 2:
        return Markup("")

    def place(n: int, ratio: Decimal) -> str:
        share = (max(float(ratio), 0.5) - 0.5) / 0.5
        return f"{2 + 102 * n / max(1, len(ratios) - 1):.1f} {26 - 24 * share:.1f}"

    places = [place(n, ratio) for n, ratio in known]
    body = [line("M0 11.6h110", "s-ink dashed"), text(0, 36, line_label)]
    body += [line(_moves(places), "s-main"), _dot(places[-1], 4, "f-main")]
    return svg(110, 38, title, body, "trend")


def message_bar(parts: Sequence[tuple[int, str]], title: str) -> Markup:
    """Counts side by side, each with its class; a small count still shows."""
    total = sum(count for count, _ in parts)
    if not total:
        return Markup("")
    shown = [(count, css) for count, css in parts if count]
    free = 300 - 3 * (len(shown) - 1) - 5 * len(shown)
    body, x = [], 0.0
    for count, css in shown:
        width = 5 + free * count / total
        body.append(f'<rect class="{css}" x="{x:.1f}" y="0" width="{width:.1f}" height="14" rx="2"/>')
        x += width + 3
    return svg(300, 14, title, body)


# The curve


@dataclass(frozen=True, slots=True)
class Curve:
    """A patient's curve over a time, with everything that stands around it."""

    points: Sequence[Point]
    missed: Sequence[date]
    first: date
    last: date
    high: int
    """Top of the scale; it starts at 0."""
    step: int
    hatched: Sequence[Hatched] = ()
    flags: Sequence[Flag] = ()
    level: Level | None = None
    width: int = 1166
    every: int = 14
    """Days between the dates under the axis."""


TOP, BOTTOM, LEFT, RIGHT = 62, 216, 30, 30


def curve(drawn: Curve, title: str, say_date: SayDate) -> Markup:
    """The curve with gaps, crosses for missed days, hatched flares and flags of visits."""
    top = TOP if drawn.flags else 34 if drawn.hatched else 16
    body = [_hatching()]
    body += [_hatch(drawn, one, top) for one in drawn.hatched]
    body += _grid(drawn, top)
    body += [_flag(drawn, flag) for flag in drawn.flags]
    places = [[(_x(drawn, p.day), _y(drawn, p.value, top)) for p in run] for run in runs(drawn.points)]
    body.append(line("".join(_moves([f"{x:.1f} {y:.1f}" for x, y in run]) for run in places), "s-main"))
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>' for run in places for x, y in run)
    body.append(f'<g class="f-main">{dots}</g>')
    crosses = "".join(f"M{_x(drawn, day) - 3:.1f} {BOTTOM + 7}l6 6m0-6l-6 6" for day in drawn.missed)
    body.append(line(crosses, "s-pain"))
    if drawn.level is not None:
        body += _level(drawn, drawn.level, top)
    body += _dates(drawn, say_date)
    return svg(drawn.width, 254, title, body, "curve" if drawn.width > 900 else "curve short")


def _hatching() -> str:
    return (
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="s-pain faint" d="M0 0v6"/></pattern></defs>'
    )


def _x(drawn: Curve, day: date) -> float:
    span = max(1, (drawn.last - drawn.first).days)
    return LEFT + (drawn.width - LEFT - RIGHT) * (day - drawn.first).days / span


def _y(drawn: Curve, value: Decimal, top: int) -> float:
    return BOTTOM - (BOTTOM - top) * min(float(value) / drawn.high, 1.0)


def _hatch(drawn: Curve, one: Hatched, top: int) -> str:
    half = (drawn.width - LEFT - RIGHT) / max(1, (drawn.last - drawn.first).days) / 2
    left = max(_x(drawn, max(one.first, drawn.first)) - half, LEFT)
    width = max(min(_x(drawn, one.last) + half, drawn.width - RIGHT + 4) - left, 8)
    box = f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BOTTOM - top}" fill="url(#hatch)"/>'
    fits = left < drawn.width - 130
    label = text(left if fits else left + width, top - 8, one.label, "strong", "start" if fits else "end")
    return box + line(f"M{left:.1f} {top}h{width:.1f}", "s-pain thick") + label


def _grid(drawn: Curve, top: int) -> list[str]:
    body = []
    for value in range(0, drawn.high + 1, drawn.step):
        y = _y(drawn, Decimal(value), top)
        body.append(line(f"M{LEFT} {y:.1f}H{drawn.width - RIGHT}", "s-line"))
        body.append(text(LEFT - 8, y + 4, str(value), "lab num", "end"))
        body.append(text(drawn.width - RIGHT + 8, y + 4, str(value), "lab num"))
    return body


def _flag(drawn: Curve, flag: Flag) -> str:
    x = _x(drawn, flag.day)
    width = 22 + 6.6 * len(flag.label)
    back = x + width > drawn.width
    cloth = f"M{x:.1f} 12h{'-' if back else ''}{width:.0f}l{'' if back else '-'}6 9 {'-' if back else ''}6 9"
    cloth += f"h{'' if back else '-'}{width:.0f}z"
    pole = line(f"M{x:.1f} 12V{BOTTOM}", "s-edge dashed" if flag.to_come else "s-edge")
    shape = line(cloth, "flag to-come" if flag.to_come else "flag")
    return pole + shape + text(x - 6 if back else x + 6, 25, flag.label, "lab", "end" if back else "start")


def _level(drawn: Curve, level: Level, top: int) -> list[str]:
    left, right = _x(drawn, max(level.first, drawn.first)), _x(drawn, level.last)
    y = _y(drawn, level.value, top)
    label = text((left + right) / 2, y + 22, level.label, "lab", "middle")
    return [line(f"M{left:.1f} {y:.1f}H{right:.1f}", "s-ink dotted"), label]


def _dates(drawn: Curve, say_date: SayDate) -> list[str]:
    body = []
    for offset in range(0, (drawn.last - drawn.first).days + 1, drawn.every):
        day = drawn.first + timedelta(days=offset)
        x = _x(drawn, day)
        anchor = "start" if offset == 0 else "end" if x > drawn.width - 40 else "middle"
        body.append(text(x, 248, say_date(day), "lab", anchor))
    return body


def scale_for(points: Sequence[Point], low_high: tuple[Decimal | None, Decimal | None]) -> tuple[int, int]:
    """(top of the scale, step): an item's own scale when it has one up to 100, else what the values need."""
    high = low_high[1]
    if high is not None and high <= 10:
        return int(high), 2
    if high is not None and high == 100:
        return 100, 20
    most = max((point.value for point in points), default=Decimal(4))
    for step in (1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 480):
        if most <= step * 5:
            return step * 5, step
    return int(most) + 1, max(1, int(most) // 5)
