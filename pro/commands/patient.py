"""`pro patient enrol`: what the enrolment page does, for scripts."""

from __future__ import annotations

import json
import sys

import click
from sqlmodel import col, select

from pro.cli import Family, Wrong
from pro.commands.days import read_day
from pro.commands.opened import ready
from pro.domain.questionnaire import english
from pro.services import enrolment
from pro.services.enrolment import COMMAND_LINE, Enrolled, Ineligible
from pro.services.parts import Parts
from pro.store.tables import Site, Study


@click.group(cls=Family)
def patient() -> None:
    """Patients of the study."""


@patient.command()
@click.option("--site", required=True, help="Code of the site.")
@click.option("--study", help="Code of the study, where there are several.")
@click.option("--ticked", required=True, help="Keys of the criteria that were checked, with commas, or `all`.")
@click.option("--pain", required=True, type=int, help="Pain of the last 48 hours, 0 to 100, as typed in.")
@click.option("--asked-on", help="The day the pain was asked (YYYY-MM-DD); left out, today or the day before day 0.")
@click.option("--day0", required=True, help="Day 0 (YYYY-MM-DD), today up to 14 days ahead.")
@click.option("--zone", help="Time zone; left out, the site's.")
@click.option("--language", default="fr", show_default=True, help="Language of pages and messages.")
@click.option("--person-stdin", is_flag=True, help="Read name and mobile from standard input, a line each.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def enrol(
    site: str,
    study: str | None,
    ticked: str,
    pain: int,
    asked_on: str | None,
    day0: str,
    zone: str | None,
    language: str,
    person_stdin: bool,
    as_json: bool,
) -> None:
    """Enrol one person. Name and mobile are asked for, never given as options: those stay in a shell's history."""
    parts = ready()
    moment = parts.clock.now()
    found = find_site(parts, study, site)
    assert found.id is not None
    name, phone = read_person(person_stdin)
    outcome = enrolment.enrol(
        parts,
        COMMAND_LINE,
        found.id,
        criteria=read_ticked(parts, enrolment.place(parts, found.id, moment), ticked),
        screening_value=pain,
        name=name,
        phone=phone,
        day0=read_day("--day0", day0),
        zone=zone or found.zone,
        language=language,
        moment=moment,
        screened_on=read_day("--asked-on", asked_on) if asked_on else None,
    )
    tell(outcome, as_json)
    if isinstance(outcome, Enrolled) and (others := enrolment.sharing(parts, outcome.patient_id)):
        click.echo(
            f"warning: this mobile is also that of {', '.join(others)} at this site: is it the same person?", err=True
        )


def tell(outcome: Enrolled | Ineligible, as_json: bool) -> None:
    """Says what came of it; exit code 1 where the person may not take part."""
    if isinstance(outcome, Ineligible):
        for one in outcome.unmet:
            click.echo(f"not eligible: {one.key}: {english(one.text)}", err=True)
        raise SystemExit(1)
    if as_json:
        click.echo(json.dumps({"number": outcome.number, "link": outcome.first_link}))
    else:
        click.echo(f"{outcome.number}\n{outcome.first_link}")


def find_site(parts: Parts, study: str | None, code: str) -> Site:
    with parts.study.reading() as session:
        wanted = select(Site).join(Study).where(Site.code == code)
        found = session.exec(wanted if study is None else wanted.where(Study.code == study)).all()
        codes = session.exec(select(Site.code).order_by(col(Site.code))).all()
    if len(found) == 1:
        return found[0]
    if found:
        raise Wrong(f"--site: several studies have a site {code}: say which with --study")
    raise Wrong(f"--site: there is no site {code!r}; there is {', '.join(codes) or 'none yet'}")


def read_ticked(parts: Parts, where: enrolment.Place, given: str) -> dict[str, bool]:
    keys = {one.key for one in where.protocol.criteria}
    if given == "all":
        return dict.fromkeys(keys, True)
    ticked = {key.strip() for key in given.split(",") if key.strip()}
    if unknown := sorted(ticked - keys):
        raise Wrong(
            f"--ticked: {unknown[0]!r} is no criterion of {where.protocol.id}; they are {', '.join(sorted(keys))}"
        )
    return dict.fromkeys(ticked, True)


def read_person(from_stdin: bool) -> tuple[str, str]:
    if from_stdin:
        return sys.stdin.readline().strip(), sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise Wrong("name and mobile are asked for at a terminal: pipe them in with --person-stdin, a line each")
    name: str = click.prompt("Name", err=True)
    phone: str = click.prompt("Mobile", err=True)
    return name, phone


commands = (patient,)
