"""Tables of the study database. No name or number of a patient stands in any of them.

Rows are plain: what may be stored is decided in the domain, and the database's own checks are the last guard.
Instants are aware UTC. JSON is kept as canonical text, because hashes are taken over its bytes.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

Big = BigInteger().with_variant(Integer(), "sqlite")
"""64 bit; on SQLite only INTEGER makes a key that counts up by itself."""


class Row(SQLModel):
    metadata: ClassVar[MetaData] = metadata


def _one_of(column: str, values: type[StrEnum] | tuple[str, ...], name: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


class Role(StrEnum):
    COORDINATOR = "coordinator"
    INVESTIGATOR = "investigator"
    MONITOR = "monitor"
    DATA_MANAGER = "data-manager"


class Mode(StrEnum):
    OWN_PHONE = "own-phone"
    SITE_TABLET = "site-tablet"
    READ_ALOUD = "read-aloud"
    PAPER = "paper"
    STAFF = "staff"


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
    __table_args__ = (_one_of("role", Role, "role"),)
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


class Journey(Row, table=True):
    """A change of zone that is known before the patient leaves; the worker makes it when its day comes."""

    __table_args__ = (
        Index(
            "uq_journey_to_come",
            "patient_id",
            unique=True,
            postgresql_where=text("done_at IS NULL AND taken_back_at IS NULL"),
            sqlite_where=text("done_at IS NULL AND taken_back_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, sa_column=Column(Big, primary_key=True))
    patient_id: int = Field(sa_column=Column(Big, ForeignKey("patient.id"), nullable=False))
    from_day: date
    """The first patient-day by the new clocks."""
    zone: str
    made_at: datetime
    done_at: datetime | None = None
    taken_back_at: datetime | None = None


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
        _one_of("mode", Mode, "mode"),
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
    """`review` (an outcome with its note) or `end` (closed by the investigator)."""
    outcome: str | None = None
    note: str = Field(default="", sa_column=Column(Text, nullable=False))


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


def utc(instant: datetime) -> datetime:
    """The same instant in UTC."""
    return instant.astimezone(UTC)
