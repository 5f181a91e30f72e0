"""The front door: what this is, and where a patient or a member of staff goes on."""

from __future__ import annotations

from flask import Blueprint

from pro.web.parts import current_parts
from pro.web.phone import page, wanted_language

blueprint = Blueprint("door", __name__)


@blueprint.get("/")
def door() -> str:
    return page("phone/door.html", wanted_language(), None, current_parts().settings.demo)
