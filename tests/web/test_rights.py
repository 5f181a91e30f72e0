"""Every staff route declares a right, and no role reaches another site's objects through any of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from pro.app import create_app
from pro.services import access
from pro.services.access import RIGHTS, Right, SignedIn
from pro.services.parts import Parts
from pro.store.tables import Flare, Role, Task, metadata
from pro.web.rights import right_of
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study

LOGINS = {role: f"{role}@other-site" for role in Role}


class House:
    """Objects at site R; staff of every role at site L, and one of each at R."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.made: Made = make_study(parts)
        for role in Role:
            make_staff(parts, self.made, LOGINS[role], role=role, site="L")
            make_staff(parts, self.made, f"{role}@own-site", role=role, site="R")
        self.app: Flask = create_app(parts)
        self.app.config["WTF_CSRF_ENABLED"] = False
        patient_id = make_patient(parts, self.made, "R-001", day0=date(2026, 4, 1))
        with parts.study.writing() as session:
            site = self.made.sites["R"]
            flare = Flare(
                patient_id=patient_id, site_id=site, n=1, opened_at=NOW, opened_day=NOW.date(), last_hit_day=NOW.date()
            )
            task = Task(site_id=site, patient_id=patient_id, kind="under-80", made_at=NOW)
            session.add_all([flare, task])
            session.flush()
            self.objects = {
                "number": "R-001",
                "patient_id": patient_id,
                "flare_id": flare.id,
                "task_id": task.id,
                "site_id": site,
                "site": "R",
                "timepoint": "week2",
                "questionnaire": "joint-exam",
            }

    def rules(self) -> list[Rule]:
        return [rule for rule in self.app.url_map.iter_rules() if rule.rule.startswith("/staff")]

    def address(self, rule: Rule) -> str:
        with self.app.test_request_context():
            values = {name: self.objects[name] for name in rule.arguments}
            return self.app.url_map.bind("localhost").build(rule.endpoint, values)

    def status(self, login: str, rule: Rule, method: str) -> int:
        client = self.app.test_client()
        outcome = access.sign_in(self.parts, login, PASSWORD, "10.0.0.1", self.parts.clock.now())
        assert isinstance(outcome, SignedIn)
        client.set_cookie("staff", outcome.token)
        return client.open(self.address(rule), method=method).status_code

    def right(self, rule: Rule) -> Right | str | None:
        return right_of(self.app.view_functions[rule.endpoint])


@pytest.fixture
def house(sqlite_urls: Urls) -> Iterator[House]:
    parts = make_parts(sqlite_urls)
    yield House(parts)
    parts.study.close()
    parts.contacts.close()


def test_every_staff_route_declares_a_right(house: House) -> None:
    undeclared = [rule.rule for rule in house.rules() if house.right(rule) is None]
    assert undeclared == []
    assert len(house.rules()) > 15


def test_a_route_without_a_right_would_be_found(house: House) -> None:
    house.app._got_first_request = False
    house.app.add_url_rule("/staff/forgotten", "forgotten", lambda: "")
    assert [rule.rule for rule in house.rules() if house.right(rule) is None] == ["/staff/forgotten"]


def test_no_role_reaches_another_sites_objects(house: House) -> None:
    reached = []
    for rule in house.rules():
        right = house.right(rule)
        if not rule.arguments or not isinstance(right, Right):
            continue
        for role in Role:
            expected = 404 if right in RIGHTS[role] else 403
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                status = house.status(LOGINS[role], rule, method)
                if status != expected:
                    reached.append((role, method, rule.rule, status))
    assert reached == []


def test_a_role_without_the_right_is_refused_at_its_own_site(house: House) -> None:
    let_in = []
    for rule in house.rules():
        right = house.right(rule)
        for role in Role:
            if isinstance(right, Right) and right not in RIGHTS[role]:
                for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                    status = house.status(f"{role}@own-site", rule, method)
                    if status != 403:
                        let_in.append((role, method, rule.rule, status))
    assert let_in == []


def test_whoever_is_not_signed_in_is_sent_to_the_door(house: House) -> None:
    client = house.app.test_client()
    for rule in house.rules():
        if isinstance(house.right(rule), Right):
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                answer = client.open(house.address(rule), method=method)
                assert answer.status_code == 303, rule.rule
                assert answer.headers["Location"].startswith("/staff/")


def test_attempts_are_noted_but_do_not_flood_the_trail(house: House) -> None:
    rule = next(rule for rule in house.rules() if rule.endpoint == "staff.flare")
    for _ in range(14):
        house.status(LOGINS[Role.INVESTIGATOR], rule, "GET")
    events = metadata.tables["audit_event"]
    with house.parts.study.reading() as session:
        noted = session.execute(
            select(events.c.payload).where(
                events.c.kind == "access.refused", events.c.chain == f"staff:{LOGINS[Role.INVESTIGATOR]}"
            )
        ).all()
    assert len(noted) == access.TRIES
    assert "flare" in noted[0][0]


def test_a_get_changes_nothing(house: House) -> None:
    """Except the session's own last sight."""
    assert isinstance(NOW, datetime)
    outcome = access.sign_in(
        house.parts, f"{Role.INVESTIGATOR}@own-site", PASSWORD, "10.0.0.1", house.parts.clock.now()
    )
    assert isinstance(outcome, SignedIn)
    client = house.app.test_client()
    client.set_cookie("staff", outcome.token)
    before = everything(house.parts)
    for rule in house.rules():
        if "GET" in (rule.methods or set()):
            assert client.get(house.address(rule)).status_code < 500
    assert everything(house.parts) == before


def everything(parts: Parts) -> dict[str, list[object]]:
    with parts.study.reading() as session:
        return {
            name: [tuple(row) for row in session.execute(select(table)).all()]
            for name, table in metadata.tables.items()
            if name != "staff_session"
        }


def test_the_rights_are_those_of_the_design() -> None:
    care = {Right.ENROL, Right.WITHDRAW, Right.CHANGE_PHONE, Right.SEE_CONTACTS, Right.LOG_CALL, Right.ENTER_EXAM}
    assert care <= RIGHTS[Role.COORDINATOR]
    doctors = {Right.SEE_FLARE, Right.REVIEW_FLARE, Right.AMEND}
    assert RIGHTS[Role.INVESTIGATOR] == RIGHTS[Role.COORDINATOR] | doctors
    for reader in (Role.MONITOR, Role.DATA_MANAGER):
        assert not care & RIGHTS[reader]
        assert not {Right.REVIEW_FLARE, Right.AMEND} & RIGHTS[reader]
    assert timedelta(minutes=30) == access.IDLE
