"""What every desk page stands in: the blueprint, language, header, and what was typed when a session ran out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from flask import Blueprint, current_app, g, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pro.services import health
from pro.services.health import Alarm
from pro.services.overview import Place, places
from pro.web import errors, words
from pro.web.desk import phrases
from pro.web.desk.badges import badges, task_label
from pro.web.parts import current_parts, moment
from pro.web.rights import to_sign_in, who_or_none
from pro.web.words import LANGUAGES, NAMES, say

blueprint = Blueprint("staff", "pro.web", url_prefix="/staff")

LOOK_EVERY = timedelta(seconds=10)

TABS = (
    ("today", "staff.door", "see-today"),
    ("patients", "staff.patients", "see-patient"),
    ("compliance", "staff.compliance", "see-compliance"),
    ("messages", "staff.messages", "see-messages"),
    ("audit", "staff.trail", "see-audit"),
    ("protocol", "staff.protocol", "see-protocol"),
)


def language() -> str:
    """The account's language; before sign-in what the address asks for, else what the browser does."""
    identity = who_or_none()
    if identity is not None:
        return identity.language if identity.language in LANGUAGES else "en"
    asked = request.args.get("lang", "") or request.form.get("lang", "")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default="en")


def t(key: str, **values: object) -> str:
    """A text of the desk in the reader's language."""
    return say(f"desk.{key}", language(), **values)


def my_places() -> tuple[Place, ...]:
    """The reader's sites, read once per request."""
    identity = who_or_none()
    if identity is None:
        return ()
    if "places" not in g:
        right = g.get("right") or next(iter(identity.reach), None)
        g.places = places(current_parts(), identity, right) if right else ()
    return cast("tuple[Place, ...]", g.places)


def kept(field: str, default: str = "") -> str:
    """What was typed on this page before the session ran out."""
    found = session.get("kept")
    if not isinstance(found, dict) or found.get("page") != request.path:
        return default
    values: list[str] = found.get("fields", {}).get(field) or [default]
    return values[0]


@blueprint.context_processor
def desk_context() -> dict[str, Any]:
    """Names that `base_desk.html` and the desk's pages use; another blueprint of the desk may register it too."""
    spoken = language()
    other = next(each for each in LANGUAGES if each != spoken)
    return {
        "t": t,
        "say": bound(say, spoken),
        "language": spoken,
        "other_language": other,
        "other_name": NAMES[other],
        "identity": who_or_none(),
        "tabs": TABS,
        "my_places": my_places,
        "demonstration": current_parts().settings.demo,
        "now": moment().study,
        "alarm": alarm,
        "support": current_parts().settings.support,
        "kept": kept,
        "phrases": phrases,
        "badges": badges,
        "task_label": task_label,
        "wording": lambda wording: words.in_language(wording, spoken),
        "say_place": bound(words.say_place, spoken),
        "say_day": bound(words.say_day, spoken),
        "say_date": bound(words.say_date, spoken),
        "say_short": bound(phrases.short_day, spoken),
        "say_clock": bound(phrases.clock, spoken),
        "say_stamp": bound(phrases.stamp, spoken),
        "say_number": bound(words.say_number, spoken),
        "say_percent": bound(phrases.percent_words, spoken),
    }


def alarm() -> Alarm | None:
    """What the watchdog rings for, looked at a few times a minute by each process, and when a worker may be late."""
    now = moment()
    asked, found = current_app.extensions.get("pro.alarm", (None, None))
    if found is None or not timedelta(0) <= now.running - asked < LOOK_EVERY or _may_be_late(found, now.running):
        found = health.look(current_parts(), now)
        current_app.extensions["pro.alarm"] = (now.running, found)
    return next(iter(cast("health.Health", found).alarms), None)


def _may_be_late(seen: health.Health, running: datetime) -> bool:
    """Whether what was calm when it was looked at is so no longer, unless the worker has ticked since."""
    return seen.ok and seen.calm_until is not None and running > seen.calm_until


def bound(function: Callable[..., str], spoken: str) -> Callable[..., str]:
    return partial(function, language=spoken)


@blueprint.errorhandler(CSRFError)
def stale_form(_error: object) -> Response:
    """A form whose token no longer fits: back to its page, or to sign-in first, with what was typed."""
    return to_sign_in()


@blueprint.app_errorhandler(404)
def not_found(error: NotFound) -> ResponseReturnValue:
    """A desk page that is not there, or an object of another site: they look the same."""
    if not request.path.startswith(f"{blueprint.url_prefix}/"):
        return errors.known(error)
    return render_template("desk/not_found.html", **desk_context()), 404
