"""The items of a FHIR Questionnaire as items of ours: groups opened out, help and line ends put where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pro.domain.answers import MAX_TEXT
from pro.domain.questionnaire import Kind
from pro.exports.fhir import names
from pro.exports.fhir.elements import Element, Wording
from pro.exports.fhir.reading_conditions import Conditions, Whens, taken
from pro.exports.fhir.reading_options import Option, Options, are_joints, joints_of
from pro.exports.fhir.reading_words import another, word
from pro.exports.fhir.writing import TYPES

Data = dict[str, Any]

_KINDS: Mapping[str, str] = {
    "boolean": "yes-no",
    "integer": "integer",
    "decimal": "decimal",
    "quantity": "decimal",
    "date": "date",
    "dateTime": "date",
    "time": "time",
    "string": "text",
    "text": "text",
    "url": "text",
    "choice": "one",
    "open-choice": "one",
}
_SHRUNK: Mapping[str, str] = {
    "quantity": "a quantity becomes a decimal; its unit must be one",
    "dateTime": "the time of day is not asked",
    "url": "an address becomes a text",
    "open-choice": "an answer in the patient's own words is not offered",
}
_NUMBERS = ("rating", "vas", "integer", "decimal")
_ASSUMED_HIGH = 1000


class Items:
    def __init__(self, notes: list[str], main: str, contained: Mapping[str, list[Element]]) -> None:
        self.notes = notes
        self.main = main
        self.contained = contained
        self.keys: dict[str, str] = {}
        self.found: dict[str, Data] = {}
        self.taken: set[str] = set()
        self.systems: set[str] = set()
        self.without_short = 0
        self.required = 0

    def read(self, elements: list[Element]) -> list[Data]:
        self._walk(elements, [])
        if not self.found:
            self.notes.append("there is no question that could be carried; write items:")
        if self.without_short:
            self.notes.append(f"{self.without_short} questions stand for their short labels as well; shorten short:")
        if self.required:
            self.notes.append(
                f"required is not carried ({self.required} questions): every question here may be skipped"
            )
        for system in sorted(self.systems):
            self.notes.append(f"option codes are carried without their system {system}")
        return list(self.found.values())

    def _walk(self, elements: list[Element], above: list[tuple[str, Whens]]) -> None:
        for each in elements:
            link = each.take("linkId", str) or each.place
            kind = each.take("type", str) or ""
            children = each.children("item")
            whens = [*above, (link, taken(each))]
            if kind == "group":
                self._group(each, link)
            elif kind == "display":
                self._display(each, link)
            elif kind in _KINDS:
                children = self._question(each, link, kind, children, whens)
            else:
                told = f"type {kind!r}" if kind else "no type"
                self.notes.append(f"{link}: a question of {told} cannot be asked here and is left out")
            self._walk(children, whens)

    def _group(self, group: Element, link: str) -> None:
        group.extension(names.ITEM_CONTROL)
        text = group.wording("text", self.main)
        if text:
            self.notes.append(
                f"{link}: the heading {next(iter(text.values()))!r} is not carried; every question stands alone"
            )
        self._name_left(group, link)

    def _display(self, display: Element, link: str) -> None:
        text = display.wording("text", self.main)
        self.notes.append(f"{link}: the text {next(iter(text.values()), '')!r} is not carried; put it into help:")
        self._name_left(display, link, quiet=("extension",))

    def _question(
        self, each: Element, link: str, kind: str, children: list[Element], whens: list[tuple[str, Whens]]
    ) -> list[Element]:
        """Reads one question; gives the children that are questions of their own."""
        key = another(word(link) or "question", self.taken)
        if key != link:
            self.notes.append(f"{link}: its key here is {key}")
        if kind in _SHRUNK:
            self.notes.append(f"{link}: {_SHRUNK[kind]}")
        beside, others = self._beside(children)
        data = self._data(each, link, key, kind, beside)
        longest = each.take("maxLength", int)
        if longest not in (None, MAX_TEXT):
            self.notes.append(f"{link}: maxLength {longest} is not carried; a text may have {MAX_TEXT} characters")
        condition = self._condition(whens)
        if condition is not None:
            data["show_if"] = condition
        self._name_left(each, link)
        self.keys[link] = key
        self.found[key] = _tidy(data)
        return others

    def _condition(self, whens: list[tuple[str, Whens]]) -> Data | None:
        reader = Conditions(self.notes, self.keys, self.found)
        parts = [part for link, when in whens if (part := reader.read(link, when)) is not None]
        return parts[0] if len(parts) == 1 else {"all": parts} if parts else None

    def _beside(self, children: list[Element]) -> tuple[dict[str, Wording], list[Element]]:
        """Help and the ends of a line, by the code of their control; and the children that are none of these."""
        found: dict[str, Wording] = {}
        others = []
        for each in children:
            code = _control(each) if each.raw.get("type") == "display" else None
            if code in ("help", "flyover", "lower", "upper") and code not in found and "enableWhen" not in each.raw:
                found[code] = each.wording("text", self.main)
            else:
                others.append(each)
        return found, others

    def _data(self, each: Element, link: str, key: str, type_: str, beside: dict[str, Wording]) -> Data:
        text = each.wording("text", self.main)
        if not text:
            self.notes.append(f"{link}: there is no question text; the linkId stands for it")
        text = text or {self.main: link}
        short = self._short(each)
        self.without_short += short is None
        self.required += bool(each.take("required", bool))
        reader = Options(self.notes, link, self.main)
        options = reader.read(each, self.contained)
        data: Data = {
            "key": key,
            "kind": "",
            "from": _result(each),
            "text": text,
            "help": beside.get("help") or beside.get("flyover"),
            "short": short or dict(text),
            "low_label": beside.get("lower"),
            "high_label": beside.get("upper"),
            "low": each.number_of(names.MIN_VALUE),
            "high": each.number_of(names.MAX_VALUE),
            "decimals": each.number_of(names.DECIMAL_PLACES),
            "step": each.number_of(names.STEP),
            "unit": self._unit(each),
            "mark": each.text_of(names.MARK),
            "not_applicable": each.true_of(names.NOT_APPLICABLE) or None,
        }
        data["kind"] = self._kind(each, link, type_, options, reader.systems, data)
        self._fill(data, link, options, reader.systems)
        return data

    def _short(self, each: Element) -> Wording | None:
        """The standard's short text, in the main language, over ours, which has every language."""
        standard = each.extension(names.SHORT_TEXT)
        plain = {} if standard is None else standard.wording("valueString", self.main)
        return {**(each.wording_of(names.SHORT) or {}), **plain} or None

    def _kind(self, each: Element, link: str, type_: str, options: list[Option], systems: set[str], data: Data) -> str:
        repeats, told = each.take("repeats", bool) or False, each.text_of(names.KIND)
        control = _control(each)
        each.extension(names.SLIDER_STEP)
        if told in list(Kind) and TYPES[Kind(told)] == type_ and repeats == (told in ("several", "joints")):
            return str(told)
        if type_ in ("choice", "open-choice"):
            if not options:
                self.notes.append(
                    f"{link}: its answers are not in this file; it becomes a text until options: are written"
                )
                return "text"
            return ("joints" if are_joints(options, systems) else "several") if repeats else "one"
        if repeats:
            self.notes.append(f"{link}: several answers to one question of type {type_} are not carried; one is asked")
        if control == "slider" and type_ == "integer" and data["low_label"] and data["high_label"]:
            return "vas" if (data["low"], data["high"]) == (0, 100) else "rating"
        return _KINDS[type_]

    def _fill(self, data: Data, link: str, options: list[Option], systems: set[str]) -> None:
        """What the kind needs besides, and takes away what it may not have."""
        kind = data["kind"]
        if kind == "joints":
            data["joints"] = joints_of(options)
        elif kind in ("one", "several"):
            data["options"] = options
            self.systems |= {each for each in systems if each and not each.startswith("urn:pro:")}
        if kind in _NUMBERS:
            self._limits(data, link)
        else:
            self._refuse(data, link, ("low", "high", "decimals", "step", "unit"))
        if kind == "text" and options:
            self.notes.append(f"{link}: its suggested answers are not carried")

    def _limits(self, data: Data, link: str) -> None:
        for name, assumed in (("low", 0), ("high", _ASSUMED_HIGH)):
            if data[name] is None:
                data[name] = Decimal(assumed)
                self.notes.append(f"{link}: {name} is not said; {assumed} is assumed, write the real one")
        if data["kind"] != "decimal":
            self._refuse(data, link, ("decimals", "step"))
        elif data["decimals"] is None:
            data["decimals"] = Decimal(1)
            self.notes.append(f"{link}: the digits after the point are not said; 1 is assumed")

    def _refuse(self, data: Data, link: str, names_: tuple[str, ...]) -> None:
        for name in names_:
            if data[name] is not None:
                self.notes.append(f"{link}: {name} does not fit a question of kind {data['kind']} and is not carried")
                data[name] = None

    def _unit(self, each: Element) -> Wording | None:
        kind, value = each.value_of(names.UNIT) or ("", None)
        if kind != "Coding":
            return None
        coding = Element(value, f"{each.place}.unit")
        code = coding.take("code", str)
        return coding.wording("display", self.main) or ({self.main: code} if code else None)

    def _name_left(self, element: Element, link: str, quiet: tuple[str, ...] = ()) -> None:
        self.notes += [f"{link}: {each} is not carried" for each in element.left() if each not in quiet]


