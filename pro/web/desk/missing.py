"""Why a computed score has no value, in sentences: what is missing, at which visit, and who can give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pro.domain.assessment import State
from pro.domain.questionnaire import Questionnaire
from pro.domain.results import Lack, Result, Why, leaves, wanting
from pro.library import Library
from pro.services.scales import Scales, Visit
from pro.web.desk import phrases
from pro.web.desk.scale_words import reason_words, s, visit_name
from pro.web.words import in_language, say

STILL = (State.OPEN, State.BEGUN)
LABORATORY = ("crp", "esr")
"""Items of the examination whose value comes later, from the laboratory."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, with the address where the reader can mend it; empty where they cannot."""

    text: str
    href: str
    corrects: bool = False
    """The form is in the record: it is corrected there, not entered."""


@dataclass(frozen=True, slots=True)
class Note:
    what: str
    missing: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Writes the notes of one patient in one language."""

    library: Library
    found: Scales
    zone: str
    language: str
    enter: Callable[[Visit, str], str]
    """Address of the clinician's form of a visit for this reader; empty where they may not enter it."""

    def notes(self) -> list[Note]:
        """The newest visit first; what follows only from another note is not said twice."""
        notes = []
        compared: set[Lack] = set()
        for visit in reversed(self.found.visits):
            if visit.state is State.EXPECTED:
                continue
            said = set(compared)
            for id_, questionnaire in visit.sitting.computed.items():
                note = self._note(visit, questionnaire, visit.results[id_], said)
                notes += [note] if note is not None else []
            compared |= {lack for lack in said if lack.assessment == "baseline"}
        return notes

    def _note(self, visit: Visit, questionnaire: Questionnaire, result: Result, said: set[Lack]) -> Note | None:
        ways = [leaves(way) for way in wanting(questionnaire, result)]
        lacks = tuple(dict.fromkeys(lack for way in ways for lack in way))
        # A response without a value because this visit's DAS28 has none is explained there, a baseline's once.
        if not lacks or said & set(lacks):
            return None
        said |= set(lacks)
        title = phrases.form_title(questionnaire, self.language)
        return Note(
            what=s("missing.no-value", self.language, what=title, visit=visit_name(visit, self.language)),
            missing=s("missing.what", self.language, what=self._what(visit, ways)),
            causes=self._causes(visit, lacks),
        )

    def _what(self, visit: Visit, ways: Sequence[Sequence[Lack]]) -> str:
        """Names of what is missing: what every way needs, then that of which one is enough."""
        always = [lack for lack in ways[0] if all(lack in way for way in ways)]
        either = [lack for way in ways for lack in way if lack not in always]
        names = [self._name(visit, lack) for lack in always]
        if either:
            others = dict.fromkeys(self._name(visit, lack) for lack in either)
            names.append(s("missing.or", self.language).join(others))
        head, last = names[:-1], names[-1]
        return s("missing.and", self.language).join([", ".join(head), last] if head else [last])

    def _name(self, visit: Visit, lack: Lack) -> str:
        for questionnaire in visit.sitting.computed.values():
            for item in questionnaire.items:
                named = item.result_of
                if item.key == lack.item and named is not None and named.questionnaire == lack.questionnaire:
                    return in_language(item.short, self.language)
        return lack.item

    def _causes(self, visit: Visit, lacks: Sequence[Lack]) -> tuple[Cause, ...]:
        return tuple(dict.fromkeys(self._cause(visit, lack) for lack in lacks))

    def _cause(self, visit: Visit, lack: Lack) -> Cause:
        source = visit if lack.assessment == "same" else self.found.baseline
        if source is None or lack.why is Why.NO_ASSESSMENT:
            return Cause(s("missing.no-assessment", self.language), "")
        form = phrases.form_title(self._form(source, lack.questionnaire), self.language)
        words = {"form": form, "visit": visit_name(source, self.language)}
        href = self.enter(source, lack.questionnaire) if lack.who == "clinician" else ""
        match lack.why:
            case Why.NOT_ENTERED if lack.questionnaire in source.undone:
                why = say(f"exam.undone.why.{source.undone[lack.questionnaire]}", self.language)
                return Cause(s("missing.not-done", self.language, why=why, **words), href)
            case Why.NOT_ENTERED if lack.who == "clinician":
                return Cause(s("missing.by-clinician", self.language, **words), href)
            case Why.NOT_ENTERED:
                return Cause(self._of_patient(source, words), "")
            case Why.NO_SCORE:
                reason = reason_words(lack.reason, self._form(source, lack.questionnaire), self.language)
                return Cause(s("missing.no-score", self.language, reason=reason, **words), href, bool(href))
            case Why.NOT_ASKED | Why.OTHER_REPORTER | Why.NOT_ALLOWED:
                return Cause(s(f"missing.{lack.why}", self.language, **words), href, bool(href))
            case _:
                key = "missing.skipped-laboratory" if lack.item in LABORATORY else "missing.skipped"
                return Cause(s(key, self.language, **words), href, bool(href))

    def _form(self, visit: Visit, id_: str) -> Questionnaire:
        named = (*visit.timepoint.questionnaires, *visit.timepoint.clinician, *visit.timepoint.computed)
        version = next((each.version for each in named if each.id == id_), None)
        return self.library.questionnaire(id_, version) if version else self.library.latest_questionnaire(id_)

    def _of_patient(self, visit: Visit, words: dict[str, str]) -> str:
        if visit.state in STILL:
            until = phrases.until_words(visit.until, self.zone, self.language)
            return s("missing.by-patient-open", self.language, until=until, **words)
        if visit.state is State.EXPECTED:
            day = phrases.short_day(visit.day, self.language)
            return s("missing.by-patient-later", self.language, day=day, **words)
        return s("missing.by-patient", self.language, **words)
