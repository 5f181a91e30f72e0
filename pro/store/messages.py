"""SQL of messages, their events and their links. Decides nothing, commits nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from pro.store.tables import Message, MessageEvent


def queue(
    session: Session,
    *,
    dedupe_key: str,
    site_id: int,
    patient_id: int | None,
    staff_id: int | None,
    template: str,
    language: str,
    due_at: datetime,
    not_after: datetime,
    detail: str | None = None,
) -> int | None:
    """Puts a message in the outbox, once per `dedupe_key`: its id, or None where that key is there already."""
    values = {
        "dedupe_key": dedupe_key,
        "site_id": site_id,
        "patient_id": patient_id,
        "staff_id": staff_id,
        "template": template,
        "language": language,
        "detail": detail,
        "due_at": due_at,
        "not_after": not_after,
        "state": "pending",
        "attempts": 0,
    }
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(Message).values(**values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    made = session.connection().execute(statement.returning(Message.__table__.c.id)).scalar_one_or_none()  # type: ignore[attr-defined]
    if made is not None:
        note(session, [made], due_at, "queued")
    return made


def note(session: Session, message_ids: list[int], at: datetime, kind: str, detail: str | None = None) -> None:
    """Writes down what these messages went through; `at` is study time."""
    if message_ids:
        rows = [{"message_id": id_, "at": at, "kind": kind, "detail": detail} for id_ in message_ids]
        session.connection().execute(insert(MessageEvent), rows)
