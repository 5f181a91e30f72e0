"""Tables of the study database. No name or number of a patient stands in any of them.

Rows are plain: what may be stored is decided in the domain, and the database's own checks are the last guard.
Instants are aware UTC. JSON is kept as canonical text, because hashes are taken over its bytes.
"""

from pro.store.tables.answers import AnswerSave, Assessment, Mode, NotDone, Response
from pro.store.tables.base import NAMING, Big, Row, metadata, utc
from pro.store.tables.flares import Flare, FlareAction, FlareTrigger
from pro.store.tables.messages import NO_RECEIPT, READABLE, Message, MessageEvent, Reminder
from pro.store.tables.patients import Journey, Link, Patient, PatientSession, Pause, ZoneHistory
from pro.store.tables.record import AuditEvent, Counter, DemoClock, Heartbeat, LedgerMark, Tally, Task
from pro.store.tables.study import (
    Amendment,
    ProtocolInForce,
    Role,
    Site,
    SiteDuty,
    Staff,
    StaffRole,
    StaffSession,
    Study,
    Wording,
)

__all__ = [
    "NAMING",
    "NO_RECEIPT",
    "READABLE",
    "Amendment",
    "AnswerSave",
    "Assessment",
    "AuditEvent",
    "Big",
    "Counter",
    "DemoClock",
    "Flare",
    "FlareAction",
    "FlareTrigger",
    "Heartbeat",
    "Journey",
    "LedgerMark",
    "Link",
    "Message",
    "MessageEvent",
    "Mode",
    "NotDone",
    "Patient",
    "PatientSession",
    "Pause",
    "ProtocolInForce",
    "Reminder",
    "Response",
    "Role",
    "Row",
    "Site",
    "SiteDuty",
    "Staff",
    "StaffRole",
    "StaffSession",
    "Study",
    "Tally",
    "Task",
    "Wording",
    "ZoneHistory",
    "metadata",
    "utc",
]
