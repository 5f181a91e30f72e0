"""What a questionnaire whose items are `from:` others is answered with, and what is missing for it: worked out on
reading from the newest responses, and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from pro.domain.answers import NotAllowed, check
from pro.domain.questionnaire import Item, Questionnaire, ResultOf, Value
from pro.domain.scoring import Score, score

Reporter = Literal["patient", "clinician"]
When = Literal["same", "baseline"]


@dataclass(frozen=True, slots=True)
class Given:
    """The newest response to one questionnaire of one assessment."""

    version: str
    reported_by: Reporter
    answers: Mapping[str, Mapping[str, object]]
    """Every item as it was frozen: `code`, and `value` where answered."""
    scores: Mapping[str, Score]
    judged: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Of each scale that counts joints how many could be judged, and how many it has."""
    response: int = 0
    """Number of its row."""
    n: int = 1
    """More than 1 for a correction."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """One assessment: who is asked for what, what is computed, and what was given."""

    asked: Mapping[str, Reporter] = field(default_factory=dict)
    computed: Mapping[str, Questionnaire] = field(default_factory=dict)
    given: Mapping[str, Given] = field(default_factory=dict)


class Why(StrEnum):
    """Why an item has no value."""

    NOT_ENTERED = "not-entered"
    """Its questionnaire is asked at this assessment and nobody has answered it."""
    NOT_ASKED = "not-asked"
    """The assessment does not ask its questionnaire, or that version has no such item or scale."""
    NO_ASSESSMENT = "no-assessment"
    """There is no such assessment: the protocol names no baseline, or it was cancelled."""
    OTHER_REPORTER = "other-reporter"
    """Somebody else gave it than may: a patient's count is no clinician's."""
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"
    NOT_SHOWN = "not-shown"
    NOT_REACHED = "not-reached"
    NO_SCORE = "no-score"
    """Its scale has no value, for the `reason`."""
    NOT_ALLOWED = "not-allowed"
    """The item does not take the value."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One item without a value, and who can give it."""

    item: str
    questionnaire: str
    """Where the value would come from."""
    keys: tuple[str, ...]
    """The source's item, or its scale: of several the one that is nearest to a value."""
    assessment: When
    why: Why
    who: Reporter | None = None
    """Whom the protocol asks for it; None where nobody is asked or the source is itself computed."""
    reason: str | None = None
    """Why the scale has no value, in the words of scoring."""
    below: tuple[Lack, ...] = ()
    """What the source itself lacks, where it is computed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an item's value comes from."""

    questionnaire: str
    version: str
    key: str
    assessment: When
    response: int | None = None
    """None for what is computed."""
    n: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """A computed questionnaire of one assessment."""

    values: Mapping[str, Value]
    origins: Mapping[str, Origin]
    lacks: tuple[Lack, ...]
    scores: Mapping[str, Score]


def result(questionnaire: Questionnaire, same: Sitting, baseline: Sitting | None) -> Result:
    """Answers, their origins, what is missing, and the scores of a questionnaire whose items are all `from:`.

    `baseline` is the assessment that `assessment: baseline` means, None where there is none. Items that name the same
    several scales take one of them, the first that has a value for each: two formulas never meet.
    """
    return _Reading(same, baseline).result(questionnaire, ())


def wanting(questionnaire: Questionnaire, found: Result) -> tuple[tuple[Lack, ...], ...]:
    """What would give some scale a value, in the smallest ways: fill in one of these. Empty where one has a value."""
    if any(each.value is not None for each in found.scores.values()):
        return ()
    lacking = {lack.item: lack for lack in found.lacks}
    ways = [frozenset(lacking) & frozenset(scale.items) for scale in questionnaire.scales]
    least = [way for way in dict.fromkeys(ways) if not any(other < way for other in ways)]
    return tuple(tuple(lacking[item.key] for item in questionnaire.items if item.key in way) for way in least)


