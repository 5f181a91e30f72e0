"""Style and script that a page carries inside itself, made small once per process."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup
from rjsmin import jsmin

from pro.web.headers import allow_script, allow_style
from pro.web.shrink import only_used, shrink_style

HERE = Path(__file__).parent
SHEETS = ("looks.css", "phone.css", "questions.css", "long.css")
LATER = "later.css"
"""What a page that is led by script fetches after the first answer."""
_NAMED = re.compile(r'(?:extends|include|from) "([^"]+)"')


@lru_cache
def style_text(template: str, scripts: tuple[str, ...] = ()) -> str:
    """What of the phone's style a page made from this template and these scripts can use."""
    sheets = "\n".join(_static(name) for name in (SHEETS if scripts else (*SHEETS, LATER)))
    sources = [_sources(template), *(_static(name) for name in scripts)]
    return only_used(shrink_style(sheets), "\n".join(sources))


def _sources(template: str) -> str:
    """The template with all the templates it draws on."""
    text = (HERE / "templates" / template).read_text(encoding="utf-8")
    return "\n".join((text, "main html body svg", *(_sources(found[1]) for found in _NAMED.finditer(text))))


@lru_cache
def _static(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


@lru_cache
def static_address(name: str) -> str:
    """Where a file of ours is; the address changes with it, so that a browser may keep it."""
    return f"/static/{name}?v={sha256(_static(name).encode()).hexdigest()[:8]}"


@lru_cache
def script_text(*names: str) -> str:
    return "\n".join(jsmin(_static(name)) for name in names)


def page_style(template: str, scripts: tuple[str, ...] = ()) -> Markup:
    """The style of the page in hand, allowed by its hash."""
    text = style_text(template, scripts)
    allow_style(text)
    return Markup(text)


def page_script(*names: str) -> Markup:
    """A script of the page in hand, allowed by its hash."""
    text = script_text(*names)
    allow_script(text)
    return Markup(text)


STYLED = ("phone.js", "line.js", "later.js", "joints.js")
LONG = "long.js"


def scripts_of(*, has_line: bool, long: bool) -> tuple[str, ...]:
    """What leads the questions."""
    return ("line.js",) * has_line + (LONG,) * long + ("phone.js",)


def styled(*, long: bool) -> tuple[str, ...]:
    """The scripts whose elements a page of questions must style."""
    return (*STYLED, LONG) if long else STYLED


def style_of_start(template: str, *, long: bool) -> Markup:
    """The style of a page that brings the questions in when its form is sent; lets it run them."""
    for has_line in (False, True):
        for more in {False, long}:
            allow_script(script_text(*scripts_of(has_line=has_line, long=more)))
    return page_style(template, styled(long=long))
