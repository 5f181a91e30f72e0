"""What stands inside a column beside plain codes, in words: the keys of JSON, and results that are a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pro.domain.questionnaire import Questionnaire

Codes = dict[tuple[str, str], Mapping[str, str]]
"""Table and column → code or key → what it means."""

JSON_KEYS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("flare_triggers", "inputs"): {
        "day": "patient-day that was judged",
        "item": "what the rule looks at, as questionnaire.item",
        "value": "its answer on that day",
        "meets": "whether that day alone meets the rule's condition; a rule may want several such days in a row",
        "run": "the days in a row that meet it up to that day, with their values",
        "baseline_values": "the days that the baseline (their median) was made of, with their values",
        "mean": "mean of the last days",
        "values": "the last days with their values; of a rule of four signs: the answer to each item it looks at",
        "reference_values": "the days that the mean is compared with, and their values",
        "met": "of a rule of four signs: whether each is met (declared, rest_pain, swollen, warm); null: no answer",
        "tree": (
            "of a rule of four signs: whether the other published form of the definition is met too, pain at rest and then "
            "declared; told for comparison, the result does not depend on it; null: it cannot be told"
        ),
        "thresholds": "the rule's own figures, as they stand behind its key in codes.csv",
    },
}

_FLARE = {"flare": "the definition of a gout flare is met", "no flare": "the definition of a gout flare is not met"}
RESULTS: Mapping[str, Mapping[str, str]] = {
    "eular_response": {
        "good": "DAS28 is lower than at baseline by more than 1.2, and at most 3.2 now",
        "moderate": (
            "DAS28 is lower than at baseline by more than 1.2 and above 3.2 now, or lower by more than 0.6 up to 1.2 "
            "and at most 5.1 now"
        ),
        "none": "DAS28 is not lower than at baseline by more than 0.6, or by no more than 1.2 and above 5.1 now",
    },
    "gout_flare": _FLARE,
    "gout_flare_tree": _FLARE,
}
"""Method of a scale → each word it may give → what it means."""


def results_of(questionnaires: Iterable[Questionnaire]) -> Codes:
    """The words that these questionnaires' scales may have for a value, where their scores stand."""
    found: Codes = {}
    for asked in questionnaires:
        table = "computed" if any(item.result_of for item in asked.items) else "scores"
        for scale in asked.scales:
            for column in ("value", "text") if scale.method in RESULTS else ():
                found[table, column] = {**found.get((table, column), {}), **RESULTS[scale.method]}
    return found
