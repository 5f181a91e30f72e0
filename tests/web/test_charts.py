"""Drawings: gaps stay gaps, states differ by shape, nothing is styled inline."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from pro.domain.assessment import State
from pro.services.episodes import Point
from pro.services.standing import Cell
from pro.web import charts, strips

FIRST = date(2026, 4, 1)


def points(*values: int | None) -> list[Point]:
    return [Point(FIRST + timedelta(days=n), Decimal(v)) for n, v in enumerate(values) if v is not None]


def drawn(**more: object) -> str:
    values: dict[str, object] = {
        "points": points(3, 4, None, 5, 6),
        "missed": [FIRST + timedelta(days=2)],
        "first": FIRST,
        "last": FIRST + timedelta(days=20),
        "high": 10,
        "step": 2,
    }
    return charts.curve(charts.Curve(**(values | more)), "Worst pain", lambda day: f"{day:%d}")  # type: ignore[arg-type]


def path_of(svg: str, css: str) -> list[str]:
    return re.findall(rf'<path class="{css}" d="([^"]*)"', svg)


def test_a_missing_day_breaks_the_line_and_gets_a_cross() -> None:
    svg = drawn()
    assert path_of(svg, "s-main")[0].count("M") == 2
    assert path_of(svg, "s-pain")[-1].count("M") == 1
    assert svg.count("<circle") == 4


def test_flags_to_come_are_dashed_and_flares_are_hatched() -> None:
    svg = drawn(
        flags=[charts.Flag(FIRST, "Start", False), charts.Flag(FIRST + timedelta(days=14), "Week 2", True)],
        hatched=[charts.Hatched(FIRST, FIRST, "flare 1, to review")],
    )
    assert len(path_of(svg, "s-edge dashed")) == 1
    assert 'fill="url(#hatch)"' in svg
    assert "flare 1, to review" in svg


@pytest.mark.parametrize(
    ("item", "values", "scale"),
    [((0, 10), (3,), (10, 2)), ((0, 100), (3,), (100, 20)), ((0, 1440), (60,), (75, 15)), ((None, None), (2,), (5, 1))],
)
def test_scales_are_the_items_own_or_what_the_values_need(
    item: tuple[int | None, int | None], values: tuple[int], scale: tuple[int, int]
) -> None:
    low_high = tuple(None if bound is None else Decimal(bound) for bound in item)
    assert charts.scale_for(points(*values), low_high) == scale  # type: ignore[arg-type]


def test_every_state_has_a_shape_of_its_own() -> None:
    shapes = {state: strips.marks(state, [0.0], 0, 9.0) for state in State if state is not State.CANCELLED}
    distinct = {re.sub(r'class="[^"]*"', "", shape) for state, shape in shapes.items() if state is not State.BEGUN}
    assert len(distinct) == len(shapes) - 1
    assert strips.marks(State.CANCELLED, [0.0], 0, 9.0) == ""


def test_a_row_has_one_path_per_state_however_many_days() -> None:
    cells = [Cell(FIRST + timedelta(days=n), State.COMPLETED if n % 3 else State.MISSED) for n in range(60)]
    strip = strips.Strip("R-001", "/x", cells, Decimal("0.66"), "66.0 %", "40 of 60", True, 'a "note" & <more>')
    words = strips.Words("Calendar", "today", "80 %", "nothing closed yet")
    svg = strips.calendar([strip], FIRST, FIRST + timedelta(days=59), FIRST + timedelta(days=50), words, str)
    assert len(path_of(svg, "f-main")) == 1
    assert len(path_of(svg, "s-pain")) == 1
    assert f'viewBox="0 0 {strips.WIDTH} ' in svg
    long = strips.calendar([replace(strip, note="n" * 45)], FIRST, FIRST, FIRST, words, str)
    wide = re.search(r'viewBox="0 0 (\d+) ', str(long))
    assert wide is not None
    assert int(wide[1]) >= strips.NOTE + 45 * 6.5, "the longest note is not cut"
    assert "a &#34;note&#34; &amp; &lt;more&gt;" in svg
    assert re.search(r'<g aria-hidden="true"><text [^>]*>R-001<', str(svg)), "seen beside the bar, read once"


@pytest.mark.parametrize("days", [1, 40, 84, 300])
def test_the_window_holds_today_and_never_more_than_fits(days: int) -> None:
    last = FIRST + timedelta(days=days - 1)
    for today in (FIRST - timedelta(days=5), FIRST, FIRST + timedelta(days=days // 2), last + timedelta(days=100)):
        start, end = strips.window(FIRST, last, today)
        assert start <= end
        assert (end - start).days < strips.LONGEST
        if FIRST <= today <= last:
            assert start <= today <= end


def test_drawings_are_sound_xml_without_styles() -> None:
    words = strips.Words("<Calendar>", "today", "80 %", "nothing")
    for svg in (
        drawn(),
        charts.sparkline(points(1, None, 3), FIRST + timedelta(days=2), "R-001 & more"),
        charts.trend([Decimal("0.9"), None, Decimal("0.4")], "trend", "80 %"),
        charts.message_bar([(3, "f-main"), (0, "f-edge"), (1, "f-stop")], "4"),
        strips.calendar([], FIRST, FIRST, FIRST, words, str),
        strips.mark(State.LATE, "completed late"),
    ):
        ElementTree.fromstring(str(svg))
        assert "style=" not in svg
        assert "<title>" in svg


def test_nothing_to_draw_draws_nothing() -> None:
    assert charts.sparkline([], FIRST, "x") == ""
    assert charts.trend([Decimal(1)], "x", "80 %") == ""
    assert charts.message_bar([(0, "f-main")], "x") == ""
