"""What stands on the protocol's page: which protocols there are, and what one patient would live through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pro.clock import Moment
from pro.domain import zones
from pro.domain.patient_days import patient_day
from pro.domain.protocol import Protocol
from pro.library import Library
from pro.services.access import Identity, Right
from pro.services.overview import Place, read_places
from pro.services.parts import Parts
from pro.store.wordings import in_force

MONDAY = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """A protocol that can be looked at."""

    protocol: Protocol
    published: bool
    in_force: bool
    """Whether it stands at a site of the reader's study now, or will."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The protocols, the study's own first and of each the newest first; and what the page begins with."""

    choices: tuple[Choice, ...]
    first: Choice
    zone: str
    day0: date
    """The next Monday by study time."""


def offered(parts: Parts, identity: Identity, moment: Moment) -> Offered:
    """Asks `SEE_PROTOCOL`. Two statements, however many protocols and patients there are."""
    with parts.study.reading() as session:
        places = read_places(session, identity.sites(Right.SEE_PROTOCOL))
        studies = sorted({place.study_id for place in places})
        standing = [each for study in studies for each in in_force(session, study, moment.study)]
    choices = _sorted(choices_of(parts.library, standing), places)
    zone = places[0].zone if places else "Europe/Paris"
    today = patient_day(moment.study, zones.zone(zone), choices[0].protocol.cutoff)
    return Offered(choices, next((one for one in choices if one.in_force), choices[0]), zone, next_monday(today))


def choices_of(library: Library, standing: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    names = set(standing)
    return tuple(
        Choice(one, library.is_protocol_published(one.id, one.version), (one.id, one.version) in names)
        for one in library.protocols()
    )


def _sorted(choices: Iterable[Choice], places: Iterable[Place]) -> tuple[Choice, ...]:
    own = {place.protocol for place in places}
    return tuple(
        sorted(choices, key=lambda one: (one.protocol.id not in own, one.protocol.id, -int(one.protocol.version)))
    )


def next_monday(today: date) -> date:
    """The first Monday after today."""
    return today + timedelta(days=7 - (today.weekday() - MONDAY) % 7)
