"""The demonstration's three doors: a patient's phone, the investigator's desk, the clock."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from pro.demo import life, phones
from pro.demo.people import PASSWORD, PEOPLE
from pro.domain import zones
from pro.web.csrf import guard
from pro.web.parts import current_parts, moment
from pro.web.words import LANGUAGES, NAMES, say, say_clock, say_day

ZONE = "Europe/Paris"
STEPS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}

blueprint = Blueprint("demo", __name__, url_prefix="/demo", template_folder="templates", static_folder="static")


def language() -> str:
    """What the visitor asked for, else what the browser prefers."""
    asked = request.args.get("lang") or request.form.get("lang") or request.cookies.get("demo-language", "")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "en"


def page(template: str, **values: object) -> Response:
    """A page in the visitor's language, which is kept for the next."""
    spoken = language()
    local = moment().study.astimezone(zones.zone(ZONE))
    other = next(one for one in LANGUAGES if one != spoken)
    html = render_template(
        template,
        language=spoken,
        t=lambda key, **places: say(f"demo.{key}", spoken, **places),
        other=other,
        other_name=NAMES[other],
        switch_to=f"{request.path}?{urlencode({**request.args, 'lang': other})}",
        day=say_day(local.date(), spoken),
        clock=say_clock(local, spoken),
        hands=_hands(local.hour, local.minute),
        say_day=lambda at: say_day(at.astimezone(zones.zone(ZONE)).date(), spoken),
        say_clock=lambda at: say_clock(at.astimezone(zones.zone(ZONE)), spoken),
        **values,
    )
    response = Response(html)
    response.set_cookie("demo-language", spoken, samesite="Lax", max_age=86_400)
    return response


def _hands(hour: int, minute: int) -> tuple[float, float]:
    """Angles of the clock's hands in degrees."""
    return ((hour % 12) * 30 + minute / 2, minute * 6.0)


@blueprint.get("")
def doors() -> Response:
    moved = request.args.get("moved", type=int)
    return page("demo/doors.html", people=len(PEOPLE), password=PASSWORD, moved=moved)


@blueprint.get("/phone")
def phone() -> Response:
    parts, spoken = current_parts(), language()
    everyone = phones.phones(parts)
    label = request.args.get("phone") or phones.SUGGESTED[spoken]
    chosen = next((one for one in everyone if one.label == label), None)
    if chosen is None:
        abort(404)
    texts = phones.texts_of(parts, chosen.label)
    return page(
        "demo/phone.html", phones=everyone, chosen=chosen, texts=texts, moved=request.args.get("moved", type=int)
    )


@blueprint.get("/phone.json")
def phone_json() -> Response:
    return jsonify(phones.as_json(current_parts()))


@blueprint.get("/clock")
def clock() -> Response:
    return page("demo/clock.html", moved=None)


@blueprint.post("/clock")
@guard.exempt
def move_clock() -> AnyResponse | tuple[str, int]:
    """Moves study time on by `advance`. Scripts may call it: a browser's post has to come from our own page."""
    if not _is_own_page():
        abort(403)
    step = STEPS.get(request.form.get("advance", ""))
    if step is None:
        return f"advance must be one of {', '.join(STEPS)}\n", 400
    bells = life.advance(current_parts(), step)
    label = request.form.get("phone", "")
    if any(one.label == label for one in phones.phones(current_parts())):
        return redirect(url_for("demo.phone", phone=label, moved=bells, lang=language()), 303)
    return redirect(url_for("demo.doors", moved=bells, lang=language()), 303)


def _is_own_page() -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or urlsplit(origin).netloc == request.host
