"""The 68 joints a patient can mark: names as `L-MCP2`, words in each language, and the usual counting sets.

Sides are the patient's own left and right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Region = Literal["hand", "foot", "body"]

FINGERS = (2, 3, 4, 5)
RAYS = (1, 2, 3, 4, 5)

_EN_FINGER = {1: "thumb", 2: "index finger", 3: "middle finger", 4: "ring finger", 5: "little finger"}
_FR_FINGER = {
    1: "du pouce {m}",
    2: "de l'index {m}",
    3: "du majeur {m}",
    4: "de l'annulaire {m}",
    5: "du petit doigt {m}",
}
_EN_TOE = {1: "big toe", 2: "second toe", 3: "third toe", 4: "fourth toe", 5: "little toe"}
_FR_TOE = {
    1: "gros orteil {m}",
    2: "deuxième orteil {m}",
    3: "troisième orteil {m}",
    4: "quatrième orteil {m}",
    5: "petit orteil {m}",
}

_SINGLE: Mapping[str, Mapping[str, str]] = {
    "TMJ": {"en": "{side} jaw joint", "fr": "articulation {f} de la mâchoire"},
    "SC": {"en": "inner end of the {side} collarbone", "fr": "bout intérieur de la clavicule {f}"},
    "AC": {"en": "outer end of the {side} collarbone", "fr": "bout extérieur de la clavicule {f}"},
    "shoulder": {"en": "{side} shoulder", "fr": "épaule {f}"},
    "elbow": {"en": "{side} elbow", "fr": "coude {m}"},
    "wrist": {"en": "{side} wrist", "fr": "poignet {m}"},
    "hip": {"en": "{side} hip", "fr": "hanche {f}"},
    "knee": {"en": "{side} knee", "fr": "genou {m}"},
    "ankle": {"en": "{side} ankle", "fr": "cheville {f}"},
    "tarsus": {"en": "middle of the {side} foot", "fr": "milieu du pied {m}"},
}


def _words() -> dict[str, dict[str, str]]:
    """Words for each joint without its side, in the order of the body: jaw, arm, hand, leg, foot."""
    words = {name: dict(_SINGLE[name]) for name in ("TMJ", "SC", "AC", "shoulder", "elbow", "wrist")}
    for n in RAYS:
        words[f"MCP{n}"] = _finger("base of the {side}", "base", n)
    words["IP1"] = _finger("end joint of the {side}", "bout", 1)
    for n in FINGERS:
        words[f"PIP{n}"] = _finger("middle joint of the {side}", "milieu", n)
    for n in FINGERS:
        words[f"DIP{n}"] = _finger("end joint of the {side}", "bout", n)
    words |= {name: dict(_SINGLE[name]) for name in ("hip", "knee", "ankle", "tarsus")}
    for n in RAYS:
        words[f"MTP{n}"] = {"en": f"base of the {{side}} {_EN_TOE[n]}", "fr": f"base du {_FR_TOE[n]}"}
    for n in RAYS:
        words[f"toe{n}"] = {"en": f"{{side}} {_EN_TOE[n]}", "fr": _FR_TOE[n]}
    return words


def _finger(en: str, fr: str, n: int) -> dict[str, str]:
    return {"en": f"{en} {_EN_FINGER[n]}", "fr": f"{fr} {_FR_FINGER[n]}"}


_WORDS = _words()
_SIDES = {
    "L": {"side": "left", "m": "gauche", "f": "gauche"},
    "R": {"side": "right", "m": "droit", "f": "droite"},
}

NAMES: tuple[str, ...] = tuple(_WORDS)
"""The 34 joints of one side."""


def both_sides(names: Iterable[str]) -> tuple[str, ...]:
    """Each named joint left and right (`knee` → `L-knee`, `R-knee`), in the order given."""
    return tuple(f"{side}-{name}" for name in names for side in ("L", "R"))


JOINTS: tuple[str, ...] = both_sides(NAMES)
"""All 68."""


def _numbered(kind: str, numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"{kind}{n}" for n in numbers)


_HAND = (*_numbered("MCP", RAYS), "IP1", *_numbered("PIP", FINGERS))
_28 = ("shoulder", "elbow", "wrist", *_HAND, "knee")
_44 = ("SC", "AC", *_28, "ankle", *_numbered("MTP", RAYS))
_HH12 = ("MCP2", "MCP3", "wrist", "ankle", "hip", "knee")

SETS: Mapping[str, frozenset[str]] = {
    "28": frozenset(both_sides(_28)),
    "44": frozenset(both_sides(_44)),
    "66": frozenset(both_sides(name for name in NAMES if name != "hip")),
    "68": frozenset(JOINTS),
    "hh12": frozenset(both_sides(_HH12)),
}
"""Counting sets: 28 (Prevoo 1995), 44 (original DAS), 66 swollen and 68 tender, and `hh12`: the twelve joints
most often hurt in haemochromatosis. A hip's swelling cannot be felt, so 66 leaves the hips out."""


def label(joint: str, language: str) -> str:
    """The joint in plain words: `R-knee` in `fr` is "genou droit".

    KeyError for an unknown joint or language.
    """
    side, _, name = joint.partition("-")
    return _WORDS[name][language].format(**_SIDES[side])


def region(joint: str) -> Region:
    """Where the joint is drawn: on an opened hand (finger joints), on an opened foot or on the body."""
    _, _, name = joint.partition("-")
    if name.startswith(("MTP", "toe", "tarsus")):
        return "foot"
    return "hand" if name.startswith(("MCP", "IP", "PIP", "DIP")) else "body"
