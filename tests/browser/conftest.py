"""A browser on a loaded machine is slow, not wrong."""

from __future__ import annotations

from playwright.sync_api import expect

expect.set_options(timeout=15_000)
