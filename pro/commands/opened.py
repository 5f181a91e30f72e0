"""The parts as commands use them: settings read, databases reached and migrated, or one clear line each."""

from __future__ import annotations

import os

from pro.app import build
from pro.cli import Wrong
from pro.services import checkup, wording
from pro.services.parts import Parts
from pro.settings import Settings, read


def read_settings() -> Settings:
    """The environment's settings; `WrongSettings` lists every problem."""
    return read(os.environ)


def ready() -> Parts:
    """The joined parts on databases that answer and stand at the newest migration."""
    settings = read_settings()
    wrong = [finding for finding in checkup.databases(settings) if not finding.ok]
    if wrong:
        raise Wrong("\n".join(f"{one.what}: {one.said}" + (f": {one.mend}" if one.mend else "") for one in wrong))
    return build(settings)


def ready_to_run() -> Parts:
    """The same, where every study outside demonstration has the wording that its patients will read."""
    parts = ready()
    if lacking := wording.refusals(parts, parts.clock.now()):
        raise Wrong("\n".join(lacking))
    return parts
