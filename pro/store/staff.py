"""SQL of staff: who they are, what they may reach, and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, update
from sqlmodel import Session

from pro.store.tables import metadata

_t = metadata.tables
_staff, _role, _session, _site = _t["staff"], _t["staff_role"], _t["staff_session"], _t["site"]

Found = Row[Any]


def by_login(session: Session, login: str) -> Found | None:
    wanted = select(_staff.c.id, _staff.c.login, _staff.c.password_hash, _staff.c.active)
    return session.execute(wanted.where(_staff.c.login == login)).first()


def by_session(session: Session, token_hash: str) -> Found | None:
    """The session and its member of staff."""
    wanted = (
        select(
            _session.c.seen_at,
            _session.c.expires_at,
            _session.c.ended_at,
            _session.c.factors,
            _staff.c.id,
            _staff.c.login,
            _staff.c.name,
            _staff.c.language,
            _staff.c.active,
        )
        .join_from(_session, _staff, _session.c.staff_id == _staff.c.id)
        .where(_session.c.token_hash == token_hash)
    )
    return session.execute(wanted).first()


def roles(session: Session, staff_id: int, now: datetime) -> Sequence[Found]:
    """Roles in force, a row for each site they reach."""
    reached = and_(_site.c.study_id == _role.c.study_id, or_(_role.c.site_id.is_(None), _role.c.site_id == _site.c.id))
    wanted = (
        select(_role.c.role, _role.c.study_id, _role.c.site_id, _site.c.id.label("reached"))
        .join_from(_role, _site, reached)
        .where(_role.c.staff_id == staff_id, _role.c.from_at <= now)
        .where(or_(_role.c.until_at.is_(None), _role.c.until_at > now))
        .order_by(_role.c.id, _site.c.code)
    )
    return session.execute(wanted).all()


def open_session(session: Session, token_hash: str, staff_id: int, at: datetime, expires_at: datetime) -> None:
    row = {"token_hash": token_hash, "staff_id": staff_id, "made_at": at, "seen_at": at, "expires_at": expires_at}
    session.execute(insert(_session).values(**row, factors=1))


def touch_session(session: Session, token_hash: str, at: datetime) -> None:
    session.execute(update(_session).where(_session.c.token_hash == token_hash).values(seen_at=at))


def end_session(session: Session, token_hash: str, at: datetime) -> int | None:
    """Ends it and says whose it was; None where it was unknown or ended before."""
    ending = update(_session).where(_session.c.token_hash == token_hash, _session.c.ended_at.is_(None))
    found = session.execute(ending.values(ended_at=at).returning(_session.c.staff_id)).first()
    return None if found is None else int(found[0])


def set_language(session: Session, staff_id: int, language: str) -> None:
    session.execute(update(_staff).where(_staff.c.id == staff_id).values(language=language))
