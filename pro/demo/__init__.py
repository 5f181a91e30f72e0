"""The demonstration: an invented study with eight weeks behind it, and a clock that can be moved."""

from __future__ import annotations

from flask import Flask

from pro.app import create_app
from pro.services.parts import Parts


def create_demo_app(parts: Parts | None = None) -> Flask:
    """The web application with the demonstration's doors."""
    from pro.demo.pages import blueprint

    app = create_app(parts)
    app.register_blueprint(blueprint)
    return app
