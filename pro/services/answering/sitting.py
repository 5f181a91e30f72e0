"""Link and start: what waits for a patient, and the phone's session."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from pro.clock import Moment
from pro.library.wording import LANGUAGES
from pro.services.answering.facts import (
    LONG,
    SESSION_LIFE,
    LinkView,
    NoSitting,
    Sitting,
    Started,
    Waiting,
)
from pro.services.answering.freezing import receipt_of
from pro.services.answering.reporting import reports_of
from pro.services.answering.views import (
    coming,
    is_over,
    language_of,
    languages_of,
    newest,
    protocol_of,
    saves_of,
    site_of,
    sitting_of,
    token_hash,
    waiting_of,
)
from pro.services.parts import Parts
from pro.store import assessments, sittings, snoozes
from pro.store.engine import Connected
from pro.store.sittings import Found


def open_link(parts: Parts, token: str, moment: Moment) -> LinkView:
    """What waits behind a link. Changes nothing."""
    with parts.study.plain_reading() as session:
        found = sittings.by_link(session, token_hash(token))
        if found is None:
            return LinkView("unknown", demonstration=parts.settings.demo)
        return _view(parts, session, found, moment, dead=is_over(found, moment))


def _view(parts: Parts, session: Connected, found: Found, moment: Moment, *, dead: bool) -> LinkView:
    base = LinkView(
        "expired",
        language=found.language,
        zone=found.zone,
        site=site_of(found),
        opted_out=found.opted_out_at is not None,
        demonstration=parts.settings.demo,
    )
    over = dead or found.withdrawn_at is not None
    if not over:
        base = replace(base, reports=reports_of(parts, session, found, moment))
    rows = [] if over else assessments.waiting(session, found.patient_id, moment.study)
    if rows:
        waiting = tuple(_so_far(session, waiting_of(parts, row, moment)) for row in rows)
        spoken = languages_of([protocol_of(parts, row) for row in rows])
        snoozed = snoozes.waiting(session, found.patient_id, moment.study)
        base = replace(base, snoozed_to=snoozed.due_at if snoozed else None)
        return replace(base, status="ready", waiting=waiting, languages=spoken)
    base = replace(base, languages=_spoken(parts, session, found))
    if over:
        return base if found.withdrawn_at is None else replace(base, status="withdrawn")
    following = coming(parts, session, found, moment)
    newest = assessments.newest_submitted(session, found.patient_id)
    if newest is None and following:
        return replace(base, status="not-yet", next=following)
    if newest is None:
        return replace(base, status="nothing-due", next=following)
    receipt = receipt_of(sittings.hashes(session, newest.assessment_id))
    sent = _sent(parts, session, found, newest, moment) if newest.closes_at > moment.study else None
    return replace(base, status="nothing-due", next=following, receipt=receipt, sent=sent)


def _so_far(session: Connected, one: Waiting) -> Waiting:
    """With what a long sitting has, where it was begun; any other costs no statement."""
    if one.most <= LONG or one.instants.started_at is None:
        return one
    return replace(one, answers=newest(saves_of(session, one.assessment_id), one.questionnaires))


def _spoken(parts: Parts, session: Connected, found: Found) -> tuple[str, ...]:
    """Where nothing waits, the languages of the newest version that the patient was asked by."""
    last = assessments.newest_planned(session, found.patient_id)
    return LANGUAGES if last is None else protocol_of(parts, last).languages


def _sent(parts: Parts, session: Connected, found: Found, row: Found, moment: Moment) -> Sitting:
    saves = saves_of(session, row.assessment_id)
    return sitting_of(parts, found, row, saves, found.language, "own-phone", moment)


def start(
    parts: Parts,
    token: str,
    moment: Moment,
    *,
    assessment_id: int | None = None,
    mode: str = "own-phone",
    language: str | None = None,
) -> Started | LinkView:
    """Makes the phone's session and begins an assessment (the given one, else the first that waits).

    Gives what the link opens on where nothing can be begun.
    """
    with parts.study.plain_writing() as session:
        found = sittings.by_link(session, token_hash(token))
        if found is None:
            return LinkView("unknown", demonstration=parts.settings.demo)
        dead = is_over(found, moment)
        waiting = () if dead or found.withdrawn_at else assessments.waiting(session, found.patient_id, moment.study)
        row = next((row for row in waiting if assessment_id in (None, row.assessment_id)), None)
        if row is None:
            return _view(parts, session, found, moment, dead=dead)
        chosen = language_of(protocol_of(parts, row), language or found.language)
        session_token = _open_session(session, found, token_hash(token), mode, chosen, moment)
        saves = _begin(session, row, moment)
        return Started(session_token, sitting_of(parts, found, row, saves, chosen, mode, moment))


def _open_session(session: Connected, who: Found, link_hash: str, mode: str, language: str, moment: Moment) -> str:
    """The token of a new session of this phone; the database keeps its hash."""
    token = secrets.token_urlsafe(24)
    row = {
        "token_hash": token_hash(token),
        "patient_id": who.patient_id,
        "link_hash": link_hash,
        "made_at": moment.running,
        "expires_at": moment.running + SESSION_LIFE,
        "mode": mode,
        "language": language,
    }
    sittings.open_session(session, row)
    return token


def _begin(session: Connected, row: Found, moment: Moment) -> Sequence[Found]:
    """What it has so far; nothing where it begins only now."""
    if row.started_at is not None:
        return saves_of(session, row.assessment_id)
    sittings.start(session, row.assessment_id, moment.study)
    return ()


def continue_with(parts: Parts, session_token: str, assessment_id: int, moment: Moment) -> bool:
    """Begins another assessment in the phone's session; False where the session is gone or it may not be filled now."""
    with parts.study.plain_writing() as session:
        found = sittings.by_session(session, token_hash(session_token))
        if found is None or found.ended_at is not None or found.expires_at <= moment.running or found.withdrawn_at:
            return False
        waiting = assessments.waiting(session, found.patient_id, moment.study)
        row = next((row for row in waiting if row.assessment_id == assessment_id), None)
        if row is not None and row.started_at is None:
            sittings.start(session, assessment_id, moment.study)
        return row is not None


def sitting(parts: Parts, session_token: str, moment: Moment, assessment_id: int | None = None) -> Sitting | NoSitting:
    """The sitting of a session: of the given assessment (submitted ones too), else of the first that waits."""
    with parts.study.plain_reading() as session:
        found = sittings.by_session(session, token_hash(session_token))
        if found is None or found.ended_at is not None or found.expires_at <= moment.running:
            return NoSitting("no-session", LinkView("unknown", demonstration=parts.settings.demo))
        if found.withdrawn_at is not None:
            return NoSitting("withdrawn", _view(parts, session, found, moment, dead=False))
        row = _row(session, found.patient_id, assessment_id, moment)
        if row is None:
            return NoSitting("nothing-due", _view(parts, session, found, moment, dead=False))
        saves = saves_of(session, row.assessment_id)
        return sitting_of(parts, found, row, saves, found.session_language, found.mode, moment)


def _row(session: Connected, patient_id: int, assessment_id: int | None, moment: Moment) -> Found | None:
    if assessment_id is not None:
        return assessments.one(session, patient_id, assessment_id)
    return next(iter(assessments.waiting(session, patient_id, moment.study)), None)


def speak(sitting_: Sitting, language: str) -> Sitting:
    """The same sitting in another language of its protocol."""
    return replace(sitting_, language=language) if language in sitting_.protocol.languages else sitting_
