"""SQL of the audit trail as it is read, checked and exported."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, exists, func, literal, or_, select
from sqlmodel import Session

from pro.store.desk import Found, patient
from pro.store.tables import metadata

event = metadata.tables["audit_event"]
staff, study = metadata.tables["staff"], metadata.tables["study"]

LINKS = (
    event.c.chain,
    event.c.seq,
    event.c.at,
    event.c.kind,
    event.c.actor,
    event.c.role,
    event.c.version,
    event.c.digest,
    event.c.previous,
    event.c.hash,
)
PREFIX = "patient:"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these sites' patients, and with `system` also those of staff accounts and of the service."""

    sites: Collection[int]
    system: bool
    chain: str = ""
    kind: str = ""
    """A kind, or its first word with the dot (`flare.`)."""
    since: datetime | None = None
    until: datetime | None = None


def page(session: Session, wanted: Wanted, before: tuple[datetime, str, int] | None, limit: int) -> Sequence[Found]:
    """Events, the newest first, from the one before `before` (at, chain, seq)."""
    statement = select(event).where(_visible(wanted))
    if wanted.chain:
        statement = statement.where(event.c.chain == wanted.chain)
    if wanted.kind:
        same = event.c.kind.startswith(wanted.kind, autoescape=True) if wanted.kind.endswith(".") else None
        statement = statement.where(event.c.kind == wanted.kind if same is None else same)
    if wanted.since is not None:
        statement = statement.where(event.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(event.c.at < wanted.until)
    if before is not None:
        statement = statement.where(_earlier(*before))
    order = (event.c.at.desc(), event.c.chain.desc(), event.c.seq.desc())
    return session.execute(statement.order_by(*order).limit(limit)).all()


def _visible(wanted: Wanted) -> ColumnElement[bool]:
    chain = literal(PREFIX, String) + patient.c.number
    mine = exists().where(patient.c.site_id.in_(wanted.sites), event.c.chain == chain)
    return or_(mine, ~event.c.chain.startswith(PREFIX)) if wanted.system else mine


def _earlier(at: datetime, chain: str, seq: int) -> ColumnElement[bool]:
    same = and_(event.c.at == at, or_(event.c.chain < chain, and_(event.c.chain == chain, event.c.seq < seq)))
    return or_(event.c.at < at, same)


def chains_at(session: Session, chains: Collection[str], sites: Collection[int]) -> frozenset[str]:
    """Those of the chains whose patients are at these sites."""
    numbers = [chain.removeprefix(PREFIX) for chain in chains]
    wanted = select(patient.c.number).where(patient.c.number.in_(numbers), patient.c.site_id.in_(sites))
    return frozenset(PREFIX + number for number in session.execute(wanted).scalars())


def of_chain(session: Session, chain: str, limit: int) -> Sequence[Found]:
    """A chain's newest events, the newest first."""
    wanted = select(event).where(event.c.chain == chain)
    return session.execute(wanted.order_by(event.c.seq.desc()).limit(limit)).all()


def links(session: Session, chain: str, limit: int) -> Sequence[Found]:
    """What hangs a chain together, its newest part, oldest first; payloads are left out."""
    wanted = select(*LINKS).where(event.c.chain == chain).order_by(event.c.seq.desc()).limit(limit)
    return list(reversed(session.execute(wanted).all()))


def of_kind(session: Session, chain: str, kind: str, since: datetime, limit: int) -> Sequence[Found]:
    wanted = select(event).where(event.c.chain == chain, event.c.kind == kind, event.c.at >= since)
    return session.execute(wanted.order_by(event.c.seq).limit(limit)).all()


def of_kinds(session: Session, chain: str, kinds: Collection[str], limit: int) -> Sequence[Found]:
    """A chain's newest events of these kinds, the newest first."""
    wanted = select(event).where(event.c.chain == chain, event.c.kind.in_(kinds))
    return session.execute(wanted.order_by(event.c.seq.desc()).limit(limit)).all()


# Export and check


def hold_still(session: Session) -> None:
    """What this session reads from here on is one picture, whatever is written meanwhile; SQLite does so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def everything(session: Session) -> Iterator[Found]:
    """Every event by chain and number, streamed."""
    wanted = select(event).order_by(event.c.chain, event.c.seq).execution_options(yield_per=1000)
    yield from session.execute(wanted)


def heads(session: Session) -> Iterator[tuple[str, int, str]]:
    """Chain, last number and last hash as they stand on the rows that own them; chains without events left out."""
    owners = (
        select(literal(PREFIX, String) + patient.c.number, patient.c.chain_seq, patient.c.chain_hash),
        select(literal("staff:", String) + staff.c.login, staff.c.chain_seq, staff.c.chain_hash),
        select(literal("system", String), study.c.chain_seq, study.c.chain_hash),
    )
    for owner in owners:
        for chain, seq, hash_ in session.execute(owner.execution_options(yield_per=1000)):
            if seq:
                yield chain, seq, hash_
    yield from _before_a_study(session)


def _before_a_study(session: Session) -> Iterator[tuple[str, int, str]]:
    """The chain `system` has no row of its own until there is a study: its newest event stands for its head."""
    if session.execute(select(study.c.id).limit(1)).first() is None:
        for row in of_chain(session, "system", 1):
            yield row.chain, row.seq, row.hash


def count(session: Session) -> int:
    return int(session.execute(select(func.count()).select_from(event)).scalar_one())
