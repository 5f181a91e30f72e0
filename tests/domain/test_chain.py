"""The chains of the audit trail: what is hashed, and that no change to an export goes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro.domain.chain import START, Event, canonical, digest, event_line, link
from pro.domain.chain_check import verify
from tests.domain.trails import Trail, changed, good

SALT = "0123456789abcdef0123456789abcdef"

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)

Lines = list[bytes]


def test_canonical_json() -> None:
    value = {"b": Decimal("38.60"), "a": ("é", 1, None, True), "day": date(2026, 3, 2)}
    assert canonical(value) == '{"a":["é",1,null,true],"b":"38.60","day":"2026-03-02"}'.encode()


def test_an_instant_is_written_in_utc_whatever_its_zone() -> None:
    paris = timezone(timedelta(hours=1))
    assert canonical(datetime(2026, 3, 2, 18, 30, tzinfo=paris)) == b'"2026-03-02T17:30:00Z"'
    assert canonical(datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC)) == b'"2026-03-02T01:02:03.000004Z"'


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, datetime(2026, 3, 2), {1: "a"}, {"a"}, b"a"])  # noqa: DTZ001
def test_what_has_no_place_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@given(VALUES)
def test_canonical_json_reads_back_and_writes_the_same(value: object) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


@given(VALUES)
def test_canonical_json_is_what_the_standard_library_writes(value: object) -> None:
    """Whoever recomputes a hash in twenty-five years has some JSON library, not ours."""
    plain = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical(value) == plain.encode()


def test_digest_and_hash_are_what_the_text_says() -> None:
    payload = {"new": 8, "item": "worst_pain"}
    expected = sha256(SALT.encode() + b'{"item":"worst_pain","new":8}').hexdigest()
    assert digest(SALT, payload) == expected
    event = Event("patient/1", 1, datetime(2026, 3, 2, tzinfo=UTC), "submit", "patient", "patient", "0.1", expected)
    hashed = (
        '{"actor":"patient","at":"2026-03-02T00:00:00Z","chain":"patient/1","digest":"' + expected + '",'
        '"kind":"submit","role":"patient","seq":1,"version":"0.1"}'
    )
    assert link(START, event) == sha256(START.encode() + hashed.encode()).hexdigest()


@pytest.mark.parametrize("salt", ["", "ab", SALT[:-1], SALT + "0", SALT.upper()])
def test_a_salt_has_one_length_so_that_no_payload_can_lend_it_characters(salt: str) -> None:
    with pytest.raises(ValueError):
        digest(salt, 1)


def test_a_good_trail_holds() -> None:
    report = verify(good())
    assert (report.ok, report.problems, report.chains, report.events) == (True, (), 3, 8)
    assert verify(line + b"\n" for line in good()).ok
    assert verify(line.decode() for line in good()).ok


def test_an_empty_trail_holds_only_with_its_last_line() -> None:
    assert verify([b'{"chains":{}}']).ok
    assert verify([]).problems == ("line 1: the line of chain heads is missing at the end: the export is cut off",)


def with_line(at: int, /, **fields: object) -> Callable[[Lines], Lines]:
    """Changes fields of a line (counted from 1)."""
    return lambda lines: [*lines[: at - 1], changed(lines[at - 1], **fields), *lines[at:]]


def without(*numbers: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for at, line in enumerate(lines, start=1) if at not in numbers]


def swapped(first: int, second: int) -> Callable[[Lines], Lines]:
    def swap(lines: Lines) -> Lines:
        lines[first - 1], lines[second - 1] = lines[second - 1], lines[first - 1]
        return lines

    return swap


def extra(lines: Lines) -> Lines:
    """A well-linked event behind the last one, which the heads do not know."""
    last = json.loads(lines[7])
    event = Event("system", 3, datetime(2026, 3, 3, tzinfo=UTC), "stop", "worker", "system", "0.1", digest(SALT, {}))
    added = event_line(
        event, salt=SALT, payload={}, redacted=False, previous=last["hash"], hash=link(last["hash"], event)
    )
    return [*lines[:8], added, lines[8]]


def heads(change: Callable[[dict[str, dict[str, object]]], object]) -> Callable[[Lines], Lines]:
    def edit(lines: Lines) -> Lines:
        named = json.loads(lines[8])
        change(named["chains"])
        return [*lines[:8], canonical(named)]

    return edit


CHANGES: list[tuple[Callable[[Lines], Lines], str]] = [
    (with_line(3, payload={"changes": []}), "line 3: patient/1 2: payload does not fit its digest"),
    (with_line(3, salt="f" * 32), "line 3: patient/1 2: payload does not fit its digest"),
    (with_line(3, salt=None), "line 3: patient/1 2: payload does not fit its digest"),
    (with_line(3, actor="staff/1"), "line 3: patient/1 2: hash does not fit the event"),
    (with_line(3, role="investigator"), "line 3: patient/1 2: hash does not fit the event"),
    (with_line(3, kind="correct"), "line 3: patient/1 2: hash does not fit the event"),
    (with_line(3, version="0.2"), "line 3: patient/1 2: hash does not fit the event"),
    (with_line(3, at="2026-03-01T17:32:00Z"), "line 3: patient/1 2: hash does not fit the event"),
    (with_line(3, hash="0" * 64), "line 5: patient/1 3: does not follow the event before it"),
    (with_line(1, previous="1" * 64), "line 1: patient/1 1: does not follow the event before it"),
    (with_line(3, seq=3), "line 3: patient/1 3: gap, number 2 is missing"),
    (with_line(3, seq=1), "line 3: patient/1 1: number comes twice or out of order, 2 is next"),
    (with_line(3, seq=0), "line 3: seq is not a number from 1"),
    (with_line(3, seq=True), "line 3: seq is not a number from 1"),
    (with_line(3, at="yesterday"), "line 3: at is not an instant in UTC, ending in Z"),
    (with_line(3, hash="short"), "line 3: hash is not 64 hexadecimal characters"),
    (with_line(3, actor=None), "line 3: actor is not text"),
    (with_line(3, redacted=1), "line 3: redacted is neither true nor false"),
    (with_line(3, more=1), "line 3: unknown more; an event has exactly"),
    (without(3), "line 4: patient/1 3: gap, number 2 is missing"),
    (without(8), "line 8: chain system: cut off after 1, the last is 2"),
    (without(2, 8), "line 7: chain system: is missing, 2 events are gone"),
    (without(9), "line 9: the line of chain heads is missing at the end: the export is cut off"),
    (swapped(3, 5), "line 3: patient/1 3: gap, number 2 is missing"),
    (swapped(8, 9), "line 9: stands after the line of chain heads, which must be the last"),
    (lambda lines: [lines[0], *lines], "line 2: patient/1 1: number comes twice or out of order"),
    (lambda lines: [*lines, lines[8]], "line 10: stands after the line of chain heads"),
    (extra, "line 10: chain system: goes on after its head 2, up to 3"),
    (heads(lambda named: named.pop("system")), "line 9: chain system: has events but no head here"),
    (heads(lambda named: named["system"].update(hash="0" * 64)), "line 9: chain system: last hash is not"),
    (heads(lambda named: named["system"].update(seq="2")), "line 9: bad last line"),
    (heads(lambda named: named["system"].pop("hash")), "line 9: bad last line"),
    (with_line(9, chains=[]), "line 9: bad last line"),
    (with_line(3, payload=None, salt=None, redacted=True), "line 3: patient/1 2: payload is gone and no"),
    (with_line(3, redacted=True), "line 3: patient/1 2: marked as redacted but still has a payload"),
    (with_line(4, redacted=False), "line 4: patient/2 1: payload does not fit its digest"),
    (lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]], "line 1: not a line of canonical JSON"),
    (lambda lines: [b"\xff" + lines[0], *lines[1:]], "line 1: not a line of canonical JSON"),
    (lambda lines: [b"[" * 100_000, *lines[1:]], "line 1: not a line of canonical JSON"),
    (lambda lines: [b"", *lines], "line 1: not a line of canonical JSON"),
]
"""What may be done to a good trail, and the start of a problem that has to be found then."""


@pytest.mark.parametrize(("change", "problem"), CHANGES)
def test_what_was_done_to_a_trail_is_found_and_its_line_named(change: Callable[[Lines], Lines], problem: str) -> None:
    problems = verify(change(good())).problems
    assert any(found.startswith(problem) for found in problems), problems


def test_one_change_does_not_drown_in_what_follows_from_it() -> None:
    assert len(verify(with_line(3, payload={})(good())).problems) == 1
    assert len(verify(without(5)(good())).problems) == 2  # the gap, and what follows it does not fit


def test_a_redaction_that_emptied_nothing_is_a_problem() -> None:
    trail = Trail().add("system", "start", {}).add("system", "redaction", {"chain": "system", "seq": 1})
    assert verify(trail.export()).problems == ("line 2: redaction names system 1, which is not redacted",)


@pytest.mark.parametrize(
    "payload", [None, [], {"chain": "system"}, {"chain": 1, "seq": 1}, {"chain": "a", "seq": True}]
)
def test_a_redaction_names_what_it_emptied(payload: object) -> None:
    problems = verify(Trail().add("system", "redaction", payload).export()).problems
    assert problems == ("line 1: system 1: redaction does not name the chain and seq it emptied",)


def test_redacting_leaves_every_hash_as_it_was() -> None:
    lines = good()
    whole, emptied = json.loads(lines[2]), json.loads(changed(lines[2], payload=None, salt=None, redacted=True))
    assert {name for name in whole if whole[name] != emptied[name]} == {"payload", "salt", "redacted"}
    assert not verify([*lines[:2], canonical(emptied), *lines[3:]]).ok  # no event says so yet


@given(st.integers(0, 8), st.data())
def test_no_changed_byte_goes_unseen(at: int, data: st.DataObject) -> None:
    lines = good()
    byte = data.draw(st.integers(0, len(lines[at]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != lines[at][byte]))
    lines[at] = lines[at][:byte] + bytes([other]) + lines[at][byte + 1 :]
    assert not verify(lines).ok


@given(st.lists(st.tuples(st.sampled_from(["patient/1", "système", ""]), VALUES), max_size=8))
def test_every_trail_that_is_written_verifies(events: list[tuple[str, object]]) -> None:
    trail = Trail()
    for chain, payload in events:
        trail.add(chain, "submit", payload)
    assert verify(trail.export()).ok
