"""Where a patient is enrolled: the site with its study, the protocol in force there, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.services import wording
from pro.services.enrolment.facts import NotEnrollable, Problem
from pro.services.parts import Parts
from pro.services.wording import Lacking
from pro.store.tables import ProtocolInForce, Site, Study


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patient is enrolled, and by which protocol."""

    site: Site
    study: Study
    protocol: Protocol
    published: bool
    lacking: tuple[Lacking, ...] = ()
    """Owners' texts that are not installed: outside a demonstration nobody is asked our short labels."""

    @property
    def obstacle(self) -> Problem | None:
        """Why nobody may be enrolled: a draft and demonstration wording are for a demonstration."""
        version = f"{self.protocol.id} {self.protocol.version}"
        if self.study.demonstration:
            return None
        if not self.published:
            return Problem("site", "draft", {"protocol": version})
        if self.lacking:
            said = wording.sentence(self.study.code, self.protocol, self.lacking)
            return Problem("site", "no-wording", {"said": said, "what": "; ".join(map(str, self.lacking))})
        return None


def place(parts: Parts, site_id: int, moment: Moment) -> Place:
    """The site with its study and the protocol in force there; NotEnrollable where there is none."""
    with parts.study.reading() as session:
        site = session.get(Site, site_id)
        if site is None:
            raise NotEnrollable(Problem("site", "no-site"))
        in_force = newest_there(session, site_id, moment)
        study = session.get_one(Study, site.study_id)
        if in_force is None:
            raise NotEnrollable(Problem("site", "no-protocol"))
        protocol = parts.library.protocol(in_force.protocol, in_force.version)
        lacking = () if study.demonstration else wording.lacking(session, parts.library, protocol)
    published = parts.library.is_protocol_published(protocol.id, protocol.version)
    return Place(site, study, protocol, published, lacking)


def newest_there(session: Session, site_id: int, moment: Moment) -> ProtocolInForce | None:
    return session.exec(
        select(ProtocolInForce)
        .where(ProtocolInForce.site_id == site_id, ProtocolInForce.from_at <= moment.study)
        .order_by(col(ProtocolInForce.from_at).desc(), col(ProtocolInForce.id).desc())
    ).first()
