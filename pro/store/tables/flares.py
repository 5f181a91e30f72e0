"""Flares under review, and what they rest on."""

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from pro.store.tables.base import Big, Row


class Flare(Row, table=True):
    """An episode under review. One open episode per patient."""

    __table_args__ = (
        Index(
            "uq_flare_open",
            "patient_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index("ix_flare_site_id_ended_at", "site_id", "ended_at"),
        Index(
            "ix_flare_next_tell_at",
            "next_tell_at",
            postgresql_where=text("next_tell_at IS NOT NULL AND ended_at IS NULL AND acknowledged_at IS NULL"),
            sqlite_where=text("next_tell_at IS NOT NULL AND ended_at IS NULL AND acknowledged_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False))
    site_id: int = Field(foreign_key="site.id")
    n: int
    """Counts the patient's episodes from 1."""
    opened_at: datetime
    opened_day: date
    last_hit_day: date
    acknowledged_at: datetime | None = None
    outcome: str | None = None
    """Newest outcome; each one stands in `flare_action`."""
    ended_at: datetime | None = None
    end_why: str | None = None
    told_rank: int = 0
    """How far down the duty list staff were told."""
    next_tell_at: datetime | None = None


class FlareTrigger(Row, table=True):
    __tablename__ = "flare_trigger"
    __table_args__ = (UniqueConstraint("flare_id", "rule", "day"),)
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    flare_id: int = Field(sa_column=Column(Big, ForeignKey("flare.id"), nullable=False))
    rule: str
    rule_version: str
    day: date
    at: datetime
    inputs: str = Field(sa_column=Column(Text, nullable=False))
    baseline: str | None = None
    n: int = 0
    result: str


class FlareAction(Row, table=True):
    __tablename__ = "flare_action"
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    flare_id: int = Field(sa_column=Column(Big, ForeignKey("flare.id"), nullable=False, index=True))
    at: datetime
    staff_id: int = Field(foreign_key="staff.id")
    kind: str
    """`review` (an outcome with its note), `safety` (beside it: what came of a safety flag that stood beside a flare's
    signs) or `end` (closed by the investigator)."""
    outcome: str | None = None
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
