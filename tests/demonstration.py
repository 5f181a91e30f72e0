"""A running demonstration with a few people, made once per test process and copied for each test."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from pro import worker
from pro.app import build
from pro.demo import create_demo_app, founding, story
from pro.demo.people import JUMPED, Person
from pro.services.parts import Parts
from pro.settings import Settings, read
from pro.store.tables import metadata

PEOPLE = (
    JUMPED,
    Person("R", "Denise Postic", 37, 5, 0.2, 1.0, 0.0),
    Person("R", "George Whitby", 50, 6, 0.2, 1.0, 0.0, language="en"),
    Person("L", "Therese Caron", 45, 5, 0.2, 0.96),
)
"""R-001 has a flare under review, R-002 speaks French, R-003 English; L-001 is another site's."""

TOLD_AT = "told_at"


def settings(folder: Path, port: int) -> Settings:
    return read(
        {
            "DATABASE_URL": f"sqlite:///{folder}/study.sqlite",
            "CONTACTS_DATABASE_URL": f"sqlite:///{folder}/contacts.sqlite",
            "PORT": str(port),
        },
        demo=True,
    )


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the story's databases."""
    folder = tmp_path_factory.mktemp("story")
    kept = settings(folder, 8000)
    founding.migrated(kept)
    parts = build(kept, durable=False)
    story.tell(parts, people=PEOPLE)
    for database in (parts.study, parts.contacts):
        with contextlib.closing(database.engine.raw_connection()) as connection:  # no transaction is open
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
    (folder / TOLD_AT).write_text(str(time.time()))
    return folder


def _put_back(parts: Parts, told_at: float) -> None:
    """Study time is where the story ended, however long the tests before this one took."""
    with parts.study.writing() as session:
        session.connection().exec_driver_sql(
            f"UPDATE demo_clock SET offset_seconds = offset_seconds - {int(time.time() - told_at)}"
        )


@dataclass(frozen=True)
class Running:
    """A demonstration that answers on a port of its own."""

    address: str
    parts: Parts

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.parts.study.reading() as session:
            return [dict(row._mapping) for row in session.connection().execute(select(metadata.tables[table]))]

    def tick(self) -> None:
        """What the worker beside it would do."""
        worker.tick_once(self.parts, self.parts.clock.now(), "test")


@pytest.fixture
def demonstration(told: Path, tmp_path: Path) -> Iterator[Running]:
    for name in ("study", "contacts"):
        shutil.copy(told / f"{name}.sqlite", tmp_path / f"{name}.sqlite")
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    port = server.server_port
    mine = dataclasses.replace(settings(tmp_path, port), public_url=f"http://127.0.0.1:{port}")
    parts = build(mine)
    _put_back(parts, float((told / TOLD_AT).read_text()))
    server.app = create_demo_app(parts)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Running(f"http://127.0.0.1:{port}", parts)
    server.shutdown()
    thread.join()
    parts.study.close()
    parts.contacts.close()
