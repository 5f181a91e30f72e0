"""An approved amendment carried out patient by patient, each in one transaction: broken off, it goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pro.clock import Moment
from pro.services.amended import Numbers, Planner, amended
from pro.services.amending_rows import write
from pro.services.audit import Actor, lock_patient, lock_study, record
from pro.services.parts import Parts
from pro.store import amendments
from pro.store.amendments import Found

BATCH = 50
"""Patients that are read at a time."""


@dataclass(frozen=True, slots=True)
class Approved:
    """How far an amendment has come. `numbers`: what it has changed and kept; `left`: patients still to get it."""

    amendment_id: int
    version: str
    numbers: Numbers
    left: int
    already: bool = False
    """It had been carried out before: nothing was changed."""


SUMS = {
    "patients": "patients",
    "moves": "moved",
    "appears": "appeared",
    "vanishes": "vanished",
    "renewed": "renewed",
    "kept": "kept",
}
"""What is counted → its column."""


def numbers_of(row: Found) -> Numbers:
    """The sums of an amendment, as far as it has come."""
    return Numbers(**{name: getattr(row, column) for name, column in SUMS.items()})


def carry_out(
    parts: Parts, begun: Found, actor: Actor, moment: Moment, at: Callable[[str], None], at_most: int | None
) -> Approved:
    """Takes over who is left, `at_most` so many in this call; `at` is called at named points."""
    planner = Planner(parts.library, parts.library.protocol(begun.protocol, begun.version))
    done, more = Numbers(), True
    while more:
        page = _page(parts, begun, BATCH if at_most is None else min(BATCH, at_most - done.patients))
        for patient_id in page:
            done += _one(parts, planner, begun, patient_id, actor, moment, at)
            at("patient")
        more = bool(page) and (at_most is None or done.patients < at_most)
    left = _finish(parts, begun, actor, moment)
    with parts.study.plain_reading() as session:
        return Approved(begun.id, begun.version, numbers_of(amendments.one(session, begun.id)), left)


def _page(parts: Parts, begun: Found, limit: int) -> list[int]:
    with parts.study.reading() as session:
        ids = [row.id for row in amendments.sites(session, begun.study_id)]
        return [row.id for row in amendments.patients(session, ids, begun.protocol, begun.version, 0, limit)]


def _one(
    parts: Parts,
    planner: Planner,
    begun: Found,
    patient_id: int,
    actor: Actor,
    moment: Moment,
    at: Callable[[str], None],
) -> Numbers:
    """One patient, in one transaction: locked first, then read, so that no answer and no message is overlooked."""
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        gone = patient.withdrawn_at is not None or patient.ended_at is not None
        if gone or patient.protocol_version == begun.version:
            return Numbers()
        [one] = amended(session, planner, [patient], moment.study, lock=True)  # type: ignore[list-item]
        at("read")
        event = write(session, one, planner.to, moment)
        event |= {"from": patient.protocol_version, "to": begun.version, "amendment": begun.id}
        patient.protocol_version = begun.version
        record(session, patient, "patient.amended", event, actor, moment.study)
        numbers = one.numbers
        amendments.count(session, begun.id, {column: getattr(numbers, name) for name, column in SUMS.items()})
        at("before-commit")
    return numbers


def _finish(parts: Parts, begun: Found, actor: Actor, moment: Moment) -> int:
    """Ends it when nobody is left; enrolment waits meanwhile, so that nobody comes in by the earlier version."""
    with parts.study.writing() as session:
        study = lock_study(session, begun.study_id)
        ids = [row.id for row in amendments.sites(session, begun.study_id, lock=True)]
        left = amendments.how_many(session, ids, begun.protocol, begun.version)
        if not left and amendments.finish(session, begun.id, moment.study):
            event = {"protocol": begun.protocol, "version": begun.version, "amendment": begun.id}
            record(session, study, "protocol.amendment-finished", event, actor, moment.study)
        return left
