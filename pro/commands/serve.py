"""`pro serve`: the web server."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from pro.app import create_app
from pro.cli import Wrong
from pro.commands.opened import ready_to_run

WORKERS, THREADS, KEEP_ALIVE = 2, 4, 30


@click.command()
def serve() -> None:
    """Answer patients and staff on HOST:PORT, after checking that the databases stand."""
    parts = ready_to_run()
    host, port = parts.settings.host, parts.settings.port
    refuse_taken(host, port)
    parts.study.close()
    parts.contacts.close()
    click.echo(f"pro listens on http://{host}:{port} for {parts.settings.public_url}", err=True)
    Server(options(host, port)).run()


def options(host: str, port: int) -> dict[str, Any]:
    """Addresses of links are secrets, so that requests are never logged."""
    return {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": WORKERS,
        "worker_class": "gthread",
        "threads": THREADS,
        "keepalive": KEEP_ALIVE,
        "accesslog": None,
        "loglevel": "warning",
    }


def refuse_taken(host: str, port: int) -> None:
    """A port that cannot be had is one line here, not five tries and a traceback later."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Wrong(_said(error, host, port)) from None


def _said(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: stop the other, or set PORT"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} is not for this user: set PORT to one above 1023"
    return f"HOST is {host}: this machine has no such address"


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without its command line; each worker makes its own application, and so its own connections."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Flask:
        return create_app()


commands = (serve,)
