"""Whether a text from a site's own file can be read as it stands."""

from __future__ import annotations

from unicodedata import category

MOST_CHARACTERS = 5_000
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that show nothing and can turn, hide or break what stands around them."""
ALLOWED = frozenset("\n\t\u00ad\u200c\u200d")
"""Of them: line ends, a soft hyphen, and the joiners that some scripts are written with."""


def unreadable(text: str) -> str:
    """Why nobody could read it as it stands; empty where one can."""
    if len(text) > MOST_CHARACTERS:
        return f"has {len(text)} characters; a text has at most {MOST_CHARACTERS}"
    for character in text:
        if character not in ALLOWED and category(character) in UNSEEN:
            return f"holds U+{ord(character):04X}, which shows nothing and can change what is read; take it out"
    shown = any(category(character)[0] not in "CZM" for character in text)
    return "" if shown else "shows nothing; write it in quotes"
