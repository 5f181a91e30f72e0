"""The door of the desk: sign-in, sign-out, language; and behind it, today."""

from __future__ import annotations

from collections.abc import Mapping

from flask import make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from pro.services import access, passwords
from pro.services.access import Refused, Right, SignedIn
from pro.web.desk import (
    amendment,
    compliance,
    course,
    events,
    exams,
    flares,
    journeys,
    messages,
    patients,
    protocol,
    scales,
    stops,
    today,
    trail,
    undoing,
    windows,
)
from pro.web.desk.frame import blueprint, language, t
from pro.web.parts import current_parts, moment
from pro.web.rights import cookie_name, open_to_all, own_page, signed_in
from pro.web.words import LANGUAGES

__all__ = [
    "amendment",
    "blueprint",
    "compliance",
    "course",
    "events",
    "exams",
    "flares",
    "journeys",
    "messages",
    "patients",
    "protocol",
    "scales",
    "stops",
    "today",
    "trail",
    "undoing",
    "windows",
]


class SignInForm(FlaskForm):
    """What is typed at the door; paste is as good as typing."""

    login = StringField(validators=[DataRequired(), Length(max=200)])
    password = PasswordField(validators=[DataRequired(), Length(max=passwords.LONGEST_PASSWORD)])
    after = HiddenField()
    lang = HiddenField()


@blueprint.get("/")
@open_to_all
def door() -> ResponseReturnValue:
    """Sign-in, or for whoever is signed in: today."""
    identity = signed_in()
    if identity is None:
        chosen = _chosen(request.args) or (language() if current_parts().settings.demo else "")
        return _sign_in_page(SignInForm(after=request.args.get("after", ""), lang=chosen))
    if request.args.get("after"):
        return redirect(own_page(request.args["after"]), 303)
    if not identity.may(Right.SEE_TODAY):
        return make_response(render_template("desk/refused.html"), 403)
    return today.page(identity)


@blueprint.post("/sign-in")
@open_to_all
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate_on_submit():
        return _sign_in_page(form, t("sign-in.missing")), 400
    outcome = access.sign_in(
        current_parts(), form.login.data or "", form.password.data or "", request.remote_addr or "", moment()
    )
    if isinstance(outcome, Refused):
        return _sign_in_page(form, _why(outcome)), 429 if outcome.why != "wrong" else 401
    _keep_language(outcome)
    return _with_session(redirect(own_page(form.after.data), 303), outcome)


@blueprint.post("/sign-out")
@open_to_all
def sign_out() -> ResponseReturnValue:
    access.sign_out(current_parts(), request.cookies.get(cookie_name(), ""), moment())
    session.clear()
    response = redirect(url_for("staff.door"), 303)
    response.delete_cookie(cookie_name(), path="/", secure=current_parts().settings.https, httponly=True)
    return response


@blueprint.post("/language")
@open_to_all
def choose_language() -> ResponseReturnValue:
    """Keeps the language of the account, and goes back to the page."""
    identity, chosen = signed_in(), request.form.get("language", "")
    if identity is not None and chosen in LANGUAGES:
        access.choose_language(current_parts(), identity, chosen, moment())
    return redirect(own_page(request.form.get("page")), 303)


def _keep_language(opened: SignedIn) -> None:
    """The desk goes on in the language that somebody chose at the door; the browser's alone does not change the account.

    A demonstration's accounts are everybody's: there the desk goes on as the door was read.
    """
    now, chosen = moment(), _chosen(request.form)
    identity = access.staff_of(current_parts(), opened.token, now) if chosen else None
    if identity is not None and identity.language != chosen:
        access.choose_language(current_parts(), identity, chosen, now)


def _chosen(given: Mapping[str, str]) -> str:
    return given["lang"] if given.get("lang") in LANGUAGES else ""


def _sign_in_page(form: SignInForm, problem: str = "") -> str:
    return render_template("desk/sign_in.html", form=form, problem=problem)


def _why(refused: Refused) -> str:
    """One calm line; when too many were tried, it says how long to wait."""
    if refused.why == "wrong" or refused.until is None:
        return t("sign-in.wrong")
    seconds = (refused.until - moment().running).total_seconds()
    return t(f"sign-in.{refused.why}", n=max(1, -int(-seconds // 60)))


def _with_session(response: Response, opened: SignedIn) -> Response:
    response.set_cookie(
        cookie_name(),
        opened.token,
        max_age=int(access.LONGEST.total_seconds()),
        path="/",
        secure=current_parts().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return response
