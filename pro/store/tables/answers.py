"""What is expected of patients and staff, and what they answered."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from pro.store.tables.base import Big, Row, one_of


class Mode(StrEnum):
    OWN_PHONE = "own-phone"
    SITE_TABLET = "site-tablet"
    READ_ALOUD = "read-aloud"
    PAPER = "paper"
    STAFF = "staff"


class Assessment(Row, table=True):
    """One patient, one timepoint, one patient-day: the sitting that is expected. Its state is computed, never stored."""

    __table_args__ = (
        UniqueConstraint("patient_id", "timepoint", "day"),
        Index(
            "ix_assessment_next_at",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
            sqlite_where=text("next_at IS NOT NULL"),
        ),
        Index("ix_assessment_site_id_day", "site_id", "day"),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False))
    site_id: int = Field(foreign_key="site.id")
    timepoint: str
    day: date
    protocol: str
    protocol_version: str
    respondent: str
    opens_at: datetime
    closes_at: datetime
    late_until: datetime | None = None
    next_at: datetime | None = None
    """The bell: the next instant at which the worker has anything to do for this row."""
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    closed_at: datetime | None = None
    cancelled_at: datetime | None = None
    excused_at: datetime | None = None
    excused_why: str | None = None
    answered: bool = False
    """Set by closing: at least one answer was given (partial and not missed)."""
    clocks: str | None = None
    """The zone its reminders go by, where the patient has left that zone since it opened."""


class AnswerSave(Row, table=True):
    """One saved answer. Rows only come; the newest per item is the answer."""

    __tablename__ = "answer_save"
    assessment_id: int = Field(sa_column=Column(Big, ForeignKey("assessment.id"), primary_key=True))
    client: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    item: str
    """`questionnaire.item`."""
    code: str
    value: str | None = Field(default=None, sa_column=Column(Text))
    """The answer as JSON; null unless answered."""
    phone_at: datetime | None = None
    phone_offset: int | None = None
    """Minutes east of UTC on the phone."""
    received_at: datetime
    mode: str = Mode.OWN_PHONE
    language: str | None = None
    """Of the page it was given on, as that page said."""
    wording: str | None = None
    """SHA-256 of the owner's text on that page; null where it had none."""
    given_at: datetime | None = None
    """When it was given, by our clock; null in rows from before it was measured."""


class Response(Row, table=True):
    """What was submitted, one per questionnaire; n > 1 is a correction. Never changed, never deleted."""

    __table_args__ = (
        UniqueConstraint("assessment_id", "questionnaire", "n"),
        Index("ix_response_patient_id_day", "patient_id", "day"),
        one_of("mode", Mode, "mode"),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    assessment_id: int = Field(sa_column=Column(Big, ForeignKey("assessment.id"), nullable=False))
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False))
    questionnaire: str
    n: int = 1
    version: str
    day: date
    mode: str
    language: str
    completeness: str
    answers: str = Field(sa_column=Column(Text, nullable=False))
    scores: str = Field(sa_column=Column(Text, nullable=False))
    evaluation: str | None = Field(default=None, sa_column=Column(Text))
    """What each flare rule that reads this questionnaire made of this day, `not evaluable` included."""
    sha256: str
    made_at: datetime
    received_at: datetime
    """Running time of the server; `made_at` is study time."""
    phone_at: datetime | None = None
    phone_offset: int | None = None
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    reason: str | None = None
    request: str | None = None


class NotDone(Row, table=True):
    """A clinician's form of a visit that nobody will enter, and why; until somebody takes that back."""

    __tablename__ = "not_done"
    __table_args__ = (
        Index(
            "uq_not_done_standing",
            "assessment_id",
            "questionnaire",
            unique=True,
            postgresql_where=text("taken_back_at IS NULL"),
            sqlite_where=text("taken_back_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    assessment_id: int = Field(sa_column=Column(Big, ForeignKey("assessment.id"), nullable=False))
    questionnaire: str
    why: str
    made_at: datetime
    staff_id: int = Field(foreign_key="staff.id")
    taken_back_at: datetime | None = None
