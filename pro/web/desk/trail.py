"""The audit trail in plain language, to look through by patient, kind and date."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro.domain import zones
from pro.domain.protocol import Protocol
from pro.services import audit_trail, overview
from pro.services.access import Right
from pro.services.audit_trail import Entry
from pro.web.asked import calendar_day, instant, row_number_or_none
from pro.web.desk import phrases
from pro.web.desk.frame import blueprint, language, my_places
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who

KINDS = (
    "patient.",
    "assessment.",
    "flare.",
    "call.",
    "contact.",
    "phone.",
    "link.",
    "links.",
    "messages.",
    "staff.",
    "access.",
)


@blueprint.get("/audit")
@needs(Right.SEE_AUDIT)
def trail() -> ResponseReturnValue:
    asked = {key: request.args.get(key, "").strip()[:60] for key in ("patient", "kind", "from", "to")}
    since, until = calendar_day(asked["from"]), calendar_day(asked["to"])
    places = my_places()
    zone = places[0].zone if places else "UTC"
    found = audit_trail.read_page(
        current_parts(),
        who(),
        number=asked["patient"],
        kind=asked["kind"],
        since=_start(since, zone),
        until=_start(until + timedelta(days=1), zone) if until else None,
        before=_before(request.args.get("before", "")),
    )
    protocol = overview.protocol_of(current_parts().library, places)
    return render_template(
        "desk/audit.html",
        active="audit",
        entries=[entry_view(entry, protocol, zone) for entry in found.entries],
        asked=asked,
        kinds=KINDS,
        wrong=[key for key, day in (("from", since), ("to", until)) if asked[key] and day is None],
        next=_next_page(asked, found.next),
        now=moment().study,
        zone=zone,
    )


def entry_view(entry: Entry, protocol: Protocol, zone: str) -> dict[str, object]:
    """When in both clocks, who in which role, and what, with the figures of the event behind it."""
    spoken = language()
    return {
        "entry": entry,
        "when": phrases.stamp(entry.at, zone, spoken, seconds=True),
        "utc": entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "what": phrases.event_line(entry, protocol, spoken),
        "role": phrases.role_word(entry.role, spoken),
        "facts": sorted((entry.payload or {}).items()),
    }


def _next_page(asked: dict[str, str], following: tuple[datetime, str, int] | None) -> str | None:
    if following is None:
        return None
    at, chain, seq = following
    query = {key: value for key, value in asked.items() if value} | {"before": f"{at.isoformat()}~{chain}~{seq}"}
    return f"{url_for('staff.trail')}?{urlencode(query)}"


def _before(asked: str) -> tuple[datetime, str, int] | None:
    at, _, rest = asked.partition("~")
    chain, _, seq = rest.rpartition("~")
    found = instant(at)
    number = row_number_or_none(seq)
    return (found, chain, number) if found and chain and number is not None else None


def _start(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zones.zone(zone))
