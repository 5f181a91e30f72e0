"""A protocol in which patients open two timepoints themselves: for a day, and for 48 hours. thera-demo has none."""

from __future__ import annotations

import shutil
from pathlib import Path

from pro.library import DEFAULT_ROOT, Library, load

OPENED = """
  - key: report
    title: {en: Report a flare, fr: Signaler une poussée}
    respondent: patient
    questionnaires: [raid 1]
    days: {from: 0, to: 83}
    started_by: patient

  - key: attack
    title: {en: Report an injection problem, fr: Signaler un problème d'injection}
    respondent: patient
    questionnaires: [injection-diary 1]
    hours: {from: 0, to: 48}
    days: {from: 0, to: 83}
    started_by: patient

"""


def books(folder: Path) -> Library:
    """thera-demo with a third version."""
    root = folder / "questionnaires"
    shutil.copytree(DEFAULT_ROOT, root)
    plans = root / "protocols/thera-demo"
    text = (plans / "1.yaml").read_text("utf-8").replace('version: "1"', 'version: "3"', 1)
    mark = "\n\n# --- Flares."
    assert text.count(mark) == 1
    (plans / "3.yaml").write_text(text.replace(mark, OPENED + mark), "utf-8")
    return load(root)
