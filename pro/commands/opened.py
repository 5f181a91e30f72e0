"""The parts as commands use them: settings read, databases reached and migrated, or one clear line each."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from pro.app import build
from pro.cli import Wrong
from pro.services import checkup, wording
from pro.services.parts import Parts
from pro.settings import Settings, read
from pro.store import wordings
from pro.store.engine import Database


def read_settings() -> Settings:
    """The environment's settings; `WrongSettings` lists every problem."""
    return read(os.environ)


def study_as_it_is() -> Database | None:
    """The study database of DATABASE_URL where it can be read; nothing is made, migrated or refused."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        return None
    try:
        path = make_url(url).database if make_url(url).get_backend_name() == "sqlite" else None
        if path and not path.startswith("file:") and not Path(path).is_file():
            return None
        database = Database(url)
        with database.plain_reading() as session:
            wordings.last(session)
    except (SQLAlchemyError, ImportError, OSError, ValueError):
        return None
    return database


def ready() -> Parts:
    """The joined parts on databases that answer and stand at the newest migration."""
    settings = read_settings()
    wrong = [finding for finding in checkup.databases(settings) if not finding.ok]
    if wrong:
        raise Wrong("\n".join(f"{one.what}: {one.said}" + (f": {one.mend}" if one.mend else "") for one in wrong))
    return build(settings)


def ready_to_run() -> Parts:
    """The same, where the keys open the contacts and every real study has the wording that its patients will read.

    Without the key no reminder would go, and nobody would know before the evening.
    """
    parts = ready()
    if not (keys := checkup.keys(parts)).ok:
        raise Wrong(f"PRO_CONTACTS_KEY: {keys.said}: {keys.mend}")
    if lacking := wording.refusals(parts, parts.clock.now()):
        raise Wrong("\n".join(lacking))
    return parts
