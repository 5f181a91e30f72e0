"""`pro questionnaires export` and `import`: FHIR R4 out of the library, and into a draft of it."""

from __future__ import annotations

import re
from pathlib import Path

import click

from pro.cli import Wrong
from pro.commands.files import made_folder, written
from pro.commands.questionnaires import asked
from pro.commands.root import root_option
from pro.commands.worded import worded
from pro.domain.questionnaire import Questionnaire
from pro.exports.fhir import Draft, as_json, draft_of, resource_of
from pro.exports.fhir.names import BASE
from pro.library import Library, load
from pro.library.cases import cases_path
from pro.library.skeletons import cases_text, draft_text, write_new
from pro.library.wording import WORD

ABSOLUTE = r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+"
"""An address with a scheme, of the characters that RFC 3986 lets stand in one."""


@click.command("export")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--format", "format_", type=click.Choice(["fhir"]), default="fhir", help="fhir: an R4 Questionnaire.")
@click.option("--version", help="The newest unless given.")
@click.option("--all", "all_", is_flag=True, help="Every version of every questionnaire, into --out DIR.")
@click.option("--out", type=click.Path(path_type=Path), help="A file, or with --all a directory; else standard output.")
@click.option(
    "--base", envvar="PRO_FHIR_BASE", default=BASE, show_default=True, help="Where canonical addresses begin."
)
@click.option("--installed-wording", "installed", is_flag=True, help="With the owner's text, where it is installed.")
@root_option
def export_(
    id_: str | None,
    format_: str,
    version: str | None,
    all_: bool,
    out: Path | None,
    base: str,
    installed: bool,
    root: Path,
) -> None:
    """A questionnaire as a FHIR R4 Questionnaire: items, answers, branching, every language, scoring."""
    if all_ == (id_ is not None) or (all_ and (out is None or version is not None)):
        raise Wrong("name one questionnaire, or give --all with --out DIR")
    if not re.fullmatch(ABSOLUTE, base):
        shown = base if base.isprintable() else ascii(base)
        raise Wrong(f"--base {shown}: must be an absolute address, such as https://fhir.example.org or urn:pro")
    library = load(root)
    if all_ and out is not None:
        _export_all(library, out, base, installed)
        return
    content = _content(library, asked(library, id_ or "", version), base, installed)
    if out is None:
        click.echo(content, nl=False)
        return
    with written(out, "--out"):
        out.write_bytes(content)


def _export_all(library: Library, out: Path, base: str, installed: bool) -> None:
    made_folder(out, "--out")
    for each in library.questionnaires():
        content = _content(library, each, base, installed)
        with written(out, "--out"):
            (out / f"{each.id}-{each.version}.json").write_bytes(content)
    click.echo(f"{len(library.questionnaires())} questionnaires written to {out}", err=True)


def _content(library: Library, questionnaire: Questionnaire, base: str, installed: bool) -> bytes:
    questionnaire = worded(questionnaire) if installed else questionnaire
    written = resource_of(
        questionnaire, published=library.is_published(questionnaire.id, questionnaire.version), base=base
    )
    for note in written.notes:
        click.echo(f"{questionnaire.id} {questionnaire.version}: {note}", err=True)
    return as_json(written.resource)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--id", "id_", help="The id of the draft; made from the resource's address unless given.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A new file; else standard output.")
def import_(file: Path, id_: str | None, out: Path | None) -> None:
    """A FHIR R4 Questionnaire as a draft of our file; what it could not carry goes to standard error, a line each.

    With --out the worked examples' file is begun beside it. A draft has to be read by a person before it is checked.
    """
    if id_ is not None and not re.fullmatch(WORD, id_):
        raise Wrong(f"--id {id_}: must be lower-case letters, digits and -")
    try:
        draft = draft_of(file.read_bytes(), id_)
    except ValueError as error:
        raise Wrong(f"{file}: {error}") from None
    if out is not None:
        _write(draft, out)
    else:
        click.echo(draft_text(draft.data), nl=False)
    for note in draft.notes:
        click.echo(note, err=True)


def _write(draft: Draft, out: Path) -> None:
    scales = [scale["key"] for scale in draft.data.get("scales", [])]
    todo = [f"TODO {note}" for note in draft.notes]
    with written(out, "--out"):
        write_new({out: draft_text(draft.data, todo), cases_path(out): cases_text(scales)})


commands: tuple[click.Command, ...] = (export_, import_)
