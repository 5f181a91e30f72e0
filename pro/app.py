"""Where the parts are joined, and nowhere else."""

from __future__ import annotations

import logging
import os
import sys
from datetime import timedelta
from typing import NoReturn

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from pro.clock import Clock
from pro.library import Library, load
from pro.services import wording
from pro.services.parts import Parts
from pro.settings import Settings, WrongSettings, read
from pro.sms.console import ConsoleSender
from pro.sms.sender import Sender
from pro.sms.twilio import TwilioSender
from pro.store.contacts import Cipher
from pro.store.engine import Database
from pro.store.tables import metadata

_offset = select(metadata.tables["demo_clock"].c.offset_seconds)


def build(
    settings: Settings,
    clock: Clock | None = None,
    sender: Sender | None = None,
    *,
    durable: bool = True,
    library: Library | None = None,
) -> Parts:
    """The joined parts. Opens no database; reads and checks the library (raises `Unreadable`) unless one is given.

    `durable=False` only while data are made that can be made again.
    """
    study = Database(settings.database_url, durable=durable)
    contacts = Database(settings.contacts_database_url, durable=durable)
    return Parts(
        settings=settings,
        study=study,
        contacts=contacts,
        cipher=Cipher(settings.contacts_keys),
        library=library or load(),
        clock=clock or (demonstration_clock(study) if settings.demo else Clock()),
        sender=sender or _sender(settings, contacts),
    )


def _sender(settings: Settings, contacts: Database) -> Sender:
    return ConsoleSender(contacts) if settings.twilio is None else TwilioSender(settings.twilio)


def demonstration_clock(study: Database) -> Clock:
    """Study time is running time moved by what `/demo/clock` wrote."""

    def offset() -> timedelta:
        try:
            with study.reading() as session:
                return timedelta(seconds=session.connection().execute(_offset).scalar() or 0)
        except SQLAlchemyError:
            return timedelta()

    return Clock(offset)


BOOT_ERROR = 3
"""With this code gunicorn gives up instead of trying again."""


def _refuse_unworded(parts: Parts) -> None:
    """As `pro serve` does, for a server that was started without it; a database that is away is not its matter."""
    try:
        lacking = wording.refusals(parts, parts.clock.now())
    except SQLAlchemyError:
        return
    finally:
        parts.study.close()  # a server that forks must not share the connection
    if lacking:
        _refuse("\n".join(lacking))


def _settings() -> Settings:
    try:
        return read(os.environ)
    except WrongSettings as wrong:
        _refuse(str(wrong))


def _refuse(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    raise SystemExit(BOOT_ERROR)


def create_app(parts: Parts | None = None) -> Flask:
    """The web application; `wsgi.py` calls it without parts, and ends where a study may not start."""
    if parts is None:
        parts = build(_settings())
        _refuse_unworded(parts)
    app = Flask("pro.web", template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=parts.settings.secret_key,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # `pro.web.csrf` looks at the origin instead
        SESSION_COOKIE_NAME="__Host-form" if parts.settings.https else "form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=parts.settings.https,
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(days=3),
        MAX_CONTENT_LENGTH=512 * 1024,
    )
    if proxies := parts.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.extensions["pro"] = parts
    logging.getLogger("pro").setLevel(logging.INFO)
    from pro.web import register

    register(app)
    return app
