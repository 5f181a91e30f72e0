"""`pro extend`: a window ends later, by a decision that the trail keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click
from sqlmodel import select

from pro.cli import Wrong
from pro.commands.days import read_day
from pro.commands.opened import ready
from pro.commands.patient import find_site
from pro.services import extending
from pro.services.enrolment import COMMAND_LINE
from pro.services.extending import Which
from pro.services.parts import Parts
from pro.store.tables import Patient, Site, Study


@click.command()
@click.option("--site", required=True, help="Code of the site: all its open windows, unless said which.")
@click.option("--study", help="Code of the study, where there are several.")
@click.option("--patient", help="Study number of one patient.")
@click.option("--timepoint", help="Key of one timepoint, such as diary.")
@click.option("--day", help="Its target day (YYYY-MM-DD).")
@click.option("--until", required=True, help="New end, with offset: 2026-04-16T18:00+02:00 or …Z.")
@click.option("--reason", required=True, help="Why; it stands in the trail.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def extend(
    site: str,
    study: str | None,
    patient: str | None,
    timepoint: str | None,
    day: str | None,
    until: str,
    reason: str,
    as_json: bool,
) -> None:
    """Let open windows end later, for one patient or, after an outage, for a whole site. Closed ones stay closed."""
    end = read_until(until)
    parts = ready()
    found = find_site(parts, study, site)
    assert found.id is not None
    if timepoint is not None:
        check_timepoint(parts, found, timepoint)
    if patient is not None:
        check_patient(parts, found, patient)
    which = Which(found.id, patient, timepoint, read_day("--day", day) if day else None)
    try:
        done = extending.extend(parts, COMMAND_LINE.actor, which, end, reason, parts.clock.now())
    except ValueError as wrong:
        raise Wrong(f"not extended: {wrong}") from None
    if as_json:
        rows = [{"patient": one.number, "timepoint": one.timepoint, "day": one.day.isoformat()} for one in done]
        click.echo(json.dumps({"extended": rows}))
    else:
        for one in done:
            click.echo(f"{one.number} {one.timepoint} {one.day}: {one.planned:%Y-%m-%dT%H:%MZ} → {end:%Y-%m-%dT%H:%MZ}")
    if not done:
        click.echo("nothing to extend: no such window is open, or each ends later anyway", err=True)
        raise SystemExit(1)


def check_patient(parts: Parts, site: Site, number: str) -> None:
    """A patient of that number takes part at this site."""
    with parts.study.reading() as session:
        wanted = select(Patient.site_id).where(Patient.study_id == site.study_id, Patient.number == number)
        at = session.exec(wanted).one_or_none()
    if at is None:
        raise Wrong(f"--patient: there is no patient {number!r}")
    if at != site.id:
        raise Wrong(f"--patient: {number} is not a patient of site {site.code}")


def check_timepoint(parts: Parts, site: Site, timepoint: str) -> None:
    """It stands in some version of the protocol of the site's study."""
    with parts.study.reading() as session:
        study = session.get_one(Study, site.study_id)
    versions = (each for each in parts.library.protocols() if each.id == study.protocol)
    keys = dict.fromkeys(one.key for each in versions for one in each.timepoints)
    if timepoint not in keys:
        raise Wrong(f"--timepoint: there is no timepoint {timepoint!r}; there are {', '.join(keys)}")


def read_until(text: str) -> datetime:
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(f"--until: {text!r} is no instant: write 2026-04-16T18:00+02:00, or with Z for UTC") from None
    if end.tzinfo is None:
        raise Wrong(f"--until: {text!r} has no offset: write 2026-04-16T18:00+02:00, or with Z for UTC")
    return end.astimezone(UTC)


commands = (extend,)
