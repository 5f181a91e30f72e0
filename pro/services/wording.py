"""Owners' texts: installed from a site's own file, laid over our labels, and asked for before a study may run.

A study outside demonstration does not run while its protocol asks a questionnaire whose text is not installed in every
language of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlmodel import Session

from pro.clock import Moment
from pro.domain.chain import canonical
from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire
from pro.library import Library
from pro.library.wording_files import OwnersText
from pro.services.audit import Actor, record_for_system
from pro.services.parts import Parts
from pro.services.shelf import lay
from pro.store import staff, wordings
from pro.store.engine import Connected, Database


class NotInstalled(ValueError):
    """What was given does not hold; the message is one line."""


class NotWorded(RuntimeError):
    """A study may not run: an owner's text is not installed. The message says which, and how it is installed."""


# --- installing


@dataclass(frozen=True, slots=True)
class Installed:
    questionnaire: str
    version: str
    language: str
    sha256: str
    n: int
    """How many for this version and language there have been."""
    already: bool
    """The newest one has these bytes: nothing was written."""


def install(parts: Parts, by: str, text: OwnersText, moment: Moment) -> Installed:
    """Keeps an owner's text, and the event of it, in one transaction; from then on it is what patients read.

    `by`: whom the trail names. Earlier texts of the same version and language stay.
    """
    wording = text.wording
    with parts.study.writing() as session:
        wordings.hold(session)
        before = wordings.newest_of(session, wording.questionnaire, wording.version, wording.language)
        n = 1 if before is None else before.n + 1
        if before is not None and before.sha256 == wording.sha256:
            return _installed(text, before.n, already=True)
        wordings.add(session, _row(text, n, by, moment))
        event = {
            "questionnaire": wording.questionnaire,
            "version": wording.version,
            "language": wording.language,
            "n": n,
            "old": None if before is None else before.sha256,
            "new": wording.sha256,
            "licence": dict(text.licence),
        }
        record_for_system(session, "wording.installed", event, Actor(by, "operator"), moment.study)
    return _installed(text, n, already=False)


def _row(text: OwnersText, n: int, by: str, moment: Moment) -> dict[str, object]:
    wording = text.wording
    return {
        "questionnaire": wording.questionnaire,
        "version": wording.version,
        "language": wording.language,
        "n": n,
        "sha256": wording.sha256,
        "content": text.content,
        "words": canonical(msgspec.to_builtins(wording)).decode(),
        "licence": canonical(dict(text.licence)).decode(),
        "installed_by": by,
        "installed_at": moment.study,
    }


def _installed(text: OwnersText, n: int, *, already: bool) -> Installed:
    one = text.wording
    return Installed(one.questionnaire, one.version, one.language, one.sha256, n, already)


def account(parts: Parts, login: str) -> str:
    """The login as the trail writes it; NotInstalled where no active member of staff has it."""
    with parts.study.reading() as session:
        found = staff.by_login(session, login.strip().lower())
    if found is None or not found.active:
        raise NotInstalled(f"--by: there is no active account {login!r}: give the login of a member of staff")
    return str(found.login)


# --- reading


def library(parts: Parts, moment: Moment) -> Library:
    """The library as people read it: installed wordings laid over our labels."""
    return parts.shelf.library(parts.study, parts.library, moment.running)


def questionnaire(parts: Parts, id_: str, version: str, moment: Moment) -> Questionnaire:
    """That version as people read it; one in our own words costs no look into the database."""
    own = parts.library.questionnaire(id_, version)
    return library(parts, moment).questionnaire(id_, version) if own.takes_wording else own


def shown(asked: Questionnaire, language: str) -> dict[str, object] | None:
    """For the trail: which wording stood before whoever answered; None where the questionnaire is our own."""
    if not asked.takes_wording:
        return None
    sha256 = asked.wordings.get(language)
    return {"language": language, "sha256": sha256, "demonstration": sha256 is None}


@dataclass(frozen=True, slots=True)
class Standing:
    """An installed text that counts."""

    sha256: str
    n: int
    by: str
    at: datetime
    licence: Mapping[str, str]


