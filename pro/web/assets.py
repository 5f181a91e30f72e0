"""Style and script that a page carries inside itself, made small once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from pro.web.headers import allow_script, allow_style
from pro.web.shrink import shrink_script, shrink_style

STATIC = Path(__file__).parent / "static"


@lru_cache
def style_text(*names: str) -> str:
    return shrink_style("\n".join((STATIC / name).read_text(encoding="utf-8") for name in names))


@lru_cache
def script_text(name: str) -> str:
    return shrink_script((STATIC / name).read_text(encoding="utf-8"))


def page_style(*names: str) -> Markup:
    """The style of the page in hand, allowed by its hash."""
    text = style_text("looks.css", "phone.css", *names)
    allow_style(text)
    return Markup(text)


def page_script(name: str) -> Markup:
    """A script of the page in hand, allowed by its hash."""
    text = script_text(name)
    allow_script(text)
    return Markup(text)
