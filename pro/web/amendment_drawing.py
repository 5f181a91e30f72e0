"""One patient's line before an amendment and after it, as SVG: what stays, moves, appears and falls away.

Every kind has a shape of its own beside its colour; the list under the drawing says the same in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from pro.services.amended import Item
from pro.web.charts import line, svg, text

BEFORE, AFTER = 30, 74
HEIGHT = 108
LEFT = 8
BACK = timedelta(days=3)
"""How far before today the line begins, unless something earlier changes."""


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    before: str
    after: str
    today: str


@dataclass(frozen=True, slots=True)
class Scale:
    first: date
    pitch: float

    def x(self, day: date) -> float:
        return LEFT + self.pitch * ((day - self.first).days + 0.5)


def drawing(
    items: Sequence[Item], visits: frozenset[str], today: date, words: Words, say_day: Callable[[date], str]
) -> Markup:
    """Wide for a desk and narrow for a phone; `visits`: timepoints that come once, drawn larger."""
    return Markup("").join(_one(items, visits, today, words, say_day, width) for width in (720, 330))


def _one(
    items: Sequence[Item],
    visits: frozenset[str],
    today: date,
    words: Words,
    say_day: Callable[[date], str],
    width: int,
) -> Markup:
    days = [each.day for item in items for each in (item.before, item.after) if each is not None]
    changed = [each.day for item in items if item.kind != "stays" for each in (item.before, item.after) if each]
    first, last = min([today - BACK, *changed]), max([today, *days])
    scale = Scale(first, (width - 2 * LEFT) / ((last - first).days + 1))
    shown = [item for item in items if item.day >= first]
    body = _lanes(scale, first, last, today, words, say_day, width)
    for item in sorted(shown, key=lambda each: each.timepoint in visits):
        body += _marks(item, scale, item.timepoint in visits)
    return svg(width, HEIGHT, words.title, body, "am-wide" if width > 400 else "am-narrow")


def _lanes(
    scale: Scale, first: date, last: date, today: date, words: Words, say_day: Callable[[date], str], width: int
) -> list[str]:
    now = scale.x(today)
    beside = min(max(now, LEFT + 72), width - LEFT - 72)
    return [
        text(LEFT, 13, words.before),
        text(LEFT, AFTER + 26, words.after),
        line(f"M{LEFT} {BEFORE}H{width - LEFT}M{LEFT} {AFTER}H{width - LEFT}", "am-lane"),
        line(f"M{now:.1f} 18V{AFTER + 12}", "am-today"),
        text(beside, AFTER + 26, words.today),
        text(width - LEFT, 13, f"{say_day(first)} – {say_day(last)}", anchor="end"),
    ]


def _marks(item: Item, scale: Scale, visit: bool) -> Iterable[str]:
    size = 5.0 if visit else 2.2
    before = scale.x(item.before.day) if item.before is not None else 0.0
    after = scale.x(item.after.day) if item.after is not None else 0.0
    if item.kind == "vanishes":
        return [_cross(before, BEFORE, size)]
    if item.kind == "appears":
        return [_diamond(after, AFTER, size + 1.5, "am-new")]
    if item.kind == "moves":
        joined = line(f"M{before:.1f} {BEFORE}L{after:.1f} {AFTER}", "am-move")
        return [joined, _dot(before, BEFORE, size, "am-was"), _dot(after, AFTER, size, "am-is")]
    if item.kind == "renewed":
        return [_dot(before, BEFORE, size, "am-same"), _square(after, AFTER, size, "am-is")]
    return [_dot(before, BEFORE, size, "am-same"), _dot(after, AFTER, size, "am-same")]


def _dot(x: float, y: float, r: float, css: str) -> str:
    return f'<circle class="{css}" cx="{x:.1f}" cy="{y}" r="{r}"/>'


def _square(x: float, y: float, r: float, css: str) -> str:
    return f'<rect class="{css}" x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r}" height="{2 * r}"/>'


def _diamond(x: float, y: float, r: float, css: str) -> str:
    return line(f"M{x:.1f} {y - r:.1f}L{x + r:.1f} {y}L{x:.1f} {y + r:.1f}L{x - r:.1f} {y}Z", css)


def _cross(x: float, y: float, r: float) -> str:
    r += 1
    return line(
        f"M{x - r:.1f} {y - r:.1f}L{x + r:.1f} {y + r:.1f}M{x + r:.1f} {y - r:.1f}L{x - r:.1f} {y + r:.1f}", "am-gone"
    )
