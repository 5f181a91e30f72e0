"""Where the questionnaires are: an option of every command that reads them."""

from __future__ import annotations

from pathlib import Path

import click

from pro.library import DEFAULT_ROOT

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=DEFAULT_ROOT,
    help="Where the questionnaires are, if not in the project.",
)
