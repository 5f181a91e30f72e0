"""What is kept of a password, and whether one fits: argon2id, a few at a time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

HASHES_AT_ONCE = 2
HASH_WAIT = 10.0
"""Seconds that a sign-in waits for its turn to hash."""
LONGEST_PASSWORD = 1024

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(HASHES_AT_ONCE)


@contextmanager
def light_passwords() -> Iterator[None]:
    """Passwords cost next to nothing meanwhile, and protect nothing: only where all that is made is thrown away."""
    global _hasher
    usual, _hasher = _hasher, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    try:
        yield
    finally:
        _hasher = usual


class Busy(Exception):
    """Too many passwords are being checked at this moment."""


def hash_password(password: str) -> str:
    """What is kept of a password (argon2id)."""
    return _hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether the password is the one; an unknown login costs the same time."""
    if len(password) > LONGEST_PASSWORD:
        return False
    with turn():
        try:
            return _hasher.verify(kept or _nobody(), password) and kept is not None
        except (Argon2Error, InvalidHashError):
            return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


@contextmanager
def turn() -> Iterator[None]:
    if not _turns.acquire(timeout=HASH_WAIT):
        raise Busy
    try:
        yield
    finally:
        _turns.release()
