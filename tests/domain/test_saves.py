"""Which save is the newest: a number within one client, the corrected phone time across them, then the server's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pro.domain.saves import given_at, oldest_first

NOON = datetime(2026, 4, 14, 12, tzinfo=UTC)
EVER = st.integers(0, 6).map(lambda n: NOON + timedelta(minutes=n))


@dataclass(frozen=True)
class One:
    client: str
    seq: int
    given_at: datetime | None
    received_at: datetime


anything = st.lists(
    st.builds(One, st.sampled_from("abc"), st.integers(1, 6), EVER | st.none(), EVER),
    unique_by=lambda one: (one.client, one.seq),
    min_size=1,
    max_size=9,
)


@given(anything, st.randoms())
def test_it_is_one_order_however_the_rows_come(saves: list[One], chance: object) -> None:
    shuffled = sorted(saves, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert oldest_first(shuffled) == oldest_first(saves)
    assert sorted(map(repr, oldest_first(saves))) == sorted(map(repr, saves))


@given(anything)
def test_within_one_client_the_number_decides(saves: list[One]) -> None:
    for client in "abc":
        mine = [one.seq for one in oldest_first(saves) if one.client == client]
        assert mine == sorted(mine)


@given(anything)
def test_across_clients_the_corrected_time_decides_then_the_servers(saves: list[One]) -> None:
    """Where no phone's clock was moved between two answers."""
    steady = [one for one in saves if one.seq == 1]
    ordered = oldest_first(steady)
    assert ordered == sorted(steady, key=lambda one: (one.given_at or one.received_at, one.received_at, one.client))


def test_an_answer_is_not_older_than_the_one_before_it_in_its_client() -> None:
    """The clock was moved back an hour between the two; another phone's answer lies between what it says."""
    first = One("a", 1, NOON, NOON)
    moved = One("a", 2, NOON - timedelta(hours=1), NOON + timedelta(minutes=9))
    other = One("b", 1, NOON - timedelta(minutes=30), NOON - timedelta(minutes=30))
    assert oldest_first([moved, other, first]) == [other, first, moved]


@given(EVER, st.integers(-10_000, 10_000), st.integers(0, 500))
def test_a_clock_that_is_wrong_is_put_right_by_what_it_says_as_it_sends(now: datetime, wrong: int, kept: int) -> None:
    off, ago = timedelta(hours=wrong), timedelta(minutes=kept)
    assert given_at(now - ago + off, now + off, now) == now - ago


@given(EVER, EVER | st.none(), EVER | st.none())
def test_it_was_given_no_later_than_it_was_received(
    now: datetime, said: datetime | None, sent: datetime | None
) -> None:
    assert given_at(said, sent, now) <= now
    if said is None or sent is None:
        assert given_at(said, sent, now) == now
