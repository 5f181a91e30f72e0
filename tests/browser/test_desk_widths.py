"""The first screen of the desk at three widths: nothing stands over anything, no wording is cut."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

import pro.web
from pro.services.episodes import Point
from pro.web import charts
from tests.browser.running import enter
from tests.demonstration import Running

LONGEST = {"en": "overdue since Wed 24 Sept 18:09", "fr": "en retard depuis mer. 24 sept. 18\u202fh\u202f09"}
WIDTHS = (1280, 1440, 390)
ROWS = """(longest) => [...document.querySelectorAll(".tasks li")].map(row => {
  const chip = row.querySelector(".chip"), button = row.querySelector(".b")
  chip.lastChild.textContent = longest
  const a = chip.getBoundingClientRect(), b = button.getBoundingClientRect()
  return {
    apart: a.right <= b.left || a.bottom <= b.top,
    button_cut: button.scrollWidth > button.clientWidth,
    chip_cut: chip.scrollWidth > chip.clientWidth,
    button_lines: Math.round((b.height - 20) / 19),
    chip_high: a.height > 48,
  }
})"""
NEWEST = """() => {
  const box = document.querySelector(".scroll:has(> .strip)"), edge = box.getBoundingClientRect().right
  const ends = [...box.querySelectorAll("text")].filter(one => / ?%$/.test(one.textContent) && one.matches(".strong"))
  return [box.scrollLeft, Math.max(...ends.map(one => one.getBoundingClientRect().right)) - edge]
}"""
WELL: dict[str, Any] = {
    "apart": True,
    "button_cut": False,
    "chip_cut": False,
    "button_lines": 1,
    "chip_high": False,
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_due_time_keeps_clear_of_its_button(demonstration: Running, browser: Browser, language: str) -> None:
    page = browser.new_page()
    page.goto(f"{demonstration.address}/demo?lang={language}")
    for _ in range(2):
        with page.expect_navigation():
            page.locator("button[value='1 day'], button", has_text="+ 1").last.click()
    page.goto(f"{demonstration.address}/staff/?lang={language}")
    page.fill("input[name=login]", "legoff")
    page.fill("input[name=password]", "demonstration")
    enter(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        rows = page.evaluate(ROWS, LONGEST[language])
        assert len(rows) >= 2
        assert rows == [WELL] * len(rows), width
    assert page.evaluate("document.querySelector('.top').offsetHeight") < 110, "two rows at the width of a telephone"
    page.goto(f"{demonstration.address}/staff/compliance")
    left, right = page.evaluate(NEWEST)
    assert left > 0, "the calendar opens at today"
    assert -60 <= right <= 1, "and shows the percentages, at its edge"
    below = page.locator(".pinched li")
    noted = page.locator('.strip > text[x="1040.0"]').all_text_contents()
    assert below.evaluate_all("all => all.map(one => one.lastChild.textContent.trim())") == [
        one for one in noted if one
    ]
    assert below.first.is_visible(), "the notes, which the drawing shows further right"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not below.first.is_visible()
    assert (
        page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.scroll:has(> .strip)'))")
        <= 0
    )


@pytest.mark.parametrize("days", [1, 12, 45])
def test_a_curve_opens_with_its_newest_recorded_day_in_sight(browser: Browser, days: int) -> None:
    """A patient of one day has a fortnight ahead on the drawing: a telephone showed nothing but that."""
    static, first = Path(pro.web.__file__).parent / "static", date(2026, 4, 14)
    points = [Point(first + timedelta(days=n), Decimal(4)) for n in range(days)]
    drawn = charts.Curve(points, (), first, points[-1].day + timedelta(days=16), 10, 2)
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.set_content(f'<div class="scroll">{charts.curve(drawn, "Pain", str)}</div>')
    for name in ("looks.css", "desk.css"):
        page.add_style_tag(content=(static / name).read_text())
    page.add_script_tag(content=(static / "desk.js").read_text())
    right = page.evaluate("document.querySelector('circle:last-of-type').getBoundingClientRect().right")
    assert page.evaluate("document.querySelector('.scroll').scrollWidth") > 500, "wider than the screen"
    assert 0 < right < 340
    page.close()
