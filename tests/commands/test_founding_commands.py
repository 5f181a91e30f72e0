"""The commands with which an installation is set up, checked and served, called as a person calls them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlmodel import select

from pro.cli import main
from pro.library import Library
from pro.services import access, checkup
from pro.services.access import Right, SignedIn
from pro.store import contacts, migrate
from pro.store.engine import Database
from pro.store.tables import Heartbeat, Patient, ProtocolInForce, Site, SiteDuty, Staff, Tally
from tests.conftest import Urls
from tests.databases import migrated_files
from tests.factories import make_parts, the_library

KEY = "t:dGVzdHMgb25seSwgdGVzdHMgb25seSwgdGVzdHMgb24="
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def environment_of(urls: tuple[str, str]) -> dict[str, str]:
    return {
        "DATABASE_URL": urls[0],
        "CONTACTS_DATABASE_URL": urls[1],
        "PRO_SECRET_KEY": "tests only, tests only, tests only, tests only",
        "PRO_CONTACTS_KEY": KEY,
        "PRO_PUBLIC_URL": "https://diary.hospital.example",
    }


class Shell:
    """Calls `pro` with this environment and nothing of the machine's own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)

    def __call__(self, *words: str, given: str = "", **changed: str | None) -> Result:
        blank = {name: None for name in os.environ if name.startswith(("PRO_", "TWILIO_", "DATABASE", "CONTACTS"))}
        environment: dict[str, str | None] = {**blank, **self.environment, **changed}
        return CliRunner().invoke(main, list(words), input=given, env=environment)

    def well(self, *words: str, given: str = "", **changed: str | None) -> str:
        done = self(*words, given=given, **changed)
        assert done.exit_code == 0, done.output
        return done.stdout

    def refused(self, *words: str, given: str = "", **changed: str | None) -> str:
        """What stands on standard error: clear lines, exit code 2 and no traceback."""
        done = self(*words, given=given, **changed)
        assert done.exit_code == 2, (done.exit_code, done.output)
        assert "Traceback" not in done.output
        assert done.stdout == ""
        return done.stderr.strip()


@pytest.fixture
def shell(sqlite_urls: Urls) -> Shell:
    return Shell(environment_of(sqlite_urls))


@pytest.fixture(scope="session")
def _founded_files(tmp_path_factory: pytest.TempPathFactory) -> dict[migrate.Which, Path]:
    files = migrated_files(tmp_path_factory.mktemp("founded"))
    found(Shell(environment_of((f"sqlite:///{files['study']}", f"sqlite:///{files['contacts']}"))))
    return files


@pytest.fixture
def founded(shell: Shell, sqlite_urls: Urls, _founded_files: dict[migrate.Which, Path]) -> Shell:
    """A study with one site, set up once and copied."""
    for url, file in zip(sqlite_urls, _founded_files.values(), strict=True):
        for tail in ("", "-wal", "-shm"):
            if Path(f"{file}{tail}").exists():
                shutil.copy(f"{file}{tail}", url.removeprefix("sqlite:///") + tail)
    return shell


def found(shell: Shell) -> None:
    shell.well("study", "create", "--code", "THERA", "--protocol", "thera-demo", "--demonstration")
    site = ("--study", "THERA", "--code", "R", "--name", "Rennes", "--telephone", "02 99 28 43 21")
    shell.well("site", "create", *site)


STAFF = ("staff", "create", "--login", "A.LeGoff@chu.example", "--name", "Dr Le Goff", "--role", "investigator")
STAFF = (*STAFF, "--study", "THERA", "--password-stdin")
ENROL = ("patient", "enrol", "--site", "R", "--ticked", "all", "--day0", TOMORROW, "--person-stdin")
PERSON = "Zyxwvut Canary\n06 98 76 54 32\n"


# ── From nothing to a first patient


