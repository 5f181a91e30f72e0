"""The addresses under which a Questionnaire says what it says: FHIR's own, SDC's, and ours."""

from __future__ import annotations

from collections.abc import Mapping

_CORE = "http://hl7.org/fhir/StructureDefinition/"
TRANSLATION = f"{_CORE}translation"
ITEM_CONTROL = f"{_CORE}questionnaire-itemControl"
MIN_VALUE = f"{_CORE}minValue"
MAX_VALUE = f"{_CORE}maxValue"
DECIMAL_PLACES = f"{_CORE}maxDecimalPlaces"
UNIT = f"{_CORE}questionnaire-unit"
EXCLUSIVE = f"{_CORE}questionnaire-optionExclusive"
SLIDER_STEP = f"{_CORE}questionnaire-sliderStepValue"
SHORT_TEXT = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-shortText"

CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
UCUM = "http://unitsofmeasure.org"

BASE = "urn:pro"
"""Where the canonical addresses of questionnaires begin, unless the caller names a base of its own."""

_OURS = "urn:pro:fhir:"
JOINT_SYSTEM = "urn:pro:joint"
ID_SYSTEM = "urn:pro:questionnaire"
KIND = f"{_OURS}kind"
SHORT = f"{_OURS}short"
MARK = f"{_OURS}mark"
STEP = f"{_OURS}step"
NOT_APPLICABLE = f"{_OURS}not-applicable"
RESULT_OF = f"{_OURS}from"
CONDITION = f"{_OURS}condition"
RECALL = f"{_OURS}recall"
MINUTES = f"{_OURS}minutes"
SOURCE = f"{_OURS}source"
LICENCE = f"{_OURS}licence"
WORDING = f"{_OURS}wording"
INSTALLED = f"{_OURS}installed-wording"
SCORING = f"{_OURS}scoring"

UCUM_CODES: Mapping[str, str] = {
    "mm/h": "mm/h",
    "mg/L": "mg/L",
    "°C": "Cel",
    "minutes": "min",
    "mm": "mm",
    "%": "%",
    "days": "d",
}
"""Our English unit → its code in UCUM; a unit that is not here travels by its words alone."""


def option_system(questionnaire: str, item: str) -> str:
    """The system that an item's own option codes belong to."""
    return f"urn:pro:option:{questionnaire}:{item}"


def canonical(base: str, questionnaire: str) -> str:
    """`urn:pro:Questionnaire:raid`, or `https://…/Questionnaire/raid` under a base of that kind."""
    joint = ":" if base.startswith("urn:") else "/"
    return f"{base.rstrip(':/')}{joint}Questionnaire{joint}{questionnaire}"
