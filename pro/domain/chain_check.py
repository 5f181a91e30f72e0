"""The check of an exported audit trail, line by line: every event follows the one before and the heads are those named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NoReturn, TypeGuard

from pro.domain.chain import HASHED, LINE, REDACTION, SALT, START, digest_of, rewritten

HASH = re.compile(r"[0-9a-f]{64}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check of an export found; every problem names its line."""

    ok: bool
    problems: tuple[str, ...]
    chains: int
    events: int


def verify(lines: Iterable[bytes | str]) -> Report:
    """Checks the lines of an export, one at a time; memory grows with the chains, not with the events."""
    check = Check()
    for number, line in enumerate(lines, start=1):
        check.read(number, line)
    check.finish()
    problems = tuple(check.problems)
    return Report(not problems, problems, len(check.heads), check.events)


class NotCanonical(ValueError):
    """A line that is not what the export writes."""


@dataclass(slots=True)
class Check:
    """What has to be remembered between the lines."""

    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    emptied: dict[tuple[str, int], int] = field(default_factory=dict)
    redactions: dict[tuple[str, int], int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    events: int = 0
    line: int = 0
    closed: bool = False

    def say(self, problem: str, line: int | None = None) -> None:
        self.problems.append(f"line {self.line if line is None else line}: {problem}")

    def read(self, number: int, raw: bytes | str) -> None:
        self.line = number
        if self.closed:
            self.say("stands after the line of chain heads, which must be the last")
        try:
            entry = parsed(raw)
        except NotCanonical as problem:
            self.say(str(problem))
            return
        if entry.keys() == {"chains"}:
            self.read_heads(entry["chains"])
        elif entry.keys() != LINE:
            self.say(f"{wrong_fields(entry)}; an event has exactly {', '.join(sorted(LINE))}")
        else:
            self.read_event(entry)

    def read_event(self, entry: Mapping[str, Any]) -> None:
        problem = wrong_shape(entry)
        if problem:
            self.say(problem)
            return
        self.events += 1
        self.check_place(entry)
        self.check_payload(entry)
        fields = {name: entry[name] for name in HASHED}
        if sha256(entry["previous"].encode() + rewritten(fields)).hexdigest() != entry["hash"]:
            self.say(f"{place(entry)}: hash does not fit the event, which was changed")
        self.heads[entry["chain"]] = (entry["seq"], entry["hash"])

    def check_place(self, entry: Mapping[str, Any]) -> None:
        seq, before = self.heads.get(entry["chain"], (0, START))
        if entry["seq"] > seq + 1:
            self.say(f"{place(entry)}: gap, number {seq + 1} is missing")
        elif entry["seq"] <= seq:
            self.say(f"{place(entry)}: number comes twice or out of order, {seq + 1} is next")
        if entry["previous"] != before:
            self.say(f"{place(entry)}: does not follow the event before it")

    def check_payload(self, entry: Mapping[str, Any]) -> None:
        key = (entry["chain"], entry["seq"])
        if entry["redacted"]:
            self.emptied.setdefault(key, self.line)
            if entry["payload"] is not None:
                self.say(f"{place(entry)}: marked as redacted but still has a payload")
        elif entry["salt"] is None or digest_of(entry["salt"], rewritten(entry["payload"])) != entry["digest"]:
            self.say(f"{place(entry)}: payload does not fit its digest, it was changed")
        elif entry["kind"] == REDACTION:
            self.note_redaction(entry)

    def note_redaction(self, entry: Mapping[str, Any]) -> None:
        payload = entry["payload"]
        named = (payload.get("chain"), payload.get("seq")) if isinstance(payload, dict) else (None, None)
        if isinstance(named[0], str) and type(named[1]) is int:
            self.redactions.setdefault((named[0], named[1]), self.line)
        else:
            self.say(f"{place(entry)}: redaction does not name the chain and seq it emptied")

    def read_heads(self, named: object) -> None:
        self.closed = True
        if not are_heads(named):
            self.say('bad last line, wanted {"chains":{NAME:{"hash":HASH,"seq":NUMBER}}}')
            return
        for chain in sorted(named.keys() | self.heads.keys()):
            self.compare_head(chain, named.get(chain), self.heads.get(chain))

    def compare_head(self, chain: str, named: Mapping[str, Any] | None, seen: tuple[int, str] | None) -> None:
        if named is None:
            self.say(f"chain {chain}: has events but no head here")
        elif seen is None:
            self.say(f"chain {chain}: is missing, {named['seq']} events are gone")
        elif named["seq"] > seen[0]:
            self.say(f"chain {chain}: cut off after {seen[0]}, the last is {named['seq']}")
        elif named["seq"] < seen[0]:
            self.say(f"chain {chain}: goes on after its head {named['seq']}, up to {seen[0]}")
        elif named["hash"] != seen[1]:
            self.say(f"chain {chain}: last hash is not the one named here")

    def finish(self) -> None:
        if not self.closed:
            self.say("the line of chain heads is missing at the end: the export is cut off", self.line + 1)
        for key, line in self.emptied.items():
            if key not in self.redactions:
                self.say(f"{key[0]} {key[1]}: payload is gone and no redaction event names it", line)
        for key, line in self.redactions.items():
            if key not in self.emptied:
                self.say(f"redaction names {key[0]} {key[1]}, which is not redacted", line)


def parsed(raw: bytes | str) -> dict[str, Any]:
    """The line's object; NotCanonical unless it is written exactly as the export writes it."""
    try:
        line = (raw.encode() if isinstance(raw, str) else raw).removesuffix(b"\n")
        entry = json.loads(line.decode(), parse_float=refuse, parse_constant=refuse)
        same = rewritten(entry) == line
    except (ValueError, RecursionError) as problem:
        raise NotCanonical("not a line of canonical JSON in UTF-8") from problem
    if not isinstance(entry, dict) or not same:
        raise NotCanonical("not a line of canonical JSON (one object, sorted keys, no spaces)")
    return entry


def refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")


def wrong_fields(entry: Mapping[str, Any]) -> str:
    missing, unknown = sorted(LINE - entry.keys()), sorted(entry.keys() - LINE)
    return f"missing {', '.join(missing)}" if missing else f"unknown {', '.join(unknown)}"


def wrong_shape(entry: Mapping[str, Any]) -> str:
    for name in ("chain", "kind", "actor", "role", "version"):
        if not isinstance(entry[name], str):
            return f"{name} is not text"
    if type(entry["seq"]) is not int or entry["seq"] < 1:
        return "seq is not a number from 1"
    if not matches(INSTANT, entry["at"]):
        return "at is not an instant in UTC, ending in Z"
    for name in ("digest", "previous", "hash"):
        if not matches(HASH, entry[name]):
            return f"{name} is not 64 hexadecimal characters"
    if not (entry["salt"] is None or matches(SALT, entry["salt"])):
        return "salt is not 32 hexadecimal characters"
    return "" if isinstance(entry["redacted"], bool) else "redacted is neither true nor false"


def matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def are_heads(named: Any) -> TypeGuard[dict[str, dict[str, Any]]]:
    return isinstance(named, dict) and all(
        isinstance(head, dict)
        and head.keys() == {"seq", "hash"}
        and type(head["seq"]) is int
        and matches(HASH, head["hash"])
        for head in named.values()
    )


def place(entry: Mapping[str, Any]) -> str:
    return f"{entry['chain']} {entry['seq']}"
