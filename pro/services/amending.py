"""An amendment: shown patient by patient before anybody approves it, and carried out patient by patient once somebody has.

What has an answer or a sent message stays, with the version it was made with; what is untouched goes by the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.library import Library, Unknown
from pro.services import wording
from pro.services.access import RIGHTS, Right
from pro.services.amended import Amended, Planner, amended
from pro.services.amending_patients import BATCH, SUMS, Approved, carry_out, numbers_of
from pro.services.audit import WORKER, Actor, lock_study, record
from pro.services.parts import Parts
from pro.services.shift import pass_by
from pro.store import amendments, staff
from pro.store.amendments import Found
from pro.store.engine import Connected
from pro.store.tables import Staff, Study

LONGEST_REASON = 500
NONE_YET = "0"


class NotAmended(ValueError):
    """It cannot be approved, or shown; the message is one line for who asked, `why` a code for pages with its `named`."""

    def __init__(self, why: str, said: str, **named: object) -> None:
        super().__init__(said)
        self.why, self.named = why, named


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version that a study could go over to; `earlier`: the versions that stand now."""

    study: Study
    to: Protocol
    earlier: tuple[str, ...]
    site_ids: tuple[int, ...]


# --- before


def candidates(library: Library, study: Study, earlier: Collection[str]) -> tuple[Protocol, ...]:
    """Versions that the study could go over to: higher than what stands, published unless it is a demonstration."""
    newest = max((int(one) for one in earlier), default=int(NONE_YET))
    mine = (one for one in library.protocols() if one.id == study.protocol and int(one.version) > newest)
    return tuple(one for one in mine if study.demonstration or library.is_protocol_published(one.id, one.version))


def wanted(parts: Parts, session: Session, study: Study, version: str, moment: Moment) -> Wanted:
    """What `version` would take the place of; NotAmended where the study cannot go over to it."""
    to = _published(parts, session, study, version)
    site_ids, earlier = stands(session, study, moment.study)
    if not site_ids:
        said = f"{study.code} has no site yet: pro site create --protocol-version {version}"
        raise NotAmended("no-site", said, study=study.code)
    newer = [one for one in earlier if int(one) > int(version)]
    if newer:
        said = f"{to.id} {version} is older than {newer[-1]}, which {study.code} follows: it goes forward only"
        raise NotAmended("older", said, study=study.code, version=version, newer=newer[-1])
    earlier = tuple(one for one in earlier if one != version)
    if not earlier:
        said = f"{study.code} follows {to.id} {version} already: there is nothing to amend"
        raise NotAmended("already", said, study=study.code, version=version)
    return Wanted(study, to, earlier, site_ids)


def stands(session: Connected, study: Study, now: datetime) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The study's sites, and the versions in force there or that patients live by; lowest first."""
    assert study.id is not None
    ids = tuple(row.id for row in amendments.sites(session, study.id))
    found = amendments.versions(session, ids, study.protocol)
    found |= {version for name, version in amendments.standing(session, ids, now).values() if name == study.protocol}
    return ids, tuple(sorted(found, key=int))


def _published(parts: Parts, session: Session, study: Study, version: str) -> Protocol:
    try:
        to = parts.library.protocol(study.protocol, version)
    except Unknown as unknown:
        raise NotAmended("unknown", str(unknown), version=version) from None
    if study.demonstration:
        return to
    if not parts.library.is_protocol_published(to.id, version):
        said = f"{to.id} {version} is a draft and {study.code} is no demonstration: pro protocol publish {to.id}"
        raise NotAmended("draft", said, version=version)
    try:
        wording.refuse_unworded(session, parts.library, study.code, to)
    except wording.NotWorded as lacking:
        raise NotAmended("not-worded", str(lacking), version=version) from None
    return to


def preview(parts: Parts, asked: Wanted, moment: Moment, site_ids: Collection[int] | None = None) -> Iterator[Amended]:
    """What becomes of each patient in the study, one by one; changes nothing. `site_ids`: only patients of these sites.

    Reads `BATCH` patients at a time, each batch in a transaction of its own: memory does not grow with the study.
    """
    planner = Planner(parts.library, asked.to)
    ids = [one for one in asked.site_ids if site_ids is None or one in site_ids]
    after = 0
    while True:
        with parts.study.reading() as session:
            page = amendments.patients(session, ids, asked.to.id, asked.to.version, after, BATCH)
            found = list(amended(session, planner, page, moment.study))
        yield from found
        if len(page) < BATCH:
            return
        after = page[-1].id


