"""The instants of an assessment: the columns that tell its state, and a row of them turned into what the domain reads."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any

from pro.domain.assessment import Instants
from pro.store.tables import metadata

_assessment = metadata.tables["assessment"]

COLUMNS = (
    _assessment.c.opens_at,
    _assessment.c.closes_at,
    _assessment.c.late_until,
    _assessment.c.started_at,
    _assessment.c.submitted_at,
    _assessment.c.closed_at,
    _assessment.c.cancelled_at,
    _assessment.c.excused_at,
    _assessment.c.answered,
)


_values = attrgetter(*(each.name for each in fields(Instants)))


def instants_of(row: Any) -> Instants:
    """`row`: anything with these columns, of any statement or the table's own class."""
    return Instants(*_values(row))
