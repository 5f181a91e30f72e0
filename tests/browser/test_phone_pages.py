"""The phone's pages in a real browser: what the script promises a patient."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from pro.app import create_app
from pro.services.parts import Parts
from pro.store.tables import metadata
from tests import factories
from tests.axe import findings
from tests.browser.running import RunningClock, until, until_received
from tests.services import play

EVENING = datetime(2026, 4, 14, 16, 7, tzinfo=UTC)
SAVE, RESPONSE = metadata.tables["answer_save"], metadata.tables["response"]
PAIN = "joint-pain-diary.worst_pain"


@dataclass
class Served:
    """A site with one patient on a diary day and one on the day of a visit."""

    parts: Parts
    address: str

    def kept(self) -> dict[str, object]:
        """Item → the newest value that the server has."""
        with self.parts.study.reading() as session:
            rows = session.connection().execute(select(SAVE).order_by(SAVE.c.received_at, SAVE.c.seq)).all()
        return {row.item: json.loads(row.value) if row.value else row.code for row in rows}

    def responses(self) -> int:
        with self.parts.study.reading() as session:
            return len(session.connection().execute(select(RESPONSE.c.id)).all())


@pytest.fixture
def served(sqlite_urls: tuple[str, str]) -> Iterator[Served]:
    parts = factories.make_parts(sqlite_urls, RunningClock(EVENING))
    made = factories.make_study(parts)
    diary = factories.make_patient(parts, made, day0=date(2026, 4, 5), language="en")
    visit = factories.make_patient(parts, made, "R-002", day0=EVENING.date(), language="en", telephone="+33612345679")
    for patient, letter in ((diary, "d"), (visit, "v")):
        play.give_link(parts, patient, letter * 22, until=EVENING + timedelta(days=2))
    server = make_server("127.0.0.1", 0, create_app(parts), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(parts, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()


@pytest.fixture
def handset(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def phone(handset: BrowserContext, served: Served) -> Iterator[Page]:
    """The diary's first question; what the page complains of fails the test."""
    complaints: list[str] = []
    page = handset.new_page()
    page.on("pageerror", lambda error: complaints.append(f"{error.name}: {error.message} {error.stack}"))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
    begin(page, served, "d")
    yield page
    assert complaints == []


def begin(page: Page, served: Served, letter: str) -> None:
    page.goto(f"{served.address}/d/{letter * 22}")
    page.locator("button[name=start]").first.click()
    expect(page.locator("#asked")).to_be_visible()


def rate(page: Page, number: int) -> None:
    page.locator(f".nrs:visible label:has(input[value='{number}'])").click()


def forward(page: Page) -> None:
    page.locator("button[name=next]").click()


def choose(page: Page, label: str) -> None:
    page.locator(".choice:visible").get_by_text(label, exact=True).click()


def to_joints(page: Page) -> None:
    rate(page, 6)
    forward(page)
    rate(page, 4)
    forward(page)
    page.locator(".field:visible").fill("40")
    forward(page)
    expect(page.locator(".map:visible svg")).to_be_visible()


def heading(page: Page) -> str:
    return page.locator("h1:visible").inner_text()


def test_two_requests_until_the_first_answer(handset: BrowserContext, served: Served) -> None:
    page = handset.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    begin(page, served, "d")
    assert len(asked) == 2
    assert page.url.split("?")[0].endswith("/d/now")
    rate(page, 6)
    expect(page.locator(".nrs:visible :checked")).to_have_value("6")


def test_the_house_is_shown_only_when_the_server_has_the_answer(phone: Page, served: Served) -> None:
    held: list[Route] = []
    phone.route("**/d/save", lambda route: held.append(route))
    expect(phone.locator("#mark")).to_have_text("No answer yet")
    rate(phone, 6)
    expect(phone.locator("#mark")).to_contain_text("Saved on this phone")
    until(phone, lambda: held, "the answer is not sent")
    phone.wait_for_timeout(300)
    assert len(held) == 1
    expect(phone.locator("#mark")).to_contain_text("Saved on this phone")
    held[0].continue_()
    expect(phone.locator("#mark")).to_contain_text("Received by the hospital")
    assert served.kept() == {PAIN: 6}


