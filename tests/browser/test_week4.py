"""Week 4 as it is lived: a patient fills it in French on a phone, leaves in the middle and comes back; the coordinator
enters the examination; the desk shows DAS28 and the EULAR response, as a hand calculation has them."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from playwright.sync_api import Browser, Page, expect

from pro.demo import life
from tests.browser.running import enter
from tests.demonstration import Running
from tests.person import Patient, newest_link

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 800}

FIRST: dict[str, object] = {
    "pain-vas-48h.pain": 20,
    "patient-global.global": 20,
    "joint-count.tender": [],
    "joint-count.swollen": [],
    "joint-count.replaced": [],
    "joint-count.fused": [],
    "joint-count.not_assessable": [],
    **{f"rand-36.q{n}": "2" for n in range(1, 12)},
}
THEN: dict[str, object] = {
    **{f"rand-36.q{n}": "2" for n in range(12, 37)},
    **{f"eq-5d-5l.{key}": "2" for key in ("mobility", "selfcare", "usual", "pain", "anxiety")},
    "eq-5d-5l.vas": None,
    **{f"who-5.q{n}": "3" for n in range(1, 6)},
}


def of_week4(page: Page) -> None:
    """Takes the visit among what waits."""
    page.locator("section", has_text="Semaine 4").locator("button[name=start]").first.click()


def test_week_4_from_the_phone_to_the_eular_response(demonstration: Running, browser: Browser) -> None:
    life.advance(demonstration.parts, timedelta(days=8))
    link = newest_link(demonstration.address, "R-002")

    phone = browser.new_context(viewport=PHONE, locale="fr-FR", has_touch=True).new_page()  # type: ignore[arg-type]
    patient = Patient(phone, "fr")
    phone.goto(link)
    of_week4(phone)
    patient.answer(FIRST)
    patient.field("rand-36.q12")
    expect(phone.locator("section", has=patient.field("rand-36.q12")).first).to_be_visible()
    phone.wait_for_function("() => localStorage.length === 0")
    phone.context.close()

    again = browser.new_context(viewport=PHONE, locale="fr-FR", has_touch=True).new_page()  # type: ignore[arg-type]
    patient = Patient(again, "fr")
    again.goto(link)
    of_week4(again)
    patient.answer(THEN)
    patient.send()

    desk = browser.new_context(viewport=DESK, locale="en-GB").new_page()  # type: ignore[arg-type]
    desk.set_default_timeout(20_000)
    sign_in(desk, demonstration)
    desk.get_by_role("link", name=re.compile("Enter joint examination.*Week 4")).click()
    for joint in ("right wrist", "base of the right index finger"):
        desk.locator("#tender").get_by_label(joint, exact=True).check(force=True)
    expect(desk.locator("#tender [data-count]")).to_have_text("2 marked, 2 of them among the 28")
    desk.locator("#swollen").get_by_label("right wrist", exact=True).check(force=True)
    desk.get_by_label("No joint out of the count").check()
    desk.get_by_label("CRP mg/L").fill("4,0")
    desk.locator('[name="esr.skip"]').check()
    desk.get_by_role("button", name="Check before saving").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("is this what stands on the sheet?")
    expect(desk.locator("table")).to_contain_text("4 mg/L")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("status").first).to_contain_text("The examination is in the record")

    desk.get_by_role("link", name="Scales").click()
    activity = desk.locator("section.activity")
    # By hand: 0.56 √2 + 0.28 √1 + 0.36 ln(4 + 1) + 0.014 × 20 + 0.96 = 0.792 + 0.28 + 0.579 + 0.28 + 0.96 = 2.891
    now = 0.56 * math.sqrt(2) + 0.28 + 0.36 * math.log(5) + 0.28 + 0.96
    assert f"{now:.2f}" == "2.89"
    expect(activity.locator(".big").first).to_have_text("2.89")
    expect(activity).to_contain_text("DAS28 with CRP, 4 variables")
    tender, swollen, crp, well = START
    then = 0.56 * math.sqrt(tender) + 0.28 * math.sqrt(swollen) + 0.36 * math.log(crp + 1) + 0.014 * well + 0.96
    assert then - now > 1.2, "above 1.2 with 3.2 or less now: a good response"
    expect(activity.locator(".word")).to_have_text(re.compile("good", re.IGNORECASE))
    expect(activity.locator(".formula").first).to_be_visible()
    row = next(one for one in demonstration.rows("response") if one["questionnaire"] == "rand-36" and one["n"] == 1)
    assert row["language"] == "fr"


START = (6, 4, 21.8, 42)
"""At day 0 of this patient: tender and swollen of 28, CRP, the patient's global."""


def sign_in(desk: Page, demonstration: Running) -> None:
    desk.goto(f"{demonstration.address}/staff/?lang=en")
    desk.fill("input[name=login]", "morvan")
    desk.fill("input[name=password]", "demonstration")
    enter(desk)
    desk.goto(f"{demonstration.address}/staff/patients/R-002")
