"""What of a clinician's form is asked again before it is kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pro.domain.examination import Doubt, doubts
from pro.domain.questionnaire import Value

FIRST, LAST = date(2026, 4, 14), date(2026, 4, 16)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"crp": Decimal("1.0"), "esr": 120, "examined_on": "2026-04-14"}, []),
        ({"crp": Decimal("150.0"), "esr": 1, "examined_on": "2026-04-16"}, []),
        ({"crp": Decimal("0.9")}, [("crp", "crp-low", "0.9")]),
        ({"crp": Decimal("0.0")}, [("crp", "crp-low", "0.0")]),
        ({"crp": Decimal("150.1")}, [("crp", "crp-high", "150.1")]),
        ({"esr": 121}, [("esr", "esr-high", "121")]),
        ({"examined_on": "2026-04-13"}, [("examined_on", "outside-window", "2026-04-13")]),
        ({"examined_on": "2026-04-17"}, [("examined_on", "outside-window", "2026-04-17")]),
        ({"tender": ("L-knee",), "not_assessable": ("R-knee",)}, []),
        (
            {"tender": ("L-knee", "R-hip"), "swollen": ("L-knee",), "not_assessable": ("L-knee",)},
            [("not_assessable", "out-and-marked", "L-knee")],
        ),
        ({}, []),
    ],
)
def test_what_is_allowed_and_worth_a_second_look(values: dict[str, Value], found: list[tuple[str, str, str]]) -> None:
    assert doubts(values, FIRST, LAST) == tuple(Doubt(*each) for each in found)  # type: ignore[arg-type]
