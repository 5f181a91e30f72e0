"""Names of others as names of ours."""

from __future__ import annotations

import re


def word(text: str) -> str:
    """The text as an id or key of ours: lower-case letters, digits, `_` and `-`; empty where nothing is left."""
    plain = re.sub(r"[^a-z0-9_-]+", "_", text.lower())
    plain = re.sub(r"[_-]{2,}", "_", plain).strip("_-")
    return plain if re.match(r"[a-z]", plain) or not plain else f"q{plain}"


def another(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken; taken from now on."""
    found, n = name, 2
    while found in taken:
        found, n = f"{name}_{n}", n + 1
    taken.add(found)
    return found
