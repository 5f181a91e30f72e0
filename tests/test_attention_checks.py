"""When a site is asked to look after a patient: what a protocol may say of it, and what holds where it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pro.domain.protocol import Attention, Protocol
from pro.library import Unreadable, check_protocol_file
from tests.factories import the_library

DEMO = Path(__file__).parents[1] / "questionnaires/protocols/thera-demo/2.yaml"


def check(tmp_path: Path, more: str) -> Protocol:
    path = tmp_path / "2.yaml"
    path.write_text(DEMO.read_text(encoding="utf-8") + more, encoding="utf-8")
    return check_protocol_file(path)


def test_defaults_are_those_of_the_field_and_the_last_visit() -> None:
    protocol = the_library().latest_protocol("thera-demo")
    assert protocol.attention == Attention(missed_in_a_row=2, last_days=7, least_percent=80, undelivered=2)
    assert (protocol.endpoint, protocol.watched_visit) == ("", "week12")


def test_a_protocol_may_say_its_own(tmp_path: Path) -> None:
    said = check(tmp_path, "\nendpoint: week8\nattention: {missed_in_a_row: 3, least_percent: 90}\n")
    assert said.attention == Attention(missed_in_a_row=3, last_days=7, least_percent=90, undelivered=2)
    assert said.watched_visit == "week8"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("endpoint: diary", "'diary' is no visit that patients answer once"),
        ("endpoint: screening", "'screening' is no visit that patients answer once"),
        ("attention: {least_percent: 101}", "101 is out of range; give 1 to 100"),
        ("attention: {last_days: 0}", "0 is out of range; give 1 to 28"),
    ],
)
def test_what_cannot_be_met_is_refused_with_its_place(tmp_path: Path, more: str, what: str) -> None:
    with pytest.raises(Unreadable) as refused:
        check(tmp_path, f"\n{more}\n")
    assert what in str(refused.value.problems[0])
    assert "2.yaml:" in str(refused.value.problems[0])
