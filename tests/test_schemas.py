"""The JSON Schemas of our files: current, complete, and of one mind with the checker."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from pro.cli import main
from pro.library import DEFAULT_ROOT
from pro.library.files import Unreadable, read
from pro.library.questionnaires import build
from pro.library.schemas import named
from pro.library.writing import yaml_text

NAMES = ("questionnaire", "protocol")
QUESTIONNAIRES = [path for path in DEFAULT_ROOT.glob("library/*/*.yaml") if ".cases" not in path.name]
PROTOCOLS = list(DEFAULT_ROOT.glob("protocols/*/*.yaml"))

QUESTIONNAIRE = Draft202012Validator(json.loads(named("questionnaire")))
PROTOCOL = Draft202012Validator(json.loads(named("protocol")))


@pytest.mark.parametrize("name", NAMES)
def test_the_copy_in_the_repository_is_current(name: str) -> None:
    kept = (DEFAULT_ROOT / f"{name}.schema.json").read_text("utf-8")
    assert kept == named(name), "pro questionnaires schema [--protocol] > questionnaires/….schema.json makes it anew"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_schema_and_every_key_is_explained(name: str) -> None:
    schema = json.loads(named(name))
    Draft202012Validator.check_schema(schema)
    keys = [(part, key, each) for part, of in schema["$defs"].items() for key, each in of.get("properties", {}).items()]
    assert [(part, key) for part, key, each in keys if not each.get("description")] == []


@pytest.mark.parametrize("path", QUESTIONNAIRES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_questionnaire_holds_to_it(path: Path) -> None:
    assert [error.message for error in QUESTIONNAIRE.iter_errors(read(path).data)] == []


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_protocol_holds_to_it(path: Path) -> None:
    assert [error.message for error in PROTOCOL.iter_errors(read(path).data)] == []


Data = dict[str, Any]
BENT: dict[str, Callable[[Data], object]] = {
    "an unknown key": lambda data: data.update(minuts=1),
    "no title": lambda data: data.pop("title"),
    "a version that is a number": lambda data: data.update(version=1),
    "a version that counts nothing": lambda data: data.update(version="one"),
    "an id in capitals": lambda data: data.update(id="Diary"),
    "no items": lambda data: data.update(items=[]),
    "an unknown language": lambda data: data.update(languages=["en", "de"]),
    "no language": lambda data: data.update(languages=[]),
    "an empty wording": lambda data: data["title"].update(fr=" "),
    "an unknown kind": lambda data: data["items"][0].update(kind="slider"),
    "an unknown key of an item": lambda data: data["items"][0].update(label="x"),
    "a rating without its ends": lambda data: data["items"][0].pop("low_label"),
    "options for a rating": lambda data: data["items"][0].update(options=[_option("a"), _option("b")]),
    "an integer without limits": lambda data: data["items"][2].pop("high"),
    "decimals for an integer": lambda data: data["items"][2].update(decimals=1),
    "a decimal without digits": lambda data: data["items"][2].update(kind="decimal"),
    "limits for a list of joints": lambda data: data["items"][3].update(low=0, high=3),
    "an unknown joint": lambda data: data["items"][3].update(joints=["nose"]),
    "no joints": lambda data: data["items"][3].pop("joints"),
    "joints for yes or no": lambda data: data["items"][5].update(joints=["knee"]),
    "one option": lambda data: data["items"][5].update(kind="one", options=[_option("a")]),
    "a condition of two tests": lambda data: data["items"][6].update(
        show_if={"item": "flare", "is": True, "at_least": 1}
    ),
    "a condition without a test": lambda data: data["items"][6].update(show_if={"item": "flare"}),
    "any and all": lambda data: data["items"][6].update(show_if={"any": [], "all": []}),
    "not_empty: false": lambda data: data["items"][6].update(show_if={"item": "tender", "not_empty": False}),
    "a scale without a missing rule": lambda data: data["scales"][0].pop("missing"),
    "an unknown method": lambda data: data["scales"][0].update(method="guess"),
    "a scale of nothing": lambda data: data["scales"][0].update(items=[]),
    "at least none": lambda data: data["scales"][0].update(missing={"at-least": 0}),
    "a band with two bounds": lambda data: data["scales"][0].update(bands=[_band(up_to=1, below=2), _band()]),
}


def _option(code: str) -> Data:
    return {"code": code, "label": {"en": code, "fr": code}}


def _band(**bounds: int) -> Data:
    return {"label": "x", "text": {"en": "x", "fr": "x"}, **bounds}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT.keys())
def test_what_the_checker_refuses_the_schema_refuses(bend: Callable[[Data], object], tmp_path: Path) -> None:
    data: Any = copy.deepcopy(read(DEFAULT_ROOT / "library/joint-pain-diary/1.yaml").data)
    assert QUESTIONNAIRE.is_valid(data)
    bend(data)
    path = tmp_path / "1.yaml"
    path.write_text(yaml_text(data), "utf-8")
    with pytest.raises(Unreadable):
        build(read(path), path, None)
    assert not QUESTIONNAIRE.is_valid(data)


@pytest.mark.parametrize(
    "bent", [{"cutoff": "4 am"}, {"late_message": "soon"}, {"extra": 1}, {"version": "x"}, {"timepoints": 3}]
)
def test_a_bent_protocol_is_refused(bent: dict[str, object]) -> None:
    data: Any = read(PROTOCOLS[0]).data
    assert not PROTOCOL.is_valid({**data, **bent})


def test_the_command_prints_it() -> None:
    assert CliRunner().invoke(main, ["questionnaires", "schema"]).stdout == named("questionnaire")
    assert CliRunner().invoke(main, ["questionnaires", "schema", "--protocol"]).stdout == named("protocol")
