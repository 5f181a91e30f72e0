"""Rows put straight into the tables, for tests of what reads them; what writes them has tests of its own.

`make_parts` joins the parts on migrated databases; `make_study`, `make_staff`, `make_patient` and `settle` fill them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher
from sqlalchemy import insert, select

from pro import library
from pro.clock import FixedClock
from pro.domain.chain import canonical
from pro.domain.schedule import plan
from pro.library import Library
from pro.services.parts import Parts
from pro.settings import Settings, read
from pro.sms.memory import MemorySender
from pro.store import contacts
from pro.store.contacts import Cipher, Person
from pro.store.engine import Database
from pro.store.tables import Patient, Response, Role, Site, SiteDuty, Staff, StaffRole, Study, metadata

NOW = datetime(2026, 4, 15, 6, 4, tzinfo=UTC)
"""Wednesday 15 April 2026, 08:04 in Paris."""
PASSWORD = "the blue tram at noon"
PROTOCOL = "thera-demo"
DIARY = "joint-pain-diary"
COUNTED = {"completed": "completed", "late": "late", "partial": "partial", "missed": "missed", "excused": "missed"}
"""How closing counts each in `tally`."""
_quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2 at its cheapest: what is checked is the same."""


@lru_cache(maxsize=1)
def the_library() -> Library:
    return library.load()


@lru_cache(maxsize=1)
def password_hash() -> str:
    return _quick.hash(PASSWORD)


def make_settings(study_url: str, contacts_url: str, **more: str) -> Settings:
    environment = {
        "DATABASE_URL": study_url,
        "CONTACTS_DATABASE_URL": contacts_url,
        "PRO_SECRET_KEY": "tests only, tests only, tests only, tests only",
        "PRO_CONTACTS_KEY": "t:dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMgb24=",
        "PRO_PUBLIC_URL": "http://localhost",
    }
    return read(environment | more, demo=False)


def make_parts(
    urls: tuple[str, str], clock: FixedClock | None = None, books: Library | None = None, **more: str
) -> Parts:
    """The parts on these databases (study, contacts), with a clock that stands at `NOW` and a sender in memory."""
    settings = make_settings(*urls, **more)
    return Parts(
        settings=settings,
        study=Database(settings.database_url),
        contacts=Database(settings.contacts_database_url),
        cipher=Cipher(settings.contacts_keys),
        library=books or the_library(),
        clock=clock or FixedClock(NOW),
        sender=MemorySender(),
    )


class Made(NamedTuple):
    study_id: int
    sites: dict[str, int]
    """Site code → id."""


def make_study(parts: Parts, codes: Iterable[str] = ("R", "L"), code: str = "THERA") -> Made:
    names = {"R": "Rennes", "L": "Lille", "P": "Paris"}
    with parts.study.writing() as session:
        study = Study(code=code, title="Anakinra in haemochromatosis", protocol=PROTOCOL)
        session.add(study)
        session.flush()
        assert study.id is not None
        sites = [
            Site(study_id=study.id, code=c, name=names.get(c, c), telephone="+33299000000", emergency="15")
            for c in codes
        ]
        session.add_all(sites)
        session.flush()
        return Made(study.id, {site.code: _id(site.id) for site in sites})


def make_staff(
    parts: Parts,
    made: Made,
    login: str,
    role: str = Role.INVESTIGATOR,
    site: str | None = "R",
    *,
    name: str = "",
    language: str = "en",
    duty: int | None = None,
) -> int:
    """Somebody with one role; `site` None reaches every site. The password is `PASSWORD`."""
    with parts.study.writing() as session:
        person = Staff(login=login, name=name or login, password_hash=password_hash(), language=language)
        session.add(person)
        session.flush()
        staff_id = _id(person.id)
        site_id = made.sites[site] if site else None
        since = NOW - timedelta(days=400)
        session.add(StaffRole(staff_id=staff_id, role=role, study_id=made.study_id, site_id=site_id, from_at=since))
        if duty is not None and site_id is not None:
            session.add(SiteDuty(site_id=site_id, rank=duty, staff_id=staff_id))
    return staff_id