def test_offline_answers_survive_a_reload_and_leave_later(phone: Page, served: Served) -> None:
    phone.route("**/d/save", lambda route: route.abort())
    rate(phone, 7)
    forward(phone)
    rate(phone, 3)
    phone.wait_for_timeout(300)
    assert served.kept() == {}
    phone.unroute("**/d/save")
    phone.reload()
    expect(phone.locator("#where")).to_contain_text("Question 2 of")
    expect(phone.locator(".nrs:visible :checked")).to_have_value("3")
    until_received(phone)
    assert served.kept() == {PAIN: 7, "joint-pain-diary.average_pain": 3}


def test_a_hidden_page_sends_at_once(phone: Page, served: Served) -> None:
    phone.evaluate("() => { self.setTimeout = () => 0 }")  # what waits for its turn waits for ever
    rate(phone, 5)
    phone.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden'});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(phone.locator("#mark")).to_contain_text("Received by the hospital")
    assert served.kept() == {PAIN: 5}


def test_a_closed_diary_is_told_and_the_answer_stays(phone: Page) -> None:
    phone.route("**/d/save", lambda route: route.fulfill(status=409, json={"error": "closed"}))
    rate(phone, 5)
    expect(phone.locator("#news")).to_contain_text("closed or already sent")
    expect(phone.locator(".nrs:visible :checked")).to_have_value("5")
    assert "5" in phone.evaluate("Object.values(localStorage).join()")


def test_an_answer_taken_back_leaves_the_hospital_too(phone: Page, served: Served) -> None:
    field = phone.locator("[name='joint-pain-diary.stiffness']")
    change = "(field, value) => { field.value = value; field.dispatchEvent(new Event('change', {bubbles: true})); }"
    field.evaluate(change, "30")
    until(phone, lambda: served.kept() == {"joint-pain-diary.stiffness": 30}, "30 is not kept")
    field.evaluate(change, "")
    until(phone, lambda: served.kept() == {"joint-pain-diary.stiffness": "cleared"}, "it is not cleared")
    phone.reload()
    expect(phone.locator("[name='joint-pain-diary.stiffness']")).to_have_value("")


def test_no_answer_is_told_without_moving_on(phone: Page) -> None:
    first = heading(phone)
    forward(phone)
    expect(phone.get_by_role("alert").filter(has_text="Choose an answer")).to_be_visible()
    assert heading(phone) == first
    rate(phone, 0)
    assert heading(phone) == first
    forward(phone)
    assert heading(phone) != first


def test_an_empty_number_is_asked_for_as_a_number(phone: Page) -> None:
    for number in (6, 4):
        rate(phone, number)
        forward(phone)
    forward(phone)
    expect(phone.get_by_role("alert").filter(has_text="Type a number")).to_be_visible()


def test_skipping_needs_a_second_tap_and_back_keeps_answers(phone: Page, served: Served) -> None:
    rate(phone, 2)
    forward(phone)
    phone.locator("button[name=skip]").click()
    phone.locator("button[name=skip-no]").click()
    expect(phone.locator("#where")).to_contain_text("Question 2 of")
    phone.locator("button[name=skip]").click()
    phone.locator("button[name=skip-yes]").click()
    expect(phone.locator("#where")).to_contain_text("Question 3 of")
    phone.go_back()
    expect(phone.locator("#mark")).to_contain_text("I preferred not to answer")
    phone.locator("button[name=back]").click()
    expect(phone.locator(".nrs:visible :checked")).to_have_value("2")
    until_received(phone)
    assert served.kept()["joint-pain-diary.average_pain"] == "skipped"


def test_progress_follows_the_branches_and_focus_the_heading(phone: Page) -> None:
    expect(phone.locator("#where")).to_contain_text("Question 1 of 10")
    expect(phone.locator(".beads li")).to_have_count(10)
    rate(phone, 4)
    forward(phone)
    expect(phone.locator("#where")).to_contain_text("Question 2 of 12")
    expect(phone.locator("#beads progress")).to_have_attribute("max", "12")
    assert phone.evaluate("document.activeElement.tagName") == "H1"


