"""Saved answers frozen into responses, with their scores, flares and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pro.clock import Moment
from pro.domain.answers import Answer
from pro.domain.chain import canonical, within
from pro.domain.freezing import Frozen, freeze
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire
from pro.domain.receipt import receipt_code
from pro.domain.scoring import Score, score
from pro.services import flagging, wording
from pro.services.answering.views import (
    concerned,
    language_of,
)
from pro.services.answering.worded import given_under
from pro.services.flagging import Judged
from pro.services.parts import Parts
from pro.store.engine import Connected
from pro.store.sittings import Found

Under = list[dict[str, object]]
"""What `given_under` says of one questionnaire."""


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
    session: Connected
    found: Found
    protocol: Protocol
    questionnaires: Sequence[Questionnaire]
    frozen: Mapping[str, Frozen]
    saves: Sequence[Found]
    moment: Moment

    def responses_and_events(self, kind: str) -> tuple[list[dict[str, object]], flagging.Events]:
        """Rows of `response` and the events of the submission and of the flares it raised."""
        who = concerned(self.found)
        recorded = {key: one.values for key, one in self.frozen.items()}
        judged = flagging.judge(self.parts, self.session, self.protocol, self.questionnaires, who, recorded)
        under = {one.id: given_under(one, self.saves, self._usual) for one in self.questionnaires}
        rows = [self._response(one, judged, under[one.id]) for one in self.questionnaires]
        raised = flagging.raise_hits(self.session, self.protocol, who, judged, self.moment)
        return rows, [(kind, self._payload(rows, under)), *raised]

    def _response(self, questionnaire: Questionnaire, judged: Sequence[Judged], under: Under) -> dict[str, object]:
        frozen = self.frozen[questionnaire.id]
        answers = canonical(frozen.items)
        scores = canonical({key: score_json(one) for key, one in score(questionnaire, frozen.values).items()})
        last = self.saves[-1] if self.saves else None
        hashed = {
            "patient": self.found.number,
            "timepoint": self.found.timepoint,
            "day": self.found.day,
            "questionnaire": questionnaire.id,
            "version": questionnaire.version,
            "answers": within(answers),
            "scores": within(scores),
        }
        return {
            "assessment_id": self.found.assessment_id,
            "patient_id": self.found.patient_id,
            "questionnaire": questionnaire.id,
            "n": 1,
            "version": questionnaire.version,
            "day": self.found.day,
            "mode": last.mode if last else "own-phone",
            "language": under[0]["language"] if under else self._usual,
            "completeness": frozen.completeness,
            "answers": answers.decode(),
            "scores": scores.decode(),
            "evaluation": flagging.evaluation_text(judged, self.protocol, questionnaire.id),
            "sha256": sha256(canonical(hashed)).hexdigest(),
            "made_at": self.moment.study,
            "received_at": self.moment.running,
            "phone_at": last.phone_at if last else None,
            "phone_offset": last.phone_offset if last else None,
        }

    def _payload(self, rows: Sequence[Mapping[str, object]], under: Mapping[str, Under]) -> dict[str, object]:
        """Every field's change, the changes before submission included."""
        return {
            "timepoint": self.found.timepoint,
            "day": self.found.day,
            "protocol": f"{self.protocol.id} {self.protocol.version}",
            "responses": [
                self._said(one, row, under[one.id]) for one, row in zip(self.questionnaires, rows, strict=True)
            ],
            "saves": [saved_change(row) for row in self.saves],
        }

    @property
    def _usual(self) -> str:
        """The language of a save that did not say its own."""
        return language_of(self.protocol, getattr(self.found, "session_language", None) or self.found.language)

    def _said(self, questionnaire: Questionnaire, row: Mapping[str, object], under: Under) -> dict[str, object]:
        """One response as the trail has it; with the owner's text that was read where it is not our own."""
        said = {
            "questionnaire": questionnaire.id,
            "version": questionnaire.version,
            "mode": row["mode"],
            "completeness": row["completeness"],
            "sha256": row["sha256"],
            "answers": within(str(row["answers"])),
            "given_under": under,
        }
        worded = wording.shown(questionnaire, str(row["language"]))
        if worded is None:
            return said
        return said | {"wording": {name: under[0][name] for name in worded} if under else worded}


def saved_change(row: Found) -> dict[str, object]:
    return {
        "item": row.item,
        "code": row.code,
        "value": None if row.value is None else within(row.value),
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


def receipt_of(hashes: Sequence[str]) -> str:
    """The receipt code of a submission: of its response's hash, or of the joined hashes where it has several."""
    return receipt_code(hashes[0] if len(hashes) == 1 else sha256("".join(hashes).encode()).hexdigest())
