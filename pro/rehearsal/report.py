"""The document of a rehearsal: the shares added up. It tells of no run time, so that a seed gives one document."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any

from pro.domain.chain import canonical
from pro.domain.compliance import Compliance, percent, total
from pro.domain.protocol import Protocol
from pro.rehearsal.figures import Patient, Share, Sms
from pro.rehearsal.guarantees import EXAMPLES, WHAT, Check

Document = dict[str, Any]
HAPPENED = {"sent": "filled in"}
"""What is called otherwise in the lines than in the document: there, messages are sent."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was to be rehearsed."""

    protocol: Protocol
    patients: int
    seed: int
    start: date
    sites: int
    price: Decimal | None = None
    """Of one segment, in whatever money."""
    days: int | None = None
    """Stops after so many; None plays to the end."""


def document(asked: Asked, end: date, shares: Sequence[Share]) -> Document:
    """Everything that was counted, ready for JSON: rates are texts with one decimal."""
    patients = sorted((one for share in shares for one in share.patients), key=lambda one: one.number)
    texts = [one for share in shares for one in share.texts]
    checks = _checks(shares)
    found: Document = {
        "protocol": {"id": asked.protocol.id, "version": asked.protocol.version, "sha256": asked.protocol.sha256},
        "patients": asked.patients,
        "seed": asked.seed,
        "sites": asked.sites,
        "start": asked.start.isoformat(),
        "end": end.isoformat(),
        "assessments": _assessments(asked.protocol, patients),
        "messages": _messages(asked, patients, texts, shares),
        "flares": _flares(asked, end, shares),
        "burden": _burden(patients),
        "compliance": _compliance(patients),
        "profiles": _profiles(patients),
        "happened": _sum(share.happened for share in shares),
        "provider": {"faults": _sum(share.faults for share in shares), "kills": _sum(share.kills for share in shares)},
        "ticks": sum(share.ticks for share in shares),
        "guarantees": checks,
        "holds": not any(one["broken"] for one in checks),
        "hashes": {one.number: one.hashes for one in patients},
    }
    return found | {"sha256": sha256(canonical(found)).hexdigest()}


def _sum(counters: Iterable[Counter[str]]) -> dict[str, int]:
    return dict(sorted(sum(counters, Counter()).items()))


def _checks(shares: Sequence[Share]) -> list[Document]:
    by_key: dict[str, list[Check]] = defaultdict(list)
    for share in shares:
        for check in share.checks:
            by_key[check.key].append(check)
    return [
        {
            "key": key,
            "what": what,
            "checked": sum(one.checked for one in by_key[key]),
            "broken": sum(one.broken for one in by_key[key]),
            "examples": [example for one in by_key[key] for example in one.examples][:EXAMPLES],
        }
        for key, what in WHAT.items()
    ]


def _counts(found: Compliance) -> Document:
    return {
        "expected": found.expected,
        "completed": found.completed,
        "late": found.late,
        "partial": found.partial,
        "missed": found.missed,
        "excused": found.excused,
        "compliance": _text(percent(found.ratio)),
    }


def _assessments(protocol: Protocol, patients: Sequence[Patient]) -> Document:
    asked = [timepoint for timepoint in protocol.timepoints if timepoint.respondent == "patient"]
    return {
        "planned": sum(one.planned for one in patients),
        "cancelled": sum(one.cancelled for one in patients),
        **_counts(total(one.compliance for one in patients)),
        "by_timepoint": {
            one.key: {"title": dict(one.title), **_counts(total(each.by_timepoint[one.key] for each in patients))}
            for one in asked
        },
    }


def _messages(asked: Asked, patients: Sequence[Patient], texts: Sequence[Sms], shares: Sequence[Share]) -> Document:
    segments = sum(one.segments for one in texts)
    mine = [one for one in texts if one.to == "patient"]
    per_patient = [one.messages for one in patients]
    return {
        "sent": len(texts),
        "to_patients": len(mine),
        "to_staff": len(texts) - len(mine),
        "by_template": dict(sorted(Counter(one.template for one in texts).items())),
        "per_patient": {
            "mean": _text(_mean(sum(per_patient), len(per_patient))),
            "least": min(per_patient, default=0),
            "most": max(per_patient, default=0),
        },
        "per_patient_and_day": _per_day(patients),
        "per_day": dict(sorted(Counter(one.day for one in mine).items())),
        "per_hour": {f"{hour:02d}": n for hour, n in sorted(Counter(one.hour for one in mine).items())},
        "steps_without": _sum(share.explained for share in shares),
        "segments": segments,
        "price_per_segment": _text(asked.price),
        "cost": _text(None if asked.price is None else asked.price * segments),
    }


def _per_day(patients: Sequence[Patient]) -> Document:
    days = sum((one.per_day for one in patients), Counter())
    texts = sum(one.messages for one in patients)
    return {
        "mean": _text(_mean(texts, sum(days.values()), Decimal("0.01"))),
        "days_with": {str(n): days[n] for n in sorted(days)},
    }


