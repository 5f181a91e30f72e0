"""Answers kept as they are given; an emergency is judged at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from pro.clock import Moment
from pro.domain import flares
from pro.domain.answers import Answer, NotAllowed, Why, check, to_json
from pro.domain.chain import canonical
from pro.domain.flare_rules import Emergency
from pro.domain.questionnaire import Questionnaire, Text, Value
from pro.domain.saves import given_at
from pro.library import Library
from pro.services import anchoring, flagging
from pro.services.answering.facts import (
    CLEARED,
    RefusedSave,
    Save,
    Saved,
)
from pro.services.answering.views import (
    concerned,
    questionnaires_of,
    token_hash,
    why_closed,
)
from pro.services.audit import Head, append_to_patient, patient_actor
from pro.services.flagging import Judged
from pro.services.parts import Parts
from pro.store import sittings
from pro.store.engine import Connected
from pro.store.sittings import Found

AFTER = timedelta(microseconds=1)
"""Answers of one batch are received so far apart, in the order in which the phone gave them."""


def save(parts: Parts, session_token: str, assessment_id: int, saves: Sequence[Save], moment: Moment) -> Saved:
    """Keeps answers as they are given; a replay keeps nothing twice. Judges an emergency at once."""
    urgent = any(_may_be_urgent(parts.library, one) for one in saves)
    with parts.study.plain_writing() as session:
        hashed = token_hash(session_token)
        if urgent:
            sittings.lock_patient(session, hashed)
        found = sittings.sitting(session, hashed, assessment_id, lock="urgent" if urgent else "save")
        closed = why_closed(found, moment)
        if found is None or closed:
            return Saved(closed=closed or "no-session")
        questionnaires = {one.id: one for one in questionnaires_of(parts, found, moment)}
        rows, refused, values = _checked(saves, questionnaires, found, moment)
        sittings.insert_saves(session, rows)
        advice = _judge_emergency(parts, session, found, values, moment) if urgent else None
        kept = tuple((str(row["client"]), int(str(row["seq"]))) for row in rows)
        return Saved(kept, tuple(refused), advice, moment.study if advice else None)


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
        if answer is not None and answer.value is not None:
            values[questionnaire_id, key] = answer.value
        rows.append(_save_row(one, answer, questionnaires[questionnaire_id], found, moment.running + len(rows) * AFTER))
    return rows, refused, values


def _answer(questionnaires: Mapping[str, Questionnaire], questionnaire_id: str, key: str, one: Save) -> Answer | None:
    """What is to be kept; None where an answer is taken back."""
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
    if one.code == CLEARED:
        return None
    raise NotAllowed(one.item, Why.NOT_APPLICABLE)


def _save_row(
    one: Save, answer: Answer | None, asked: Questionnaire, found: Found, received_at: datetime
) -> dict[str, object]:
    said = one.language in asked.languages
    return {
        "assessment_id": found.assessment_id,
        "client": one.client,
        "seq": one.seq,
        "item": one.item,
        "code": CLEARED if answer is None else answer.code,
        "value": None if answer is None or answer.value is None else canonical(to_json(answer.value)).decode(),
        "phone_at": one.phone_at,
        "phone_offset": one.phone_offset,
        "received_at": received_at,
        "given_at": given_at(one.phone_at, one.sent_at, received_at),
        "mode": found.mode,
        "language": one.language if said else None,
        "wording": one.wording or None if said and asked.takes_wording else None,
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
    parts: Parts, session: Connected, found: Found, values: Mapping[tuple[str, str], Value], moment: Moment
) -> Text | None:
    protocol = parts.library.protocol(found.protocol, found.protocol_version)
    rules = [rule for rule in protocol.flare_rules if isinstance(rule, Emergency)]
    struck = [rule for rule in rules if flares.is_emergency(rule, values.get((rule.questionnaire, rule.item)))]
    if not struck:
        return None
    who = concerned(found)
    history = flares.History({key: {who.day: value} for key, value in values.items()})
    judged = [Judged(who.day, flares.judge(rule, history, who.day, who.day0)) for rule in struck]
    events = flagging.raise_hits(session, protocol, who, judged, moment)
    if events:
        events += anchoring.after_events(session, protocol, found, events, moment)
        head = Head(f"patient:{found.number}", found.chain_seq, found.chain_hash)
        append_to_patient(session, found.patient_id, head, events, patient_actor(found.number), moment.study)
    return struck[0].advice
