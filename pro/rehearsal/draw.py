"""Drawings of a rehearsal's figures as SVG text; a table beside each holds the same numbers."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from pro.web.charts import line, svg, text

WIDTH, HEIGHT, BOTTOM, TOP = 720, 208, 168, 20


def bars(values: Sequence[tuple[str, int]], title: str, every: int = 1) -> Markup:
    """One bar a value, with a name under every so many of them; where there is little room, under every second of those."""
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
            css = "lab" if place % (2 * every) == 0 else "lab second"
            at, anchor = (left, "start") if not place else (x + step / 2, "end" if x > WIDTH - 70 else "middle")
            body.append(text(at, BOTTOM + 28, name, css, anchor))
    return svg(WIDTH, HEIGHT, title, body, "bars")


def shares(rows: Sequence[tuple[str, Sequence[tuple[int, str]]]], title: str) -> Markup:
    """A stacked bar a row: what was completed, late, partial, missed. The names are text beside it, never scaled down."""
    drawn = "".join(f"<li><span>{escape(name)}</span>{_stacked(parts)}</li>" for name, parts in rows)
    return Markup(f'<ul class="shares" aria-label="{escape(title)}">{drawn}</ul>')


def _stacked(parts: Sequence[tuple[int, str]]) -> str:
    total, x, body = sum(n for n, _ in parts), 0.0, ""
    for n, css in parts:
        width = 1000 * n / total if total else 0
        body += f'<rect class="{css}" x="{x:.1f}" y="0" width="{width:.1f}" height="20"/>'
        x += width
    return f'<svg viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">{body}</svg>'


def _top(most: int) -> int:
    """A round number at or over the highest bar."""
    unit = int(10 ** max(0, len(str(most)) - 1))
    return next(unit * n // 2 for n in range(2, 21) if unit * n // 2 >= most)


def _left(most: int) -> int:
    """Room for the figures of the grid as a telephone's width shows them, 29 units high."""
    return 14 + 18 * max(2, len(str(_top(most))))


def _grid(most: int, left: int) -> list[str]:
    top = _top(most)
    body = []
    for value in sorted({0, top // 2, top}):
        y = BOTTOM - (BOTTOM - TOP) * value / top
        body.append(line(f"M{left} {y:.1f}H{WIDTH - 8}", "s-line"))
        body.append(text(left - 6, y + 4, str(value), "lab num", "end"))
    return body
