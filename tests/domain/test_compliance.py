from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from pro.domain.assessment import Instants
from pro.domain.compliance import (
    Compliance,
    Day,
    NeedsCall,
    available,
    compliance,
    last_seven,
    needs_call,
    percent,
    runs_missed,
    total,
)

FIRST = date(2026, 3, 2)


def opening(n: int) -> datetime:
    """When diary day `n` (from 1) opens; its late filling ends at noon of the next."""
    return datetime.combine(FIRST + timedelta(days=n - 1), time(4), UTC)


def day(n: int, entry: str) -> Day:
    opens = opening(n)
    closes = opens + timedelta(days=1)
    known: dict[str, datetime | bool] = {
        ".": {},
        "x": {"submitted_at": opens + timedelta(hours=14)},
        "l": {"submitted_at": closes + timedelta(hours=2)},
        "p": {"started_at": opens, "answered": True},
        "e": {"excused_at": opens},
        "c": {"cancelled_at": opens},
    }[entry]
    instants = Instants(opens, closes, closes + timedelta(hours=8), **known)  # type: ignore[arg-type]
    return Day(FIRST + timedelta(days=n - 1), instants)


def diary(entries: str) -> list[Day]:
    """`x` on time, `l` late, `p` partial, `e` excused, `c` cancelled, `.` nothing."""
    return [day(n, entry) for n, entry in enumerate(entries, start=1)]


def evening(n: int) -> datetime:
    return opening(n) + timedelta(hours=15)


def ratio(entries: str, now: datetime, withdrawn_at: datetime | None = None) -> str | None:
    found = percent(compliance(diary(entries), now, withdrawn_at).ratio)
    return None if found is None else str(found)


def test_done_of_expected() -> None:
    assert ratio("x" * 21 + "." * 7, evening(40)) == "75.0"


def test_today_counts_only_once_there_is_an_entry() -> None:
    assert ratio("xxxx.xxxx" + "." * 19, evening(10)) == "88.9"
    assert ratio("xxxx.xxxxx" + "." * 18, evening(10)) == "90.0"


def test_withdrawal_ends_what_is_expected() -> None:
    entries = "xxxxxx..xxxxxx" + "." * 14
    assert ratio(entries, evening(40), withdrawn_at=evening(15)) == "85.7"
    cancelled = "xxxxxx..xxxxxx" + "c" * 14
    assert ratio(cancelled, evening(40), withdrawn_at=evening(15)) == "85.7"
    assert compliance(diary(entries), evening(40), evening(15)).expected == 14


def test_nothing_closed_yet_is_no_ratio() -> None:
    assert ratio("." * 28, evening(1)) is None
    assert compliance(diary("." * 28), evening(1)) == Compliance()


def test_partial_stands_apart() -> None:
    found = compliance(diary("xxxxxp."), evening(20))
    assert found == Compliance(on_time=5, partial=1, missed=1)
    assert str(percent(found.ratio)) == "71.4"
    assert str(percent(found.partial_ratio)) == "14.3"


def test_late_counts_as_completed_and_stays_told_apart() -> None:
    found = compliance(diary("xl."), evening(20))
    assert (found.completed, found.on_time, found.late, found.expected) == (2, 1, 1, 3)


def test_an_excuse_explains_and_changes_nothing() -> None:
    assert ratio("xxxe", evening(20)) == ratio("xxx.", evening(20)) == "75.0"
    assert compliance(diary("xxxe"), evening(20)).excused == 1


def test_yesterday_is_not_missed_while_it_may_still_be_filled() -> None:
    morning = opening(3) + timedelta(hours=7, minutes=59)
    assert compliance(diary("x.."), morning).expected == 1
    assert compliance(diary("x.."), morning + timedelta(minutes=1)).missed == 1


def test_a_clinician_is_nobody_to_comply() -> None:
    opens = opening(1)
    visit = Day(FIRST, Instants(opens, opens + timedelta(days=1), submitted_at=opens), "clinician")
    assert compliance([visit, day(1, "x")], evening(20)).expected == 1


def test_a_site_sums_assessments() -> None:
    site = total([Compliance(on_time=9, missed=1), Compliance(late=1, partial=1)])
    assert (site.completed, site.expected, site.ratio) == (10, 12, Decimal(10) / 12)
    assert total([]).ratio is None


def test_available_data_are_another_number() -> None:
    assert available(12, 24) == Decimal("0.5")
    assert available(0, 0) is None


@pytest.mark.parametrize(
    ("ratio", "shown"), [("0.8885", "88.9"), ("0.99949", "99.9"), ("0.0005", "0.1"), ("1", "100.0")]
)
def test_per_cent_is_rounded_half_up(ratio: str, shown: str) -> None:
    assert str(percent(Decimal(ratio))) == shown


@pytest.mark.parametrize(
    ("entries", "run"),
    [("xx..", 2), ("..xx", 0), (".x.", 1), ("...", 3), ("..p", 0), ("..e", 0), (".c.", 2), ("", 0)],
)
def test_the_run_of_missed_days(entries: str, run: int) -> None:
    assert runs_missed(diary(entries), evening(20)) == run


def test_days_given_in_any_order() -> None:
    assert runs_missed(reversed(diary("xx..")), evening(20)) == 2


def test_todays_entry_ends_a_run_and_an_open_day_does_not_lengthen_it() -> None:
    assert runs_missed(diary("x..."), evening(4)) == 2
    assert runs_missed(diary("x..x"), evening(4)) == 0


def test_the_last_seven_expected_days() -> None:
    found = last_seven(diary("..." + "xxxxxx." + "."), opening(11))
    assert (found.completed, found.expected) == (6, 7)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("xxxxxxx..", NeedsCall("missed-in-a-row", 2, Decimal(5) / 7)),
        (".xxxx.x", NeedsCall("low-last-seven", 0, Decimal(5) / 7)),
        (".xxxxxx", None),  # 6 of 7 is 86 %
        (".x.x", None),  # too early for a percentage
        ("xpxxpxx", NeedsCall("low-last-seven", 0, Decimal(5) / 7)),
        (".......xxxxxxx", None),
    ],
)
def test_when_the_site_should_call(entries: str, expected: NeedsCall | None) -> None:
    assert needs_call(diary(entries), evening(30)) == expected
