"""Where a post comes from: phones without a Referer go on, other sites do not; and whose address counts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from pro.app import create_app
from pro.clock import FixedClock
from pro.services.parts import Parts
from tests import factories
from tests.conftest import Urls
from tests.services import play

EVENING = datetime(2026, 4, 14, 16, 7, tzinfo=UTC)
TOKEN = "f" * 22
SITE = "https://diary.hospital.example"


def parts_at(urls: Urls, **settings: str) -> Parts:
    parts = factories.make_parts(urls, FixedClock(EVENING), PRO_PUBLIC_URL=SITE, **settings)
    made = factories.make_study(parts)
    factories.make_staff(parts, made, "inv")
    patient_id = factories.make_patient(parts, made, day0=date(2026, 4, 5))
    play.give_link(parts, patient_id, TOKEN, until=EVENING + timedelta(days=2))
    return parts


@pytest.fixture
def client(sqlite_urls: Urls) -> FlaskClient:
    return create_app(parts_at(sqlite_urls)).test_client()


def start(client: FlaskClient, **headers: str) -> int:
    page = client.get(f"/d/{TOKEN}", base_url=SITE).text
    found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', page)
    assert found
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/d/{TOKEN}/start"
    return client.post(path, data={"csrf_token": found[1]}, base_url=SITE, headers=sent).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": SITE},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_a_phone_that_sends_no_referer_starts(client: FlaskClient, headers: dict[str, str]) -> None:
    assert start(client, **headers) == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": SITE},
    ],
)
def test_another_site_is_refused_whatever_token_it_shows(client: FlaskClient, headers: dict[str, str]) -> None:
    assert start(client, **headers) == 400


def sign_in(client: FlaskClient, password: str, address: str) -> int:
    client = client.application.test_client()
    page = client.get("/staff/", base_url=SITE).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return client.post(
        "/staff/sign-in",
        data={"login": "inv", "password": password, "csrf_token": found[1]},
        base_url=SITE,
        headers={"X-Forwarded-For": address},
    ).status_code


@pytest.mark.parametrize(("proxies", "status"), [("1", 303), ("0", 429)])
def test_somebody_who_guesses_locks_out_only_their_own_address(sqlite_urls: Urls, proxies: str, status: int) -> None:
    """Behind a proxy that is trusted; without trust in it everybody has the proxy's address."""
    client = create_app(parts_at(sqlite_urls, PRO_TRUSTED_PROXIES=proxies)).test_client()
    assert {sign_in(client, "guessed", "198.51.100.7") for _ in range(12)} == {401, 429}
    assert sign_in(client, factories.PASSWORD, "203.0.113.9") == status


def test_only_the_last_address_of_the_proxy_is_believed(sqlite_urls: Urls) -> None:
    client = create_app(parts_at(sqlite_urls, PRO_TRUSTED_PROXIES="1")).test_client()
    tries = [sign_in(client, "guessed", f"203.0.113.{n}, 198.51.100.7") for n in range(12)]
    assert tries[-1] == 429
