"""SQL of amendments: what stands for a batch of patients, and what an approved version writes. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, select, update
from sqlmodel import Session

from pro.domain.message import State
from pro.store import instants
from pro.store.engine import Connected, insert_rows
from pro.store.tables import metadata

_t = metadata.tables
_study, _site, _in_force, _amendment = _t["study"], _t["site"], _t["protocol_in_force"], _t["amendment"]
_patient, _assessment, _save, _response = _t["patient"], _t["assessment"], _t["answer_save"], _t["response"]
_reminder, _message = _t["reminder"], _t["message"]
_flare, _event, _staff = _t["flare"], _t["audit_event"], _t["staff"]

Found = Row[Any]
Ids = Collection[int]

NOT_YET = (State.PENDING, State.CLAIMED)
_unfinished = and_(
    _assessment.c.submitted_at.is_(None), _assessment.c.closed_at.is_(None), _assessment.c.cancelled_at.is_(None)
)


def _all(session: Connected, wanted: Select[Any]) -> Sequence[Found]:
    return session.connection().execute(wanted).all()


# The study and its sites


def sites(session: Connected, study_id: int, *, lock: bool = False) -> Sequence[Found]:
    """Every site of the study by id: enrolment holds a site's row while it makes a patient."""
    wanted = select(_site.c.id, _site.c.code).where(_site.c.study_id == study_id).order_by(_site.c.id)
    return _all(session, wanted.with_for_update() if lock else wanted)


def standing(session: Connected, site_ids: Ids, now: datetime) -> dict[int, tuple[str, str]]:
    """Per site the (protocol, version) in force."""
    wanted = (
        select(_in_force.c.site_id, _in_force.c.protocol, _in_force.c.version)
        .where(_in_force.c.site_id.in_(site_ids), _in_force.c.from_at <= now)
        .order_by(_in_force.c.from_at, _in_force.c.id)
    )
    return {row.site_id: (row.protocol, row.version) for row in session.connection().execute(wanted)}


def put_in_force(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    insert_rows(session.connection(), _in_force, rows)


# The record


def past(session: Connected, study_ids: Ids) -> Sequence[Found]:
    """Every amendment of these studies with who approved it, the newest first."""
    wanted = select(_amendment, _staff.c.login, _staff.c.name).join(_staff, _staff.c.id == _amendment.c.approved_by)
    return _all(session, wanted.where(_amendment.c.study_id.in_(study_ids)).order_by(_amendment.c.id.desc()))


_unfinished_ones = select(_amendment).where(_amendment.c.finished_at.is_(None))


def unfinished(session: Connected) -> Sequence[Found]:
    return _all(session, _unfinished_ones)


def one(session: Connected, amendment_id: int) -> Found:
    return session.connection().execute(select(_amendment).where(_amendment.c.id == amendment_id)).one()


def begin(session: Session, row: Mapping[str, object]) -> int:
    made = session.connection().execute(_amendment.insert().values(**row).returning(_amendment.c.id))
    return int(made.scalar_one())


def count(session: Session, amendment_id: int, numbers: Mapping[str, int]) -> None:
    """Adds to its sums."""
    more = {name: _amendment.c[name] + n for name, n in numbers.items()}
    session.connection().execute(update(_amendment).where(_amendment.c.id == amendment_id).values(**more))


def finish(session: Session, amendment_id: int, at: datetime) -> bool:
    ending = update(_amendment).where(_amendment.c.id == amendment_id, _amendment.c.finished_at.is_(None))
    return session.connection().execute(ending.values(finished_at=at)).rowcount == 1


# Patients


def _still(protocol: str, version: str) -> ColumnElement[bool]:
    """In the study, by another version."""
    return and_(
        _patient.c.protocol == protocol,
        _patient.c.protocol_version != version,
        _patient.c.withdrawn_at.is_(None),
        _patient.c.ended_at.is_(None),
    )


def patients(session: Connected, site_ids: Ids, protocol: str, version: str, after: int, limit: int) -> Sequence[Found]:
    """Patients in the study whom `version` concerns, by id from the one after `after`; `site_zone`: their site's."""
    mine = _patient.c.site_id.in_(site_ids)
    wanted = (
        select(_patient, _site.c.zone.label("site_zone"))
        .join(_site, _patient.c.site_id == _site.c.id)
        .where(mine, _still(protocol, version), _patient.c.id > after)
    )
    return _all(session, wanted.order_by(_patient.c.id).limit(limit))


def how_many(session: Connected, site_ids: Ids, protocol: str, version: str) -> int:
    wanted = select(func.count()).where(_patient.c.site_id.in_(site_ids), _still(protocol, version))
    return int(session.connection().execute(wanted).scalar_one())


def versions(session: Connected, site_ids: Ids, protocol: str) -> set[str]:
    """Versions by which patients in the study live."""
    wanted = select(_patient.c.protocol_version).distinct()
    mine = _patient.c.site_id.in_(site_ids), _patient.c.protocol == protocol
    there = wanted.where(*mine, _patient.c.withdrawn_at.is_(None), _patient.c.ended_at.is_(None))
    return set(session.connection().execute(there).scalars())


# What stands for them


def assessments(session: Connected, patient_ids: Ids, *, lock: bool = False) -> Sequence[Found]:
    """All of theirs, cancelled ones too; locked, they are as whoever held them before has left them."""
    columns = ("id", "patient_id", "timepoint", "day", "protocol", "protocol_version", "respondent", "next_at")
    wanted = select(
        *(_assessment.c[name] for name in columns), *instants.COLUMNS, _assessment.c.excused_why, _assessment.c.clocks
    )
    mine = wanted.where(_assessment.c.patient_id.in_(patient_ids)).order_by(_assessment.c.id)
    return _all(session, mine.with_for_update() if lock else mine)


def touched(session: Connected, patient_ids: Ids) -> set[int]:
    """Of what is not finished: where an answer was saved, or staff entered a form."""
    saved = exists().where(_save.c.assessment_id == _assessment.c.id)
    entered = exists().where(_response.c.assessment_id == _assessment.c.id)
    wanted = select(_assessment.c.id).where(_assessment.c.patient_id.in_(patient_ids), _unfinished, saved | entered)
    return set(session.connection().execute(wanted).scalars())


def ledger(session: Connected, patient_ids: Ids) -> Sequence[Found]:
    """Steps of what is not finished, each with the message that carries it, where one does."""
    columns = (_reminder.c.assessment_id, _reminder.c.step, _reminder.c.planned_at, _reminder.c.why_none)
    wanted = (
        select(*columns, _reminder.c.message_id, _message.c.state, _message.c.marked_at)
        .join_from(_assessment, _reminder, _reminder.c.assessment_id == _assessment.c.id)
        .outerjoin(_message, _message.c.id == _reminder.c.message_id)
        .where(_assessment.c.patient_id.in_(patient_ids), _unfinished)
    )
    return _all(session, wanted.order_by(_reminder.c.assessment_id, _reminder.c.step))


# What has happened to them


def flares(session: Connected, patient_ids: Ids) -> Sequence[Found]:
    wanted = select(_flare.c.patient_id, _flare.c.opened_at, _flare.c.ended_at)
    return _all(session, wanted.where(_flare.c.patient_id.in_(patient_ids)).order_by(_flare.c.id))


def examinations(session: Connected, patient_ids: Ids) -> Sequence[Found]:
    """The first version of each form that staff entered for a visit."""
    wanted = select(_response.c.patient_id, _assessment.c.timepoint, _response.c.answers, _response.c.made_at)
    mine = wanted.join_from(_response, _assessment, _response.c.assessment_id == _assessment.c.id)
    first = _response.c.n == 1, _response.c.mode == "staff", _assessment.c.respondent == "patient"
    mine = mine.where(_response.c.patient_id.in_(patient_ids), *first)
    return _all(session, mine.order_by(_response.c.made_at, _response.c.id))


def reported(session: Connected, numbers: Collection[str]) -> Sequence[Found]:
    """Events that staff reported, from the chains of these patients."""
    return _told(session, numbers, "patient.event")


def extensions(session: Connected, numbers: Collection[str]) -> Sequence[Found]:
    """Windows of these patients that somebody let end later."""
    return _told(session, numbers, "window.extended")


def _told(session: Connected, numbers: Collection[str], kind: str) -> Sequence[Found]:
    chains = [f"patient:{number}" for number in numbers]
    wanted = select(_event.c.chain, _event.c.at, _event.c.payload)
    mine = wanted.where(_event.c.chain.in_(chains), _event.c.kind == kind)
    return _all(session, mine.order_by(_event.c.chain, _event.c.seq))


# What an amendment writes


_moving = (
    update(_assessment)
    .where(_assessment.c.id == bindparam("b_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                *("timepoint", "day", "protocol_version", "respondent", "opens_at", "closes_at", "late_until"),
                *("next_at", "cancelled_at", "clocks", "excused_at", "excused_why"),
            )
        }
    )
)