def test_a_new_installation_comes_to_its_first_patient(database_urls: Urls) -> None:
    shell = Shell(environment_of(database_urls))
    shell.well("migrate")
    found(shell)
    shell.well(*STAFF, "--site", "R", "--duty", "1", "--phone", "06 12 34 56 78", given="the blue tram\n")
    told = json.loads(shell.well(*ENROL, "--pain", "41", "--json", given=PERSON))

    assert told["number"] == "R-001"
    assert told["link"].startswith("https://diary.hospital.example/d/")
    parts = make_parts(database_urls)
    moment = parts.clock.now()
    signed = access.sign_in(parts, "a.legoff@chu.example", "the blue tram", "10.0.0.1", moment)
    assert isinstance(signed, SignedIn)
    later = parts.clock.now().__class__(datetime.now(UTC), moment.running)
    identity = access.staff_of(parts, signed.token, later)
    assert identity is not None
    with parts.study.reading() as session:
        [site] = session.exec(select(Site)).all()
        [duty] = session.exec(select(SiteDuty)).all()
        [patient] = session.exec(select(Patient)).all()
    assert identity.may(Right.REVIEW_FLARE, site.id)
    assert site.telephone == "+33299284321"
    assert (patient.zone, patient.language) == ("Europe/Paris", "fr")
    with parts.contacts.reading() as session:
        assert contacts.staff_numbers(session, parts.cipher, [duty.staff_id]) == {duty.staff_id: "+33612345678"}
    parts.study.close()
    parts.contacts.close()


def test_a_second_study_stands_beside_the_first(database_urls: Urls) -> None:
    """Such as one to try messages with; the trail's chain of the service holds both."""
    shell = Shell(environment_of(database_urls))
    shell.well("migrate")
    found(shell)
    shell.well("study", "create", "--code", "TRY", "--protocol", "thera-demo", "--demonstration")
    site = ("site", "create", "--study", "TRY", "--name", "Essai", "--telephone", "02 99 28 43 21", "--code")
    assert "THERA has a site R" in shell.refused(*site, "R")
    shell.well(*site, "T")
    shell.well(*STAFF, "--site", "R", given="the blue tram\n")
    told = json.loads(shell.well("patient", "enrol", "--site", "T", *ENROL[4:], "--pain", "41", "--json", given=PERSON))
    assert told["number"] == "T-001"
    assert shell.well("audit", "verify").startswith("the trail holds")


def test_migrating_again_does_nothing(shell: Shell) -> None:
    assert shell.well("migrate").count("nothing to do") == 2


def test_migrating_makes_files_and_their_directory(tmp_path: Path) -> None:
    urls = (f"sqlite:///{tmp_path}/new/study.sqlite", f"sqlite:///{tmp_path}/new/contacts.sqlite")
    Shell(environment_of(urls)).well("migrate")
    assert (tmp_path / "new" / "study.sqlite").exists()


def test_forty_is_not_eligible_and_says_why(founded: Shell) -> None:
    done = founded(*ENROL, "--pain", "40", given=PERSON)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("not eligible: pain: ")


# ── Bad input: one clear line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((*ENROL[:-1], "--pain", "62"), "--person-stdin"),
        ((*ENROL, "--pain", "lots"), "'--pain': 'lots' is not a valid integer"),
        ((*ENROL, "--pain", "101"), "screening_value: give a whole number from 0 to 100"),
        ((*ENROL, "--pain", "62", "--zone", "Europe/Rennes"), "zone: no such time zone"),
        ((*ENROL, "--pain", "62", "--language", "de"), "language: one of: en, fr"),
        ((*ENROL, "--pain", "62", "--day0", "1.5.2026"), "--day0: '1.5.2026' is not a date (YYYY-MM-DD)"),
        ((*ENROL, "--pain", "62", "--day0", "2020-01-01"), "day0: day 0 is today"),
        ((*ENROL, "--pain", "62", "--ticked", "adult,old"), "--ticked: 'old' is no criterion of thera-demo"),
        ((*ENROL, "--pain", "62", "--site", "X"), "--site: there is no site 'X'; there is R"),
    ],
)
def test_a_patient_typed_in_wrongly_is_one_line(founded: Shell, words: tuple[str, ...], line: str) -> None:
    said = founded.refused(*words, given=PERSON)
    assert line in said
    assert said.count("\n") == 0


