"""Statements that are met again: the driver gives what SQLAlchemy gives, and refuses what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, StatementError
from sqlmodel.sql.sqltypes import UTCDateTime

from pro.store.engine import Database
from pro.store.quick import ATTRIBUTE, MOST, Fetched, QuickConnection, met_often, reader, writer
from pro.store.tables import metadata
from tests.conftest import Urls

tally, counter = metadata.tables["tally"], metadata.tables["counter"]
AT = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
ADD = insert(counter)
OF_KEYS = select(counter).where(counter.c.key.in_(bindparam("keys", expanding=True))).order_by(counter.c.key)


@pytest.fixture
def database(sqlite_urls: Urls) -> Iterator[Database]:
    database = Database(sqlite_urls.study)
    yield database
    database.close()


def rows(*keys: str) -> list[dict[str, object]]:
    return [{"key": key, "window": AT, "n": n} for n, key in enumerate(keys)]


def add(database: Database, *keys: str) -> None:
    with database.plain_writing() as session:
        for row in rows(*keys):
            session.connection().execute(ADD, row)


def ask(database: Database, statement: Any, values: dict[str, Any] | None = None) -> Any:
    with database.plain_reading() as session:
        return session.connection().execute(statement, values)


def test_rows_are_what_they_are_the_first_time(database: Database) -> None:
    add(database, "a", "b", "c")
    usual, quick = (ask(database, OF_KEYS, {"keys": ["a", "c"]}).all() for _ in range(2))
    assert isinstance(ask(database, OF_KEYS, {"keys": ["a", "c"]}), Fetched)
    assert quick == usual == [("a", AT, 0), ("c", AT, 2)]
    assert (quick[1].key, quick[1].window, dict(quick[1]._mapping)) == ("c", AT, {"key": "c", "window": AT, "n": 2})


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_instants_are_written_and_read_as_by_sqlalchemy(at: datetime) -> None:
    kind, dialect = UTCDateTime(), sqlite.dialect()
    theirs = kind.dialect_impl(dialect)
    try:
        usual = theirs.bind_processor(dialect)(at)
    except OverflowError:  # the first and the last hours of all time have no UTC
        assume(False)
    assert writer(kind, dialect)(at) == usual
    assert reader(kind, dialect)(usual) == theirs.result_processor(dialect, None)(usual)
    assert reader(kind, dialect)(usual).tzinfo is UTC


def test_no_instant_stays_none_and_one_without_a_zone_is_refused() -> None:
    kind, dialect = UTCDateTime(), sqlite.dialect()
    assert writer(kind, dialect)(None) is None
    assert reader(kind, dialect)(None) is None
    with pytest.raises(ValueError, match="zone"):
        writer(kind, dialect)(AT.replace(tzinfo=None))


def test_a_list_of_any_length_has_its_own_plan_and_they_stay_few(database: Database) -> None:
    names = [f"{n:03d}" for n in range(MOST + 9)]
    add(database, *names)
    for length in (3, 1, 0, 2, *range(len(names) + 1)):
        found = ask(database, OF_KEYS, {"keys": names[:length]}).all()
        assert [row.key for row in found] == names[:length]
        assert [row.key for row in ask(database, OF_KEYS, {"keys": tuple(names[:length])})] == names[:length]
    assert len(getattr(OF_KEYS, ATTRIBUTE).kept) <= MOST
    assert {row.key for row in ask(database, OF_KEYS, {"keys": {"001", "002"}})} == {"001", "002"}


def test_what_is_made_of_a_statement_does_not_take_over_its_plan(database: Database) -> None:
    add(database, "a", "b")
    every = select(counter.c.key).order_by(counter.c.key)
    assert [ask(database, every).scalars().all() for _ in range(3)] == [["a", "b"]] * 3
    narrower = every.where(counter.c.n == 1)
    assert [ask(database, narrower).scalars().all() for _ in range(3)] == [["b"]] * 3


def test_constants_of_a_list_stand_in_the_plan(database: Database) -> None:
    add(database, "a", "b", "c")
    some = select(counter.c.key).where(counter.c.key.in_(("a", "c")), counter.c.n < bindparam("under"))
    assert [ask(database, some, {"under": under}).scalars().all() for under in (9, 9, 1)] == [
        ["a", "c"],
        ["a", "c"],
        ["a"],
    ]


def test_changes_say_how_many_and_give_back_what_they_return(database: Database) -> None:
    add(database, "a", "b")
    more = update(counter).where(counter.c.key == bindparam("b_key")).values(n=counter.c.n + bindparam("b_by"))
    told = more.returning(counter.c.n)
    with database.plain_writing() as session:
        connection = session.connection()
        counts = [connection.execute(more, {"b_key": key, "b_by": 1}).rowcount for key in ("a", "a", "none")]
        given = [connection.execute(told, {"b_key": key, "b_by": 5}).scalar() for key in ("b", "b", "none")]
    assert (counts, given) == ([1, 1, 0], [6, 11, None])
    assert ask(database, OF_KEYS, {"keys": ["a"]}).one().n == 2


def test_many_rows_at_once(database: Database) -> None:
    with database.plain_writing() as session:
        for names in (("a", "b"), ("c", "d"), ("e", "f", "g")):
            assert session.connection().execute(ADD, rows(*names)).rowcount == len(names)
    assert len(ask(database, OF_KEYS, {"keys": list("abcdefg")}).all()) == 7


def test_rows_that_give_something_back_are_put_in_one_after_the_other(database: Database) -> None:
    wanted = sqlite.insert(counter).on_conflict_do_nothing().returning(counter.c.n, counter.c.key)
    add(database, "b")
    with database.plain_writing() as session:
        connection = session.connection()
        assert isinstance(connection, QuickConnection)
        assert connection.each(wanted, rows("a", "b", "c")) == [(0, "a"), (2, "c")]
        assert connection.each(wanted, rows("d")) == [(0, "d")]
    assert ask(database, select(counter.c.key).order_by(counter.c.key)).scalars().all() == ["a", "b", "c", "d"]


def test_the_first_column_alone(database: Database) -> None:
    add(database, "a", "b")
    wanted = met_often(select(counter.c.key, counter.c.n).order_by(counter.c.key))
    assert isinstance(ask(database, wanted), Fetched)  # the very first time
    found = ask(database, wanted).scalars()
    assert (found.all(), list(found), found.first()) == (["a", "b"], ["a", "b"], "a")
    with pytest.raises(MultipleResultsFound):
        found.one()


def test_what_the_database_refuses_is_told_and_taken_back(database: Database) -> None:
    add(database, "a")
    for _ in range(3):
        with pytest.raises(IntegrityError):
            add(database, "b", "a")
    assert [row.key for row in ask(database, OF_KEYS, {"keys": ["a", "b"]})] == ["a"]


def test_what_the_type_refuses_is_told_as_ever(database: Database) -> None:
    add(database, "a")
    since = select(counter.c.key).where(counter.c.window >= bindparam("since"))
    for _ in range(3):
        with pytest.raises(StatementError, match="timezone"):
            ask(database, since, {"since": AT.replace(tzinfo=None)})
    with pytest.raises(StatementError, match="since"):
        ask(database, since, {})


def test_one_row_is_one(database: Database) -> None:
    add(database, "a", "b")
    for _ in range(2):
        with pytest.raises(MultipleResultsFound):
            ask(database, OF_KEYS, {"keys": ["a", "b"]}).one()
    assert ask(database, OF_KEYS, {"keys": ["b"]}).one_or_none().key == "b"
    assert ask(database, OF_KEYS, {"keys": ["z"]}).one_or_none() is None


def test_days_come_back_as_days(database: Database) -> None:
    wanted = select(tally.c.day).where(tally.c.day >= bindparam("since"))
    assert [ask(database, wanted, {"since": date(2026, 3, 2)}).all() for _ in range(2)] == [[], []]


def test_who_listens_hears_every_statement(database: Database) -> None:
    add(database, "a")
    seen: list[str] = []
    ask(database, OF_KEYS, {"keys": ["a"]})
    event.listen(database.engine, "before_cursor_execute", lambda *heard: seen.append(heard[2]))
    for _ in range(2):
        ask(database, OF_KEYS, {"keys": ["a"]})
    assert len(seen) == 2
