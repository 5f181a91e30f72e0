"""Several calls to the provider at a time: the call alone leaves the worker's thread, which keeps the database to itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from pro.services.marking import Letter
from pro.store.messages import Recipient

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
    with ThreadPoolExecutor(lanes, thread_name_prefix="post") as pool:
        for done in as_completed([pool.submit(_in_turn, post, some) for some in _by_phone(letters)]):
            yield from done.result()


def _in_turn(post: Callable[[Letter], Came], letters: Sequence[Letter]) -> list[tuple[Letter, Came]]:
    return [(letter, post(letter)) for letter in letters]


def _by_phone(letters: Sequence[Letter]) -> list[list[Letter]]:
    found: dict[Recipient, list[Letter]] = {}
    for letter in letters:
        found.setdefault(letter.recipient, []).append(letter)
    return list(found.values())
