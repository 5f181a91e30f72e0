"""A patient's sitting: link, start, saves, submission.

What is submitted is frozen in one transaction: claim, responses, flares, audit event. A second submission finds the
claim taken and gets the same receipt.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Literal

import msgspec
from sqlmodel import Session

from pro.clock import Moment
from pro.domain import flares
from pro.domain.answers import Answer, Frozen, NotAllowed, Why, check, freeze, shown, to_json
from pro.domain.assessment import Instants, is_fillable
from pro.domain.chain import canonical
from pro.domain.protocol import Emergency, Protocol
from pro.domain.questionnaire import Questionnaire, Text, Value
from pro.domain.receipt import receipt_code
from pro.domain.scoring import Score, score
from pro.library import Library
from pro.services import flagging
from pro.services.audit import Head, append_to_patient, patient_actor
from pro.services.flagging import Concerned, Judged
from pro.services.parts import Parts
from pro.store import sittings
from pro.store.sittings import Found

SESSION_LIFE = timedelta(days=3)
"""How long a phone's session lives: longer than any diary may still be filled, so that a save made offline arrives."""

LinkStatus = Literal["ready", "nothing-due", "not-yet", "expired", "unknown", "withdrawn"]


@dataclass(frozen=True, slots=True)
class SiteCard:
    """Whom a patient can call."""

    name: str
    telephone: str
    emergency: str
    zone: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One assessment that may be filled now."""

    assessment_id: int
    timepoint: str
    title: Text
    day: date
    questions: int
    """Items that show while nothing is answered."""
    minutes: Decimal
    instants: Instants
    late: bool
    """Past its closing: it would be marked late."""
    repeats: bool
    """A diary, one of many days."""


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next for the patient."""

    timepoint: str
    title: Text
    day: date
    at: datetime
    """Its first reminder, else its opening."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link opens on. `site` and the rest are None or empty where the link is unknown."""

    status: LinkStatus
    language: str = "en"
    zone: str = "UTC"
    site: SiteCard | None = None
    waiting: tuple[Waiting, ...] = ()
    next: tuple[Next, ...] = ()
    opted_out: bool = False
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Sitting:
    """A patient before one assessment, with what was saved so far."""

    assessment_id: int
    patient_id: int
    language: str
    zone: str
    site: SiteCard
    protocol: Protocol
    timepoint: str
    title: Text
    day: date
    repeats: bool
    instants: Instants
    questionnaires: tuple[Questionnaire, ...]
    answers: Mapping[str, Answer]
    """By `questionnaire.item`: the newest save of each."""
    mode: str
    fillable: bool


@dataclass(frozen=True, slots=True)
class NoSitting:
    """Why there is nothing to show: the session is gone, or nothing is due."""

    status: Literal["no-session", "nothing-due", "withdrawn"]
    view: LinkView


@dataclass(frozen=True, slots=True)
class Started:
    session_token: str
    sitting: Sitting


@dataclass(frozen=True, slots=True)
class Save:
    """One answer as the phone sends it. `client` and `seq` make a replay harmless."""

    client: str
    seq: int
    item: str
    """`questionnaire.item`."""
    code: str
    value: object = None
    phone_at: datetime | None = None
    phone_offset: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedSave:
    client: str
    seq: int
    item: str
    why: NotAllowed


@dataclass(frozen=True, slots=True)
class Saved:
    """What the server has now. `closed`: nothing was kept, because it was submitted or closed."""

    acknowledged: tuple[tuple[str, int], ...] = ()
    refused: tuple[RefusedSave, ...] = ()
    emergency: Text | None = None
    told_at: datetime | None = None
    closed: Literal["", "submitted", "closed", "no-session"] = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    receipt: str
    submitted_at: datetime
    already: bool
    next: tuple[Next, ...]
    sitting: Sitting


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Items that show and have neither an answer nor a deliberate skip."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    why: Literal["closed", "no-session", "not-open", "withdrawn"]


