"""Checks an exported audit trail with nothing but Python: python verify_trail.py FILE

The file needs no project, no network and no database, so that whoever holds an export can check it anywhere. It
is written apart from the project's own check, and a test holds the two to the same answer.

The export has one JSON object a line: UTF-8, keys sorted, no spaces. Each line but the last is an event:

    digest = SHA-256( salt + payload )                        payload as canonical JSON
    hash   = SHA-256( previous + {at, actor, chain, digest, kind, role, seq, version} )   as canonical JSON

An event follows the one before it in its chain by `previous` (64 zeros for number 1). A redacted event has lost
its payload, is marked, and a later event of kind `redaction` names its chain and number. The last line names
every chain's last number and hash. Prints one line for each of the first twenty problems, and how many more there are.

Exit code: 0 the trail holds, 1 it does not, 2 the call is wrong or the file cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

Heads = dict[str, tuple[int, str]]
Places = dict[tuple[str, int], int]

SHOWN = 20
"""Problems said one by one: a file that is no trail has as many as lines."""

EVENT_FIELDS = {
    "chain": "text", "seq": "number", "at": "instant", "kind": "text", "actor": "text", "role": "text",
    "version": "text", "digest": "hash", "previous": "hash", "hash": "hash", "salt": "salt",
    "redacted": "yes-no", "payload": "anything",
}  # fmt: skip
IN_THE_HASH = ("actor", "at", "chain", "digest", "kind", "role", "seq", "version")

FITS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: type(value) is int and value >= 1,
    "yes-no": lambda value: isinstance(value, bool),
    "anything": lambda value: True,
    "hash": lambda value: is_text_like(r"[0-9a-f]{64}", value),
    "salt": lambda value: value is None or is_text_like(r"[0-9a-f]{32}", value),
    "instant": lambda value: is_text_like(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z", value
    ),
}


def is_text_like(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def sha256(text: str, value: object) -> str:
    return hashlib.sha256(text.encode("utf-8") + canonical(value)).hexdigest()


def no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")


def read_object(line: bytes) -> dict[str, Any] | None:
    """The object on a line, or None where the line is not written as an export writes it."""
    try:
        found = json.loads(line.decode("utf-8"), parse_float=no_float, parse_constant=no_float)
        return found if isinstance(found, dict) and canonical(found) == line else None
    except (ValueError, RecursionError):
        return None


def check_event(event: dict[str, Any], heads: Heads, emptied: Places, redactions: Places, number: int) -> Iterator[str]:
    """Yields what is wrong with an event; notes its chain's new head, and what it redacts or lost."""
    wrong = [name for name, kind in EVENT_FIELDS.items() if not FITS[kind](event[name])]
    if wrong:
        yield f"{wrong[0]} is not as an event has it"
        return
    key = (event["chain"], event["seq"])
    label = f"{key[0]} {key[1]}"
    last, before = heads.get(key[0], (0, "0" * 64))
    if key[1] > last + 1:
        yield f"{label}: gap, number {last + 1} is missing"
    if key[1] <= last:
        yield f"{label}: number comes twice or out of order, {last + 1} is next"
    if event["previous"] != before:
        yield f"{label}: does not follow the event before it"
    if event["redacted"]:
        emptied.setdefault(key, number)
        if event["payload"] is not None:
            yield f"{label}: marked as redacted but still has a payload"
    elif event["salt"] is None or sha256(event["salt"], event["payload"]) != event["digest"]:
        yield f"{label}: payload does not fit its digest, it was changed"
    elif event["kind"] == "redaction":
        named = event["payload"] if isinstance(event["payload"], dict) else {}
        if isinstance(named.get("chain"), str) and type(named.get("seq")) is int:
            redactions.setdefault((named["chain"], named["seq"]), number)
        else:
            yield f"{label}: redaction does not name the chain and seq it emptied"
    if sha256(event["previous"], {name: event[name] for name in IN_THE_HASH}) != event["hash"]:
        yield f"{label}: hash does not fit the event, which was changed"
    heads[key[0]] = (key[1], event["hash"])


def check_heads(named: Any, heads: Heads) -> Iterator[str]:
    """Yields what is wrong with the last line."""
    if not isinstance(named, dict) or not all(is_head(head) for head in named.values()):
        yield 'bad last line, wanted {"chains":{NAME:{"hash":HASH,"seq":NUMBER}}}'
        return
    for chain in sorted(set(named) | set(heads)):
        if chain not in named:
            yield f"chain {chain}: has events but no head here"
        elif chain not in heads:
            yield f"chain {chain}: is missing, {named[chain]['seq']} events are gone"
        elif named[chain]["seq"] > heads[chain][0]:
            yield f"chain {chain}: cut off after {heads[chain][0]}, the last is {named[chain]['seq']}"
        elif named[chain]["seq"] < heads[chain][0]:
            yield f"chain {chain}: goes on after its head {named[chain]['seq']}, up to {heads[chain][0]}"
        elif named[chain]["hash"] != heads[chain][1]:
            yield f"chain {chain}: last hash is not the one named here"


def is_head(head: Any) -> bool:
    return (
        isinstance(head, dict)
        and set(head) == {"seq", "hash"}
        and type(head["seq"]) is int
        and FITS["hash"](head["hash"])
    )


def problems(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yields (line number, what is wrong) over the lines of an export, given as bytes."""
    heads: Heads = {}
    emptied: Places = {}
    redactions: Places = {}
    closed, number = False, 0
    for number, line in enumerate(lines, start=1):
        if closed:
            yield number, "stands after the line of chain heads, which must be the last"
        found = read_object(line[:-1] if line.endswith(b"\n") else line)
        if found is None:
            yield number, "not a line of canonical JSON (one object in UTF-8, sorted keys, no spaces)"
        elif set(found) == {"chains"}:
            closed = True
            yield from ((number, problem) for problem in check_heads(found["chains"], heads))
        elif set(found) != set(EVENT_FIELDS):
            yield number, "an event has exactly " + ", ".join(sorted(EVENT_FIELDS))
        else:
            found_wrong = check_event(found, heads, emptied, redactions, number)
            yield from ((number, problem) for problem in found_wrong)
    if not closed:
        yield number + 1, "the line of chain heads is missing at the end: the export is cut off"
    for key in emptied.keys() - redactions.keys():
        yield emptied[key], f"{key[0]} {key[1]}: payload is gone and no redaction event names it"
    for key in redactions.keys() - emptied.keys():
        yield redactions[key], f"redaction names {key[0]} {key[1]}, which is not redacted"


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python verify_trail.py FILE", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], "rb") as lines:
            found = sorted(problems(lines))
    except OSError as problem:
        print(f"{arguments[0]}: cannot be read: {problem.strerror}", file=sys.stderr)
        return 2
    for number, wrong in found[:SHOWN]:
        print(f"{arguments[0]}:{number}: {printable(wrong)}")
    if len(found) > SHOWN:
        print(f"{arguments[0]}: and {len(found) - SHOWN} more problems")
    print(f"{arguments[0]}: " + ("does not hold" if found else "holds"), file=sys.stderr)
    return 1 if found else 0


def printable(text: str) -> str:
    """One line that any terminal can show."""
    return text.encode("ascii", "backslashreplace").decode("ascii").replace("\n", "\\n").replace("\r", "\\r")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
