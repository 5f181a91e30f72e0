"""The WSGI entry point."""

from pro.app import create_app

app = create_app()
