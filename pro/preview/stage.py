"""A study of one questionnaire on a throw-away database, with patients whose links open it, served on this machine."""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from pro.app import create_app
from pro.clock import FixedClock, Moment
from pro.domain.protocol import Criterion, Protocol, QuestionnaireVersion, QuietHours, ScreeningValue, Timepoint
from pro.domain.questionnaire import Item, Kind, Questionnaire
from pro.domain.schedule import patient_day
from pro.domain.zones import zone
from pro.library import Library
from pro.services import enrolment, founding
from pro.services.audit import Actor
from pro.services.parts import Parts
from pro.settings import read
from pro.sms.memory import MemorySender
from pro.store import migrate
from pro.store.contacts import Cipher
from pro.store.engine import Database

STUDY, SITE, ZONE = "PROOF", "P", "Europe/Paris"
_ACTOR = Actor("preview", "operator")
_SCREENING = "proof-screening"


@dataclass(frozen=True, slots=True)
class Stage:
    parts: Parts
    site_id: int
    address: str

    def link(self, n: int, language: str) -> str:
        """The link of a new patient, the n-th, who has never opened the questionnaire."""
        moment = self.parts.clock.now()
        made = enrolment.enrol(
            self.parts,
            enrolment.COMMAND_LINE,
            self.site_id,
            criteria={},
            screening_value=1,
            name=f"Proof {n}",
            phone=f"06 00 00 {n // 100:02d} {n % 100:02d}",
            day0=patient_day(moment.study, zone(ZONE), time()),
            zone=ZONE,
            language=language,
            moment=moment,
        )
        assert isinstance(made, enrolment.Enrolled)
        token = re.search(r"/d/.+$", made.first_link)
        assert token is not None
        return f"{self.address}{token.group()}"


@contextlib.contextmanager
def staged(library: Library, questionnaire: Questionnaire, moment: Moment, folder: Path) -> Iterator[Stage]:
    """Databases in `folder`, the pages on a free port; everything is let go at the end."""
    parts = _parts(library, questionnaire, moment, folder)
    founding.create_study(parts, _ACTOR, STUDY, "Screen proofs", STUDY.lower(), moment, demonstration=True)
    site = founding.NewSite(STUDY, SITE, "Hôpital", "+33 1 99 00 00 56")
    site_id = founding.create_site(parts, _ACTOR, site, moment)
    server = make_server("127.0.0.1", 0, create_app(parts), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Stage(parts, site_id, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        parts.study.close()
        parts.contacts.close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Requests are no progress."""


def _parts(library: Library, questionnaire: Questionnaire, moment: Moment, folder: Path) -> Parts:
    settings = read(
        {
            "DATABASE_URL": f"sqlite:///{folder}/study.sqlite",
            "CONTACTS_DATABASE_URL": f"sqlite:///{folder}/contacts.sqlite",
            "PRO_SECRET_KEY": secrets.token_urlsafe(48),
            "PRO_CONTACTS_KEY": "proof:" + b64encode(secrets.token_bytes(32)).decode(),
            "PRO_PUBLIC_URL": "http://localhost",
        },
        demo=False,
    )
    migrate.upgrade(settings.database_url, "study")
    migrate.upgrade(settings.contacts_database_url, "contacts")
    return Parts(
        settings=settings,
        study=Database(settings.database_url, durable=False),
        contacts=Database(settings.contacts_database_url, durable=False),
        cipher=Cipher(settings.contacts_keys),
        library=_library(library, questionnaire),
        clock=FixedClock(moment.study, moment.running),
        sender=MemorySender(),
    )


def _library(library: Library, questionnaire: Questionnaire) -> Library:
    """The questionnaire, the value that enrolment asks for, and a protocol of nothing else."""
    screening, protocol = _screening(questionnaire), _protocol(questionnaire)
    asked = {(one.id, one.version): one for one in (questionnaire, screening)}
    return replace(library, _questionnaires=asked, _protocols={(protocol.id, protocol.version): protocol})


def _screening(questionnaire: Questionnaire) -> Questionnaire:
    words = dict.fromkeys(("en", "fr"), "screening")
    item = Item("value", Kind.INTEGER, words, words, low=Decimal(0), high=Decimal(100))
    return replace(
        questionnaire,
        id=_SCREENING,
        version="1",
        title=words,
        items=(item,),
        scales=(),
        wording_owner=None,
        wordings={},
    )


def _protocol(questionnaire: Questionnaire) -> Protocol:
    title = dict(questionnaire.title)
    screening = Timepoint(
        "screening", title, "clinician", (QuestionnaireVersion(_SCREENING, "1"),), -1, -1, 1, 0, 0, None, ()
    )
    asked = (QuestionnaireVersion(questionnaire.id, questionnaire.version),)
    proof = Timepoint("proof", title, "patient", asked, 0, 0, 1, 0, 0, None, ())
    met = Criterion("screening", "inclusion", title)
    return Protocol(
        id=STUDY.lower(),
        version="1",
        sha256="",
        title=title,
        notice=title,
        demonstration=True,
        languages=tuple(questionnaire.languages),
        cutoff=time(),
        quiet_hours=QuietHours(time(22), time(7)),
        daily_cap=3,
        late_message=timedelta(hours=2),
        link_life=timedelta(days=2),
        criteria=(met,),
        screening=ScreeningValue("screening", "screening", _SCREENING, "value", Decimal(0)),
        timepoints=(screening, proof),
        flare_rules=(),
        episode_days=14,
        review_within=timedelta(days=1),
        duty_delay=timedelta(minutes=30),
    )
