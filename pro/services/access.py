"""Who comes in at the desk and what they may do there.

Sessions live in the database and are looked at on each request, so that ending one takes effect at once. All times
here are running time: a moved study clock signs nobody out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Literal, NamedTuple

from sqlmodel import Session, select

from pro.clock import Moment
from pro.services import audit
from pro.services.audit import Actor
from pro.services.parts import Parts
from pro.services.passwords import Busy, fits
from pro.store import counters, staff
from pro.store.tables import Role, Study

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(minutes=1)
"""A session's last sight is written at most this often."""

WINDOW = timedelta(minutes=15)
TRIES = 10
"""Failed sign-ins of one login from one address in a window."""
TRIES_OF_ADDRESS = 60
TRIES_OF_LOGIN = 40
KNOWN = timedelta(days=60)
"""For so long an address where a login has signed in counts for that login alone: others' tries there, or tries on
this login from elsewhere, do not lock it out."""


class Right(StrEnum):
    """What a staff route needs; each route declares one."""

    SEE_TODAY = "see-today"
    SEE_PATIENT = "see-patient"
    SEE_COMPLIANCE = "see-compliance"
    SEE_MESSAGES = "see-messages"
    SEE_AUDIT = "see-audit"
    SEE_PROTOCOL = "see-protocol"
    SEE_FLARE = "see-flare"
    REVIEW_FLARE = "review-flare"
    SEE_CONTACTS = "see-contacts"
    ENROL = "enrol"
    WITHDRAW = "withdraw"
    CHANGE_PHONE = "change-phone"
    LOG_CALL = "log-call"
    ENTER_EXAM = "enter-exam"
    EXTEND = "extend"
    AMEND = "amend"


_READ = frozenset(
    {
        *(Right.SEE_TODAY, Right.SEE_PATIENT, Right.SEE_COMPLIANCE, Right.SEE_MESSAGES, Right.SEE_AUDIT),
        Right.SEE_PROTOCOL,
    }
)
_CARE = frozenset(
    {
        Right.SEE_CONTACTS,
        Right.ENROL,
        Right.WITHDRAW,
        Right.CHANGE_PHONE,
        Right.LOG_CALL,
        Right.ENTER_EXAM,
        Right.EXTEND,
    }
)

RIGHTS: Mapping[str, frozenset[Right]] = {
    Role.COORDINATOR: _READ | _CARE,
    Role.INVESTIGATOR: _READ | _CARE | {Right.SEE_FLARE, Right.REVIEW_FLARE, Right.AMEND},
    Role.MONITOR: _READ | {Right.SEE_FLARE},
    Role.DATA_MANAGER: _READ | {Right.SEE_FLARE},
}
"""Monitors and data managers read, and never see a name or a number."""


