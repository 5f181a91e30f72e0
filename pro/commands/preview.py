"""`pro questionnaires preview`: every screen of a questionnaire, photographed, in one dated file."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

import click

from pro.cli import Wrong
from pro.clock import Clock, Moment
from pro.commands.files import made_folder
from pro.commands.questionnaires import asked
from pro.commands.root import root_option
from pro.commands.worded import worded
from pro.domain.paths import ways
from pro.domain.questionnaire import Questionnaire
from pro.library import Library, load


@click.command("preview")
@click.argument("id_", metavar="ID")
@click.option("--language", required=True, help="Language of the screens, such as fr.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A directory.")
@click.option("--version", help="The newest unless given.")
@click.option("--pdf", is_flag=True, help="As PDF too.")
@root_option
def preview(id_: str, language: str, out: Path, version: str | None, pdf: bool, root: Path) -> None:
    """Photograph every screen, on every branch, at phone width and with text at 200 %, into one HTML file.

    What an owner or an ethics committee is shown. An owner's text is shown where it is installed in the study
    database of the settings (DATABASE_URL); without settings our short labels are, and the file says so.
    """
    library = load(root)
    questionnaire = asked(library, id_, version)
    if language not in questionnaire.languages:
        there = ", ".join(questionnaire.languages)
        raise Wrong(f"--language {language}: {questionnaire.id} {questionnaire.version} is in {there}")
    if all(item.result_of is not None for item in questionnaire.items):
        raise Wrong(f"{questionnaire.id} has no screen: it is computed from other questionnaires and asked of nobody")
    made_folder(out, "--out")
    path = _browser()
    moment = Clock().now()
    made = _made(library, worded(questionnaire), language, moment, path, out, pdf)
    for each in made:
        click.echo(each)


def _browser() -> str:
    if importlib.util.find_spec("playwright") is None:
        raise Wrong("preview needs the browser's driver, which is installed by: make dev")
    from pro.preview.camera import chromium

    path = chromium()
    if path is None:
        raise Wrong(
            "preview needs Chromium on the path: install the system's package, such as apt-get install chromium"
        )
    return path


def _made(
    library: Library, questionnaire: Questionnaire, language: str, moment: Moment, browser: str, out: Path, pdf: bool
) -> list[Path]:
    from pro.preview.proving import prove

    published = library.is_published(questionnaire.id, questionnaire.version)
    found = ways(questionnaire)
    click.echo(f"{len(questionnaire.items)} items, {len(found.paths)} ways through them", err=True)
    with tempfile.TemporaryDirectory(prefix="pro-preview-") as folder:
        return prove(
            library, questionnaire, language, moment, Path(folder), out,
            browser=browser, published=published, found=found, pdf=pdf, say=lambda what: click.echo(f"  {what}", err=True),
        )  # fmt: skip


commands: tuple[click.Command, ...] = (preview,)
