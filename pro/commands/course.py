"""`pro patient zone`, `hold`, `pause`, `resume`, `end` and `event`: what changes a patient's course through the study."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
from sqlmodel import select

from pro.cli import Wrong
from pro.commands.days import read_day
from pro.commands.opened import ready
from pro.domain.zones import UnknownZone
from pro.services import anchoring
from pro.services.enrolment import COMMAND_LINE
from pro.services.enrolment.holding import REASONS, NotNow, Stood
from pro.services.enrolment.holding import end as end_study
from pro.services.enrolment.holding import hold as hold_study
from pro.services.enrolment.holding import pause as pause_study
from pro.services.enrolment.holding import resume as resume_study
from pro.services.enrolment.journeys import plan_journey
from pro.services.enrolment.travelling import SameZone
from pro.services.parts import Parts
from pro.store.tables import Patient, Study

study_option = click.option("--study", help="Code of the study, where there are several.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
why_option = click.option("--why", required=True, type=click.Choice(REASONS), help="A reason as a code.")

HELD, NOT_HELD = "is on hold already", "is not on hold"
PAUSED, ENDED = "has that pause already", "is out of the study already"


@click.command()
@click.argument("number")
@click.argument("name", metavar="ZONE")
@click.option("--from", "first", metavar="DATE", help="The first day there, where it is to come (YYYY-MM-DD).")
@study_option
@json_option
def zone(number: str, name: str, first: str | None, study: str | None, as_json: bool) -> None:
    """The patient lives by the clocks of ZONE, from the next patient-day not yet open, or from a day that is known."""
    parts = ready()
    day = read_day("--from", first) if first else None
    try:
        patient_id = find_patient(parts, study, number)
        seen = plan_journey(parts, COMMAND_LINE, patient_id, name, day, parts.clock.now())
    except (UnknownZone, SameZone) as refusal:
        raise Wrong(f"ZONE: {refusal}") from None
    except NotNow as refusal:
        raise Wrong(f"--from: {refusal}" if first else str(refusal)) from None
    said = {"number": number, "zone": seen.zone, "from_day": seen.from_day.isoformat()}
    became = "planned anew" if seen.at_once else "will be planned anew when the day comes"
    plain = f"{number}: {seen.zone} from {seen.from_day}; {seen.assessments} assessments {became}"
    other = seen.instead_of
    back = None if other is None else {"zone": other.zone, "from_day": other.from_day.isoformat()}
    if other is not None:
        plain += f"; the journey to {other.zone} from {other.from_day} is taken back"
    told = {"assessments": seen.assessments, "at_once": seen.at_once, "taken_back": back}
    click.echo(json.dumps(said | told) if as_json else plain)


@click.command()
@click.argument("number")
@why_option
@study_option
@json_option
def hold(number: str, why: str, study: str | None, as_json: bool) -> None:
    """Holds the study for a patient: no reminders, what is not filled is excused, until `resume`."""
    _stand(
        study, number, as_json, lambda parts, id_: hold_study(parts, COMMAND_LINE, id_, why, parts.clock.now()), HELD
    )


@click.command()
@click.argument("number")
@click.option("--from", "first", required=True, metavar="DATE", help="The first day (YYYY-MM-DD).")
@click.option("--to", "last", required=True, metavar="DATE", help="The last day.")
@why_option
@study_option
@json_option
def pause(number: str, first: str, last: str, why: str, study: str | None, as_json: bool) -> None:
    """Excuses what falls on these days, both included."""
    days = read_day("--from", first), read_day("--to", last)
    _stand(
        study,
        number,
        as_json,
        lambda parts, id_: pause_study(parts, COMMAND_LINE, id_, *days, why, parts.clock.now()),
        PAUSED,
    )


@click.command()
@click.argument("number")
@study_option
@json_option
def resume(number: str, study: str | None, as_json: bool) -> None:
    """Takes a hold back."""
    _stand(
        study, number, as_json, lambda parts, id_: resume_study(parts, COMMAND_LINE, id_, parts.clock.now()), NOT_HELD
    )


@click.command()
@click.argument("number")
@why_option
@study_option
@json_option
def end(number: str, why: str, study: str | None, as_json: bool) -> None:
    """Ends the study for a patient who does not withdraw: what was answered is used."""
    _stand(
        study, number, as_json, lambda parts, id_: end_study(parts, COMMAND_LINE, id_, why, parts.clock.now()), ENDED
    )


@click.command()
@click.argument("number")
@click.argument("name", metavar="EVENT", type=click.Choice(anchoring.REPORTED))
@click.option("--on", metavar="DATE", help="The day on which it happened (YYYY-MM-DD); left out, today.")
@study_option
@json_option
def event(number: str, name: str, on: str | None, study: str | None, as_json: bool) -> None:
    """Reports an event, such as dose-stopped: what the protocol counts from it is planned."""
    parts = ready()
    patient_id = find_patient(parts, study, number)
    try:
        day = read_day("--on", on) if on else None
        planned = anchoring.report(parts, COMMAND_LINE.actor, patient_id, name, parts.clock.now(), day)
    except anchoring.NotReported as refusal:
        raise Wrong(f"{'--on' if refusal.why == 'not-that-day' else 'NUMBER'}: {refusal}") from None
    said = {"number": number, "event": name, "assessments": planned}
    nothing = "" if planned else "; nothing more is counted from it by this patient's protocol"
    click.echo(json.dumps(said) if as_json else f"{number}: {name}; {planned} assessments planned{nothing}")


def find_patient(parts: Parts, study: str | None, number: str) -> int:
    """The patient of that study number."""
    with parts.study.reading() as session:
        wanted = select(Patient.id).join(Study).where(Patient.number == number)
        found = session.exec(wanted if study is None else wanted.where(Study.code == study)).all()
    if len(found) > 1:
        raise Wrong(f"NUMBER: several studies have a patient {number}: say which with --study")
    if not found or found[0] is None:
        raise Wrong(f"NUMBER: there is no patient {number!r}")
    return found[0]


def _stand(study: str | None, number: str, as_json: bool, do: Callable[[Parts, int], Stood], already: str) -> None:
    parts = ready()
    try:
        stood = do(parts, find_patient(parts, study, number))
    except NotNow as refusal:
        raise Wrong(str(refusal)) from None
    said = {"number": stood.number, "assessments": stood.assessments, "messages": stood.messages}
    if as_json:
        click.echo(json.dumps({**said, "already": stood.already}))
    elif stood.already:
        click.echo(f"{stood.number} {already}; nothing was changed")
    else:
        click.echo(f"{stood.number}: {stood.assessments} assessments changed, {stood.messages} messages dropped")


commands = (zone, hold, pause, resume, end, event)
