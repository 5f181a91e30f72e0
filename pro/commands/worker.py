"""`pro worker`: the scheduler."""

from __future__ import annotations

import logging

import click

from pro.commands.opened import ready_to_run
from pro.worker import run


@click.command()
def worker() -> None:
    """Send reminders, close windows and tell staff of flares, until stopped; any number of workers may run."""
    parts = ready_to_run()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("pro").setLevel(logging.INFO)
    run(parts)


commands = (worker,)
