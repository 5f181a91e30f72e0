"""Makes inlined style and script small: every byte is paid for by a cold phone.

Comments and spaces go, and names that a script declares itself become one or two letters, the same everywhere, so
that no scope has to be understood. Properties and keys stay; `{name}` becomes `{name:x}`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, product
from string import ascii_letters

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<number>\d[\w.]*|\.\d+)
    |(?P<sign>=>|\.\.\.|\?\.(?!\d)|[=!<>]==?|&&=?|\|\|=?|\?\?=?|\+\+|--|[-+*%&|<>^]=?|.)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n\[])+/[a-z]*")
_VALUE_END = re.compile(r"[\w$)\]}\"'`]$")
_WORDS = frozenset(
    (
        *("async", "await", "break", "case", "catch", "const", "continue", "default", "delete", "do", "else"),
        *("finally", "for", "function", "if", "in", "instanceof", "let", "new", "of", "return", "switch", "throw"),
        *("try", "typeof", "var", "void", "while", "yield"),
    )
)
Token = tuple[str, str]


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


def shrink_script(text: str) -> str:
    """The same script, shorter."""
    tokens = list(_tokens(text))
    code = [token for token in tokens if token[0] != "line"]
    roles = _roles(code)
    short = _short_names(code, roles)
    renamed = iter([_renamed(text, role, short) for (_, text), role in zip(code, roles, strict=True)])
    return _joined([token if token[0] == "line" else (token[0], next(renamed)) for token in tokens])


def _renamed(text: str, role: str, short: dict[str, str]) -> str:
    if role == "variable":
        return short.get(text, text)
    return f"{text}:{short[text]}" if role == "shorthand" and text in short else text


def _tokens(text: str) -> Iterator[Token]:
    """Kinds `name`, `string`, `number`, `sign`, `line` (a line's end, for scripts that lean on it)."""
    at, last = 0, ""
    while at < len(text):
        if text[at] == "/" and text[at : at + 2] not in ("//", "/*") and not _VALUE_END.search(last):
            found = _REGEX.match(text, at)
            kind = "string"
        elif text[at] == "`":
            piece = _template(text, at)
            yield from piece
            at, last = _template_end(text, at), "`"
            continue
        else:
            found = _TOKEN.match(text, at)
            kind = found.lastgroup or "" if found else ""
        if found is None:
            raise ValueError(f"the script cannot be read at {text[at : at + 40]!r}")
        at = found.end()
        if kind == "space":
            if "\n" in found[0]:
                yield "line", "\n"
            continue
        last = found[0]
        yield kind, last


def _template_end(text: str, at: int) -> int:
    at += 1
    while text[at] != "`":
        at = _hole_end(text, at) if text.startswith("${", at) else at + (2 if text[at] == "\\" else 1)
    return at + 1


def _hole_end(text: str, at: int) -> int:
    """Where the `${…}` that starts at `at` ends."""
    depth, at = 1, at + 2
    while depth:
        if text[at] == "`":
            at = _template_end(text, at)
            continue
        if text[at] in "\"'":
            at = _TOKEN.match(text, at).end()  # type: ignore[union-attr]
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return at


def _template(text: str, start: int) -> Iterator[Token]:
    end = _template_end(text, start) - 1
    at = said = start
    at += 1
    while at < end:
        if not text.startswith("${", at):
            at += 2 if text[at] == "\\" else 1
            continue
        yield "glue", text[said : at + 2]
        hole = _hole_end(text, at)
        yield from _tokens(text[at + 2 : hole - 1])
        said, at = hole - 1, hole
    yield "glue", text[said : end + 1]


def _short_names(code: list[Token], roles: list[str]) -> dict[str, str]:
    names = Counter(text for (_, text), role in zip(code, roles, strict=True) if role in ("variable", "shorthand"))
    taken = {text for kind, text in code if kind == "name"}
    own = _declared(code, roles) - _WORDS
    letters = chain(ascii_letters, ("".join(pair) for pair in product(ascii_letters, repeat=2)))
    free = (name for name in letters if name not in taken and name not in _WORDS)
    ranked = sorted(own, key=lambda name: (-names[name], name))
    return {name: short for name, short in zip(ranked, free, strict=False) if len(short) < len(name)}


def _roles(code: list[Token]) -> list[str]:
    """For each token `variable`, `property` (also a key), `shorthand` (`{name}`), or nothing."""
    roles: list[str] = []
    around: list[str] = []
    for n, (kind, text) in enumerate(code):
        before, after = _text(code, n - 1), _text(code, n + 1)
        role = ""
        if kind == "sign" and text in "([{":
            around.append("block" if text == "{" and _opens_block(before) else text)
        elif kind == "sign" and text in ")]}":
            around.pop()
        elif kind == "name" and text not in _WORDS:
            in_object = bool(around) and around[-1] == "{" and before in ("{", ",")
            role = "variable"
            if before in (".", "?.") or (in_object and after in (":", "(")):
                role = "property"
            elif in_object and after in (",", "}", "="):
                role = "shorthand"
        roles.append(role)
    return roles


def _text(code: list[Token], n: int) -> str:
    return code[n][1] if 0 <= n < len(code) else ""


def _opens_block(before: str) -> bool:
    return before in (")", "=>", ";", "{", "}", "else", "try", "finally", "do", "catch", "")


def _declared(code: list[Token], roles: list[str]) -> set[str]:
    """Names that the script itself brings in: constants, variables, functions, parameters, parts taken apart."""
    own: set[str] = set()
    for n, (_, text) in enumerate(code):
        before, after = _text(code, n - 1), _text(code, n + 1)
        if roles[n] not in ("variable", "shorthand"):
            continue
        is_told = before in ("const", "let", "function", "catch") or after == "=>"
        is_next = after == "=" and before in (",", "[")
        if is_told or is_next or (before in ("(", ",", "[", "{", "...", ":") and _is_taken_apart(code, n)):
            own.add(text)
    return own


def _is_taken_apart(code: list[Token], n: int) -> bool:
    """Whether the brackets around token n are a parameter list or a pattern such as `const [a, b]`."""
    while True:
        n = _closing(code, n)
        after = _text(code, n + 1)
        if n >= len(code) or after in ("=>", "{", "of"):
            return n < len(code)
        if after == "=" and code[n][1] != ")":
            return True
        if after not in (",", ")", "]", "}") or code[n][1] == ")":
            return False


def _closing(code: list[Token], n: int) -> int:
    depth = 0
    for at in range(n + 1, len(code)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(code[at][1], 0)
        if depth < 0:
            return at
    return len(code)


def _joined(tokens: list[Token]) -> str:
    out: list[str] = []
    last, line = ("", ""), False
    for kind, text in tokens:
        if kind == "line":
            line = True
            continue
        if line and _needs_line(last, (kind, text)):
            out.append("\n")
        elif _needs_space(last, (kind, text)):
            out.append(" ")
        out.append(text)
        last, line = (kind, text), False
    return "".join(out)


_GOES_ON = frozenset([")", "]", "}", ".", "?.", "?", ":", ",", ";", "=>", "&&", "||", "??", "+"])


def _needs_line(last: Token, following: Token) -> bool:
    """Keeps a line's end where a statement could end there without a semicolon."""
    return bool(_VALUE_END.search(last[1])) and last[1] != "}" and following[1] not in _GOES_ON


def _needs_space(last: Token, following: Token) -> bool:
    if "glue" in (last[0], following[0]):
        return False
    words = re.search(r"[\w$]$", last[1]) and re.match(r"[\w$]", following[1])
    return bool(words) or (last[1][-1:] == following[1][:1] and following[1][:1] in ("+", "-"))
