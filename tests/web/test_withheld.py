"""A coordinator knows that a flare was reviewed; what the doctor wrote stands on none of their pages."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from pro.app import create_app
from pro.services import access, reviewing
from pro.services.access import SignedIn
from pro.services.parts import Parts
from pro.store.tables import Flare
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, make_parts, make_patient, make_staff, make_study

NOTE = "warm knee, seen on the ward"


@pytest.fixture
def parts(sqlite_urls: Urls) -> Parts:
    parts = make_parts(sqlite_urls)
    made = make_study(parts)
    make_staff(parts, made, "inv")
    make_staff(parts, made, "coo", role="coordinator")
    patient_id, site = make_patient(parts, made), made.sites["R"]
    with parts.study.writing() as session:
        days = {"opened_day": NOW.date(), "last_hit_day": NOW.date()}
        session.add(Flare(patient_id=patient_id, site_id=site, n=1, opened_at=NOW, **days))
    identity = access.staff_of(parts, token(parts, "inv"), parts.clock.now())
    assert identity is not None
    reviewing.review(parts, identity, 1, "confirmed", NOTE, parts.clock.now())
    return parts


def token(parts: Parts, login: str) -> str:
    signed = access.sign_in(parts, login, PASSWORD, "10.0.0.1", parts.clock.now())
    assert isinstance(signed, SignedIn)
    return signed.token


def desk_of(parts: Parts, login: str) -> FlaskClient:
    client = create_app(parts).test_client()
    client.set_cookie("staff", token(parts, login))
    return client


@pytest.mark.parametrize("path", ["/staff/audit", "/staff/audit?kind=flare.", "/staff/patients/R-001"])
def test_a_coordinator_reads_no_review_note(parts: Parts, path: str) -> None:
    doctors, coordinators = (desk_of(parts, login).get(path).text for login in ("inv", "coo"))
    assert NOTE in doctors
    assert NOTE not in coordinators
    assert "A flare was reviewed" in coordinators
    assert "A flare was reviewed" not in doctors
