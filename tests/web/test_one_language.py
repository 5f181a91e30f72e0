"""A study that speaks one language: patients meet no other, and staff of any language can read every page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pro.app import create_app
from pro.clock import FixedClock
from pro.library import Library, load, publish_protocol, publish_questionnaire
from pro.services import wording
from tests import factories
from tests.conftest import Urls
from tests.factories import Made
from tests.owned import copy_needed, owners_text
from tests.services import play
from tests.services.test_wording import VISIT, put_in_force
from tests.web.test_desk import Desk
from tests.web.test_patient_pages import EVENING, RESPONSE, TOKEN, Phone, plain
from tests.web.test_wording_pages import HERE, section

OTHER = {"en": "fr", "fr": "en"}
FIRST = Path(__file__).parents[2] / "questionnaires/protocols/thera-demo/1.yaml"


def without(data: object, language: str) -> object:
    """The file's content with no wording in that language."""
    if isinstance(data, dict):
        both = {"en", "fr"} <= data.keys()
        return {key: without(value, language) for key, value in data.items() if not (both and key == language)}
    return [without(one, language) for one in data] if isinstance(data, list) else data


@pytest.fixture(scope="module", params=["en", "fr"])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The demonstration's protocol in one language, asking `raid` as well at week 2."""
    root = copy_needed(tmp_path_factory.mktemp("one") / "questionnaires")
    yaml, text = YAML(), io.StringIO()
    protocol = without(yaml.load(FIRST.read_text("utf-8")), OTHER[request.param])
    assert isinstance(protocol, dict)
    protocol["languages"] = [request.param]
    for timepoint in protocol["timepoints"]:
        if timepoint["key"] == "week2":
            timepoint["questionnaires"].append("raid 1")
    yaml.dump(protocol, text)
    (root / "protocols/thera-demo").mkdir(parents=True)
    (root / "protocols/thera-demo/1.yaml").write_text(text.getvalue(), "utf-8")
    books = load(root)
    for questionnaire in books.questionnaires():
        publish_questionnaire(books, questionnaire)
    publish_protocol(load(root), books.protocol("thera-demo", "1"))
    return load(root)


@pytest.fixture
def spoken(books: Library) -> str:
    (language,) = books.protocol("thera-demo", "1").languages
    return language


@pytest.fixture
def phone(sqlite_urls: Urls, books: Library, spoken: str, tmp_path: Path) -> Iterator[Phone]:
    """The owner's text is there in that language alone, so that the study may run; the phone is set to the other."""
    parts = factories.make_parts(sqlite_urls, FixedClock(EVENING), books)
    wording.install(parts, "x", owners_text(tmp_path, books.questionnaire("raid", "1"), spoken), parts.clock.now())
    made = factories.make_study(parts)
    assert wording.refusals(parts, parts.clock.now()) == ()
    patient = factories.make_patient(parts, made, language=spoken, day0=EVENING.date() - timedelta(days=14))
    play.give_link(parts, patient, TOKEN, until=EVENING + timedelta(days=2))
    client = create_app(parts).test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = OTHER[spoken]
    put_in_force(parts, made.sites["R"], "1", EVENING)
    for role in ("investigator", "coordinator"):
        for language in OTHER:
            factories.make_staff(parts, made, f"{role}-{language}", role, language=language)
    yield Phone(parts, client, patient)
    parts.study.close()
    parts.contacts.close()


def is_in(text: str, language: str) -> bool:
    """The page is in that language and offers none beside it."""
    return f'<html lang="{language}">' in text and 'id="switch"' not in text


def test_a_patient_is_asked_in_the_protocols_language_and_no_other(phone: Phone, spoken: str) -> None:
    other = OTHER[spoken]
    start = plain(phone.get(f"/d/{TOKEN}?lang={other}"))
    assert is_in(start, spoken)
    visit = re.findall(r'name="start" value="(\d+)"', start)[1]
    pages = [
        plain(
            phone.post(f"/d/{TOKEN}/start", {"js": "1", "start": visit, "lang": other}, page=f"/d/{TOKEN}?lang={other}")
        ),
        *(plain(phone.get(f"/d/{path}?a={visit}&lang={other}")) for path in ("now", "item/raid.pain", "review")),
        *(plain(phone.get(f"/d/{TOKEN}/{path}?lang={other}")) for path in ("stop", "later")),
    ]
    assert all(is_in(page, spoken) for page in pages)
    assert "Invented 3" in section(pages[0], "raid.pain")
    assert "Invented 3" in section(pages[1], "raid.pain")
    assert not any(HERE[language] in page for page in pages for language in HERE)


def test_what_is_sent_is_kept_and_thanked_in_it(phone: Phone, spoken: str) -> None:
    visit = re.findall(r'name="start" value="(\d+)"', phone.get(f"/d/{TOKEN}").text)[1]
    form = {"js": "1", "start": visit, "lang": OTHER[spoken]}
    state = phone.state(phone.post(f"/d/{TOKEN}/start", form, page=f"/d/{TOKEN}"))
    assert phone.save(state, VISIT).status_code == 200
    body = {"assessment": state["assessment"], "saves": [], "lang": OTHER[spoken]}
    sent = phone.send(f"/d/submit?lang={OTHER[spoken]}", body, state["token"])
    assert sent.status_code == 200
    assert ("Reçu" in sent.text or "Merci" in sent.text) is (spoken == "fr")
    kept = phone.rows(RESPONSE)
    assert {row.language for row in kept} == {spoken}


def test_nothing_waiting_or_over_it_still_speaks_that_language(phone: Phone, spoken: str) -> None:
    clock = phone.parts.clock
    assert isinstance(clock, FixedClock)
    for later in (timedelta(hours=14), timedelta(days=3)):
        clock.move(later)
        assert is_in(plain(phone.get(f"/d/{TOKEN}?lang={OTHER[spoken]}")), spoken)


@pytest.mark.parametrize("reader", ["en", "fr"])
def test_staff_of_any_language_read_every_page(phone: Phone, books: Library, spoken: str, reader: str) -> None:
    desk = Desk(phone.parts, Made(0, {}))
    assert desk.sign_in(f"investigator-{reader}") == 303
    for path in ("", "patients/R-001", "patients/R-001/scales", "compliance", "messages"):
        assert f'<html lang="{reader}">' in desk.page(f"/staff/{path}")
    enrolling = Desk(phone.parts, Made(0, {}))
    assert enrolling.sign_in(f"coordinator-{reader}") == 303
    page = enrolling.page("/staff/enrol")
    assert re.findall(r'type="radio" name="language" value="(..)"', page) == [spoken]
