"""Sign-in, sessions, and limits that do not lock the right people out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pro.clock import FixedClock, Moment
from pro.services import access, passwords
from pro.services.access import Refused, Right, SignedIn
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_staff, make_study

STAFF, EVENTS = metadata.tables["staff"], metadata.tables["audit_event"]


@pytest.fixture
def parts(database_urls: Urls) -> Iterator[Parts]:
    made = make_parts(database_urls)
    yield made
    made.study.close()
    made.contacts.close()


@pytest.fixture
def made(parts: Parts) -> Made:
    study = make_study(parts)
    make_staff(parts, study, "inv")
    return study


def now(parts: Parts) -> Moment:
    return parts.clock.now()


def move(parts: Parts, **by: float) -> Moment:
    assert isinstance(parts.clock, FixedClock)
    return parts.clock.move(timedelta(**by))


def enter(parts: Parts, login: str = "inv", password: str = PASSWORD, address: str = "10.0.0.1") -> SignedIn | Refused:
    return access.sign_in(parts, login, password, address, now(parts))


def token(parts: Parts, login: str = "inv") -> str:
    outcome = enter(parts, login)
    assert isinstance(outcome, SignedIn)
    return outcome.token


def kinds(parts: Parts) -> list[str]:
    with parts.study.reading() as session:
        return list(session.execute(select(EVENTS.c.kind).order_by(EVENTS.c.chain, EVENTS.c.seq)).scalars())


def test_a_session_is_looked_up_and_ends_at_once(parts: Parts, made: Made) -> None:
    mine = token(parts)
    identity = access.staff_of(parts, mine, now(parts))
    assert identity is not None
    assert (identity.login, identity.sites(Right.REVIEW_FLARE)) == ("inv", {made.sites["R"]})
    assert not identity.may(Right.SEE_PATIENT, made.sites["L"])
    access.sign_out(parts, mine, now(parts))
    access.sign_out(parts, mine, now(parts))
    assert access.staff_of(parts, mine, now(parts)) is None
    assert kinds(parts) == ["staff.signed-in", "staff.signed-out"]


def test_only_the_hash_of_a_session_is_kept(parts: Parts, made: Made) -> None:
    mine = token(parts)
    with parts.study.reading() as session:
        kept = session.execute(select(metadata.tables["staff_session"])).one()
    assert mine not in kept
    assert access.staff_of(parts, kept.token_hash, now(parts)) is None


def test_thirty_idle_minutes_or_twelve_hours_end_a_session(parts: Parts, made: Made) -> None:
    mine = token(parts)
    for _ in range(3):
        assert access.staff_of(parts, mine, move(parts, minutes=29)) is not None
    assert access.staff_of(parts, mine, move(parts, minutes=30)) is None
    mine = token(parts)
    for _ in range(26):
        assert access.staff_of(parts, mine, move(parts, minutes=27)) is not None
    assert access.staff_of(parts, mine, move(parts, minutes=19)) is None


def test_moving_study_time_signs_nobody_out(parts: Parts, made: Made) -> None:
    mine = token(parts)
    assert access.staff_of(parts, mine, Moment(NOW + timedelta(days=7), NOW)) is not None


def test_leavers_lose_access_with_their_role_or_account(parts: Parts, made: Made) -> None:
    mine = token(parts)
    roles = metadata.tables["staff_role"]
    with parts.study.writing() as session:
        session.execute(update(roles).values(until_at=NOW))
    identity = access.staff_of(parts, mine, now(parts))
    assert identity is not None
    assert identity.reach == {}
    with parts.study.writing() as session:
        session.execute(update(STAFF).values(active=False))
    assert access.staff_of(parts, mine, now(parts)) is None
    assert enter(parts) == Refused("wrong")


def test_the_answer_is_the_same_whether_the_login_exists(parts: Parts, made: Made) -> None:
    assert enter(parts, "inv", "wrong") == enter(parts, "nobody", "wrong") == Refused("wrong")
    assert sorted(kinds(parts)) == ["staff.sign-in-failed"] * 2
    with parts.study.reading() as session:
        assert "nobody" not in "".join(session.execute(select(EVENTS.c.payload)).scalars())


def test_ten_failures_hold_that_login_off_at_that_address_alone(parts: Parts, made: Made) -> None:
    make_staff(parts, made, "coo", role="coordinator")
    for _ in range(access.TRIES):
        assert enter(parts, "inv", "wrong") == Refused("wrong")
    refused = enter(parts)
    assert isinstance(refused, Refused)
    assert refused.why == "too-many"
    assert refused.until is not None
    assert refused.until - NOW <= access.WINDOW
    assert isinstance(enter(parts, "coo"), SignedIn)
    assert isinstance(enter(parts, "inv", address="10.0.0.2"), SignedIn)
    move(parts, seconds=(refused.until - NOW).total_seconds())
    assert isinstance(enter(parts), SignedIn)
    assert kinds(parts).count("staff.sign-in-limited") == 1


def test_a_success_forgets_the_failures_before_it(parts: Parts, made: Made) -> None:
    for _ in range(3):
        for _ in range(access.TRIES - 1):
            enter(parts, "inv", "wrong")
        assert isinstance(enter(parts), SignedIn)


def test_a_flood_cannot_lock_those_out_who_have_signed_in_from_there(
    parts: Parts, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "TRIES_OF_ADDRESS", 6)
    monkeypatch.setattr(access, "TRIES_OF_LOGIN", 4)
    make_staff(parts, made, "new", role="monitor")
    assert isinstance(enter(parts, "inv"), SignedIn)
    for n in range(8):
        enter(parts, f"guess{n}", "wrong")
        enter(parts, "inv", "wrong", address=f"10.9.9.{n}")
    limited = enter(parts, "new")
    assert isinstance(limited, Refused)
    assert limited.why == "too-many"
    assert isinstance(enter(parts, "inv"), SignedIn)
    elsewhere = enter(parts, "inv", address="10.7.7.7")
    assert isinstance(elsewhere, Refused)


def test_few_passwords_are_checked_at_once_and_waiting_ends(
    parts: Parts, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0
    guard, meet = threading.Lock(), threading.Barrier(passwords.HASHES_AT_ONCE, timeout=60)

    class Slow:
        def verify(self, kept: str, password: str) -> bool:
            nonlocal running, most
            with guard:
                running += 1
                most = max(most, running)
            meet.wait()  # as many as may, at the same time
            time.sleep(0.02)
            with guard:
                running -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.fits, args=("x", "y")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == passwords.HASHES_AT_ONCE
    monkeypatch.setattr(passwords, "HASH_WAIT", 0.01)
    monkeypatch.setattr(passwords, "_turns", threading.BoundedSemaphore(1))
    with passwords.turn():
        busy = enter(parts)
    assert isinstance(busy, Refused)
    assert busy.why == "busy"


def test_a_password_is_kept_as_argon2_and_may_be_long(parts: Parts, made: Made) -> None:
    kept = passwords.hash_password("é" * 64)
    assert kept.startswith("$argon2id$")
    assert passwords.fits(kept, "é" * 64)
    assert not passwords.fits(kept, "é" * 63)
    assert not passwords.fits("not a hash", "x")
    assert not passwords.fits(kept, "x" * (passwords.LONGEST_PASSWORD + 1))


def test_a_role_for_all_sites_reaches_all_of_its_study_only(parts: Parts, made: Made) -> None:
    other = make_study(parts, codes=("X",), code="OTHER")
    make_staff(parts, made, "dm", role="data-manager", site=None)
    identity = access.staff_of(parts, token(parts, "dm"), now(parts))
    assert identity is not None
    assert identity.sites(Right.SEE_COMPLIANCE) == set(made.sites.values())
    assert not identity.sites(Right.SEE_COMPLIANCE) & set(other.sites.values())
    assert not identity.sites(Right.SEE_CONTACTS)