def leaves(lacks: Iterable[Lack]) -> tuple[Lack, ...]:
    """The lacks that somebody could mend: those of computed sources stand for the sources."""
    found: list[Lack] = []
    for lack in lacks:
        found += leaves(lack.below) if lack.below else [lack]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Reading:
    same: Sitting
    baseline: Sitting | None

    def result(self, questionnaire: Questionnaire, path: tuple[str, ...]) -> Result:
        taken: dict[str, tuple[Value, Origin] | Lack] = {}
        for result_of, items in _alike(questionnaire).items():
            taken |= self._group(result_of, items, (*path, questionnaire.id))
        inside = [(item.key, taken[item.key]) for item in questionnaire.items if item.key in taken]
        values = {key: each[0] for key, each in inside if not isinstance(each, Lack)}
        return Result(
            values=values,
            origins={key: each[1] for key, each in inside if not isinstance(each, Lack)},
            lacks=tuple(each for _, each in inside if isinstance(each, Lack)),
            scores=score(questionnaire, values),
        )

    def _group(
        self, names: tuple[str, tuple[str, ...]], items: list[Item], path: tuple[str, ...]
    ) -> dict[str, tuple[Value, Origin] | Lack]:
        """Values of items that must agree on a scale: all by the first that has each, else by the one nearest to it."""
        ways = [{item.key: self._item(item, key, path) for item in items} for key in names[1]]
        lacking = [sum(isinstance(each, Lack) for each in way.values()) for way in ways]
        return ways[lacking.index(min(lacking))]

    def _item(self, item: Item, key: str, path: tuple[str, ...]) -> tuple[Value, Origin] | Lack:
        source = item.result_of
        assert source is not None
        sitting = self.same if source.assessment == "same" else self.baseline
        if sitting is None:
            return _lack(item, source, key, Why.NO_ASSESSMENT)
        if source.questionnaire in sitting.given:
            return _from_given(item, source, key, sitting.given[source.questionnaire], sitting)
        # What this assessment computes, its baseline gives too, though an earlier protocol may not have named it there.
        computed = sitting.computed.get(source.questionnaire) or self.same.computed.get(source.questionnaire)
        if computed is not None and source.questionnaire not in path:
            below = _Reading(sitting, self.baseline).result(computed, path)
            return _from_computed(item, source, key, computed, below)
        asked = source.questionnaire in sitting.asked
        return _lack(item, source, key, Why.NOT_ENTERED if asked else Why.NOT_ASKED, sitting)


def _alike(questionnaire: Questionnaire) -> dict[tuple[str, tuple[str, ...]], list[Item]]:
    """Items by what they name: those with the same list of several scales must agree, the others stand alone."""
    found: dict[tuple[str, tuple[str, ...]], list[Item]] = {}
    for item in questionnaire.items:
        if item.result_of is not None:
            names = item.result_of.scales or (item.result_of.item or "",)
            alone = f"{item.key} of " if len(names) == 1 else ""
            found.setdefault((alone + item.result_of.questionnaire, names), []).append(item)
    return found


def _lack(
    item: Item, source: ResultOf, key: str, why: Why, sitting: Sitting | None = None, reason: str | None = None
) -> Lack:
    who = sitting.asked.get(source.questionnaire) if sitting is not None else None
    return Lack(item.key, source.questionnaire, (key,), source.assessment, why, who, reason)


def _from_given(item: Item, source: ResultOf, key: str, given: Given, sitting: Sitting) -> tuple[Value, Origin] | Lack:
    if source.reported_by is not None and given.reported_by != source.reported_by:
        return _lack(item, source, key, Why.OTHER_REPORTER, sitting)
    origin = Origin(source.questionnaire, given.version, key, source.assessment, given.response, given.n)
    if source.scales:
        found = given.scores.get(key)
        if found is None:
            return _lack(item, source, key, Why.NOT_ASKED, sitting)
        if found.value is None:
            return _lack(item, source, key, Why.NO_SCORE, sitting, found.reason)
        return _checked(item, source, found.value, origin, sitting)
    answer = given.answers.get(key)
    if answer is None:
        return _lack(item, source, key, Why.NOT_ASKED, sitting)
    if answer["code"] != "answered":
        return _lack(item, source, key, Why(str(answer["code"])), sitting)
    return _checked(item, source, answer["value"], origin, sitting)


def _from_computed(
    item: Item, source: ResultOf, key: str, computed: Questionnaire, below: Result
) -> tuple[Value, Origin] | Lack:
    found = below.scores.get(key)
    if found is not None and found.value is not None:
        origin = Origin(source.questionnaire, computed.version, key, source.assessment)
        return _checked(item, source, found.value, origin, None)
    needed = next((scale.items for scale in computed.scales if scale.key == key), ())
    lacks = tuple(_at(each, source) for each in below.lacks if each.item in needed)
    why, reason = (Why.NOT_ASKED, None) if found is None else (Why.NO_SCORE, found.reason)
    return Lack(item.key, source.questionnaire, (key,), source.assessment, why, None, reason, lacks)


def _at(lack: Lack, source: ResultOf) -> Lack:
    """What the baseline lacks is of the baseline, seen from here."""
    if source.assessment == "same":
        return lack
    below = tuple(_at(each, source) for each in lack.below)
    return Lack(lack.item, lack.questionnaire, lack.keys, "baseline", lack.why, lack.who, lack.reason, below)


def _checked(
    item: Item, source: ResultOf, raw: object, origin: Origin, sitting: Sitting | None
) -> tuple[Value, Origin] | Lack:
    try:
        return check(item, raw), origin
    except NotAllowed:
        return _lack(item, source, origin.key, Why.NOT_ALLOWED, sitting)
