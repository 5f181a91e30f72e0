"""What an idle tick reads does not grow with the study: rows and pages are counted by the engine, at two sizes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from pro import worker
from pro.store.engine import Database
from tests.bench.enrolled import Size, fill
from tests.conftest import Urls
from tests.counting import Read, reads
from tests.factories import make_parts

SMALL, LARGE = Size(250, 8, 2, due=10), Size(500, 40, 36, due=10)
"""2,000 and 20,000 assessments; bells enough at both that their index is a level deep."""


@pytest.fixture
def both(database_urls: Urls, engine_kind: str, request: pytest.FixtureRequest) -> Iterator[tuple[Urls, Urls]]:
    """Two sets of empty databases on one engine."""
    if engine_kind == "postgresql":
        postgres = request.getfixturevalue("postgres")
        other = Urls(*postgres.copies(*database_urls))
        yield database_urls, other
        postgres.drop(*other)
        return
    files = [url.removeprefix("sqlite:///") for url in database_urls]
    yield database_urls, Urls(*(f"sqlite:///{shutil.copy(file, f'{file}.other')}" for file in files))


def idle(urls: Urls, size: Size) -> list[Read]:
    """An idle tick among so many; the first has done the hour's sweep."""
    parts = make_parts(urls)
    fill(parts, size)

    def tick() -> None:
        assert worker.tick_once(parts, parts.clock.now(), "w") == ()

    tick()
    if not parts.study.is_sqlite:
        _tidy(parts.study)
    found = reads(parts.study, tick)
    parts.study.close()
    parts.contacts.close()
    return found


def _tidy(database: Database) -> None:
    """PostgreSQL does so by itself in its own time: whether a row is old enough for all is a page more or less."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def test_an_idle_tick_reads_the_same_rows_and_pages_among_ten_times_as_many(both: tuple[Urls, Urls]) -> None:
    few, many = (idle(urls, size) for urls, size in zip(both, (SMALL, LARGE), strict=True))
    assert few == many
    assert sum(one.pages for one in few) <= 20
