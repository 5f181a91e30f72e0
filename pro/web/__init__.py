"""The pages: thin routes over the services."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Adds every page, the protection of posts and the headers that each answer carries."""
    from pro.web import asked, csrf, door, enrolment, errors, headers, health, hooks, patient, staff

    asked.init_app(app)
    csrf.init_app(app)
    headers.init_app(app)
    errors.init_app(app)
    for blueprint in (
        door.blueprint,
        patient.blueprint,
        staff.blueprint,
        enrolment.blueprint,
        hooks.blueprint,
        health.blueprint,
    ):
        app.register_blueprint(blueprint)
