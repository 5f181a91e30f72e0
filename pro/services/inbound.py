"""What patients write back, and opting out: it stops messages and nothing else."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from sqlmodel import Session, col, select

from pro.clock import Moment
from pro.domain.message import ANSWERS
from pro.services.audit import WORKER, Actor, lock_patient, patient_actor, record
from pro.services.enrolment.facts import By
from pro.services.enrolment.telephone import opt_in_again
from pro.services.parts import Parts
from pro.store import contacts, counters, messages
from pro.store.tables import Patient

How = Literal["page", "sms", "provider", "staff"]
Said = Literal["stop", "start", "help", "other"]

STOP = frozenset(
    [
        "STOP",
        "STOPALL",
        "STOPPE",
        "STOPPER",
        "STOPPEZ",
        "ARRET",
        "ARRETE",
        "ARRETER",
        "ARRETEZ",
        "UNSUBSCRIBE",
        "OPTOUT",
        "REVOKE",
        "DESABONNEMENT",
        "DESABONNER",
        "DESABONNEZ",
        "DESINSCRIPTION",
        "DESINSCRIRE",
    ]
)
"""Alone or as the first word, politeness apart."""
STOP_ALONE = frozenset({"END", "QUIT", "CANCEL", "FIN"})
_POLITE = r"(?:BONJOUR|BONSOIR|HELLO|HI|MERCI(?: DE?)?|SVP|STP|S IL (?:VOUS|TE) PLAIT|PLEASE|PLS)"
ASKED = re.compile(rf"(?:{_POLITE} )*(?P<word>\S+)(?P<rest>.*)")
"""What is asked, politeness before it apart: "merci d'arrêter", "please stop". Whole phrases: "il arrête" asks nothing."""
NO_MORE = re.compile(rf"(?: {_POLITE})*")
"""Politeness may follow too: "aide svp"."""
START = frozenset({"START", "UNSTOP", "REPRENDRE"})
HELP = frozenset({"HELP", "AIDE", "INFO"})


def opt_out(session: Session, patient_id: int, how: How, moment: Moment, actor: Actor | None = None) -> bool:
    """Stops every message to the patient, explaining those that wait; False when it had stopped already.

    Locks the patient's row. `actor` is the patient unless the provider told us or `actor` says otherwise.
    """
    patient = lock_patient(session, patient_id)
    dropped = messages.drop_waiting(session, patient_id, "opted-out", moment.study)
    if patient.opted_out_at is not None:
        return False
    patient.opted_out_at, patient.opted_out_how = moment.study, how
    by = actor or (WORKER if how == "provider" else patient_actor(patient.number))
    payload = {"how": how, "messages_dropped": len(dropped)}
    record(session, patient, "patient.opted_out", payload, by, moment.study)
    return True


def receive(parts: Parts, number: str, body: str, moment: Moment) -> Said:
    """Takes an incoming text: STOP and START hold for every patient with that number. What else it says is not kept."""
    said = understand(body)
    if said in ("stop", "start"):
        for patient_id in _patients_with(parts, number):
            _obey(parts, patient_id, said, moment)
    return said


ANSWERED_BY_PROVIDER = frozenset(
    {
        "STOP",
        "STOPALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "OPTOUT",
        "REVOKE",
        "ARRET",
        "START",
        "UNSTOP",
        "HELP",
        "INFO",
    }
)
"""It answers these alone in a text by itself; a second answer from us would be one too many."""
WROTE = "wrote:"
"""Counts the days on which a patient was told that nobody reads what they write."""


def answered_by_provider(body: str) -> bool:
    """Whether the provider writes back by itself, so that we do not."""
    return _plain_words(body) in [[word] for word in ANSWERED_BY_PROVIDER]


def answer(parts: Parts, number: str, body: str, said: Said, moment: Moment) -> str:
    """What is written back, in the patient's language; nothing to strangers, nor where the provider answers.

    Whoever writes anything else is told that nobody reads it, for it may be urgent: once a day, so that two machines
    never talk to each other, and not after a STOP.
    """
    if not parts.settings.sms_replies or answered_by_provider(body):
        return ""
    ids = _patients_with(parts, number)
    if not ids:
        return ""
    with parts.study.reading() as session:
        patient = session.get_one(Patient, ids[0])
    if said == "other" and (patient.opted_out_at is not None or _told_today(parts, ids[0], moment)):
        return ""
    wordings = ANSWERS["help" if said == "other" else said]
    return wordings.get(patient.language, wordings["en"])


def _told_today(parts: Parts, patient_id: int, moment: Moment) -> bool:
    today = moment.running.replace(hour=0, minute=0, second=0, microsecond=0)
    with parts.study.plain_writing() as session:
        counters.forget_before(session, WROTE, today)
        return counters.bump(session, f"{WROTE}{patient_id}", today) > 1


def understand(body: str) -> Said:
    """Reads the keywords of both languages, whatever their case, accents and full stops."""
    asked = ASKED.fullmatch(" ".join(_plain_words(body)))
    if asked is None:
        return "other"
    word, rest = asked["word"], asked["rest"]
    alone = NO_MORE.fullmatch(rest) is not None
    denied = f"{rest} ".startswith(" PAS ")
    if (word in STOP and not denied) or (alone and word in STOP_ALONE):
        return "stop"
    if alone and word in START:
        return "start"
    return "help" if alone and word in HELP else "other"


def _plain_words(body: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", body.upper())
    return "".join(
        letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter)
    ).split()


def _patients_with(parts: Parts, number: str) -> list[int]:
    with parts.contacts.reading() as session:
        ids = contacts.ids_of_number(session, parts.cipher, number)
    with parts.study.reading() as session:
        wanted = select(Patient.id).where(col(Patient.contact_id).in_(ids)).order_by(col(Patient.id))
        return [id_ for id_ in session.exec(wanted) if id_ is not None]


def _obey(parts: Parts, patient_id: int, said: Said, moment: Moment) -> None:
    if said == "start":
        with parts.study.reading() as session:
            number = session.get_one(Patient, patient_id).number
        opt_in_again(parts, By(patient_actor(number)), patient_id, moment)
        return
    with parts.study.writing() as session:
        opt_out(session, patient_id, "sms", moment)
