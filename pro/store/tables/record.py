"""The trail, and what the work keeps of itself."""

from datetime import date, datetime, timedelta

from sqlalchemy import Column, ForeignKey, Index, Text, text
from sqlmodel import Field

from pro.store.tables.base import Big, Row


class AuditEvent(Row, table=True):
    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_at", "at"),)
    chain: str = Field(primary_key=True)
    """`patient:<number>`, `staff:<login>` or `system`."""
    seq: int = Field(sa_column=Column(Big, primary_key=True, autoincrement=False))
    at: datetime
    kind: str
    actor: str
    role: str
    version: str
    """Component and version that wrote it."""
    digest: str
    previous: str
    hash: str
    salt: str | None = None
    payload: str | None = Field(default=None, sa_column=Column(Text))


class Tally(Row, table=True):
    """Closed assessments counted; written by closing only."""

    site_id: int = Field(foreign_key="site.id", primary_key=True)
    timepoint: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    completed: int = 0
    late: int = 0
    partial: int = 0
    missed: int = 0
    cancelled: int = 0


class Task(Row, table=True):
    """Something a site has to do for a patient: call, check a number."""

    __table_args__ = (
        Index(
            "ix_task_open",
            "site_id",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
        Index("ix_task_patient_id_made_at", "patient_id", "made_at"),
        Index(
            "uq_task_open",
            "patient_id",
            "kind",
            unique=True,
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    site_id: int = Field(foreign_key="site.id")
    patient_id: int | None = Field(default=None, sa_column=Column(Big, ForeignKey("patient.id")))
    kind: str
    """`missed-in-a-row`, `under-80`, `endpoint-due`, `undelivered`, `number-unreachable`, `contact-missing`."""
    detail: str = ""
    made_at: datetime
    done_at: datetime | None = None
    done_by: int | None = Field(default=None, foreign_key="staff.id")
    note: str = Field(default="", sa_column=Column(Text, nullable=False))


class Counter(Row, table=True):
    """Rate limits shared by all processes."""

    key: str = Field(primary_key=True)
    window: datetime = Field(primary_key=True)
    n: int = 0


class Heartbeat(Row, table=True):
    worker: str = Field(primary_key=True)
    at: datetime
    """Running time of its newest finished tick."""
    every: int
    """Seconds between its ticks."""
    ticks: int = 0
    monotonic: float | None = None
    """Seconds of a clock that nobody sets, beside `at`."""
    jumped_at: datetime | None = None
    """When the system clock last left that clock by more than a minute; running time."""
    jump_seconds: int | None = None


class LedgerMark(Row, table=True):
    """How far the ledger was found to balance: one row, so that each look costs what is new."""

    __tablename__ = "ledger_mark"
    id: int = Field(default=1, primary_key=True)
    message_to: int = Field(default=0, sa_column=Column(Big, nullable=False))
    event_to: int = Field(default=0, sa_column=Column(Big, nullable=False))
    seen_message: int = Field(default=0, sa_column=Column(Big, nullable=False))
    """Where the marks go next, once whatever was in flight at `seen_at` has been committed."""
    seen_event: int = Field(default=0, sa_column=Column(Big, nullable=False))
    seen_at: datetime | None = None
    """Running time."""
    recounted_at: datetime | None = None
    """Running time."""
    recount: str = ""
    """What the newest recount found wrong; empty where it balanced."""


class DemoClock(Row, table=True):
    __tablename__ = "demo_clock"
    id: int = Field(default=1, primary_key=True)
    offset_seconds: int = 0

    @property
    def offset(self) -> timedelta:
        return timedelta(seconds=self.offset_seconds)
