"""The yardstick: the least a Flask developer would write for a form that is checked and kept.

One page with a session, Flask-WTF's protection and as many number fields as a calm diary shows; each post checks
the whole form and commits one row with the plain driver. No links, no patients, no audit trail.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from jinja2 import DictLoader
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

QUESTIONS = 12
LEVEL = 5
"""What our own pages use for what is fresh in them."""
LEAST = 500

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Diary</title><style>
body{font:1.1rem/1.5 sans-serif;margin:0 auto;max-width:40rem;padding:1rem}fieldset{border:0;margin:1.5rem 0;padding:0}
label{display:block;font-weight:600}input,button{font:inherit;min-height:3.5rem;padding:0 1rem}.error{color:#a00}
</style></head><body><h1>Your joints today</h1><form method="post">{{ form.csrf_token }}
{% for field in form if field.short_name != "csrf_token" %}<fieldset>{{ field.label }}
<p id="{{ field.id }}-help">Over the last 24 hours. Put a number from 0 to 10: 0 means none at all, and 10 means the worst
that you can imagine. If you cannot say exactly, choose the number that comes nearest. Nobody else sees your answer but the
people who look after you.</p>
{{ field(inputmode="numeric", min=0, max=10, **{"aria-describedby": field.id + "-help"}) }}
{% for error in field.errors %}<p class="error">{{ error }}</p>{% endfor %}</fieldset>
{% endfor %}<button>Send</button></form></body></html>"""


class Form(FlaskForm):
    """The questions stand below: one number from 0 to 10 each."""


for _n in range(1, QUESTIONS + 1):
    _asked = f"Question {_n}: how strong was the pain in your joints at its worst?"
    setattr(Form, f"q{_n}", IntegerField(_asked, validators=[InputRequired(), NumberRange(0, 10)]))

NAMES = [f"q{n}" for n in range(1, QUESTIONS + 1)]
TABLE = f"CREATE TABLE IF NOT EXISTS answer ({', '.join(f'{name} integer' for name in NAMES)}, whole text)"
INSERT = f"INSERT INTO answer VALUES ({', '.join(['?'] * (QUESTIONS + 1))})"


class Rows:
    """One connection per thread; each row is committed, and SQLite waits for the disk as ours does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqlite = url.startswith("sqlite")
        self._insert = INSERT if self._sqlite else INSERT.replace("?", "%s")
        self._kept = threading.local()

    def connection(self) -> Any:
        if not hasattr(self._kept, "connection"):
            self._kept.connection = self._open()
        return self._kept.connection

    def _open(self) -> Any:
        if not self._sqlite:
            return psycopg.connect(self._url.replace("+psycopg", ""), autocommit=True)
        connection = sqlite3.connect(self._url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "busy_timeout=10000", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def add(self, answers: dict[str, int]) -> None:
        self.connection().execute(self._insert, [*(answers[name] for name in NAMES), json.dumps(answers)])


def squeezed(response: Response) -> Response:
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return response
    body = response.get_data()
    if len(body) >= LEAST:
        response.set_data(gzip.compress(body, LEVEL))
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
    return response


def create_app() -> Flask:
    """gunicorn calls it; `DATABASE_URL` says where the rows go."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "only for the bench, only for the bench"
    rows = Rows(os.environ["DATABASE_URL"])
    rows.connection().execute(TABLE)
    app.jinja_loader = DictLoader({"form.html": PAGE})
    app.after_request(squeezed)

    @app.get("/form")
    def show() -> ResponseReturnValue:
        return render_template("form.html", form=Form())

    @app.post("/form")
    def take() -> ResponseReturnValue:
        form = Form()
        if not form.validate():
            return render_template("form.html", form=form), 422
        rows.add({name: form[name].data for name in NAMES})
        return redirect("/thanks", 303)

    return app
