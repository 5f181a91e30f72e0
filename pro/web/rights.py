"""What a staff route asks of whoever calls it: a declared right, and the site of the object.

Every route below `/staff/` is marked by `needs` or `open_to_all`; a test walks the route table and fails on one
without a mark. An object of another site is answered as one that is not there, and the attempt is noted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import abort, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from pro.services import access
from pro.services.access import Identity, Right
from pro.web.parts import current_parts, moment

View = TypeVar("View", bound=Callable[..., Any])
MARK = "__right__"
OPEN = "open"


def needs(right: Right) -> Callable[[View], View]:
    """The route is for signed-in staff with this right somewhere; `site_of` then asks for the object's site."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            identity = signed_in()
            if identity is None:
                return to_sign_in()
            if not identity.may(right):
                access.refuse(current_parts(), identity, request.path, right, moment())
                return make_response(render_template("desk/refused.html"), 403)
            g.right = right
            return view(*args, **kwargs)

        setattr(guarded, MARK, right)
        return cast(View, guarded)

    return mark


def open_to_all(view: View) -> View:
    """The route asks for no right, on purpose."""
    setattr(view, MARK, OPEN)
    return view


def right_of(view: object) -> Right | str | None:
    """What the route declared; None when it declared nothing."""
    return getattr(view, MARK, None)


def cookie_name() -> str:
    return "__Host-staff" if current_parts().settings.https else "staff"


def signed_in() -> Identity | None:
    """Whoever calls, looked up once per request."""
    if "identity" not in g:
        g.identity = access.staff_of(current_parts(), request.cookies.get(cookie_name(), ""), moment())
    return cast("Identity | None", g.identity)


def who_or_none() -> Identity | None:
    """Whoever is signed in; nobody on an error page outside a request to the desk."""
    return signed_in()


def who() -> Identity:
    """The signed-in member of staff, on a route that `needs` a right."""
    identity = signed_in()
    assert identity is not None
    return identity


def site_of(site_id: int | None, what: str, right: Right | None = None) -> None:
    """Goes on when the right (the route's own unless named) holds at the object's site; else it is not found.

    Call it with None for an object that does not exist: both look the same from outside.
    """
    wanted: Right = right or g.right
    if site_id is not None and who().may(wanted, site_id):
        return
    if site_id is not None:
        access.refuse(current_parts(), who(), what, wanted, moment())
    abort(404)


LONGEST_KEPT = 2500
"""Characters kept of a form whose session ran out: they travel in a cookie."""
NEVER_KEPT = frozenset({"csrf_token", "page", "password", "name", "phone"})
"""A cookie lies readable on the machine: no person's name or number in it."""


def to_sign_in() -> Response:
    """Sign-in, and back to the page that was asked for; what was typed on its form is kept."""
    asked = request.full_path.rstrip("?")
    if request.method == "POST":
        asked = own_page(request.form.get("page")).rstrip("?")
        fields = {key: values for key, values in request.form.to_dict(flat=False).items() if key not in NEVER_KEPT}
        if "page" in request.form and sum(len(value) for values in fields.values() for value in values) <= LONGEST_KEPT:
            session["kept"] = {"page": asked, "fields": fields}
    after = asked if asked != url_for("staff.door") else None
    return redirect(url_for("staff.door", after=after), 303)


def own_page(address: str | None) -> str:
    """`address` when it is a page of the desk, else the desk's first page: no open redirect."""
    start, asked = url_for("staff.door"), address or ""
    try:
        parts = urlsplit(asked)
    except ValueError:
        return start
    if parts.scheme or parts.netloc or not parts.path.startswith(start) or "\\" in asked or not asked.isprintable():
        return start
    return asked
