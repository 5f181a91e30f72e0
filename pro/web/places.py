"""Time zones as people look for them: the few likely ones, all others by their town, however it is typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from pro.domain import zones
from pro.web.words import LANGUAGES, say_place

REGIONS = ("Africa", "America", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
"""Parts of the world that name places; `Etc/GMT+5` and its like name none."""
LIKELY = (
    "Europe/Paris", "Europe/London", "Europe/Lisbon", "Africa/Algiers", "Africa/Casablanca", "America/Montreal",
    "America/New_York", "America/Guadeloupe", "Indian/Reunion",
)  # fmt: skip
"""Where patients of a French hospital go most."""
CHOICES = 8


@lru_cache(maxsize=1)
def everywhere() -> tuple[str, ...]:
    """Every zone that is a place."""
    return tuple(sorted(name for name in zones.names() if name.split("/")[0] in REGIONS and "/" in name))


def likely(known: Iterable[str], here: str) -> tuple[str, ...]:
    """The first choices: those `known` for this patient, then the usual ones, without `here`."""
    return tuple(name for name in dict.fromkeys((*known, *LIKELY)) if name != here)[:CHOICES]


@lru_cache(maxsize=4)
def listed(language: str) -> tuple[tuple[str, str], ...]:
    """Every place with its town, by town."""
    pairs = ((name, say_place(name, language)) for name in everywhere())
    return tuple(sorted(pairs, key=lambda pair: plain(pair[1])))


def found(typed: str) -> tuple[str, ...]:
    """The zones that somebody may mean: the one of that name, else those of that town in either language."""
    wanted = plain(typed)
    exact = [name for name in zones.names() if name.lower() == typed.strip().lower()]
    return tuple(exact) or _towns().get(wanted, ())


def plain(text: str) -> str:
    """Without accents, signs and capitals, as it is compared."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(
        "".join(sign if sign.isalnum() else " " for sign in bare if not unicodedata.combining(sign)).split()
    )


@lru_cache(maxsize=1)
def _towns() -> dict[str, tuple[str, ...]]:
    towns: dict[str, list[str]] = {}
    for name in everywhere():
        said = {plain(say_place(name, language)) for language in LANGUAGES}
        for town in said | {plain(name.rsplit("/", 1)[-1])}:
            towns.setdefault(town, []).append(name)
    return {town: tuple(names) for town, names in towns.items()}
