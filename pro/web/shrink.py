"""Makes inlined style small: every byte is paid for by a cold phone. Scripts are shrunk by rjsmin."""

from __future__ import annotations

import re
from collections.abc import Iterator


def shrink_style(text: str) -> str:
    """The same style sheet without comments and needless spaces."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,>]) ?|(?<=:) ", lambda found: found[1] or "", text).replace(";}", "}").strip()


def only_used(style: str, sources: str) -> str:
    """A shrunk style sheet without the rules whose classes and elements the sources never name."""
    words = frozenset(re.findall(r"[A-Za-z][\w-]*", sources))
    return "".join(_rule(selectors, body, words) for selectors, body in _rules(style))


def _rules(style: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(style):
        brace = style.index("{", at)
        depth, end = 1, brace + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(style[end], 0)
            end += 1
        yield style[at:brace], style[brace + 1 : end - 1]
        at = end


def _rule(selectors: str, body: str, words: frozenset[str]) -> str:
    if selectors.startswith("@"):
        inside = "".join(_rule(inner, rules, words) for inner, rules in _rules(body))
        return f"{selectors}{{{inside}}}" if inside else ""
    used = [one for one in _split(selectors) if _names(one) <= words]
    return f"{','.join(used)}{{{body}}}" if used else ""


def _split(selectors: str) -> list[str]:
    return re.split(r",(?![^(]*\))", selectors)


def _names(selector: str) -> set[str]:
    plain = re.sub(r"\[[^\]]*\]|::?[a-z-]+", " ", selector)
    return set(re.findall(r"[A-Za-z][\w-]*", plain))
