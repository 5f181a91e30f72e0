"""The audit trail's pen: every change of the record writes its event in the same transaction.

Events form a chain per patient, per member of staff and one for the system. The head of a chain stands on its
owner's row, whose lock serialises the chain.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, select

from pro import __version__
from pro.domain.chain import START, Event, canonical, digest_of, link
from pro.store.engine import Connected
from pro.store.tables import AuditEvent, Patient, Staff, Study, metadata
from pro.store.together import insert_together

SOFTWARE = f"pro {__version__}"
SYSTEM = "system"
"""The chain of everything that is no patient's and no member of staff's."""

_events = metadata.tables["audit_event"]
_insert = insert(_events)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: study number, login or component; and in which role."""

    name: str
    role: str


WORKER = Actor("worker", "system")


def patient_actor(number: str) -> Actor:
    return Actor(number, "patient")


_locked = select(Patient).where(col(Patient.id) == bindparam("patient_id")).with_for_update(key_share=True)


def lock_patient(session: Session, patient_id: int) -> Patient:
    """The patient's row, locked until the transaction ends. KeyError where there is none."""
    row: Patient | None = session.execute(_locked, {"patient_id": patient_id}).scalars().first()
    if row is None:
        raise KeyError(f"no patient {patient_id}")
    return row


def lock_staff(session: Session, staff_id: int) -> Staff:
    return session.exec(select(Staff).where(col(Staff.id) == staff_id).with_for_update(key_share=True)).one()


def lock_study(session: Session, study_id: int | None = None) -> Study:
    """The study's row, which holds the chain `system`."""
    wanted = select(Study).with_for_update(key_share=True)
    return session.exec(wanted if study_id is None else wanted.where(col(Study.id) == study_id)).one()


def record_for_system(session: Session, kind: str, payload: Mapping[str, object], actor: Actor, at: datetime) -> None:
    """Appends one event to the chain `system`, which stands without a head until a study takes it over."""
    study = _first_study(session)
    if study is not None:
        record(session, study, kind, payload, actor, at)
    else:
        session.connection().execute(_insert, entries(system_head(session), [(kind, payload)], actor, at)[-1])


def _first_study(session: Session) -> Study | None:
    return session.exec(select(Study).order_by(col(Study.id)).limit(1).with_for_update(key_share=True)).first()


def system_head(session: Session) -> Head:
    """Where the chain `system` stands by its events: what the first study goes on from."""
    newest = select(AuditEvent).where(AuditEvent.chain == SYSTEM).order_by(col(AuditEvent.seq).desc()).limit(1)
    event = session.exec(newest).first()
    return Head(SYSTEM, 0, START) if event is None else Head(SYSTEM, event.seq, event.hash)


def record(
    session: Session,
    owner: Patient | Staff | Study,
    kind: str,
    payload: Mapping[str, object],
    actor: Actor,
    at: datetime,
) -> None:
    """Appends one event to the owner's chain; the owner's row must be locked.

    All studies share the chain `system`, whose head stands on the first one's row.
    """
    if isinstance(owner, Study):
        owner = _first_study(session) or owner
    head = Head(chain_of(owner), owner.chain_seq, owner.chain_hash)
    rows = entries(head, [(kind, payload)], actor, at)
    owner.chain_seq, owner.chain_hash = int(str(rows[-1]["seq"])), str(rows[-1]["hash"])
    session.add(owner)
    session.flush()
    session.connection().execute(_insert, rows[-1])


def chain_of(owner: Patient | Staff | Study) -> str:
    if isinstance(owner, Patient):
        return f"patient:{owner.number}"
    return f"staff:{owner.login}" if isinstance(owner, Staff) else SYSTEM


@dataclass(frozen=True, slots=True)
class Head:
    """A chain's name, last number and last hash."""

    chain: str
    seq: int
    hash: str


def entries(
    head: Head, events: Sequence[tuple[str, Mapping[str, object]]], actor: Actor, at: datetime
) -> list[dict[str, object]]:
    """Rows of the next events of a chain; the last row's `seq` and `hash` are its new head."""
    rows: list[dict[str, object]] = []
    seq, previous = head.seq, head.hash
    for kind, payload in events:
        salt, written = os.urandom(16).hex(), canonical(payload)
        seq += 1
        event = Event(head.chain, seq, at, kind, actor.name, actor.role, SOFTWARE, digest_of(salt, written))
        hashed = link(previous, event)
        rows.append(
            {
                "chain": event.chain,
                "seq": seq,
                "at": at,
                "kind": kind,
                "actor": event.actor,
                "role": event.role,
                "version": event.version,
                "digest": event.digest,
                "previous": previous,
                "hash": hashed,
                "salt": salt,
                "payload": written.decode(),
            }
        )
        previous = hashed
    return rows


_patients = metadata.tables["patient"]
_move_head = (
    update(_patients)
    .where(_patients.c.id == bindparam("owner"))
    .values(chain_seq=bindparam("seq"), chain_hash=bindparam("hash"))
)


def append_to_patient(
    session: Connected,
    patient_id: int,
    head: Head,
    events: Sequence[tuple[str, Mapping[str, object]]],
    actor: Actor,
    at: datetime,
) -> None:
    """The same for the hot path, in two statements: the events and the head. The patient's row must be locked."""
    rows = entries(head, events, actor, at)
    insert_together(session, _events, rows)
    session.connection().execute(_move_head, {"owner": patient_id, "seq": rows[-1]["seq"], "hash": rows[-1]["hash"]})
