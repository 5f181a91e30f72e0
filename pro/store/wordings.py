"""SQL of installed wordings: rows only come, and of several for one key the highest number counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, text, tuple_

from pro.store.engine import Connected
from pro.store.tables import metadata

_t = metadata.tables
wording, _study, _site, _in_force = _t["wording"], _t["study"], _t["site"], _t["protocol_in_force"]
KEY = (wording.c.questionnaire, wording.c.version, wording.c.language)

Found = Row[Any]


def hold(session: Connected) -> None:
    """Nobody else installs until the transaction ends; readers are not kept. SQLite's writers are alone anyway."""
    if session.connection().dialect.name == "postgresql":
        session.connection().execute(text("LOCK TABLE wording IN SHARE ROW EXCLUSIVE MODE"))


_last = select(func.coalesce(func.max(wording.c.id), 0))


def last(session: Connected) -> int:
    """The number of the newest row, 0 without any: it moves with every installation."""
    return int(session.connection().execute(_last).scalar_one())


def newest(session: Connected) -> Sequence[Found]:
    """The row that counts for each questionnaire, version and language."""
    counting = select(*KEY, func.max(wording.c.n)).group_by(*KEY)
    wanted = select(wording).where(tuple_(*KEY, wording.c.n).in_(counting)).order_by(wording.c.id)
    return session.connection().execute(wanted).all()


def newest_of(session: Connected, questionnaire: str, version: str, language: str) -> Found | None:
    mine = (KEY[0] == questionnaire, KEY[1] == version, KEY[2] == language)
    return session.connection().execute(select(wording).where(*mine).order_by(wording.c.n.desc()).limit(1)).first()


def add(session: Connected, row: Mapping[str, object]) -> None:
    session.connection().execute(insert(wording), dict(row))


def studies(session: Connected) -> Sequence[Any]:
    """Studies in which patients are real: id, code and protocol."""
    wanted = select(_study.c.id, _study.c.code, _study.c.protocol).where(_study.c.demonstration.is_(False))
    return session.connection().execute(wanted.order_by(_study.c.code)).all()


def in_force(session: Connected, study_id: int, now: datetime) -> list[tuple[str, str]]:
    """Protocol versions that stand at a site of the study now, or will."""
    wanted = (
        select(_in_force.c.site_id, _in_force.c.protocol, _in_force.c.version, _in_force.c.from_at)
        .join(_site, _site.c.id == _in_force.c.site_id)
        .where(_site.c.study_id == study_id)
        .order_by(_in_force.c.from_at, _in_force.c.id)
    )
    rows = session.connection().execute(wanted).all()
    standing = {row.site_id: row for row in rows if row.from_at <= now}
    to_come = [row for row in rows if row.from_at > now]
    return list(dict.fromkeys((row.protocol, row.version) for row in (*standing.values(), *to_come)))
