"""Tables as CSV files with a manifest: UTF-8, commas, `\\r\\n`, instants as `…Z`, an empty field for what is not there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from heapq import merge
from pathlib import Path

from pro.exports.codebook import meaning
from pro.services.exporting import TABLES, Table, Values
from pro.services.parts import Parts

__all__ = ["TABLES", "Table", "csv_line", "said", "write"]
MANIFEST = "manifest.json"
CODEBOOK = ("table", "column", "meaning", "codes")


def write(folder: Path, studies: Sequence[Parts], about: dict[str, object], tables: Iterable[Table] = TABLES) -> None:
    """A file for each table, rows of every study database merged by their keys, the codebook and the manifest.

    `about` goes into the manifest beside row counts and SHA-256. OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    asked = tuple(tables)
    files = [_write(folder, table.name, table.columns, _merged(table, studies)) for table in asked]
    book = [(table.name, column, *meaning(table.name, column)) for table in asked for column in table.columns]
    files.append(_write(folder, "codebook", CODEBOOK, book))
    manifest = {"about": about, "files": files}
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


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
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)
