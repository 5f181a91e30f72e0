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
TOWNS = {
    "Europe/Paris": "Bordeaux, Brest, Grenoble, Lille, Lyon, Marseille, Montpellier, Nantes, Nice, Rennes, Saint-Denis, "
    "Strasbourg, Toulouse",
    "Europe/Zurich": "Bâle, Basel, Bern, Berne, Geneva, Genève, Lausanne",
    "Europe/Berlin": "Francfort, Frankfurt, Hambourg, Hamburg, Munich, München",
    "Europe/Madrid": "Barcelona, Barcelone, Sevilla, Séville",
    "Europe/Rome": "Milan, Milano, Naples, Napoli, Turin, Torino",
    "Europe/Brussels": "Anvers, Antwerp, Liège",
    "Europe/Lisbon": "Porto",
    "Europe/London": "Edinburgh, Édimbourg, Manchester",
    "Africa/Algiers": "Constantine, Oran",
    "Africa/Casablanca": "Agadir, Fès, Marrakech, Rabat, Tanger",
    "America/New_York": "Boston, Miami, Philadelphia, Philadelphie, Washington",
    "America/Los_Angeles": "San Francisco, Seattle",
    "America/Toronto": "Ottawa, Québec",
    "America/Sao_Paulo": "Rio de Janeiro",
    "America/Guadeloupe": "Basse-Terre, Pointe-à-Pitre",
    "America/Martinique": "Fort-de-France",
    "America/Cayenne": "Kourou, Saint-Laurent-du-Maroni",
    "America/St_Barthelemy": "Gustavia",
    "America/Miquelon": "Saint-Pierre",
    "Indian/Reunion": "Le Tampon, Saint-Denis, Saint-Paul, Saint-Pierre",
    "Indian/Mayotte": "Dzaoudzi, Mamoudzou",
    "Pacific/Tahiti": "Faaa, Papeete",
    "Pacific/Wallis": "Mata-Utu",
    "Asia/Shanghai": "Beijing, Pékin",
    "Asia/Kolkata": "Bangalore, Bombay, Delhi, Mumbai, New Delhi, Pondichéry",
    "Asia/Ho_Chi_Minh": "Hanoi, Hanoï",
}
"""Towns whose zone is called by another; one that stands twice may be either."""

TOWNS_OF_OLD = (
    "Africa/Timbuktu", "America/Ensenada", "America/Fort_Wayne", "America/Montreal", "America/Rosario",
    "America/Thunder_Bay", "America/Yellowknife", "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "Asia/Tel_Aviv",
    "Atlantic/Jan_Mayen", "Australia/Canberra", "Europe/Belfast", "Europe/Tiraspol",
)  # fmt: skip
"""Names that the data keep as links alone, of places that no other name says."""
TODAY = {
    "America/Nipigon": "America/Toronto",
    "America/Virgin": "America/St_Thomas",
    "Pacific/Samoa": "Pacific/Pago_Pago",
    "Pacific/Yap": "Pacific/Chuuk",
}
"""Of old names whose rules several places have today."""


@lru_cache(maxsize=1)
def everywhere() -> tuple[str, ...]:
    """Every zone that is a place, once and by the name that it has today."""
    return tuple(sorted(set(_today().values())))


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
    towns: dict[str, set[str]] = {}
    for name, now in _today().items():
        said = {plain(say_place(name, language)) for language in LANGUAGES}
        for town in said | {plain(name.rsplit("/", 1)[-1])}:
            towns.setdefault(town, set()).add(now)
    for name, others in TOWNS.items():
        for town in others.split(", "):
            towns.setdefault(plain(town), set()).add(name)
    return {town: tuple(sorted(names)) for town, names in towns.items()}


@lru_cache(maxsize=1)
def _today() -> dict[str, str]:
    """Today's name of every zone that is a place: an old spelling (Dacca, NSW) has the same rules as that one."""
    same: dict[tuple[str, bytes], list[str]] = {}
    for name in sorted(zones.names()):
        if name.split("/")[0] in REGIONS and "/" in name:
            same.setdefault((say_place(name, "en"), zones.rules(name)), []).append(name)
    after: dict[bytes, list[str]] = {}
    for name in sorted(zones.current()):
        after.setdefault(zones.rules(name), []).append(name)
    return {name: _name_of(group, after.get(rules, [])) for (_, rules), group in same.items() for name in group}


def _name_of(group: list[str], after: list[str]) -> str:
    """By which of its names a town goes, `after` being the places with the same rules today."""
    known = next((one for one in group if one in zones.current()), group[0])
    if known in zones.current() or known in TOWNS_OF_OLD:
        return known
    return TODAY.get(known) or (after[0] if len(after) == 1 else known)