# --- approval


def approve(
    parts: Parts,
    staff_id: int,
    study_id: int,
    version: str,
    reason: str,
    moment: Moment,
    *,
    at: Callable[[str], None] = pass_by,
    at_most: int | None = None,
) -> Approved:
    """Puts `version` in force at every site, then carries it out patient by patient, a transaction each.

    Killed at any point it is continued by calling it again, or by the worker within the hour; no patient gets it
    twice. `at_most` patients in this call. NotAmended, in one line, where it cannot be or may not be done.
    """
    begun, actor = _begin(parts, staff_id, study_id, version, reason.strip(), moment)
    at("begun")
    if begun.finished_at is not None:
        return Approved(begun.id, version, numbers_of(begun), 0, already=True)
    return carry_out(parts, begun, actor, moment, at, at_most)


def go_on(parts: Parts, moment: Moment) -> int:
    """Continues what was approved and broke off; gives how many patients are left. Meant for once an hour."""
    with parts.study.plain_reading() as session:
        begun = amendments.unfinished(session)
    return sum(carry_out(parts, one, WORKER, moment, pass_by, None).left for one in begun)


def approver(session: Session, staff_id: int, study: Study, now: datetime) -> Actor | None:
    """Who approves, in which role; None where the right does not reach every site of the study."""
    assert study.id is not None
    person = session.get(Staff, staff_id)
    roles = [row for row in staff.roles(session, staff_id, now) if Right.AMEND in RIGHTS[row.role]]
    sites = {row.id for row in amendments.sites(session, study.id)}
    if person is None or not person.active or not roles or not sites <= {row.reached for row in roles}:
        return None
    return Actor(person.login, roles[0].role)


def _begin(
    parts: Parts, staff_id: int, study_id: int, version: str, reason: str, moment: Moment
) -> tuple[Found, Actor]:
    with parts.study.writing() as session:
        study = lock_study(session, study_id)
        actor = approver(session, staff_id, study, moment.study)
        if actor is None:
            said = f"an amendment of {study.code} is approved by an investigator of all its sites"
            raise NotAmended("not-allowed", said)
        before = _before(session, study, version)
        if before is not None:
            return before, actor
        asked = wanted(parts, session, study, version, moment)
        if not reason or len(reason) > LONGEST_REASON:
            raise NotAmended("reason", f"say why, in up to {LONGEST_REASON} characters", n=LONGEST_REASON)
        _record_it(session, asked, staff_id, actor, reason, moment)
        begun = _before(session, study, version)
        assert begun is not None
        return begun, actor


def _before(session: Session, study: Study, version: str) -> Found | None:
    """The amendment to that version, where it has been approved; another one must be finished first."""
    assert study.id is not None
    for row in amendments.past(session, [study.id]):
        if row.protocol == study.protocol and row.version == version:
            return row
        if row.finished_at is None:
            said = f"the amendment to {row.protocol} {row.version} is not carried out yet: continue that first"
            raise NotAmended("unfinished", said, version=row.version)
    return None


def _record_it(session: Session, asked: Wanted, staff_id: int, actor: Actor, reason: str, moment: Moment) -> None:
    """The record, the event, and the version in force: whoever is enrolled from now on gets it."""
    assert asked.study.id is not None
    to, now = asked.to, moment.study
    sites = amendments.sites(session, asked.study.id, lock=True)
    known = {"protocol": to.id, "version": to.version, "sha256": to.sha256}
    row = {**known, "study_id": asked.study.id, "earlier": ", ".join(asked.earlier), "reason": reason}
    begun = {"approved_at": now, "approved_by": staff_id, "role": actor.role, "finished_at": None}
    amendments.begin(session, {**row, **begun, **dict.fromkeys(SUMS.values(), 0)})
    standing = amendments.standing(session, [one.id for one in sites], now)
    new = [one for one in sites if standing.get(one.id) != (to.id, to.version)]
    amendments.put_in_force(session, [{**known, "site_id": one.id, "from_at": now} for one in new])
    event = {**known, "earlier": list(asked.earlier), "reason": reason, "sites": [one.code for one in new]}
    record(session, asked.study, "protocol.amended", event, actor, now)