def test_what_is_being_typed_stays_when_the_rest_of_the_page_comes_late(phone: Page, served: Served) -> None:
    held: list[Route] = []
    phone.route("**/later.*.js*", lambda route: held.append(route))
    rate(phone, 6)
    forward(phone)
    rate(phone, 4)
    forward(phone)
    field = phone.locator(".field:visible")
    field.fill("40")
    until(phone, lambda: held, "the rest of the page is not asked for")
    held[0].continue_()
    until(phone, lambda: phone.evaluate("() => self.proLater !== undefined"), "the rest of the page does not come")
    phone.wait_for_timeout(100)
    assert field.input_value() == "40"
    assert field.evaluate("field => field === document.activeElement"), "the keyboard of the phone stays open"
    forward(phone)
    expect(phone.locator(".map:visible svg")).to_be_visible()


def test_joints_are_drawn_where_the_drawing_comes_late(phone: Page, served: Served) -> None:
    held: list[Route] = []
    phone.route("**/later.*.js*", lambda route: held.append(route))
    rate(phone, 6)
    forward(phone)
    rate(phone, 4)
    forward(phone)
    phone.locator(".field:visible").fill("40")
    forward(phone)
    box = phone.locator("section:visible input[type=checkbox]").first
    box.check()
    until(phone, lambda: held, "the drawing is not asked for")
    held[0].continue_()
    expect(phone.locator(".map:visible svg")).to_be_visible()
    assert box.is_checked()


def test_the_drawing_and_the_list_hold_the_same_answer(phone: Page, served: Served) -> None:
    to_joints(phone)
    phone.locator("[data-joint=R-knee]:visible").click()
    phone.locator("[data-hand=R]:visible").click()
    phone.locator("[data-joint=R-MCP2]:visible").focus()
    phone.keyboard.press("Space")
    expect(phone.locator("[data-joint=R-MCP2]:visible")).to_have_attribute("aria-checked", "true")
    phone.go_back()
    phone.locator("button[name=list]:visible").click()
    assert phone.locator(".list:visible :checked").evaluate_all("all => all.map(one => one.value)") == [
        "R-knee",
        "R-MCP2",
    ]
    choose(phone, "left knee")
    phone.locator("button[name=list]:visible").click()
    expect(phone.locator("[data-joint=L-knee]:visible")).to_have_attribute("aria-checked", "true")
    forward(phone)
    until_received(phone)
    assert set(served.kept()["joint-pain-diary.tender"]) == {"R-knee", "L-knee", "R-MCP2"}  # type: ignore[call-overload]


def test_none_today_is_an_answer_and_clears_the_joints(phone: Page, served: Served) -> None:
    to_joints(phone)
    phone.locator("[data-joint=R-knee]:visible").click()
    choose(phone, "None today")
    expect(phone.locator("[data-joint=R-knee]:visible")).to_have_attribute("aria-checked", "false")
    forward(phone)
    until_received(phone)
    assert served.kept()["joint-pain-diary.tender"] == []


def test_the_line_has_no_mark_before_the_first_touch(handset: BrowserContext, served: Served) -> None:
    page = handset.new_page()
    begin(page, served, "v")
    line = page.get_by_role("slider")
    knob = page.locator(".knob").first
    expect(knob).to_be_hidden()
    expect(line).to_have_attribute("aria-valuetext", "No mark placed")
    page.locator("button[name=more]:visible").click()
    expect(line).to_have_attribute("aria-valuetext", "0 of 100")
    expect(knob).to_be_visible()
    line.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuetext", "1 of 100")
    forward(page)
    page.locator("button[name=less]:visible").click()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "100 of 100")
    forward(page)
    until_received(page)
    assert served.kept() == {"pain-vas-48h.pain": 1, "patient-global.global": 100}


