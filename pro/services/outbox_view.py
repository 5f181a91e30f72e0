"""Messages as the desk reads them: what was sent, what became of it, and why some were not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pro.clock import Moment
from pro.services.access import Identity, Right
from pro.services.overview import LAST_DAYS, MessageFigures, Place, figures_of, read_places
from pro.services.parts import Parts
from pro.services.patients import Text, Unsent, text_of, unsent_of
from pro.store import desk_messages

PAGE = 50
STEPS = 30

Filter = Literal["all", "failed", "waiting", "not-sent"]
STATES: dict[Filter, tuple[str, ...]] = {
    "all": (),
    "failed": ("failed", "undelivered"),
    "waiting": ("pending", "claimed", "sending", "sent"),
    "not-sent": ("dropped",),
}


@dataclass(frozen=True, slots=True)
class Outbox:
    places: tuple[Place, ...]
    figures: MessageFigures
    texts: tuple[Text, ...]
    unsent: tuple[Unsent, ...]
    """Steps of the last days that no message carried."""
    next: tuple[datetime, int] | None


def page(
    parts: Parts, identity: Identity, moment: Moment, chosen: Filter, before: tuple[datetime, int] | None
) -> Outbox:
    """One screen of messages, the newest first."""
    ids = identity.sites(Right.SEE_MESSAGES)
    now = moment.study
    since = now - LAST_DAYS
    with parts.study.reading() as session:
        found = desk_messages.page(session, ids, now, before, STATES[chosen], PAGE + 1)
        today = now.date() + timedelta(days=1)
        steps = desk_messages.unsent_steps(session, ids, since.date(), today, STEPS) if before is None else []
        return Outbox(
            places=read_places(session, ids),
            figures=figures_of(desk_messages.counts(session, ids, since, now)),
            texts=tuple(text_of(row) for row in found[:PAGE]),
            unsent=tuple(unsent_of(row) for row in steps),
            next=(found[PAGE - 1].due_at, found[PAGE - 1].id) if len(found) > PAGE else None,
        )
