"""What the protocol's page foretells is what the worker does: the same texts, at the same instants, to the letter."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from pro.clock import FixedClock, Moment
from pro.domain.protocol import Protocol, QuietHours
from pro.domain.zones import zone
from pro.library import Library
from pro.services import access, enrolment, marking, previewing
from pro.services.audit import Actor
from pro.services.enrolment import By, Enrolled
from pro.services.previewing import EXAMPLE_TOKEN, Preview
from pro.sms.memory import MemorySender
from pro.store.tables import ProtocolInForce, Role, Study
from pro.walking import walk
from tests.conftest import Urls
from tests.factories import PASSWORD, make_parts, make_staff, make_study, the_library
from tests.services import play

VERSION = "2"
LINK = re.compile(r"/d/[A-Za-z0-9_-]{22}\b")
BY = By(Actor("c.morvan", "coordinator"))


@dataclass(frozen=True)
class Lived:
    """A life that the worker really accompanies."""

    name: str
    day0: date
    zone: str
    language: str
    quiet: QuietHours | None = None
    daily_cap: int | None = None
    days: int = 4
    """So many are walked through."""

    @property
    def start(self) -> datetime:
        """The morning of day 0: the patient is there."""
        return datetime.combine(self.day0, time(9), zone(self.zone)).astimezone(UTC)

    @property
    def until(self) -> datetime:
        return self.start + timedelta(days=self.days)

    def books(self) -> Library:
        """thera-demo, its quiet hours and cap put where they bite."""
        books = the_library()
        known = books.protocol("thera-demo", VERSION)
        changed = replace(
            known,
            quiet_hours=self.quiet or known.quiet_hours,
            daily_cap=known.daily_cap if self.daily_cap is None else self.daily_cap,
        )
        return replace(books, _protocols={(known.id, known.version): changed})


LIVES = (
    Lived("clocks go back", date(2026, 10, 12), "Europe/Paris", "fr", days=17),
    Lived("half an hour and a cap", date(2026, 10, 19), "America/St_Johns", "en", daily_cap=2),
    Lived("put off", date(2026, 3, 16), "Europe/Paris", "fr", quiet=QuietHours(time(19, 30), time(20, 15))),
)


def in_force(site: int, version: str, since: datetime) -> ProtocolInForce:
    return ProtocolInForce(site_id=site, protocol="thera-demo", version=version, sha256="", from_at=since)


def sent_by_the_worker(lived: Lived, urls: Urls) -> list[tuple[datetime, str]]:
    """Enrolled in the morning of day 0, walked from bell to bell; the link's token is put aside."""
    clock, sender = FixedClock(lived.start), MemorySender()
    parts = replace(make_parts(urls, clock, lived.books()), sender=sender)
    made = make_study(parts)
    site = made.sites["R"]
    with parts.study.writing() as session:
        session.get_one(Study, made.study_id).demonstration = True  # its owners' wordings are not installed
        session.add(in_force(site, VERSION, lived.start))
    done = enrolment.enrol(
        parts,
        BY,
        site,
        criteria={one.key: True for one in parts.library.latest_protocol("thera-demo").criteria},
        screening_value=62,
        name="Ada Example",
        phone="06 12 34 56 78",
        day0=lived.day0,
        zone=lived.zone,
        language=lived.language,
        moment=clock.now(),
    )
    assert isinstance(done, Enrolled)

    def reach(at: datetime) -> Moment:
        clock.moment = Moment(at, at)
        return clock.moment

    walk(parts, lived.start, lived.until, reach, seconds=lambda: 0.0)  # no time passes within a tick
    parts.study.close()
    parts.contacts.close()
    found = [(sms.at, LINK.sub(f"/d/{EXAMPLE_TOKEN}", sms.body)) for sms in sender.sent]
    return [(at, body) for at, body in found if at is not None]


def foretold(lived: Lived) -> Preview:
    books = lived.books()
    protocol = books.protocol("thera-demo", VERSION)
    return previewing.preview(books, protocol, lived.day0, zone(lived.zone), None, "http://localhost")


@pytest.mark.parametrize("lived", LIVES, ids=lambda one: one.name)
def test_the_texts_on_the_page_are_those_that_the_worker_sends(lived: Lived, sqlite_urls: Urls) -> None:
    sent = sent_by_the_worker(lived, sqlite_urls)
    found = foretold(lived)
    body = found.texts["reminder", lived.language].body
    assert len(sent) > 2 * lived.days - 2
    assert sent == [
        (one.leaves_at, body) for one in found.outlook.sent if one.leaves_at and one.leaves_at <= lived.until
    ]


def test_a_cap_that_bites_is_told(sqlite_urls: Urls) -> None:
    capped = foretold(LIVES[1]).outlook
    stopped = [one for one in capped.texts if one.leaves_at is None]
    assert {one.why for one in stopped} == {"daily-cap"}
    assert len(capped.sent) + len(stopped) == len(foretold(LIVES[0]).outlook.sent)


def test_the_example_link_is_as_long_as_a_real_one() -> None:
    assert len(EXAMPLE_TOKEN) == len(secrets.token_urlsafe(marking.TOKEN_BYTES))


# --- What the page begins with


@pytest.fixture
def offered(sqlite_urls: Urls) -> Iterator[previewing.Offered]:
    parts = make_parts(sqlite_urls)
    made = make_study(parts)
    make_staff(parts, made, "monitor@r", role=Role.MONITOR)
    now = parts.clock.now()
    with parts.study.writing() as session:
        for version, days in (("1", 9), ("2", 4)):
            session.add(in_force(made.sites["R"], version, now.study - timedelta(days=days)))
    signed = access.sign_in(parts, "monitor@r", PASSWORD, "10.0.0.1", now)
    assert isinstance(signed, access.SignedIn)
    identity = access.staff_of(parts, signed.token, now)
    assert identity is not None
    with play.counted(parts) as statements:
        found = previewing.offered(parts, identity, now)
    assert len([one for one in statements if one != "COMMIT"]) == 2
    yield found
    parts.study.close()
    parts.contacts.close()


def test_it_begins_with_what_is_in_force_and_next_monday(offered: previewing.Offered) -> None:
    assert [(one.protocol.version, one.published, one.in_force) for one in offered.choices] == [
        ("2", True, True),
        ("1", True, False),
    ]
    assert offered.first.protocol.version == "2"
    assert (offered.day0, offered.zone) == (date(2026, 4, 20), "Europe/Paris")


def test_a_monday_is_followed_by_the_next_one() -> None:
    assert previewing.next_monday(date(2026, 4, 20)) == date(2026, 4, 27)
    assert previewing.next_monday(date(2026, 4, 26)) == date(2026, 4, 27)


def test_what_a_patient_gives_of_their_time(sqlite_urls: Urls) -> None:
    """84 evenings of three and a half minutes, five visits of fifteen."""
    found = foretold(LIVES[0])
    assert found.minutes == 84 * 3.5 + 5 * 15
    assert found.segments == len(found.outlook.sent) == 181
    assert found.outlook.prompt == 89
    protocol: Protocol = found.outlook.protocol
    assert set(found.sittings) == {one.key for one in protocol.timepoints}
