"""Ways through a questionnaire: everything shows, everything that can stay away stays away."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pro.domain.answers import Answer
from pro.domain.paths import ways
from pro.domain.questionnaire import AllOf, AnyOf, Condition, Item, Kind, Option, Questionnaire
from pro.domain.questionnaire import Test as Compared
from pro.domain.showing import shown
from pro.library import load

EVERY = [pytest.param(each, id=f"{each.id}-{each.version}") for each in load().questionnaires()]
TEXT = {"en": "x"}


def asking(*items: Item) -> Questionnaire:
    return Questionnaire("q", "1", "", TEXT, ("en",), TEXT, Decimal(1), "", "", items, ())


def item(key: str, kind: Kind = Kind.YES_NO, show_if: Condition | None = None, **more: object) -> Item:
    return Item(key, kind, TEXT, TEXT, show_if=show_if, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("questionnaire", EVERY)
def test_the_library_is_shown_whole(questionnaire: Questionnaire) -> None:
    found = ways(questionnaire)
    asked = {each.key for each in questionnaire.items if each.result_of is None}
    assert {key for path in found.paths for key in path.shown} == asked
    for each in questionnaire.items:
        if each.show_if is not None and each.result_of is None and each.key not in found.always:
            assert any(each.key not in path.shown for path in found.paths)
    assert (found.never, found.always) == ((), ()) or not asked


def test_a_path_answers_what_shows_and_nothing_else() -> None:
    diary = load().questionnaire("joint-pain-diary", "1")
    for path in ways(diary).paths:
        visible = shown(diary, {key: Answer("answered", value) for key, value in path.answers.items()})
        assert path.shown == visible == tuple(path.answers)


def test_each_comparison_decides_once() -> None:
    found = ways(load().questionnaire("joint-pain-diary", "1")).paths
    pairs = {(path.answers["flare"] is True, int(str(path.answers["worst_pain"])) >= 4) for path in found}
    assert {flare for flare, _ in pairs} == {True, False}
    assert {pain for _, pain in pairs} == {True, False}
    assert (False, False) in pairs


def test_branches_behind_branches_and_choices() -> None:
    options = (Option("a", TEXT), Option("b", TEXT), Option("c", TEXT))
    found = ways(
        asking(
            item("one", Kind.ONE, options=options),
            item("two", Kind.INTEGER, Compared("one", "is", "c"), low=Decimal(0), high=Decimal(9)),
            item("three", show_if=AllOf((Compared("two", "at_least", 7), AnyOf((Compared("one", "is", "c"),))))),
        )
    )
    assert {path.shown for path in found.paths} >= {("one",), ("one", "two"), ("one", "two", "three")}
    assert (found.never, found.always) == ((), ())


def test_what_can_never_show_is_named() -> None:
    never = AllOf((Compared("one", "is", True), Compared("one", "is", False)))
    found = ways(asking(item("one"), item("two", show_if=never)))
    assert found.never == ("two",)
    always = AnyOf((Compared("one", "is", True), Compared("one", "is", False)))
    assert ways(asking(item("one"), item("two", show_if=always))).always == ("two",)
