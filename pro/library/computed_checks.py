"""Who answers what: staff's forms, and whether what is computed can ever be, from this timepoint or the baseline."""

from __future__ import annotations

from collections.abc import Mapping

from pro.domain.protocol import Protocol, QuestionnaireVersion, Timepoint
from pro.domain.questionnaire import Questionnaire, ResultOf
from pro.library.files import Place
from pro.library.slips import is_slip
from pro.library.wording import Findings, one_of

Known = Mapping[tuple[str, str], Questionnaire]


def check_computed(findings: Findings, protocol: Protocol, known: Known) -> None:
    """Holds the lists of each timepoint to who can answer them; problems go to `findings`."""
    for i, timepoint in enumerate(protocol.timepoints):
        for word in ("questionnaires", "clinician"):
            for n, each in enumerate(getattr(timepoint, word)):
                _check_typed(findings, known.get((each.id, each.version)), ("timepoints", i, word, n))
        for n, each in enumerate(timepoint.computed):
            questionnaire = known.get((each.id, each.version))
            if questionnaire is not None:
                place = ("timepoints", i, "computed", n)
                _Sources(findings, protocol, known, timepoint, n, place).check(questionnaire)


def _check_typed(findings: Findings, questionnaire: Questionnaire | None, place: Place) -> None:
    """What is asked on the phone or entered at the desk needs something that somebody can answer."""
    if questionnaire is not None and all(item.result_of is not None for item in questionnaire.items):
        what = f"{questionnaire.id} is computed from other questionnaires; list it under computed:"
        findings.add(place, what)


class _Sources:
    """What the nth computed questionnaire of a timepoint can be computed from."""

    def __init__(
        self, findings: Findings, protocol: Protocol, known: Known, timepoint: Timepoint, n: int, place: Place
    ) -> None:
        self.findings = findings
        self.protocol = protocol
        self.known = known
        self.timepoint = timepoint
        self.n = n
        self.place = place

    def check(self, questionnaire: Questionnaire) -> None:
        for item in questionnaire.items:
            if item.result_of is None:
                what = f"{questionnaire.id}.{item.key} has no from:, so nothing gives it; it cannot be computed"
                self.findings.add(self.place, what)
            else:
                self._check_source(f"{questionnaire.id}.{item.key}", item.result_of)

    def _check_source(self, name: str, result: ResultOf) -> None:
        timepoint = self._of(result)
        if timepoint is None:
            self.findings.add(self.place, f"{name} is from the baseline; name that timepoint at the top as baseline:")
            return
        computed = self.timepoint.computed[: self.n] if result.assessment == "same" else timepoint.computed
        given = {each.id: each for each in (*_reported(timepoint, result), *computed)}
        if result.questionnaire in given:
            self._check_key(name, result, given[result.questionnaire])
        elif not is_slip(result.questionnaire, timepoint.named, self.known):
            self.findings.add(self.place, f"{name} needs {_needed(result)}; {timepoint.key} {_gives(given)}")

    def _of(self, result: ResultOf) -> Timepoint | None:
        if result.assessment == "same":
            return self.timepoint
        return next((each for each in self.protocol.timepoints if each.key == self.protocol.baseline), None)

    def _check_key(self, name: str, result: ResultOf, source: QuestionnaireVersion) -> None:
        questionnaire = self.known.get((source.id, source.version))
        if questionnaire is None:
            return
        there = questionnaire.scales if result.scales else questionnaire.items
        keys = {each.key for each in there}
        for key in result.scales or (result.item or "",):
            if key not in keys:
                word = "scale" if result.scales else "item"
                what = f"{name} needs the {word} {key}, which {source.id} {source.version} does not have"
                self.findings.add(self.place, what)


def _reported(timepoint: Timepoint, result: ResultOf) -> tuple[QuestionnaireVersion, ...]:
    """What the timepoint asks of the one whose answers are wanted, or of anyone."""
    by_staff = timepoint.respondent == "clinician"
    from_staff = (*timepoint.clinician, *(timepoint.questionnaires if by_staff else ()))
    from_patient = () if by_staff else timepoint.questionnaires
    given = {"clinician": from_staff, "patient": from_patient, None: (*from_staff, *from_patient)}
    return given[result.reported_by]


def _needed(result: ResultOf) -> str:
    by = "" if result.reported_by is None else f" as reported by the {result.reported_by}"
    return f"{result.questionnaire}{by}"


def _gives(given: Mapping[str, QuestionnaireVersion]) -> str:
    return f"does not have it, or only after this; what it can take is {one_of(sorted(given)) or 'nothing'}"
