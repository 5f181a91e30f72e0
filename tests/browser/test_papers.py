"""The pages that commands write as files, at a telephone's width: nothing stands empty, nothing is cut unsaid."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect

from pro.cli import main
from pro.rehearsal.page import html
from pro.rehearsal.report import Asked, Document
from pro.rehearsal.run import rehearse
from pro.web.words import LANGUAGES, say
from tests.axe import findings
from tests.factories import the_library

CUT = """() => [...document.querySelectorAll("svg text")].filter(one => {
  const box = one.getBoundingClientRect(), drawing = one.ownerSVGElement.getBoundingClientRect()
  return box.width && (box.left < drawing.left - 1 || box.right > drawing.right + 1)
}).map(one => one.textContent)"""


SMALL = """() => [...document.querySelectorAll("svg text, .shares span")].filter(one => {
  const drawing = one.ownerSVGElement
  const scale = drawing ? drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width : 1
  return one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) * scale < 11
}).map(one => one.textContent)"""
"""Labels under eleven pixels."""
TOUCHING = """() => [...document.querySelectorAll(".bars")].flatMap(drawing => {
  const shown = [...drawing.querySelectorAll("text")].filter(one => one.checkVisibility())
  const boxes = shown.map(one => one.getBoundingClientRect())
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
  return shown.filter((_, n) => boxes.some((box, m) => m < n && over(box, boxes[n]))).map(one => one.textContent)
})"""


def narrow(browser: Browser, file: Path) -> Page:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_calendars_grid_goes_with_its_heading(browser: Browser, tmp_path: Path, language: str) -> None:
    file = tmp_path / "calendar.html"
    call = "protocol calendar thera-demo --day0 2026-10-05 --zone Europe/Paris"
    assert CliRunner().invoke(main, [*call.split(), "--language", language, "--html", str(file)]).exit_code == 0
    page = narrow(browser, file)
    assert page.locator("h2:visible").first.get_attribute("id") == "days"
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#calendar")).to_be_visible()
    expect(page.locator(".month")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(media="print")
    expect(page.locator("#calendar")).to_be_visible()
    expect(page.locator(".month")).to_be_visible()
    page.close()


@pytest.fixture(scope="module")
def played() -> Document:
    asked = Asked(the_library().latest_protocol("thera-demo"), 2, 1, date(2026, 3, 2), 1, None, 2)
    found = rehearse(asked, processes=1)
    found["messages"]["per_hour"]["18"] = 8500
    found["messages"]["per_day"] |= {f"2026-{month:02}-{day:02}": 9 for month in range(3, 7) for day in range(1, 31)}
    found["flares"]["weeks"] = [{"week": 1, "site": "A", "episodes": 3}]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rehearsal_is_read_on_a_telephone(browser: Browser, tmp_path: Path, played: Document, language: str) -> None:
    file = tmp_path / "rehearsal.html"
    file.write_text(html(played), "utf-8")
    page = narrow(browser, file)
    page.locator(f"label[for=pick-{language}]").click()
    assert page.evaluate(CUT) == []
    assert (page.evaluate(SMALL), page.evaluate(TOUCHING)) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    wide = page.locator(".wide:visible")
    hidden = [one for one in wide.all() if one.evaluate("one => one.scrollWidth > one.clientWidth")]
    assert len(hidden) >= 2
    for one in hidden:
        assert "local" in one.evaluate("one => getComputedStyle(one).backgroundAttachment")
        expect(one.locator("xpath=preceding-sibling::p[1]")).to_have_text(say("rehearsal.slide", language))
    assert page.locator("summary:visible").all_inner_texts() == [say("rehearsal.as_table", language)] * 2
    assert findings(page) == []
    page.close()
