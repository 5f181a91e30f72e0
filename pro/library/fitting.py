"""All that does not fit a file's shape, told in one round: msgspec itself stops at the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from pro.library.files import Document, Place, Problem, Unreadable

T = TypeVar("T")


def typed(document: Document, kind: type[T], texts: Mapping[str, str] | None = None) -> T:
    """The document as a strict struct; raises Unreadable with all that does not fit it (`texts`: a right one by key)."""
    file, misfits, _ = fitted(document, kind, texts)
    if misfits:
        raise Unreadable(misfits)
    return file


def fitted(
    document: Document, kind: type[T], texts: Mapping[str, str] | None = None
) -> tuple[T, list[Problem], list[Place]]:
    """The document as a strict struct, what does not fit it, and the places where a value only stands in for one."""
    try:
        return msgspec.convert(document.data, kind, strict=True), [], []
    except msgspec.ValidationError:
        fitting = _Fitting()
        data = fitting.fitted(document.data, kind)
        told = [_translated(document, place, said, kind, texts or {}) for place, said in fitting.misfits]
        return msgspec.convert(data, kind, strict=True), told, fitting.invented


class _Fitting:
    """Fits plain values to a kind of struct, with stand-ins where they do not."""

    def __init__(self) -> None:
        self.misfits: list[tuple[Place, str]] = []
        """Each in msgspec's words."""
        self.invented: list[Place] = []
        """Where a value stands in: nothing that a check says of it is worth telling."""

    def fitted(self, value: object, kind: Any, place: Place = ()) -> Any:
        """Plain values of the same shape that can be converted; what had to be mended is noted."""
        struct, choices = _struct_of(value, kind), _choices(kind)
        if isinstance(value, dict) and struct is not None:
            return self._struct(value, struct, place)
        for choice in choices:
            if isinstance(value, list) and get_origin(choice) is list:
                return [self.fitted(each, get_args(choice)[0], (*place, i)) for i, each in enumerate(value)]
            if isinstance(value, dict) and get_origin(choice) is dict:
                return {key: self.fitted(each, get_args(choice)[1], (*place, key)) for key, each in value.items()}
        try:
            msgspec.convert(value, kind, strict=True)
        except msgspec.ValidationError as error:
            self.misfits.append((place, str(error)))
            self.invented.append(place)
            return _stand_in(kind)
        return value

    def _struct(self, value: dict[str, object], struct: type[msgspec.Struct], place: Place) -> dict[str, object]:
        fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
        tag = struct.__struct_config__.tag_field
        missing = [name for name, field in fields.items() if field.required and name not in value]
        done: dict[str, object] = {tag: value[tag]} if tag else {}
        for key, each in value.items():
            if key in fields:
                done[key] = self.fitted(each, fields[key].type, (*place, key))
            elif key != tag:
                self.misfits.append((place, f"Object contains unknown field `{key}`"))
                for meant in get_close_matches(key, missing, n=1):
                    missing.remove(meant)
                    self.invented.append((*place, meant))
                    done[meant] = self.fitted(each, fields[meant].type, (*place, key))
        for name in missing:
            self.misfits.append((place, f"Object missing required field `{name}`"))
            self.invented.append((*place, name))
            done[name] = _stand_in(fields[name].type)
        return done


