"""The library with installed wordings laid over it, kept by each process and looked after twice a minute."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from pro.domain.questionnaire import Questionnaire
from pro.domain.wording import Wording, fits, lay_over
from pro.library import Library
from pro.store import wordings
from pro.store.engine import Database
from pro.store.wordings import Found

log = logging.getLogger(__name__)

FRESH = timedelta(seconds=30)
"""Running time after which a process looks whether another one has installed something."""

Laid = Mapping[tuple[str, str], Questionnaire]


@dataclass(frozen=True, slots=True)
class _Kept:
    books: Library
    at: datetime
    last: int
    laid: Laid
    library: Library


class Shelf:
    """One process's view of the installed wordings. Two threads that look at once see the same and keep either."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None

    def library(self, study: Database, books: Library, now: datetime) -> Library:
        """`books` with the newest wordings; `now`: running time. One short statement where the last look is old."""
        kept = self._kept
        if kept is None or kept.books is not books or abs(now - kept.at) >= FRESH:
            kept = self._kept = _look(study, books, kept, now)
        return kept.library


def _look(study: Database, books: Library, kept: _Kept | None, now: datetime) -> _Kept:
    with study.plain_reading() as session:
        last = wordings.last(session)
        if kept is not None and kept.books is books and kept.last == last:
            return replace(kept, at=now)
        found = wordings.newest(session)
    before = kept.laid if kept is not None and kept.books is books else {}
    laid = lay(books, found, before)
    return _Kept(books, now, last, laid, books.worded(laid))


def lay(books: Library, rows: Iterable[Found], before: Laid | None = None) -> Laid:
    """Questionnaires with these installed wordings; one that is as it was `before` stays the same object.

    A wording that does not fit its questionnaire any more, which only a draft can bring about, counts as none.
    """
    laid: dict[tuple[str, str], Questionnaire] = {}
    known = {(one.id, one.version): one for one in books.questionnaires()}
    for row in rows:
        key = (row.questionnaire, row.version)
        if key not in known or not known[key].takes_wording:
            continue
        wording = read_words(row)
        if fits(known[key], wording):
            laid[key] = lay_over(laid.get(key, known[key]), wording)
        else:
            log.warning("the wording of %s %s in %s does not fit its items any more", *key, row.language)
    earlier = before or {}
    return {key: earlier[key] if earlier.get(key) == one else one for key, one in laid.items()}


def read_words(row: Found) -> Wording:
    """What was read in the installed file."""
    return msgspec.json.decode(row.words, type=Wording)
