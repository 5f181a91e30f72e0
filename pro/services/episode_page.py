"""One flare episode with everything an investigator needs to say what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from sqlmodel import Session

from pro.clock import Moment
from pro.domain.assessment import State, state
from pro.domain.flare_rules import Emergency
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Item, Questionnaire
from pro.services import wording
from pro.services.episodes import (
    Flagged,
    FlareLine,
    Point,
    Trigger,
    curve,
    diaries,
    flare_line,
    kind_of,
    main_item,
    trigger_of,
)
from pro.services.parts import Parts
from pro.store import desk, desk_messages, trail
from pro.store.desk import Found
from pro.store.instants import instants_of

PAGE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Told:
    """A text that told somebody of the episode."""

    at: datetime
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Done:
    """What staff did: a review, what came of a safety flag (beside a review), the end of the episode, or a call."""

    at: datetime
    kind: str
    name: str
    outcome: str
    note: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the patient answered in one questionnaire on one day."""

    questionnaire: Questionnaire
    day: date
    answers: dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Episode:
    """Everything an investigator needs to say what it was."""

    line: FlareLine
    patient_id: int
    site_id: int
    protocol: Protocol
    opened_day: date
    outcome: str | None
    ended_at: datetime | None
    end_why: str | None
    others: tuple[Trigger, ...]
    """Rules of the newest day that were not hit, or could not be judged."""
    earlier: tuple[Trigger, ...]
    """Hits of the days before."""
    recorded: tuple[Recorded, ...]
    curve: tuple[Point, ...]
    curve_item: Item | None
    missed: tuple[date, ...]
    told: tuple[Told, ...]
    done: tuple[Done, ...]
    tells_further: bool
    """Somebody on the duty list is still to be told while nobody records a review."""

    @property
    def kind(self) -> Flagged:
        hits = self.line.triggers + self.earlier
        return kind_of({hit.key for hit in hits}, frozenset(hit.key for hit in hits if isinstance(hit.rule, Emergency)))

    @property
    def urgent(self) -> tuple[Trigger, ...]:
        """What is judged for the patient's safety, of all its days."""
        return tuple(hit for hit in self.line.triggers + self.earlier if isinstance(hit.rule, Emergency))


def episode(parts: Parts, flare_id: int, moment: Moment) -> Episode | None:
    """The episode of that id; None where there is none. Whether the reader may see it is asked by the caller."""
    now = moment.study
    with parts.study.reading() as session:
        row = desk.flare_with_patient(session, flare_id)
        if row is None:
            return None
        protocol = parts.library.protocol(row.protocol, row.protocol_version)
        since = row.last_hit_day - timedelta(days=PAGE_DAYS)
        recorded = desk.responses(session, [row.patient_id], since, row.last_hit_day, 4 * PAGE_DAYS)
        hits = [trigger_of(protocol, each) for each in desk.triggers(session, flare_id)]
        newest = tuple(hit for hit in hits if hit.day == row.last_hit_day)
        earlier = tuple(hit for hit in hits if hit.day != row.last_hit_day)
        questionnaire, item = main_item(protocol)
        points = curve(recorded, questionnaire, item)
        on_day = [each for each in recorded if each.day == row.last_hit_day]
        return Episode(
            line=flare_line(parts.library, row, [], points, now, newest, earlier),
            patient_id=row.patient_id,
            site_id=row.site_id,
            protocol=protocol,
            opened_day=row.opened_day,
            outcome=row.outcome,
            ended_at=row.ended_at,
            end_why=row.end_why,
            others=_others(protocol, recorded, row.last_hit_day, {hit.key for hit in newest}),
            earlier=earlier,
            recorded=_recorded(parts, on_day, moment),
            curve=points,
            curve_item=_item(parts, protocol, questionnaire, item, moment),
            missed=_missed(session, row.patient_id, protocol, since, row.last_hit_day, now),
            told=_told(session, row),
            done=_done(session, row),
            tells_further=_tells_further(session, row),
        )


def _recorded(parts: Parts, rows: Sequence[Found], moment: Moment) -> tuple[Recorded, ...]:
    newest = {row.questionnaire: row for row in rows}
    return tuple(
        Recorded(
            wording.questionnaire(parts, row.questionnaire, row.version, moment),
            row.day,
            msgspec.json.decode(row.answers),
        )
        for row in newest.values()
    )


def _others(protocol: Protocol, rows: Sequence[Found], day: date, hit: set[str]) -> tuple[Trigger, ...]:
    """What the rules made of that day without a hit, from the newest evaluation stored with a response."""
    found: dict[str, Trigger] = {}
    for row in rows:
        for each in msgspec.json.decode(row.evaluation) if row.evaluation else ():
            if each["day"] == day.isoformat() and each["rule"] not in hit:
                rule = next((one for one in protocol.flare_rules if one.key == each["rule"]), None)
                found[each["rule"]] = Trigger(
                    each["rule"], each["version"], rule, day, row.made_at, each["inputs"], each["baseline"],
                    each["n"], each["result"], each["why"],
                )  # fmt: skip
    return tuple(found[key] for key in sorted(found))


def _item(parts: Parts, protocol: Protocol, questionnaire: str, item: str, moment: Moment) -> Item | None:
    for timepoint in protocol.timepoints:
        for each in timepoint.questionnaires:
            if each.id == questionnaire:
                return wording.questionnaire(parts, each.id, each.version, moment).item(item)
    return None


def _missed(
    session: Session, patient_id: int, protocol: Protocol, since: date, until: date, now: datetime
) -> tuple[date, ...]:
    rows = desk.assessments_of(session, [patient_id], diaries(protocol))
    return tuple(row.day for row in rows if since <= row.day <= until and state(instants_of(row), now) is State.MISSED)


def _told(session: Session, row: Found) -> tuple[Told, ...]:
    texts = desk_messages.to_staff_about(session, row.patient_id, row.opened_at)
    mine = [text for text in texts if text.dedupe_key.startswith(f"flare:{row.id}:")]
    return tuple(Told(text.sent_at or text.due_at, text.staff_name or "", text.state) for text in mine)


def _tells_further(session: Session, row: Found) -> bool:
    if row.next_tell_at is None or row.acknowledged_at is not None or row.ended_at is not None:
        return False
    return any(each.rank > row.told_rank for each in desk.duty_lists(session, {row.site_id}))


def _done(session: Session, row: Found) -> tuple[Done, ...]:
    done = [
        Done(each.at, each.kind, each.staff_name, each.outcome or "", each.note)
        for each in desk.actions(session, row.id)
    ]
    calls = trail.of_kind(session, f"{trail.PREFIX}{row.number}", "call.logged", row.opened_at, 20)
    for call in calls:
        payload = msgspec.json.decode(call.payload) if call.payload else {}
        done.append(Done(call.at, "call", call.actor, payload.get("outcome", ""), payload.get("note", "")))
    return tuple(sorted(done, key=lambda each: each.at))
