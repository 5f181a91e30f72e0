"""Patients as the study knows them: a number, a site, a course; and how their phones come in."""

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field

from pro.store.tables.answers import Mode
from pro.store.tables.base import Big, Row


class Patient(Row, table=True):
    """One person in one study at one site. This row is the lock of everything that is theirs."""

    __table_args__ = (
        UniqueConstraint("study_id", "number"),
        Index("ix_patient_site_id_number", "site_id", "number"),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    study_id: int = Field(foreign_key="study.id")
    site_id: int = Field(foreign_key="site.id")
    number: str
    contact_id: str = Field(unique=True)
    """Random; the only thread to the contacts database."""
    day0: date
    zone: str
    language: str
    protocol: str
    protocol_version: str
    enrolled_at: datetime
    enrolled_by: int | None = Field(default=None, foreign_key="staff.id")
    withdrawn_at: datetime | None = None
    withdrawn_why: str | None = None
    opted_out_at: datetime | None = None
    opted_out_how: str | None = None
    number_wrong_at: datetime | None = None
    chain_seq: int = 0
    chain_hash: str = "0" * 64
    held_at: datetime | None = None
    """Since when an investigator holds the study for this patient; None while nobody does."""
    held_why: str | None = None
    ended_at: datetime | None = None
    """When the study ended for this patient, who did not withdraw."""
    ended_why: str | None = None


class ZoneHistory(Row, table=True):
    __tablename__ = "zone_history"
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), primary_key=True))
    from_day: date = Field(primary_key=True)
    zone: str


TO_COME = "done_at IS NULL AND taken_back_at IS NULL"


class Journey(Row, table=True):
    """A change of zone that is known before the patient leaves; the worker makes it when its day comes."""

    __table_args__ = (
        Index(
            "uq_journey_to_come",
            "patient_id",
            unique=True,
            postgresql_where=text(TO_COME),
            sqlite_where=text(TO_COME),
        ),
        Index("ix_journey_next_at", "next_at", postgresql_where=text(TO_COME), sqlite_where=text(TO_COME)),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False))
    from_day: date
    """The first patient-day by the new clocks."""
    zone: str
    made_at: datetime
    done_at: datetime | None = None
    taken_back_at: datetime | None = None
    next_at: datetime
    """Its bell: when the worker has to look at it, study time. Never later than it is to be made."""


class Pause(Row, table=True):
    """Days, known before, on which a patient is not asked; a hold stands on the patient's row."""

    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False, index=True))
    first: date
    last: date
    """Both included."""
    why: str
    made_at: datetime
    taken_back_at: datetime | None = None


class Link(Row, table=True):
    """A link of an SMS or a QR code, kept as the hash of its 128 random bits."""

    token_hash: str = Field(primary_key=True)
    patient_id: int | None = Field(default=None, sa_column=Column(Big, ForeignKey("patient.id"), index=True))
    message_id: int | None = Field(default=None, sa_column=Column(Big, ForeignKey("message.id"), index=True))
    made_at: datetime
    expires_at: datetime
    """Study time: the last window it announces has closed by then."""
    revoked_at: datetime | None = None


class PatientSession(Row, table=True):
    __tablename__ = "patient_session"
    token_hash: str = Field(primary_key=True)
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False, index=True))
    link_hash: str | None = None
    made_at: datetime
    expires_at: datetime
    """Running time."""
    ended_at: datetime | None = None
    mode: str = Mode.OWN_PHONE
    language: str