def make_patient(
    parts: Parts,
    made: Made,
    number: str = "R-001",
    *,
    site: str = "R",
    day0: date | None = None,
    zone: str = "Europe/Paris",
    language: str = "fr",
    name: str = "",
    telephone: str = "+33612345678",
) -> int:
    """An enrolled patient with contact and every assessment of the protocol from day 0 on."""
    protocol = parts.library.latest_protocol(PROTOCOL)
    day0 = day0 or NOW.date() - timedelta(days=30)
    contact_id = uuid.uuid4().hex
    enrolled_at = datetime(day0.year, day0.month, day0.day, 8, tzinfo=UTC)
    with parts.contacts.writing() as session:
        contacts.keep(session, parts.cipher, contact_id, Person(name or f"Name of {number}", telephone), enrolled_at)
    with parts.study.writing() as session:
        patient = Patient(
            study_id=made.study_id,
            site_id=made.sites[site],
            number=number,
            contact_id=contact_id,
            day0=day0,
            zone=zone,
            language=language,
            protocol=protocol.id,
            protocol_version=protocol.version,
            enrolled_at=enrolled_at,
        )
        session.add(patient)
        session.flush()
        common: dict[str, object] = {
            "patient_id": patient.id,
            "site_id": made.sites[site],
            "protocol": protocol.id,
            "protocol_version": protocol.version,
        }
        rows = [
            common
            | {
                "timepoint": planned.timepoint,
                "day": planned.day,
                "respondent": planned.respondent,
                "opens_at": planned.opens_at,
                "closes_at": planned.closes_at,
                "late_until": planned.late_until,
                "answered": False,
            }
            for planned in plan(protocol, day0, ZoneInfo(zone))
            if planned.day >= day0
        ]
        session.execute(insert(metadata.tables["assessment"]), rows)
        return _id(patient.id)


def settle(
    parts: Parts,
    patient_id: int,
    done: Callable[[date], str | None],
    answers: Callable[[date], Mapping[str, object]] | None = None,
    now: datetime = NOW,
    timepoint: str = "diary",
) -> None:
    """Settles assessments by day: `completed`, `late`, `partial`, `missed`, `excused`, or None to leave it alone.

    With `answers`, a response of the joint diary stands behind each completed or late one. Windows that closed
    before `now` are closed and counted in `tally`, as closing does it.
    """
    table, tally = metadata.tables["assessment"], metadata.tables["tally"]
    counted: dict[tuple[int, date], dict[str, int]] = {}
    with parts.study.writing() as session:
        wanted = select(table).where(table.c.patient_id == patient_id, table.c.timepoint == timepoint)
        for row in session.execute(wanted).all():
            what = done(row.day)
            if what is None:
                continue
            over = (row.late_until or row.closes_at) <= now
            values: dict[str, object] = {"closed_at": row.late_until or row.closes_at} if over else {}
            if what in ("completed", "late"):
                at = row.closes_at + (timedelta(hours=3) if what == "late" else -timedelta(hours=9))
                values |= {"submitted_at": at, "started_at": at - timedelta(minutes=2), "answered": True}
                if answers:
                    session.add(make_response(row.id, patient_id, row.day, answers(row.day), at))
            elif what == "partial":
                values |= {"started_at": row.opens_at, "answered": True}
            elif what == "excused":
                values |= {"excused_at": row.closes_at, "excused_why": "in hospital"}
            if values:
                session.execute(table.update().where(table.c.id == row.id).values(**values))
            if over and what in COUNTED:
                day = counted.setdefault((row.site_id, row.day), {})
                kind = COUNTED[what]
                day[kind] = day.get(kind, 0) + 1
        for (site_id, day_), numbers in counted.items():
            key = (tally.c.site_id == site_id, tally.c.timepoint == timepoint, tally.c.day == day_)
            if session.execute(select(tally.c.day).where(*key)).first() is None:
                start = {"completed": 0, "late": 0, "partial": 0, "missed": 0, "cancelled": 0}
                session.execute(insert(tally).values(site_id=site_id, timepoint=timepoint, day=day_, **start))
            session.execute(tally.update().where(*key).values(**{k: tally.c[k] + n for k, n in numbers.items()}))


def make_response(
    assessment_id: int, patient_id: int, day: date, answers: Mapping[str, object], at: datetime
) -> Response:
    """A response of the joint diary; `answers` by item, a missing one counts as not shown."""
    items = {
        "worst_pain": 3,
        "average_pain": 2,
        "stiffness": 15,
        "tender": [],
        "swollen": [],
        "flare": False,
    } | dict(answers)
    frozen = {key: {"code": "answered", "value": value} for key, value in items.items()}
    text = canonical(frozen).decode()
    return Response(
        assessment_id=assessment_id,
        patient_id=patient_id,
        questionnaire=DIARY,
        version="1",
        day=day,
        mode="own-phone",
        language="fr",
        completeness="complete",
        answers=text,
        scores="{}",
        sha256=sha256(text.encode()).hexdigest(),
        made_at=at,
        received_at=at + timedelta(seconds=3),
        phone_at=at,
        phone_offset=120,
    )


def _id(value: int | None) -> int:
    assert value is not None
    return value
