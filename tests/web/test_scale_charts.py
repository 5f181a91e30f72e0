"""Small drawings of scales: a missing visit breaks the line, a cut-off lies where its value does."""

from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pro.web.scale_charts import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Cut, Drawn, Mark, chart, spark

TICKS = [(0, "D0"), (14, "W2"), (28, "W4"), (56, "W8"), (84, "W12")]


def mark(offset: int, value: int | None, gone: bool = False) -> Mark:
    return Mark(offset, None if value is None else Decimal(value), "" if value is None else str(value), gone)


def drawn(*marks: Mark, **more: object) -> Drawn:
    return Drawn(marks, TICKS, Decimal(0), Decimal(100), ("0", "100"), **more)  # type: ignore[arg-type]


def curve_of(svg: str) -> str:
    found = re.search(r'class="s-main" d="([^"]*)"', svg)
    return found[1] if found else ""


def test_a_missing_visit_breaks_the_line_and_gets_a_cross() -> None:
    svg = chart(drawn(mark(0, 71), mark(14, None, gone=True), mark(28, 38), mark(56, 30), mark(84, None)), "t")
    assert re.sub(r"[0-9. ]", "", curve_of(svg)) == "MML"
    assert svg.count("<circle") == 3
    crosses = re.search(r'class="s-pain" d="([^"]*)"', svg)
    assert crosses is not None
    assert crosses[1].count("M") == 1, "what is to come is no cross"


def test_visits_lie_on_one_axis_by_their_days() -> None:
    svg = chart(drawn(mark(0, 0), mark(84, 100)), "t")
    assert curve_of(svg) == f"M{LEFT}.0 {BOTTOM}.0L{WIDTH - RIGHT}.0 {TOP}.0"
    half = chart(drawn(mark(42, 50)), "t")
    assert f'cx="{(LEFT + WIDTH - RIGHT) / 2:.1f}" cy="{(BOTTOM + TOP) / 2:.1f}"' in half


@given(st.integers(0, 100))
def test_the_line_lies_where_a_value_of_it_would(value: int) -> None:
    svg = chart(drawn(mark(0, value), cuts=[Cut(Decimal(value), str(value))]), "t")
    dot = re.search(r'cy="([0-9.]+)"', svg)
    line = re.search(r'class="s-edge dashed hair" d="M\d+ ([0-9.]+)H', svg)
    assert dot is not None
    assert line is not None
    assert dot[1] == line[1]


def test_zones_have_their_names_and_meet_at_the_cuts() -> None:
    cuts = [Cut(Decimal(26), "2.6"), Cut(Decimal(32), "3.2"), Cut(Decimal(51), "5.1")]
    svg = chart(drawn(mark(0, 40), cuts=cuts, zones=["remission", "low", "moderate", "high"]), "t")
    assert all(f">{name}<" in svg for name in ("remission", "low", "moderate", "high"))
    lines = re.findall(r'class="s-edge dashed hair" d="M\d+ ([0-9.]+)H', svg)
    tops = [
        (float(y), float(y) + float(h))
        for y, h in re.findall(r'class="zone"[^>]* y="([0-9.]+)"[^>]*height="([0-9.]+)"', svg)
    ]
    assert [f"{top:.1f}" for top, _ in tops] == [lines[0], lines[2]]
    assert abs(tops[1][1] - float(lines[1])) < 0.11


def test_the_drawing_says_in_words_what_it_shows() -> None:
    for svg in (chart(drawn(mark(0, 71)), "Pain: day 0 71 <b>"), spark(drawn(mark(0, 71)), "Pain: day 0 71 <b>")):
        assert "<title>Pain: day 0 71 &lt;b&gt;</title>" in svg
        assert 'role="img"' in svg
        assert "style=" not in svg


def test_a_value_beyond_the_ends_stays_in_the_drawing() -> None:
    assert f'cy="{TOP}.0"' in chart(drawn(mark(0, 400)), "t")
