"""One patient's calendar as one HTML file that needs nothing beside it: to send to a colleague, or to print."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from pro.services.previewing import Preview
from pro.web import protocol_cards
from pro.web.shrink import shrink_style
from pro.web.words import in_language

HERE = Path(__file__).parent
SHEETS = ("looks.css", "desk.css", "protocol.css")
_ENVIRONMENT = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)


def html(found: Preview, language: str, *, published: bool, price: Decimal | None = None) -> str:
    """The page in that language, with the texts in each language of the protocol."""
    protocol = found.outlook.protocol
    return _ENVIRONMENT.get_template("desk/protocol_file.html").render(
        language=language,
        title=in_language(protocol.title, language),
        style=_style(),
        protocol=protocol,
        published=published,
        view=protocol_cards.view(found, language, protocol.languages, price),
    )


@lru_cache
def _style() -> Markup:
    return Markup(shrink_style("\n".join((HERE / "static" / name).read_text("utf-8") for name in SHEETS)))
