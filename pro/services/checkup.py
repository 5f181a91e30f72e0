"""Whether an installation can run: what is wrong and how to mend it, a finding a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from sqlalchemy import Column, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlmodel import Session

from pro.clock import Moment
from pro.services import health, wording
from pro.services.parts import Parts
from pro.settings import Settings, WrongSettings, read
from pro.sms.sender import Unknown
from pro.store import migrate
from pro.store.contacts import metadata as contact_tables
from pro.store.engine import Database
from pro.store.tables import metadata as study_tables

_heartbeat, _patient, _study = (study_tables.tables[name] for name in ("heartbeat", "patient", "study"))
_contact, _staff_contact = (contact_tables.tables[name] for name in ("contact", "staff_contact"))

DRIFT = timedelta(seconds=1)
NAMES: Mapping[migrate.Which, str] = {"study": "DATABASE_URL", "contacts": "CONTACTS_DATABASE_URL"}


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    said: str
    mend: str = ""

    def __str__(self) -> str:
        if self.ok:
            return f"ok     {self.what}: {self.said}"
        return f"wrong  {self.what}: {self.said}" + (f" → {self.mend}" if self.mend else "")


def settings_of(environment: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """The settings where they hold together, and what is to be said of them."""
    try:
        settings = read(environment)
    except WrongSettings as wrong:
        return None, [Finding("settings", False, problem) for problem in wrong.problems]
    if settings.https or settings.demo:
        kind = "demonstration" if settings.demo else "study"
        return settings, [Finding("settings", True, f"complete, for a {kind}")]
    said = f"PRO_PUBLIC_URL is {settings.public_url}: links would travel in the clear"
    mend = "put a TLS proxy in front and give its https:// address"
    return settings, [Finding("settings", False, said, mend)]


def databases(settings: Settings) -> list[Finding]:
    """Both databases: their address can be read, they answer, can be written, and stand at the newest migration."""
    urls: tuple[tuple[migrate.Which, str], ...] = (
        ("study", settings.database_url),
        ("contacts", settings.contacts_database_url),
    )
    return [_database(which, url) for which, url in urls]


def _database(which: migrate.Which, url: str) -> Finding:
    what = f"{which} database"
    obstacle = unreachable(which, url)
    if obstacle is not None:
        said, _, mend = obstacle.rpartition(": ")
        return Finding(what, False, said, mend)
    stands = migrate.current(url, which)
    if stands != migrate.head(which):
        said = "is empty" if stands is None else f"stands at migration {stands}, which is not the newest"
        return Finding(what, False, said, "run `pro migrate`")
    return Finding(what, True, f"{make_url(url).get_backend_name()}, writable, migrated to {stands}")


def unreachable(which: migrate.Which, url: str) -> str | None:
    """One line on why this database cannot be used, the mend after its last colon; None where it can be written."""
    name = NAMES[which]
    try:
        parsed = make_url(url)
        if missing := _no_directory(parsed.database if parsed.get_backend_name() == "sqlite" else None):
            return f"{name}: {missing}"
        database = Database(url)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        return f"{name} cannot be read: write it as postgresql+psycopg://user:password@host/name or sqlite:////path"
    try:
        with database.writing() as session:
            if refusal := _refuses_writing(session):
                return f"{name}: {refusal}"
    except (SQLAlchemyError, OSError) as error:
        return f"{name}: {reason(error, name)}"
    finally:
        database.close()
    return None


def _refuses_writing(session: Session) -> str | None:
    connection = session.connection()
    if connection.dialect.name == "sqlite":  # a write that changes nothing: only then does a read-only file say so
        version = connection.execute(text("PRAGMA user_version")).scalar_one()
        connection.execute(text(f"PRAGMA user_version = {int(version)}"))
        return None
    read_only = connection.execute(text("SELECT current_setting('transaction_read_only')")).scalar_one()
    mend = "the database is read-only: give the primary server and a role that may write"
    return mend if read_only == "on" else None


def _no_directory(path: str | None) -> str | None:
    """SQLite's own message does not say which directory it missed."""
    if not path or path == ":memory:" or path.startswith("file:"):
        return None
    directory = Path(path).absolute().parent
    if Path(path).is_dir():
        return f"{path} is a directory: give a file in it"
    return None if directory.is_dir() else f"there is no directory {directory}: make it, or run `pro migrate`"


def reason(error: Exception, name: str) -> str:
    """The first line of what the database said, without statement and values, and what mends it."""
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    mends = {
        "unable to open database file": "the file cannot be opened: check its directory and its rights",
        "attempt to write a readonly database": "the file is read-only: give this user the right to write it",
        "file is not a database": "the file is no SQLite database: give another path",
        "database is locked": "another process holds the database: stop it, or wait",
        "disk I/O error": "the disk refuses: check that it is not full",
    }
    reach = f"start the database server, or mend host, port, name, role and password in {name}"
    return mends.get(said, f"{said}: {reach}")


