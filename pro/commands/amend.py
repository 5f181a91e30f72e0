"""`pro protocol amend`: what a new version does to each patient, and its approval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import click
from sqlmodel import select

from pro.cli import Wrong
from pro.commands.opened import ready
from pro.domain.schedule import Planned
from pro.library import Unknown
from pro.services import amending, amending_patients
from pro.services.amended import Amended, Item, Numbers
from pro.services.amending import NotAmended, Wanted
from pro.services.amending_patients import Approved
from pro.services.parts import Parts
from pro.store import staff
from pro.store.tables import Study
from pro.web.amendment_views import Speaker, summary
from pro.web.words import say


@click.command("amend")
@click.argument("protocol_id", metavar="ID")
@click.option("--to", "version", required=True, help="The version that takes the place of the earlier ones.")
@click.option("--study", help="Code of the study, where several follow the protocol.")
@click.option("--preview", "only_preview", is_flag=True, help="Only show what it does to each patient.")
@click.option("--by", "login", help="Login of who approves: an investigator of all sites.")
@click.option("--reason", help="Why; it stands in the trail.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def amend(
    protocol_id: str,
    version: str,
    study: str | None,
    only_preview: bool,
    login: str | None,
    reason: str | None,
    as_json: bool,
) -> None:
    """Take a study over to another version: patient by patient, what has no answer and no sent message.

    What has one stays as it is. Broken off, the same call continues it; nobody gets it twice.
    """
    parts = ready()
    found = find_study(parts, protocol_id, study)
    try:
        if only_preview:
            show(parts, found, version, as_json)
        else:
            said = approve(parts, found, version, login, reason)
            click.echo(json.dumps(as_plain(found, said)) if as_json else in_words(said))
    except NotAmended as refusal:
        raise Wrong(f"not amended: {refusal}") from None


def find_study(parts: Parts, protocol_id: str, code: str | None) -> Study:
    try:
        parts.library.latest_protocol(protocol_id)
    except Unknown as unknown:
        raise Wrong(f"ID: {unknown}") from None
    with parts.study.reading() as session:
        following = session.exec(select(Study).where(Study.protocol == protocol_id)).all()
    found = [one for one in following if code in (None, one.code)]
    if len(found) > 1:
        raise Wrong(f"--study: {', '.join(one.code for one in found)} follow {protocol_id}: say which")
    if not found:
        there = ", ".join(one.code for one in following) or "none yet: pro study create"
        raise Wrong(f"--study: no study {code or ''} follows {protocol_id}; there is {there}".replace("  ", " "))
    return found[0]


def approve(parts: Parts, study: Study, version: str, login: str | None, reason: str | None) -> Approved:
    if login is None or reason is None:
        raise Wrong("--by and --reason: say who approves it and why, or --preview to look first")
    with parts.study.reading() as session:
        person = staff.by_login(session, login.strip().lower())
    if person is None or not person.active:
        raise Wrong(f"--by: there is no active account {login!r}: give the login of a member of staff")
    assert study.id is not None
    return amending.approve(parts, person.id, study.id, version, reason, parts.clock.now())


def in_words(said: Approved) -> str:
    done = f"version {said.version}: {say('amendment.sum', 'en', n=said.numbers.patients)}: {counts(said.numbers)}"
    return f"{done}; it had been carried out before, nothing was changed" if said.already else done


def as_plain(study: Study, said: Approved) -> dict[str, object]:
    done = {"study": study.code, "to": said.version, "already": said.already, "left": said.left}
    return done | {name: getattr(said.numbers, name) for name in amending_patients.SUMS}


# --- the preview


def show(parts: Parts, study: Study, version: str, as_json: bool) -> None:
    """Written as it is worked out: memory does not grow with the study."""
    moment = parts.clock.now()
    with parts.study.reading() as session:
        asked = amending.wanted(parts, session, study, version, moment)
    found = amending.preview(parts, asked, moment)
    if as_json:
        show_json(asked, found)
        return
    total = Numbers()
    for one in found:
        total += one.numbers
        click.echo(f"{one.patient.number}: {counts(one.numbers)}; times in {one.patient.zone}")
        for line in lines(parts, asked, one):
            click.echo(f"  {line}")
    click.echo(f"{say('amendment.sum', 'en', n=total.patients)}: {counts(total)}")


def show_json(asked: Wanted, found: Iterator[Amended]) -> None:
    head = {"study": asked.study.code, "protocol": asked.to.id, "from": list(asked.earlier), "to": asked.to.version}
    click.echo(json.dumps(head)[:-1] + ', "patients": [', nl=False)
    total = Numbers()
    for one in found:
        click.echo((", " if total.patients else "") + json.dumps(plain_patient(one)), nl=False)
        total += one.numbers
    click.echo(f'], "totals": {json.dumps(plain_numbers(total))}}}')


def counts(numbers: Numbers) -> str:
    """As the desk says it: what moves, and what keeps its day and is reminded at other times, apart."""
    return "; ".join(summary(numbers, "en")) or "nothing to carry over"


def lines(parts: Parts, asked: Wanted, one: Amended) -> Iterator[str]:
    """As the desk says it: like days in a row are one line, by the patient's clocks."""
    before = parts.library.protocol(asked.to.id, one.patient.protocol_version)
    for line in Speaker(asked.to, before, one.patient.zone, parts.clock.now().study, "en").lines(one.items):
        yield f"{line.what}: {line.said}"


def plain_numbers(numbers: Numbers) -> dict[str, int]:
    return {name: getattr(numbers, name) for name in Numbers.__slots__}


def plain_patient(one: Amended) -> dict[str, object]:
    items = [plain_item(item) for item in one.items]
    return {"patient": one.patient.number, "from": one.patient.protocol_version, "assessments": items}


def plain_item(item: Item) -> dict[str, object]:
    said: dict[str, object] = {"timepoint": item.timepoint, "day": item.day.isoformat()}
    said |= {"kind": item.kind, "why": item.why}
    if item.kind == "stays":
        return said
    steps = [{"step": one.step, "kind": one.kind, "from": _or(one.before), "to": _or(one.after)} for one in item.steps]
    return said | {"from": plain_window(item.before), "to": plain_window(item.after), "reminders": steps}


def plain_window(one: Planned | None) -> dict[str, str | None] | None:
    if one is None:
        return None
    known = {"day": one.day.isoformat(), "opens_at": _or(one.opens_at), "closes_at": _or(one.closes_at)}
    return known | {"late_until": _or(one.late_until)}


def _or(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%Y-%m-%dT%H:%M:%SZ}"


commands = (amend,)
