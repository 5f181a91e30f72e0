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

from pro.services.exporting import TABLES, Table, Values
from pro.services.parts import Parts

MANIFEST = "manifest.json"


def write(folder: Path, studies: Sequence[Parts], about: dict[str, object], tables: Iterable[Table] = TABLES) -> None:
    """A file for each table, rows of every study database merged by their keys, and the manifest.

    `about` goes into the manifest beside row counts and SHA-256. OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [_write(folder, table, studies) for table in tables]
    manifest = {"about": about, "files": files}
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _write(folder: Path, table: Table, studies: Sequence[Parts]) -> dict[str, object]:
    hashed, rows = sha256(), 0
    with (folder / f"{table.name}.csv").open("wb") as file:
        for row in (table.columns, *_merged(table, studies)):
            line = csv_line(row)
            file.write(line)
            hashed.update(line)
            rows += 1
    return {"file": f"{table.name}.csv", "rows": rows - 1, "sha256": hashed.hexdigest(), "columns": list(table.columns)}


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