class _Rollback(Exception):
    """Gives the claim back."""

    def __init__(self, outcome: Incomplete | Closed) -> None:
        self.outcome = outcome


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return sha256(token.encode()).hexdigest()


# ── Link and start ───────────────────────────────────────────────────────────────────────────────────────────


def open_link(parts: Parts, token: str, moment: Moment) -> LinkView:
    """What waits behind a link. Changes nothing."""
    with parts.study.reading() as session:
        found = sittings.by_link(session, token_hash(token))
        if found is None:
            return LinkView("unknown", demonstration=parts.settings.demo)
        dead = found.revoked_at is not None or found.expires_at <= moment.study
        return _view(parts, session, found, moment, dead=dead)


def _view(parts: Parts, session: Session, found: Found, moment: Moment, *, dead: bool) -> LinkView:
    base = LinkView(
        "expired",
        language=found.language,
        zone=found.zone,
        site=_site(found),
        opted_out=found.opted_out_at is not None,
        demonstration=parts.settings.demo,
    )
    if found.withdrawn_at is not None:
        return replace(base, status="withdrawn")
    if dead:
        return base
    waiting = tuple(_waiting(parts, row, moment) for row in sittings.waiting(session, found.patient_id, moment.study))
    if waiting:
        return replace(base, status="ready", waiting=waiting)
    coming = _next(parts, session, found, moment)
    begun = sittings.newest_submitted(session, found.patient_id) is not None
    return replace(base, status="nothing-due" if begun or not coming else "not-yet", next=coming)


def start(
    parts: Parts,
    token: str,
    moment: Moment,
    *,
    assessment_id: int | None = None,
    mode: str = "own-phone",
    language: str | None = None,
) -> Started | LinkView:
    """Makes the phone's session and begins an assessment (the given one, else the newest that is open).

    Gives what the link opens on where nothing can be begun.
    """
    session_token = secrets.token_urlsafe(24)
    with parts.study.writing() as session:
        found = sittings.by_link(session, token_hash(token))
        if found is None:
            return LinkView("unknown", demonstration=parts.settings.demo)
        dead = found.revoked_at is not None or found.expires_at <= moment.study
        waiting = () if dead or found.withdrawn_at else sittings.waiting(session, found.patient_id, moment.study)
        row = next((row for row in waiting if assessment_id in (None, row.assessment_id)), None)
        if row is None:
            return _view(parts, session, found, moment, dead=dead)
        chosen = _language(parts, row, language or found.language)
        sittings.open_session(
            session,
            {
                "token_hash": token_hash(session_token),
                "patient_id": found.patient_id,
                "link_hash": token_hash(token),
                "made_at": moment.running,
                "expires_at": moment.running + SESSION_LIFE,
                "mode": mode,
                "language": chosen,
            },
        )
        saves: Sequence[Found] = ()
        if row.started_at is None:
            sittings.start(session, row.assessment_id, moment.study)
        else:
            saves = sittings.saves(session, row.assessment_id)
        sitting = _sitting(parts, found, row, saves, chosen, mode, moment)
    return Started(session_token, sitting)


def sitting(parts: Parts, session_token: str, moment: Moment, assessment_id: int | None = None) -> Sitting | NoSitting:
    """The sitting of a session: of the given assessment (submitted ones too), else of the newest that is open."""
    with parts.study.reading() as session:
        found = sittings.by_session(session, token_hash(session_token))
        if found is None or found.ended_at is not None or found.expires_at <= moment.running:
            return NoSitting("no-session", LinkView("unknown", demonstration=parts.settings.demo))
        if found.withdrawn_at is not None:
            return NoSitting("withdrawn", _view(parts, session, found, moment, dead=False))
        row = _row(session, found.patient_id, assessment_id, moment)
        if row is None:
            return NoSitting("nothing-due", _view(parts, session, found, moment, dead=False))
        saves = sittings.saves(session, row.assessment_id)
        return _sitting(parts, found, row, saves, found.session_language, found.mode, moment)


