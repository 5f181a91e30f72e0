"""Whatever two versions plan and wherever patients stand: after approval the rows are what `amend` says, once.

What was answered or sent is the same byte for byte; the ledger balances, then and after the worker has gone on.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from pro import worker
from pro.domain.amendments import Standing, amend
from pro.domain.protocol import Timepoint
from pro.domain.reminders import next_bell
from pro.domain.schedule import Planned, plan
from pro.domain.zones import zone
from pro.services import audit_trail, balancing, reminding
from pro.services.amending import approve
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests.amendment import DAY0, NOON, Town, version
from tests.conftest import Urls
from tests.domain.test_amendments import diaries, visits
from tests.services.play import stand
from tests.services.test_amending import all_of
from tests.services.test_bells import rows

t = metadata.tables
PARIS = zone("Europe/Paris")
EXAMPLES = 150 if os.environ.get("PRO_PROVE") == "1" else 10
States = st.sampled_from(("untouched", "untouched", "untouched", "begun", "saved", "submitted", "sent", "queued"))


@dataclass(frozen=True)
class Stood:
    """One row as the example put it there."""

    id: int
    planned: Planned
    state: str


@pytest.mark.prove
@given(
    st.tuples(visits, diaries),
    st.tuples(visits, diaries),
    st.lists(States, min_size=40, max_size=40),
    st.integers(-4, 26),
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_stands_after_approval_is_what_the_domain_says(
    sqlite_urls: Urls,
    record_property: Callable[[str, object], None],
    first: tuple[Timepoint, ...],
    second: tuple[Timepoint, ...],
    states: list[str],
    day: int,
) -> None:
    record_property("proof", "An amendment moves what is untouched as the domain says, and nothing else, once")
    record_property("count", EXAMPLES)
    record_property("unit", "pairs of versions")
    with tempfile.TemporaryDirectory() as folder:
        town = Town(_copied(sqlite_urls, Path(folder)), second, first=first)
        now = stand(town.parts, NOON + timedelta(days=day)).study
        town.patient(bells=now)
        stood = _put(town.parts, states, now)
        before = {row["id"]: row for row in rows(town.parts, "assessment")}
        approve(town.parts, town.lead, town.study, "2", "why", town.parts.clock.now())
        _holds(town, first, second, stood, before, now)
        once = all_of(town.parts)
        approve(town.parts, town.lead, town.study, "2", "why", town.parts.clock.now())
        assert all_of(town.parts) == once
        _goes_on(town, now)


def _copied(urls: Urls, folder: Path) -> Urls:
    for which, url in zip(("study", "contacts"), urls, strict=True):
        shutil.copy(url.removeprefix("sqlite:///"), folder / f"{which}.sqlite")
    return Urls(*(f"sqlite:///{folder}/{which}.sqlite" for which in ("study", "contacts")))


def _put(parts: Parts, states: list[str], now: datetime) -> list[Stood]:
    """Gives each row a state that it could be in; what is over is closed."""
    stood = []
    with parts.study.writing() as session:
        wanted = t["assessment"].join(t["patient"], t["patient"].c.id == t["assessment"].c.patient_id)
        found = session.execute(
            wanted.select().with_only_columns(
                t["assessment"], t["assessment"].c.id.label("assessment_id"), t["patient"].c.zone
            )
        ).all()
        for row, state in zip(found, states * 2, strict=False):
            rung = reminding.steps_of(parts, row)
            planned = _planned(row, rung.steps)
            due = [step for step in rung.steps if step.at <= now]
            state = "untouched" if state in ("sent", "queued") and not due else state
            state = "untouched" if row.opens_at > now and state != "queued" else state
            stood.append(Stood(row.id, planned, state))
            values: dict[str, Any] = {"closed_at": planned.end, "next_at": None} if planned.end <= now else {}
            if state == "begun":
                values["started_at"] = row.opens_at
            elif state == "submitted":
                values |= {"started_at": row.opens_at, "submitted_at": row.opens_at, "answered": True}
            elif state == "saved":
                saved = {"assessment_id": row.id, "client": "c", "seq": 1, "item": "q.i", "code": "answered"}
                session.execute(t["answer_save"].insert().values(**saved, received_at=now, mode="own-phone"))
            if values:
                session.execute(update(t["assessment"]).where(t["assessment"].c.id == row.id).values(**values))
            for step in due:
                _step(session, row, step, state, now)
    return stood


def _planned(row: Any, steps: Any) -> Planned:
    return Planned(row.timepoint, row.day, row.opens_at, row.closes_at, row.late_until, tuple(steps), row.respondent)


def _step(session: Any, row: Any, step: Any, state: str, now: datetime) -> None:
    """A message of its own for each due step; only what was queued just now still waits."""
    over = (row.late_until or row.closes_at) <= now
    kept = {"assessment_id": row.id, "step": step.step, "planned_at": step.at}
    if state not in ("sent", "queued"):
        session.execute(t["reminder"].insert().values(**kept, why_none="too-late"))
        return
    sent = state == "sent" or over
    message = {
        "dedupe_key": f"test:{row.id}:{step.step}",
        "site_id": row.site_id,
        "patient_id": row.patient_id,
        "template": "reminder",
        "language": "fr",
        "due_at": step.at,
        "not_after": step.at + timedelta(hours=2),
        "attempts": 1,
    }
    marked = {"marked_at": step.at, "sent_at": step.at, "provider_id": f"SM{row.id}{step.step}"} if sent else {}
    made = t["message"].insert().values(**message, state="sent" if sent else "pending", **marked)
    session.execute(t["reminder"].insert().values(**kept, message_id=session.execute(made).inserted_primary_key[0]))


def _holds(
    town: Town,
    first: tuple[Timepoint, ...],
    second: tuple[Timepoint, ...],
    stood: list[Stood],
    before: dict[object, dict[str, object]],
    now: datetime,
) -> None:
    standing = [
        Standing(
            one.planned,
            answered=one.state in ("begun", "saved", "submitted"),
            settled=one.planned.end <= now,
            sent=frozenset({"a step"}) if one.state == "sent" else frozenset(),
        )
        for one in stood
    ]
    ids = {id(one.planned): one for one in stood}
    after = {row["id"]: row for row in rows(town.parts, "assessment")}
    seen = set()
    for change in amend(standing, plan(version(2, second), DAY0, PARIS), now):
        if change.before is None:
            [row] = [row for key, row in after.items() if key not in before and _key(row) == _named(change.after)]
            assert row["protocol_version"] == "2"
        else:
            one = ids[id(change.before)]
            row = after[one.id]
            seen.add(one.id)
            fixed = one.state in ("begun", "saved", "submitted", "sent") or one.planned.end <= now
            if fixed or change.why == "would-be-over":
                assert row == before[one.id]
                continue
            if change.kind == "vanishes":
                assert row == {**before[one.id], "cancelled_at": now, "next_at": None}
                continue
        assert change.after is not None
        assert _as_planned(town.parts, row) == change.after
        waiting = [step for step in change.after.reminders if step.at > now]
        if all(step.at != row["next_at"] for step in change.after.reminders if step.at <= now):
            assert row["next_at"] == next_bell(waiting, change.after.end, now)
    assert seen == set(before)
    new = [row for key, row in after.items() if key not in before]
    assert len({_key(row) for row in new}) == len(new)
    assert {row["protocol_version"] for row in rows(town.parts, "patient")} == {"2"}


def _key(row: dict[str, object]) -> tuple[object, object]:
    return row["timepoint"], row["day"]


def _named(one: Planned | None) -> tuple[object, object]:
    assert one is not None
    return one.timepoint, one.day


def _as_planned(parts: Parts, row: dict[str, object]) -> Planned:
    """The row with the steps that the worker reads from it."""

    class Read:
        zone = "Europe/Paris"

        def __getattr__(self, name: str) -> object:
            return row[name]

    return _planned(Read(), reminding.steps_of(parts, Read()).steps)  # type: ignore[arg-type]


def _goes_on(town: Town, now: datetime) -> None:
    """The worker goes on for two days; each step has one message at most, and all is accounted for."""
    for hours in (0, 6, 10, 24, 30, 48):
        assert worker.tick_once(town.parts, stand(town.parts, now + timedelta(hours=hours)), "w") == ()
    assert balancing.recount(town.parts).holds, str(balancing.recount(town.parts))
    assert audit_trail.verify_database(town.parts).ok