class Grant(NamedTuple):
    """A role in force; `site_id` None stands for every site of the study."""

    role: str
    study_id: int
    site_id: int | None


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in member of staff."""

    staff_id: int
    login: str
    name: str
    language: str
    roles: tuple[Grant, ...]
    reach: Mapping[Right, frozenset[int]]
    """Sites where each right holds."""

    def sites(self, right: Right) -> frozenset[int]:
        return self.reach.get(right, frozenset())

    def may(self, right: Right, site_id: int | None = None) -> bool:
        """Whether the right holds at this site, or anywhere when no site is named."""
        sites = self.sites(right)
        return bool(sites) if site_id is None else site_id in sites

    def role_for(self, right: Right, site_id: int) -> str:
        """The role in which the right is used at this site, for the audit trail."""
        there = (grant.role for grant in self.roles if grant.site_id in (None, site_id))
        return next((role for role in there if right in RIGHTS[role]), "staff")

    def actor(self, right: Right, site_id: int) -> Actor:
        return Actor(self.login, self.role_for(right, site_id))


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str
    staff_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """`wrong` says the same for an unknown login, a wrong password and a closed account."""

    why: Literal["wrong", "too-many", "busy"]
    until: datetime | None = None
    """Running time from which another try makes sense."""


def sign_in(parts: Parts, login: str, password: str, address: str, moment: Moment) -> SignedIn | Refused:
    """Checks the password and opens a session.

    `address`: where the request comes from, for the rate limit. The password is hashed with no transaction open.
    """
    login = login.strip().lower()
    now = moment.running
    with parts.study.writing() as session:
        found = staff.by_login(session, login)
        limited = _limited(session, login, address, now)
    if limited:
        _note_limit(parts, login, address, moment)
        return Refused("too-many", _window(now) + WINDOW)
    try:
        right = fits(found.password_hash if found else None, password)
    except Busy:
        return Refused("busy", now + timedelta(minutes=1))
    if found is None or not right or not found.active:
        _note_failure(parts, found.id if found else None, address, moment)
        return Refused("wrong")
    return _open(parts, int(found.id), login, address, moment)


def staff_of(parts: Parts, token: str, moment: Moment) -> Identity | None:
    """Whose session this is; None when it is unknown, ended, idle for too long or over."""
    if not token:
        return None
    now = moment.running
    hashed = token_hash(token)
    with parts.study.reading() as session:
        row = staff.by_session(session, hashed)
        if row is None or row.ended_at or not row.active or now >= min(row.expires_at, row.seen_at + IDLE):
            return None
        roles = staff.roles(session, row.id, moment.study)
    if now - row.seen_at >= TOUCH:
        with parts.study.writing() as session:
            staff.touch_session(session, hashed, now)
    grants = tuple(dict.fromkeys(Grant(found.role, found.study_id, found.site_id) for found in roles))
    reach: dict[Right, set[int]] = {}
    for found in roles:
        for right in RIGHTS[found.role]:
            reach.setdefault(right, set()).add(found.reached)
    frozen = {right: frozenset(sites) for right, sites in reach.items()}
    return Identity(row.id, row.login, row.name, row.language, grants, frozen)


def sign_out(parts: Parts, token: str, moment: Moment) -> None:
    """Ends the session; nothing happens when it has ended before."""
    with parts.study.writing() as session:
        staff_id = staff.end_session(session, token_hash(token), moment.running)
        if staff_id is not None:
            _record(session, staff_id, "staff.signed-out", {}, moment)


def choose_language(parts: Parts, identity: Identity, language: str, moment: Moment) -> None:
    """Keeps the language of the account."""
    with parts.study.writing() as session:
        staff.set_language(session, identity.staff_id, language)


def refuse(parts: Parts, identity: Identity, what: str, right: Right, moment: Moment) -> None:
    """Notes that someone asked for what is not theirs; at most a few times per hour and account."""
    hour = moment.running.replace(minute=0, second=0, microsecond=0)
    with parts.study.writing() as session:
        if counters.bump(session, f"refused:{identity.staff_id}", hour) > TRIES:
            return
        payload = {"what": what[:80], "right": right}
        _record(session, identity.staff_id, "access.refused", payload, moment)


def token_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _open(parts: Parts, staff_id: int, login: str, address: str, moment: Moment) -> SignedIn:
    token = secrets.token_urlsafe(32)
    now = moment.running
    pair = _keys(login, address)[0]
    with parts.study.writing() as session:
        audit.lock_staff(session, staff_id)  # before the session's row, which takes a weaker lock on it
        staff.open_session(session, token_hash(token), staff_id, now, now + LONGEST)
        counters.forget(session, pair)
        counters.bump(session, f"known:{pair}", now.replace(hour=0, minute=0, second=0, microsecond=0))
        counters.forget_before(session, "sign-in:", now - 4 * WINDOW)
        counters.forget_before(session, "known:", now - KNOWN)
        _record(session, staff_id, "staff.signed-in", {"factors": 1, "from": address}, moment)
    return SignedIn(token, staff_id)


# Limits


def _limited(session: Session, login: str, address: str, now: datetime) -> bool:
    """Counts this try; whether it is one too many. Where the login is known, only its own tries count."""
    window = _window(now)
    pair, of_address, of_login = _keys(login, address)
    if counters.bump(session, pair, window) > TRIES:
        return True
    if counters.count(session, f"known:{pair}", now - KNOWN):
        return False
    elsewhere = counters.bump(session, of_address, window) > TRIES_OF_ADDRESS
    return counters.bump(session, of_login, window) > TRIES_OF_LOGIN or elsewhere


def _keys(login: str, address: str) -> tuple[str, str, str]:
    """What is typed as a login is kept hashed: now and then it is a password."""
    who = sha256(login.encode()).hexdigest()[:20]
    return f"sign-in:{who}:{address}", f"sign-in:at:{address}", f"sign-in:by:{who}"


def _window(now: datetime) -> datetime:
    seconds = int(now.timestamp()) % int(WINDOW.total_seconds())
    return now.replace(microsecond=0) - timedelta(seconds=seconds)


def _note_limit(parts: Parts, login: str, address: str, moment: Moment) -> None:
    """One event per window and pair: a flood must not fill the trail."""
    key = f"sign-in:noted:{_keys(login, address)[0]}"
    with parts.study.writing() as session:
        if counters.bump(session, key, _window(moment.running)) == 1:
            _record_for_system(session, "staff.sign-in-limited", {"from": address}, moment)


def _note_failure(parts: Parts, staff_id: int | None, address: str, moment: Moment) -> None:
    with parts.study.writing() as session:
        if staff_id is None:
            _record_for_system(session, "staff.sign-in-failed", {"known": False, "from": address}, moment)
        else:
            _record(session, staff_id, "staff.sign-in-failed", {"known": True, "from": address}, moment)


def _record(session: Session, staff_id: int, kind: str, payload: Mapping[str, object], moment: Moment) -> None:
    owner = audit.lock_staff(session, staff_id)
    audit.record(session, owner, kind, payload, Actor(owner.login, "staff"), moment.study)


def _record_for_system(session: Session, kind: str, payload: Mapping[str, object], moment: Moment) -> None:
    study_id = session.exec(select(Study.id).order_by(Study.id)).first()  # type: ignore[arg-type]
    if study_id is None:
        return
    owner = audit.lock_study(session, study_id)
    audit.record(session, owner, kind, payload, Actor("sign-in", "system"), moment.study)
