"""Flares: what the rules made of a day, the episode it opens, and who is told.

Every verb here but `tick` works inside the transaction of the save, submission or closing that brought the answers;
the patient's row is locked there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

import msgspec
from sqlmodel import col, select

from pro.clock import Moment
from pro.domain import flare_days, flares
from pro.domain.answers import check
from pro.domain.chain import canonical
from pro.domain.flare_days import LookBack
from pro.domain.flare_rules import Creep, Emergency, FlareRule, Jump, Level
from pro.domain.flares import Evaluation, History
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Item, Questionnaire, Value
from pro.services.audit import WORKER, lock_patient, record
from pro.services.parts import Parts
from pro.store import flares as store
from pro.store import sittings
from pro.store.engine import Connected
from pro.store.sittings import Found
from pro.store.tables import Flare

LOOK_BACK = timedelta(days=60)
"""How far back a rule may see, beside its reference days: bounds the rows that a submission reads."""

NO_MORE_HITS = "days-without-a-hit"
"""Why an episode ended by itself."""

Events = list[tuple[str, Mapping[str, object]]]
Recorded = Mapping[str, Mapping[str, Value]]
"""What this assessment recorded: questionnaire → item → value."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule said of one patient-day."""

    day: date
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose day is judged; `flare_id` is the open episode."""

    patient_id: int
    site_id: int
    day0: date
    day: date
    flare_id: int | None


def judge(
    parts: Parts,
    session: Connected,
    protocol: Protocol,
    questionnaires: Sequence[Questionnaire],
    who: Concerned,
    recorded: Recorded,
) -> tuple[Judged, ...]:
    """What every rule that reads these questionnaires says of this day, and of recorded days after it.

    A rule that looks back is judged again for the days after a late one; the others see their own day only.
    """
    ids = {questionnaire.id for questionnaire in questionnaires}
    rules = [rule for rule in protocol.flare_rules if rule.questionnaire in ids]
    values = _history(parts, session, rules, who)
    for questionnaire, answers in recorded.items():
        for item, value in answers.items():
            values.setdefault((questionnaire, item), {})[who.day] = value
    history = History(values)
    return tuple(
        Judged(day, flares.judge(rule, history, day, who.day0)) for rule in rules for day in _days(rule, history, who)
    )


def _days(rule: FlareRule, history: History, who: Concerned) -> tuple[date, ...]:
    if not isinstance(rule, Jump | Level | Creep):
        return (who.day,)
    return flare_days.days_to_judge(who.day, history.values.get((rule.questionnaire, rule.item), {}))


def _history(
    parts: Parts, session: Connected, rules: Iterable[FlareRule], who: Concerned
) -> dict[tuple[str, str], dict[date, Value]]:
    looking_back = [rule for rule in rules if isinstance(rule, Jump | Level | Creep)]
    values: dict[tuple[str, str], dict[date, Value]] = {}
    if not looking_back:
        return values
    wanted = {(rule.questionnaire, rule.item) for rule in looking_back}
    references = [rule for rule in looking_back if isinstance(rule, Creep)]
    first = min((rule.reference_first for rule in references), default=0)
    last = max((rule.reference_last for rule in references), default=0)
    rows = sittings.history(
        session,
        who.patient_id,
        sorted({questionnaire for questionnaire, _ in wanted}),
        who.day - LOOK_BACK,
        (who.day0 + timedelta(days=first), who.day0 + timedelta(days=last)),
    )
    values = {key: {} for key in sorted(wanted)}
    asked: dict[tuple[str, str], list[tuple[Item, dict[date, Value]]]] = {}
    far = LookBack(looking_back, who.day, who.day0)
    for day, of_day in groupby(reversed(rows), key=lambda row: row.day):
        if not far.needs(day):  # most of a long diary: it need not even be taken apart
            continue
        for id_, version, _, answers in reversed(list(of_day)):
            if (id_, version) not in asked:
                items = parts.library.questionnaire(id_, version).items
                asked[id_, version] = [(item, values[key]) for item in items if (key := (id_, item.key)) in values]
            _enter(day, msgspec.json.decode(answers), asked[id_, version])
        far.saw(day, values)
    return values


def _enter(day: date, answers: Mapping[str, object], asked: Iterable[tuple[Item, dict[date, Value]]]) -> None:
    """A response's answers to these items; a corrected response takes the place of the one before it."""
    for item, days in asked:
        answer = answers.get(item.key)
        days.pop(day, None)
        if isinstance(answer, dict) and answer.get("code") == "answered":
            days[day] = check(item, answer["value"])


def evaluation_text(judged: Iterable[Judged], protocol: Protocol, questionnaire: str) -> str | None:
    """The evaluations of the rules that read this questionnaire, as canonical JSON for its response."""
    keys = {rule.key for rule in protocol.flare_rules if rule.questionnaire == questionnaire}
    mine = [_payload(one) for one in judged if one.evaluation.rule in keys]
    return canonical(mine).decode() if mine else None


def _payload(judged: Judged) -> dict[str, object]:
    evaluation = judged.evaluation
    return {
        "rule": evaluation.rule,
        "version": evaluation.version,
        "day": judged.day,
        "result": evaluation.result,
        "inputs": evaluation.inputs,
        "baseline": evaluation.baseline,
        "n": evaluation.n,
        "why": evaluation.why,
    }