def move(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        session.connection().execute(_moving, rows)


def appear(session: Session, rows: Sequence[Mapping[str, object]]) -> dict[tuple[str, Any], int]:
    """Inserts them; gives each one's id by timepoint and day."""
    made = insert_rows(session.connection(), _assessment, rows, returning=["id", "timepoint", "day"])
    return {(row.timepoint, row.day): row.id for row in made}


def cancel(session: Session, ids: Ids, at: datetime) -> None:
    if ids:
        gone = update(_assessment).where(_assessment.c.id.in_(ids))
        session.connection().execute(gone.values(cancelled_at=at, next_at=None))


def renew(session: Session, ids: Ids, version: str) -> None:
    """These keep their times and go by that version from now on."""
    if ids:
        session.connection().execute(
            update(_assessment).where(_assessment.c.id.in_(ids)).values(protocol_version=version)
        )


def set_aside(session: Session, assessment_id: int, step: str, name: str, why: str) -> None:
    """A step of the ledger gets another name, so that the same step may be planned anew; it says why none came."""
    mine = and_(_reminder.c.assessment_id == assessment_id, _reminder.c.step == step)
    values = {"step": name, "why_none": func.coalesce(_reminder.c.why_none, why)}
    session.connection().execute(update(_reminder).where(mine).values(**values))


def let_go(session: Session, message_ids: Ids) -> list[int]:
    """Messages that wait and that no step needs any more; a step set aside leaves a message that goes on for others."""
    connection, carried = session.connection(), _reminder.c.message_id.in_(message_ids)
    needed = select(_reminder.c.message_id).where(carried, _reminder.c.why_none.is_(None))
    going = set(connection.execute(needed).scalars())
    if going:
        leaving = update(_reminder).where(_reminder.c.message_id.in_(going), _reminder.c.why_none.is_not(None))
        connection.execute(leaving.values(message_id=None))
    return sorted(set(message_ids) - going)


def explain(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Steps that are over before they were planned; one that has a row keeps it."""
    insert_rows(session.connection(), _reminder, rows, skip=["assessment_id", "step"])
