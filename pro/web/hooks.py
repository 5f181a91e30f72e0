"""Where the provider calls us: receipts, and texts that patients send. No page, no cookie, no number in any log.

The signature stands over the address as the provider knows it, so it is put together from `PRO_PUBLIC_URL` and the
request line as it came; what the framework makes of the address is decoded and may differ.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, request

from pro.services import inbound, settling
from pro.web.asked import row_number_or_none
from pro.web.csrf import guard
from pro.web.parts import current_parts, moment

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks/twilio")
guard.exempt(blueprint)
log = logging.getLogger(__name__)

NOBODYS = 0
"""No message has this number."""
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NOTHING_TO_SAY = f"{HEAD}<Response/>"


@blueprint.before_request
def check_signature() -> None:
    """Whoever is not the provider gets one line, and nothing is read from the form."""
    parts = current_parts()
    form = request.form.to_dict()
    if not parts.sender.verify_receipt(signed_address(), form, request.headers.get("X-Twilio-Signature")):
        log.warning("a call of %s without a valid signature was refused", request.endpoint)
        abort(Response("The signature does not fit this address and form.\n", 403, content_type="text/plain"))


@blueprint.post("/status/<message_id>")
def status(message_id: str) -> tuple[str, int]:
    """A receipt: unordered, repeated, possibly for a message we do not know. The answer is the same."""
    settling.settle_receipt(
        current_parts(),
        row_number_or_none(message_id) or NOBODYS,
        request.form.get("MessageSid", ""),
        request.form.get("MessageStatus", ""),
        request.form.get("ErrorCode", type=int),
        moment(),
    )
    return "", 204


@blueprint.post("/inbound")
def incoming() -> Response:
    """A text from a phone. The provider answers STOP and HELP by itself; we answer AIDE and the other words of ours."""
    number, body = request.form.get("From", ""), request.form.get("Body", "")
    now = moment()
    said = inbound.receive(current_parts(), number, body, now)
    log.info("an incoming text was read as %s", said)
    told = inbound.answer(current_parts(), number, body, said, now)
    xml = f"{HEAD}<Response><Message>{escape(told)}</Message></Response>" if told else NOTHING_TO_SAY
    return Response(xml, content_type="text/xml")


def signed_address() -> str:
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?")
    parts = urlsplit(raw)
    query = f"?{parts.query}" if parts.query else ""
    return f"{current_parts().settings.public_url}{parts.path}{query}"
