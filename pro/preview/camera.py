"""A patient's way through the pages with a real browser, and a picture of every screen on it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, sync_playwright

from pro.domain.answers import NUMBERS, WHOLE_NUMBERS
from pro.domain.paths import Path as Way
from pro.domain.questionnaire import Item, Kind, Questionnaire, Value
from pro.preview.stage import Stage

WIDTH, HEIGHT = 360, 740
PATIENCE = 150
"""Tenths of a second that a screen may take to come; a loaded machine is slow, not wrong."""

_WHERE = """() => {
  const seen = id => { const one = document.getElementById(id); return one && !one.hidden && one.offsetParent !== null };
  if (seen("review") || seen("urgent")) return seen("review") ? "review" : "urgent";
  const all = [...document.querySelectorAll("form#asked > section, section[id^='part-']")];
  const now = all.find(one => !one.hidden && one.offsetParent !== null);
  return now ? now.id : "";
}"""


class Unphotographed(RuntimeError):
    """The pages did not go where the questionnaire says they go."""


@dataclass(frozen=True, slots=True)
class Shot:
    normal: bytes
    """JPEG at phone width, two dots to a point."""
    large: bytes
    """The same screen with text at 200 %."""


@dataclass(slots=True)
class Film:
    browser: str = ""
    screens: dict[str, Shot] = field(default_factory=dict)
    """Item key → its screen before an answer; and `start`, `review-1` …, `thanks`, `part-…`."""
    messages: dict[str, Shot] = field(default_factory=dict)
    """`pain.no-answer`, `weight.too-high` → the screen with the message."""


def chromium() -> str | None:
    """Where the system's browser is."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def browser_at(path: str) -> Iterator[Browser]:
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if as_root else [])
        try:
            yield browser
        finally:
            browser.close()


def film(
    browser: Browser,
    stage: Stage,
    questionnaire: Questionnaire,
    language: str,
    ways: tuple[Way, ...],
    say: Callable[[str], None],
) -> Film:
    """Walks every way on a phone of its own; each screen is photographed the first time it stands there."""
    made = Film(browser.version)
    for n, way in enumerate(ways, start=1):
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, locale=language, device_scale_factor=2, reduced_motion="reduce"
        )
        context.set_default_timeout(30_000)
        walk = _Walk(context.new_page(), made, questionnaire, say)
        walk.go(stage.link(n, language), way, n)
        context.close()
    return made


class _Walk:
    def __init__(self, page: Page, made: Film, questionnaire: Questionnaire, say: Callable[[str], None]) -> None:
        self.page = page
        self.made = made
        self.questionnaire = questionnaire
        self.items: Mapping[str, Item] = {f"{questionnaire.id}.{item.key}": item for item in questionnaire.items}
        self.say = say
        self.complained = {self.items[f"{questionnaire.id}.{name.partition('.')[0]}"].kind for name in made.messages}

    def go(self, link: str, way: Way, n: int) -> None:
        self.page.goto(link)
        if n == 1:
            self.made.screens["start"] = self._shot("start")
        self.page.locator("button[name=start]").first.click()
        here, seen = self._after(""), []
        while here != "review":
            seen += [self.items[here].key] if here in self.items else []
            here = self._pass(here, way)
        if tuple(seen) != way.shown:
            raise Unphotographed(f"the pages asked {', '.join(seen)}; expected were {', '.join(way.shown)}")
        self.made.screens[f"review-{n}"] = self._shot(f"review {n}")
        if n == 1:
            self._send()

    def _pass(self, here: str, way: Way) -> str:
        item = self.items.get(here)
        if item is None:
            self._once(here, here)
            self.page.locator("button[name=on]:visible, button[name=go-on]:visible").first.click()
            return self._after(here)
        if item.key not in way.answers:
            raise Unphotographed(f"{item.key} shows on a way where its condition does not hold")
        if item.key not in self.made.screens:
            self.made.screens[item.key] = self._shot(item.key)
            self._messages(here, item)
        self._answer(here, item, way.answers[item.key])
        self._next()
        return self._after(here)

    def _once(self, name: str, what: str) -> None:
        if name not in self.made.screens:
            self.made.screens[name] = self._shot(what)

    def _send(self) -> None:
        self.page.locator("button[name=send]:visible").click()
        self.page.locator("#receipt").first.wait_for()
        self.made.screens["thanks"] = self._shot("thanks")

    def _next(self) -> None:
        self.page.locator("button[name=next]:visible").click()

    def _after(self, before: str) -> str:
        for _ in range(PATIENCE):
            here = self.page.evaluate(_WHERE)
            if here and here != before:
                return str(here)
            self.page.wait_for_timeout(100)
        raise Unphotographed(f"after {before or 'the start'} no other screen came")

    # --- messages

    def _messages(self, here: str, item: Item) -> None:
        """What is said when nothing was given, once for each kind, and when a number is too high."""
        if item.kind not in self.complained:
            self.complained.add(item.kind)
            self._message(here, f"{item.key}.no-answer")
        if item.kind in (Kind.INTEGER, Kind.DECIMAL) and item.high is not None:
            self.page.locator(_field(here)).fill(str(int(item.high) + 1))
            self._message(here, f"{item.key}.too-high")
            self.page.locator(_field(here)).fill("")

    def _message(self, here: str, name: str) -> None:
        self._next()
        self.page.locator(f'[id="{here}"] .error').first.wait_for()
        self.made.messages[name] = self._shot(name)

    # --- answering

    def _answer(self, here: str, item: Item, value: Value) -> None:
        if item.kind is Kind.VAS:
            self._slide(here, value)
        elif item.kind in (Kind.YES_NO, Kind.ONE, Kind.SEVERAL, Kind.JOINTS, Kind.RATING):
            for name, text in _boxes(here, value):
                self.page.locator(f'input[name="{name}"][value="{text}"]').evaluate("one => one.click()")
        else:
            self.page.locator(_field(here)).fill(_typed(item, value))

    def _slide(self, here: str, value: Value) -> None:
        line = self.page.locator(f'[id="{here}"] [role=slider]')
        line.press("Home")
        tens, ones = divmod(int(str(value)), 10)
        for key in ["PageUp"] * tens + ["ArrowRight"] * ones:
            line.press(key)

    # --- pictures

    def _shot(self, what: str) -> Shot:
        self.say(what)
        self.page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0) }")
        normal = self.page.screenshot(full_page=True, animations="disabled", type="jpeg", quality=85)
        self.page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
        large = self.page.screenshot(full_page=True, animations="disabled", type="jpeg", quality=85)
        self.page.evaluate("() => { document.documentElement.style.fontSize = '' }")
        return Shot(normal, large)


def _field(here: str) -> str:
    return f'input[name="{here}"]'


def _boxes(here: str, value: Value) -> list[tuple[str, str]]:
    if value == ():
        return [(f"{here}.none", "y")]
    if isinstance(value, tuple):
        return [(here, each) for each in value]
    return [(here, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value))]


def _typed(item: Item, value: Value) -> str:
    return str(value) if item.kind in WHOLE_NUMBERS or item.kind not in NUMBERS else f"{value:f}"
