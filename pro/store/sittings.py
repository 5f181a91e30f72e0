"""SQL of a patient's sitting: link, session, saved answers, submission. Core statements, built once: this path is hot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Row, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pro.store import instants
from pro.store.engine import Connected, insert_rows
from pro.store.tables import Mode, metadata
from pro.store.together import insert_together

_t = metadata.tables
patient, site, study = _t["patient"], _t["site"], _t["study"]
assessment, answer_save, response = _t["assessment"], _t["answer_save"], _t["response"]
link, patient_session, flare = _t["link"], _t["patient_session"], _t["flare"]

WHO = (
    patient.c.id.label("patient_id"),
    patient.c.number,
    patient.c.day0,
    patient.c.zone,
    patient.c.language,
    patient.c.enrolled_at,
    patient.c.withdrawn_at,
    patient.c.opted_out_at,
    patient.c.ended_at.label("study_ended_at"),
    patient.c.protocol.label("own_protocol"),
    patient.c.protocol_version.label("own_version"),
    site.c.id.label("site_id"),
    site.c.name.label("site_name"),
    site.c.telephone,
    site.c.emergency,
    site.c.zone.label("site_zone"),
)
WHAT = (
    assessment.c.id.label("assessment_id"),
    assessment.c.timepoint,
    assessment.c.day,
    assessment.c.protocol,
    assessment.c.protocol_version,
    *instants.COLUMNS,
    assessment.c.clocks,
    assessment.c.respondent,
)

_link = (
    select(*WHO, link.c.expires_at, link.c.revoked_at)
    .join_from(link, patient, link.c.patient_id == patient.c.id)
    .join(site, patient.c.site_id == site.c.id)
    .where(link.c.token_hash == bindparam("token_hash"))
)
_session = (
    select(
        *WHO,
        patient_session.c.expires_at,
        patient_session.c.ended_at,
        patient_session.c.mode,
        patient_session.c.language.label("session_language"),
    )
    .join_from(patient_session, patient, patient_session.c.patient_id == patient.c.id)
    .join(site, patient.c.site_id == site.c.id)
    .where(patient_session.c.token_hash == bindparam("token_hash"))
)
_sitting = (
    select(
        *WHO,
        *WHAT,
        patient.c.chain_seq,
        patient.c.chain_hash,
        patient_session.c.expires_at,
        patient_session.c.ended_at,
        patient_session.c.mode,
        patient_session.c.language.label("session_language"),
        flare.c.id.label("flare_id"),
    )
    .join_from(patient_session, patient, patient_session.c.patient_id == patient.c.id)
    .join(site, patient.c.site_id == site.c.id)
    .join(assessment, assessment.c.patient_id == patient.c.id)
    .outerjoin(flare, and_(flare.c.patient_id == patient.c.id, flare.c.ended_at.is_(None)))
    .where(patient_session.c.token_hash == bindparam("token_hash"), assessment.c.id == bindparam("assessment_id"))
)
_lock = (
    select(
        *WHO,
        patient.c.chain_seq,
        patient.c.chain_hash,
        patient_session.c.expires_at,
        patient_session.c.ended_at,
        patient_session.c.mode,
        patient_session.c.language.label("session_language"),
    )
    .join_from(patient_session, patient, patient_session.c.patient_id == patient.c.id)
    .join(site, patient.c.site_id == site.c.id)
    .where(patient_session.c.token_hash == bindparam("token_hash"))
    .with_for_update(of=patient, key_share=True)
)
"""Who waits for a lock is shown the locked row as it is now, and every other table as it was before the wait: so the
patient's row is locked by a statement of its own, and what else decides is read after it."""
_sitting_for_urgent = _sitting.with_for_update(of=assessment, read=True)
_sitting_for_save = (
    select(
        patient.c.withdrawn_at,
        *WHAT,
        patient_session.c.expires_at,
        patient_session.c.ended_at,
        patient_session.c.mode,
    )
    .join_from(patient_session, patient, patient_session.c.patient_id == patient.c.id)
    .join(assessment, assessment.c.patient_id == patient.c.id)
    .where(patient_session.c.token_hash == bindparam("token_hash"), assessment.c.id == bindparam("assessment_id"))
    .with_for_update(of=assessment, read=True)
)
"""A save holds off the claim until it is committed: else an answer acknowledged in between would be lost."""

