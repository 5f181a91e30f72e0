"""`pro questionnaires` and `pro protocol check|publish` as scripts call them: output, exit code, one clear line."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click import Command, Context
from click.testing import CliRunner, Result

from pro import cli
from pro.cli import COMMANDS, SAID_OF, Family, main
from pro.library import DEFAULT_ROOT, load

PROTOCOL = "protocols/thera-demo/1.yaml"


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    root = shutil.copytree(DEFAULT_ROOT, tmp_path / "questionnaires")
    (root / "published.lock").unlink(missing_ok=True)
    return root


def pro(*args: object, given: str = "") -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], input=given)


def refused(result: Result) -> str:
    """The one line that a wrong call gets on standard error."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def score(id_: str, **answers: object) -> Any:
    result = pro("questionnaires", "score", id_, given=json.dumps(answers))
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


# --- list and check


def test_list_as_json() -> None:
    rows = json.loads(pro("questionnaires", "list", "--json").stdout)
    diary = next(row for row in rows if row["id"] == "joint-pain-diary")
    assert diary["languages"] == ["en", "fr"]
    assert diary["wording_installed"] is True
    assert {"version", "licence", "published", "sha256", "items", "scales", "title"} <= diary.keys()


def test_list_tells_whose_wording_is_not_here() -> None:
    rows = {row["id"]: row for row in json.loads(pro("questionnaires", "list", "--json").stdout)}
    own = {"en": {"installed": True}, "fr": {"installed": True}}
    assert rows["pain-vas-48h"]["wording"] == {"owner": None, "ask": None, "languages": own}
    for id_ in ("raid", "rapid3", "haq-di", "ra-flare"):
        assert rows[id_]["wording_installed"] is False
        assert rows[id_]["wording"]["owner"]
        assert rows[id_]["wording"]["ask"]
    assert "wording of EULAR not installed" in pro("questionnaires", "list").stdout


def test_list_for_people() -> None:
    assert re.search(r"^pain-vas-48h 1 .*en, fr", pro("questionnaires", "list").stdout, re.MULTILINE)


