"""What stands on the protocol's page: which protocols there are, and what one patient would live through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from pro.clock import Moment
from pro.domain import zones
from pro.domain.message import patient_body, patient_link
from pro.domain.outlook import Outlook, outlook
from pro.domain.patient_days import patient_day
from pro.domain.protocol import Protocol, QuestionnaireVersion, Timepoint
from pro.domain.questionnaire import Text
from pro.domain.sms_texts import DIGITS, SmsText, looked_over, study_words
from pro.library import Library
from pro.services.access import Identity, Right
from pro.services.overview import Place, read_places
from pro.services.parts import Parts
from pro.store.wordings import in_force

TO_PATIENTS = ("reminder", "test")
EXAMPLE_TOKEN = "0123456789abcdefghijkl"
"""As long as a real one (`marking.TOKEN_BYTES`); a test holds them together."""


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
    return today + timedelta(days=7 - today.weekday())


# What one patient would live through


@dataclass(frozen=True, slots=True)
class Asked:
    """A questionnaire of a timepoint."""

    title: Text
    minutes: Decimal


@dataclass(frozen=True, slots=True)
class Sitting:
    """What one assessment of a timepoint asks, of whom."""

    asked: tuple[Asked, ...]
    staff: tuple[Asked, ...]
    computed: tuple[Asked, ...]

    @property
    def minutes(self) -> Decimal:
        return sum((one.minutes for one in self.asked), Decimal(0))


@dataclass(frozen=True, slots=True)
class Preview:
    """An outlook with what is asked and what is written, ready to be shown."""

    outlook: Outlook
    sittings: Mapping[str, Sitting]
    """Timepoint → what it asks."""
    texts: Mapping[tuple[str, str], SmsText]
    """Template and language → the text as it leaves, its link an example of the real length."""

    @property
    def minutes(self) -> Decimal:
        """Of the patient, when everything is answered."""
        return sum((self.sittings[one.timepoint].minutes for one in self.outlook.asked), Decimal(0))

    @property
    def segments(self) -> int:
        """At most, in the language that takes more."""
        dearest = max(one.cost.count for (template, _), one in self.texts.items() if template == "reminder")
        return len(self.outlook.sent) * dearest


def preview(
    library: Library, protocol: Protocol, day0: date, zone: ZoneInfo, cutoff: time | None, public_url: str
) -> Preview:
    """One patient's calendar and texts; reads no database. OverflowError too near the end of the calendar."""
    words = study_words(protocol)
    texts = {
        (template, language): looked_over(template, language, body_of(template, language, public_url), words)
        for template in TO_PATIENTS
        for language in protocol.languages
    }
    sittings = {one.key: _sitting(library, one) for one in protocol.timepoints}
    return Preview(outlook(protocol, day0, zone, cutoff), sittings, texts)


def body_of(template: str, language: str, public_url: str) -> str:
    """As the worker writes it, with a link that opens nothing."""
    return patient_body(template, language, patient_link(public_url, EXAMPLE_TOKEN), DIGITS)


def _sitting(library: Library, timepoint: Timepoint) -> Sitting:
    asked, staff = _asked(library, timepoint.questionnaires), _asked(library, timepoint.clinician)
    if timepoint.respondent == "clinician":
        asked, staff = (), asked + staff
    return Sitting(asked, staff, _asked(library, timepoint.computed))


def _asked(library: Library, versions: Iterable[QuestionnaireVersion]) -> tuple[Asked, ...]:
    found = (library.questionnaire(one.id, one.version) for one in versions)
    return tuple(Asked(one.title, one.minutes) for one in found)
