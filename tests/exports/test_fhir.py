"""Every questionnaire as FHIR R4, held to models that are not ours, and back again; and what others send."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fhir.resources.R4B.questionnaire import Questionnaire as R4Questionnaire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pro.cli import main
from pro.domain.questionnaire import Questionnaire
from pro.domain.wording import Owned
from pro.exports.fhir import NotAQuestionnaire, as_json, draft_of, resource_of
from pro.library import load
from pro.library.files import read
from pro.library.questionnaires import build
from pro.library.writing import yaml_text
from tests.exports.questionnaires import files

LIBRARY = load()
EVERY = [pytest.param(each, id=f"{each.id}-{each.version}") for each in LIBRARY.questionnaires()]

TYPES = {"group", "display", "boolean", "decimal", "integer", "date", "dateTime", "time", "string", "text"}
CODES = {
    "status": {"draft", "active", "retired", "unknown"},
    "type": TYPES | {"url", "choice", "open-choice", "attachment", "reference", "quantity"},
    "operator": {"exists", "=", "!=", ">", "<", ">=", "<="},
    "enableBehavior": {"all", "any"},
    "language": {"en", "fr"},
}
"""Required value sets of 4.0.1, which the models do not look into."""


@cache
def _kept(id_: str, version: str) -> bytes:
    return exported(LIBRARY.questionnaire(id_, version))


def exported(questionnaire: Questionnaire) -> bytes:
    return as_json(resource_of(questionnaire, published=False).resource)


def reread(data: dict[str, Any], folder: Path) -> Questionnaire:
    path = folder / "1.yaml"
    path.write_text(yaml_text(data), "utf-8")
    return build(read(path), path, None)


def elements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from elements(part)


def asked(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["linkId"]: item for item in resource["item"]}


def of(id_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_kept(id_, "1"))
    return found


# --- out


@pytest.mark.parametrize("questionnaire", EVERY)
def test_the_structure_is_r4(questionnaire: Questionnaire) -> None:
    content = exported(questionnaire)
    R4Questionnaire.model_validate_json(content)
    for element in elements(json.loads(content)):
        for name in CODES.keys() & element.keys():
            assert element[name] in CODES[name]


@pytest.mark.parametrize("questionnaire", EVERY)
def test_invariants_of_r4_that_models_do_not_hold(questionnaire: Questionnaire) -> None:
    resource = json.loads(exported(questionnaire))
    every = [each for each in elements(resource["item"]) if "linkId" in each]
    links = [each["linkId"] for each in every]
    assert len(set(links)) == len(links)
    for each in every:
        assert each["type"] != "display" or not {"item", "answerOption", "repeats", "readOnly"} & each.keys()
        assert "answerOption" not in each or each["type"] == "choice"
        assert "maxLength" not in each or each["type"] in ("string", "text")
        assert len(each.get("enableWhen", ())) < 2 or each["enableBehavior"] in ("any", "all")
        assert {when["question"] for when in each.get("enableWhen", ())} <= set(links)
    for each in elements(resource):
        assert "url" not in each or "extension" not in each or not any(name.startswith("value") for name in each)


@pytest.mark.parametrize("questionnaire", EVERY)
def test_it_comes_back_equal(questionnaire: Questionnaire, tmp_path: Path) -> None:
    draft = draft_of(exported(questionnaire))
    assert draft.notes == ()
    back = reread(draft.data, tmp_path)
    assert replace(back, sha256=questionnaire.sha256) == questionnaire


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=files())
def test_whatever_the_format_allows_comes_back_equal(data: dict[str, Any], tmp_path: Path) -> None:
    questionnaire = reread(data, tmp_path)
    content = exported(questionnaire)
    R4Questionnaire.model_validate_json(content)
    draft = draft_of(content)
    assert draft.notes == ()
    assert replace(reread(draft.data, tmp_path), sha256=questionnaire.sha256) == questionnaire


def test_both_languages_of_every_text() -> None:
    for questionnaire in LIBRARY.questionnaires():
        for item in asked(json.loads(exported(questionnaire))).values():
            texts = [item, *item.get("item", ())]
            for each in texts:
                (translation,) = each["_text"]["extension"]
                assert translation["url"] == "http://hl7.org/fhir/StructureDefinition/translation"
                assert [part.get("valueCode") for part in translation["extension"]] == ["fr", None]
            for option in item.get("answerOption", ()):
                assert "_display" in option["valueCoding"]


def test_types_and_what_goes_with_them() -> None:
    diary = asked(of("joint-pain-diary"))
    assert {key: item["type"] for key, item in diary.items()} == {
        "worst_pain": "integer",
        "average_pain": "integer",
        "stiffness": "integer",
        "tender": "choice",
        "swollen": "choice",
        "flare": "boolean",
        "rest_pain": "integer",
        "warm_joint": "boolean",
    }
    assert diary["tender"]["repeats"] is True
    assert diary["tender"]["answerOption"][0]["valueCoding"]["system"] == "urn:pro:joint"
    assert len(diary["tender"]["answerOption"]) == 32
    extensions = {each["url"].rpartition("/")[2]: each for each in diary["stiffness"]["extension"]}
    assert extensions["minValue"]["valueInteger"] == 0
    assert extensions["maxValue"]["valueInteger"] == 1440
    assert extensions["questionnaire-unit"]["valueCoding"]["code"] == "min"


def test_branching() -> None:
    rest_pain = asked(of("joint-pain-diary"))["rest_pain"]
    assert rest_pain["enableBehavior"] == "any"
    assert rest_pain["enableWhen"] == [
        {"question": "flare", "operator": "=", "answerBoolean": True},
        {"question": "worst_pain", "operator": ">=", "answerInteger": 4},
    ]
    (when,) = asked(of("injection-diary"))["temperature"]["enableWhen"]
    assert when == {"question": "temperature_taken", "operator": "=", "answerBoolean": True}


def test_a_wording_with_an_owner_says_so() -> None:
    raid = of("raid")
    assert "belongs to EULAR" in raid["copyright"]
    assert "not for use in a study" in raid["copyright"]
    assert of("joint-pain-diary")["copyright"] == "Apache-2.0"


def test_an_owners_text_travels_only_where_it_was_laid_over_and_is_marked() -> None:
    raid = LIBRARY.questionnaire("raid", "1")
    laid = replace(raid, wordings={"fr": "f" * 64})
    written = resource_of(laid, published=False)
    R4Questionnaire.model_validate_json(as_json(written.resource))
    assert "may not be passed on" in written.resource["copyright"]
    assert written.notes == ("holds the text of EULAR in fr: pass it on only with the owner's leave",)
    (note,) = draft_of(as_json(written.resource)).notes
    assert note == "the texts are the owner's, as a site installed them: put labels of your own in their place"


def test_status_follows_the_lock() -> None:
    assert (
        json.loads(pro("export", "joint-pain-diary", "--version", "1", "--format", "fhir").stdout)["status"] == "active"
    )
    diary = LIBRARY.questionnaire("joint-pain-diary", "1")
    assert resource_of(diary, published=False).resource["status"] == "draft"


def test_no_code_of_somebody_elses_list() -> None:
    systems = {each["system"] for each in LIBRARY.questionnaires() for each in elements(of_(each)) if "system" in each}
    foreign = {each for each in systems if not each.startswith("urn:pro:")}
    assert foreign <= {"http://hl7.org/fhir/questionnaire-item-control", "http://unitsofmeasure.org"}


def of_(questionnaire: Questionnaire) -> Any:
    return json.loads(exported(questionnaire))


def test_nested_conditions_travel_and_are_reported(tmp_path: Path) -> None:
    data = draft_of(exported(LIBRARY.questionnaire("joint-pain-diary", "1"))).data
    nested = {
        "all": [
            {"item": "flare", "is": True},
            {"any": [{"item": "worst_pain", "at_least": 4}, {"item": "stiffness", "is": 0}]},
        ]
    }
    data["items"][7]["show_if"] = nested
    written = resource_of(reread(data, tmp_path), published=False)
    assert "enableWhen" not in written.resource["item"][7]
    (note,) = written.notes
    assert note.startswith("warm_joint: its condition is nested deeper")
    assert draft_of(as_json(written.resource)).data["items"][7]["show_if"] == nested


# --- in


TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
GERMAN = [{"url": "lang", "valueCode": "de"}, {"url": "content", "valueString": "Morgens"}]
NOT_WELL = [{"question": "1.2", "operator": "!=", "answerCoding": {"code": "LA1"}}]
OVER_SIX = [{"question": "3", "operator": ">", "answerInteger": 6}]
FOREIGN: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "url": "https://fhir.example.org/Questionnaire/Morning-Check",
    "language": "en-GB",
    "version": "2.1.0",
    "title": "Morning check",
    "_title": {"extension": [{"url": TRANSLATION, "extension": GERMAN}]},
    "status": "draft",
    "purpose": "to try",
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "text": "About the night",
            "item": [
                {"linkId": "1.1", "type": "boolean", "text": "Slept?", "required": True, "code": [{"code": "x"}]},
                {
                    "linkId": "1.2",
                    "type": "choice",
                    "text": "How?",
                    "enableWhen": [{"question": "1.1", "operator": "=", "answerBoolean": True}],
                    "answerOption": [
                        {"valueCoding": {"system": "http://loinc.org", "code": "LA1", "display": "Well"}},
                        {"valueString": "Badly", "initialSelected": True},
                    ],
                },
            ],
        },
        {"linkId": "2", "type": "attachment", "text": "A photograph"},
        {"linkId": "3", "type": "integer", "text": "Hours?", "enableWhen": NOT_WELL},
        {"linkId": "4", "type": "decimal", "text": "Weight?", "enableWhen": OVER_SIX, "definition": "x"},
        {"linkId": "5", "type": "display", "text": "Thank you"},
    ],
}  # fmt: skip


def test_anybodys_questionnaire_becomes_a_draft() -> None:
    draft = draft_of(json.dumps(FOREIGN).encode())
    assert (draft.id, draft.data["version"], draft.data["languages"]) == ("morning-check", "1", ["en"])
    items = {item["key"]: item for item in draft.data["items"]}
    assert {key: item["kind"] for key, item in items.items()} == {
        "q1_1": "yes-no",
        "q1_2": "one",
        "q3": "integer",
        "q4": "decimal",
    }
    assert items["q1_2"]["show_if"] == {"item": "q1_1", "is": True}
    assert [option["code"] for option in items["q1_2"]["options"]] == ["LA1", "Badly"]
    assert items["q4"]["show_if"] == {"item": "q3", "at_least": 7}
    assert "show_if" not in items["q3"]


@pytest.mark.parametrize(
    "said",
    [
        "2: a question of type 'attachment' cannot be asked here and is left out",
        "3: the condition 1.2 != LA1 cannot be said in show_if and is left out",
        "3: none of its conditions could be carried; it shows always",
        "3: high is not said; 1000 is assumed, write the real one",
        "1: the heading 'About the night' is not carried; every question stands alone",
        "5: the text 'Thank you' is not carried; put it into help:",
        "1.1: code is not carried",
        "4: definition is not carried",
        "1.2: initialSelected of an option is not carried",
        "option codes are carried without their system http://loinc.org",
        "required is not carried (1 questions): every question here may be skipped",
        "version '2.1.0' is not carried; ours are counting numbers, so this is 1",
        "wording in 'de' is not carried; the pages speak en, fr",
        "purpose is not carried",
        "there is no scoring that this project can read; write scales: and their worked examples",
        "the licence is not said; find it out before anybody is asked this",
    ],
)
def test_what_could_not_be_carried_is_said(said: str) -> None:
    assert said in draft_of(json.dumps(FOREIGN).encode()).notes


def test_a_language_that_the_pages_do_not_speak_stays_in_the_draft() -> None:
    german = {"resourceType": "Questionnaire", "language": "de", "title": "Schmerz", "status": "draft",
              "item": [{"linkId": "a", "type": "boolean", "text": "Schmerzen?"}]}  # fmt: skip
    draft = draft_of(json.dumps(german).encode())
    assert draft.data["items"][0]["text"] == {"de": "Schmerzen?"}
    assert "wording in 'de' stands in the draft, to be replaced; the pages speak en, fr" in draft.notes
    assert "a text has no wording in 'en'; write it, or take the language out" in draft.notes


def test_an_edit_in_a_fhir_tool_wins_over_our_own_extension() -> None:
    resource = of("joint-pain-diary")
    asked(resource)["warm_joint"]["enableWhen"].pop()
    asked(resource)["warm_joint"]["text"] = "Warm?"
    changed = draft_of(json.dumps(resource).encode()).data["items"][7]
    assert changed["show_if"] == {"any": [{"item": "flare", "is": True}]}
    assert changed["text"]["en"] == "Warm?"


HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "another resource": b'{"resourceType": "Patient"}',
    "no resource": b"{}",
    "deep": b'{"resourceType":"Questionnaire","item":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep items": json.dumps({"resourceType": "Questionnaire", "item": []}).encode()[:-2]
    + b'{"linkId":"a","type":"group","item":[' * 100 + b"]}" * 100 + b"]}",
    "item is text": b'{"resourceType":"Questionnaire","item":"x"}',
    "item of numbers": b'{"resourceType":"Questionnaire","item":[1]}',
    "text is a list": b'{"resourceType":"Questionnaire","item":[{"linkId":"a","type":"boolean","text":[]}]}',
    "not a number": b'{"resourceType":"Questionnaire","item":[{"linkId":"a","type":"integer","x":NaN}]}',
    "extension is text": b'{"resourceType":"Questionnaire","extension":"x"}',
}  # fmt: skip


def pro(*args: object) -> Result:
    return CliRunner().invoke(main, ["questionnaires", *(str(arg) for arg in args)])


@pytest.mark.parametrize("content", [pytest.param(each, id=name) for name, each in HOSTILE.items()])
def test_hostile_files_are_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    result = pro("import", tmp_path / "x.json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "Error" not in result.stderr


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "extension", "item", "x"]), inner)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_resource_bent_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    bent = copy.deepcopy(of("injection-site-grade") if data.draw(st.booleans()) else FOREIGN)
    place = data.draw(st.sampled_from(list(elements(bent))))
    name = data.draw(st.sampled_from(sorted(place)))
    place[name] = data.draw(JUNK)
    try:
        draft = draft_of(json.dumps(bent).encode())
    except NotAQuestionnaire:
        return
    yaml_text(draft.data)


# --- the commands


def test_export_and_import_as_commands(tmp_path: Path) -> None:
    out, back = tmp_path / "raid.json", tmp_path / "new" / "1.yaml"
    assert pro("export", "raid", "--format", "fhir", "--out", out).exit_code == 0
    result = pro("import", out, "--id", "raid-again", "--out", back)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert back.read_text("utf-8").startswith("# yaml-language-server: $schema=")
    assert build(read(back), back, None).id == "raid-again"
    assert "raid: null" in back.with_name("1.cases.yaml").read_text("utf-8")
    again = pro("import", out, "--out", back)
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_export_of_everything(tmp_path: Path) -> None:
    assert pro("export", "--all", "--format", "fhir", "--out", tmp_path / "all").exit_code == 0
    assert len(list((tmp_path / "all").glob("*.json"))) == len(LIBRARY.questionnaires())


@pytest.mark.parametrize(
    "args",
    [
        ("export", "--format", "fhir"),
        ("export", "raid", "--all", "--format", "fhir", "--out", "x"),
        ("export", "--all", "--format", "fhir"),
        ("export", "nothing", "--format", "fhir"),
        ("export", "raid", "--format", "fhir", "--base", "here"),
        ("export", "raid", "--format", "fhir", "--base", 'a b:c"<'),
        ("export", "raid", "--format", "fhir", "--base", "https://a.example/\nb"),
        ("import", "nowhere.json"),
    ],
)
def test_wrong_calls(args: tuple[str, ...]) -> None:
    result = pro(*args)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_the_canonical_address_is_the_sites_own() -> None:
    result = pro("export", "raid", "--format", "fhir", "--base", "https://fhir.example.org/")
    assert json.loads(result.stdout)["url"] == "https://fhir.example.org/Questionnaire/raid"


def test_an_owners_words_are_written_as_text() -> None:
    assert json.loads(as_json({"text": Owned("a *b* c")})) == {"text": "a *b* c"}
