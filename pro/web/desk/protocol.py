"""The protocol's page: what one patient lives through, before anybody does. Everything stands in its address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from flask import render_template, request
from flask.typing import ResponseReturnValue

from pro.domain import zones
from pro.domain.patient_days import LATEST_CUTOFF
from pro.services import previewing
from pro.services.access import Right
from pro.services.previewing import Choice, Offered
from pro.web import protocol_cards
from pro.web.asked import EARLIEST, LATEST, calendar_day
from pro.web.desk.frame import blueprint, language
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who
from pro.web.words import NAMES, say

DEAREST = Decimal(1000)
First = TypeVar("First")


@dataclass(slots=True)
class Asked:
    """What the address asks for; what cannot be read keeps its first value and is named in `wrong`."""

    offered: Offered
    typed: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def choice(self) -> Choice:
        asked = self.typed.get("protocol", "")
        if "version" in self.typed:
            asked = f"{asked.split(' ')[0] or self.offered.first.protocol.id} {self.typed['version']}"
        found = next((one for one in self.offered.choices if name_of(one) == asked), None)
        return found or self._else(self.offered.first, "protocol", asked)

    @property
    def day0(self) -> date:
        given = self.typed.get("day0", "")
        return calendar_day(given) or self._else(self.offered.day0, "day0", given)

    @property
    def zone(self) -> str:
        given = self.typed.get("zone", "").strip()
        return given if given in zones.names() else self._else(self.offered.zone, "zone", given)

    @property
    def cutoff(self) -> time:
        given = self.typed.get("cutoff", "")
        fits = re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", given) and time.fromisoformat(given) <= LATEST_CUTOFF
        return time.fromisoformat(given) if fits else self._else(self.choice.protocol.cutoff, "cutoff", given)

    @property
    def languages(self) -> tuple[str, ...]:
        """Of the texts: one, or all that the protocol speaks."""
        spoken = self.choice.protocol.languages
        return tuple(one for one in spoken if one == self.typed.get("language")) or spoken

    @property
    def price(self) -> Decimal | None:
        given = self.typed.get("price", "").strip().replace(",", ".")
        try:
            price = Decimal(given) if given else None
        except InvalidOperation:
            price = Decimal(-1)
        if price is None or (price.is_finite() and 0 <= price <= DEAREST):
            return price
        return self._else(None, "price", given)

    def _else(self, first: First, name: str, given: str) -> First:
        if given:
            self.wrong[name] = say(f"protocol.wrong.{name}", language(), first=EARLIEST, last=LATEST)
        return first


def name_of(one: Choice) -> str:
    return f"{one.protocol.id} {one.protocol.version}"


@blueprint.get("/protocol")
@needs(Right.SEE_PROTOCOL)
def protocol() -> ResponseReturnValue:
    """One patient's calendar; with a field that cannot be read, the page says which and shows the rest."""
    asked = Asked(previewing.offered(current_parts(), who(), moment()), request.args.to_dict())
    values = {
        "choice": asked.choice,
        "day0": asked.day0,
        "zone": asked.zone,
        "cutoff": asked.cutoff,
        "price": asked.price,
        "languages": asked.languages,
    }
    page = {"active": "protocol", "asked": asked, "values": values, "names": NAMES, "zones": sorted(zones.names())}
    return render_template("desk/protocol.html", **page, **_view(asked)), 400 if asked.wrong else 200


def _view(asked: Asked) -> dict[str, Any]:
    parts = current_parts()
    found = previewing.preview(
        parts.library,
        asked.choice.protocol,
        asked.day0,
        zones.zone(asked.zone),
        asked.cutoff,
        parts.settings.public_url,
    )
    return {"view": protocol_cards.view(found, language(), asked.languages, asked.price)}
