"""The protocol's page: what one patient lives through, before anybody does."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from pro.services import previewing
from pro.services.access import Right
from pro.web.desk.frame import blueprint
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who


@blueprint.get("/protocol")
@needs(Right.SEE_PROTOCOL)
def protocol() -> ResponseReturnValue:
    offered = previewing.offered(current_parts(), who(), moment())
    asked = request.args.get("protocol", "")
    chosen = next(
        (one for one in offered.choices if f"{one.protocol.id} {one.protocol.version}" == asked), offered.first
    )
    return render_template("desk/protocol.html", active="protocol", offered=offered, chosen=chosen)