@pytest.mark.parametrize("number", ["01 23 45 67 89", "0698", "", "call me"])
def test_a_wrong_number_is_one_line_without_the_number(founded: Shell, number: str) -> None:
    said = founded.refused(*ENROL, "--pain", "62", given=f"Zyxwvut Canary\n{number}\n")
    assert said.startswith("phone: ")
    assert "\n" not in said
    assert "0698" not in said
    assert "Canary" not in said


@pytest.mark.parametrize(
    ("words", "given", "line"),
    [
        (("--site", "R"), "short\n", "password: give at least 8 characters"),
        (("--site", "R"), "Password1\n", "password: this one is among the first that anybody tries"),
        (("--site", "X"), "the blue tram\n", "site: THERA has no site 'X'; it has R"),
        (("--duty", "1"), "the blue tram\n", "phone: whoever is on duty needs a mobile number"),
        (("--role", "king"), "the blue tram\n", "role: 'king' is none of coordinator, investigator"),
        (("--study", "OTHER"), "the blue tram\n", "study: there is no study 'OTHER'; there is THERA"),
        (("--phone", "12"), "the blue tram\n", "phone: "),
    ],
)
def test_staff_typed_in_wrongly_is_told(founded: Shell, words: tuple[str, ...], given: str, line: str) -> None:
    assert line in founded.refused(*STAFF, *words, given=given)


def test_an_account_is_made_once(founded: Shell) -> None:
    founded.well(*STAFF, given="the blue tram\n")
    assert "there is an account a.legoff@chu.example already" in founded.refused(*STAFF, given="the blue tram\n")


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (("--code", "r2"), "code: 'r2' is not 1 to 6 capital letters"),
        (("--code", "L", "--telephone", "12"), "telephone: '12' is no telephone number of FR"),
        (("--code", "L", "--zone", "Paris"), "zone: no time zone 'Paris'"),
        (("--code", "L", "--region", "France"), "region: 'France' is no country code"),
        (("--code", "L", "--protocol-version", "9"), "protocol: there is no protocol thera-demo 9"),
        (("--code", "R"), "code: THERA has a site R already"),
        (("--code", "L", "--study", "NO"), "study: there is no study 'NO'"),
    ],
)
def test_a_site_typed_in_wrongly_is_told(founded: Shell, changed: tuple[str, ...], line: str) -> None:
    base = ("site", "create", "--study", "THERA", "--name", "Lille", "--telephone", "03 20 44 59 62")
    assert line in founded.refused(*base, *changed)


def test_a_real_study_refuses_a_draft(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Library, "is_protocol_published", lambda *_: False)
    shell.well("study", "create", "--code", "REAL", "--protocol", "thera-demo")
    site = ("site", "create", "--study", "REAL", "--code", "R", "--name", "R", "--telephone", "02 99 28 43 21")
    assert "is a draft and REAL is no demonstration" in shell.refused(*site)


@pytest.mark.parametrize(("more", "warned"), [((), True), (("--demonstration",), False)])
def test_a_real_study_of_a_demonstration_protocol_is_warned_of(
    shell: Shell, more: tuple[str, ...], warned: bool
) -> None:
    made = shell("study", "create", "--code", "ONE", "--protocol", "thera-demo", *more)
    assert made.exit_code == 0
    warnings = [line for line in made.stderr.splitlines() if line.startswith("warning:")]
    assert len(warnings) == warned
    if warned:
        assert (
            "thera-demo is a demonstration: its visits, questionnaires, doses, reminders and flare rules" in warnings[0]
        )


@pytest.mark.parametrize(("more", "newest"), [((), False), (("--demonstration",), True)])
def test_a_real_study_takes_the_newest_published_protocol_and_a_demonstration_the_newest(
    shell: Shell, sqlite_urls: Urls, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], newest: bool
) -> None:
    monkeypatch.setattr(Library, "is_protocol_published", lambda _, id_, version: version == "1")
    shell.well("study", "create", "--code", "ONE", "--protocol", "thera-demo", *more)
    shell.well("site", "create", "--code", "R", "--name", "R", "--telephone", "02 99 28 43 21", "--study", "ONE")
    latest = the_library().latest_protocol("thera-demo").version
    assert latest != "1"
    database = Database(sqlite_urls.study)
    with database.reading() as session:
        assert session.exec(select(ProtocolInForce.version)).all() == [latest if newest else "1"]
    database.close()


