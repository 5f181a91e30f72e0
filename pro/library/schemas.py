"""JSON Schemas of questionnaire and protocol files, made from the structs that read them: what an editor completes with.

They hold the shape of one file. What only the whole library can say (a `from:` that exists, a scale's items, a worked
example) is said by `pro questionnaires check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from pro.domain.joints import JOINTS, NAMES
from pro.domain.methods import METHODS
from pro.domain.scoring import COMBINATIONS
from pro.library.item_checks import MOST_DECIMALS
from pro.library.protocol_shapes import ProtocolFile
from pro.library.questionnaire_shapes import QuestionnaireFile
from pro.library.schema_words import WORDS
from pro.library.wording import LANGUAGES, WORD, WORDINGS

Schema = dict[str, Any]

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_SPAN = r"^[1-9][0-9]{0,4} ?(min|h|d)$"
_COUNTING = r"^[1-9][0-9]*$"
_ASKED = r"^\S+ [1-9][0-9]*$"


def questionnaire_schema() -> Schema:
    """The schema of `library/<id>/<version>.yaml`."""
    schema = _schema(QuestionnaireFile, "A questionnaire", _QUESTIONNAIRE)
    schema["$defs"]["ItemFile"]["allOf"] = _kinds()
    schema["$defs"]["ConditionFile"]["oneOf"] = _conditions()
    schema["$defs"]["ResultFile"]["oneOf"] = [{"required": ["scale"]}, {"required": ["item"]}]
    schema["$defs"]["BandFile"]["not"] = {"required": ["up_to", "below"]}
    return schema


def protocol_schema() -> Schema:
    """The schema of `protocols/<id>/<version>.yaml`."""
    return _schema(ProtocolFile, "A study's protocol", _PROTOCOL)


def as_text(schema: Schema) -> str:
    """As it stands in the repository: indented UTF-8 JSON."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode("utf-8") + "\n"


_SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "questionnaire": questionnaire_schema,
    "protocol": protocol_schema,
}


def named(name: str) -> str:
    """The text of `<name>.schema.json`; KeyError for another name than questionnaire and protocol."""
    return as_text(_SCHEMAS[name]())


def _schema(kind: type[msgspec.Struct], title: str, narrower: Mapping[tuple[str, str], Schema]) -> Schema:
    made = msgspec.json.schema(kind, schema_hook=_anything)
    for name, part in made["$defs"].items():
        for key, value in part.get("properties", {}).items():
            part["properties"][key] = _field(name, key, value, narrower)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return {**head, **_plain(made)}


def _field(struct: str, key: str, value: Schema, narrower: Mapping[tuple[str, str], Schema]) -> Schema:
    if key in WORDINGS and value.get("type") != "string":
        value = {**_WORDING, **({"default": None} if "default" in value else {})}
    value = {**value, **narrower.get((struct, key), {})}
    said = WORDS.get(struct, {}).get(key)
    return {"description": said, **value} if said else value


def _plain(value: Any) -> Any:
    """Decimals as the numbers they are in a file, not as the text that msgspec would send."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if not isinstance(value, dict):
        return value
    if value.get("type") == "string" and value.get("format") == "decimal":
        value = {**{key: each for key, each in value.items() if key != "format"}, "type": "number"}
        if "default" in value:
            value["default"] = Decimal(str(value["default"]))
    return {key: _plain(each) for key, each in value.items()}


def _anything(_: type[object]) -> Schema:
    return {"description": "Any plain value."}


# --- what the structs alone do not say

_TEXT = {"type": "string", "pattern": r"\S"}
_WORDING: Schema = {
    "type": "object",
    "properties": dict.fromkeys(LANGUAGES, _TEXT),
    "additionalProperties": False,
    "minProperties": 1,
}
_NAME = {"pattern": f"^{WORD}$"}
_LANGUAGES = {"items": {"enum": list(LANGUAGES)}, "minItems": 1, "uniqueItems": True}

_QUESTIONNAIRE: Mapping[tuple[str, str], Schema] = {
    ("QuestionnaireFile", "id"): _NAME,
    ("QuestionnaireFile", "version"): {"pattern": _COUNTING},
    ("QuestionnaireFile", "languages"): _LANGUAGES,
    ("QuestionnaireFile", "minutes"): {"minimum": 0},
    ("QuestionnaireFile", "items"): {"minItems": 1},
    ("WordingFile", "owner"): {"pattern": r"\S"},
    ("WordingFile", "ask"): {"pattern": r"\S"},
    ("ItemFile", "key"): _NAME,
    ("ItemFile", "joints"): {"items": {"enum": [*NAMES, *JOINTS]}},
    ("ItemFile", "decimals"): {"minimum": 0, "maximum": MOST_DECIMALS},
    ("ConditionFile", "not_empty"): {"const": True},
    ("ScaleFile", "key"): _NAME,
    ("ScaleFile", "items"): {"minItems": 1, "uniqueItems": True},
    ("ScaleFile", "method"): {"enum": [*COMBINATIONS, *METHODS]},
    ("AtLeast", "at-least"): {"minimum": 1},
}
_PROTOCOL: Mapping[tuple[str, str], Schema] = {
    ("ProtocolFile", "id"): _NAME,
    ("ProtocolFile", "version"): {"pattern": _COUNTING},
    ("ProtocolFile", "languages"): _LANGUAGES,
    ("ProtocolFile", "cutoff"): {"pattern": _CLOCK},
    ("ProtocolFile", "late_message"): {"pattern": _SPAN},
    ("ProtocolFile", "link_life"): {"pattern": _SPAN},
    ("QuietHoursFile", "from"): {"pattern": _CLOCK},
    ("QuietHoursFile", "to"): {"pattern": _CLOCK},
    ("StepFile", "at"): {"pattern": _CLOCK},
    ("FlaresFile", "review_within"): {"pattern": _SPAN},
    ("FlaresFile", "duty_delay"): {"pattern": _SPAN},
    **{
        ("TimepointFile", key): {"items": {"type": "string", "pattern": _ASKED}}
        for key in ("questionnaires", "clinician", "computed")
    },
}


def _conditions() -> list[Schema]:
    tests = ("is", "at_least", "at_most", "includes", "not_empty")
    one = [{"required": ["item", test], "minProperties": 2, "maxProperties": 2} for test in tests]
    return [*one, *({"required": [word], "maxProperties": 1} for word in ("any", "all"))]


_NUMBERS = ("rating", "vas", "integer", "decimal")


def _kinds() -> list[Schema]:
    """What each kind needs, and what it may not have."""
    return [
        _when(("one", "several"), {"required": ["options"], "properties": {"options": {"minItems": 2}}}, ("options",)),
        _when(("joints",), {"required": ["joints"], "properties": {"joints": {"minItems": 1}}}, ("joints",)),
        _when(("rating", "vas"), {"required": ["low_label", "high_label"]}),
        _when(("integer", "decimal"), {"required": ["low", "high"]}),
        _when(_NUMBERS, {}, ("low", "high")),
        _when(
            ("decimal",), {"required": ["decimals"], "properties": {"decimals": {"minimum": 1}}}, ("decimals", "step")
        ),
    ]


def _when(kinds: tuple[str, ...], then: Schema, only_there: tuple[str, ...] = ()) -> Schema:
    """`then` for these kinds; for the others none of `only_there`."""
    elsewhere = {"not": {"anyOf": [{"required": [key]} for key in only_there]}}
    kind = {"required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}}
    return {"if": kind, "then": then, **({"else": elsewhere} if only_there else {})}
