"""Patients whom a site should look after, found once an hour: texts that do not arrive, the endpoint not yet answered.

Missed diaries are found where they are closed, a wrong number where the provider says so. A task is made once, and
taken off by itself when its reason goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from pro.clock import Moment
from pro.domain.protocol import Protocol
from pro.services.audit import WORKER, lock_patient, record
from pro.services.parts import Parts
from pro.store import attention, bells
from pro.store.sittings import Found

UNDELIVERED, ENDPOINT = "undelivered", "endpoint-due"
LOOKED_BACK = timedelta(days=7)
"""A text that was due before says nothing about whether the phone can be reached today."""


@dataclass(frozen=True, slots=True)
class Swept:
    asked: int
    settled: int


def sweep(parts: Parts, moment: Moment) -> Swept:
    """Makes what is missing and settles what is over. Safe to run twice, or by several workers at once."""
    settled = _settle(parts, moment)
    return Swept(_ask_about_phones(parts, moment) + _ask_about_endpoints(parts, moment), settled)


def _settle(parts: Parts, moment: Moment) -> int:
    with parts.study.plain_reading() as session:
        over = dict.fromkeys(attention.delivered_since(session, UNDELIVERED), "delivered")
        over |= dict.fromkeys(attention.not_expected(session, ENDPOINT), "answered")
    return sum(_take_off(parts, task_id, why, moment) for task_id, why in over.items())


def _take_off(parts: Parts, task_id: int, why: str, moment: Moment) -> bool:
    line = f"{moment.study.isoformat()}\t{why}\t{WORKER.name}\tsettled by itself"
    with parts.study.writing() as session:
        patient_id = attention.patient_of(session, task_id)
        patient = None if patient_id is None else lock_patient(session, patient_id)
        if attention.settle(session, task_id, line, moment.study) is None:
            return False
        if patient is not None:
            record(session, patient, "call.settled", {"task": task_id, "why": why}, WORKER, moment.study)
    return True


def _ask_about_phones(parts: Parts, moment: Moment) -> int:
    with parts.study.plain_reading() as session:
        found = attention.failing(session, moment.study - LOOKED_BACK)
    return sum(_ask_about_phone(parts, row, moment) for row in found)


def _ask_about_phone(parts: Parts, row: Found, moment: Moment) -> bool:
    """When the newest messages all failed, and one of them since the site was last asked."""
    most = _protocol(parts, row).attention.undelivered
    with parts.study.writing() as session:
        ended = attention.newest_ended(session, row.id, most)
        if len(ended) < most or any(one.state not in attention.BAD for one in ended):
            return False
        asked = attention.newest_task(session, row.id, UNDELIVERED)
        if asked is not None and ended[0].due_at <= asked:
            return False
        _open(session, row.site_id, row.id, UNDELIVERED, str(most), moment)
    return True


def _ask_about_endpoints(parts: Parts, moment: Moment) -> int:
    watched = {
        protocol.watched_visit: protocol.timepoint(protocol.watched_visit)
        for protocol in parts.library.protocols()
        if protocol.watched_visit
    }
    if not watched:
        return 0
    widest = timedelta(days=1 + max(max(each.window_before, each.window_after) for each in watched.values()))
    today = moment.study.date()
    with parts.study.plain_reading() as session:
        rows = attention.open_windows(session, set(watched), today - widest, today + widest, moment.study)
    return sum(_ask_about_endpoint(parts, row, moment) for row in rows)


def _ask_about_endpoint(parts: Parts, row: Found, moment: Moment) -> bool:
    """From the middle of its window on; once for a visit."""
    if _protocol(parts, row).watched_visit != row.timepoint:
        return False
    if moment.study < row.opens_at + (row.closes_at - row.opens_at) / 2:
        return False
    with parts.study.writing() as session:
        asked = attention.newest_task(session, row.patient_id, ENDPOINT)
        if asked is not None and asked >= row.opens_at:
            return False
        _open(session, row.site_id, row.patient_id, ENDPOINT, row.timepoint, moment)
    return True


def _protocol(parts: Parts, row: Found) -> Protocol:
    return parts.library.protocol(row.protocol, row.protocol_version)


def _open(session: Session, site_id: int, patient_id: int, kind: str, detail: str, moment: Moment) -> None:
    bells.open_task(session, site_id=site_id, patient_id=patient_id, kind=kind, detail=detail, at=moment.study)
