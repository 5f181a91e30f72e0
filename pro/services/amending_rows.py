"""What an amendment writes for one patient: rows, bells and the ledger. The patient's rows must be locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.domain.reminders import next_bell
from pro.domain.schedule import Planned, PlannedReminder
from pro.services.amended import Amended, Item
from pro.store import amendments, messages
from pro.store.amendments import NOT_YET, Found

AMENDED, PASSED = "amended", "before-amendment"
"""Why a step came to nothing: its time was taken from it; it was planned when its time had passed."""
ASIDE = "~"
SNOOZE = "snooze-"
HELD, PAUSED = "hold: planned meanwhile", "pause: "


@dataclass(slots=True)
class _Pen:
    """Gathers what is written, so that each kind is one statement."""

    session: Session
    one: Amended
    to: Protocol
    now: datetime
    moved: list[dict[str, object]] = field(default_factory=list)
    made: list[dict[str, object]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    waiting: set[int] = field(default_factory=set)
    passed: list[tuple[int, PlannedReminder]] = field(default_factory=list)

    def moves(self, item: Item) -> None:
        row, after = item.row, item.after
        assert row is not None
        assert after is not None
        there = self.one.cancelled.get((after.timepoint, after.day))
        if there is not None:  # a row that an earlier amendment called off stands on that day: it comes back instead
            self.vanishes(item)
            self.moved.append(self._row(after, item.clocks, there.id, *self._still_excused(row, after)))
            self._passed(there.id, after.reminders, ())
            return
        kept = self._set_aside(row, {step.step: step.at for step in after.reminders})
        unheard = [one for one in _unheard(item) if one.at <= self.now and one.step not in kept]
        values = self._row(after, item.clocks, row.id, *self._still_excused(row, after))
        if unheard:
            values["next_at"] = min(one.at for one in unheard)
        self.moved.append(values)
        self._passed(row.id, after.reminders, {*kept, *(one.step for one in unheard)})

    def appears(self, item: Item) -> None:
        after = item.after
        assert after is not None
        why = self._excused(after)
        there = self.one.cancelled.get((after.timepoint, after.day))
        row = self._row(after, item.clocks, there.id if there is not None else 0, self.now if why else None, why)
        if there is not None:
            self.moved.append(row)
            self._passed(there.id, after.reminders, ())
        else:
            self.made.append({name: value for name, value in row.items() if name != "b_id"})

    def vanishes(self, item: Item) -> None:
        assert item.row is not None
        self._set_aside(item.row, {})
        self.gone.append(item.row.id)

    def put_down(self, renewed: Sequence[int]) -> int:
        """Writes it all; gives how many messages were dropped."""
        patient = self.one.patient
        common = {"patient_id": patient.id, "site_id": patient.site_id, "protocol": self.to.id, "answered": False}
        amendments.cancel(self.session, self.gone, self.now)
        amendments.move(self.session, self.moved)
        ids = amendments.appear(self.session, [{**common, **row} for row in self.made])
        amendments.renew(self.session, renewed, self.to.version)
        for item in self.one.items:
            if item.kind == "appears" and item.after is not None and (item.timepoint, item.after.day) in ids:
                self._passed(ids[item.timepoint, item.after.day], item.after.reminders, ())
        rows = [_explained(id_, step) for id_, step in self.passed]
        amendments.explain(self.session, rows)
        dropped = amendments.let_go(self.session, self.waiting) if self.waiting else []
        return len(messages.drop(self.session, dropped, AMENDED, self.now)) if dropped else 0

    def _row(
        self, one: Planned, clocks: str | None, id_: int, excused_at: datetime | None, why: str | None
    ) -> dict[str, object]:
        bell = next_bell(one.reminders, one.end, self.now)
        window = {"opens_at": one.opens_at, "closes_at": one.closes_at, "late_until": one.late_until}
        what = {"timepoint": one.timepoint, "day": one.day, "respondent": one.respondent}
        state = {"next_at": bell, "cancelled_at": None, "clocks": clocks, "excused_at": excused_at, "excused_why": why}
        return {"b_id": id_, "protocol_version": self.to.version, **what, **window, **state}

    def _excused(self, one: Planned) -> str | None:
        """What comes while the study is held for the patient, or on days of a pause, is not asked."""
        if self.one.patient.held_at is not None:
            return HELD
        pause = next((each for each in self.one.pauses if each.first <= one.day <= each.last), None)
        return None if pause is None else f"{PAUSED}{pause.why}"

    def _still_excused(self, row: Found, after: Planned) -> tuple[datetime | None, str | None]:
        """A pause excuses days: what moves into one is excused, what moves out of it is asked again."""
        if after.day == row.day or not (row.excused_why or PAUSED).startswith(PAUSED):
            return row.excused_at, row.excused_why
        why = self._excused(after)
        return (row.excused_at or self.now if why else None), why

    def _set_aside(self, row: Found, planned: Mapping[str, datetime]) -> set[str]:
        """Steps in the ledger whose time is another now, or none; gives those that stay as they are.

        What the patient asked for stays while the assessment does: its message is judged when it is sent.
        """
        kept = set()
        for step in self.one.ledger.get(row.id, ()):
            asked_for = step.step.startswith(SNOOZE) and planned
            if ASIDE in step.step or asked_for or planned.get(step.step) == step.planned_at:
                kept.add(step.step)
                continue
            name = f"{step.step}{ASIDE}{row.protocol_version}"
            amendments.set_aside(self.session, row.id, step.step, name, AMENDED)
            if step.state in NOT_YET:
                self.waiting.add(step.message_id)
        return kept

    def _passed(self, id_: int, steps: Iterable[PlannedReminder], known: Iterable[str]) -> None:
        met = set(known)
        self.passed += [(id_, one) for one in steps if one.at <= self.now and one.step not in met]


def write(session: Session, one: Amended, to: Protocol, moment: Moment) -> dict[str, Any]:
    """Writes what becomes of one patient's assessments; gives what the trail keeps of it."""
    pen = _Pen(session, one, to, moment.study)
    for item in one.items:
        if item.kind == "moves":
            pen.moves(item)
        elif item.kind == "appears":
            pen.appears(item)
        elif item.kind == "vanishes":
            pen.vanishes(item)
    same = [item.row.id for item in one.items if item.kind in ("stays", "renewed") and item.untouched and item.row]
    dropped = pen.put_down(same)
    return _event(one, dropped)


