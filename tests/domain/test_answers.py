"""Which items show, which answers are allowed, and what is frozen."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro.domain.answers import MAX_TEXT, Answer, NotAllowed, Why, check, from_text, to_json
from pro.domain.freezing import freeze
from pro.domain.joints import JOINTS, SETS, label, region
from pro.domain.questionnaire import AllOf, AnyOf, Item, Kind, Option, Questionnaire, Value
from pro.domain.questionnaire import Test as Compare
from pro.domain.showing import holds, shown

WORDS = {"en": "x", "fr": "x"}


def item(kind: Kind, key: str = "it", **more: object) -> Item:
    return replace(Item(key, kind, WORDS, WORDS), **more)  # type: ignore[arg-type]


RATING = item(Kind.RATING, low=Decimal(0), high=Decimal(10))
VAS = item(Kind.VAS, low=Decimal(0), high=Decimal(100))
MINUTES = item(Kind.INTEGER, low=Decimal(0), high=Decimal(1440))
HALVES = item(Kind.DECIMAL, low=Decimal(0), high=Decimal(10), decimals=1, step=Decimal("0.5"))
HEAT = item(Kind.DECIMAL, low=Decimal("34.0"), high=Decimal("43.0"), decimals=1)
YES_NO = item(Kind.YES_NO)
ONE = item(Kind.ONE, options=(Option("a", WORDS), Option("b", WORDS)))
NUMBERED = item(Kind.ONE, options=(Option("0", WORDS), Option("12", WORDS)))
SEVERAL = item(Kind.SEVERAL, options=(Option("none", WORDS, alone=True), Option("a", WORDS), Option("b", WORDS)))
ANY_NUMBER = item(Kind.SEVERAL, options=(Option("a", WORDS), Option("b", WORDS)))
PLACES = item(Kind.JOINTS, joints=("L-MCP2", "R-MCP2", "L-knee"))
DATE = item(Kind.DATE)
TIME = item(Kind.TIME)
TEXT = item(Kind.TEXT)

ALLOWED: list[tuple[Item, object, Value]] = [
    (RATING, 0, 0),
    (RATING, 10, 10),
    (RATING, Decimal("7.0"), 7),
    (VAS, 100, 100),
    (MINUTES, 1440, 1440),
    (HEAT, "38.6", Decimal("38.6")),
    (HEAT, Decimal("38.60"), Decimal("38.6")),
    (HEAT, 38, Decimal("38.0")),
    (HEAT, "43", Decimal("43.0")),
    (YES_NO, True, True),
    (HALVES, Decimal("9.5"), Decimal("9.5")),
    (HALVES, 10, Decimal("10.0")),
    (YES_NO, False, False),
    (ONE, "b", "b"),
    (NUMBERED, "12", "12"),
    (NUMBERED, 12, "12"),
    (NUMBERED, Decimal("12.0"), "12"),
    (NUMBERED, 0, "0"),
    (SEVERAL, ["b", "a"], ("a", "b")),
    (SEVERAL, ["none"], ("none",)),
    (ANY_NUMBER, [], ()),
    (PLACES, [], ()),
    (PLACES, ["L-knee", "L-MCP2"], ("L-MCP2", "L-knee")),
    (DATE, "2028-02-29", "2028-02-29"),
    (TIME, "23:59", "23:59"),
    (TEXT, "  un peu mieux\nce soir ", "un peu mieux\nce soir"),
    (TEXT, "x" * MAX_TEXT, "x" * MAX_TEXT),
]


@pytest.mark.parametrize(("it", "raw", "value"), ALLOWED)
def test_allowed_answers(it: Item, raw: object, value: Value) -> None:
    found = check(it, raw)
    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value)


NOT_ALLOWED: list[tuple[Item, object, Why]] = [
    (RATING, -1, Why.TOO_LOW),
    (RATING, 11, Why.TOO_HIGH),
    (RATING, True, Why.NOT_WHOLE),
    (RATING, "7", Why.NOT_WHOLE),
    (RATING, 7.0, Why.NOT_WHOLE),
    (RATING, None, Why.NOT_WHOLE),
    (RATING, [7], Why.NOT_WHOLE),
    (RATING, Decimal("7.5"), Why.NOT_WHOLE),
    (RATING, Decimal("NaN"), Why.NOT_WHOLE),
    (VAS, 101, Why.TOO_HIGH),
    (MINUTES, 1441, Why.TOO_HIGH),
    (HEAT, "33.9", Why.TOO_LOW),
    (HEAT, "43.1", Why.TOO_HIGH),
    (HEAT, "38.65", Why.DECIMALS),
    (HEAT, "38,6", Why.NOT_NUMBER),
    (HEAT, "1e2", Why.NOT_NUMBER),
    (HEAT, "", Why.NOT_NUMBER),
    (HEAT, "٣٨", Why.NOT_NUMBER),
    (HEAT, 38.6, Why.NOT_NUMBER),
    (HEAT, True, Why.NOT_NUMBER),
    (HEAT, Decimal("Infinity"), Why.NOT_NUMBER),
    (HALVES, "1.2", Why.STEP),
    (HALVES, Decimal("0.1"), Why.STEP),
    (YES_NO, 1, Why.NOT_YES_NO),
    (YES_NO, "true", Why.NOT_YES_NO),
    (ONE, "c", Why.NOT_OPTION),
    (ONE, ["a"], Why.NOT_OPTION),
    (ONE, 1, Why.NOT_OPTION),
    (NUMBERED, 1, Why.NOT_OPTION),
    (NUMBERED, -12, Why.NOT_OPTION),
    (NUMBERED, "012", Why.NOT_OPTION),
    (NUMBERED, False, Why.NOT_OPTION),
    (NUMBERED, 12.0, Why.NOT_OPTION),
    (NUMBERED, Decimal("12.5"), Why.NOT_OPTION),
    (NUMBERED, Decimal("NaN"), Why.NOT_OPTION),
    (NUMBERED, Decimal("1e999999"), Why.NOT_OPTION),
    (SEVERAL, "a", Why.NOT_LIST),
    (SEVERAL, [], Why.NOTHING_CHOSEN),
    (SEVERAL, ["a", "c"], Why.NOT_OPTION),
    (SEVERAL, ["a", "a"], Why.TWICE),
    (SEVERAL, ["none", "a"], Why.ALONE),
    (SEVERAL, [["a"]], Why.NOT_OPTION),
    (PLACES, ["R-knee"], Why.NOT_JOINT),
    (PLACES, ["L-knee", "L-knee"], Why.TWICE),
    (PLACES, "L-knee", Why.NOT_LIST),
    (DATE, "2026-02-29", Why.NOT_DATE),
    (DATE, "20260228", Why.NOT_DATE),
    (DATE, 20260228, Why.NOT_DATE),
    (TIME, "24:00", Why.NOT_TIME),
    (TIME, "7:30", Why.NOT_TIME),
    (TEXT, "   ", Why.NOT_TEXT),
    (TEXT, "a\x00b", Why.NOT_TEXT),
    (TEXT, 3, Why.NOT_TEXT),
    (TEXT, "x" * (MAX_TEXT + 1), Why.TOO_LONG),
]


@pytest.mark.parametrize(("it", "raw", "why"), NOT_ALLOWED)
def test_answers_that_are_not_allowed(it: Item, raw: object, why: Why) -> None:
    with pytest.raises(NotAllowed) as refused:
        check(it, raw)
    assert (refused.value.item, refused.value.why) == ("it", why)
    assert str(refused.value).startswith("it ")
    assert "{limit}" not in str(refused.value)


def test_a_refusal_never_repeats_the_answer() -> None:
    with pytest.raises(NotAllowed) as refused:
        check(ONE, "Jean Dupont")
    assert "Dupont" not in str(refused.value)


@pytest.mark.parametrize("it", [each[0] for each in ALLOWED])
@given(raw=st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists, max_leaves=4))
def test_whatever_comes_is_allowed_or_refused_and_never_breaks(it: Item, raw: object) -> None:
    try:
        value = check(it, raw)
    except NotAllowed:
        return
    assert check(it, to_json(value)) == value


@pytest.mark.parametrize(("it", "raw", "value"), ALLOWED)
def test_the_record_reads_back_to_the_same_value(it: Item, raw: object, value: Value) -> None:
    kept = json.loads(json.dumps(to_json(check(it, raw))))
    assert check(it, kept) == value
    assert str(check(it, kept)) == str(value)


@pytest.mark.parametrize(
    ("it", "texts", "value"),
    [
        (YES_NO, ["yes"], True),
        (YES_NO, ["no"], False),
        (RATING, [" 7 "], 7),
        (HEAT, ["38,6"], Decimal("38.6")),
        (ONE, ["b"], "b"),
        (SEVERAL, ["b", "a"], ("a", "b")),
        (PLACES, [], ()),
        (PLACES, [""], ()),
        (TEXT, ["hm"], "hm"),
    ],
)
def test_form_fields(it: Item, texts: list[str], value: Value) -> None:
    assert from_text(it, texts) == value


@pytest.mark.parametrize(
    ("it", "texts"), [(YES_NO, []), (YES_NO, ["1"]), (RATING, ["7.5"]), (RATING, []), (HEAT, ["1.2.3"]), (ONE, [])]
)
def test_form_fields_that_are_not_allowed(it: Item, texts: list[str]) -> None:
    with pytest.raises(NotAllowed):
        from_text(it, texts)


# --- what shows

PAIN = replace(RATING, key="pain")
FLARE = replace(YES_NO, key="flare")
REST = replace(
    RATING, key="rest", show_if=AnyOf((Compare("flare", "is", True), Compare("pain", "at_least", Decimal(4))))
)
AFTER = replace(TEXT, key="after", show_if=Compare("rest", "at_most", Decimal(3)), not_applicable=True)
WHERE = replace(PLACES, key="where", show_if=AllOf((Compare("pain", "at_least", 1), Compare("flare", "is", False))))
DIARY = Questionnaire(
    "d", "1", "", WORDS, ("en", "fr"), WORDS, Decimal(1), "", "", (PAIN, FLARE, REST, AFTER, WHERE), ()
)


def answered(**values: Value) -> dict[str, Answer]:
    return {key: Answer("answered", value) for key, value in values.items()}


@pytest.mark.parametrize(
    ("answers", "hidden"),
    [
        ({}, {"rest", "after", "where"}),
        ({"pain": 3, "flare": False}, {"rest", "after"}),
        ({"pain": 4, "flare": False}, {"after"}),
        ({"pain": 0, "flare": True}, {"after", "where"}),
        ({"pain": 4, "flare": False, "rest": 3}, set()),
        ({"pain": 4, "flare": False, "rest": 4}, {"after"}),
        ({"flare": True}, {"after", "where"}),
    ],
)
def test_what_shows(answers: dict[str, Value], hidden: set[str]) -> None:
    expected = [it.key for it in DIARY.items if it.key not in hidden]
    assert list(shown(DIARY, answered(**answers))) == expected


def test_a_hidden_answer_counts_for_no_later_condition() -> None:
    left_over = answered(pain=2, flare=False, rest=1, after="still here")
    assert "after" not in shown(DIARY, left_over)
    frozen = freeze(DIARY, left_over)
    assert frozen.items["rest"] == {"code": "not-shown"}
    assert frozen.items["after"] == {"code": "not-shown"}
    assert "rest" not in frozen.values


@pytest.mark.parametrize("code", ["skipped", "not-applicable"])
def test_an_item_without_an_answer_meets_no_condition(code: str) -> None:
    answers = answered(pain=0) | {"flare": Answer(code)}  # type: ignore[arg-type]
    assert shown(DIARY, answers) == ("pain", "flare")


@pytest.mark.parametrize(
    ("test", "value", "met"),
    [
        (Compare("x", "is", True), True, True),
        (Compare("x", "is", True), 1, False),
        (Compare("x", "is", "part"), "part", True),
        (Compare("x", "at_least", Decimal("38.0")), Decimal("37.9"), False),
        (Compare("x", "at_least", Decimal("38.0")), Decimal("38.0"), True),
        (Compare("x", "at_most", 3), 3, True),
        (Compare("x", "at_most", 3), 4, False),
        (Compare("x", "includes", "a"), ("a", "b"), True),
        (Compare("x", "includes", "c"), ("a", "b"), False),
        (Compare("x", "not_empty"), ("L-knee",), True),
        (Compare("x", "not_empty"), (), False),
        (Compare("x", "is", True), None, False),
    ],
)
def test_conditions(test: Compare, value: Value | None, met: bool) -> None:
    assert holds(test, {"x": value}) is met


def test_conditions_joined() -> None:
    yes, no = Compare("x", "is", True), Compare("y", "is", True)
    values: dict[str, Value | None] = {"x": True, "y": False}
    assert holds(AnyOf((no, yes)), values)
    assert not holds(AllOf((no, yes)), values)
    assert holds(AllOf((yes, AnyOf((no, yes)))), values)


# --- what is frozen


def test_the_five_codes_are_kept_apart() -> None:
    answers = answered(pain=4, rest=2) | {"flare": Answer("skipped"), "after": Answer("not-applicable")}
    frozen = freeze(DIARY, answers)
    assert frozen.items == {
        "pain": {"code": "answered", "value": 4},
        "flare": {"code": "skipped"},
        "rest": {"code": "answered", "value": 2},
        "after": {"code": "not-applicable"},
        "where": {"code": "not-shown"},
    }
    assert frozen.values == {"pain": 4, "rest": 2}
    assert (frozen.completeness, frozen.missing) == ("complete", ())


def test_what_was_not_reached_makes_it_partial() -> None:
    frozen = freeze(DIARY, answered(pain=4))
    assert frozen.items["flare"] == {"code": "not-reached"}
    assert (frozen.completeness, frozen.missing) == ("partial", ("flare", "rest"))


def test_nothing_reached_is_empty_and_all_skipped_is_not() -> None:
    assert freeze(DIARY, {}).completeness == "empty"
    assert freeze(DIARY, {"pain": Answer("skipped"), "flare": Answer("skipped")}).completeness == "complete"


def test_an_empty_joint_list_is_an_answer() -> None:
    frozen = freeze(DIARY, answered(pain=1, flare=False, where=()))
    assert frozen.items["where"] == {"code": "answered", "value": []}


@pytest.mark.parametrize(
    ("answers", "key"),
    [
        (answered(nix=1), "nix"),
        (answered(pain=11), "pain"),
        ({"flare": Answer("not-applicable")}, "flare"),
    ],
)
def test_what_cannot_be_frozen_is_refused_by_name(answers: dict[str, Answer], key: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        freeze(DIARY, answers)
    assert refused.value.item == key


# --- joints


def test_joint_sets_have_their_numbers() -> None:
    assert {name: len(joints) for name, joints in SETS.items()} == {"28": 28, "44": 44, "66": 66, "68": 68, "hh12": 12}
    assert SETS["28"] < SETS["44"] < SETS["66"] < SETS["68"]
    assert SETS["68"] - SETS["66"] == {"L-hip", "R-hip"}
    assert SETS["hh12"] - SETS["28"] == {"L-hip", "R-hip", "L-ankle", "R-ankle"}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_joint_has_its_own_words(language: str) -> None:
    labels = [label(joint, language) for joint in JOINTS]
    assert len(set(labels)) == len(JOINTS) == 68
    assert not any("{" in each for each in labels)


def test_joints_in_plain_words() -> None:
    assert label("R-knee", "en") == "right knee"
    assert label("R-knee", "fr") == "genou droit"
    assert label("R-hip", "fr") == "hanche droite"
    assert label("R-MCP2", "en") == "base of the right index finger"
    assert label("L-MCP2", "fr") == "base de l'index gauche"
    assert (region("L-PIP3"), region("L-wrist"), region("R-MTP1")) == ("hand", "body", "foot")
