"""Rows turned into what a sitting shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Literal

import msgspec

from pro.clock import Moment
from pro.domain.answers import Answer, check
from pro.domain.assessment import is_fillable
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire
from pro.domain.saves import oldest_first
from pro.domain.showing import shown
from pro.services import wording
from pro.services.answering.facts import (
    CLEARED,
    Next,
    Part,
    SiteCard,
    Sitting,
    Waiting,
)
from pro.services.flagging import Concerned
from pro.services.parts import Parts
from pro.store import assessments, sittings
from pro.store.engine import Connected
from pro.store.instants import instants_of
from pro.store.sittings import Found


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return sha256(token.encode()).hexdigest()


def is_over(link: Found, moment: Moment) -> bool:
    """Whether a link (as `sittings.by_link` found it) opens nothing any more, whoever has left the study apart.

    Who said STOP is sent no newer link: one that was good then stays good until the messages are wanted again.
    """
    if link.revoked_at is not None:
        return True
    stopped = link.opted_out_at is not None and link.withdrawn_at is None and link.study_ended_at is None
    kept: bool = stopped and link.opted_out_at < link.expires_at
    return not kept and bool(link.expires_at <= moment.study)


def why_closed(found: Found | None, moment: Moment) -> Literal["", "submitted", "closed", "no-session"]:
    if found is None or found.ended_at is not None or found.expires_at <= moment.running:
        return "no-session"
    if found.submitted_at is not None:
        return "submitted"
    return "" if is_fillable(instants_of(found), moment.study) and found.withdrawn_at is None else "closed"


def questionnaires_of(parts: Parts, row: Found, moment: Moment) -> tuple[Questionnaire, ...]:
    """What an assessment asks, by the protocol version it was made with, in the words that people read."""
    timepoint = protocol_of(parts, row).timepoint(row.timepoint)
    return tuple(wording.questionnaire(parts, one.id, one.version, moment) for one in timepoint.questionnaires)


def concerned(found: Found) -> Concerned:
    return Concerned(found.patient_id, found.site_id, found.day0, found.day, found.flare_id)


def site_of(found: Found) -> SiteCard:
    return SiteCard(found.site_name, found.telephone, found.emergency, found.site_zone)


def protocol_of(parts: Parts, row: Found) -> Protocol:
    """The version the assessment was made with."""
    return parts.library.protocol(row.protocol, row.protocol_version)


def language_of(protocol: Protocol, wanted: str) -> str:
    """That language where the protocol has it, else the protocol's first."""
    return wanted if wanted in protocol.languages else protocol.languages[0]


def languages_of(protocols: Sequence[Protocol]) -> tuple[str, ...]:
    """Those that all of them have, else the first one's: what is shown together is in one language."""
    first, *others = protocols
    return tuple(one for one in first.languages if all(one in each.languages for each in others)) or first.languages


def waiting_of(parts: Parts, row: Found, moment: Moment) -> Waiting:
    questionnaires = questionnaires_of(parts, row, moment)
    timepoint = protocol_of(parts, row).timepoint(row.timepoint)
    return Waiting(
        assessment_id=row.assessment_id,
        timepoint=row.timepoint,
        title=timepoint.title,
        day=row.day,
        parts=tuple(Part(one.title, len(shown(one, {})), len(one.items), one.minutes) for one in questionnaires),
        instants=instants_of(row),
        late=row.closes_at <= moment.study,
        repeats=timepoint.repeats,
        questionnaires=questionnaires,
    )


def saves_of(session: Connected, assessment_id: int) -> list[Found]:
    """Every save of the assessment, oldest first."""
    return oldest_first(sittings.saves(session, assessment_id))


def newest(saves: Iterable[Found], questionnaires: Iterable[Questionnaire]) -> dict[str, Answer]:
    """The newest save of each item, by `questionnaire.item`; one that was taken back has none. Saves come oldest first."""
    items = {f"{one.id}.{item.key}": item for one in questionnaires for item in one.items}
    answers: dict[str, Answer] = {}
    for row in saves:
        if row.code == CLEARED:
            answers.pop(row.item, None)
        elif row.code == "answered" and row.item in items:
            answers[row.item] = Answer("answered", check(items[row.item], msgspec.json.decode(row.value)))
        elif row.item in items:
            answers[row.item] = Answer(row.code)
    return answers


def coming(parts: Parts, session: Connected, found: Found, moment: Moment) -> tuple[Next, ...]:
    """The next sitting of each timepoint among those that open soon."""
    seen: dict[str, Next] = {}
    for row in assessments.soon(session, found.patient_id, moment.study, at_most=8):
        if row.timepoint in seen:
            continue
        timepoint = protocol_of(parts, row).timepoint(row.timepoint)
        before, after = timedelta(days=timepoint.window_before), timedelta(days=timepoint.window_after)
        seen[row.timepoint] = Next(
            row.timepoint, timepoint.title, row.day, row.day - before, row.day + after, row.opens_at
        )
    return tuple(seen.values())[:3]


def sitting_of(
    parts: Parts,
    who: Found,
    row: Found,
    saves: Sequence[Found],
    language: str,
    mode: str,
    moment: Moment,
    *,
    answers: Mapping[str, Answer] | None = None,
) -> Sitting:
    """`answers`: what the saves come to, where that was found out before."""
    questionnaires = questionnaires_of(parts, row, moment)
    protocol = protocol_of(parts, row)
    timepoint = protocol.timepoint(row.timepoint)
    instants = instants_of(row)
    return Sitting(
        assessment_id=row.assessment_id,
        patient_id=who.patient_id,
        language=language_of(protocol, language),
        zone=who.zone,
        site=site_of(who),
        protocol=protocol,
        timepoint=row.timepoint,
        title=timepoint.title,
        day=row.day,
        repeats=timepoint.repeats,
        instants=instants,
        questionnaires=questionnaires,
        answers=newest(saves, questionnaires) if answers is None else answers,
        mode=mode,
        fillable=is_fillable(instants, moment.study),
    )
