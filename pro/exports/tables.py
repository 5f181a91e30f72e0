"""Tables as CSV files with a manifest: UTF-8, commas, `\\r\\n`, an empty field for what is not there, and instants
as `…Z` in whole seconds, one format in every column: a fraction is cut off, so that what came first stays no later."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from heapq import merge
from pathlib import Path

from pro import __version__
from pro.domain.protocol import Protocol
from pro.exports import content, inside_words, keys
from pro.exports.code_words import said_of
from pro.exports.codebook import meaning
from pro.exports.codes import CODES
from pro.services.exporting import TABLES, Table, Values
from pro.services.parts import Parts

__all__ = ["TABLES", "Table", "csv_line", "said", "stands_in", "write"]
Codes = Mapping[tuple[str, str], Mapping[str, str]]
"""Table and column → code → what it means."""
MANIFEST = "manifest.json"
NOTES = (
    "A patient who withdrew may have decided that the answers given before are not to be used: data_use in patients.csv is then "
    "do-not-use. Every table holds their rows all the same, so that nothing is lost; leave them out of an analysis by patient.",
)
CODEBOOK = ("table", "column", "meaning", "codes")
SHEETS: Mapping[str, tuple[str, ...]] = {
    "items": content.ITEMS,
    "scales": content.SCALES,
    "codes": ("table", "column", "code", "meaning"),
}
"""What stands beside the tables for whoever reads them alone."""


def stands_in(folder: Path) -> bool:
    """Whether a data set stands there, whole or broken off."""
    names = (MANIFEST, *(f"{name}.csv" for name in (*(table.name for table in TABLES), *SHEETS, "codebook")))
    return any((folder / name).exists() for name in names)


def write(folder: Path, studies: Sequence[Parts], about: dict[str, object], tables: Iterable[Table] = TABLES) -> None:
    """A file for each table, rows of every study database merged by their keys, what its keys and
    codes mean (`items`, `scales`, `codes`, `codebook`), and the manifest.

    `about` goes into the manifest beside row counts and SHA-256, the version of `pro`, and the protocols with the
    SHA-256 of their files. The manifest of an older data set goes first and the new one comes last, so that none
    speaks for files that are not its own. OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    asked = tuple(tables)
    files = [_write(folder, table.name, table.columns, _merged(table, studies)) for table in asked]
    protocols = keys.protocols_of(studies)
    questionnaires = keys.questionnaires_of(studies, protocols)
    known = keys.keys_of(protocols, questionnaires)
    own = {(table.name, column): codes for table in asked for column, codes in table.codes.items()}
    own |= {**inside_words.JSON_KEYS, **inside_words.results_of(questionnaires)}
    columns = {**{table.name: table.columns for table in asked}, **SHEETS}
    sheets = (content.items(questionnaires), content.scales(questionnaires), _coded(columns, known, own))
    files += [_write(folder, name, SHEETS[name], rows) for name, rows in zip(SHEETS, sheets, strict=True)]
    book = (
        _described(name, one, known.get(one, own.get((name, one), ()))) for name in columns for one in columns[name]
    )
    files.append(_write(folder, "codebook", CODEBOOK, book))
    _tell(
        folder, {"about": about, "files": files, "notes": NOTES, "pro": __version__, "protocols": _followed(protocols)}
    )


def _followed(protocols: Iterable[Protocol]) -> list[dict[str, str]]:
    return [{"id": each.id, "version": each.version, "sha256": each.sha256} for each in protocols]


def _tell(folder: Path, manifest: Mapping[str, object]) -> None:
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _described(table: str, column: str, known: Iterable[str]) -> Values:
    """A line of the codebook; where the column holds keys of the protocol, these are its codes."""
    said, codes = meaning(table, column)
    return (table, column, said, ", ".join((*known, *([codes] if codes else ()))))


def _coded(columns: Mapping[str, tuple[str, ...]], known: keys.Keys, own: Codes) -> Iterator[Values]:
    """Every code and key that may stand in the tables, in words."""
    for table, listed in columns.items():
        for column in listed:
            for code in CODES.get((table, column), ()):
                yield (table, column, str(code), said_of(table, column, code))
            for key, said in {**known.get(column, {}), **own.get((table, column), {})}.items():
                yield (table, column, key, said)


def _write(folder: Path, name: str, columns: tuple[str, ...], content: Iterable[Values]) -> dict[str, object]:
    hashed, rows = sha256(), 0
    with (folder / f"{name}.csv").open("wb") as file:
        for row in (columns, *content):
            line = csv_line(row)
            file.write(line)
            hashed.update(line)
            rows += 1
    return {"file": f"{name}.csv", "rows": rows - 1, "sha256": hashed.hexdigest(), "columns": list(columns)}


def _merged(table: Table, studies: Sequence[Parts]) -> Iterable[Values]:
    """Each study's rows come by patient; no patient is in two of them."""
    return merge(*(table.rows(parts) for parts in studies), key=lambda row: str(row[0]))


def csv_line(row: Sequence[object]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([said(value) for value in row])
    return line.getvalue().encode()


def said(value: object) -> str:
    """A value as a field has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)