_saves = (
    select(
        answer_save.c.item,
        answer_save.c.code,
        answer_save.c.value,
        answer_save.c.received_at,
        answer_save.c.given_at,
        answer_save.c.seq,
        answer_save.c.client,
        answer_save.c.phone_at,
        answer_save.c.phone_offset,
        answer_save.c.mode,
        answer_save.c.language,
        answer_save.c.wording,
    )
    .where(answer_save.c.assessment_id == bindparam("assessment_id"))
    .order_by(answer_save.c.client, answer_save.c.seq)
)
_open_flare = (
    select(flare.c.id)
    .where(flare.c.patient_id == bindparam("b_patient_id"), flare.c.ended_at.is_(None))
    .scalar_subquery()
)
_claim = (
    update(assessment)
    .where(assessment.c.id == bindparam("b_assessment_id"), assessment.c.patient_id == bindparam("b_patient_id"))
    .where(assessment.c.opens_at <= bindparam("b_now"))
    .where(func.coalesce(assessment.c.late_until, assessment.c.closes_at) > bindparam("b_now"))
    .where(
        assessment.c.submitted_at.is_(None),
        assessment.c.closed_at.is_(None),
        assessment.c.cancelled_at.is_(None),
    )
    .values(submitted_at=bindparam("b_now"), answered=True)
    .returning(*WHAT, _open_flare.label("flare_id"))
)
_start = (
    update(assessment)
    .where(assessment.c.id == bindparam("assessment_id"), assessment.c.started_at.is_(None))
    .values(started_at=bindparam("now"))
)
_history = (
    select(response.c.questionnaire, response.c.version, response.c.day, response.c.answers)
    .where(
        response.c.patient_id == bindparam("patient_id"),
        response.c.questionnaire.in_(bindparam("questionnaires", expanding=True)),
        or_(
            response.c.day >= bindparam("since"),
            and_(response.c.day >= bindparam("reference_first"), response.c.day <= bindparam("reference_last")),
        ),
    )
    .order_by(response.c.day, response.c.n)
)
_hashes = (
    select(response.c.sha256)
    .where(response.c.assessment_id == bindparam("assessment_id"), response.c.n == 1)
    .where(response.c.mode != Mode.STAFF)
    .order_by(response.c.id)
)
_SAVE_COLUMNS = [column.name for column in answer_save.columns]
_save_insert = {
    "sqlite": sqlite.insert(answer_save).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(answer_save).on_conflict_do_nothing(),
}
_insert_session = insert(patient_session)

Found = Row[*tuple[Any, ...]]


def by_link(session: Connected, token_hash: str) -> Found | None:
    return session.connection().execute(_link, {"token_hash": token_hash}).first()


def by_session(session: Connected, token_hash: str) -> Found | None:
    return session.connection().execute(_session, {"token_hash": token_hash}).first()


def sitting(session: Connected, token_hash: str, assessment_id: int, *, lock: str = "") -> Found | None:
    """Session, patient, site, assessment and open flare in one row; `lock` is `urgent`, `save` or nothing.

    Both locks hold the assessment off the claim; before `urgent` the patient is locked by `lock_patient`.

    The row for `save` has only what decides whether answers are kept.
    """
    wanted = {"urgent": _sitting_for_urgent, "save": _sitting_for_save}.get(lock, _sitting)
    return session.connection().execute(wanted, {"token_hash": token_hash, "assessment_id": assessment_id}).first()


def saves(session: Connected, assessment_id: int) -> Sequence[Found]:
    """Every save of the assessment; `domain.saves` says which is older."""
    return session.connection().execute(_saves, {"assessment_id": assessment_id}).all()


def insert_saves(session: Connected, rows: Sequence[Mapping[str, object]]) -> None:
    """Inserts what is not there yet; a replayed save inserts nothing."""
    connection = session.connection()
    statement = _save_insert[connection.dialect.name]
    if len(rows) == 1:
        connection.execute(statement, rows[0])
    else:  # many at once as one statement that is compiled once, however many there are
        insert_rows(connection, answer_save, rows, skip=("assessment_id", "client", "seq"))


def lock_patient(session: Connected, token_hash: str) -> Found | None:
    """Session, patient and site in one row, the patient's row locked until the transaction ends."""
    return session.connection().execute(_lock, {"token_hash": token_hash}).first()


def claim(session: Connected, who: Found, assessment_id: int, now: datetime) -> Found | None:
    """Takes the assessment for one submission; None when it is not open: submitted, closed or cancelled already.

    Gives who (as `lock_patient` found) and what, with the open flare, in one row.
    """
    values = {"b_assessment_id": assessment_id, "b_patient_id": who.patient_id, "b_now": now}
    what = session.connection().execute(_claim, values).first()
    return None if what is None else cast(Found, SimpleNamespace(**who._mapping, **what._mapping))


def start(session: Connected, assessment_id: int, now: datetime) -> None:
    session.connection().execute(_start, {"assessment_id": assessment_id, "now": now})


def open_session(session: Connected, row: Mapping[str, object]) -> None:
    session.connection().execute(_insert_session, row)


def history(
    session: Connected, patient_id: int, questionnaires: Sequence[str], since: date, reference: tuple[date, date]
) -> Sequence[Row[Any, Any, Any, Any]]:
    """(questionnaire, version, day, answers) since a day and of the reference days, older versions before newer ones."""
    values = {
        "patient_id": patient_id,
        "questionnaires": list(questionnaires),
        "since": since,
        "reference_first": reference[0],
        "reference_last": reference[1],
    }
    return session.connection().execute(_history, values).all()


def insert_responses(session: Connected, rows: Sequence[Mapping[str, object]]) -> None:
    insert_together(session, response, rows)


def hashes(session: Connected, assessment_id: int) -> list[str]:
    """Hashes of what the patient submitted, in the order of its questionnaires; what staff entered is not among them."""
    return [row.sha256 for row in session.connection().execute(_hashes, {"assessment_id": assessment_id})]
