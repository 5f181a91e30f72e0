"""What would be wrong with a text before it is sent: it tells too much, costs too much, or is not finished."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from pro.domain.phone import Segments, segments

_ILLNESS = r"""
    h(ae|a|é|e)mochromatos[ei]s?\w* | \w*arthr(i|o|a)\w+ | rh?eumat\w+ | rhumat\w+ | spondyl\w+ | psoria\w+ | lupus
    | gout(te)? | vascul(itis|arites?) | fibromyalgi\w+ | anakinra | kineret
    | pains? | douleurs? | flares? | pouss(é|e)es? | joints? | articul\w+ | swollen | gonfl\w+ | fever | fi(è|e)vre
    | injections? | drugs? | m(é|e)dicaments? | doses? | treatments? | traitements? | diseases? | maladies?
    """
_SETTING = r"""
    thera\w* | stud(y|ies) | (é|e)tudes? | trials? | essais? | protocol\w* | placebo | hospitals? | h(o|ô)pita(l|ux)
    | scores?
    """
ILLNESS = re.compile(rf"\b({_ILLNESS})\b", re.IGNORECASE | re.VERBOSE)
"""Words of a disease, its signs and its treatment."""
TELLING = re.compile(rf"\b({_ILLNESS} | {_SETTING})\b", re.IGNORECASE | re.VERBOSE)
"""Words that would tell a stranger holding the phone what it is about."""

LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Flaw:
    """`what`: the word, or the letters, that it is about."""

    kind: Literal["tells", "forbidden", "number", "placeholder", "letters", "segments"]
    what: str = ""


def flaws(body: str, forbidden: Collection[str] = ()) -> Iterator[Flaw]:
    """What is wrong with a text before it may be sent; `forbidden`: more words, such as names."""
    said = LINK.sub(" ", body)
    cost = segments(body)
    for word in sorted({m[0] for m in TELLING.finditer(said)}):
        yield Flaw("tells", word)
    for word in sorted(forbidden):
        if has_word(said, word):
            yield Flaw("forbidden", word)
    if re.search(r"(\d[ .\-]?){6,}", said):
        yield Flaw("number")
    if re.search(r"[{}]", said):
        yield Flaw("placeholder")
    if cost.culprits:
        yield Flaw("letters", " ".join(cost.culprits))
    if cost.count != 1:
        yield Flaw("segments", str(cost.count))


def illness_named(text: str) -> tuple[str, ...]:
    """The words of an illness in what others may read over a patient's shoulder, each once."""
    return tuple(sorted({found[0] for found in ILLNESS.finditer(text)}))


def lint(body: str, forbidden: Collection[str] = ()) -> tuple[str, ...]:
    """The flaws, one line each."""
    cost = segments(body)
    return tuple(_line(flaw, cost) for flaw in flaws(body, forbidden))


def _line(flaw: Flaw, cost: Segments) -> str:
    match flaw.kind:
        case "tells":
            return f"{flaw.what!r} tells what it is about"
        case "forbidden":
            return f"{flaw.what!r} is a forbidden word"
        case "number":
            return "holds a long number, which may be a phone number"
        case "placeholder":
            return "a placeholder was not filled in"
        case "letters":
            return f"not in GSM-7: {flaw.what}"
        case "segments":
            return f"takes {cost.count} segments ({cost.units} units of {cost.encoding}), not one"


def has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
