"""`pro demo`: the demonstration, from nothing to an address."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import IO

import click
from flask import Flask

from pro.app import build
from pro.cli import Wrong
from pro.commands.files import written
from pro.commands.serve import Server, options, refuse_taken
from pro.demo import create_demo_app, founding
from pro.demo.diaries import ZONE
from pro.services.parts import Parts
from pro.settings import Settings, read


@click.command()
@click.option("--reset", is_flag=True, help="Throw the demonstration's data away and start over.")
@click.option("--only-make", is_flag=True, help="Make the data and stop.")
def demo(reset: bool, only_make: bool) -> None:
    """Play an invented study on this machine: web, worker and virtual phones. Keeps its data under var/."""
    settings = read(os.environ, demo=True)
    if not only_make:
        refuse_taken(settings.host, settings.port)
    held = _hold()
    if reset:
        _reset(settings)
    parts = _made(settings)
    study_time = parts.clock.now().study
    parts.study.close()
    parts.contacts.close()
    if not only_make:
        _run(settings, held, study_time)


def _hold() -> IO[str]:
    """Keeps a second demonstration off these data; let go when the process ends, however it does."""
    with written(Path("var")):
        Path("var").mkdir(exist_ok=True)
        held = Path("var/demo.lock").open("w")  # noqa: SIM115 (held as long as the process lives)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Wrong("a demonstration is running on these data already (var/): stop it first") from None
    return held


def _reset(settings: Settings) -> None:
    if not founding.is_on_sqlite(settings):
        raise Wrong("--reset only throws SQLite files away: drop and create the PostgreSQL databases yourself")
    founding.remove(settings)


def _made(settings: Settings) -> Parts:
    founding.migrated(settings)
    parts = build(settings, durable=False)
    try:
        found = founding.state(parts)
    except founding.NotTheDemonstration as other:
        raise Wrong(str(other)) from None
    if found == "half-made":
        parts.study.close()
        parts.contacts.close()
        _reset(settings)
        return _made(settings)
    if found == "empty":
        founding.make(parts, _Progress())
    return parts


class _Progress:
    """One line that grows, and nothing at all on a pipe."""

    def __init__(self) -> None:
        self.shown, self.begun = -1, time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        percent = min(100, 100 * done // max(1, of))
        if percent == self.shown or not sys.stderr.isatty():
            if self.shown < 0:
                click.echo("Playing eight weeks of an invented study, about a minute …", err=True)
                self.shown = 0
            return
        self.shown = percent
        bar = "█" * (percent // 4) + "·" * (25 - percent // 4)
        end = "\n" if percent == 100 else ""
        click.echo(f"\rPlaying eight weeks of an invented study  {bar} {percent:3d} %{end}", err=True, nl=False)


class DemoServer(Server):
    def load(self) -> Flask:
        return create_demo_app()


def _run(settings: Settings, held: IO[str], study_time: datetime) -> None:
    address = f"http://{settings.host}:{settings.port}"
    os.environ["PRO_DEMO"] = "1"
    worker = subprocess.Popen([sys.executable, "-m", "pro.cli", "worker"], env=os.environ)
    click.echo(
        f"\nThe demonstration is at  {address}/demo\n"
        f"In the study it is {study_time.astimezone(ZONE):%A %d %B %Y, %H:%M}. Stop it with Ctrl-C;\n"
        "`make demo` goes on where you left, `make demo-reset` starts over.\n",
    )
    sys.stdout.flush()
    try:
        DemoServer(options(settings.host, settings.port)).run()
    finally:
        worker.terminate()
        worker.wait(timeout=20)
        held.close()


commands = (demo,)