def _row(session: Session, patient_id: int, assessment_id: int | None, moment: Moment) -> Found | None:
    if assessment_id is not None:
        return sittings.one(session, patient_id, assessment_id)
    return next(iter(sittings.waiting(session, patient_id, moment.study)), None)


def speak(parts: Parts, sitting_: Sitting, language: str) -> Sitting:
    """The same sitting in another language of its questionnaires."""
    known = all(language in questionnaire.languages for questionnaire in sitting_.questionnaires)
    return replace(sitting_, language=language) if known else sitting_


# ── Saves ────────────────────────────────────────────────────────────────────────────────────────────────────


def save(parts: Parts, session_token: str, assessment_id: int, saves: Sequence[Save], moment: Moment) -> Saved:
    """Keeps answers as they are given; a replay keeps nothing twice. Judges an emergency at once."""
    urgent = any(_may_be_urgent(parts.library, one) for one in saves)
    with parts.study.writing() as session:
        found = sittings.sitting(session, token_hash(session_token), assessment_id, lock="submit" if urgent else "save")
        closed = _why_closed(found, moment)
        if found is None or closed:
            return Saved(closed=closed or "no-session")
        questionnaires = {one.id: one for one in questionnaires_of(parts.library, found)}
        rows, refused, values = _checked(saves, questionnaires, found, moment)
        sittings.insert_saves(session, rows)
        advice = _judge_emergency(parts, session, found, values, moment) if urgent else None
        kept = tuple((str(row["client"]), int(str(row["seq"]))) for row in rows)
        return Saved(kept, tuple(refused), advice, moment.study if advice else None)


def _why_closed(found: Found | None, moment: Moment) -> Literal["", "submitted", "closed", "no-session"]:
    if found is None or found.ended_at is not None or found.expires_at <= moment.running:
        return "no-session"
    if found.submitted_at is not None:
        return "submitted"
    return "" if is_fillable(instants_of(found), moment.study) and found.withdrawn_at is None else "closed"


def _checked(
    saves: Sequence[Save], questionnaires: Mapping[str, Questionnaire], found: Found, moment: Moment
) -> tuple[list[dict[str, object]], list[RefusedSave], dict[tuple[str, str], Value]]:
    rows: list[dict[str, object]] = []
    refused: list[RefusedSave] = []
    values: dict[tuple[str, str], Value] = {}
    for one in saves:
        questionnaire_id, _, key = one.item.partition(".")
        try:
            answer = _answer(questionnaires, questionnaire_id, key, one)
        except NotAllowed as why:
            refused.append(RefusedSave(one.client, one.seq, one.item, why))
            continue
        if answer.value is not None:
            values[questionnaire_id, key] = answer.value
        rows.append(_save_row(one, answer, found, moment))
    return rows, refused, values


def _answer(questionnaires: Mapping[str, Questionnaire], questionnaire_id: str, key: str, one: Save) -> Answer:
    try:
        item = questionnaires[questionnaire_id].item(key)
    except KeyError:
        raise NotAllowed(one.item, Why.UNKNOWN_ITEM) from None
    if one.code == "answered":
        return Answer("answered", check(item, one.value))
    if one.code == "not-applicable" and item.not_applicable:
        return Answer("not-applicable")
    if one.code == "skipped":
        return Answer("skipped")
    raise NotAllowed(one.item, Why.NOT_APPLICABLE)


def _save_row(one: Save, answer: Answer, found: Found, moment: Moment) -> dict[str, object]:
    return {
        "assessment_id": found.assessment_id,
        "client": one.client,
        "seq": one.seq,
        "item": one.item,
        "code": answer.code,
        "value": None if answer.value is None else canonical(to_json(answer.value)).decode(),
        "phone_at": one.phone_at,
        "phone_offset": one.phone_offset,
        "received_at": moment.running,
        "mode": found.mode,
    }


@lru_cache(maxsize=8)
def _urgent_items(library: Library) -> Mapping[str, Decimal]:
    """`questionnaire.item` → lowest threshold of any emergency rule: decides which lock a save takes."""
    lowest: dict[str, Decimal] = {}
    for protocol in library.protocols():
        for rule in protocol.flare_rules:
            if isinstance(rule, Emergency):
                key = f"{rule.questionnaire}.{rule.item}"
                lowest[key] = min(rule.at_least, lowest.get(key, rule.at_least))
    return lowest