def test_a_whole_evening_with_a_fever(phone: Page, served: Served) -> None:
    to_joints(phone)
    phone.locator("[data-joint=R-knee]:visible").click()
    forward(phone)
    choose(phone, "None today")
    for label in ("No", None, "No", "Yes, all of it", "Left thigh", "Nothing", "Yes"):
        forward(phone)
        rate(phone, 3) if label is None else choose(phone, label)
    forward(phone)
    phone.locator(".field:visible").fill("38,6")
    forward(phone)
    expect(phone.locator("#urgent")).to_be_visible()
    expect(phone.locator("#told")).to_have_text(re.compile(r"^Your site was told at 18:\d\d$"))
    expect(phone.locator("#call-help")).to_have_attribute("href", "tel:15")
    for _ in range(2):
        phone.reload()
        expect(phone.locator("#urgent")).to_be_visible()
        expect(phone.locator("#advice")).to_contain_text("38.0 or more")
        expect(phone.locator("#call-site")).to_have_attribute("href", "tel:+33299000000")
    phone.locator("button[name=go-on]").click()
    expect(phone.locator("#urgent")).to_be_hidden()
    phone.reload()
    expect(phone.locator("#asked")).to_be_visible()
    expect(phone.locator("#urgent")).to_be_hidden()
    choose(phone, "None of these")
    forward(phone)
    forward(phone)
    choose(phone, "Nothing else")
    forward(phone)
    expect(phone.locator("#rows")).to_contain_text("38.6\u00a0°C")
    phone.get_by_role("button", name="Change Worst pain, last 24 hours").click()
    rate(phone, 8)
    forward(phone)
    expect(phone.locator("#rows")).to_contain_text("8 of 10")
    phone.get_by_role("button", name="Send").dblclick()
    expect(phone.locator("#thanks")).to_be_visible()
    expect(phone.locator("#advised a")).to_have_count(2)
    _is_fine(phone)
    receipt = phone.locator("#receipt").inner_text()
    phone.reload()
    expect(phone.locator("#receipt")).to_have_text(receipt)
    expect(phone.locator("#advised")).to_contain_text("38.0 or more")
    assert served.responses() == 2
    assert served.kept()[PAIN] == 8


def to_review(phone: Page) -> None:
    """Every question of the diary left out, so that only sending is left."""
    for _ in range(40):
        if phone.locator("#review").is_visible():
            break
        phone.locator("button[name=skip]").click()
        phone.locator("button[name=skip-yes]").click()
    expect(phone.locator("#rows")).to_contain_text("I preferred not to answer")


@pytest.mark.parametrize("waits", [False, True], ids=["nothing-waits", "an-answer-waits"])
def test_send_pressed_without_network_is_told_until_it_is_sent(phone: Page, served: Served, waits: bool) -> None:
    """The answers go by themselves when the network is back, sending does not: the page says so."""
    to_review(phone)
    until_received(phone)
    if waits:
        phone.get_by_role("button", name="Change Worst pain, last 24 hours").click()
    phone.context.set_offline(True)
    if waits:
        rate(phone, 8)
        forward(phone)
        to_review(phone)
    phone.get_by_role("button", name="Send").click()
    news = phone.locator("#news")
    expect(news).to_contain_text("No network.")
    expect(news).to_contain_text("Touch “Send” again")
    phone.wait_for_timeout(2500)
    expect(news).to_contain_text("Touch “Send” again")
    phone.context.set_offline(False)
    expect(news).to_contain_text("The network is back, your diary is not sent yet: touch “Send”.")
    until_received(phone)
    phone.wait_for_timeout(300)
    expect(news).to_be_visible()
    expect(news).to_contain_text("The network is back")
    assert served.responses() == 0
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("#thanks")).to_be_visible()
    expect(news).to_be_hidden()
    assert served.responses() == 2


def test_nothing_serious_for_a_reader_and_nothing_sideways(phone: Page, served: Served) -> None:
    _is_fine(phone)
    to_joints(phone)
    _is_fine(phone)
    phone.locator("[data-hand=L]:visible").click()
    _is_fine(phone)
    phone.goto(f"{served.address}/d/{'d' * 22}")
    _is_fine(phone)


def _is_fine(page: Page) -> None:
    assert findings(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 360, "height": 740})


def test_targets_are_large_enough_for_sore_hands(phone: Page) -> None:
    phone.set_viewport_size({"width": 320, "height": 700})
    sizes = phone.locator(".nrs:visible label, #go button").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    assert len(sizes) >= 12
    assert min(min(size) for size in sizes) >= 55.5