# ── Databases and settings that do not hold


@pytest.mark.parametrize("command", [("serve",), ("migrate",), ("study", "create", "--code", "AB", "--protocol", "x")])
def test_a_missing_secret_names_the_variable(shell: Shell, command: tuple[str, ...]) -> None:
    said = shell.refused(*command, PRO_SECRET_KEY=None)
    assert said.startswith("PRO_SECRET_KEY is missing: ")
    assert "\n" not in said


@pytest.mark.parametrize("command", ["serve", "migrate"])
@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("nonsense", "DATABASE_URL cannot be read"),
        ("mysql://a/b", "DATABASE_URL cannot be read"),
        ("postgresql+psycopg://u:hidden@127.0.0.1:1/x", "Connection refused"),
        ("sqlite:////proc/nowhere/x.sqlite", "/proc/nowhere"),
        ("sqlite:////proc/x.sqlite", "cannot be opened"),
        ("sqlite:////tmp", "is a directory"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(shell: Shell, command: str, url: str, line: str) -> None:
    said = shell.refused(command, DATABASE_URL=url)
    assert line in said
    assert "hidden" not in said
    assert "\n" not in said


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_read_only_file_is_one_line(shell: Shell, sqlite_urls: Urls, command: str) -> None:
    path = sqlite_urls.study.removeprefix("sqlite:///")
    said = shell.refused(command, DATABASE_URL=f"sqlite:///file:{path}?mode=ro&uri=true")
    assert "the file is read-only" in said
    assert "\n" not in said
    assert not Path("file:").exists(), "an address is no directory to be made"


def test_a_file_that_is_no_database_is_one_line(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "letter.sqlite").write_text("Dear reader, this is a letter and no database at all.\n" * 20)
    assert "no SQLite database" in shell.refused("serve", DATABASE_URL=f"sqlite:///{tmp_path}/letter.sqlite")


def test_a_database_without_tables_asks_for_migrate(shell: Shell, tmp_path: Path) -> None:
    said = shell.refused("serve", DATABASE_URL=f"sqlite:///{tmp_path}/fresh.sqlite")
    assert said == "study database: is empty: run `pro migrate`"


# ── Serving


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_port_in_use_is_one_line(shell: Shell) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = shell.refused("serve", PORT=str(port))
    assert said == f"port {port} on 127.0.0.1 is in use: stop the other, or set PORT"


@pytest.mark.parametrize(
    ("host", "port", "line"), [("192.0.2.1", "8000", "no such address"), ("127.0.0.1", "0", "PORT is '0'")]
)
def test_an_address_that_cannot_be_had_is_one_line(shell: Shell, host: str, port: str, line: str) -> None:
    assert line in shell.refused("serve", HOST=host, PORT=port)


@pytest.fixture
def served(sqlite_urls: Urls) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`pro serve` as its own process; the address it answers on."""
    port = free_port()
    environment = environment_of(sqlite_urls) | {"PORT": str(port), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", "from pro.cli import main; main()", "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        yield f"http://127.0.0.1:{port}", process
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def test_it_serves_and_a_second_start_is_refused(served: tuple[str, subprocess.Popen[str]], shell: Shell) -> None:
    address, process = served
    for _ in range(1800):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        try:
            with urllib.request.urlopen(f"{address}/livez", timeout=5) as answer:
                assert answer.status == 200
                break
        except OSError:  # not listening yet, or slow to answer on a busy machine
            time.sleep(0.1)
    else:
        pytest.fail("it never answered")
    port = address.rsplit(":", 1)[1]
    assert shell.refused("serve", PORT=port) == f"port {port} on 127.0.0.1 is in use: stop the other, or set PORT"


# ── The doctor


def findings(shell: Shell, **changed: str | None) -> tuple[int, dict[str, tuple[bool, str]]]:
    done = shell("doctor", "--json", **changed)
    document = json.loads(done.stdout)
    assert document["ok"] == (done.exit_code == 0)
    return done.exit_code, {one["what"]: (one["ok"], f"{one['said']} {one['mend']}") for one in document["findings"]}


def beat(urls: Urls, ago: timedelta = timedelta()) -> None:
    database = Database(urls.study)
    with database.writing() as session:
        session.add(Heartbeat(worker="w", at=datetime.now(UTC) - ago, every=15))
    database.close()


def test_a_demonstration_in_order_is_well(founded: Shell, sqlite_urls: Urls) -> None:
    beat(sqlite_urls)
    code, found_ = findings(founded, PRO_DEMO="1")
    assert code == 0, found_
    assert set(found_) >= {"settings", "study database", "contacts database", "library", "clock", "keys", "provider"}
    lines = founded.well("doctor", PRO_DEMO="1").splitlines()
    assert all(line.startswith("ok ") for line in lines)


def test_of_the_settings_one_thing_is_said(founded: Shell) -> None:
    """Not that they are well, and then that they are not."""

    def said(**changed: str) -> list[str]:
        return [line for line in founded("doctor", **changed).stdout.splitlines() if " settings: " in line]

    assert said() == ["ok     settings: complete, for a study"]
    (line,) = said(PRO_PUBLIC_URL="http://127.0.0.1:8000")
    assert line.startswith(
        "wrong  settings: PRO_PUBLIC_URL is http://127.0.0.1:8000: links would travel in the clear →"
    )
    assert len(said(PRO_PUBLIC_URL="http://127.0.0.1:8000", PRO_DEMO="1")) == 1


def test_without_a_provider_or_a_worker_it_is_not_well(founded: Shell) -> None:
    code, found_ = findings(founded)
    assert code == 1
    assert not found_["provider"][0]
    assert "TWILIO_" in found_["provider"][1]
    assert not found_["worker"][0]
    assert "pro worker" in found_["worker"][1]


def test_a_worker_that_stopped_is_told(founded: Shell, sqlite_urls: Urls) -> None:
    beat(sqlite_urls, timedelta(minutes=5))
    assert "the last tick was at" in findings(founded)[1]["worker"][1]


def test_a_lost_key_is_told(founded: Shell) -> None:
    founded.well(*ENROL, "--pain", "62", given=PERSON)
    assert findings(founded)[1]["keys"][0]
    lost = findings(founded, PRO_CONTACTS_KEY="n:bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSA=")[1]["keys"]
    assert not lost[0]
    assert "sealed with key t" in lost[1]
    other = findings(founded, PRO_CONTACTS_KEY=KEY.replace("dGVz", "bGVz"))[1]["keys"]
    assert not other[0]
    assert "does not open" in other[1]


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_nothing_runs_without_the_key_that_opens_the_contacts(founded: Shell, command: str) -> None:
    """Else no reminder would go, and nobody would know before the evening."""
    founded.well(*ENROL, "--pain", "62", given=PERSON)
    line = founded.refused(command, PRO_CONTACTS_KEY="n:bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSA=")
    assert line.startswith("PRO_CONTACTS_KEY: contacts were sealed with key t")
    line = founded.refused(command, PRO_CONTACTS_KEY=KEY.replace("dGVz", "bGVz"))
    assert line.startswith("PRO_CONTACTS_KEY: key t does not open the contacts")


def test_a_tally_that_does_not_add_up_is_told(founded: Shell, sqlite_urls: Urls) -> None:
    database = Database(sqlite_urls.study)
    with database.writing() as session:
        session.add(Tally(site_id=1, timepoint="diary", day=datetime(2026, 4, 1, tzinfo=UTC).date(), completed=1))
    database.close()
    assert "differs on 1 days, first diary 2026-04-01" in findings(founded)[1]["tally"][1]


def test_wrong_settings_and_databases_are_told(shell: Shell, tmp_path: Path) -> None:
    code, found_ = findings(shell, PRO_SECRET_KEY="weak")
    assert code == 1
    assert "PRO_SECRET_KEY is weak" in found_["settings"][1]
    code, found_ = findings(shell, DATABASE_URL=f"sqlite:///{tmp_path}/fresh.sqlite")
    assert code == 1
    assert "pro migrate" in found_["study database"][1]


@pytest.mark.parametrize(
    ("url", "said", "mend"),
    [
        (
            "postgresql+psycopg://u:hidden@127.0.0.1:1/x",
            "Connection refused",
            "start the database server, or mend host, port, name, role and password in DATABASE_URL",
        ),
        ("sqlite:////proc/nowhere/x.sqlite", "there is no directory /proc/nowhere", "make it, or run `pro migrate`"),
        ("sqlite:////tmp", "/tmp is a directory", "give a file in it"),
    ],
)
def test_a_database_that_cannot_be_reached_says_what_mends_it(shell: Shell, url: str, said: str, mend: str) -> None:
    (line,) = [one for one in shell("doctor", DATABASE_URL=url).stdout.splitlines() if "study database" in one]
    assert line.startswith("wrong  study database: DATABASE_URL: ")
    assert line.endswith(f"{said} → {mend}")
    assert "hidden" not in line


def test_without_any_setting_the_demonstration_is_named(shell: Shell) -> None:
    said = shell.refused("migrate", PRO_SECRET_KEY=None, PRO_CONTACTS_KEY=None, PRO_PUBLIC_URL=None).splitlines()
    assert [one.split()[0] for one in said[:3]] == ["PRO_SECRET_KEY", "PRO_CONTACTS_KEY", "PRO_PUBLIC_URL"]
    assert said[3:] == ["or set PRO_DEMO=1 for the demonstration, which needs none of these"]


def test_the_clock_of_the_database_is_compared(postgresql_urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = make_parts(postgresql_urls)
    assert checkup.clock(parts).ok
    monkeypatch.setattr(checkup, "DRIFT", timedelta(0))
    assert not checkup.clock(parts).ok
    parts.study.close()
    parts.contacts.close()


def test_no_person_of_a_command_reaches_the_study_database(founded: Shell, sqlite_urls: Urls) -> None:
    founded.well(*ENROL, "--pain", "62", given=PERSON)
    founded.well(*STAFF, "--site", "R", "--duty", "1", "--phone", "06 98 76 54 32", given="the blue tram\n")
    database = Database(sqlite_urls.study)
    with database.reading() as session:
        names = session.connection().execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        dump = " ".join(
            str(row) for name in names for row in session.connection().execute(text(f'SELECT * FROM "{name}"'))
        )
        [person] = session.exec(select(Staff)).all()
    database.close()
    assert person.login in dump
    assert "Canary" not in dump
    assert "698765432" not in dump


@pytest.mark.parametrize("address", ["http://[", "https://:8", "diary.example", "https://diary.example:99999"])
def test_an_address_that_is_none_is_one_line(shell: Shell, address: str) -> None:
    said = shell.refused("serve", PRO_PUBLIC_URL=address)
    assert said.startswith(f"PRO_PUBLIC_URL is '{address}'")
    assert "\n" not in said


@pytest.mark.parametrize("number", ["-1", "two", "10", "\u0663"])
def test_a_number_of_proxies_that_is_none_is_one_line(shell: Shell, number: str) -> None:
    assert shell.refused("serve", PRO_TRUSTED_PROXIES=number).startswith("PRO_TRUSTED_PROXIES is ")


@pytest.mark.parametrize("day", ["2026-3-2", "20260302", "2026-W10-1", "\u0662\u0660\u0662\u0666-03-02"])
def test_a_day_is_written_in_one_way(founded: Shell, day: str) -> None:
    place = ("--zone", "Europe/Paris")
    assert "is not a date" in founded.refused("protocol", "schedule", "thera-demo", "--day0", day, *place)
    enrol = ("patient", "enrol", "--site", "R", "--ticked", "all", "--person-stdin", "--pain", "60")
    assert "is not a date" in founded.refused(*enrol, "--day0", day, given=PERSON)


def test_a_mobile_that_is_known_at_the_site_is_told_and_not_refused(founded: Shell) -> None:
    first = founded(*ENROL, "--pain", "41", "--json", given=PERSON)
    assert first.stderr == ""
    again = founded(*ENROL, "--pain", "41", "--json", given="Bea Example\n06 98 76 54 32\n")
    assert (again.exit_code, json.loads(again.stdout)["number"]) == (0, "R-002")
    assert again.stderr.splitlines() == [
        "warning: this mobile is also that of R-001 at this site: is it the same person?"
    ]


# ── What changes a patient's course


def test_a_patient_travels_pauses_is_held_and_ends(founded: Shell) -> None:
    founded.well(*ENROL, "--pain", "41", given=PERSON)
    moved = json.loads(founded.well("patient", "zone", "R-001", "Indian/Reunion", "--json"))
    assert (moved["number"], moved["zone"]) == ("R-001", "Indian/Reunion")
    assert moved["assessments"] > 80
    later = (date.fromisoformat(TOMORROW) + timedelta(days=9)).isoformat()
    planned = founded.well("patient", "zone", "R-001", "Asia/Tokyo", "--from", later)
    assert planned.startswith(f"R-001: Asia/Tokyo from {later};")
    assert "when the day comes" in planned
    sooner = (date.fromisoformat(later) - timedelta(days=1)).isoformat()
    planned = founded.well("patient", "zone", "R-001", "Europe/Paris", "--from", sooner)
    assert planned.strip().endswith(f"; the journey to Asia/Tokyo from {later} is taken back")
    planned = json.loads(founded.well("patient", "zone", "R-001", "Asia/Tokyo", "--from", later, "--json"))
    assert planned["taken_back"] == {"zone": "Europe/Paris", "from_day": sooner}
    days = ("--from", TOMORROW, "--to", TOMORROW)
    assert founded.well("patient", "pause", "R-001", *days, "--why", "holiday").startswith("R-001: 2 assessments")
    held = json.loads(founded.well("patient", "hold", "R-001", "--why", "hospital", "--json"))
    back = json.loads(founded.well("patient", "resume", "R-001", "--json"))
    assert held["assessments"] == back["assessments"] == moved["assessments"] - 2
    assert founded.well("patient", "resume", "R-001").strip() == "R-001 is not on hold; nothing was changed"
    planned = founded.well("patient", "event", "R-001", "dose-stopped")
    assert "0 assessments planned; nothing more is counted from it by this patient's protocol" in planned
    assert "assessments changed" in founded.well("patient", "end", "R-001", "--why", "completed")
    assert "already" in founded.well("patient", "end", "R-001", "--why", "completed")
    assert "the study has ended for R-001" in founded.refused("patient", "hold", "R-001", "--why", "other")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("zone", "R-009", "Indian/Reunion"), "there is no patient 'R-009'"),
        (("zone", "R-001", "Indian/Reunio"), "ZONE: no time zone 'Indian/Reunio'"),
        (("zone", "R-001", "Europe/Paris"), "by the clocks of Europe/Paris already"),
        (("hold", "R-001", "--why", "tired"), "tired"),
        (("pause", "R-001", "--from", "2026-02-30", "--to", "2026-03-01", "--why", "other"), "--from"),
        (("pause", "R-001", "--from", "2026-03-02", "--to", "2026-03-01", "--why", "other"), "before it begins"),
        (("event", "R-001", "full-moon"), "full-moon"),
        (("event", "R-001", "dose-stopped", "--on", "2020-01-01"), "--on: 2020-01-01 is not from day 0"),
        (("zone", "R-001", "Asia/Tokyo", "--from", "2020-01-01"), "--from: 2020-01-01 has passed"),
    ],
)
def test_a_wrong_course_is_one_clear_line(founded: Shell, words: tuple[str, ...], named: str) -> None:
    founded.well(*ENROL, "--pain", "41", given=PERSON)
    said = founded.refused("patient", *words)
    assert named in said
    assert "\n" not in said