def library(parts: Parts) -> Iterator[Finding]:
    """Reading it was the check; studies need the versions they name."""
    with parts.study.reading() as session:
        used = session.connection().execute(select(_patient.c.protocol, _patient.c.protocol_version).distinct()).all()
        studies = session.connection().execute(select(_study.c.code, _study.c.demonstration)).all()
    known = {(one.id, one.version) for one in parts.library.protocols()}
    gone = [f"{id_} {version}" for id_, version in used if (id_, version) not in known]
    if gone:
        yield Finding("library", False, f"patients follow {', '.join(gone)}, which is not there", "put the file back")
    else:
        yield Finding("library", True, f"{len(known)} protocols, {len(parts.library.questionnaires())} questionnaires")
    if not studies:
        yield Finding("study", False, "there is none yet", "run `pro study create` and `pro site create`")


def wordings(parts: Parts, moment: Moment) -> Iterator[Finding]:
    """Outside a demonstration every questionnaire is asked in the words of whoever owns them."""
    lacking = wording.refusals(parts, moment)
    for said in lacking:
        what, _, mend = said.partition("; ")
        yield Finding("wording", False, what, mend)
    if not lacking:
        yield Finding("wording", True, "every study has the wording that its protocol asks")


def clock(parts: Parts) -> Finding:
    """The database's clock against this process's; on SQLite they are the same."""
    if parts.study.is_sqlite:
        return Finding("clock", True, "the database has no clock of its own")
    with parts.study.reading() as session:
        before = datetime.now(UTC)
        theirs = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        ours = before + (datetime.now(UTC) - before) / 2
    drift = abs(theirs - ours)
    said = f"{drift.total_seconds():.3f} s between this machine and the database"
    return Finding("clock", drift <= DRIFT, said, "" if drift <= DRIFT else "let both follow the same time server")


def keys(parts: Parts) -> Finding:
    """Every contact was sealed with a key that is still given, and one of each opens."""
    known = {key.id for key in parts.settings.contacts_keys}
    with parts.contacts.reading() as session:
        newest = [
            *_one_per_key(session, _contact.c.id, ""),
            *_one_per_key(session, _staff_contact.c.staff_id, "staff:"),
        ]
    missing = sorted({row.key_id for row in newest} - known)
    if missing:
        said = f"contacts were sealed with key {', '.join(missing)}, which PRO_CONTACTS_KEY does not hold"
        return Finding("keys", False, said, "add it again after the newest one")
    shut = sorted({row.key_id for row in newest if not _opens(parts, row)})
    if shut:
        said = f"key {', '.join(shut)} does not open the contacts that bear its name"
        return Finding("keys", False, said, "give the key that was used when they were written")
    return Finding("keys", True, f"{len(known)} given, each opens what it sealed")


@dataclass(frozen=True, slots=True)
class _Sealed:
    row: str
    number: bytes
    key_id: str


def _one_per_key(session: Session, id_: Column[Any], prefix: str) -> list[_Sealed]:
    table = id_.table.c
    one = select(func.min(id_)).group_by(table.key_id)
    rows = session.connection().execute(select(id_, table.number, table.key_id).where(id_.in_(one)))
    return [_Sealed(f"{prefix}{row[0]}", row[1], row[2]) for row in rows]


def _opens(parts: Parts, sealed: _Sealed) -> bool:
    try:
        parts.cipher.open(sealed.number, sealed.row, "number", sealed.key_id)
    except InvalidTag:
        return False
    return True


ASKED = "+33612345678"
"""The provider is asked for what it sent there in the last minute: a question that changes nothing."""


def provider(parts: Parts, moment: Moment) -> Finding:
    if parts.settings.twilio is None:
        said = "none: every SMS is only written to the contacts database"
        mend = "" if parts.settings.demo else "set the three TWILIO_ variables"
        return Finding("provider", parts.settings.demo, said, mend)
    answer = parts.sender.find_since(ASKED, moment.running - timedelta(minutes=1))
    if isinstance(answer, Unknown):
        return Finding("provider", False, f"does not answer: {answer.why}", "check account, token and the way out")
    replies = (
        "patients can write STOP, START and HELP to its number"
        if parts.settings.sms_replies
        else "its sender is a name, which cannot receive (in France none can): patients stop by the link in each SMS"
    )
    return Finding("provider", True, f"answers, and takes our account; {replies}")


def workers(parts: Parts, moment: Moment) -> Finding:
    """Somebody ticks: else no reminder leaves."""
    with parts.study.reading() as session:
        beats = session.connection().execute(select(_heartbeat.c.at, _heartbeat.c.every)).all()
    demo = parts.settings.demo
    alive = [at for at, every in beats if moment.running - at <= health.late_after(every, demo)]
    if alive:
        return Finding("worker", True, f"{len(alive)} ticking")
    said = (
        "none has ever ticked" if not beats else f"the last tick was at {max(at for at, _ in beats):%Y-%m-%d %H:%M} UTC"
    )
    return Finding("worker", False, said, health.start_worker(demo))


def messages(parts: Parts, moment: Moment) -> Iterator[Finding]:
    """What `/healthz` rings for, beside the worker: what waits, journeys, what is unknown, the clock's jumps."""
    alarms = {alarm.about: alarm for alarm in health.look(parts, moment).alarms}
    calm = {
        "due": ("messages", "none is due for longer than five minutes"),
        "journey": ("journeys", "none that was planned is overdue"),
        "unknown": ("outcomes", "none is unknown for longer than half an hour"),
        "clock": ("clock steps", "no jump in the last hour"),
    }
    for about, (what, well) in calm.items():
        alarm = alarms.get(about)
        yield Finding(what, True, well) if alarm is None else Finding(what, False, alarm.said, alarm.mend)
