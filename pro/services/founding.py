"""A study, its sites and its staff: what has to be there before the first patient.

Each verb is one transaction with its audit event on the chain `system`. What is typed in wrongly raises `NotFounded`,
whose problems name the field and the mend.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import phonenumbers
from sqlalchemy import func
from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain import phone as phones
from pro.domain import zones
from pro.domain.protocol import Protocol
from pro.library import Unknown
from pro.services import wording
from pro.services.audit import Actor, lock_study, record, system_head
from pro.services.parts import Parts
from pro.services.passwords import hash_password
from pro.store import contacts
from pro.store.tables import ProtocolInForce, Role, Site, SiteDuty, Staff, StaffRole, Study

SHORTEST_PASSWORD = 8
COMMON = frozenset(
    (
        *("password", "passw0rd", "password1", "12345678", "123456789", "1234567890", "11111111", "qwertyuiop"),
        *("azertyui", "azertyuiop", "iloveyou", "motdepasse", "bonjour1", "sunshine", "princess", "football"),
        *("baseball", "superman", "welcome1", "changeme", "admin123", "letmein1", "trustno1", "soleil123"),
        *("doudou123", "hospital", "hopital1", "qwertyui", "starwars", "computer", "whatever", "internet"),
    )
)


class NotFounded(ValueError):
    """What was given does not hold: a line a problem, each naming its field."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class NewSite:
    study: str
    code: str
    """Letters that open its study numbers."""
    name: str
    telephone: str
    emergency: str = "15"
    zone: str = "Europe/Paris"
    region: str = "FR"
    version: str | None = None
    """Protocol version in force; left out, the newest."""


@dataclass(frozen=True, slots=True)
class NewStaff:
    login: str
    name: str
    password: str = field(repr=False)
    role: str
    study: str
    site: str | None = None
    """Left out: every site of the study."""
    language: str = "en"
    duty: int | None = None
    """Rank on the site's duty list, 1 is told first; needs a site and a telephone."""
    phone: str | None = field(default=None, repr=False)


def create_study(
    parts: Parts, actor: Actor, code: str, title: str, protocol: str, moment: Moment, *, demonstration: bool = False
) -> int:
    """Makes a study that follows the protocol of that id."""
    problems = [
        *_bad_code(code, "the study's code", r"[A-Za-z0-9-]{2,20}", "2 to 20 letters, digits or hyphens"),
        *([] if title.strip() else ["title: give the study's title"]),
    ]
    try:
        parts.library.latest_protocol(protocol)
    except Unknown as unknown:
        problems.append(f"protocol: {unknown}")
    _refuse(problems)
    with parts.study.writing() as session:
        if session.exec(select(Study).where(Study.code == code)).first():
            raise NotFounded(f"code: there is a study {code} already")
        study = Study(code=code, title=title.strip(), protocol=protocol, demonstration=demonstration)
        if session.exec(select(Study.id).limit(1)).first() is None:  # a wording may have been installed before
            head = system_head(session)
            study.chain_seq, study.chain_hash = head.seq, head.hash
        session.add(study)
        session.flush()
        event = {"code": code, "protocol": protocol, "demonstration": demonstration}
        record(session, study, "study.created", event, actor, moment.study)
        return _id(study.id)


def create_site(parts: Parts, actor: Actor, new: NewSite, moment: Moment) -> int:
    """Makes a site and puts the protocol in force there."""
    number, problems = _site_telephone(new)
    problems += _bad_code(new.code, "code", r"[A-Z]{1,6}", "1 to 6 capital letters: they open the study numbers")
    problems += [] if new.name.strip() else ["name: give the site's name as patients know it"]
    problems += [] if re.fullmatch(r"[0-9]{2,6}", new.emergency) else [f"emergency: {new.emergency!r} is no number"]
    problems += _bad_zone(new.zone)
    _refuse(problems)
    with parts.study.writing() as session:
        study = lock_study(session, _study(session, new.study))
        if session.exec(select(Site).where(Site.study_id == study.id, Site.code == new.code)).first():
            raise NotFounded(f"code: {new.study} has a site {new.code} already")
        if other := session.exec(select(Study.code).join(Site).where(Site.code == new.code)).first():
            raise NotFounded(
                f"code: {other} has a site {new.code}, and study numbers begin with it: choose other letters"
            )
        protocol = _protocol(parts, study, new.version)
        if not study.demonstration:
            wording.refuse_unworded(session, parts.library, study.code, protocol)
        site = Site(
            study_id=_id(study.id),
            code=new.code,
            name=new.name.strip(),
            telephone=number,
            emergency=new.emergency,
            zone=new.zone,
            region=new.region,
        )
        session.add(site)
        session.flush()
        session.add(_in_force(site, protocol, moment))
        version = f"{protocol.id} {protocol.version}"
        record(session, study, "site.created", {"site": new.code, "protocol": version}, actor, moment.study)
        return _id(site.id)


def create_staff(parts: Parts, actor: Actor, new: NewStaff, moment: Moment) -> int:
    """Makes an account with one role; the password is kept hashed, the telephone in the contacts database.

    The telephone is written while the account is not yet committed, so that neither is left without the other.
    """
    number, problems = _staff_number(new)
    problems += _bad_staff(new)
    _refuse(problems)
    hashed = hash_password(new.password)
    with parts.study.writing() as session:
        study = lock_study(session, _study(session, new.study))
        site = _site(session, study, new.site)
        login = new.login.strip().lower()
        if session.exec(select(Staff).where(Staff.login == login)).first():
            raise NotFounded(f"login: there is an account {login} already")
        person = Staff(login=login, name=new.name.strip(), password_hash=hashed, language=new.language)
        session.add(person)
        session.flush()
        staff_id, site_id = _id(person.id), site.id if site else None
        since = moment.study
        session.add(StaffRole(staff_id=staff_id, role=new.role, study_id=_id(study.id), site_id=site_id, from_at=since))
        if new.duty is not None and site_id is not None:
            _put_on_duty(session, site_id, new.duty, staff_id)
        event = {"login": login, "role": new.role, "site": new.site, "duty": new.duty}
        record(session, study, "staff.created", event, actor, moment.study)
        if number is not None:
            with parts.contacts.writing() as numbers:
                contacts.keep_staff(numbers, parts.cipher, staff_id, number, moment.running)
        return staff_id


