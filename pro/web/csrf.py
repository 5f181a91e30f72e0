"""Protection of posts: Flask-WTF's token for forms, a token of the phone's session for what its script sends."""

from __future__ import annotations

import hmac
from hashlib import sha256

from flask import Flask, Request, abort, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

from pro.web.parts import current_parts

guard = CSRFProtect()
TOKEN = "X-Pro-Token"
SAFE = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask) -> None:
    app.session_interface = FormSessions()
    app.before_request(_refuse_other_sites)
    guard.init_app(app)


def _refuse_other_sites() -> None:
    """Beside the tokens, and in place of a Referer, which some phones never send; scripts have their own answer."""
    by_person = request.headers.get("Sec-Fetch-Site") == "none"  # such as by opening the browser again
    if request.method in SAFE or TOKEN in request.headers or by_person:
        return
    if not _is_same_origin(request):
        abort(400, "this was sent from another site")


class FormSessions(SecureCookieSessionInterface):
    """The forms' signed cookie; not opened for what the phone's script sends, which carries a token of its own."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return self.session_class() if TOKEN in request.headers else super().open_session(app, request)


def script_token(session_token: str) -> str:
    """What the phone's script shows with each save: it holds as long as the session, so that no diary goes stale."""
    secret = current_parts().settings.secret_key.encode()
    return hmac.new(secret, b"phone " + session_token.encode(), sha256).hexdigest()[:32]


def is_own_script(request: Request, session_token: str) -> bool:
    """Whether a post comes from our own page on this phone."""
    return _is_own(request, request.headers.get(TOKEN, ""), session_token)


def is_own_form(request: Request, session_token: str) -> bool:
    """The same for a form of a page that the script brought in: it shows the script's token in a field."""
    return _is_own(request, request.form.get("token", ""), session_token)


def _is_own(request: Request, shown: str, session_token: str) -> bool:
    return hmac.compare_digest(shown.encode(), script_token(session_token).encode()) and _is_same_origin(request)


def _is_same_origin(request: Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    own = {request.host_url.rstrip("/"), current_parts().settings.public_url, current_app.config.get("PRO_ORIGIN")}
    return origin is None or origin in own