def raise_hits(
    session: Connected, protocol: Protocol, who: Concerned, judged: Iterable[Judged], moment: Moment
) -> Events:
    """Enters every hit into the patient's episode, opening one if none is open; gives the audit events.

    The first on the site's duty list is told when an episode opens, and again of an emergency in an open one: that
    it was looked at before says nothing of a fever that came since. A hit is never taken back.
    """
    hits = [one for one in judged if one.evaluation.result == flares.HIT]
    if not hits:
        return []
    flare_id, opened = who.flare_id, False
    if flare_id is None:
        flare_id = _open(session, protocol, who, hits, moment)
        opened = flare_id is not None
        # the row read before the lock may not show an episode that another save has just opened
        flare_id = flare_id or store.open_id(session, who.patient_id)
        if flare_id is None:
            return []
    added = store.add_triggers(session, [_trigger(flare_id, hit, moment) for hit in hits])
    _tell_of(session, protocol, who, flare_id, added, moment, opened=opened)
    new = [hit for hit in hits if (hit.evaluation.rule, hit.day) in added]
    kind = "flare.opened" if opened else "flare.triggered"
    return [(kind, {"flare": flare_id, "triggers": [_payload(hit) for hit in new]})] if new else []


def _tell_of(
    session: Connected,
    protocol: Protocol,
    who: Concerned,
    flare_id: int,
    added: Collection[tuple[str, date]],
    moment: Moment,
    *,
    opened: bool,
) -> None:
    urgent = [day for rule, day in added if rule in emergencies(protocol)]
    if not opened and not added:
        return
    newest = max(day for _, day in added) if added else who.day
    if not opened and not urgent:
        store.move_last_hit(session, flare_id, newest)
        return
    if not opened:
        store.ask_again(session, flare_id, newest, moment.study + protocol.duty_delay)
    store.tell(
        session,
        key=f"flare:{flare_id}:1" if opened else f"flare:{flare_id}:now:{max(urgent)}",
        patient_id=who.patient_id,
        site_id=who.site_id,
        rank=1,
        at=moment.study,
        urgent=bool(urgent),
    )


def emergencies(protocol: Protocol) -> frozenset[str]:
    """Keys of the rules whose hit cannot wait."""
    return frozenset(rule.key for rule in protocol.flare_rules if isinstance(rule, Emergency))


def _open(session: Connected, protocol: Protocol, who: Concerned, hits: Sequence[Judged], moment: Moment) -> int | None:
    return store.open_episode(
        session,
        patient_id=who.patient_id,
        site_id=who.site_id,
        hits=[(hit.evaluation.rule, hit.day) for hit in hits],
        at=moment.study,
        next_tell_at=moment.study + protocol.duty_delay,
    )


def _trigger(flare_id: int, hit: Judged, moment: Moment) -> dict[str, object]:
    evaluation = hit.evaluation
    return {
        "flare_id": flare_id,
        "rule": evaluation.rule,
        "rule_version": evaluation.version,
        "day": hit.day,
        "at": moment.study,
        "inputs": canonical(evaluation.inputs).decode(),
        "baseline": None if evaluation.baseline is None else format(evaluation.baseline, "f"),
        "n": evaluation.n,
        "result": evaluation.result,
    }


def end_if_over(
    session: Connected, protocol: Protocol, episode: Found, recorded_days: Iterable[date], moment: Moment
) -> Events:
    """Ends the episode (as `open_episode_of` found it) after the protocol's number of recorded days without a hit."""
    if not flare_days.episode_over(episode.last_hit_day, recorded_days, protocol.episode_days):
        return []
    store.end_episode(session, episode.id, moment.study, NO_MORE_HITS)
    return [("flare.ended", {"flare": episode.id, "why": NO_MORE_HITS, "last_hit_day": episode.last_hit_day})]


def tick(parts: Parts, moment: Moment) -> int:
    """Tells the next on the duty list of each episode that nobody acknowledged in time. Gives how many were told."""
    with parts.study.plain_reading() as session:
        late = store.to_escalate(session, moment.study)
    return sum(_escalate(parts, flare_id, patient_id, moment) for flare_id, patient_id in late)


def _escalate(parts: Parts, flare_id: int, patient_id: int, moment: Moment) -> bool:
    with parts.study.writing() as session:
        patient = lock_patient(session, patient_id)
        row = session.exec(select(Flare).where(col(Flare.id) == flare_id)).one()
        due = row.next_tell_at is not None and row.next_tell_at <= moment.study
        if row.acknowledged_at or row.ended_at or not due:
            return False
        further = [rank for rank in store.duty_ranks(session, row.site_id) if rank > row.told_rank]
        row.next_tell_at = None
        session.add(row)
        if not further:
            return False
        protocol = parts.library.protocol(patient.protocol, patient.protocol_version)
        row.told_rank = further[0]
        row.next_tell_at = moment.study + protocol.duty_delay
        urgent = store.newest_hit(session, flare_id, emergencies(protocol))
        told = store.tell(
            session,
            key=f"flare:{flare_id}:now:{urgent}:{further[0]}" if urgent else f"flare:{flare_id}:{further[0]}",
            patient_id=patient_id,
            site_id=row.site_id,
            rank=further[0],
            at=moment.study,
            urgent=urgent is not None,
        )
        record(session, patient, "flare.escalated", {"flare": flare_id, "rank": further[0]}, WORKER, moment.study)
        return told
