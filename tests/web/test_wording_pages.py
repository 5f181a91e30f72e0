"""Where our labels stand for an owner's text the phone says so, in both languages, until the text is installed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pro.app import create_app
from pro.clock import FixedClock
from pro.domain.questionnaire import Questionnaire
from pro.library import Library
from pro.services import wording
from pro.services.shelf import Shelf
from pro.web.placeholders import banner_here, banner_of
from tests import factories
from tests.conftest import Urls
from tests.owned import owners_text
from tests.services import play
from tests.web.test_patient_pages import EVENING, TOKEN, Phone, plain

HERE = {
    "en": "Demonstration wording, not for use in a study",
    "fr": "Texte de démonstration, à ne pas utiliser dans une étude",
}
OF = {"en": f"{HERE['en']}: RAID: impact of the disease", "fr": f"{HERE['fr']} : RAID : impact de la maladie"}
both = pytest.mark.parametrize("language", ["en", "fr"])


@pytest.fixture
def phone(sqlite_urls: Urls, owned_books: Library) -> Phone:
    """A patient whose week 2 waits beside the diary; week 2 asks `raid` last."""
    parts = factories.make_parts(sqlite_urls, FixedClock(EVENING), owned_books)
    patient = factories.make_patient(parts, factories.make_study(parts), day0=EVENING.date() - timedelta(days=14))
    play.give_link(parts, patient, TOKEN, until=EVENING + timedelta(days=2))
    return Phone(parts, create_app(parts).test_client(), patient)


def install(phone: Phone, folder: Path, language: str, mark: str = "Invented") -> None:
    """What another process does; a minute later this one has seen it."""
    other = replace(phone.parts, shelf=Shelf())
    text = owners_text(folder, other.library.questionnaire("raid", "1"), language, mark)
    wording.install(other, "keeper", text, other.clock.now())
    clock = phone.parts.clock
    assert isinstance(clock, FixedClock)
    clock.move(timedelta(minutes=1))


def start_page(phone: Phone, language: str) -> dict[str, str]:
    """Each card of the start page by its heading."""
    text = plain(phone.get(f"/d/{TOKEN}?lang={language}"))
    cards = re.findall(r'<section class="card.*?</section>', text, re.DOTALL)
    return {"diary" if re.search(r"[Dd]iary|Carnet", card) else "visit": card for card in cards}


def visit_of(phone: Phone, language: str) -> int:
    found = re.search(r'name="start" value="(\d+)"', start_page(phone, language)["visit"])
    assert found is not None
    return int(found[1])


def whole(phone: Phone, language: str, js: str = "1") -> str:
    """All questions in one document, or as the piece for a start page."""
    fields = {"js": js, "start": str(visit_of(phone, language)), "lang": language}
    return plain(phone.post(f"/d/{TOKEN}/start", fields, page=f"/d/{TOKEN}"))


def section(document: str, key: str) -> str:
    found = re.search(rf'<section id="{key}".*?</section>', document, re.DOTALL)
    assert found is not None, key
    return found.group()


def pages(phone: Phone, language: str) -> list[str]:
    """Every page that shows something of `raid`: the card, the document, the piece, the item's page, the review."""
    visit = visit_of(phone, language)
    texts = [whole(phone, language), whole(phone, language, "piece")]
    more = [f"/d/item/raid.pain?a={visit}&lang={language}", f"/d/review?a={visit}&lang={language}"]
    return [start_page(phone, language)["visit"], *texts, *(plain(phone.get(path)) for path in more)]


@both
def test_the_start_page_names_what_is_demonstration_wording(phone: Phone, language: str) -> None:
    cards = start_page(phone, language)
    assert OF[language] in cards["visit"]
    assert HERE[language] not in cards["diary"]


@both
@pytest.mark.parametrize("js", ["1", "piece"])
def test_each_question_of_it_says_so_and_no_other(phone: Phone, language: str, js: str) -> None:
    document = whole(phone, language, js)
    raid = phone.parts.library.questionnaire("raid", "1")
    for item in raid.items:
        assert section(document, f"raid.{item.key}").count(HERE[language]) == 1
    for key in ("pain-vas-48h.pain", "patient-global.global"):
        assert HERE[language] not in section(document, key)
    assert OF[language] in section(document, "review")


@both
def test_without_script_the_item_and_the_review_say_so(phone: Phone, language: str) -> None:
    visit = visit_of(phone, language)
    whole(phone, language)
    for key, there in (("raid.pain", True), ("pain-vas-48h.pain", False)):
        assert (HERE[language] in plain(phone.get(f"/d/item/{key}?a={visit}&lang={language}"))) is there
    assert OF[language] in plain(phone.get(f"/d/review?a={visit}&lang={language}"))


@both
def test_once_installed_the_owners_text_is_read_and_nothing_else(phone: Phone, language: str, tmp_path: Path) -> None:
    assert all(HERE[language] in page for page in pages(phone, language)), "and what was drawn is kept"
    install(phone, tmp_path, language)
    card, document, piece, item, review = pages(phone, language)
    for page in (card, document, piece, item, review):
        assert HERE[language] not in page
    pain = [section(document, "raid.pain"), section(piece, "raid.pain"), item]
    for page in pain:
        assert all(f"Invented {n}" in page for n in (3, 4, 5)), "question and both ends"
    install(phone, tmp_path, language, mark="Corrected")
    assert "Corrected 3" in section(whole(phone, language), "raid.pain")


@both
def test_the_other_language_still_says_so(phone: Phone, language: str, tmp_path: Path) -> None:
    install(phone, tmp_path, language)
    other = {"en": "fr", "fr": "en"}[language]
    assert HERE[other] in pages(phone, other)[1]
    assert HERE[language] not in pages(phone, language)[1]


def test_an_owners_question_has_no_line_of_ours_under_it(phone: Phone, tmp_path: Path) -> None:
    raid = phone.parts.library.questionnaire("raid", "1")
    helped = replace(raid.items[0], help={"en": "Our own hint", "fr": "Notre propre aide"})
    books = phone.parts.library.worded({("raid", "1"): replace(raid, items=(helped, *raid.items[1:]))})
    parts = replace(phone.parts, library=books, shelf=Shelf())
    mine = Phone(parts, create_app(parts).test_client(), phone.patient_id)
    assert "Notre propre aide" in section(whole(mine, "fr"), "raid.pain")
    install(mine, tmp_path, "fr")
    page = section(whole(mine, "fr"), "raid.pain")
    assert "propre aide" not in page
    assert "Our own hint" not in page


@both
def test_the_words_themselves(owned_books: Library, language: str) -> None:
    """What the desk says beside a questionnaire's answers, too."""
    raid, own = owned_books.questionnaire("raid", "1"), owned_books.questionnaire("pain-vas-48h", "1")
    computed: Questionnaire = replace(
        raid,
        items=tuple(replace(item, result_of=object()) for item in raid.items),  # type: ignore[arg-type]
    )
    assert plain(banner_here(raid, language)) == HERE[language]
    assert [banner_here(one, language) for one in (own, computed)] == ["", ""]
    assert plain(banner_of([own, raid], language)) == OF[language]
    assert banner_of([own], language) == ""
