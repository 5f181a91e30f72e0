"""A questionnaire as a FHIR R4 `Questionnaire`: what FHIR has a place for stands there, the rest in extensions of ours."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from pro.domain.answers import MAX_TEXT, WHOLE_NUMBERS
from pro.domain.joints import label
from pro.domain.questionnaire import Item, Kind, Option, Questionnaire, ResultOf, Text
from pro.domain.wording import Owned
from pro.exports.fhir import names
from pro.exports.fhir.conditions import Conditions
from pro.exports.fhir.parts import Json, control, given, made_of, texts, valued, worded
from pro.exports.fhir.scoring import scoring_extension

TYPES = {
    Kind.YES_NO: "boolean",
    Kind.ONE: "choice",
    Kind.SEVERAL: "choice",
    Kind.RATING: "integer",
    Kind.VAS: "integer",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TEXT: "text",
    Kind.JOINTS: "choice",
}
_SLIDERS = (Kind.RATING, Kind.VAS)
_REPEATS = (Kind.SEVERAL, Kind.JOINTS)


@dataclass(frozen=True, slots=True)
class Written:
    resource: Json
    notes: tuple[str, ...]
    """What another system will not understand as we mean it, a line each."""


def resource_of(questionnaire: Questionnaire, *, published: bool, base: str = names.BASE) -> Written:
    """The `Questionnaire` resource (R4, 4.0.1); decimals are Decimal, so that their digits stay.

    `status` is active for a published file and draft for any other. `base` is where `url` begins. Where the wording
    belongs to somebody else, the texts are our own short labels and `copyright` says so.
    """
    writer = _Writer(questionnaire)
    main = questionnaire.languages[0]
    items = [writer.item(item) for item in questionnaire.items]
    resource = {
        "resourceType": "Questionnaire",
        "language": main,
        "extension": _about(questionnaire),
        "url": names.canonical(base, questionnaire.id),
        "identifier": [{"system": names.ID_SYSTEM, "value": questionnaire.id}],
        "version": questionnaire.version,
        "name": "".join(part.capitalize() for part in questionnaire.id.replace("_", "-").split("-")),
        **texts("title", questionnaire.title, main),
        "status": "active" if published else "draft",
        "subjectType": ["Patient"],
        "copyright": _copyright(questionnaire),
        "item": items,
    }
    return Written(resource, (*_warnings(questionnaire), *writer.notes))


def _plain(owners: object) -> str:
    if isinstance(owners, Owned):
        return str(owners)
    raise TypeError(type(owners))


def as_json(resource: Json) -> bytes:
    """The resource as indented UTF-8 JSON, decimals with exactly their digits."""
    return (
        msgspec.json.format(msgspec.json.Encoder(decimal_format="number", enc_hook=_plain).encode(resource), indent=2)
        + b"\n"
    )


def _about(questionnaire: Questionnaire) -> list[Json]:
    installed = given(questionnaire.wordings)
    owner = given({"owner": questionnaire.wording_owner, "ask": questionnaire.wording_ask})
    return [
        worded(names.RECALL, questionnaire.recall),
        valued(names.MINUTES, questionnaire.minutes),
        valued(names.SOURCE, questionnaire.source),
        valued(names.LICENCE, questionnaire.licence),
        *([made_of(names.WORDING, owner)] if owner else []),
        *([made_of(names.INSTALLED, installed)] if installed else []),
        *([scoring_extension(questionnaire.scales)] if questionnaire.scales else []),
    ]


def _warnings(questionnaire: Questionnaire) -> tuple[str, ...]:
    if not questionnaire.wordings:
        return ()
    which = ", ".join(questionnaire.wordings)
    return (f"holds the text of {questionnaire.wording_owner} in {which}: pass it on only with the owner's leave",)


def _copyright(questionnaire: Questionnaire) -> str:
    if questionnaire.wording_owner is None:
        return questionnaire.licence
    if questionnaire.wordings:
        which = ", ".join(questionnaire.wordings)
        return (
            f"{questionnaire.licence}. The texts in {which} are those of {questionnaire.wording_owner}, as installed at this "
            "site for its own study: they may not be passed on without the owner's leave."
        )
    return (
        f"{questionnaire.licence}. The questionnaire's wording belongs to {questionnaire.wording_owner} and is not in this "
        "file: the texts here are short labels in our own words, for demonstration and not for use in a study. "
        f"For the wording ask {questionnaire.wording_ask}."
    )


class _Writer:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self.main = questionnaire.languages[0]
        self.conditions = Conditions(questionnaire.id, {item.key: item for item in questionnaire.items})
        self.notes: list[str] = []

    def item(self, item: Item) -> Json:
        shown = {} if item.show_if is None else self.conditions.fields(item.show_if)
        if item.show_if is not None and "enableWhen" not in shown:
            self.notes.append(
                f"{item.key}: its condition is nested deeper than enableWhen can say and travels in {names.CONDITION}; "
                "a system that does not know it shows the item always"
            )
        fields: Json = {
            "linkId": item.key,
            "extension": [*self._extensions(item), *shown.pop("extension", [])],
            **texts("text", item.text, self.main),
            "type": TYPES[item.kind],
            **shown,
        }
        if item.kind in _REPEATS:
            fields["repeats"] = True
        if item.result_of is not None:
            fields["readOnly"] = True
        if item.kind is Kind.TEXT:
            fields["maxLength"] = MAX_TEXT
        if options := self._options(item):
            fields["answerOption"] = options
        if beside := self._beside(item):
            fields["item"] = beside
        return fields

    def _extensions(self, item: Item) -> list[Json]:
        return [
            valued(names.SHORT_TEXT, item.short[self.main]),
            worded(names.SHORT, item.short),
            {"url": names.KIND, "valueCode": item.kind.value},
            *_limits(item),
            *([] if item.unit is None else [_unit(item.unit, self.main)]),
            *([control("slider"), valued(names.SLIDER_STEP, 1)] if item.kind in _SLIDERS else []),
            *([{"url": names.MARK, "valueCode": item.mark}] if item.mark != "other" else []),
            *given({names.STEP: item.step, names.NOT_APPLICABLE: item.not_applicable or None}),
            *([] if item.result_of is None else [_result(item.result_of)]),
        ]

    def _options(self, item: Item) -> list[Json]:
        if item.kind is Kind.JOINTS:
            return [self._joint(joint) for joint in item.joints]
        return [self._option(item, option) for option in item.options]

    def _option(self, item: Item, option: Option) -> Json:
        system = names.option_system(self.questionnaire.id, item.key)
        coding = {"system": system, "code": option.code, **texts("display", option.label, self.main)}
        return {**({"extension": [valued(names.EXCLUSIVE, True)]} if option.alone else {}), "valueCoding": coding}

    def _joint(self, joint: str) -> Json:
        words = {language: label(joint, language) for language in self.questionnaire.languages}
        return {"valueCoding": {"system": names.JOINT_SYSTEM, "code": joint, **texts("display", words, self.main)}}

    def _beside(self, item: Item) -> list[Json]:
        """Help and the words at the ends of a line: display items, as FHIR's list of controls names them."""
        lines = {"help": item.help, "lower": item.low_label, "upper": item.high_label}
        return [
            {
                "linkId": f"{item.key}.{code}",
                "extension": [control(code)],
                **texts("text", wording, self.main),
                "type": "display",
            }
            for code, wording in lines.items()
            if wording is not None
        ]


def _limits(item: Item) -> list[Json]:
    limits = {names.MIN_VALUE: item.low, names.MAX_VALUE: item.high}
    whole = item.kind in WHOLE_NUMBERS
    return [
        *given({url: _bound(value, whole) for url, value in limits.items()}),
        *given({names.DECIMAL_PLACES: item.decimals or None}),
    ]


def _bound(value: Decimal | None, whole: bool) -> int | Decimal | None:
    return int(value) if value is not None and whole and value == value.to_integral_value() else value


def _unit(unit: Text, main: str) -> Json:
    code = names.UCUM_CODES.get(unit.get("en", ""))
    coded = {} if code is None else {"system": names.UCUM, "code": code}
    return {"url": names.UNIT, "valueCoding": {**coded, **texts("display", unit, main)}}


def _result(result: ResultOf) -> Json:
    parts = given(
        {
            "questionnaire": result.questionnaire,
            "item": result.item,
            "assessment": result.assessment,
            "reported-by": result.reported_by,
        }
    )
    return made_of(names.RESULT_OF, [*parts, *(valued("scale", scale) for scale in result.scales)])
