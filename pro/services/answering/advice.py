"""Which emergency advice holds for the answers a sitting has, now and after sending."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from pro.domain.flare_rules import Emergency
from pro.domain.flares import is_emergency
from pro.domain.freezing import freeze
from pro.domain.questionnaire import Text
from pro.services.answering.facts import Sitting


@dataclass(frozen=True, slots=True)
class Advice:
    text: Text
    seen: str
    """Names this advice for this assessment and value: what a phone keeps once it was read."""


def advice_of(sitting: Sitting) -> Advice | None:
    """The first emergency rule's advice that the saved answers call for; an answer that no longer shows calls for none."""
    rules = [rule for rule in sitting.protocol.flare_rules if isinstance(rule, Emergency)]
    if not rules:
        return None
    for one in sitting.questionnaires:
        mine = {
            item.key: sitting.answers[key] for item in one.items if (key := f"{one.id}.{item.key}") in sitting.answers
        }
        values = freeze(one, mine).values
        for rule in rules:
            value = values.get(rule.item) if rule.questionnaire == one.id else None
            if is_emergency(rule, value):
                named = f"{sitting.assessment_id} {rule.key} {one.id}.{rule.item} {value}"
                return Advice(rule.advice, sha256(named.encode()).hexdigest()[:16])
    return None
