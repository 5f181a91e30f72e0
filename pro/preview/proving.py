"""From a questionnaire to its proof: stage, camera, sheet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from playwright.sync_api import Browser, PdfMargins

from pro.clock import Moment
from pro.domain.paths import Ways
from pro.domain.questionnaire import Questionnaire
from pro.library import Library
from pro.preview.camera import browser_at, film
from pro.preview.sheet import Proof, html
from pro.preview.stage import staged

_MARGIN: PdfMargins = {"top": "12mm", "right": "12mm", "bottom": "12mm", "left": "12mm"}


def prove(
    library: Library,
    questionnaire: Questionnaire,
    language: str,
    moment: Moment,
    folder: Path,
    out: Path,
    *,
    browser: str,
    published: bool,
    found: Ways,
    pdf: bool,
    say: Callable[[str], None],
) -> list[Path]:
    """Writes the proof into `out` and gives its files. `folder` is for databases that are thrown away.

    `moment` dates the proof and is the day on the screens; `browser`: where Chromium is.
    """
    with staged(library, questionnaire, moment, folder) as stage, browser_at(browser) as chromium:
        taken = film(chromium, stage, questionnaire, language, found.paths, say)
        proof = Proof(questionnaire, language, published, moment.study.astimezone(UTC), found, taken)
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{proof.name}.html"
        path.write_text(html(proof), "utf-8")
        return [path, *([_printed(chromium, path)] if pdf else [])]


def _printed(browser: Browser, path: Path) -> Path:
    page = browser.new_page()
    page.goto(path.absolute().as_uri())
    page.pdf(path=path.with_suffix(".pdf"), format="A4", margin=_MARGIN)
    page.close()
    return path.with_suffix(".pdf")
