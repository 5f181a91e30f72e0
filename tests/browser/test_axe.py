"""axe finds nothing serious or critical on any route of the application's own table that answers HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from pro.demo import create_demo_app
from pro.store.tables import metadata
from tests.axe import findings, findings_and_leave
from tests.browser.running import enter
from tests.demonstration import Running
from tests.person import EVENING, Patient, newest_link

NOT_HTML = {
    "/demo/phone.json",
    "/demo/static/<path:filename>",
    "/static/<path:filename>",
    "/healthz",
    "/livez",
    "/d/later.<language>.js",
    "/staff/compliance.csv",
}


def get_rules(demonstration: Running) -> set[str]:
    """Rules of everything that answers GET."""
    app = create_demo_app(demonstration.parts)
    return {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}


def one_id(demonstration: Running, table: str) -> int:
    with demonstration.parts.study.reading() as session:
        found = session.execute(select(metadata.tables[table].c.id).order_by("id").limit(1)).scalar()
    assert found is not None, table
    return int(found)


def staff_pages(demonstration: Running) -> Mapping[str, str]:
    patient, flare = one_id(demonstration, "patient"), one_id(demonstration, "flare")
    task = one_id(demonstration, "task")
    return {
        "/staff/": "/staff/",
        "/staff/audit": "/staff/audit",
        "/staff/compliance": "/staff/compliance",
        "/staff/messages": "/staff/messages",
        "/staff/protocol": "/staff/protocol",
        "/staff/protocol/amendment": "/staff/protocol/amendment",
        "/staff/patients": "/staff/patients",
        "/staff/patients/<number>": "/staff/patients/R-001",
        "/staff/patients/<number>/visits/<timepoint>/<questionnaire>": "/staff/patients/R-001/visits/week2/joint-exam",
        "/staff/patients/<number>/scales": "/staff/patients/R-001/scales",
        "/staff/windows/<int:site_id>": "/staff/windows/1",
        "/staff/patients/<number>/course": "/staff/patients/R-001/course",
        "/staff/flares/<int:flare_id>": f"/staff/flares/{flare}",
        "/staff/tasks/<int:task_id>": f"/staff/tasks/{task}",
        "/staff/enrol": "/staff/enrol",
        "/staff/enrol/<int:patient_id>": f"/staff/enrol/{patient}",
        "/staff/enrol/<int:patient_id>/phone": f"/staff/enrol/{patient}/phone",
        "/staff/enrol/<int:patient_id>/withdraw": f"/staff/enrol/{patient}/withdraw",
        "/staff/enrol/<int:patient_id>/sheet": f"/staff/enrol/{patient}/sheet",
    }


def open_task(demonstration: Running) -> None:
    with demonstration.parts.study.writing() as session:
        row = {"site_id": 1, "patient_id": 1, "kind": "missed-in-a-row", "detail": "2", "note": ""}
        row["made_at"] = demonstration.parts.clock.now().study  # type: ignore[assignment]
        session.connection().execute(metadata.tables["task"].insert().values(**row))


def see(page: Page, demonstration: Running, paths: Mapping[str, str], scheme: str) -> list[str]:
    """Each page; in the dark only its colours are others."""
    found: list[str] = []
    for path in paths.values():
        answer = page.goto(demonstration.address + path)
        assert answer is not None
        assert answer.status < 400, path
        found += findings_and_leave(page, colours_alone=scheme == "dark")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_finding(demonstration: Running, browser: Browser, scheme: Any) -> None:
    open_task(demonstration)
    link = newest_link(demonstration.address, "R-002").removeprefix(demonstration.address)
    public = {
        "/": "/",
        "/demo": "/demo",
        "/demo/clock": "/demo/clock",
        "/demo/phone": "/demo/phone?phone=R-002",
    }
    before = {"/d/<token>": link, "/d/<token>/later": f"{link}/later", "/d/<token>/stop": f"{link}/stop"}
    key = "joint-pain-diary.tender"
    within = {
        "/d/now": "/d/now",
        "/d/item": "/d/item",
        "/d/item/<key>": f"/d/item/{key}",
        "/d/review": "/d/review",
    }
    phone = browser.new_page(viewport={"width": 360, "height": 740}, locale="fr-FR", color_scheme=scheme)
    found = see(phone, demonstration, public | before, scheme)
    patient = Patient(phone, "fr")
    patient.open(demonstration.address + link)
    found += every_screen(patient)
    found += see(phone, demonstration, within, scheme)
    phone.goto(demonstration.address + "/d/now")
    patient.page.get_by_role("heading", level=1).first.wait_for()

    desk = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB", color_scheme=scheme)
    found += see(desk, demonstration, {"sign-in": "/staff/"}, scheme)
    desk.fill("input[name=login]", "legoff")
    desk.fill("input[name=password]", "demonstration")
    enter(desk)
    staff = staff_pages(demonstration)
    found += see(desk, demonstration, staff, scheme)
    assert found == []

    seen = {*public, *before, *within, *staff, "/d/thanks"}
    assert set(get_rules(demonstration)) - NOT_HTML == seen


def every_screen(patient: Patient) -> list[str]:
    """Answers the evening and looks at each screen of the one document, the thank-you page too."""
    found: list[str] = []
    for item, value in EVENING.items():
        patient.field(item)
        found += findings(patient.page)
        patient.answer({item: value})
    found += findings(patient.page)
    patient.send()
    return found + findings(patient.page)


def test_axe_would_find_a_missing_label(browser: Browser) -> None:
    """The check can fail: a page without labels and language is found out."""
    page = browser.new_page()
    page.set_content("<html><body><input type='text'><img src='data:,'></body></html>")
    assert any("label" in one for one in findings(page))


@pytest.mark.parametrize("colours_alone", [True, False])
def test_one_row_that_is_not_like_the_others_is_found(browser: Browser, colours_alone: bool) -> None:
    page = browser.new_page()
    rows = "<li>Rennes</li>" * 40 + "<li class=faint>Lille</li>" + "<li>Rennes</li>" * 40
    page.set_content(
        f"<html lang=en><title>T</title><style>.faint {{color: #ccc}}</style><main><ul>{rows}</ul></main></html>"
    )
    (one,) = findings_and_leave(page, colours_alone=colours_alone)
    assert "color-contrast" in one
    assert "Lille" in one
    assert page.locator("li").count() == 4
