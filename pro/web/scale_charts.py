"""Small drawings of one scale over the visits, as SVG text: pure, like `charts`. A table holds the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from pro.web.charts import line, svg, text


@dataclass(frozen=True, slots=True)
class Mark:
    """One visit of a scale."""

    offset: int
    """Days since day 0."""
    value: Decimal | None
    said: str
    """The value as it is read."""
    gone: bool
    """Over, and without a value: a cross under the axis."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A line across the drawing: a cut-off or the bound of a band."""

    value: Decimal
    said: str


@dataclass(frozen=True, slots=True)
class Drawn:
    marks: Sequence[Mark]
    ticks: Sequence[tuple[int, str]]
    """Days and names of the visits: the same under every drawing of a page."""
    low: Decimal
    high: Decimal
    ends: tuple[str, str]
    """Both ends of the axis as they are read."""
    cuts: Sequence[Cut] = ()
    zones: Sequence[str] = ()
    """Names of the zones between the cuts, from below; empty where the cut is one line."""


WIDTH = 340
LEFT, RIGHT, TOP = 34, 34, 16
BOTTOM, ZONED_BOTTOM, FOOT = 112, 168, 38
"""Where the axis stands, higher for names of narrow zones, and what is under it."""
ZONED_RIGHT = 108
SPARK_WIDTH, SPARK_HEIGHT = 132, 28


def chart(drawn: Drawn, title: str) -> Markup:
    """The values joined from visit to visit; where one is missing the line is broken."""
    right, floor = (ZONED_RIGHT, ZONED_BOTTOM) if drawn.zones else (RIGHT, BOTTOM)
    place = _Place(drawn.ticks, drawn.low, drawn.high, (LEFT, WIDTH - right), (floor, TOP))
    body = _zones(drawn, place, right) if drawn.zones else []
    body += [line(f"M{LEFT} {place.y(value):.1f}H{WIDTH - right}", "s-line") for value in (drawn.low, drawn.high)]
    body += [
        text(LEFT - 6, place.y(value) + 4, said, "lab num", "end")
        for value, said in zip((drawn.low, drawn.high), drawn.ends, strict=True)
    ]
    for cut in drawn.cuts:
        y = place.y(cut.value)
        body.append(line(f"M{LEFT} {y:.1f}H{WIDTH - right}", "s-edge dashed hair"))
        if not drawn.zones:
            body.append(text(WIDTH - right + 5, y + 4, cut.said, "lab num"))
    body += [text(place.x(day), floor + FOOT - 8, said, "lab", "middle") for day, said in drawn.ticks]
    body += [line(f"M{place.x(day):.1f} {floor}v4", "s-edge hair") for day, _ in drawn.ticks]
    body += _values(drawn.marks, place, "s-main", 3.6)
    body.append(line(_crosses(drawn.marks, place, floor + 9), "s-pain"))
    return svg(WIDTH, floor + FOOT, title, body + _said(drawn.marks, place), "scale")


def spark(drawn: Drawn, title: str) -> Markup:
    """The same in the height of a line of text, without words."""
    place = _Place(drawn.ticks, drawn.low, drawn.high, (5, SPARK_WIDTH - 5), (SPARK_HEIGHT - 5, 5))
    ground = line(f"M3 {SPARK_HEIGHT - 2}H{SPARK_WIDTH - 3}", "s-line")
    body = [ground, *_values(drawn.marks, place, "s-main thin", 2.2)]
    return svg(SPARK_WIDTH, SPARK_HEIGHT, title, body, "spark-row")


@dataclass(frozen=True, slots=True)
class _Place:
    ticks: Sequence[tuple[int, str]]
    low: Decimal
    high: Decimal
    across: tuple[int, int]
    up: tuple[int, int]
    """The y of the low and of the high end."""

    def x(self, day: int) -> float:
        first, last = self.ticks[0][0], self.ticks[-1][0]
        share = (min(max(day, first), last) - first) / max(1, last - first)
        return self.across[0] + (self.across[1] - self.across[0]) * share

    def y(self, value: Decimal) -> float:
        share = min(max(float((value - self.low) / (self.high - self.low or 1)), 0.0), 1.0)
        return self.up[0] + (self.up[1] - self.up[0]) * share


def _values(marks: Sequence[Mark], place: _Place, css: str, radius: float) -> list[str]:
    parts: list[str] = []
    joined = False
    for mark in marks:
        if mark.value is None:
            joined = False
            continue
        parts.append(f"{'L' if joined else 'M'}{place.x(mark.offset):.1f} {place.y(mark.value):.1f}")
        joined = True
    dots = "".join(
        f'<circle cx="{place.x(mark.offset):.1f}" cy="{place.y(mark.value):.1f}" r="{radius}"/>'
        for mark in marks
        if mark.value is not None
    )
    return [line("".join(parts), css), f'<g class="f-main">{dots}</g>'] if parts else []


def _said(marks: Sequence[Mark], place: _Place) -> list[str]:
    """The first and the newest value in words beside their dots: above, or below where there is no room."""
    valued = [mark for mark in marks if mark.value is not None]
    shown = [valued[0], valued[-1]] if len(valued) > 1 else valued
    found = []
    for mark in shown:
        assert mark.value is not None
        y = place.y(mark.value)
        css = "strong num" if mark is valued[-1] else "lab num"
        shift, anchor = 0, "middle"
        if mark.offset <= place.ticks[0][0]:
            shift, anchor = -4, "start"
        elif mark.offset >= place.ticks[-1][0]:
            shift, anchor = 4, "end"
        found.append(text(place.x(mark.offset) + shift, y - 8 if y > TOP + 8 else y + 18, mark.said, css, anchor))
    return found


def _crosses(marks: Sequence[Mark], place: _Place, y: float) -> str:
    return "".join(f"M{place.x(mark.offset) - 3:.1f} {y}l6 6m0-6l-6 6" for mark in marks if mark.gone)


def _zones(drawn: Drawn, place: _Place, right: int) -> list[str]:
    """Bands as stripes with their names at the right; every other one is tinted."""
    bounds = [drawn.low, *(cut.value for cut in drawn.cuts), drawn.high]
    found = []
    for n, (name, low, high) in enumerate(zip(drawn.zones, bounds, bounds[1:], strict=False)):
        top, bottom = place.y(high), place.y(low)
        if n % 2 == 0:
            wide = WIDTH - right - LEFT
            found.append(
                f'<rect class="zone" x="{LEFT}" y="{top:.1f}" width="{wide}" height="{max(bottom - top, 0):.1f}"/>'
            )
        found.append(text(WIDTH - right + 5, (top + bottom) / 2 + 4, name, "lab"))
    return found
