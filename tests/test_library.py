"""What the library refuses, each with file and line; what it reads; and what publishing makes of a file."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pro.domain.flare_rules import Emergency, Jump
from pro.domain.protocol import ReminderStep
from pro.domain.questionnaire import AnyOf, Kind
from pro.domain.questionnaire import Test as Compare
from pro.library import (
    DEFAULT_ROOT,
    Unknown,
    Unreadable,
    check_protocol_file,
    load,
    load_questionnaire,
    publish_protocol,
    publish_questionnaire,
)
from pro.library.files import read

Root = Path

SMALL = """\
id: small
version: "1"
languages: [en, fr]
title: {en: Small, fr: Petit}
recall: {en: today, fr: aujourd'hui}
minutes: 1
source: own
licence: Apache-2.0
items:
  - key: pain
    kind: rating
    text: {en: Pain?, fr: Douleur ?}
    short: {en: Pain, fr: Douleur}
    low_label: {en: none, fr: aucune}
    high_label: {en: worst, fr: pire}
  - key: better
    kind: yes-no
    text: {en: Better?, fr: Mieux ?}
    short: {en: Better, fr: Mieux}
    show_if: {item: pain, at_least: 4}
  - key: where
    kind: several
    text: {en: Where?, fr: Où ?}
    short: {en: Where, fr: Où}
    options:
      - code: none
        label: {en: Nowhere, fr: Nulle part}
        alone: true
      - code: hand
        label: {en: Hand, fr: Main}
  - key: joints
    kind: joints
    mark: tender
    text: {en: Which?, fr: Lesquelles ?}
    short: {en: Joints, fr: Articulations}
    joints: [knee, L-MCP2]
  - key: heat
    kind: decimal
    low: 34.0
    high: 43.0
    decimals: 1
    text: {en: Heat?, fr: Température ?}
    short: {en: Heat, fr: Température}
scales:
  - key: total
    title: {en: Total, fr: Total}
    items: [pain, better]
    method: sum
    recode:
      better: {true: 0, false: 5}
    missing: {at-least: 1}
    low: 0
    high: 15
    bands:
      - label: low
        up_to: 5
        text: {en: low, fr: bas}
      - label: high
        text: {en: high, fr: haut}
"""

CASES = """\
cases:
  - name: one
    origin: "by hand: 6 + 5"
    answers: {pain: 6, better: false}
    hidden: []
    scores: {total: {value: 11, answered: 2, band: high}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """The project's own files, in a folder to spoil."""
    return shutil.copytree(DEFAULT_ROOT, tmp_path / "questionnaires")


@pytest.fixture
def drafts(root: Root) -> Root:
    """The same with nothing published, so that a spoilt file is judged for what is in it."""
    (root / "published.lock").unlink(missing_ok=True)
    return root


@pytest.fixture
def small(tmp_path: Path) -> Root:
    """A library of one questionnaire that uses most of what there is."""
    folder = tmp_path / "small-library" / "library" / "small"
    folder.mkdir(parents=True)
    (folder / "1.yaml").write_text(SMALL, "utf-8")
    (folder / "1.cases.yaml").write_text(CASES, "utf-8")
    return tmp_path / "small-library"


def spoil(path: Path, old: str, new: str, at: str | None = None) -> int:
    """Replaces the one place where `old` stands; the line of `at` (or of the change) afterwards."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    start = text.index(old)
    changed = text.replace(old, new)
    path.write_text(changed, "utf-8")
    if at is not None:
        after = changed.find(at, max(0, start - 1))
        start = changed.rindex(at) if after < 0 else after
    return changed[:start].count("\n") + 1


def problems(root: Root) -> list[str]:
    with pytest.raises(Unreadable) as refused:
        load(root)
    return str(refused.value).splitlines()


# --- what is read


def test_the_projects_own_files_load() -> None:
    library = load()
    ids = {questionnaire.id for questionnaire in library.questionnaires()}
    assert {"joint-pain-diary", "pain-vas-48h", "patient-global", "injection-diary"} <= ids
    assert library.worked_examples >= 4 * len(ids)
    assert library.latest_protocol("thera-demo").id == "thera-demo"


def test_every_questionnaire_has_four_examples_with_their_origin() -> None:
    for path in DEFAULT_ROOT.glob("library/*/*.cases.yaml"):
        cases = re.findall(r"^    origin: \S", path.read_text("utf-8"), re.MULTILINE)
        assert len(cases) >= 4, path


def test_a_questionnaire_becomes_what_the_domain_asks(small: Root) -> None:
    questionnaire = load(small).questionnaire("small", "1")
    pain, better, where, joints, heat = questionnaire.items
    assert (pain.kind, pain.low, pain.high) == (Kind.RATING, 0, 10)
    assert better.show_if == Compare("pain", "at_least", 4)
    assert [option.alone for option in where.options] == [True, False]
    assert joints.joints == ("L-MCP2", "L-knee", "R-knee")
    assert (heat.low, heat.decimals) == (Decimal("34.0"), 1)
    assert questionnaire.minutes == 1
    (scale,) = questionnaire.scales
    assert (scale.missing.rule, scale.missing.count) == ("at-least", 1)
    assert scale.recode == {"better": {"true": Decimal(0), "false": Decimal(5)}}


def test_reversing_uses_the_items_own_ends(small: Root) -> None:
    path = small / "library/small/1.yaml"
    spoil(path, "    items: [pain, better]\n", "    items: [pain, better]\n    reversed: [pain]\n")
    spoil(small / "library/small/1.cases.yaml", "value: 11", "value: 9")
    (scale,) = load(small).questionnaire("small", "1").scales
    assert scale.reversed == {"pain": Decimal(10)}


def test_the_hash_is_that_of_the_files_bytes(small: Root) -> None:
    content = (small / "library/small/1.yaml").read_bytes()
    assert load(small).questionnaire("small", "1").sha256 == hashlib.sha256(content).hexdigest()


def test_branching_of_the_diary() -> None:
    diary = load().questionnaire("joint-pain-diary", "1")
    expected = AnyOf((Compare("flare", "is", True), Compare("worst_pain", "at_least", 4)))
    assert diary.item("rest_pain").show_if == expected
    assert diary.item("warm_joint").show_if == expected
    assert {"L-hip", "R-hip"} == set(diary.item("tender").joints) - set(diary.item("swollen").joints)


def test_thera_demo_is_as_the_contract_lays_it_out() -> None:
    protocol = load().protocol("thera-demo", "1")
    days = {
        each.key: (each.first_day, each.last_day, each.window_before, each.window_after) for each in protocol.timepoints
    }
    assert days == {
        "screening": (-7, -7, 7, 6),
        "day0": (0, 0, 0, 0),
        "week2": (14, 14, 1, 1),
        "week4": (28, 28, 1, 1),
        "week8": (56, 56, 1, 1),
        "week12": (84, 84, 1, 1),
        "diary": (0, 83, 0, 0),
    }
    diary = protocol.timepoint("diary")
    assert diary.late_until == time(12)
    assert diary.reminders == (ReminderStep("at-18:00", time(18)), ReminderStep("at-20:00", time(20)))
    assert [each.id for each in diary.questionnaires] == ["joint-pain-diary", "injection-diary"]
    assert protocol.timepoint("week4").reminders == (ReminderStep("at-10:00", time(10)),)
    assert protocol.timepoint("screening").respondent == "clinician"
    assert (protocol.cutoff, protocol.quiet_hours.start, protocol.quiet_hours.end) == (
        time(4),
        time(20, 30),
        time(8, 30),
    )
    assert (protocol.daily_cap, protocol.late_message) == (3, timedelta(hours=2))
    assert (protocol.episode_days, protocol.review_within) == (7, timedelta(hours=24))
    assert protocol.demonstration
    assert protocol.screening.above == 40


def test_flare_rules_of_thera_demo() -> None:
    rules = {rule.key: rule for rule in load().protocol("thera-demo", "1").flare_rules}
    assert list(rules) == ["R1", "R2", "R3", "R4", "R5", "R7"]
    jump, emergency = rules["R1"], rules["R7"]
    assert isinstance(jump, Jump)
    assert (jump.item, jump.jump, jump.floor, jump.recorded_days, jump.baseline_days, jump.baseline_least) == (
        "worst_pain", 2, 4, 2, 7, 4,
    )  # fmt: skip
    assert isinstance(emergency, Emergency)
    assert emergency.at_least == Decimal("38.0")
    assert set(emergency.advice) == {"en", "fr"}


def test_words_that_other_yaml_readers_turn_into_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: No\nb: 12:30\nc: 2026-01-01\nd: yes\ne: on\nf: 0.10\ng: true\n1: 2\nNo: 3\nh:\n", "utf-8")
    assert read(path).data == {
        "a": "No", "b": "12:30", "c": "2026-01-01", "d": "yes", "e": "on", "f": Decimal("0.10"), "g": True,
        "1": 2, "No": 3, "h": None,
    }  # fmt: skip


# --- what is refused in a questionnaire, with file and line

SPOILT = [
    ("unknown key", "    kind: yes-no\n", "    kind: yes-no\n    color: red\n", "color", "unknown key `color`; docs/questionnaires.md"),  # noqa: E501
    ("misspelt key", "    mark: tender\n", "    marc: tender\n", None, "unknown key `marc`; did you mean `mark`?"),
    ("duplicate key", "minutes: 1\n", "minutes: 1\nminutes: 2\n", "minutes: 2", "stands here twice (first on line 6)"),
    ("language absent", "    text: {en: Pain?, fr: Douleur ?}", "    text: {en: Pain?}", None, "no wording in 'fr'"),
    ("language empty", "fr: Douleur ?}", "fr: ''}", None, "no wording in 'fr'"),
    ("language too many", "en: Small, fr: Petit", "en: Small, fr: Petit, de: Klein", None, "'de' is not among"),
    ("language unknown", "languages: [en, fr]", "languages: [en, fr, xx]", None, "unknown language 'xx'"),
    ("missing rule absent", "    missing: {at-least: 1}\n", "", "  - key: total", "the `missing:` rule is missing"),
    ("missing rule unknown", "missing: {at-least: 1}", "missing: most", None, "'most' is unknown; there are all, any, half"),
    ("other rule unknown", "missing: {at-least: 1}", "missing: all\n    missing_or: most", "missing_or", "'most' is unknown"),
    ("other rule the same", "missing: {at-least: 1}", "missing: all\n    missing_or: all", "missing_or", "rule already"),
    ("missing rule too high", "missing: {at-least: 1}", "missing: {at-least: 3}", None, "at-least must be 1 to 2"),
    ("missing rule of a sum", "missing: {at-least: 1}", "missing: rule-of-method", None, "no missing rule of its own"),
    ("show_if unknown", "{item: pain, at_least: 4}", "{item: pian, at_least: 4}", None, "there is no item 'pian'"),
    ("show_if later", "{item: pain, at_least: 4}", "{item: heat, at_least: 36.0}", None, "'heat' comes later"),
    ("show_if never", "{item: pain, at_least: 4}", "{item: pain, at_least: 11}", None, "pain must be 10 or less"),
    ("show_if misfit", "{item: pain, at_least: 4}", "{item: pain, includes: 4}", None, "includes does not fit pain"),
    ("show_if two", "{item: pain, at_least: 4}", "{item: pain, at_least: 4, is: 5}", None, "a condition is"),
    ("option unknown", "kind: several\n", "kind: several\n    show_if: {item: better, is: maybe}\n", "show_if", "true or false"),
    ("option twice", "      - code: hand\n", "      - code: none\n", None, "option 'none' stands here twice"),
    ("options absent", "kind: yes-no", "kind: one", "  - key: better", "better needs options:"),
    ("item twice", "  - key: better\n", "  - key: pain\n", None, "item 'pain' stands here twice"),
    ("kind unknown", "kind: yes-no", "kind: maybe", None, "'maybe' is unknown; there are date, decimal"),
    ("text absent", "    text: {en: Better?, fr: Mieux ?}\n", "", "  - key: better", "`text:` is missing here"),
    ("joint unknown", "[knee, L-MCP2]", "[knee, L-MCP6]", None, "unknown joint 'L-MCP6'"),
    ("low above high", "low: 34.0", "low: 44.0", None, "low 44.0 must be below high 43.0"),
    ("low absent", "    low: 34.0\n", "", "  - key: heat", "heat needs low: and high:"),
    ("decimals absent", "    decimals: 1\n", "", "  - key: heat", "heat needs decimals:"),
    ("label absent", "    low_label: {en: none, fr: aucune}\n", "", "  - key: pain", "pain needs low_label:"),
    ("scale of nothing known", "[pain, better]", "[pain, batter]", None, "there is no item 'batter'"),
    ("scale of text", "[pain, better]", "[pain, better, where]", "  - key: total", "where is several, no number"),
    ("method unknown", "method: sum", "method: summ", None, "unknown method 'summ'"),
    ("weights absent", "method: sum", "method: weighted", "  - key: total", "weighted needs weights:"),
    ("recode gap", "{true: 0, false: 5}", "{true: 0}", None, "says nothing for the answer false"),
    ("recode of no answer", "{true: 0, false: 5}", "{true: 0, false: 5, maybe: 2}", None, "'maybe' is no answer"),
    ("bands end", "      - label: high\n", "      - label: high\n        up_to: 9\n", "- label: high", "last band"),
    ("bands order", "      - label: high\n", "      - label: mid\n        up_to: 4\n        text: {en: a, fr: b}\n      - label: high\n", "up_to: 4", "above the band before it"),  # noqa: E501
    ("bands equal", "      - label: high\n", "      - label: mid\n        up_to: 5\n        text: {en: a, fr: b}\n      - label: high\n", "up_to: 5\n        text: {en: a", "above the band"),  # noqa: E501
    ("scale low above high", "    low: 0\n    high: 15\n", "    low: 20\n    high: 15\n", None, "must be below high"),
    ("version as number", 'version: "1"', "version: 1", None, 'put it in quotes'),
    ("version elsewhere", 'version: "1"', 'version: "2"', None, "make them agree"),
    ("step of a choice", "kind: yes-no\n", "kind: yes-no\n    step: 0.5\n", "step", "step is for decimal"),
    ("step of nothing", "    decimals: 1\n", "    decimals: 1\n    step: 0\n", "step", "more than 0"),
    ("decimals too many", "    decimals: 1\n", "    decimals: 21\n", "  - key: heat", "heat needs decimals: 1 to 20"),
    ("band of two bounds", "        up_to: 5\n", "        up_to: 5\n        below: 6\n", "- label: low", "keep the one that the source says"),  # noqa: E501
    ("last band below", "      - label: high\n", "      - label: high\n        below: 9\n", "- label: high", "last band"),
    ("also unknown", "    items: [pain, better]\n", "    items: [pain, better]\n    also: [nix]\n", "also", "no item 'nix'"),
    ("also twice", "    items: [pain, better]\n", "    items: [pain, better]\n    also: [pain]\n", "also", "already"),
    ("also for a sum", "    items: [pain, better]\n", "    items: [pain, better]\n    also: [heat]\n", "also", "for a named method"),  # noqa: E501
    ("wording unknown", "source: own\n", "source: own\nwording: theirs\n", "wording", "wording"),
    ("wording of nobody", "source: own\n", "source: own\nwording: {owner: '', ask: a}\n", "wording", "says nothing"),
    ("wording asked nowhere", "source: own\n", "source: own\nwording: {owner: a}\n", "wording", "`ask:` is missing"),
    ("from nothing", "    kind: decimal\n", "    kind: decimal\n    from: {questionnaire: x}\n", "from", "a scale (or several"),
    ("from itself", "    kind: decimal\n", "    kind: decimal\n    from: {questionnaire: small, item: pain}\n", "from", "another one"),  # noqa: E501
    ("from nowhere", "    kind: decimal\n", "    kind: decimal\n    from: {questionnaire: x, item: a}\n", "from", "no questionnaire 'x'"),  # noqa: E501
    ("from a stranger", "    kind: decimal\n", "    kind: decimal\n    from: {questionnaire: x, item: a, reported_by: nurse}\n", "from", "there are clinician, patient"),  # noqa: E501
    ("id elsewhere", "id: small", "id: smell", None, "make them agree"),
    ("minutes", "minutes: 1\n", "minutes: 0\n", None, "more than 0"),
    ("minutes as words", "minutes: 1\n", "minutes: [1]\n", None, "must be"),
    ("number unplain", "minutes: 1\n", "minutes: 1e3\n", None, "write the number plainly"),
    ("anchor", "minutes: 1\n", "minutes: &m 1\n", None, "anchors and aliases"),
    ("tag", "source: own", "source: !!python/name:os.system own", None, "tags are not read"),
    ("not YAML", "languages: [en, fr]", "languages: [en, fr", "title:", "is not YAML here"),
    ("tab", "    kind: yes-no\n", "\tkind: yes-no\n", "kind: yes-no", "is not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "at", "what"), [each[1:] for each in SPOILT], ids=[each[0] for each in SPOILT])
def test_a_spoilt_questionnaire_is_refused_at_its_line(
    small: Root, old: str, new: str, at: str | None, what: str
) -> None:
    path = small / "library/small/1.yaml"
    line = spoil(path, old, new, at)
    found = problems(small)
    assert any(each.startswith(f"{path}:{line}: ") and what in each for each in found), found


OTHER = SMALL.replace("id: small", "id: other")
HEAT = "    kind: decimal\n"
FROM = [
    ("{questionnaire: other, item: heat, reported_by: patient}", None),
    ("{questionnaire: other, item: heat, assessment: baseline}", None),
    ("{questionnaire: other, item: heart}", "other 1 has no item 'heart'; there are pain, better"),
    ("{questionnaire: other, item: pain}", "pain has values that heat refuses"),
    ("{questionnaire: other, item: better}", "better has values that heat refuses"),
    ("{questionnaire: other, scale: total}", "total has values that heat refuses"),
    ("{questionnaire: other, scale: [total, sum]}", "other 1 has no scale 'sum'; there are total"),
]


@pytest.mark.parametrize(("source", "what"), FROM)
def test_what_an_item_comes_from_must_exist_and_fit(small: Root, source: str, what: str | None) -> None:
    (small / "library/other").mkdir()
    (small / "library/other/1.yaml").write_text(OTHER, "utf-8")
    (small / "library/other/1.cases.yaml").write_text(CASES, "utf-8")
    path = small / "library/small/1.yaml"
    line = spoil(path, HEAT, f"{HEAT}    from: {source}\n", "from")
    if what is None:
        result = load(small).questionnaire("small", "1").item("heat").result_of
        assert result is not None
        assert (result.questionnaire, result.item, result.scales) == ("other", "heat", ())
    else:
        found = problems(small)
        assert any(each.startswith(f"{path}:{line}: ") and what in each for each in found), found


def test_wording_that_has_an_owner_says_whom_to_ask(small: Root) -> None:
    ours = load(small).questionnaire("small", "1")
    assert (ours.wording_owner, ours.wording_ask) == (None, None)
    path = small / "library/small/1.yaml"
    spoil(path, "source: own\n", "source: own\nwording: {owner: EULAR, ask: eular.org}\n")
    theirs = load(small).questionnaire("small", "1")
    assert (theirs.wording_owner, theirs.wording_ask) == ("EULAR", "eular.org")
    spoil(path, "wording: {owner: EULAR, ask: eular.org}\n", "wording: own\n")
    assert load(small).questionnaire("small", "1").wording_owner is None


def test_a_bare_sentence_is_no_questionnaire(small: Root) -> None:
    path = small / "library/small/1.yaml"
    path.write_text("just words\n", "utf-8")
    assert problems(small) == [f"{path}:1: must hold keys and values, starting with `id:`"]


def test_a_file_that_is_not_utf8_names_the_line(small: Root) -> None:
    path = small / "library/small/1.yaml"
    path.write_bytes(b'id: small\nversion: "1"\ntitle: caf\xe9\n')
    assert problems(small) == [f"{path}:3: is not UTF-8 text; save the file as UTF-8"]


def test_several_problems_are_told_at_once(small: Root) -> None:
    path = small / "library/small/1.yaml"
    spoil(path, "fr: Douleur ?}", "fr: ''}")
    spoil(path, "method: sum", "method: summ")
    assert len(problems(small)) == 2


def test_wrong_keys_and_kinds_of_a_questionnaire_are_told_at_once(small: Root) -> None:
    path = small / "library/small/1.yaml"
    lines = [
        spoil(path, "minutes: 1\n", "minutes: one\n"),
        spoil(path, "kind: yes-no\n", "knid: yes-no\n"),
        spoil(path, "    decimals: 1\n", "    decimals: no\n"),
        spoil(path, "method: sum", "metod: sum"),
    ]
    assert [each.split(":")[1] for each in problems(small)] == [str(line) for line in lines]


# --- worked examples


def test_a_questionnaire_without_worked_examples_does_not_load(small: Root) -> None:
    (small / "library/small/1.cases.yaml").unlink()
    (found,) = problems(small)
    assert found.startswith(f"{small / 'library/small/1.yaml'}:1: has no worked examples")


CASES_SPOILT = [
    ("other value", "value: 11", "value: 12", "is 11, the example expects 12"),
    ("other band", "band: high", "band: low", "falls in the band high"),
    ("other count", "answered: 2", "answered: 1", "counts 2 answers"),
    ("other hidden", "hidden: []", "hidden: [better]", "hidden are none"),
    ("rule no scale has", "hidden: []", "missing: half", "no scale has 'half' as its missing rule"),
    ("unknown scale", "{total: {", "{sum: {", "there is no scale 'sum'"),
    ("unknown item", "{pain: 6,", "{pan: 6,", "there is no item 'pan'"),
    ("answer not allowed", "{pain: 6,", "{pain: 66,", "pain must be 10 or less"),
    ("no origin", '"by hand: 6 + 5"', '""', "says nothing"),
]


@pytest.mark.parametrize(("old", "new", "what"), [each[1:] for each in CASES_SPOILT], ids=[e[0] for e in CASES_SPOILT])
def test_a_worked_example_that_does_not_hold_is_refused_at_its_line(small: Root, old: str, new: str, what: str) -> None:
    path = small / "library/small/1.cases.yaml"
    line = spoil(path, old, new)
    found = problems(small)
    assert any(each.startswith(f"{path}:{line}: ") and what in each for each in found), found


def test_each_scale_needs_an_example_with_a_value(small: Root) -> None:
    spoil(small / "library/small/1.cases.yaml", "{total: {value: 11, answered: 2, band: high}}", "{}")
    assert "no example gives total a value" in problems(small)[0]


def test_rounded_examples_are_compared_at_their_digits(small: Root) -> None:
    path = small / "library/small/1.yaml"
    spoil(path, "    low: 0\n    high: 15\n", "    times: 0.3333\n    low: 0\n    high: 15\n")
    cases = small / "library/small/1.cases.yaml"
    spoil(cases, "value: 11, answered: 2, band: high", "value: 3.67, band: low")
    assert "is 3.6663" in problems(small)[0]
    spoil(cases, "    hidden: []\n", "    hidden: []\n    rounded: 2\n")
    assert load(small).worked_examples == 1


# --- what is refused in a protocol

DIARY = "questionnaires: [joint-pain-diary 1, injection-diary 1]"
PROTOCOL_SPOILT = [
    ("unknown questionnaire", DIARY, "questionnaires: [joint-pain-diray 1]", None, "unknown questionnaire 'joint-pain-diray'"),
    ("unknown version", DIARY, "questionnaires: [joint-pain-diary 9]", None, "joint-pain-diary has no version 9; there is 1"),
    ("no version", DIARY, "questionnaires: [joint-pain-diary]", None, "must be an id and a version"),
    ("overlap with a visit", "    days: 14\n    window: {before: 1, after: 1}\n", "    days: 2\n    window: {before: 2, after: 0}\n", "window", "overlap on day 0 and both ask pain-vas-48h"),  # noqa: E501
    ("overlap with screening", "window: {before: 7, after: 6}", "window: {before: 7, after: 7}", None, None),
    ("overlap with itself", "    late_until: 12:00\n", "    late_until: 12:00\n    window: {after: 1}\n", "window", "diary (day 1) and diary (day 0) overlap"),  # noqa: E501
    ("quiet reminder late", "[18:00, 20:00]", "[18:00, 20:30]", None, "20:30 lies in the quiet hours (20:30 to 08:30)"),
    ("quiet reminder early", "[18:00, 20:00]", "[08:29, 18:00]", None, "08:29 lies in the quiet hours"),
    ("quiet reminder after midnight", "[18:00, 20:00]", "[18:00, 01:00]", None, "01:00 lies in the quiet hours"),
    ("quiet hours moved", "  from: 20:30\n", "  from: 19:00\n", "reminders: [18:00, 20:00]", "20:00 lies in the quiet hours"),
    ("quiet hours empty", "  from: 20:30\n", "  from: 08:30\n", "quiet_hours", "from and to are the same"),
    ("reminder outside the window", "[18:00, 20:00]", "[{at: 18:00, day: 1}]", None, "day 1 is outside the window"),
    ("reminder twice", "[18:00, 20:00]", "[18:00, 18:00]", None, "18:00 stands here twice"),
    ("reminder to a clinician", "    days: -7\n", "    days: -7\n    reminders: [10:00]\n", "reminders", "a clinician's timepoint has none"),  # noqa: E501
    ("clock time", "[18:00, 20:00]", "[18:00, 24:00]", None, "'24:00' must be a clock time"),
    ("cut-off", "cutoff: 04:00", "cutoff: 12:01", None, "the cut-off is 00:00 to 12:00"),
    ("late before the close", "late_until: 12:00", "late_until: 04:00", None, "before the window closes"),
    ("time span", "late_message: 2 h", "late_message: 2 hours", None, "must be a time span"),
    ("cap", "daily_cap: 3", "daily_cap: 0", None, "at least 1"),
    ("language of the protocol", "languages: [en, fr]", "languages: [en, de]", None, "unknown language 'de'"),
    ("wording absent", "{en: Week 2, fr: Semaine 2}", "{en: Week 2}", None, "no wording in 'fr'"),
    ("unknown key", "daily_cap: 3", "daily_cap: 3\ndaily_cup: 3", "daily_cup", "unknown key `daily_cup`"),
    ("duplicate key", "daily_cap: 3", "daily_cap: 3\ndaily_cap: 4", "daily_cap: 4", "stands here twice"),
    ("timepoint twice", "  - key: week4\n", "  - key: week2\n", None, "timepoint 'week2' stands here twice"),
    ("days", "{from: 0, to: 83}", "{from: 84, to: 83}", None, "from must not be after to"),
    ("screening criterion", "  criterion: pain\n", "  criterion: pian\n", None, "'pian' is no inclusion criterion"),
    ("screening timepoint", "  timepoint: screening\n", "  timepoint: start\n", None, "there is no timepoint 'start'"),
    ("screening item", "  item: pain\n", "  item: pian\n", None, "has no item 'pian'"),
    ("screening value", "  above: 40\n", "  above: 400\n", None, "400 is no value of pain"),
    ("rule item unknown", "      declared: flare\n", "      declared: flair\n", None, "has no item 'flair'"),
    ("rule item of wrong kind", "      warm: warm_joint\n", "      warm: worst_pain\n", None, "worst_pain is rating; this needs yes-no"),  # noqa: E501
    ("rule questionnaire", "      questionnaire: injection-diary\n", "      questionnaire: injection\n", None, "no timepoint asks 'injection'"),  # noqa: E501
    ("rule level", "      at_least: 38.0\n", "      at_least: 50.0\n", None, "50.0 is no value of temperature"),
    ("rule step", "      jump: 2\n", "      jump: 20\n", None, "20 is no step of worst_pain"),
    ("rule counts", "      days_least: 4\n", "      days_least: 8\n", None, "must be at most days (7)"),
    ("rule needed", "      needed: 3\n", "      needed: 5\n", None, "must be 1 to 4"),
    ("rule kind", "      kind: declared\n", "      kind: guessed\n", None, "'guessed' is unknown; there are creep, criteria"),
    ("rule key twice", "    - key: R2\n", "    - key: R1\n", None, "flare rule 'R1' stands here twice"),
    ("rule wants another key", "      jump: 2\n", "", "    - key: R1", "`jump:` is missing here"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "at", "what"), [each[1:] for each in PROTOCOL_SPOILT], ids=[each[0] for each in PROTOCOL_SPOILT]
)
def test_a_spoilt_protocol_is_refused_at_its_line(
    drafts: Root, old: str, new: str, at: str | None, what: str | None
) -> None:
    path = drafts / "protocols/thera-demo/1.yaml"
    line = spoil(path, old, new, at)
    with pytest.raises(Unreadable) as refused:
        check_protocol_file(path, drafts)
    found = str(refused.value).splitlines()
    if what is None:
        assert any("overlap on day 0 and both ask pain-vas-48h" in each for each in found), found
    else:
        assert any(each.startswith(f"{path}:{line}: ") and what in each for each in found), found
    assert problems(drafts) == found


def test_the_quiet_hours_end_is_free_and_noon_is_a_cutoff(drafts: Root) -> None:
    path = drafts / "protocols/thera-demo/1.yaml"
    spoil(path, "[18:00, 20:00]", "[08:30, 20:29]")
    spoil(path, "cutoff: 04:00", "cutoff: 12:00")
    spoil(path, "late_until: 12:00", "late_until: 12:01")
    assert check_protocol_file(path, drafts).cutoff == time(12)


def test_quiet_hours_within_one_day(drafts: Root) -> None:
    path = drafts / "protocols/thera-demo/1.yaml"
    spoil(path, "  from: 20:30\n  to: 08:30\n", "  from: 01:00\n  to: 18:00\n")
    text = path.read_text("utf-8")
    path.write_text(text.replace("reminders: [10:00]", "reminders: [19:00]"), "utf-8")
    assert check_protocol_file(path, drafts).quiet_hours.end == time(18)
    spoil(path, "[18:00, 20:00]", "[17:59, 20:00]")
    with pytest.raises(Unreadable, match=r"17:59 lies in the quiet hours \(01:00 to 18:00\)"):
        check_protocol_file(path, drafts)


def test_a_questionnaire_must_speak_the_protocols_languages(drafts: Root) -> None:
    path = drafts / "library/patient-global/1.yaml"
    text = path.read_text("utf-8").replace("languages: [en, fr]", "languages: [en]")
    path.write_text(re.sub(r"^ +fr:.*\n", "", text, flags=re.MULTILINE), "utf-8")
    protocol = drafts / "protocols/thera-demo/1.yaml"
    asking = [n for n, line in enumerate(protocol.read_text("utf-8").splitlines(), 1) if "patient-global 1]" in line]
    assert problems(drafts) == [f"{protocol}:{n}: patient-global 1 has no wording in 'fr'" for n in asking]


def test_a_diary_and_a_visit_may_overlap_when_they_ask_different_things() -> None:
    protocol = load().protocol("thera-demo", "1")
    assert protocol.timepoint("diary").first_day <= 14 <= protocol.timepoint("diary").last_day


def test_a_reminder_before_the_cutoff_is_on_the_next_date_and_may_be_outside_quiet_hours(drafts: Root) -> None:
    path = drafts / "protocols/thera-demo/1.yaml"
    spoil(path, "cutoff: 04:00", "cutoff: 10:00")
    spoil(path, "[18:00, 20:00]", "[18:00, 09:00]")
    assert check_protocol_file(path, drafts).timepoint("diary").reminders[1].at == time(9)


def test_a_step_on_one_day_of_the_window_has_its_own_key(drafts: Root) -> None:
    path = drafts / "protocols/thera-demo/1.yaml"
    text = path.read_text("utf-8").replace(
        "    reminders: [10:00]                  #", "    reminders: [{at: 10:00, day: -1}, {at: 10:00, day: 1}]  #"
    )
    path.write_text(text, "utf-8")
    steps = check_protocol_file(path, drafts).timepoint("week2").reminders
    assert steps == (ReminderStep("at-10:00/-1", time(10), -1), ReminderStep("at-10:00/1", time(10), 1))


def test_a_copy_of_a_protocol_outside_the_library_can_be_checked(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    copy.write_bytes((DEFAULT_ROOT / "protocols/thera-demo/1.yaml").read_bytes())
    assert check_protocol_file(copy).id == "thera-demo"


# --- publishing


def publish_all(root: Root) -> None:
    drafts = load(root)
    for questionnaire in reversed(drafts.questionnaires()):
        publish_questionnaire(drafts, questionnaire)
    library = load(root)
    for protocol in library.protocols():
        publish_protocol(library, protocol)


def test_a_file_is_a_draft_until_it_is_published(drafts: Root) -> None:
    library = load(drafts)
    assert not library.is_published("pain-vas-48h", "1")
    assert not library.is_protocol_published("thera-demo", "1")
    assert publish_questionnaire(library, library.questionnaire("pain-vas-48h", "1"))
    assert load(drafts).is_published("pain-vas-48h", "1")
    assert not load(drafts).is_published("patient-global", "1")
    publish_all(drafts)
    assert load(drafts).is_protocol_published("thera-demo", "1")


def test_the_lock_holds_sorted_hashes_of_the_files_bytes(drafts: Root) -> None:
    publish_all(drafts)
    lines = (drafts / "published.lock").read_text("utf-8").splitlines()
    names = [line.split("  ")[1] for line in lines]
    assert names == sorted(names)
    for line in lines:
        published, name = line.split("  ")
        assert published == hashlib.sha256((drafts / name).read_bytes()).hexdigest()


def test_publishing_twice_changes_nothing(drafts: Root) -> None:
    publish_all(drafts)
    before = (drafts / "published.lock").read_bytes()
    assert not publish_questionnaire(load(drafts), load(drafts).questionnaire("pain-vas-48h", "1"))
    assert (drafts / "published.lock").read_bytes() == before


@pytest.mark.parametrize("name", ["library/pain-vas-48h/1.yaml", "protocols/thera-demo/1.yaml"])
def test_a_changed_published_file_is_refused(drafts: Root, name: str) -> None:
    publish_all(drafts)
    path = drafts / name
    path.write_bytes(path.read_bytes() + b"# a word more\n")
    assert problems(drafts) == [
        f"{path}:1: was published and has changed since; restore it and put the change into a new version"
    ]
    if name.startswith("protocols"):
        with pytest.raises(Unreadable, match="has changed since"):
            check_protocol_file(path, drafts)


def test_a_published_file_that_is_gone_is_refused(drafts: Root) -> None:
    publish_all(drafts)
    (drafts / "protocols/thera-demo/1.yaml").unlink()
    assert "was published and is gone" in problems(drafts)[0]


def test_a_protocol_with_draft_questionnaires_is_not_published(drafts: Root) -> None:
    library = load(drafts)
    with pytest.raises(Unreadable, match="which is a draft; publish the questionnaire first"):
        publish_protocol(library, library.protocol("thera-demo", "1"))
    assert not (drafts / "published.lock").exists()


def test_a_broken_lock_names_its_line(drafts: Root) -> None:
    publish_all(drafts)
    path = drafts / "published.lock"
    path.write_text(path.read_text("utf-8") + "abc\n", "utf-8")
    number = len(path.read_text("utf-8").splitlines())
    assert any(each.startswith(f"{path}:{number}: must be") for each in problems(drafts))


def test_a_new_version_is_a_new_file_and_the_latest(drafts: Root) -> None:
    publish_all(drafts)
    folder = drafts / "library/pain-vas-48h"
    for version in ("9", "10"):
        for end in ("yaml", "cases.yaml"):
            text = (folder / f"1.{end}").read_text("utf-8")
            (folder / f"{version}.{end}").write_text(text.replace('"1"', f'"{version}"'), "utf-8")
    library = load(drafts)
    assert library.latest_questionnaire("pain-vas-48h").version == "10"
    assert [each.version for each in library.questionnaires() if each.id == "pain-vas-48h"] == ["1", "2", "9", "10"]
    assert library.is_published("pain-vas-48h", "1")
    assert not library.is_published("pain-vas-48h", "10")


def test_a_published_protocol_with_a_draft_questionnaire_does_not_load(drafts: Root) -> None:
    publish_all(drafts)
    lock = drafts / "published.lock"
    kept = [line for line in lock.read_text("utf-8").splitlines(keepends=True) if "patient-global/1" not in line]
    lock.write_text("".join(kept), "utf-8")
    assert problems(drafts) == [
        f"{drafts / 'protocols/thera-demo/1.yaml'}:1: "
        "asks patient-global 1, which is a draft; publish the questionnaire first"
    ]


def test_what_the_study_asks_ships_published() -> None:
    library = load()
    protocol = library.protocol("thera-demo", "1")
    asked = {each for timepoint in protocol.timepoints for each in timepoint.questionnaires}
    assert all(library.is_published(each.id, each.version) for each in asked)
    assert library.is_protocol_published("thera-demo", "1")


# --- asking for what is not there


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda library: library.questionnaire("pain-vas-48h", "9"), "there is no questionnaire pain-vas-48h 9; versions: 1, 2"),
        (lambda library: library.protocol("nix", "1"), "there is no protocol nix 1; there are: thera-demo"),
        (lambda library: library.latest_protocol("nix"), "there is no protocol nix; there are: thera-demo"),
    ],
)  # fmt: skip
def test_asking_for_what_is_not_there_says_what_is(ask: Callable[[object], object], said: str) -> None:
    with pytest.raises(Unknown) as refused:
        ask(load())
    assert str(refused.value) == said


# --- one questionnaire alone


def test_one_questionnaire_is_read_as_the_whole_library_reads_it(root: Root) -> None:
    assert load_questionnaire("who-5", root=root) == load(root).latest_questionnaire("who-5")


def test_one_questionnaire_does_not_ask_whether_another_holds(small: Root) -> None:
    (small / "library" / "other").mkdir()
    (small / "library" / "other" / "1.yaml").write_text("id: [", "utf-8")
    assert load_questionnaire("small", "1", small).id == "small"
    with pytest.raises(Unreadable):
        load_questionnaire("other", root=small)
    with pytest.raises(Unknown, match="versions: 1"):
        load_questionnaire("small", "2", small)


def test_one_questionnaire_keeps_to_the_lock_and_to_its_examples(small: Root) -> None:
    publish_questionnaire(load(small), load(small).questionnaire("small", "1"))
    spoil(small / "library/small/1.yaml", "minutes: 1", "minutes: 2")
    with pytest.raises(Unreadable, match="was published and has changed"):
        load_questionnaire("small", root=small)
    spoil(small / "library/small/1.yaml", "minutes: 2", "minutes: 1")
    spoil(small / "library/small/1.cases.yaml", "value: 11", "value: 12")
    with pytest.raises(Unreadable, match="expects 12"):
        load_questionnaire("small", root=small)