def _control(each: Element) -> str | None:
    _, value = each.value_of(names.ITEM_CONTROL) or ("", None)
    codings = value.get("coding") if isinstance(value, dict) else None
    first = codings[0] if isinstance(codings, list) and codings else None
    code = first.get("code") if isinstance(first, dict) else None
    return code if isinstance(code, str) else None


def _result(each: Element) -> Data | None:
    found = each.extension(names.RESULT_OF)
    if found is None:
        return None
    each.take("readOnly", bool)
    scales = found.texts_of("scale")
    assessment = found.text_of("assessment")
    data = {
        "questionnaire": found.text_of("questionnaire"),
        "scale": scales[0] if len(scales) == 1 else scales or None,
        "item": found.text_of("item"),
        "assessment": None if assessment == "same" else assessment,
        "reported_by": found.text_of("reported-by"),
    }
    return {key: value for key, value in data.items() if value is not None}


_ORDER = ("key", "kind", "mark", "from", "show_if", "text", "help", "short", "options", "joints")


def _tidy(data: Data) -> Data:
    """Without what is not said, in the order that the files of the library keep."""
    placed = {key: data[key] for key in (*_ORDER, *data) if data.get(key) is not None}
    if "decimals" in placed:
        placed["decimals"] = int(placed["decimals"])
    return placed
