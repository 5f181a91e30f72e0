"""Several calls to the provider at a time: the call alone leaves the worker's thread, which keeps the database to itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from typing import TypeVar

from pro.services.marking import Letter
from pro.store.messages import Recipient

Thing = TypeVar("Thing")
Came = TypeVar("Came")


def in_lanes(
    letters: Sequence[Letter], lanes: int, post: Callable[[Letter], Came]
) -> Generator[tuple[Letter, Came], None, None]:
    """Each letter with what came of it, as soon as that is known; those to one phone go one after the other, in order.

    With one lane no thread is made, and a letter is begun when the one before it was dealt with. Whoever stops listening
    waits for the calls that are on their way: `post` has to know by then that nothing more shall go.
    """
    if lanes == 1:
        for letter in letters:
            yield letter, post(letter)
        return
    for came in side_by_side(_by_phone(letters), lanes, partial(_in_turn, post)):
        yield from came


def side_by_side(things: Sequence[Thing], lanes: int, call: Callable[[Thing], Came]) -> Generator[Came, None, None]:
    """What came of each call, as soon as that is known; with one lane in their order, and no thread is made."""
    if lanes == 1:
        yield from map(call, things)
        return
    with ThreadPoolExecutor(lanes, thread_name_prefix="post") as pool:
        for done in as_completed([pool.submit(call, thing) for thing in things]):
            yield done.result()


def _in_turn(post: Callable[[Letter], Came], letters: Sequence[Letter]) -> list[tuple[Letter, Came]]:
    return [(letter, post(letter)) for letter in letters]


def _by_phone(letters: Sequence[Letter]) -> list[list[Letter]]:
    found: dict[Recipient, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.recipient, []).append(letter)
    return list(found.values())
