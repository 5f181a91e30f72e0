"""Lists as one parameter: every value arrives as it was, an index still answers, and a batch is accepted as each would be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from sqlalchemy import Column, Date, MetaData, Table, Text, create_engine, select, update
from sqlalchemy.exc import StatementError
from sqlmodel.sql.sqltypes import UTCDateTime

from pro.clock import FixedClock
from pro.services.parts import Parts
from pro.store import messages
from pro.store.arrays import among, written
from pro.store.engine import Database, insert_rows
from pro.store.tables import Big, metadata
from tests.conftest import Urls
from tests.factories import make_patient, make_study
from tests.sms.outbox import EVENING, evening_parts, remind, rows

study, message = metadata.tables["study"], metadata.tables["message"]
TEXTS = (
    "",
    " ",
    "NULL",
    "null",
    "{}",
    '{"a","b"}',
    ",",
    "'",
    '"',
    "\\",
    '\\"',
    "a\nb\tc",
    "été",
    "≥ 38,5 °C",
    "$1::text",
)


class Word(StrEnum):
    HERE = "here"


@pytest.fixture
def database(database_urls: Urls) -> Iterator[Database]:
    made = Database(database_urls.study)
    yield made
    made.close()


@pytest.fixture
def evening(database_urls: Urls) -> Iterator[tuple[Parts, FixedClock]]:
    parts, clock, _ = evening_parts(database_urls)
    yield parts, clock
    parts.study.close()
    parts.contacts.close()


def test_every_text_comes_back_as_it_was(database: Database) -> None:
    given = [{"code": f"S{n}", "title": text, "protocol": Word.HERE} for n, text in enumerate(TEXTS)]
    with database.plain_writing() as session:
        insert_rows(session.connection(), study, given)
    with database.plain_reading() as session:
        found = session.connection().execute(select(study.c.title, study.c.protocol).order_by(study.c.id)).all()
    assert [tuple(row) for row in found] == [(text, "here") for text in TEXTS]


def test_instants_dates_and_what_is_absent_come_back(database: Database) -> None:
    kinds = Table(
        "kinds",
        MetaData(),
        Column("id", Big, primary_key=True),
        Column("at", UTCDateTime),
        Column("day", Date),
        Column("note", Text),
    )
    paris = timezone(timedelta(hours=2))
    at = (datetime(2026, 4, 15, 18, 0, 0, 123456, tzinfo=paris), None, datetime(9999, 12, 31, tzinfo=UTC))
    given = [{"id": 2**40 + n, "at": one, "day": one and one.date(), "note": None} for n, one in enumerate(at)]
    with database.plain_writing() as session:
        kinds.create(session.connection())
        insert_rows(session.connection(), kinds, given)
    with database.plain_reading() as session:
        found = session.connection().execute(select(kinds).order_by(kinds.c.id)).all()
    assert [tuple(row) for row in found] == [tuple(row.values()) for row in given]


def test_what_is_unknown_is_refused() -> None:
    assert written([1, False, None, "a", date(2026, 4, 15), 1]) == '{1,False,NULL,"a",2026-04-15,1}'
    with pytest.raises(TypeError, match="bytes"):
        written([b"a"])


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    event = metadata.tables["message_event"]
    row = {"message_id": 1, "at": EVENING.replace(tzinfo=None), "kind": "queued", "detail": None}
    with database.plain_writing() as session, pytest.raises((ValueError, StatementError), match="zone"):
        insert_rows(session.connection(), event, [row, row])


def test_a_list_finds_its_own_and_an_empty_one_nothing(database: Database) -> None:
    wanted = select(study.c.code).where(among(study.c.code, "codes"), study.c.id > 0).order_by(study.c.code)
    with database.plain_writing() as session:
        insert_rows(
            session.connection(), study, [{"code": code, "title": "T", "protocol": "p"} for code in ("A", "B", "C")]
        )
        for codes in (["C", "A", "X"], [], ["B"], ["C", "A", "X"], []):  # the same statement, met again
            found = session.connection().execute(wanted, {"codes": codes}).scalars()
            assert list(found) == sorted(set(codes) & {"A", "B", "C"})


def test_a_list_asks_an_index_whatever_its_length(sqlite_urls: Urls) -> None:
    made = Database(sqlite_urls.study)
    with made.plain_reading() as session:
        connection = session.connection()
        wanted = str(select(message.c.state).where(among(message.c.id, "ids")).compile(dialect=connection.dialect))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {wanted}", ("[1, 2]",)).all()
    made.close()
    assert plan[0].detail == "SEARCH message USING INTEGER PRIMARY KEY (rowid=?)"


def test_it_is_plainly_in_so_that_an_index_answers() -> None:
    wanted = select(study.c.code).where(among(study.c.id, "ids"), study.c.id > 0)
    sqlite, postgresql = (create_engine(url).dialect for url in ("sqlite://", "postgresql+psycopg://"))
    assert "WHERE study.id IN (SELECT value FROM json_each(?)) AND study.id > ?" in str(wanted.compile(dialect=sqlite))
    assert "WHERE study.id = ANY (%(ids)s::INTEGER[]) AND" in str(wanted.compile(dialect=postgresql))


def test_a_batch_is_accepted_as_each_of_it_would_be(evening: tuple[Parts, FixedClock]) -> None:
    parts, clock = evening
    made = make_study(parts)
    waiting, told, final, never = (
        remind(parts, make_patient(parts, made, number=f"R-{n:03}"), EVENING + timedelta(minutes=n)) for n in range(4)
    )
    earlier = EVENING - timedelta(minutes=5)
    stood = {
        waiting: {"state": "sending", "marked_at": EVENING},
        told: {"state": "pending", "marked_at": EVENING, "sent_at": earlier, "provider_id": "SMfirst", "segments": 3},
        final: {"state": "delivered", "marked_at": EVENING, "sent_at": earlier, "provider_id": "SMfinal"},
    }
    with parts.study.writing() as session:
        for id_, values in stood.items():
            session.execute(update(message).where(message.c.id == id_).values(**values))
    taken = [
        {"id": id_, "provider_id": f"SM{n}", "segments": n, "cost": None if n else "0.1 EUR"}
        for n, id_ in enumerate((waiting, told, final, never))
    ]
    taken[1]["segments"] = None
    with parts.study.writing() as session:
        standing = messages.hold_marked(session, [int(str(one["id"])) for one in taken])
        assert messages.accept_all(session, taken, standing, clock.now().study) == {waiting, told}
    found = {
        row.id: (row.state, row.sent_at, row.provider_id, row.segments, row.cost) for row in rows(parts, "message")
    }
    assert found == {
        waiting: ("sent", EVENING, "SM0", 0, "0.1 EUR"),
        told: ("sent", earlier, "SMfirst", 3, None),
        final: ("delivered", earlier, "SMfinal", 2, None),
        never: ("pending", None, None, None, None),
    }
