"""Fixtures that every test may use.

`database_urls` gives migrated, empty databases on both engines; `empty_urls` gives databases without any table;
`sqlite_urls` gives migrated SQLite files alone, for tests in which the engine does not matter.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from pro.store import migrate
from tests.databases import HISTORIES, Postgres, into_memory, migrated_databases, migrated_files, own_postgres
from tests.demonstration import demonstration, told
from tests.owned import owned_books
from tests.quick_apps import compile_once

__all__ = ["demonstration", "owned_books", "told"]

ENGINES = ("sqlite", "postgresql")
PROVE = os.environ.get("PRO_PROVE", "") == "1"
"""`make prove` runs at full size what `make test` runs at small size."""


def pytest_configure() -> None:
    # a busy machine is slow, not wrong; a run that loaded a profile of its own keeps it
    if settings.get_current_profile_name() == "default":
        settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("patient")
    into_memory()
    compile_once()


class Urls(NamedTuple):
    study: str
    contacts: str


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server: `PRO_TEST_POSTGRES_URL`, or one of this worker's own."""
    given = os.environ.get("PRO_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with own_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Postgres:
    return Postgres(postgres_url)


@pytest.fixture(params=ENGINES)
def engine_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def _sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[migrate.Which, Path]:
    return migrated_files(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def _postgres_templates(postgres: Postgres) -> Iterator[dict[migrate.Which, str]]:
    urls = migrated_databases(postgres)
    yield urls
    postgres.drop(*urls.values())


@pytest.fixture
def sqlite_urls(_sqlite_templates: dict[migrate.Which, Path], tmp_path: Path) -> Urls:
    """Migrated, empty SQLite databases of this test's own."""
    for which, template in _sqlite_templates.items():
        shutil.copy(template, tmp_path / f"{which}.sqlite")
    return Urls(*(f"sqlite:///{tmp_path}/{which}.sqlite" for which in HISTORIES))


@pytest.fixture
def postgresql_urls(postgres: Postgres, _postgres_templates: dict[migrate.Which, str]) -> Iterator[Urls]:
    """Migrated, empty PostgreSQL databases of this test's own."""
    urls = Urls(*postgres.copies(*(_postgres_templates[which] for which in HISTORIES)))
    yield urls
    postgres.drop(*urls)


@pytest.fixture
def database_urls(engine_kind: str, request: pytest.FixtureRequest) -> Urls:
    """Migrated, empty databases of this test's own, on each engine in turn: `.study` and `.contacts`."""
    urls: Urls = request.getfixturevalue(f"{engine_kind}_urls")
    return urls


@pytest.fixture
def empty_urls(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Urls]:
    """Databases without any table, on each engine in turn."""
    if engine_kind == "sqlite":
        yield Urls(*(f"sqlite:///{tmp_path}/empty-{which}.sqlite" for which in HISTORIES))
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    urls = Urls(*(postgres.create() for _ in HISTORIES))
    yield urls
    postgres.drop(*urls)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser; without one the test is skipped, and fails where `CI=true` promises one."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        message = "no chromium on the path: browser tests need one"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium_path: str) -> dict[str, Any]:
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return {
        **browser_type_launch_args,
        "executable_path": chromium_path,
        "args": ["--no-sandbox"] if as_root else [],
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a page drives a browser."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if {"page", "context", "browser", "new_context"} & names:
            item.add_marker(pytest.mark.browser)
