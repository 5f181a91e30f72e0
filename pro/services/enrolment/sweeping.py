"""The two databases held against each other: contacts nobody belongs to go, patients without one become a task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BindParameter, bindparam, delete, select
from sqlmodel import Session

from pro.clock import Moment
from pro.services.enrolment.telephone import MISSING
from pro.services.parts import Parts
from pro.store import bells, contacts
from pro.store.tables import Task, metadata

GRACE = timedelta(days=1)
"""An enrolment that broke off between the two databases leaves a contact for this long, by running time."""
PAGE = 500

_contact, _patient = contacts.metadata.tables["contact"], metadata.tables["patient"]
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_known = select(_patient.c.contact_id).where(_patient.c.contact_id.in_(_ids))
_there = select(_contact.c.id).where(_contact.c.id.in_(_ids))
_old = (
    select(_contact.c.id)
    .where(_contact.c.id > bindparam("last"), _contact.c.made_at < bindparam("before"))
    .order_by(_contact.c.id)
    .limit(PAGE)
)
_in_the_study = (
    select(_patient.c.id, _patient.c.site_id, _patient.c.contact_id)
    .where(_patient.c.id > bindparam("last"), _patient.c.withdrawn_at.is_(None))
    .order_by(_patient.c.id)
    .limit(PAGE)
)


@dataclass(frozen=True, slots=True)
class Swept:
    contacts_removed: int
    tasks_made: int


def sweep(parts: Parts, moment: Moment) -> Swept:
    """One pass over both databases and every patient, meant for once a day. Safe to run twice, or by several workers at once."""
    return Swept(_remove_orphans(parts, moment), _tell_missing(parts, moment))


def _remove_orphans(parts: Parts, moment: Moment) -> int:
    removed = 0
    for ids in _old_contacts(parts, moment):
        with parts.study.plain_reading() as session:
            known = set(session.connection().execute(_known, {"ids": ids}).scalars())
        orphans = [id_ for id_ in ids if id_ not in known]
        if orphans:
            with parts.contacts.plain_writing() as session:
                gone = session.connection().execute(delete(_contact).where(_contact.c.id.in_(orphans)))
                removed += gone.rowcount
    return removed


def _old_contacts(parts: Parts, moment: Moment) -> Iterator[list[str]]:
    values = {"last": "", "before": moment.running - GRACE}
    ids: list[str] = []
    while not ids or len(ids) == PAGE:
        with parts.contacts.plain_reading() as session:
            ids = list(session.connection().execute(_old, values).scalars())
        if not ids:
            return
        yield ids
        values["last"] = ids[-1]


def _tell_missing(parts: Parts, moment: Moment) -> int:
    made = 0
    for patients in _patients(parts):
        with parts.contacts.plain_reading() as session:
            wanted = [contact_id for _, _, contact_id in patients]
            there = set(session.connection().execute(_there, {"ids": wanted}).scalars())
        missing = [(id_, site_id) for id_, site_id, contact_id in patients if contact_id not in there]
        if missing:
            with parts.study.writing() as session:
                made += sum(_make_task(session, id_, site_id, moment) for id_, site_id in missing)
    return made


def _patients(parts: Parts) -> Iterator[list[tuple[int, int, str]]]:
    """Patients in the study, page by page; one who has left needs no number."""
    last = 0
    page: list[tuple[int, int, str]] = []
    while not page or len(page) == PAGE:
        with parts.study.plain_reading() as session:
            page = [(row[0], row[1], row[2]) for row in session.connection().execute(_in_the_study, {"last": last})]
        if not page:
            return
        yield page
        last = page[-1][0]


def _make_task(session: Session, patient_id: int, site_id: int, moment: Moment) -> bool:
    if bells.any_open(session, patient_id, [MISSING]):
        return False
    session.add(Task(site_id=site_id, patient_id=patient_id, kind=MISSING, made_at=moment.study))
    session.flush()
    return True
