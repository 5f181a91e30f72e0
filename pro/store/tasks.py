"""SQL of a site's tasks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from pro.store.tables import metadata

task = metadata.tables["task"]


def open_task(
    session: Session, site_id: int, patient_id: int | None, kind: str, at: datetime, detail: str = ""
) -> bool:
    """Makes a task unless the patient has one of that kind open; whether it is new."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"site_id": site_id, "patient_id": patient_id, "kind": kind, "detail": detail, "made_at": at, "note": ""}
    return session.connection().execute(insert(task).values(**values).on_conflict_do_nothing()).rowcount == 1