def _may_be_urgent(library: Library, one: Save) -> bool:
    threshold = _urgent_items(library).get(one.item)
    if threshold is None or one.code != "answered":
        return False
    try:
        return Decimal(str(one.value).replace(",", ".")) >= threshold
    except ArithmeticError:
        return False


def _judge_emergency(
    parts: Parts, session: Session, found: Found, values: Mapping[tuple[str, str], Value], moment: Moment
) -> Text | None:
    protocol = parts.library.protocol(found.protocol, found.protocol_version)
    rules = [rule for rule in protocol.flare_rules if isinstance(rule, Emergency)]
    struck = [rule for rule in rules if flares.is_emergency(rule, values.get((rule.questionnaire, rule.item)))]
    if not struck:
        return None
    who = _concerned(found)
    history = flares.History({key: {who.day: value} for key, value in values.items()})
    judged = [Judged(who.day, flares.judge(rule, history, who.day, who.day0)) for rule in struck]
    events = flagging.raise_hits(session, protocol, who, judged, moment)
    if events:
        head = Head(f"patient:{found.number}", found.chain_seq, found.chain_hash)
        append_to_patient(session, found.patient_id, head, events, patient_actor(found.number), moment.study)
    return struck[0].advice


# ── Submission ───────────────────────────────────────────────────────────────────────────────────────────────


def submit(parts: Parts, session_token: str, assessment_id: int, moment: Moment) -> Submitted | Incomplete | Closed:
    """Freezes the answers into one immutable response per questionnaire, in one transaction."""
    hashed = token_hash(session_token)
    try:
        with parts.study.writing() as session:
            found = sittings.sitting(session, hashed, assessment_id, lock="submit")
            why = _why_closed(found, moment)
            if found is None or why == "no-session":
                return Closed("no-session")
            if why == "closed":
                return Closed("withdrawn" if found.withdrawn_at else "closed")
            if why == "submitted" or not sittings.claim(session, assessment_id, moment.study):
                hashes: Sequence[str] = ()
            else:
                hashes = _freeze(parts, session, found, moment)
    except _Rollback as rollback:
        return rollback.outcome
    return _receipt(parts, found, hashes, moment)


def _freeze(parts: Parts, session: Session, found: Found, moment: Moment) -> Sequence[str]:
    protocol = parts.library.protocol(found.protocol, found.protocol_version)
    questionnaires = questionnaires_of(parts.library, found)
    saves = sittings.saves(session, found.assessment_id)
    frozen = freeze_all(questionnaires, newest(saves, questionnaires))
    missing = tuple(f"{key}.{item}" for key, one in frozen.items() for item in one.missing)
    if missing:
        raise _Rollback(Incomplete(missing))
    made = Freezing(parts, session, found, protocol, questionnaires, frozen, saves, moment)
    rows, events = made.responses_and_events("assessment.submitted")
    sittings.insert_responses(session, rows)
    head = Head(f"patient:{found.number}", found.chain_seq, found.chain_hash)
    append_to_patient(session, found.patient_id, head, events, patient_actor(found.number), moment.study)
    return [str(row["sha256"]) for row in rows]


def newest(saves: Iterable[Found], questionnaires: Iterable[Questionnaire]) -> dict[str, Answer]:
    """The newest save of each item, by `questionnaire.item`; saves come oldest first."""
    items = {f"{one.id}.{item.key}": item for one in questionnaires for item in one.items}
    answers: dict[str, Answer] = {}
    for row in saves:
        if row.code == "answered" and row.item in items:
            answers[row.item] = Answer("answered", check(items[row.item], msgspec.json.decode(row.value)))
        elif row.item in items:
            answers[row.item] = Answer(row.code)
    return answers


