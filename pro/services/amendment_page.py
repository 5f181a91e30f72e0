"""What stands on the amendment's page: the versions to choose from, what one does to each patient, and past ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.services import amending
from pro.services.access import Identity, Right
from pro.services.amended import Amended, Numbers
from pro.services.amending import NotAmended, Wanted
from pro.services.parts import Parts
from pro.store import amendments
from pro.store.amendments import Found
from pro.store.tables import Study

PAGE = 20
"""Patients on one page."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that a version does at the reader's sites, summed; and one page of patients."""

    asked: Wanted
    numbers: Numbers
    versions: tuple[str, ...]
    """By which the patients live now."""
    patients: tuple[Amended, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class AmendmentPage:
    study: Study
    stands: tuple[str, ...]
    """Versions in force at the sites, or that patients live by."""
    candidates: tuple[Protocol, ...]
    begun: Found | None
    """Approved, and not carried out for everybody yet."""
    left: int
    """Patients of the whole study who are still to get what was begun."""
    past: Sequence[Found]
    may_approve: bool
    whole: bool
    """Whether the reader sees every site of the study."""
    refused: NotAmended | None = None
    """Why the version cannot be taken, as the command line says it."""
    shown: Shown | None = None


def amendment_page(
    parts: Parts, identity: Identity, moment: Moment, *, study: str = "", to: str = "", page: int = 1
) -> AmendmentPage | None:
    """Asks `SEE_PROTOCOL`; counts and shows only patients of the reader's sites. None for a study that is not theirs."""
    with parts.study.reading() as session:
        chosen = _study(session, identity, study)
        if chosen is None:
            return None
        found = _page(parts, session, identity, chosen, moment)
        asked, refused = _asked(parts, session, found, to, moment)
    seen = identity.sites(Right.SEE_PROTOCOL)
    shown = _shown(parts, asked, seen, page, moment) if asked is not None else None
    return replace(found, refused=refused, shown=shown)


def _study(session: Session, identity: Identity, code: str) -> Study | None:
    mine = {grant.study_id for grant in identity.roles}
    found = session.exec(select(Study).where(col(Study.id).in_(mine)).order_by(col(Study.id))).all()
    return next((one for one in found if not code or one.code == code), None)


def _page(parts: Parts, session: Session, identity: Identity, study: Study, moment: Moment) -> AmendmentPage:
    assert study.id is not None
    site_ids, stands = amending.stands(session, study, moment.study)
    past = amendments.past(session, [study.id])
    begun = next((row for row in past if row.finished_at is None), None)
    left = amendments.how_many(session, site_ids, begun.protocol, begun.version) if begun is not None else 0
    return AmendmentPage(
        study,
        stands,
        () if begun is not None else amending.candidates(parts.library, study, stands),
        begun,
        left,
        past,
        amending.approver(session, identity.staff_id, study, moment.study) is not None,
        set(site_ids) <= identity.sites(Right.SEE_PROTOCOL),
    )


def _asked(
    parts: Parts, session: Session, found: AmendmentPage, to: str, moment: Moment
) -> tuple[Wanted | None, NotAmended | None]:
    version = found.begun.version if found.begun is not None else to
    if not version:
        return None, None
    try:
        return amending.wanted(parts, session, found.study, version, moment), None
    except NotAmended as refusal:
        return None, refusal


def _shown(parts: Parts, asked: Wanted, site_ids: frozenset[int], page: int, moment: Moment) -> Shown:
    """Every patient is worked out for the sums, a batch at a time; only the page's own are kept."""
    first = (max(page, 1) - 1) * PAGE
    numbers, kept, versions = Numbers(), [], set()
    for one in amending.preview(parts, asked, moment, site_ids):
        if first <= numbers.patients < first + PAGE:
            kept.append(one)
        numbers += one.numbers
        versions.add(str(one.patient.protocol_version))
    pages = max(1, -(-numbers.patients // PAGE))
    return Shown(asked, numbers, tuple(sorted(versions, key=int)), tuple(kept), min(max(page, 1), pages), pages)
