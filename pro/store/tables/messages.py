"""Steps of reminders, the messages that carry them, and what those went through."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, text
from sqlmodel import Field

from pro.store.tables.base import Big, Row


class Reminder(Row, table=True):
    """One step of one assessment: the message that carried it, or why none did."""

    __table_args__ = (
        Index(
            "ix_reminder_unexplained",
            "assessment_id",
            postgresql_where=text("message_id IS NULL AND why_none IS NULL"),
            sqlite_where=text("message_id IS NULL AND why_none IS NULL"),
        ),
    )
    assessment_id: int = Field(sa_column=Column(Big, ForeignKey("assessment.id"), primary_key=True))
    step: str = Field(primary_key=True)
    planned_at: datetime
    message_id: int | None = Field(default=None, sa_column=Column(Big, ForeignKey("message.id"), index=True))
    why_none: str | None = None


_READABLE_TEXT = "length(provider_id) > 0 AND redacted_at IS NULL"

READABLE = f"state IN ('delivered', 'undelivered', 'failed', 'dropped') AND {_READABLE_TEXT}"

NO_RECEIPT = f"state = 'sent' AND {_READABLE_TEXT}"


class Message(Row, table=True):
    __table_args__ = (
        Index(
            "ix_message_due_at",
            "due_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index(
            "ix_message_lease_until",
            "lease_until",
            postgresql_where=text("state IN ('claimed', 'sending')"),
            sqlite_where=text("state IN ('claimed', 'sending')"),
        ),
        Index("ix_message_unredacted", "id", postgresql_where=text(READABLE), sqlite_where=text(READABLE)),
        Index("ix_message_no_receipt", "sent_at", postgresql_where=text(NO_RECEIPT), sqlite_where=text(NO_RECEIPT)),
        Index(
            "ix_message_failed",
            "due_at",
            postgresql_where=text("state IN ('undelivered', 'failed')"),
            sqlite_where=text("state IN ('undelivered', 'failed')"),
        ),
        Index("ix_message_patient_id_due_at", "patient_id", "due_at"),
        Index("ix_message_site_id_due_at", "site_id", "due_at"),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    dedupe_key: str = Field(unique=True)
    site_id: int = Field(foreign_key="site.id")
    patient_id: int | None = Field(default=None, sa_column=Column(Big, ForeignKey("patient.id")))
    """Whom it goes to, or whom a text to staff is about."""
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    """Set when it goes to staff: quiet hours and the cap do not hold then."""
    template: str
    language: str
    detail: str | None = None
    """What the template needs beside the link, such as the four digits of a test."""
    due_at: datetime
    not_after: datetime
    state: str = "pending"
    lease_until: datetime | None = None
    """Running time."""
    claimed_by: str | None = None
    attempts: int = 0
    marked_at: datetime | None = None
    """Running time of the newest mark `sending`: reconciliation asks for messages since then."""
    sent_at: datetime | None = None
    """Study time."""
    provider_id: str | None = Field(default=None, unique=True)
    segments: int | None = None
    cost: str | None = None
    error: str | None = None
    """Provider's error code, or why it was dropped."""
    redacted_at: datetime | None = None


class MessageEvent(Row, table=True):
    """What a message went through. Rows only come."""

    __tablename__ = "message_event"
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    message_id: int = Field(sa_column=Column(Big, ForeignKey("message.id"), nullable=False, index=True))
    at: datetime
    """Study time."""
    kind: str
    detail: str | None = None
