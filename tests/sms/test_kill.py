"""Up to four workers on one database, killed and frozen again and again, and a provider that loses acknowledgements.

Whatever is killed and whenever: no text arrives twice, and each message is either sent or explained. The same run
with blind resending sends twice, so that this test can fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from pro.domain.ledger import Balance
from pro.services import balancing
from pro.services.parts import Parts
from pro.store.contacts import Contact
from pro.store.tables import metadata
from tests.conftest import PROVE, Urls
from tests.databases import migrated_databases, mortal_postgres
from tests.factories import make_parts, make_study
from tests.sms.crashing import FROZEN, FROZEN_LONG, POINTS, Plan, left
from tests.sms.outbox import EVENING, LATE, TODAY, rows
from tests.sms.provider import Faults, Provider
from tests.sms.storms import Postman, receipts, restarts

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 2000 if PROVE else 80
LEAST_KILLS = 20
SETTLING = 1.0 if PROVE else 0.8
"""Seconds."""
BALANCED = str(Balance())
FAULTS = Faults(
    ack_lost=0.03,
    hang=0.004,
    error_after=0.01,
    error_before=0.01,
    too_many=0.01,
    seconds=0.7,
    lag=timedelta(seconds=0.2),
)
STOPPED, NO_MOBILE, OPTED_OUT = 21610, 21614, -1
BROKE_DOWN, SWITCHED_OFF = 30500, 30003
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Result:
    twice: int
    lost: int
    sent: int
    explained: int
    kills: Counter[str]
    faults: dict[str, int]
    ledger: str

    def __str__(self) -> str:
        kills = ", ".join(f"{point} {n}" for point, n in sorted(self.kills.items()))
        return (
            f"{self.sent} sent, {self.explained} explained, {self.twice} twice, {self.lost} lost; "
            f"ledger: {self.ledger}; kills: {kills}; faults: {self.faults}"
        )


def play(
    urls: Urls,
    directory: Path,
    *,
    count: int = MESSAGES,
    blind: bool = False,
    seed: int = 20260415,
    more: Mapping[str, float] | None = None,
    beside: Callable[[Parts, Provider], AbstractContextManager[Postman]] | None = None,
) -> Result:
    parts = make_parts(urls)
    special = {"+33612000003": STOPPED, "+33612000007": NO_MOBILE, "+33612000011": OPTED_OUT}
    fill(parts, count, {number for number, code in special.items() if code == OPTED_OUT})
    provider = Provider(seed, FAULTS, {number: code for number, code in special.items() if code > 0})
    log = directory / "kills"
    with provider.serving(), beside(parts, provider) if beside else nullcontext() as postman:
        plan = Plan(
            *urls,
            provider=provider.address,
            log=str(log),
            seed=seed,
            batch_probability=0.1,
            message_probability=0.025,
            anywhere_probability=0.003,
            blind=blind,
            settling=SETTLING,
            **dict(more or {}),  # type: ignore[arg-type]
        )
        (directory / "plan").write_text(json.dumps(asdict(plan)))
        run = [sys.executable, "-m", "tests.sms.crashing", str(directory / "plan")]
        for _ in range(20):  # a late receipt may put a text back into the outbox
            ended = subprocess.run(
                run, cwd=ROOT, timeout=7200, capture_output=True, text=True, env=os.environ, check=False
            )
            assert ended.returncode == 0, ended.stderr[-2000:]
            if postman is None:
                break
            postman.finish()
            if not when_it_is_up(lambda: left(parts)):
                break
    kills = Counter(log.read_text().split()) if log.exists() else Counter[str]()
    result = when_it_is_up(lambda: count_up(parts, provider, kills))
    parts.study.close()
    parts.contacts.close()
    return result


def when_it_is_up(ask: Callable[[], Answer]) -> Answer:
    """Asks again while a storm's database is just being restarted."""
    for _ in range(100):
        try:
            return ask()
        except SQLAlchemyError:
            time.sleep(0.2)
    return ask()


def count_up(parts: Parts, provider: Provider, kills: Counter[str]) -> Result:
    """Holds what the provider accepted against what our tables say."""
    sent_on = [text for text in provider.texts if text.error != BROKE_DOWN]
    arrived = Counter(int((text.callback or "").rpartition("/")[2]) for text in sent_on)
    lost = sent = explained = 0
    for message in rows(parts, "message"):
        if message.state in ("sent", "delivered"):
            sent += 1
            lost += arrived[message.id] == 0
        elif message.state in ("dropped", "failed") and message.error:
            explained += 1
            lost += arrived[message.id] > 0
        elif message.state == "undelivered" and message.error:
            explained += 1
            lost += arrived[message.id] != 1
        else:
            lost += 1
    lost += sum(1 for step in rows(parts, "reminder") if step.message_id is None and step.why_none is None)
    twice, ledger = sum(n > 1 for n in arrived.values()), str(balancing.recount(parts))
    return Result(twice, lost, sent, explained, kills, provider.drawn, ledger)