def freeze_all(questionnaires: Iterable[Questionnaire], answers: Mapping[str, Answer]) -> dict[str, Frozen]:
    """What each questionnaire's answers amount to."""
    return {
        one.id: freeze(
            one, {item.key: answers[key] for item in one.items if (key := f"{one.id}.{item.key}") in answers}
        )
        for one in questionnaires
    }


@dataclass(frozen=True, slots=True)
class Freezing:
    """Turns saved answers into response rows and audit events; closing does the same with what was left."""

    parts: Parts
    session: Session
    found: Found
    protocol: Protocol
    questionnaires: Sequence[Questionnaire]
    frozen: Mapping[str, Frozen]
    saves: Sequence[Found]
    moment: Moment

    def responses_and_events(self, kind: str) -> tuple[list[dict[str, object]], flagging.Events]:
        """Rows of `response` and the events of the submission and of the flares it raised."""
        who = _concerned(self.found)
        recorded = {key: one.values for key, one in self.frozen.items()}
        judged = flagging.judge(self.parts, self.session, self.protocol, self.questionnaires, who, recorded)
        rows = [self._response(one, judged) for one in self.questionnaires]
        raised = flagging.raise_hits(self.session, self.protocol, who, judged, self.moment)
        return rows, [(kind, self._payload(rows)), *raised]

    def _response(self, questionnaire: Questionnaire, judged: Sequence[Judged]) -> dict[str, object]:
        frozen = self.frozen[questionnaire.id]
        scores = {key: score_json(one) for key, one in score(questionnaire, frozen.values).items()}
        last = self.saves[-1] if self.saves else None
        hashed = {
            "patient": self.found.number,
            "timepoint": self.found.timepoint,
            "day": self.found.day,
            "questionnaire": questionnaire.id,
            "version": questionnaire.version,
            "answers": frozen.items,
            "scores": scores,
        }
        return {
            "assessment_id": self.found.assessment_id,
            "patient_id": self.found.patient_id,
            "questionnaire": questionnaire.id,
            "n": 1,
            "version": questionnaire.version,
            "day": self.found.day,
            "mode": last.mode if last else "own-phone",
            "language": getattr(self.found, "session_language", None) or self.found.language,
            "completeness": frozen.completeness,
            "answers": canonical(frozen.items).decode(),
            "scores": canonical(scores).decode(),
            "evaluation": flagging.evaluation_text(judged, self.protocol, questionnaire.id),
            "sha256": sha256(canonical(hashed)).hexdigest(),
            "made_at": self.moment.study,
            "received_at": self.moment.running,
            "phone_at": last.phone_at if last else None,
            "phone_offset": last.phone_offset if last else None,
        }

    def _payload(self, rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
        """Every field's change, the changes before submission included."""
        return {
            "timepoint": self.found.timepoint,
            "day": self.found.day,
            "protocol": f"{self.protocol.id} {self.protocol.version}",
            "responses": [
                {
                    "questionnaire": row["questionnaire"],
                    "version": row["version"],
                    "mode": row["mode"],
                    "completeness": row["completeness"],
                    "sha256": row["sha256"],
                    "answers": self.frozen[str(row["questionnaire"])].items,
                }
                for row in rows
            ],
            "saves": [_saved_change(row) for row in self.saves],
        }


def _saved_change(row: Found) -> dict[str, object]:
    return {
        "item": row.item,
        "code": row.code,
        "value": None if row.value is None else msgspec.json.decode(row.value),
        "phone_at": row.phone_at,
        "received_at": row.received_at,
    }


def score_json(one: Score) -> dict[str, object]:
    """A score as it is stored: numbers as text."""
    return {
        "value": one.value,
        "text": one.text,
        "answered": one.answered,
        "of": one.of,
        "band": one.band,
        "reason": one.reason,
    }


def _receipt(parts: Parts, found: Found, hashes: Sequence[str], moment: Moment) -> Submitted:
    with parts.study.reading() as session:
        kept = list(hashes) or sittings.hashes(session, found.assessment_id)
        row = found if hashes else sittings.one(session, found.patient_id, found.assessment_id) or found
        coming = _next(parts, session, found, moment)
        finished = _sitting(parts, found, row, (), found.session_language, found.mode, moment)
    return Submitted(
        receipt=receipt_of(kept),
        submitted_at=moment.study if hashes else row.submitted_at,
        already=not hashes,
        next=coming,
        sitting=finished,
    )


def receipt_again(parts: Parts, found: Found, moment: Moment) -> Submitted:
    """The receipt of what was submitted before; `found` as `sittings.sitting` gives it."""
    return _receipt(parts, found, (), moment)


def receipt_of(hashes: Sequence[str]) -> str:
    """The receipt code of a submission: of its response's hash, or of the joined hashes where it has several."""
    return receipt_code(hashes[0] if len(hashes) == 1 else sha256("".join(hashes).encode()).hexdigest())


# ── Shared ───────────────────────────────────────────────────────────────────────────────────────────────────


def questionnaires_of(library: Library, row: Found) -> tuple[Questionnaire, ...]:
    """What an assessment asks, by the protocol version it was made with."""
    timepoint = library.protocol(row.protocol, row.protocol_version).timepoint(row.timepoint)
    return tuple(library.questionnaire(one.id, one.version) for one in timepoint.questionnaires)


def _concerned(found: Found) -> Concerned:
    return Concerned(found.patient_id, found.site_id, found.day0, found.day, found.flare_id)


def instants_of(row: Found) -> Instants:
    """The instants of an assessment's row."""
    return Instants(
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        late_until=row.late_until,
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        closed_at=row.closed_at,
        cancelled_at=row.cancelled_at,
        excused_at=row.excused_at,
        answered=row.answered,
    )


def _site(found: Found) -> SiteCard:
    return SiteCard(found.site_name, found.telephone, found.emergency, found.site_zone)


def _language(parts: Parts, row: Found, wanted: str) -> str:
    languages = questionnaires_of(parts.library, row)[0].languages
    return wanted if wanted in languages else languages[0]


def _waiting(parts: Parts, row: Found, moment: Moment) -> Waiting:
    questionnaires = questionnaires_of(parts.library, row)
    timepoint = parts.library.protocol(row.protocol, row.protocol_version).timepoint(row.timepoint)
    return Waiting(
        assessment_id=row.assessment_id,
        timepoint=row.timepoint,
        title=timepoint.title,
        day=row.day,
        questions=sum(len(shown(one, {})) for one in questionnaires),
        minutes=sum((one.minutes for one in questionnaires), Decimal(0)),
        instants=instants_of(row),
        late=row.closes_at <= moment.study,
        repeats=timepoint.repeats,
    )


def _next(parts: Parts, session: Session, found: Found, moment: Moment) -> tuple[Next, ...]:
    """The next sitting of each timepoint among those that open soon."""
    seen: dict[str, Next] = {}
    for row in sittings.coming(session, found.patient_id, moment.study, at_most=8):
        timepoint = parts.library.protocol(row.protocol, row.protocol_version).timepoint(row.timepoint)
        seen.setdefault(row.timepoint, Next(row.timepoint, timepoint.title, row.day, row.opens_at))
    return tuple(seen.values())[:3]


def _sitting(
    parts: Parts, who: Found, row: Found, saves: Sequence[Found], language: str, mode: str, moment: Moment
) -> Sitting:
    questionnaires = questionnaires_of(parts.library, row)
    protocol = parts.library.protocol(row.protocol, row.protocol_version)
    timepoint = protocol.timepoint(row.timepoint)
    instants = instants_of(row)
    return Sitting(
        assessment_id=row.assessment_id,
        patient_id=who.patient_id,
        language=language,
        zone=who.zone,
        site=_site(who),
        protocol=protocol,
        timepoint=row.timepoint,
        title=timepoint.title,
        day=row.day,
        repeats=timepoint.repeats,
        instants=instants,
        questionnaires=questionnaires,
        answers=newest(saves, questionnaires),
        mode=mode,
        fillable=is_fillable(instants, moment.study),
    )
