"""For proxies and alarms: is this process alive, and is the service well."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from pro.services import health
from pro.web.parts import current_parts, moment

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> ResponseReturnValue:
    alive = health.is_alive(current_parts())
    return jsonify(status="ok" if alive else "a database does not answer"), 200 if alive else 503


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    found = health.look(current_parts(), moment())
    body = {"status": "ok" if found.ok else "needs a look", "problems": list(found.problems), **found.facts}
    return jsonify(body), 200 if found.ok else 503
