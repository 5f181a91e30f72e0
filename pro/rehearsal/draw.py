"""Drawings of a rehearsal's figures as SVG text; a table beside each holds the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from pro.web.charts import line, svg, text

WIDTH, HEIGHT, BOTTOM, TOP = 720, 200, 168, 14


def bars(values: Sequence[tuple[str, int]], title: str, every: int = 1) -> Markup:
    """One bar a value, with a name under every so many of them."""
    most = max((n for _, n in values), default=0)
    if not most:
        return Markup("")
    left = _left(most)
    step = (WIDTH - left - 8) / len(values)
    body = [*_grid(most, left)]
    for place, (name, n) in enumerate(values):
        x, height = left + place * step, (BOTTOM - TOP) * n / _top(most)
        body.append(
            f'<rect class="f-main" x="{x + step * 0.12:.1f}" y="{BOTTOM - height:.1f}" '
            f'width="{max(1.0, step * 0.76):.1f}" height="{height:.1f}"/>'
        )
        if place % every == 0:
            body.append(text(x + step / 2, BOTTOM + 18, name, "lab", "middle"))
    return svg(WIDTH, HEIGHT, title, body, "bars")


def shares(rows: Sequence[tuple[str, Sequence[tuple[int, str]]]], title: str) -> Markup:
    """A stacked bar a row: what was completed, late, partial, missed."""
    body, height = [], 30 * len(rows) + 10
    for place, (name, parts) in enumerate(rows):
        total, x, y = sum(n for n, _ in parts), 188.0, 6 + 30 * place
        body.append(text(0, y + 15, name, "lab"))
        for n, css in parts:
            width = (WIDTH - 196) * n / total if total else 0
            body.append(f'<rect class="{css}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="20"/>')
            x += width
    return svg(WIDTH, height, title, body, "shares")


def _top(most: int) -> int:
    """A round number at or over the highest bar."""
    unit = int(10 ** max(0, len(str(most)) - 1))
    return next(unit * n // 2 for n in range(2, 21) if unit * n // 2 >= most)


def _left(most: int) -> int:
    """Room for the figures of the grid as a telephone's width shows them, 22 units high."""
    return 14 + 13 * max(2, len(str(_top(most))))


def _grid(most: int, left: int) -> list[str]:
    top = _top(most)
    body = []
    for value in sorted({0, top // 2, top}):
        y = BOTTOM - (BOTTOM - TOP) * value / top
        body.append(line(f"M{left} {y:.1f}H{WIDTH - 8}", "s-line"))
        body.append(text(left - 6, y + 4, str(value), "lab num", "end"))
    return body
