"""What every answer carries: a strict security policy, no caching of personal pages, compression.

Style and script that a page inlines are allowed by their hash: `allow_style`, `allow_script`.
"""

from __future__ import annotations

import base64
import struct
import zlib
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flask import Flask, Response, g, request

from pro.web.parts import current_parts

LEAST = 500
"""Bytes under which compression is not worth its time."""

COMPRESSED = ("text/", "application/json", "application/javascript", "image/svg+xml")
YEAR = 31_536_000


def init_app(app: Flask) -> None:
    app.after_request(_secure)
    app.after_request(_compress)  # runs first: Flask walks them backwards


@lru_cache(maxsize=256)
def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def allow_style(text: str) -> None:
    """Lets the page in hand inline exactly this style."""
    g.setdefault("inline_styles", set()).add(_hash(text))


def allow_script(text: str) -> None:
    """Lets the page in hand inline exactly this script."""
    g.setdefault("inline_scripts", set()).add(_hash(text))


def _secure(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if request.endpoint == "static" and "v" in request.args:
        headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    elif request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    if current_parts().settings.https:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    return response


def _policy() -> str:
    styles = " ".join(sorted(g.get("inline_styles", ())))
    scripts = " ".join(sorted(g.get("inline_scripts", ())))
    return _policy_of(styles, scripts)


@lru_cache(maxsize=256)
def _policy_of(styles: str, scripts: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src 'self' {styles}".strip(),
            f"script-src 'self' {scripts}".strip(),
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


# --- compression


def _compress(response: Response) -> Response:
    if not _is_worth_it(response):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    response.vary.add("Accept-Encoding")
    if len(body) < LEAST or "gzip" not in request.headers.get("Accept-Encoding", ""):
        return response
    known = len(body) if request.endpoint == "static" else g.get("known_bytes", 0)
    response.set_data(squeeze(body[:known], body[known:]))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    return response


def _is_worth_it(response: Response) -> bool:
    return (
        response.status_code not in (204, 206, 304)
        and not (response.is_streamed and request.endpoint != "static")
        and "Content-Encoding" not in response.headers
        and (response.mimetype or "").startswith(COMPRESSED)
    )


def squeeze(known: bytes, fresh: bytes) -> bytes:
    """Both parts as one gzip file; the known part, the same in many answers, is compressed only once.

    Its compressor is kept and goes on with the fresh part, so that this still refers back to it.
    """
    packed, kept = _packed(known)
    packer = kept.copy()
    body: bytes = packed + packer.compress(fresh) + packer.flush()
    check = zlib.crc32(fresh, zlib.crc32(known))
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + struct.pack("<LL", check, (len(known) + len(fresh)) & 0xFFFFFFFF)


@lru_cache(maxsize=64)
def _packed(known: bytes) -> tuple[bytes, Any]:
    packer = zlib.compressobj(9 if known else 5, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL + 1)
    return packer.compress(known) + packer.flush(zlib.Z_SYNC_FLUSH), packer
