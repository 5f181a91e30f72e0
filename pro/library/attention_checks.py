"""When a site is asked to look after a patient: figures that can be met, and a visit that comes once."""

from __future__ import annotations

from dataclasses import asdict

from pro.domain.protocol import Protocol
from pro.library.wording import Findings, one_of

MOST = {"missed_in_a_row": 14, "last_days": 28, "least_percent": 100, "undelivered": 10}


def check_attention(findings: Findings, protocol: Protocol) -> None:
    for name, value in asdict(protocol.attention).items():
        if not 1 <= value <= MOST[name]:
            findings.add(("attention", name), f"{value} is out of range; give 1 to {MOST[name]}")


def check_endpoint(findings: Findings, protocol: Protocol) -> None:
    keys = [each.key for each in protocol.timepoints if each.respondent == "patient" and not each.repeats]
    if protocol.endpoint and protocol.endpoint not in keys:
        what = f"{protocol.endpoint!r} is no visit that patients answer once; there are {one_of(keys) or 'none'}"
        findings.add(("endpoint",), what)
