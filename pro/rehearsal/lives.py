"""What simulated patients do: come in, and answer or not. What happens to them once: `turns`; which forms no calendar
from day 0 holds: `unforeseen`."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from pro.clock import Moment
from pro.domain import zones
from pro.domain.assessment import Instants, end
from pro.domain.protocol import Timepoint
from pro.domain.schedule import Planned, plan
from pro.rehearsal.answers import as_saved, day_of
from pro.rehearsal.examinations import plan_examination, plan_examinations
from pro.rehearsal.people import AT_WEEKENDS, BEFORE, HABITS, Person, Profile
from pro.rehearsal.play import Act, Play, code_of
from pro.rehearsal.provider import LINK
from pro.rehearsal.turns import Gap, is_away, plan_turns, seat
from pro.rehearsal.unforeseen import days_of_reports, made_since
from pro.services import answering, enrolment
from pro.services.answering import Save, Started, Waiting

FIRST = (0.4, 0.8)
SAVED_TWICE, SENT_TWICE = 0.02, 0.02
QUICK = 3.0
"""Of the logarithm of minutes from a text to the diary: twenty minutes in the middle."""


@dataclass
class Life:
    """One patient as the rehearsal knows them."""

    play: Play
    person: Person
    patient_id: int
    number: str
    token: str = field(repr=False)
    """Of the newest link they got outside of a text."""
    phone: int = 0
    """Which of their telephones they use."""
    gone: bool = False
    sittings: int = 0
    zone: str = ""
    """Whose clocks they live by today."""
    gaps: list[Gap] = field(default_factory=list)
    """When they are away."""
    expected: set[int] = field(default_factory=set)
    """Assessments of forms that waited for a visit or an event, which they know of."""

    @property
    def telephone(self) -> str:
        return self.person.number(self.phone)

    def expect(self, moment: Moment) -> None:
        """Something happened that a form may have waited for: plans when they sit down for what it brought."""
        for id_, one in made_since(self.play, self.patient_id, self.zone, self.expected):
            self.expected.add(id_)
            _plan_sitting(self, one, moment.study)
            plan_examination(self, self.play.brief.protocol.timepoint(one.timepoint), one.day)


def come_in(play: Play, lives: dict[int, Life]) -> None:
    """Plans everybody's enrolment, in the morning before day 0."""
    for person in play.brief.people:
        dice = person.dice("enrolment")
        at = datetime.combine(person.day0 - BEFORE, time(9, dice.randrange(5, 55)), zones.zone(person.zone))
        play.plan(at, _enrolment(play, person, lives))


def _enrolment(play: Play, person: Person, lives: dict[int, Life]) -> Act:
    def enrol(moment: Moment) -> None:
        protocol, code = play.brief.protocol, code_of(person.site)
        made = enrolment.enrol(
            play.parts,
            play.staff[f"coordinator-{code.lower()}"],
            play.site_ids[person.site],
            criteria={criterion.key: True for criterion in protocol.criteria},
            screening_value=min(100, int(protocol.screening.above) + 5 + person.n % 40),
            name=person.name,
            phone=person.number(),
            day0=person.day0,
            zone=person.zone,
            language=person.language,
            moment=moment,
        )
        assert isinstance(made, enrolment.Enrolled), made
        token = LINK.search(made.first_link)
        assert token is not None
        life = Life(play, person, made.patient_id, made.number, token.group(2), zone=person.zone)
        lives[made.patient_id] = life
        play.telephones[made.patient_id] = [life.telephone]
        enrolment.send_test(play.parts, made.patient_id, moment)
        plan_turns(life)
        _plan_sittings(life, moment.study)
        _plan_reports(life)
        plan_examinations(life)

    return enrol


def _plan_sittings(life: Life, now: datetime) -> None:
    protocol, person = life.play.brief.protocol, life.person
    lived = {zone: plan(protocol, person.day0, zones.zone(zone)) for zone in person.zones}
    for one in (one for zone, planned in lived.items() for one in planned if person.clocks(one.day) == zone):
        _plan_sitting(life, one, now)


def _plan_sitting(life: Life, one: Planned, now: datetime) -> None:
    person = life.person
    if one.respondent != "patient" or (meant := when(person, one, now)) is None:
        return
    if (at := seat(life.gaps, one, meant)) is not None:
        half = person.dice("half", one.timepoint, one.day).random() < HABITS[person.profile].half
        life.play.plan(at, _sitting(life, half))


