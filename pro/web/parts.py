"""What a request works with: the joined parts and one reading of both clocks."""

from __future__ import annotations

from typing import cast

from flask import current_app, g

from pro.clock import Moment
from pro.services.parts import Parts


def current_parts() -> Parts:
    return cast(Parts, current_app.extensions["pro"])


def moment() -> Moment:
    """One reading per request, so that a page agrees with itself."""
    if "moment" not in g:
        g.moment = current_parts().clock.now()
    return cast(Moment, g.moment)