def _refuse(problems: list[str]) -> None:
    if problems:
        raise NotFounded(*problems)


def _bad_code(code: str, name: str, pattern: str, wanted: str) -> list[str]:
    return [] if re.fullmatch(pattern, code) else [f"{name}: {code!r} is not {wanted}"]


def _bad_zone(name: str) -> list[str]:
    try:
        zones.zone(name)
    except zones.UnknownZone as unknown:
        return [f"zone: {unknown}"]
    return []


def _site_telephone(new: NewSite) -> tuple[str, list[str]]:
    """The switchboard's number as E.164; any kind of line will do."""
    if new.region not in phonenumbers.SUPPORTED_REGIONS:
        return "", [f"region: {new.region!r} is no country code of two letters, such as FR"]
    try:
        parsed = phonenumbers.parse(new.telephone, new.region)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return "", [f"telephone: {new.telephone!r} is no telephone number of {new.region}"]
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), []


def _staff_number(new: NewStaff) -> tuple[str | None, list[str]]:
    if new.phone is None:
        return None, ["phone: whoever is on duty needs a mobile number"] if new.duty is not None else []
    try:
        return phones.parse(new.phone, "FR"), []
    except phones.WrongNumber as wrong:
        return None, [f"phone: {wrong}"]


def _bad_staff(new: NewStaff) -> list[str]:
    roles = ", ".join(Role)
    problems = [
        *_bad_code(new.login.strip(), "login", r"[^\s\x00-\x1f]{2,80}", "2 to 80 characters without spaces"),
        *([] if new.name.strip() else ["name: give the name that the trail shows"]),
        *([] if new.role in list(Role) else [f"role: {new.role!r} is none of {roles}"]),
        *([] if new.language in ("en", "fr") else [f"language: {new.language!r} is none of en, fr"]),
        *_weak_password(new),
    ]
    if new.duty is not None and (new.duty < 1 or new.site is None):
        problems.append("duty: give a rank from 1 on, and the site it is for")
    return problems


def _weak_password(new: NewStaff) -> list[str]:
    """Length and a list of common ones, no rules of composition."""
    password = new.password
    if len(password) < SHORTEST_PASSWORD:
        return [f"password: give at least {SHORTEST_PASSWORD} characters"]
    if password.lower() in COMMON or password.lower() == new.login.strip().lower():
        return ["password: this one is among the first that anybody tries"]
    return []


def _study(session: Session, code: str) -> int:
    found = session.exec(select(Study.id).where(Study.code == code)).first()
    if found is None:
        there = ", ".join(session.exec(select(Study.code).order_by(col(Study.code))).all())
        raise NotFounded(f"study: there is no study {code!r}; there is {there or 'none yet: pro study create'}")
    return found


def _site(session: Session, study: Study, code: str | None) -> Site | None:
    if code is None:
        return None
    found = session.exec(select(Site).where(Site.study_id == study.id, Site.code == code)).first()
    if found is None:
        codes = session.exec(select(Site.code).where(Site.study_id == study.id).order_by(col(Site.code))).all()
        raise NotFounded(f"site: {study.code} has no site {code!r}; it has {', '.join(codes) or 'none yet'}")
    return found


def _protocol(parts: Parts, study: Study, version: str | None) -> Protocol:
    """The version to put in force; a draft only in a demonstration."""
    try:
        protocol = parts.library.protocol(study.protocol, version) if version else _newest(parts, study)
    except Unknown as unknown:
        raise NotFounded(f"protocol: {unknown}") from None
    if not study.demonstration and not parts.library.is_protocol_published(protocol.id, protocol.version):
        raise NotFounded(
            f"protocol: {protocol.id} {protocol.version} is a draft and {study.code} is no demonstration: "
            f"publish it with `pro protocol publish {protocol.id}`"
        )
    return protocol


def _newest(parts: Parts, study: Study) -> Protocol:
    """In a demonstration the newest version; elsewhere the newest that is published, where one is."""
    found = [each for each in parts.library.protocols() if each.id == study.protocol]
    published = [each for each in found if parts.library.is_protocol_published(each.id, each.version)]
    if published and not study.demonstration:
        return published[-1]
    return parts.library.latest_protocol(study.protocol)


def _in_force(site: Site, protocol: Protocol, moment: Moment) -> ProtocolInForce:
    return ProtocolInForce(
        site_id=_id(site.id),
        protocol=protocol.id,
        version=protocol.version,
        sha256=protocol.sha256,
        from_at=moment.study,
    )


def _put_on_duty(session: Session, site_id: int, rank: int, staff_id: int) -> None:
    if session.get(SiteDuty, (site_id, rank)) is not None:
        last = session.exec(select(func.max(SiteDuty.rank)).where(SiteDuty.site_id == site_id)).one()
        raise NotFounded(f"duty: rank {rank} is taken at this site; the next free one is {last + 1}")
    session.add(SiteDuty(site_id=site_id, rank=rank, staff_id=staff_id))


def _id(value: int | None) -> int:
    assert value is not None
    return value