def _choices(kind: Any) -> Sequence[Any]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _struct_of(value: object, kind: Any) -> type[msgspec.Struct] | None:
    """The struct that such a value is meant for, where that is plain."""
    structs = [each for each in _choices(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
    if isinstance(value, dict) and structs and (tag := structs[0].__struct_config__.tag_field):
        structs = [each for each in structs if each.__struct_config__.tag == value.get(tag)]
    return structs[0] if len(structs) == 1 else None


def _stand_in(kind: Any) -> object:
    first = _choices(kind)[0]
    if type(None) in _choices(kind):
        return None
    if get_origin(first) is Literal:
        return get_args(first)[0]
    if get_origin(first) in (list, dict):
        return get_origin(first)()
    if isinstance(first, type) and issubclass(first, msgspec.Struct):
        needed = [field for field in msgspec.structs.fields(first) if field.required]
        config = first.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        return {**tag, **{field.encode_name: _stand_in(field.type) for field in needed}}
    return next(iter(first)).value if hasattr(first, "__members__") else first(1)


# --- in words


def _translated(document: Document, place: Place, said: str, kind: type[object], texts: Mapping[str, str]) -> Problem:
    what, _, path = said.partition(" - at `$")
    place += _place(path.rstrip("`"))
    looks = texts.get(next((key for key in reversed(place) if isinstance(key, str)), ""))
    if looks is not None and _TEXT_AS_NUMBER.match(what):
        return document.problem(place, _at(place, f"must be {looks}"))
    shape = _Shape(kind)
    unknown = re.fullmatch(r"Object contains unknown field `(.+)`", what)
    if unknown:
        return document.problem((*place, unknown[1]), _at(place, shape.unknown_key(unknown[1])))
    word = re.fullmatch(r"Invalid (?:enum )?value (.+)", what)
    if word and place:
        return document.problem(place, _at(place, f"{word[1]} is unknown; {shape.words(str(place[-1]))}"))
    for pattern, say in _SAYINGS:
        match = re.fullmatch(pattern, what)
        if match:
            return document.problem(place, _at(place, say(match)))
    return document.problem(place, _at(place, what[0].lower() + what[1:]))


def _anything(_: type[object]) -> dict[str, Any]:
    return {"description": "any plain value"}


class _Shape:
    """The keys and words that a kind of file knows, for saying what would be right."""

    def __init__(self, kind: type[object]) -> None:
        self.parts: dict[str, dict[str, Any]] = msgspec.json.schema(kind, schema_hook=_anything)["$defs"]

    def unknown_key(self, key: str) -> str:
        keys = sorted({name for part in self.parts.values() for name in part.get("properties", {})})
        near = get_close_matches(key, keys, n=1)
        right = f"did you mean `{near[0]}`?" if near else "docs/questionnaires.md lists those there are"
        return f"unknown key `{key}`; {right}"

    def words(self, key: str) -> str:
        found = {word for part in self.parts.values() for word in self._enum(part.get("properties", {}).get(key, {}))}
        return f"there are {', '.join(sorted(found))}"

    def _enum(self, schema: dict[str, Any]) -> list[str]:
        if "$ref" in schema:
            return self._enum(self.parts[str(schema["$ref"]).rpartition("/")[2]])
        return [*schema.get("enum", []), *(word for part in schema.get("anyOf", []) for word in self._enum(part))]


def _at(place: Place, said: str) -> str:
    names = [key for key in place if isinstance(key, str)]
    return f"{names[-1]}: {said}" if names else said


def _place(path: str) -> Place:
    found = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]", path)
    return tuple(int(index) if index else key for key, index in found if key or index)


_MISSING_MISSING = (
    "the `missing:` rule is missing; say all, half, any, rule-of-method or {at-least: N} "
    "(how many of the items are needed)"
)
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "object": "keys and values",
    "array": "a list",
    "bool": "true or false",
    "null": "nothing",
    "decimal": "a number",
}


def _kinds(words: str) -> str:
    return " or ".join(_KINDS.get(word.strip(), word.strip()) for word in words.split("|"))


_TEXT_AS_NUMBER = re.compile(r"Expected `str\b.*`, got `(int|float|decimal)`")
_Saying = Callable[["re.Match[str]"], str]
_SAYINGS: tuple[tuple[str, _Saying], ...] = (
    (r"Object missing required field `missing`", lambda m: _MISSING_MISSING),
    (r"Object missing required field `(.+)`", lambda m: f"`{m[1]}:` is missing here"),
    (r"Expected `str`, got `(int|float|decimal)`", lambda m: 'put it in quotes, as in "1"'),
    (r"Expected `(.+)`, got `(.+)`", lambda m: f"must be {_kinds(m[1])}, not {_kinds(m[2])}"),
)
