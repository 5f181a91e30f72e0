"""The study: its sites, protocols, wordings and people."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from pro.store.tables.base import Row, one_of


class Role(StrEnum):
    COORDINATOR = "coordinator"
    INVESTIGATOR = "investigator"
    MONITOR = "monitor"
    DATA_MANAGER = "data-manager"


class Study(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    title: str
    protocol: str
    demonstration: bool = False
    chain_seq: int = 0
    chain_hash: str = "0" * 64
    """Head of the chain `system`: this row is its lock."""


class Site(Row, table=True):
    __table_args__ = (UniqueConstraint("study_id", "code"),)
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    code: str
    """Letters that open its study numbers, such as `R`."""
    name: str
    telephone: str
    emergency: str = "15"
    zone: str = "Europe/Paris"
    region: str = "FR"
    next_number: int = 1


class ProtocolInForce(Row, table=True):
    __tablename__ = "protocol_in_force"
    id: int | None = Field(default=None, primary_key=True)
    site_id: int = Field(foreign_key="site.id", index=True)
    protocol: str
    version: str
    sha256: str
    from_at: datetime


class Amendment(Row, table=True):
    """A version of the protocol that takes the place of earlier ones: who approved it and why, and how far it has come.

    `patients` to `kept` are sums, written with each patient's own rows.
    """

    __table_args__ = (
        UniqueConstraint("study_id", "protocol", "version"),
        Index(
            "uq_amendment_unfinished",
            "study_id",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
            sqlite_where=text("finished_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    study_id: int = Field(foreign_key="study.id")
    protocol: str
    version: str
    earlier: str
    """The versions it takes the place of, such as `1, 2`."""
    sha256: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    approved_at: datetime
    approved_by: int = Field(foreign_key="staff.id")
    role: str
    finished_at: datetime | None = None
    """When every patient in the study had it."""
    patients: int = 0
    moved: int = 0
    appeared: int = 0
    vanished: int = 0
    renewed: int = 0
    """At their old times, with other questions."""
    kept: int = 0
    """As they were, because of an answer or a message."""


class Wording(Row, table=True):
    """An owner's text of a questionnaire in one language, as somebody installed it; the highest `n` counts."""

    __table_args__ = (UniqueConstraint("questionnaire", "version", "language", "n"),)
    id: int | None = Field(default=None, primary_key=True)
    questionnaire: str
    version: str
    language: str
    n: int
    sha256: str
    """Of the file's bytes."""
    content: str = Field(sa_column=Column(Text, nullable=False))
    """The file as it was read: machines share nothing but this database."""
    words: str = Field(sa_column=Column(Text, nullable=False))
    """What was read in it, as canonical JSON."""
    licence: str = Field(sa_column=Column(Text, nullable=False))
    """Canonical JSON: permission, date, reference."""
    installed_by: str
    installed_at: datetime


class Staff(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(unique=True)
    name: str
    password_hash: str
    language: str = "en"
    active: bool = True
    chain_seq: int = 0
    chain_hash: str = "0" * 64


class StaffRole(Row, table=True):
    __tablename__ = "staff_role"
    __table_args__ = (one_of("role", Role, "role"),)
    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    role: str
    study_id: int = Field(foreign_key="study.id")
    site_id: int | None = Field(default=None, foreign_key="site.id")
    """None: every site of the study."""
    from_at: datetime
    until_at: datetime | None = None


class SiteDuty(Row, table=True):
    """Who is told of a flare, in order."""

    __tablename__ = "site_duty"
    site_id: int = Field(foreign_key="site.id", primary_key=True)
    rank: int = Field(primary_key=True)
    staff_id: int = Field(foreign_key="staff.id")


class StaffSession(Row, table=True):
    __tablename__ = "staff_session"
    token_hash: str = Field(primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    factors: int = 1
    """How many factors were shown; leaves room for a second."""
