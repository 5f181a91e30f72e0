"""A browser on a loaded machine is slow, not wrong.

`SLOWLY=static`, `page` or `post` in the environment makes the server hold back what is named by 0.8 s: a test that
measures a page before its styles are there, or reads an answer before it is kept, fails then and not once in a month.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

import flask
import pytest
from playwright.sync_api import expect

expect.set_options(timeout=15_000)

HELD_BACK = 0.8
"""Seconds."""


def kind(method: str, path: str) -> str:
    if method == "POST":
        return "post"
    return "static" if "/static/" in path else "page"


@pytest.fixture(autouse=True, scope="session")
def slowly() -> Iterable[None]:
    wanted = os.environ.get("SLOWLY")
    at_once = flask.Flask.wsgi_app

    def held_back(self: flask.Flask, environ: dict[str, str], start: object) -> object:
        if kind(environ["REQUEST_METHOD"], environ["PATH_INFO"]) == wanted:
            time.sleep(HELD_BACK)
        return at_once(self, environ, start)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        if wanted:
            patch.setattr(flask.Flask, "wsgi_app", held_back)
        yield
