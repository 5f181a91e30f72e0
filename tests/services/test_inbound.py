"""What patients write back, and that opting out stops messages and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from pro.clock import FixedClock
from pro.services import answering, inbound
from pro.services.answering import token_hash
from pro.services.exporting import TABLES
from pro.services.parts import Parts
from pro.settings import ContactsKey
from pro.store.contacts import Cipher, Person
from pro.store.tables import Link
from tests.conftest import Urls
from tests.factories import Made, make_patient, make_staff, make_study
from tests.sms.outbox import EVENING, change, evening_parts, remind, row, rows, staff_text, story

SHARED = "+33612345678"


@pytest.fixture
def made(database_urls: Urls) -> Iterator[tuple[Parts, FixedClock, Made]]:
    parts, clock, _ = evening_parts(database_urls)
    yield parts, clock, make_study(parts)
    parts.study.close()
    parts.contacts.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("STOP", "stop"),
        ("stop.", "stop"),
        (" Stop \n", "stop"),
        ("ARRET", "stop"),
        ("arrêt", "stop"),
        ("Arrêter svp", "stop"),
        ("Stop please", "stop"),
        ("ARRETEZ", "stop"),
        ("Arrêtez de m'écrire", "stop"),
        ("merci d'arrêter", "stop"),
        ("Bonjour, stop s'il vous plaît", "stop"),
        ("please stop", "stop"),
        ("désinscription", "stop"),
        ("S'il vous plaît aide", "help"),
        ("start svp", "start"),
        ("Start tomorrow please", "other"),
        ("fin s'il vous plaît", "stop"),
        ("merci", "other"),
        ("Il arrête pas de gonfler", "other"),
        ("Vous arrêtez quand ?", "other"),
        ("Arrêtez pas les rappels", "other"),
        ("s'il te plaît arrête", "stop"),
        ("Bonjour docteur", "other"),
        ("Mes douleurs ne s'arrêtent pas", "other"),
        ("Quand arrêter les piqûres ?", "other"),
        ("cancel", "stop"),
        ("UNSUBSCRIBE", "stop"),
        ("start", "start"),
        ("UNSTOP", "start"),
        ("Help", "help"),
        ("AIDE !", "help"),
        ("", "other"),
        ("  ", "other"),
        ("end of the week is fine", "other"),
        ("I cannot stop sneezing", "other"),
        ("start tomorrow", "other"),
        ("38,5 de fièvre", "other"),
    ],
)
def test_keywords_of_both_languages(body: str, said: str) -> None:
    assert inbound.understand(body) == said


def test_stop_stops_every_patient_with_that_number_and_nobody_else(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    mother = make_patient(parts, study, "R-001", telephone=SHARED)
    daughter = make_patient(parts, study, "R-002", telephone=SHARED)
    other = make_patient(parts, study, "R-003", telephone="+33612345679")
    assert inbound.receive(parts, SHARED, "Stop", clock.now()) == "stop"
    stopped = {patient.id: patient.opted_out_how for patient in rows(parts, "patient")}
    assert stopped == {mother: "sms", daughter: "sms", other: None}
    events = rows(parts, "audit_event", kind="patient.opted_out")
    assert {(event.chain, event.actor) for event in events} == {("patient:R-001", "R-001"), ("patient:R-002", "R-002")}


def test_what_waits_is_explained_at_once_and_texts_to_staff_go_on(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    patient = make_patient(parts, study, telephone=SHARED)
    waits, held = remind(parts, patient), remind(parts, patient, due_at=EVENING + timedelta(hours=1))
    flare = staff_text(parts, patient, make_staff(parts, study, "ana"))
    change(parts, "message", held, state="claimed", claimed_by="w1")
    inbound.receive(parts, SHARED, "STOP", clock.now())
    for id_ in (waits, held):
        assert (row(parts, id_).state, row(parts, id_).error) == ("dropped", "opted-out")
        assert story(parts, id_)[-1] == "dropped"
        assert rows(parts, "reminder", message_id=id_)[0].why_none == "opted-out"
    assert row(parts, flare).state == "pending"


def test_opting_out_stops_messages_and_nothing_else(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    patient = make_patient(parts, study, telephone=SHARED)
    before = rows(parts, "assessment", patient_id=patient)
    inbound.receive(parts, SHARED, "STOP", clock.now())
    assert rows(parts, "assessment", patient_id=patient) == before
    assert rows(parts, "patient", id=patient)[0].withdrawn_at is None


def test_stop_twice_is_one_event(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    make_patient(parts, study, telephone=SHARED)
    inbound.receive(parts, SHARED, "STOP", clock.now())
    clock.move(timedelta(hours=1))
    inbound.receive(parts, SHARED, "STOP", clock.now())
    assert len(rows(parts, "audit_event", kind="patient.opted_out")) == 1
    assert rows(parts, "patient")[0].opted_out_at == EVENING


def test_start_opens_again(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    make_patient(parts, study, telephone=SHARED)
    inbound.receive(parts, SHARED, "STOP", clock.now())
    assert inbound.receive(parts, SHARED, "START", clock.now()) == "start"
    patient = rows(parts, "patient")[0]
    assert (patient.opted_out_at, patient.opted_out_how) == (None, None)
    assert [event.actor for event in rows(parts, "audit_event")] == ["R-001", "R-001"]
    patients = next(table for table in TABLES if table.name == "patients")
    told = [dict(zip(patients.columns, one, strict=True)) for one in patients.rows(parts)]
    trace = [(one["opted_out_at"], one["last_stop_at"], one["last_start_at"]) for one in told]
    assert any(now is None and stop and start for now, stop, start in trace), "STOP and START leave a trace"


def test_start_gives_the_link_that_the_stop_kept_good_a_new_life(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    patient, end = make_patient(parts, study, telephone=SHARED), EVENING + timedelta(days=2)
    with parts.study.writing() as session:
        for name, until, revoked in (("k", end, None), ("o", EVENING, None), ("r", end, EVENING)):
            link = Link(token_hash=token_hash(name), patient_id=patient, made_at=EVENING, expires_at=until)
            link.revoked_at = revoked
            session.add(link)
    inbound.receive(parts, SHARED, "STOP", clock.now())
    clock.move(timedelta(days=6))
    assert answering.open_link(parts, "k", clock.now()).status != "expired"
    assert [answering.open_link(parts, name, clock.now()).status for name in "or"] == ["expired"] * 2
    inbound.receive(parts, SHARED, "START", clock.now())
    assert answering.open_link(parts, "k", clock.now()).status != "expired"
    ends = {link.token_hash: link.expires_at for link in rows(parts, "link")}
    assert ends[token_hash("k")] > clock.now().study
    assert (ends[token_hash("o")], ends[token_hash("r")]) == (EVENING, end)


def test_anything_else_changes_nothing_and_is_not_kept(made: tuple[Parts, FixedClock, Made]) -> None:
    parts, clock, study = made
    make_patient(parts, study, telephone=SHARED)
    assert inbound.receive(parts, SHARED, "my knee hurts", clock.now()) == "other"
    assert rows(parts, "audit_event") == []
    assert inbound.receive(parts, "+33799999999", "STOP", clock.now()) == "stop", "a number nobody has"


def test_stop_is_obeyed_after_the_key_was_changed(made: tuple[Parts, FixedClock, Made]) -> None:
    """The contact stays as it was sealed; a new key in front must not hide it from the one who writes."""
    parts, clock, study = made
    make_patient(parts, study, telephone=SHARED)
    keys = (ContactsKey("new", b"n" * 32), *parts.settings.contacts_keys)
    parts = replace(parts, cipher=Cipher(keys))
    make_patient(parts, study, "R-002", telephone=SHARED)
    inbound.receive(parts, SHARED, "STOP", clock.now())
    assert [patient.opted_out_how for patient in rows(parts, "patient")] == ["sms", "sms"]


def test_a_person_is_never_printed() -> None:
    assert repr(Person("Ada Example", SHARED)) == "Person()"
