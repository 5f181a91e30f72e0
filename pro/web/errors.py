"""What stands on a page where something went wrong: what it is and what to do, never a traceback.

Scripts and providers get the same in one line of text.
"""

from __future__ import annotations

import logging

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from pro.faults import place_of
from pro.web.parts import current_parts
from pro.web.phone import page, wanted_language

log = logging.getLogger(__name__)

KNOWN = {400: "sent-wrong", 403: "refused", 404: "not-there", 405: "not-there", 413: "too-large"}
PLAIN = ("/hooks/", "/healthz", "/livez", "/d/save")


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, known)
    app.register_error_handler(Exception, _unknown)


def known(error: HTTPException) -> ResponseReturnValue:
    """The page of an error that has a status of its own."""
    if error.code is None or error.code < 400:
        return error
    return _answer(error.code, KNOWN.get(error.code, "broken"), error.description or error.name)


def _unknown(error: Exception) -> ResponseReturnValue:
    """The log says where it happened; neither it nor the page says whose answers were in hand."""
    log.error("%s on %s", place_of(error), request.endpoint)
    return _answer(500, "broken", "something broke here; it is in the log")


def _answer(code: int, what: str, line: str) -> ResponseReturnValue:
    if request.path.startswith(PLAIN) or not request.accept_mimetypes.accept_html:
        return f"{line}\n", code, {"Content-Type": "text/plain; charset=utf-8"}
    return page("phone/error.html", wanted_language(), None, current_parts().settings.demo, what=what), code