def test_the_page_of_the_library_is_as_the_files_are() -> None:
    written = (DEFAULT_ROOT.parent / "docs/library.md").read_text("utf-8")
    result = pro("questionnaires", "list", "--markdown")
    assert written == result.stdout, "write it again: pro questionnaires list --markdown > docs/library.md"
    rows = [line for line in written.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == sorted({each.id for each in load().questionnaires()})
    assert any("DAS28" in row and "remission < 2.6; low ≤ 3.2; moderate ≤ 5.1; high" in row for row in rows)


def test_check_ends_with_what_passed() -> None:
    result = pro("questionnaires", "check")
    assert result.exit_code == 0
    assert re.fullmatch(r"\d+ questionnaires, \d+ worked examples passed", result.stdout.splitlines()[-1])


def test_check_names_file_and_line_and_ends_with_1(drafts: Path) -> None:
    path = drafts / "library/pain-vas-48h/1.yaml"
    path.write_text(path.read_text("utf-8").replace("minutes:", "minuts:"), "utf-8")
    result = pro("questionnaires", "check", "--root", drafts)
    assert result.exit_code == 1
    assert f"{path}:11: unknown key `minuts`" in result.stdout
    assert "passed" not in result.stdout


def test_a_broken_library_stops_the_other_commands_with_2(drafts: Path) -> None:
    path = drafts / "library/pain-vas-48h/1.cases.yaml"
    path.write_text(path.read_text("utf-8").replace("{pain: 41}", "{pain: 42}", 1), "utf-8")
    wrong = "1.cases.yaml:13: pain of 'just above the screening limit' is 42, the example expects 41"
    for call in (["score", "pain-vas-48h", "--version", "1"], ["publish", "patient-global"], ["list"]):
        result = pro("questionnaires", *call, "--root", drafts, given="{}")
        assert result.exit_code == 2, call
        assert result.stdout == ""
        assert wrong in result.stderr


# --- score


def test_score_has_the_contracts_shape() -> None:
    found = score("joint-pain-diary", worst_pain=7, average_pain=None, tender=["L-hip", "R-knee"])
    assert (found["questionnaire"], found["version"]) == ("joint-pain-diary", "1")
    assert found["scores"]["worst_pain"] == {"value": 7, "answered": 1, "of": 1, "band": None, "reason": None}
    assert found["scores"]["tender_count"]["value"] == 2
    for key in ("average_pain", "stiffness", "swollen_count"):
        assert found["scores"][key] == {
            "value": None, "answered": 0, "of": 1, "band": None, "reason": "not answered",
        }  # fmt: skip


def test_absent_and_null_both_mean_missing() -> None:
    assert score("pain-vas-48h") == score("pain-vas-48h", pain=None)


def test_scores_are_not_rounded() -> None:
    given = '{"dose": "part", "temperature_taken": true, "temperature": 38.6}'
    found = pro("questionnaires", "score", "injection-diary", given=given)
    scores = json.loads(found.stdout, parse_float=str, parse_int=str)["scores"]
    assert scores["temperature"]["value"] == "38.6"
    assert scores["dose_taken"]["value"] == "0.5"


def test_the_missing_rule_is_named_and_another_may_be_asked_for() -> None:
    given = '{"q3": 2, "q20": 1}'
    rands = json.loads(pro("questionnaires", "score", "rand-36", given=given).stdout)
    assert rands["scores"]["physical_functioning"]["value"] == 50
    assert {rule["missing"] for rule in rands["rules"].values()} == {"any"}
    half = json.loads(pro("questionnaires", "score", "rand-36", "--missing", "half", given=given).stdout)
    assert half["scores"]["physical_functioning"]["value"] is None
    assert half["scores"]["physical_functioning"]["reason"] == "needs 5 of 10 items, 1 answered"
    assert half["scores"]["social_functioning"]["value"] == 100
    assert {rule["missing"] for rule in half["rules"].values()} == {"half"}


def test_a_missing_rule_that_is_not_published_for_it_is_refused() -> None:
    said = refused(pro("questionnaires", "score", "who-5", "--missing", "half", given="{}"))
    assert said == "--missing half: who-5 1 has the missing rule all"
    said = refused(pro("questionnaires", "score", "rand-36", "--missing", "all", given="{}"))
    assert said == "--missing all: rand-36 1 has the missing rules any, half"


def test_the_value_set_is_named_in_the_answer() -> None:
    levels = {"mobility": 2, "selfcare": 1, "usual": 2, "pain": 3, "anxiety": 2}
    found = score("eq-5d-5l", **levels, vas=70)
    assert found["scores"]["profile"] == {"value": "21232", "answered": 5, "of": 5, "band": None, "reason": None}
    assert found["scores"]["index_fr"]["value"] == 0.86178
    assert "Andrade 2020" in found["rules"]["index_fr"]["source"]


@pytest.mark.parametrize(
    ("id_", "items", "scales"),
    [
        (
            "rand-36",
            " ".join(f"q{n}" for n in range(1, 37)),
            "physical_functioning role_physical role_emotional energy_fatigue emotional_wellbeing "
            "social_functioning pain general_health health_change",
        ),
        ("eq-5d-5l", "mobility selfcare usual pain anxiety vas", "profile index_fr vas"),
        ("who-5", "q1 q2 q3 q4 q5", "who_5"),
        ("fihoa", " ".join(f"q{n}" for n in range(1, 11)), "fihoa"),
        (
            "promis-global",
            " ".join(f"global{n:02}" for n in range(1, 11)),
            "physical_raw physical_t mental_raw mental_t",
        ),
    ],
)
def test_items_and_scales_have_the_names_scripts_use(id_: str, items: str, scales: str) -> None:
    rows = json.loads(pro("questionnaires", "list", "--json").stdout)
    row = next(row for row in rows if row["id"] == id_)
    assert (row["items"], row["scales"]) == (items.split(), scales.split())
    assert row["languages"] == ["en", "fr"]


@pytest.mark.parametrize(
    ("id_", "given", "named"),
    [
        ("rand-36", '{"q1": 6}', "q1 must be one of: 1, 2, 3, 4, 5"),
        ("rand-36", '{"q13": 0}', "q13 must be one of: 1, 2"),
        ("rand-36", '{"q21": 2.5}', "q21 must be one of"),
        ("eq-5d-5l", '{"pain": 9}', "pain must be one of: 1, 2, 3, 4, 5"),
        ("eq-5d-5l", '{"vas": 101}', "vas must be 100 or less"),
        ("who-5", '{"q1": -1}', "q1 must be one of: 5, 4, 3, 2, 1, 0"),
        ("who-5", '{"q6": 1}', "q6 is not an item of who-5"),
        ("fihoa", '{"q10": 4}', "q10 must be one of: 0, 1, 2, 3"),
        ("promis-global", '{"global07": 11}', "global07 must be 10 or less"),
        ("promis-global", '{"global08": 0}', "global08 must be one of: 5, 4, 3, 2, 1"),
        ("fever-grade", '{"temperature": 38.05}', "temperature may have at most 1 digits after the point"),
        ("injection-site-grade", '{"reactions": ["none", "itch"]}', "none cannot be chosen together with another"),
        ("adherence", '{"due": -1}', "due must be 0 or more"),
    ],
)
def test_an_answer_that_a_questionnaire_does_not_take_is_refused_by_name(id_: str, given: str, named: str) -> None:
    assert named in refused(pro("questionnaires", "score", id_, given=given))


def test_a_given_version_is_asked_for() -> None:
    assert pro("questionnaires", "score", "pain-vas-48h", "--version", "1", given="{}").exit_code == 0
    line = refused(pro("questionnaires", "score", "pain-vas-48h", "--version", "9", given="{}"))
    assert line == "there is no questionnaire pain-vas-48h 9; versions: 1, 2"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ('{"pian": 3}', "pian is not an item of joint-pain-diary"),
        ('{"worst_pain": 11}', "worst_pain must be 10 or less"),
        ('{"worst_pain": "7"}', "worst_pain must be a whole number"),
        ('{"worst_pain": 7.5}', "worst_pain must be a whole number"),
        ('{"worst_pain": true}', "worst_pain must be a whole number"),
        ('{"worst_pain": 1e999}', "worst_pain must be 10 or less"),
        ('{"flare": 1}', "flare must be true or false"),
        ('{"tender": ["L-DIP2"]}', "tender may only name joints of this question"),
        ('{"tender": "L-hip"}', "tender must be a list"),
        ('{"worst_pain": NaN}', "standard input is not JSON: NaN is no number"),
        ('{"worst_pain": 1, "worst_pain": 2}', "standard input is not JSON: worst_pain stands there twice"),
        ('{"worst_pain": 1e99999999999999999999}', "worst_pain must be"),
        ('{"a\\nb\\u001b[2J": 1}', r"'a\nb\x1b[2J' is not an item of joint-pain-diary"),
        ('{"a\\n": 1, "a\\n": 2}', r"standard input is not JSON: 'a\n' stands there twice"),
        ("[1]", "standard input must be one JSON object"),
        ("", "standard input is not JSON"),
        ("{", "standard input is not JSON"),
        ("[" * 100_000, "standard input is not JSON"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_name(given: str, named: str) -> None:
    assert refused(pro("questionnaires", "score", "joint-pain-diary", given=given)).startswith(named)


def values(found: Any) -> dict[str, object]:
    return {key: each["value"] for key, each in found["scores"].items()}


def test_das28_by_the_contract() -> None:
    found = score("das28", tender28=4, swollen28=2, esr=20, **{"global": 40})
    assert round(found["scores"]["das28_esr4"]["value"], 4) == 4.1730
    assert found["scores"]["das28_esr4"]["band"] == "moderate"
    assert found["scores"]["das28_crp4"]["value"] is None
    assert found["scores"]["das28_crp4"]["reason"] == "needs 4 of 4 items, 3 answered"


def test_das28_takes_what_laboratories_and_calculators_give() -> None:
    """By hand: 1.12 + 0.39598 + 0.70·ln 12.55 + 0.014·43.25 = 3.8923; with 0.36·ln 13.345 + 0.96, 4.0143."""
    found = score("das28", tender28=4, swollen28=2, esr=12.55, crp=12.345, **{"global": 43.25})["scores"]
    assert [round(found[key]["value"], 4) for key in ("das28_esr4", "das28_crp4")] == [3.8923, 4.0143]


def test_a_score_may_be_a_word() -> None:
    found = score("eular-response", baseline=4.4, current=3.2)["scores"]["eular_response"]
    assert found == {"value": "moderate", "answered": 2, "of": 2, "band": None, "reason": None}
    assert values(score("gout-flare", declared=True, rest_pain=5, swollen=0)) == {
        "criteria_met": 2, "gout_flare": None, "gout_flare_tree": "flare",
    }  # fmt: skip


def test_lists_are_taken() -> None:
    marks = ["L-MCP2", "L-MCP3", "R-MCP2", "L-wrist", "R-ankle", "L-hip"]
    assert values(score("joint-count", tender=marks, swollen=marks, replaced=["L-wrist"])) == {
        "tjc28": 3, "sjc28": 3, "tjc44": 4, "sjc44": 4, "tjc68": 5, "sjc66": 4, "tjc_hh12": 5, "sjc_hh12": 5,
    }  # fmt: skip
    first = {
        f"{name}1": 0 for name in ("dressing", "arising", "eating", "walking", "hygiene", "reach", "grip", "activities")
    }
    assert values(score("haq-di", **first, aids=["walking"])) == {"haq_di": 0.25, "haq_di_alternative": 0}


@pytest.mark.parametrize(
    ("id_", "given", "named"),
    [
        ("das28", '{"esr": 0}', "esr must be 1 or more"),
        ("das28", '{"esr": 301}', "esr must be 300 or less"),
        ("das28", '{"crp": -0.1}', "crp must be 0 or more"),
        ("das28", '{"crp": 300.5}', "crp must be 300 or less"),
        ("das28", '{"tender28": 29}', "tender28 must be 28 or less"),
        ("eular-response", '{"baseline": 11}', "baseline must be 10 or less"),
        ("eular-response", '{"baseline": "high"}', "baseline must be a number"),
        ("raid", '{"coping": 11}', "coping must be 10 or less"),
        ("rapid3", '{"global": 1.2}', "global must go in steps of 0.5"),
        ("rapid3", '{"a": 4}', "a must be one of: 0, 1, 2, 3"),
        ("haq-di", '{"aids": ["cane"]}', "aids must be one of: dressing, arising"),
        ("joint-count", '{"tender": ["L-nose"]}', "tender may only name joints of this question"),
        ("gout-flare", '{"declared": "yes"}', "declared must be true or false"),
    ],
)
def test_values_that_are_not_allowed_name_their_item(id_: str, given: str, named: str) -> None:
    assert refused(pro("questionnaires", "score", id_, given=given)).startswith(named)


@pytest.mark.parametrize(
    "id_",
    ["das28", "eular-response", "raid", "joint-count", "joint-exam", "rapid3", "haq-di", "gout-flare", "ra-flare"],
)
def test_without_answers_every_score_says_why_there_is_none(id_: str) -> None:
    for found in score(id_)["scores"].values():
        assert found["value"] is None
        assert found["answered"] == 0
        assert found["reason"]


def test_bytes_that_are_no_text_are_refused() -> None:
    result = CliRunner().invoke(main, ["questionnaires", "score", "pain-vas-48h"], input=b'{"pain": "\xff"}')
    assert refused(result).startswith("standard input is not JSON")


def test_an_unknown_questionnaire_is_refused_by_name() -> None:
    assert refused(pro("questionnaires", "score", "nix", given="{}")).startswith("there is no questionnaire nix;")


# --- protocol check


def test_a_protocol_that_holds() -> None:
    path = DEFAULT_ROOT / PROTOCOL
    result = pro("protocol", "check", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: thera-demo 1 holds\n")


def test_a_protocol_that_does_not_hold_names_file_and_line(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    text = (DEFAULT_ROOT / PROTOCOL).read_text("utf-8")
    copy.write_text(text.replace("[18:00, 20:00]", "[18:00, 21:00]"), "utf-8")
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "[18:00, 20:00]" in each)
    result = pro("protocol", "check", copy)
    assert result.exit_code == 1
    said = "21:00 lies in the quiet hours (20:30 to 08:30); move it out of them"
    assert result.stdout == f"{copy}:{line}: {said}\n"


def test_changing_the_quiet_hours_is_one_edit(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    text = (DEFAULT_ROOT / PROTOCOL).read_text("utf-8")
    assert text.count("from: 20:30") == 1
    copy.write_text(text.replace("from: 20:30", "from: 22:00"), "utf-8")
    assert pro("protocol", "check", copy).exit_code == 0


def test_an_unreadable_protocol_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("id: [\n", "utf-8")
    result = pro("protocol", "check", path)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:")
    assert len(result.stdout.splitlines()) == 1


def test_a_protocol_file_that_is_not_there(tmp_path: Path) -> None:
    assert "nix.yaml" in refused(pro("protocol", "check", tmp_path / "nix.yaml"))


# --- publish


def test_publishing_a_questionnaire_and_then_the_protocol(drafts: Path) -> None:
    publish = ("protocol", "publish", "thera-demo", "--version", "1", "--root")
    assert "which is a draft" in pro(*publish, drafts).stderr
    for id_ in ("pain-vas-48h", "patient-global", "joint-pain-diary", "injection-diary"):
        done = pro("questionnaires", "publish", id_, "--version", "1", "--root", drafts)
        assert done.stdout == f"{id_} 1 published\n"
    assert pro(*publish, drafts).stdout == "thera-demo 1 published\n"
    again = pro(*publish, drafts)
    assert (again.exit_code, again.stdout) == (0, "thera-demo 1 was published already\n")
    path = drafts / PROTOCOL
    path.write_text(path.read_text("utf-8").replace("daily_cap: 3", "daily_cap: 4"), "utf-8")
    result = pro("questionnaires", "check", "--root", drafts)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:1: was published and has changed since")


# --- the command itself


@pytest.mark.parametrize("args", [["nope"], ["--nope"], ["questionnaires", "nope"], ["questionnaires", "score"]])
def test_a_wrong_call_gets_one_line(args: list[str]) -> None:
    refused(pro(*args))


def test_the_help_lists_what_is_built() -> None:
    result = pro("--help")
    assert result.exit_code == 0
    assert re.findall(r"^  (\w+) {2}", result.stdout, re.M)[-len(COMMANDS) :] == list(COMMANDS)
    for name in COMMANDS:
        command = main.get_command(Context(main), name)
        assert command is not None
        assert command.get_short_help_str(limit=1_000) == SAID_OF[name]


def test_commands_of_another_module_join_their_group() -> None:
    assert {"check", "publish", "schedule", "day"} <= set(re.findall(r"^  (\w+)", pro("protocol", "-h").stdout, re.M))


def test_a_command_named_like_its_module_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"a": ["a"], "b": ["b", "hidden"], "c": ["c"]}
    read: list[str] = []

    def module(name: str) -> SimpleNamespace:
        read.append(name)
        return SimpleNamespace(commands=[Command(one) for one in made[name]])

    monkeypatch.setattr(cli, "_module", module)
    family = Family("family")
    family.others, context = ("a", "b", "c"), Context(main)
    assert family.get_command(context, "c") is not None
    assert read == ["c"]
    assert family.get_command(context, "hidden") is not None
    assert read == ["c", "a", "b"]
    assert family.get_command(context, "nowhere") is None
    assert family.list_commands(context) == ["a", "b", "c", "hidden"]


def test_every_module_of_commands_is_reachable() -> None:
    folder = Path(sys.modules["pro.cli"].__file__ or "").parent / "commands"
    gives = re.compile(r"^commands\b", re.MULTILINE)
    built = {path.stem for path in folder.glob("[a-z]*.py") if gives.search(path.read_text("utf-8"))}
    assert built <= {module for modules in COMMANDS.values() for module in modules}


def test_an_unexpected_error_is_one_line_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_(*_: object) -> None:
        raise RuntimeError("the disk is full\nand more")

    monkeypatch.setattr("pro.commands.questionnaires.load", break_)
    assert refused(pro("questionnaires", "list")).startswith("RuntimeError: the disk is full (")
    assert isinstance(pro("--traceback", "questionnaires", "list").exception, RuntimeError)


def test_the_installed_command_answers() -> None:
    call = [sys.executable, "-m", "pro.cli", "questionnaires", "score", "pain-vas-48h"]
    done = subprocess.run(call, input='{"pain": 41}', capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)["scores"]["pain"]["value"] == 41
    done = subprocess.run(call, input='{"pain": 101}', capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "pain must be 100 or less\n")


@pytest.mark.parametrize("words", [("questionnaires", "check"), ("questionnaires", "list"), ("protocol", "check")])
def test_a_root_that_is_not_there_is_a_wrong_call(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = [str(DEFAULT_ROOT / PROTOCOL)] if words == ("protocol", "check") else []
    assert "nowhere" in refused(pro(*words, *file, "--root", tmp_path / "nowhere"))