def _plan_reports(life: Life) -> None:
    """When they open a form themselves."""
    for timepoint, day in days_of_reports(life.play.brief.protocol, life.person):
        dice = life.person.dice("reported", timepoint.key, day)
        clock = time(dice.randrange(9, 21), dice.randrange(60))
        at = datetime.combine(day, clock, zones.zone(life.person.clocks(day)))
        if not _has_left(life.person, day) and not is_away(life.gaps, at):
            life.play.plan(at, _reporting(life, timepoint))


def when(person: Person, one: Planned, enrolled_at: datetime) -> datetime | None:
    """When this patient sits down for an assessment; None where they do not."""
    dice, habits = person.dice("when", one.timepoint, one.day), HABITS[person.profile]
    fills = dice.random() < (AT_WEEKENDS if _weekend(person, one.day) else habits.fills)
    texts = [step.at for step in one.reminders if step.at > enrolled_at] or [max(one.opens_at, enrolled_at)]
    late, last, early = (dice.random() < share for share in (habits.next_morning, habits.at_last, habits.early))
    if not fills or _has_left(person, one.day):
        return None
    over = end(Instants(one.opens_at, one.closes_at, one.late_until))
    if late and one.late_until is not None:
        return one.late_until - timedelta(minutes=dice.randrange(20, 220))
    if early and texts[0] - one.opens_at > timedelta(hours=8):
        return max(enrolled_at, texts[0] - timedelta(minutes=dice.randrange(20, 300)))
    seconds = round(60 * min(dice.lognormvariate(QUICK, 1.0), 240.0))
    return min((texts[-1] if last else texts[0]) + timedelta(seconds=seconds), over - timedelta(minutes=1))


def _weekend(person: Person, day: date) -> bool:
    return person.profile is Profile.WEEKEND and day.weekday() >= 5


def _has_left(person: Person, day: date) -> bool:
    return person.profile is Profile.DROPS_OUT and (day - person.day0).days >= person.changes_on


def _sitting(life: Life, half: bool) -> Act:
    """Opens the newest link on the phone and fills what waits there; nothing happens without a link that opens."""

    def sit(moment: Moment) -> None:
        play = life.play
        token = play.provider.newest_link(life.telephone, life.number) or life.token
        view = answering.open_link(play.parts, token, moment)
        if view.status != "ready":
            play.happened[f"link {view.status}"] += 1
            return
        life.sittings += 1
        for waiting in view.waiting:
            _fill(life, token, waiting, half, moment)
        life.expect(moment)

    return sit


def _reporting(life: Life, timepoint: Timepoint) -> Act:
    """Opens the newest link and there what nobody asked for, and fills it in."""

    def report(moment: Moment) -> None:
        play = life.play
        token = play.provider.newest_link(life.telephone, life.number) or life.token
        made = answering.report_now(play.parts, token, timepoint.key, moment)
        play.happened["opened" if made is not None else "opened refused"] += 1
        for waiting in answering.open_link(play.parts, token, moment).waiting:
            if waiting.assessment_id == made:
                _fill(life, token, waiting, half=False, moment=moment)
        life.expect(moment)

    return report


def _fill(life: Life, token: str, waiting: Waiting, half: bool, moment: Moment) -> None:
    play, parts = life.play, life.play.parts
    started = answering.start(parts, token, moment, assessment_id=waiting.assessment_id)
    if not isinstance(started, Started):
        return
    dice = life.person.dice("answers", waiting.timepoint, waiting.day)
    saves = _saves(life, waiting, dice, moment)
    kept = saves[: len(saves) // 2] if half else saves
    for _ in range(2 if dice.random() < SAVED_TWICE else 1):
        saved = answering.save(parts, started.session_token, waiting.assessment_id, kept, moment)
        assert not saved.refused, saved.refused
    play.given[waiting.assessment_id] = {one.item: one.value for one in kept}
    play.happened["begun and left" if half else "sent"] += 1
    for _ in range(0 if half else 2 if dice.random() < SENT_TWICE else 1):
        answering.submit(parts, started.session_token, waiting.assessment_id, moment)


def _saves(life: Life, waiting: Waiting, dice: random.Random, moment: Moment) -> list[Save]:
    person = life.person
    day = day_of(person, (waiting.day - person.day0).days, waiting.day)
    client, offset = f"phone {life.sittings}", _offset(moment, life.zone)
    given = [
        (f"{one.id}.{key}", answer)
        for one in waiting.questionnaires
        for key, answer in life.play.respondent.answers(one, day, dice).items()
    ]
    return [
        Save(client, seq, item, answer.code, as_saved(answer), moment.study, offset)
        for seq, (item, answer) in enumerate(given, start=1)
    ]


def _offset(moment: Moment, zone: str) -> int:
    offset = moment.study.astimezone(zones.zone(zone)).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)
