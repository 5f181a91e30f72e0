"""What the data set tells of one patient."""

from __future__ import annotations

from pro.exports.codebook import meaning
from pro.services.exporting import TABLES


def test_every_column_is_described() -> None:
    assert all(meaning(table.name, column)[0] for table in TABLES for column in table.columns)
