"""The row of an assessment that was planned, as whoever plans one keeps it."""

from __future__ import annotations

from pro.domain.protocol import Protocol
from pro.domain.schedule import Planned


def planned_row(one: Planned, protocol: Protocol, patient_id: int | None, site_id: int) -> dict[str, object]:
    """What the plan says of it, nothing answered yet; the bell (`next_at`) is for whoever knows the moment."""
    return {
        "patient_id": patient_id,
        "site_id": site_id,
        "timepoint": one.timepoint,
        "day": one.day,
        "protocol": protocol.id,
        "protocol_version": protocol.version,
        "respondent": one.respondent,
        "opens_at": one.opens_at,
        "closes_at": one.closes_at,
        "late_until": one.late_until,
        "answered": False,
    }
