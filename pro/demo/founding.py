"""Making the demonstration's databases, or finding them made."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlmodel import select

from pro.demo import playing, story
from pro.demo.people import STUDY
from pro.services.parts import Parts
from pro.settings import Settings
from pro.store import migrate
from pro.store.tables import DemoClock, Study


class NotTheDemonstration(Exception):
    """The database holds something else; the message says what to do."""


def migrated(settings: Settings) -> None:
    """Both databases at their newest migration; the folder of SQLite files is made."""
    for url, which in _databases(settings):
        name = make_url(url).database
        if make_url(url).get_backend_name() == "sqlite" and name:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        migrate.upgrade(url, which)


def _databases(settings: Settings) -> tuple[tuple[str, migrate.Which], ...]:
    return ((settings.database_url, "study"), (settings.contacts_database_url, "contacts"))


def state(parts: Parts) -> str:
    """`empty`, `half-made` or `made`; raises NotTheDemonstration where another study is in the database."""
    with parts.study.reading() as session:
        studies = session.exec(select(Study)).all()
        clock = session.get(DemoClock, 1)
    if any(study.code != STUDY or not study.demonstration for study in studies):
        raise NotTheDemonstration(
            f"DATABASE_URL holds the study {studies[0].code}: the demonstration needs a database of its own"
        )
    if not studies:
        return "empty"
    return "made" if clock else "half-made"


def files(settings: Settings) -> Iterable[Path]:
    """The SQLite files of the demonstration with what stands beside them."""
    for url, _ in _databases(settings):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            yield from (Path(parsed.database + end) for end in ("", "-wal", "-shm"))


def is_on_sqlite(settings: Settings) -> bool:
    return all(make_url(url).get_backend_name() == "sqlite" for url, _ in _databases(settings))


def remove(settings: Settings) -> None:
    """Takes the demonstration's SQLite files away."""
    for file in files(settings):
        file.unlink(missing_ok=True)


def make(parts: Parts, progress: playing.Progress) -> None:
    """Plays the eight weeks into empty databases."""
    story.tell(parts, progress)
