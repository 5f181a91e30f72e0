"""Wording: the same keys and places in every language, and French set as French is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal

import pytest

from pro.domain.wording import Owned
from pro.web.desk.phrases import form_title
from pro.web.words import (
    LANGUAGES,
    NARROW,
    TEXTS,
    emphasised,
    in_language,
    say,
    say_clock,
    say_day,
    say_days,
    say_number,
    say_phone,
    texts,
)
from tests.domain.instruments import LIBRARY

AREAS = sorted({path.name.split(".")[0] for path in TEXTS.glob("*.yaml")})


def _places(entry: str | Mapping[str, str]) -> set[str]:
    parts = (entry,) if isinstance(entry, str) else entry.values()
    return {place for part in parts for place in re.findall(r"\{(\w+)", part)}


@pytest.mark.parametrize("area", AREAS)
def test_every_language_says_everything(area: str) -> None:
    first, *others = (texts(area, language) for language in LANGUAGES)
    for other in others:
        assert set(first) == set(other)
        assert {key: _places(entry) for key, entry in first.items()} == {
            key: _places(entry) for key, entry in other.items()
        }


@pytest.mark.parametrize("area", AREAS)
def test_french_keeps_its_signs_on_their_line(area: str) -> None:
    for entry in texts(area, "fr").values():
        for text in (entry,) if isinstance(entry, str) else entry.values():
            assert not re.search(r" [;:?!»]|« ", text), text


def test_no_title_that_speaks_to_the_patient_is_a_heading_for_staff() -> None:
    spoken_to = re.compile(r"\b(your?|vous|votre|vos)\b", re.IGNORECASE)
    speaking = [one for one in LIBRARY.questionnaires() if spoken_to.search(one.title["en"] + one.title["fr"])]
    assert "injection-diary" in {one.id for one in speaking}
    for one in speaking:
        for language in LANGUAGES:
            assert not spoken_to.search(form_title(one, language)), (one.id, language)


def test_counted_texts_follow_the_language() -> None:
    assert say("phone.start.questions", "en", n=0) == "0 questions"
    assert say("phone.start.questions", "fr", n=0) == "0 question"
    assert say("phone.start.questions", "fr", n=2) == "2 questions"


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("phone.no.such", "en")


def test_days_times_and_numbers_in_words() -> None:
    assert say_day(date(2026, 4, 14), "fr") == "mardi 14\u00a0avril"
    assert say_day(date(2026, 5, 1), "fr") == "vendredi 1er\u00a0mai"
    assert say_day(date(2026, 4, 14), "en") == "Tuesday 14\u00a0April"
    assert say_clock(time(18, 7), "fr") == f"18{NARROW}h{NARROW}07"
    assert say_clock(time(4), "fr") == f"4{NARROW}h"
    assert say_clock(time(4), "en") == "04:00"
    assert say_number(Decimal("38.6"), "fr") == "38,6"
    assert say_number(Decimal("38.6"), "en") == "38.6"
    assert say_phone("+33261910012") == "02\u00a061\u00a091\u00a000\u00a012"


def test_only_stars_become_markup() -> None:
    assert emphasised("*these <b>* & those") == "<em>these &lt;b&gt;</em> &amp; those"


def test_an_owners_words_are_shown_letter_by_letter() -> None:
    """Ours beside them are typeset and have emphasis."""
    text = "Avez-vous l'*aide* ?"
    assert emphasised(in_language({"fr": Owned(text)}, "fr")) == "Avez-vous l&#39;*aide* ?"
    assert emphasised(in_language({"fr": text}, "fr")) == "Avez-vous l’<em>aide</em>\u202f?"


@pytest.mark.parametrize(
    ("first", "last", "english", "french"),
    [
        (date(2026, 4, 15), date(2026, 4, 17), "15 to 17 April", "du 15 au 17 avril"),
        (date(2026, 4, 30), date(2026, 5, 2), "30 April to 2 May", "du 30 avril au 2 mai"),
        (date(2026, 5, 1), date(2026, 5, 3), "1 to 3 May", "du 1er au 3 mai"),
        (date(2026, 12, 31), date(2027, 1, 1), "31 December to 1 January", "du 31 décembre au 1er janvier"),
    ],
)
def test_days_from_to(first: date, last: date, english: str, french: str) -> None:
    assert say_days(first, last, "en").replace("\u00a0", " ") == english
    assert say_days(first, last, "fr").replace("\u00a0", " ") == french