def _unheard(item: Item) -> list[PlannedReminder]:
    """Steps that were due before and keep their instant: the worker may be on its way to them."""
    assert item.before is not None
    assert item.after is not None
    before = set(item.before.reminders)
    return [one for one in item.after.reminders if one in before]


def _explained(id_: int, step: PlannedReminder) -> dict[str, object]:
    return {"assessment_id": id_, "step": step.step, "planned_at": step.at, "message_id": None, "why_none": PASSED}


def _event(one: Amended, dropped: int) -> dict[str, Any]:
    listed: dict[str, list[dict[str, object]]] = {"appears": [], "moves": [], "vanishes": [], "renewed": []}
    kept: dict[str, int] = {}
    for item in one.items:
        if item.kind == "stays":
            kept[item.why] = kept.get(item.why, 0) + 1
        else:
            listed[item.kind].append(_said(item))
    return {**{kind: said for kind, said in listed.items() if said}, "stay": kept, "messages_dropped": dropped}


def _said(item: Item) -> dict[str, object]:
    said: dict[str, object] = {"timepoint": item.timepoint, "day": item.day}
    if item.kind != "moves" or item.before is None or item.after is None:
        return said
    pairs = {name: (getattr(item.before, name), getattr(item.after, name)) for name in _WINDOW}
    said |= {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1] and name != "day"}
    if pairs["day"][0] != pairs["day"][1]:
        said["from_day"] = item.before.day
    return said | {"steps": {one.step: [one.before, one.after] for one in item.steps if one.kind != "stays"}}


_WINDOW = ("day", "opens_at", "closes_at", "late_until", "respondent")