def standing(study: Database, books: Library) -> Mapping[tuple[str, str, str], Standing]:
    """What is installed and fits, by questionnaire, version and language."""
    with study.plain_reading() as session:
        rows = wordings.newest(session)
    laid = lay(books, rows)
    return {
        (row.questionnaire, row.version, row.language): Standing(
            row.sha256, row.n, row.installed_by, row.installed_at, msgspec.json.decode(row.licence)
        )
        for row in rows
        if (one := laid.get((row.questionnaire, row.version))) is not None and row.language in one.wordings
    }


# --- what is not there


@dataclass(frozen=True, slots=True)
class Lacking:
    """A questionnaire of a protocol whose owner's text is not installed in these languages."""

    questionnaire: str
    version: str
    owner: str
    languages: tuple[str, ...]
    newest: bool
    """It is the newest version: commands mean it without being told."""

    @property
    def commands(self) -> tuple[str, ...]:
        version = "" if self.newest else f" --version {self.version}"
        return tuple(
            f"`pro questionnaires wording {self.questionnaire} --language {language}{version} FILE`"
            for language in self.languages
        )

    def __str__(self) -> str:
        return f"{self.questionnaire} {self.version} in {', '.join(self.languages)} ({self.owner})"


def lacking(session: Connected, books: Library, protocol: Protocol) -> tuple[Lacking, ...]:
    """What has to be installed before the protocol may run with patients; a protocol in our words asks nothing."""
    asked = [one for one in _asked(books, protocol) if one.takes_wording]
    if not asked:
        return ()
    laid = lay(books, wordings.newest(session))
    found = [laid.get((one.id, one.version), one) for one in asked]
    return tuple(_lacking(books, protocol, one) for one in found if any(map(one.is_placeholder, protocol.languages)))


def _lacking(books: Library, protocol: Protocol, one: Questionnaire) -> Lacking:
    languages = tuple(language for language in protocol.languages if one.is_placeholder(language))
    newest = books.latest_questionnaire(one.id).version == one.version
    return Lacking(one.id, one.version, one.wording_owner or "", languages, newest)


def _asked(books: Library, protocol: Protocol) -> list[Questionnaire]:
    """Everything the protocol puts before a patient or a clinician, once."""
    names = dict.fromkeys(
        (one.id, one.version)
        for timepoint in protocol.timepoints
        for one in (*timepoint.questionnaires, *timepoint.clinician)
    )
    return [books.questionnaire(*name) for name in names]


def sentence(study: str, protocol: Protocol, lacks: Iterable[Lacking]) -> str:
    """Which texts a study has not got, and the commands that install them, in one sentence."""
    found = list(lacks)
    what = ", ".join(map(str, found))
    commands = ", ".join(command for one in found for command in one.commands)
    which = f"{protocol.id} {protocol.version}"
    return (
        f"study {study} is no demonstration, and its protocol {which} asks questionnaires whose wording is not "
        f"installed: {what}; install it with {commands}"
    )


def refuse_unworded(session: Session, books: Library, study: str, protocol: Protocol) -> None:
    """Raises NotWorded where the protocol may not run with patients yet."""
    lacks = lacking(session, books, protocol)
    if lacks:
        raise NotWorded(sentence(study, protocol, lacks))


def refusals(parts: Parts, moment: Moment) -> tuple[str, ...]:
    """A sentence for each protocol that stands, or will, at a site of a study with real patients and may not run.

    A study without a site is asked about the newest version of its protocol.
    """
    said: dict[str, None] = {}
    with parts.study.plain_reading() as session:
        for study in wordings.studies(session):
            for protocol in _followed(session, parts.library, study.id, study.protocol, moment):
                if lacks := lacking(session, parts.library, protocol):
                    said[sentence(study.code, protocol, lacks)] = None
    return tuple(said)


def _followed(session: Connected, books: Library, study_id: int, id_: str, moment: Moment) -> list[Protocol]:
    """Versions that are not in the library are another finding's business."""
    names = wordings.in_force(session, study_id, moment.study)
    known = {(one.id, one.version): one for one in books.protocols()}
    newest = [one for name, one in known.items() if name[0] == id_][-1:]
    return [known[name] for name in names if name in known] if names else newest
