"""Settings from the environment, checked once at the start.

Every problem is one line that names the variable and the mend (`WrongSettings.problems`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEMO_SECRET = "demonstration-only-demonstration-only"
DEMO_KEY = "demo:" + base64.b64encode(b"demonstration-only-32-bytes-long").decode()
WEAK = 32
"""A secret key has at least this many characters."""


class WrongSettings(Exception):
    """The environment does not hold together; each problem is one line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ContactsKey:
    """One key of `PRO_CONTACTS_KEY`; the first encrypts, all of them decrypt."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Twilio:
    account_sid: str
    auth_token: str = field(repr=False)
    messaging_service_sid: str
    api_base: str | None = None
    """Another base address, for a stand-in provider."""


@dataclass(frozen=True, slots=True)
class Settings:
    database_url: str = field(repr=False)
    contacts_database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    contacts_keys: tuple[ContactsKey, ...]
    public_url: str
    """Where patients reach the service, without a closing slash: links and webhook signatures use it."""
    twilio: Twilio | None
    demo: bool
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: int = 0
    """How many proxies of ours stand before the service: only so many addresses of `X-Forwarded-For` are believed."""
    sms_replies: bool = False
    """Whether the sender is a number that patients can write to; a sender name cannot receive."""
    support: str = ""
    """Whom staff tell when reminders may be late, in the hospital's own words."""

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")


def read(environment: Mapping[str, str], demo: bool | None = None) -> Settings:
    """Reads and checks the settings.

    `demo` forces the demonstration (SQLite under `var/`, its own keys); otherwise `PRO_DEMO` decides.
    Raises `WrongSettings` with every problem found.
    """
    problems: list[str] = []
    is_demo = environment.get("PRO_DEMO", "") not in ("", "0", "false") if demo is None else demo
    host = environment.get("HOST", "127.0.0.1")
    port = _port(environment.get("PORT", "8000"), problems)
    settings = Settings(
        database_url=environment.get("DATABASE_URL") or _sqlite("demo" if is_demo else "pro", "study"),
        contacts_database_url=environment.get("CONTACTS_DATABASE_URL")
        or _sqlite("demo" if is_demo else "pro", "contacts"),
        secret_key=_secret(environment, is_demo, problems),
        contacts_keys=_keys(environment, is_demo, problems),
        public_url=_public_url(environment, is_demo, host, port, problems),
        twilio=_twilio(environment, problems),
        demo=is_demo,
        host=host,
        port=port,
        trusted_proxies=_proxies(environment.get("PRO_TRUSTED_PROXIES") or "0", problems),
        support=environment.get("PRO_SUPPORT", "").strip(),
        sms_replies=_sender(environment.get("PRO_SMS_SENDER") or "name", problems),
    )
    if settings.database_url == settings.contacts_database_url:
        problems.append("CONTACTS_DATABASE_URL is the study database: names and numbers need a database of their own")
    if not is_demo and not any(environment.get(name) for name in _OWN):
        problems.append("or set PRO_DEMO=1 for the demonstration, which needs none of these")
    if problems:
        raise WrongSettings(tuple(problems))
    return settings


_OWN = ("PRO_SECRET_KEY", "PRO_CONTACTS_KEY", "PRO_PUBLIC_URL")
"""What every study gives; whoever gives none of them may have meant the demonstration."""


def _sqlite(name: str, which: str) -> str:
    return f"sqlite:///{Path('var').absolute() / f'{name}-{which}.sqlite'}"


def _port(text: str, problems: list[str]) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    problems.append(f"PORT is {text!r}: give a number from 1 to 65535")
    return 8000


def _proxies(text: str, problems: list[str]) -> int:
    if text in tuple("0123456789"):
        return int(text)
    problems.append(f"PRO_TRUSTED_PROXIES is {text!r}: give the number of your own proxies, 0 to 9")
    return 0


def _sender(text: str, problems: list[str]) -> bool:
    if text not in ("name", "number"):
        problems.append(f"PRO_SMS_SENDER is {text!r}: give `name`, or `number` where patients can write back to it")
    return text == "number"


def _secret(environment: Mapping[str, str], demo: bool, problems: list[str]) -> str:
    secret = environment.get("PRO_SECRET_KEY", "")
    if demo:
        return secret or DEMO_SECRET
    if not secret:
        problems.append(
            "PRO_SECRET_KEY is missing: set it to what `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'` prints"
        )
    elif len(secret) < WEAK or secret == DEMO_SECRET:
        problems.append(
            f"PRO_SECRET_KEY is weak: give at least {WEAK} random characters, not those of the demonstration"
        )
    return secret


def _keys(environment: Mapping[str, str], demo: bool, problems: list[str]) -> tuple[ContactsKey, ...]:
    text = environment.get("PRO_CONTACTS_KEY", "") or (DEMO_KEY if demo else "")
    if not text:
        problems.append(
            "PRO_CONTACTS_KEY is missing: set it to `id:base64` of 32 random bytes, such as `a:$(openssl rand -base64 32)`"
        )
        return ()
    if text == DEMO_KEY and not demo:
        problems.append("PRO_CONTACTS_KEY is the demonstration's: make one of your own")
    return tuple(key for part in text.split(",") if (key := _key(part.strip(), problems)))


def _key(part: str, problems: list[str]) -> ContactsKey | None:
    id_, _, encoded = part.partition(":")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not id_ or len(secret) != 32:
        problems.append(
            "PRO_CONTACTS_KEY has a key that is not `id:base64` of 32 bytes: make one with `a:$(openssl rand -base64 32)`"
        )
        return None
    return ContactsKey(id_, secret)


def _public_url(environment: Mapping[str, str], demo: bool, host: str, port: int, problems: list[str]) -> str:
    url = environment.get("PRO_PUBLIC_URL", "").rstrip("/") or (f"http://{host}:{port}" if demo else "")
    if not url:
        problems.append(
            "PRO_PUBLIC_URL is missing: set it to the address patients reach, such as https://diary.hospital.example"
        )
    elif not _is_address(url):
        problems.append(f"PRO_PUBLIC_URL is {url!r}: give an ASCII address that starts with https://")
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isascii()
    except ValueError:
        return False


def _twilio(environment: Mapping[str, str], problems: list[str]) -> Twilio | None:
    names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_MESSAGING_SERVICE_SID")
    values = [environment.get(name, "") for name in names]
    if not any(values):
        return None
    problems.extend(
        f"{name} is missing: Twilio needs all three" for name, value in zip(names, values, strict=True) if not value
    )
    return Twilio(values[0], values[1], values[2], api_base=environment.get("TWILIO_API_BASE") or None)