def _flares(asked: Asked, end: date, shares: Sequence[Share]) -> Document:
    """Of all weeks that were played, quiet ones too; no figure a week where not one was."""
    counts = Counter(flare for share in shares for flare in share.flares)
    days = (end - asked.start).days + 1
    weeks = -(-days // 7)
    episodes = sum(counts.values())
    return {
        "episodes": episodes,
        "played_weeks": weeks,
        "per_week_and_site": _text(_mean(episodes, weeks * asked.sites if days >= 7 else 0, Decimal("0.01"))),
        "weeks": [{"site": site, "week": week, "episodes": n} for (site, week), n in sorted(counts.items())],
    }


def _burden(patients: Sequence[Patient]) -> Document:
    minutes = sum((one.minutes for one in patients), Decimal(0))
    weeks = Decimal(sum(one.days for one in patients)) / 7
    return {
        "minutes": _text(minutes),
        "minutes_per_patient": _text(_mean(minutes, len(patients))),
        "minutes_per_patient_and_week": _text(_mean(minutes, weeks)),
        "most_for_one_patient": _text(max((one.minutes for one in patients), default=Decimal(0))),
    }


def _compliance(patients: Sequence[Patient]) -> Document:
    by_site: dict[str, list[Compliance]] = defaultdict(list)
    for one in patients:
        by_site[one.site].append(one.compliance)
    return {
        "all": _counts(total(one.compliance for one in patients)),
        "by_site": {site: _counts(total(found)) for site, found in sorted(by_site.items())},
    }


def _profiles(patients: Sequence[Patient]) -> Document:
    by_profile: dict[str, list[Patient]] = defaultdict(list)
    for one in patients:
        by_profile[one.profile].append(one)
    return {
        profile: {
            "patients": len(found),
            "messages_per_patient": _text(_mean(sum(one.messages for one in found), len(found))),
            **_counts(total(one.compliance for one in found)),
        }
        for profile, found in sorted(by_profile.items())
    }


def _mean(whole: Decimal | int, of: Decimal | int, digits: Decimal = Decimal("0.1")) -> Decimal | None:
    return (Decimal(whole) / of).quantize(digits, ROUND_HALF_UP) if of else None


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def lines(found: Mapping[str, Any]) -> list[str]:
    """The document in a few lines for a terminal."""
    assessments, messages, flares = found["assessments"], found["messages"], found["flares"]
    burden, protocol = found["burden"], found["protocol"]
    weekly = "" if flares["per_week_and_site"] is None else f", {flares['per_week_and_site']} a week and site"
    money = f", {messages['cost']} at {messages['price_per_segment']} a segment (in the money of --price-per-segment)"
    cost = "" if messages["cost"] is None else money
    return [
        f"{protocol['id']} {protocol['version']}: {counted(found['patients'], 'patient')} at "
        f"{counted(found['sites'], 'site')}, "
        f"{found['start']} to {found['end']}, seed {found['seed']}",
        f"assessments  {assessments['expected']} expected, {assessments['completed']} completed "
        f"({assessments['late']} of them late), {assessments['partial']} partial, {assessments['missed']} missed, "
        f"{assessments['excused']} excused: "
        f"{assessments['compliance']} %",
        f"messages     {messages['sent']} sent ({messages['to_staff']} of them to staff), "
        f"{messages['per_patient']['mean']} a patient "
        f"({messages['per_patient']['least']} to {messages['per_patient']['most']}), "
        f"{messages['per_patient_and_day']['mean']} a patient and day; {messages['segments']} segments{cost}",
        f"flares       {counted(flares['episodes'], 'episode')}{weekly}",
        f"burden       {burden['minutes_per_patient_and_week']} minutes a patient and week",
        f"happened     {_listed({HAPPENED.get(name, name): n for name, n in found['happened'].items()})}",
        f"provider     {_listed(found['provider']['faults'])}",
        f"kills        {_listed(found['provider']['kills'])}",
        "",
        *(_line(one) for one in found["guarantees"]),
        "",
        _verdict(found),
    ]


def _verdict(found: Mapping[str, Any]) -> str:
    said = "No guarantee was broken." if found["holds"] else "A GUARANTEE WAS BROKEN."
    n = len(not_looked_at(found))
    return f"{said} Not looked at, for want of an occasion: {n} of {len(found['guarantees'])}." if n else said


def not_looked_at(found: Mapping[str, Any]) -> list[str]:
    """Guarantees of which nothing can be said: what they speak of did not come up."""
    return [one["key"] for one in found["guarantees"] if not one["checked"]]


def counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items()) or "nothing"


def _line(one: Mapping[str, Any]) -> str:
    if not one["checked"]:
        return f"–       {one['what']}: not looked at"
    if not one["broken"]:
        return f"holds   {one['what']}: {one['checked']} checked"
    return f"BROKEN  {one['what']}: {one['broken']} of {one['checked']}, such as {'; '.join(one['examples'])}"
