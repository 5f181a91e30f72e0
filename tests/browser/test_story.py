"""The whole story in a real browser: the patient at 360×740, the investigator at 1280×800."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.running import enter
from tests.demonstration import Running
from tests.person import EVENING, Patient, newest_link, stored

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}
NUMBERS = {"fr": "R-002", "en": "R-003"}
LOCALE = {"fr": "fr-FR", "en": "en-GB"}

Open = Callable[..., Page]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Open]:
    """A page in a browser of its own; an error of its script or its security policy fails the test."""
    errors: list[str] = []

    def make(language: str = "fr", size: dict[str, int] = PHONE, script: bool = True) -> Page:
        context: BrowserContext = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale=LOCALE[language],
            java_script_enabled=script,
            has_touch=size is PHONE,
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.set_default_timeout(20_000)
        return page

    yield make
    assert [error for error in errors if "ERR_INTERNET_DISCONNECTED" not in error] == []


def patient_id(demonstration: Running, number: str) -> int:
    return next(int(row["id"]) for row in demonstration.rows("patient") if row["number"] == number)


def fill_evening(demonstration: Running, page: Page, language: str) -> str:
    patient = Patient(page, language)
    patient.open(newest_link(demonstration.address, NUMBERS[language]))
    patient.answer(EVENING)
    return patient.send()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_from_the_sms_to_the_review(demonstration: Running, new_page: Open, language: str) -> None:
    number = NUMBERS[language]
    phone = new_page(language)
    receipt = fill_evening(demonstration, phone, language)
    assert len(receipt) == 12
    demonstration.tick()

    desk = new_page("en", DESK)
    desk.goto(f"{demonstration.address}/demo")
    desk.get_by_role("button", name="+ 1 day").click()
    expect(desk.get_by_role("status")).to_contain_text("Wednesday 15 April")
    assert newest_link(demonstration.address, number)

    desk.goto(f"{demonstration.address}/staff/")
    desk.locator("input[name=login]").fill("legoff")
    desk.locator("input[name=password]").fill("demonstration")
    enter(desk)
    expect(desk.get_by_role("heading", level=1)).to_contain_text(re.compile("need"))
    line = desk.locator("li").filter(has_text=number).filter(has=desk.get_by_role("link", name="Review"))
    expect(line.first).to_contain_text("8")
    line.first.get_by_role("link", name="Review").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text(number)
    expect(desk.locator("main")).to_contain_text("R4")
    assert desk.locator("input[name=outcome]:checked").count() == 0
    desk.locator("label", has_text="Confirmed flare").click()
    desk.get_by_label("Why").fill("Right index warm on the telephone.")
    desk.get_by_role("button", name="Record my review").click()
    expect(desk.locator("main")).to_contain_text("Right index warm on the telephone.")
    reviewed = [row for row in demonstration.rows("flare_action") if "index warm" in row["note"]]
    assert [row["outcome"] for row in reviewed] == ["confirmed"]


def test_without_script_the_same_story_stores_the_same_rows(demonstration: Running, new_page: Open) -> None:
    """One phone with script and one without answer the same evening; what is stored is equal."""
    with_script = new_page("fr")
    first = fill_evening(demonstration, with_script, "fr")
    without = new_page("en", script=False)
    second = fill_evening(demonstration, without, "en")
    assert first != second
    rows = demonstration.rows("response")
    french, english = (stored(rows, patient_id(demonstration, NUMBERS[language])) for language in ("fr", "en"))
    for one in (*french, *english):
        one.pop("language")
        one.pop("evaluation")  # the rules look back on different histories
    assert french == english


def test_it_resumes_where_it_was_left_and_back_keeps_answers(demonstration: Running, new_page: Open) -> None:
    link = newest_link(demonstration.address, NUMBERS["fr"])
    phone = new_page("fr")
    patient = Patient(phone, "fr")
    patient.open(link)
    first_three = dict(list(EVENING.items())[:3])
    patient.answer(first_three)
    expect(phone.locator('[name="joint-pain-diary.tender.none"]').locator("visible=true")).to_be_attached()
    phone.go_back()
    expect(phone.locator('[name="joint-pain-diary.stiffness"]').locator("visible=true")).to_have_value("45")
    expect(phone.locator("main")).to_contain_text(patient.words("received"))
    phone.context.close()

    again = new_page("fr")
    again.goto(link)
    later = Patient(again, "fr")
    later.press("resume")
    later.answer(dict(list(EVENING.items())[3:]))
    later.send()
    worst = [row for row in demonstration.rows("response") if row["patient_id"] == patient_id(demonstration, "R-002")]
    assert '"worst_pain":{"code":"answered","value":8}' in worst[-2]["answers"]


def test_a_fever_shows_the_emergency_page_by_itself(demonstration: Running, new_page: Open) -> None:
    phone = new_page("fr")
    patient = Patient(phone, "fr")
    patient.open(newest_link(demonstration.address, NUMBERS["fr"]))
    evening = {key: value for key, value in EVENING.items() if not key.endswith(("infection", "other_medicine"))}
    patient.answer(evening | {"injection-diary.temperature_taken": True})
    patient.give("injection-diary.temperature", "38,6")
    patient.press("next")
    expect(phone.get_by_role("alert").locator("visible=true").first).to_contain_text("Appelez")
    expect(phone.get_by_role("link", name=re.compile("Appeler le 15")).first).to_have_attribute("href", "tel:15")
    assert "R7" in {row["rule"] for row in demonstration.rows("flare_trigger")}
    patient.press("read")
    patient.answer({"injection-diary.infection": ["chills"], "injection-diary.other_medicine": ["painkiller"]})
    patient.send()


def test_a_second_submission_shows_the_same_receipt(demonstration: Running, new_page: Open) -> None:
    """Two tabs of one phone, both before the review: the second to send gets the receipt of the first."""
    phone = new_page("fr")
    patient = Patient(phone, "fr")
    patient.open(newest_link(demonstration.address, NUMBERS["fr"]))
    patient.answer(EVENING)
    expect(patient.heading()).to_have_text(patient.words("review"))
    tab = phone.context.new_page()
    tab.goto(phone.url)
    second = Patient(tab, "fr")
    receipt = patient.send()
    before = len(demonstration.rows("response"))
    second.press("send")
    expect(second.heading()).to_have_text(second.words("thanks"))
    assert second.receipt() == receipt
    assert len(demonstration.rows("response")) == before


def test_answers_given_without_network_arrive_later(demonstration: Running, new_page: Open) -> None:
    phone = new_page("fr")
    patient = Patient(phone, "fr")
    patient.open(newest_link(demonstration.address, NUMBERS["fr"]))
    patient.field("joint-pain-diary.worst_pain")
    phone.context.set_offline(True)
    patient.give("joint-pain-diary.worst_pain", 7)
    expect(phone.locator("main")).to_contain_text(patient.words("here"))
    phone.wait_for_timeout(2500)
    assert not [
        row
        for row in demonstration.rows("answer_save")
        if row["item"].endswith("worst_pain") and row["client"] != "demonstration"
    ]
    phone.context.set_offline(False)
    expect(phone.locator("main")).to_contain_text(patient.words("received"), timeout=15_000)
    kept = [row["value"] for row in demonstration.rows("answer_save") if row["client"] != "demonstration"]
    assert kept == ["7"]