def fill(parts: Parts, count: int, opted_out: set[str]) -> None:
    """As many patients with one open diary and one due reminder each, put straight into the tables."""
    made = make_study(parts, ("R",))
    site_id, protocol = made.sites["R"], parts.library.latest_protocol("thera-demo")
    numbers = {n: f"+336120{n:05d}" for n in range(1, count + 1)}
    with parts.contacts.writing() as session:
        session.execute(insert(Contact), [_contact(parts, f"c{n}", number) for n, number in numbers.items()])
    common = {"protocol": protocol.id, "protocol_version": protocol.version}
    patient = common | {
        "study_id": made.study_id,
        "site_id": site_id,
        "day0": TODAY - timedelta(days=20),
        "zone": "Europe/Paris",
        "language": "fr",
        "enrolled_at": EVENING - timedelta(days=20),
        "chain_seq": 0,
        "chain_hash": "0" * 64,
    }
    assessment = common | {
        "site_id": site_id,
        "timepoint": "diary",
        "day": TODAY,
        "respondent": "patient",
        "opens_at": EVENING - timedelta(hours=14),
        "closes_at": EVENING + timedelta(hours=10),
        "answered": False,
    }
    message = {
        "site_id": site_id,
        "template": "reminder",
        "language": "fr",
        "due_at": EVENING,
        "not_after": EVENING + LATE,
        "state": "pending",
        "attempts": 0,
    }
    step = {"step": "18:00", "planned_at": EVENING}
    by_table: dict[str, Callable[[int], dict[str, object]]] = {
        "patient": lambda n: (
            patient
            | {
                "number": f"R-{n:04d}",
                "contact_id": f"c{n}",
                "opted_out_at": EVENING if numbers[n] in opted_out else None,
            }
        ),
        "assessment": lambda n: assessment | {"patient_id": n},
        "message": lambda n: message | {"patient_id": n, "dedupe_key": f"reminder:{n}"},
        "reminder": lambda n: step | {"assessment_id": n, "message_id": n},
    }
    with parts.study.writing() as session:
        for table, row in by_table.items():
            serial = {} if table == "reminder" else {"id": 0}
            session.execute(
                insert(metadata.tables[table]), [row(n) | (serial and {"id": n}) for n in range(1, count + 1)]
            )


def _contact(parts: Parts, id_: str, number: str) -> dict[str, object]:
    cipher = parts.cipher
    return {
        "id": id_,
        "name": cipher.seal("Somebody", id_, "name"),
        "number": cipher.seal(number, id_, "number"),
        "number_index": cipher.index(number),
        "key_id": cipher.newest,
        "made_at": EVENING,
    }


@pytest.mark.prove
def test_killed_workers_send_nothing_twice_and_lose_nothing(
    database_urls: Urls, tmp_path: Path, engine_kind: str, record_property: Callable[[str, object], None]
) -> None:
    result = play(database_urls, tmp_path)
    assert (result.twice, result.lost, result.ledger) == (0, 0, BALANCED), str(result)
    assert result.sent + result.explained == MESSAGES, str(result)
    assert result.explained == 3, str(result)
    kills = sum(result.kills.values())
    assert kills >= MESSAGES // 40, str(result)
    if PROVE:
        assert min(result.kills[point] for point in POINTS) >= LEAST_KILLS, str(result)
    record_property("proof", f"No message twice, none lost, whatever is killed ({engine_kind}): {result}")
    record_property("count", MESSAGES)
    record_property("unit", "messages")


STORM = 10_000 if PROVE else 40
HARD = {"workers": 4, "freeze_probability": 0.002, "freeze_long_probability": 0.003}
if not PROVE:
    HARD |= {"freeze_probability": 0.01, "freeze_long_probability": 0.02}


@pytest.mark.prove
def test_killed_and_frozen_workers_receipts_out_of_order_and_database_restarts(
    engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Everything at once. On PostgreSQL a server of this test's own goes down and comes back."""
    with ExitStack() as stack:
        down: list[float] = []
        if engine_kind == "sqlite":
            urls = request.getfixturevalue("sqlite_urls")
        else:
            server, postgres = stack.enter_context(mortal_postgres())
            made = migrated_databases(postgres)
            urls = Urls(made["study"], made["contacts"])
            down = stack.enter_context(restarts(server, 20.0 if PROVE else 3.0))
        result = storm(urls, tmp_path)
    assert (result.twice, result.lost, result.ledger) == (0, 0, BALANCED), str(result)
    assert result.sent + result.explained == STORM, str(result)
    assert result.kills[FROZEN] + result.kills[FROZEN_LONG] >= (50 if PROVE else 1), str(result)
    assert engine_kind == "sqlite" or down, "the database never restarted"
    said = f"Four workers killed and frozen, receipts doubled and out of order, {len(down)} restarts of the database"
    record_property("proof", f"{said}: none twice, none lost ({engine_kind}): {result}")
    record_property("count", STORM)
    record_property("unit", "messages")


def storm(urls: Urls, directory: Path) -> Result:
    """Plays until no receipt puts anything back into the outbox."""
    return play(urls, directory, count=STORM, more=HARD, beside=receipts, seed=20260416)


@pytest.mark.prove
def test_the_same_run_with_blind_resending_sends_twice(
    database_urls: Urls, tmp_path: Path, engine_kind: str, record_property: Callable[[str, object], None]
) -> None:
    """What the test above would see if the provider were not asked first."""
    if engine_kind != "sqlite" and not PROVE:
        pytest.skip("make prove shows it on both engines")
    result = play(database_urls, tmp_path, count=MESSAGES // 2 if PROVE else 60, blind=True)
    assert result.twice > 0, str(result)
    record_property("proof", f"The kill test fails with blind resending ({engine_kind}): {result}")
    record_property("count", result.twice)
    record_property("unit", "duplicates")
