"""The audit trail to read, to take away, and to check: the database itself or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from pro.domain import chain
from pro.domain.chain import Event
from pro.domain.chain_check import Report, verify
from pro.library import Library
from pro.services.access import Identity, Right
from pro.services.episodes import emergencies
from pro.services.parts import Parts
from pro.store import desk, trail
from pro.store.desk import Found
from pro.store.tables import Role
from pro.store.trail import Wanted

PAGE = 50
FLARE = "flare."
CHECKED = 2000
"""Newest events of one chain that a page checks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as a reader sees it; `payload` is None when it was emptied by a redaction."""

    chain: str
    seq: int
    at: datetime
    kind: str
    actor: str
    role: str
    version: str
    payload: dict[str, Any] | None
    withheld: bool = False
    """The reader may know that it happened, and not what was found: the payload is left empty."""
    safety: bool = False
    """Of what is withheld: that it was about the patient's safety, which whoever answers the telephone has to know."""
    first: bool = False
    """Of a hit within an episode: the first sign of a flare in it; what opened it was a safety flag alone."""

    @property
    def number(self) -> str | None:
        """Study number of the patient whose chain it is."""
        return self.chain.removeprefix(trail.PREFIX) if self.chain.startswith(trail.PREFIX) else None


@dataclass(frozen=True, slots=True)
class TrailPage:
    entries: tuple[Entry, ...]
    next: tuple[datetime, str, int] | None


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """`to`: the last number that fits everything before it; `ok`: whether that is the end."""

    ok: bool
    to: int


def read_page(
    parts: Parts,
    identity: Identity,
    *,
    number: str = "",
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, str, int] | None = None,
) -> TrailPage:
    """Events of the reader's patients, the newest first; a data manager also sees those of accounts and service."""
    wanted = Wanted(
        sites=identity.sites(Right.SEE_AUDIT),
        system=any(grant.role == Role.DATA_MANAGER and grant.site_id is None for grant in identity.roles),
        chain=f"{trail.PREFIX}{number}" if number else "",
        kind=kind,
        since=since,
        until=until,
    )
    with parts.study.reading() as session:
        found = trail.page(session, wanted, before, PAGE + 1)
        chains = {row.chain for row in found if row.kind.startswith(FLARE)}
        open_chains = trail.chains_at(session, chains, identity.sites(Right.SEE_FLARE)) if chains else frozenset()
        entries = _with_first_signs(session, parts.library, [entry_of(row) for row in found[:PAGE]])
    last = found[PAGE - 1] if len(found) > PAGE else None
    following = None if last is None else (last.at, last.chain, last.seq)
    shown = (one if one.chain in open_chains else without_flare(one, parts.library) for one in entries)
    return TrailPage(tuple(shown), following)


def without_flare(entry: Entry, library: Library) -> Entry:
    """As it is shown where SEE_FLARE does not hold: that a flare was reviewed, not what the doctor wrote."""
    if not entry.kind.startswith(FLARE):
        return entry
    payload = entry.payload or {}
    safety = "safety" in payload or "safety_note" in payload
    safety = safety or not emergencies(library).isdisjoint(rules_of(payload))
    return replace(entry, payload={}, withheld=True, safety=safety)


def rules_of(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the rules that an event of an episode names."""
    triggers = payload.get("triggers")
    if not isinstance(triggers, list):
        return ()
    return tuple(dict.fromkeys(str(each.get("rule")) for each in triggers if isinstance(each, dict)))


def newest_of(session: Session, library: Library, number: str, limit: int) -> tuple[Entry, ...]:
    """A patient's newest events."""
    rows = trail.of_chain(session, f"{trail.PREFIX}{number}", limit)
    return _with_first_signs(session, library, [entry_of(row) for row in rows])


def _with_first_signs(session: Session, library: Library, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Marks the hit by which an episode that a safety flag opened became a flare as well."""
    episodes = {flare for one in entries if (flare := _hit_again(one))}
    since = desk.first_signs(session, episodes, emergencies(library)) if episodes else {}
    return tuple(replace(one, first=True) if since.get(_hit_again(one)) == one.at else one for one in entries)


def _hit_again(entry: Entry) -> int:
    """The episode within which this event was a further hit; 0 where it was none."""
    return int((entry.payload or {}).get("flare", 0)) if entry.kind == "flare.triggered" else 0


def check_chain(session: Session, number: str, head: tuple[int, str]) -> ChainCheck:
    """Whether a patient's chain hangs together up to its head; payloads are not read."""
    rows = trail.links(session, f"{trail.PREFIX}{number}", CHECKED)
    previous, reached = rows[0].previous if rows else chain.START, rows[0].seq - 1 if rows else 0
    for row in rows:
        if row.seq != reached + 1 or row.previous != previous or chain.link(previous, event_of(row)) != row.hash:
            return ChainCheck(False, reached)
        previous, reached = row.hash, row.seq
    return ChainCheck((reached, previous) == head, reached)


def entry_of(row: Found) -> Entry:
    payload = msgspec.json.decode(row.payload) if row.payload is not None else None
    return Entry(row.chain, row.seq, row.at, row.kind, row.actor, row.role, row.version, payload)


def event_of(row: Found) -> Event:
    return Event(row.chain, row.seq, row.at, row.kind, row.actor, row.role, row.version, row.digest)


# Export and check


def export(parts: Parts) -> Iterator[bytes]:
    """The whole trail as lines without their line ends, streamed from one reading; the last names every chain's head.

    The heads are those on the rows that own the chains, so that events cut off at a chain's end are found out.
    """
    with parts.study.reading() as session:
        trail.hold_still(session)
        for row in trail.everything(session):
            payload = None if row.payload is None else chain.within(chain.rewritten(msgspec.json.decode(row.payload)))
            yield chain.event_line(
                event_of(row),
                salt=row.salt,
                payload=payload,
                redacted=row.payload is None,
                previous=row.previous,
                hash=row.hash,
            )
        yield chain.heads_line({name: (seq, last) for name, seq, last in trail.heads(session)})


def verify_database(parts: Parts) -> Report:
    """Checks the trail as it stands in the database, by the same rules as a file."""
    return verify(export(parts))


def verify_lines(lines: Iterable[bytes]) -> Report:
    """Checks an exported trail."""
    return verify(lines)
