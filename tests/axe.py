"""What axe finds on a page, and what of a long page its colours have to be looked at."""

from __future__ import annotations

from collections.abc import Mapping

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WANTED = ("serious", "critical")
COLOURS = ("color-contrast", "link-in-text-block")
"""Rules that look at every word's colours, and take nearly all of the time."""

RUN = """async options => {
  const found = await axe.run({...options, resultTypes: ["violations"], preload: false})
  return found.violations.flatMap(one => one.nodes.map(node => [one.id, one.impact, node.html.slice(0, 120)]))
}"""
THIN = """() => {
  const said = ["class", "style", "role", "hidden", "disabled", "open", "aria-current"]
  const shape = one => one.tagName + said.map(name => one.getAttribute(name)) + "(" + [...one.children].map(shape) + ")"
  for (const parent of document.querySelectorAll("body *:not(tr, svg *)")) {
    const seen = {}
    for (const child of [...parent.children]) {
      const one = shape(child)
      seen[one] = (seen[one] || 0) + 1
      if (seen[one] > 3) child.remove()
    }
  }
}"""
"""Leaves three of those that follow each other in a list and have the same elements, classes and states."""


def findings(page: Page) -> list[str]:
    """What is serious or critical on the page, a line each."""
    return _run(page, {})


def findings_and_leave(page: Page, *, colours_alone: bool = False) -> list[str]:
    """The same for a page that is gone from afterwards: of rows that look alike the colours of three are looked at.

    Another colour scheme changes nothing but colours.
    """
    every = [] if colours_alone else _run(page, {"rules": {rule: {"enabled": False} for rule in COLOURS}})
    page.evaluate(THIN)
    return every + _run(page, {"runOnly": list(COLOURS)})


def _run(page: Page, options: Mapping[str, object]) -> list[str]:
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(RUN, options)
    return [f"{page.url} {rule} ({impact}): {html}" for rule, impact, html in found if impact in WANTED]
