"""The trail names what each answer was given under: the language and the owner's text of the page, not what stands now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from pro.services import wording
from pro.store.tables import metadata
from tests.services.test_wording import VISIT
from tests.web.test_patient_pages import RESPONSE, SAVE, TOKEN, Phone, plain
from tests.web.test_wording_pages import HERE, install, phone, section, visit_of

__all__ = ["phone"]


def said(phone: Phone) -> dict[str, Any]:
    """The last response of the submission's event."""
    event = next(row for row in phone.rows(metadata.tables["audit_event"]) if row.kind == "assessment.submitted")
    one: dict[str, Any] = msgspec.json.decode(event.payload)["responses"][-1]
    return one


def begun(phone: Phone, language: str) -> dict[str, Any]:
    fields = {"js": "1", "start": str(visit_of(phone, language)), "lang": language}
    return phone.state(phone.post(f"/d/{TOKEN}/start", fields, page=f"/d/{TOKEN}"))


def words_in(document: str, key: str) -> dict[str, str]:
    """What the script sends with an answer of this question."""
    found: dict[str, Any] = msgspec.json.decode(section(document, key).split("data-meta='")[1].split("'")[0])
    return {"words": found["words"]} if "words" in found else {}


def answer(phone: Phone, state: dict[str, Any], document: str, language: str) -> None:
    saves = [
        {"client": language, "seq": n, "item": item, "code": "answered", "value": value, "lang": language}
        | words_in(document, item)
        for n, (item, value) in enumerate(VISIT.items(), start=1)
    ]
    kept = phone.send("/d/save", {"assessment": state["assessment"], "saves": saves}, state["token"])
    assert len(kept.json["acknowledged"]) == len(saves)  # type: ignore[index]
    assert phone.send("/d/submit", {"assessment": state["assessment"]}, state["token"]).status_code == 200


def installed(phone: Phone, language: str) -> str:
    return wording.questionnaire(phone.parts, "raid", "1", phone.parts.clock.now()).wordings[language]


def test_a_text_installed_meanwhile_was_not_read(phone: Phone, tmp_path: Path) -> None:
    install(phone, tmp_path, "fr", "Earlier")
    earlier = installed(phone, "fr")
    state = begun(phone, "fr")
    document = plain(phone.get(f"/d/now?a={state['assessment']}"))
    install(phone, tmp_path, "fr", "Later")
    assert installed(phone, "fr") != earlier
    answer(phone, state, document, "fr")
    one = {"language": "fr", "sha256": earlier, "demonstration": False}
    assert said(phone)["wording"] == one
    assert [{name: entry[name] for name in one} for entry in said(phone)["given_under"]] == [one]


def test_who_changed_the_language_read_the_other_text(phone: Phone, tmp_path: Path) -> None:
    install(phone, tmp_path, "fr")
    state = begun(phone, "fr")
    document = plain(phone.get(state["other"]))
    assert HERE["en"] in section(document, "raid.pain")
    answer(phone, state, document, "en")
    assert said(phone)["wording"] == {"language": "en", "sha256": None, "demonstration": True}
    assert {row.language for row in phone.rows(RESPONSE)} == {"en"}


def test_an_item_a_page_says_it_too(phone: Phone, tmp_path: Path) -> None:
    install(phone, tmp_path, "fr")
    begun(phone, "fr")
    where = f"/d/item/raid.pain?a={visit_of(phone, 'fr')}"
    page = phone.get(where).text
    assert f'name="words" value="{installed(phone, "fr")}"' in page
    given = {"in": "fr", "words": installed(phone, "fr"), "do": "next", "raid.pain": "3"}
    assert phone.post(where, given).status_code == 303
    assert [(row.language, row.wording) for row in phone.rows(SAVE)] == [("fr", installed(phone, "fr"))]
