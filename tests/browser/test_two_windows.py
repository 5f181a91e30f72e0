"""Two windows of one phone: the first is told what the second changed, and can still send."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import BrowserContext, expect

from pro.services import answering
from tests.browser.test_phone_pages import EVENING, PAIN, Served, handset, served
from tests.person import Patient
from tests.services import play

__all__ = ["handset", "served"]


def test_what_the_other_window_changed_is_read_before_it_is_sent(handset: BrowserContext, served: Served) -> None:
    started = play.begin(served.parts, "d" * 22)
    where = (started.session_token, started.sitting.assessment_id)
    answering.save(served.parts, *where, play.saves(play.CALM), served.parts.clock.now())
    first, second = (Patient(handset.new_page(), "en") for _ in range(2))
    for one in (first, second):
        one.page.goto(f"{served.address}/d/{'d' * 22}")
        one.press("resume")
        expect(one.heading()).to_have_text(one.words("review"))
    play.stand(served.parts, EVENING + timedelta(minutes=1))
    second.page.locator(f'[data-to="{PAIN}"]').click()
    second.give(PAIN, 2)
    with second.page.expect_response("**/d/save"):
        second.press("next")
    first.page.bring_to_front()
    first.press("send")
    note = first.page.get_by_role("alert").filter(visible=True)
    expect(note).to_contain_text("“Worst pain, last 24 hours” was changed in another window")
    expect(note).to_contain_text("Worst pain, last 24 hours: 2 of 10")
    assert served.responses() == 0
    first.send()
    assert served.responses() == 2
    assert served.kept()[PAIN] == 2
