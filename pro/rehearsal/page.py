"""The report as one HTML file that needs nothing beside it, in both languages of the house."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from pro.rehearsal.draw import bars, shares
from pro.rehearsal.report import not_looked_at
from pro.web.desk.phrases import month_day
from pro.web.words import LANGUAGES, NAMES, say, say_day, say_number

_ENVIRONMENT = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
PARTS = (("on_time", "f-main"), ("late", "f-edge"), ("partial", "f-warn"), ("missed", "f-pain"), ("excused", "f-mild"))
REFUSED = " refused"


def html(found: Mapping[str, Any], played: Mapping[str, str] | None = None) -> str:
    """The document as a page; the first language is shown, the other a touch away.

    `played`: the `version` that played it and the `command` that plays it again; the document itself tells of neither.
    """
    pages = [_page(found, language) | {"played": played or {}} for language in LANGUAGES]
    return _ENVIRONMENT.get_template("report.html").render(pages=pages)


def _page(found: Mapping[str, Any], language: str) -> dict[str, Any]:
    def t(key: str, **values: object) -> str:
        return say(f"rehearsal.{key}", language, **values)

    def number(value: object) -> str:
        return "–" if value is None else say_number(Decimal(str(value)), language)

    protocol = f"{found['protocol']['id']} {found['protocol']['version']}"
    days = {key: say_day(date.fromisoformat(found[key]), language, year=True) for key in ("start", "end")}
    sites = found["compliance"]["by_site"]
    flares: Counter[str] = Counter()
    for one in found["flares"]["weeks"]:
        flares[one["site"]] += one["episodes"]
    return {
        "language": language,
        "name": NAMES[language],
        "t": t,
        "number": number,
        "found": found,
        "unlooked": len(not_looked_at(found)),
        "named": lambda code: named(code, language),
        "title": t("title", protocol=protocol),
        "intro": t("intro", patients=found["patients"], sites=found["sites"], seed=found["seed"], **days),
        "tiles": _tiles(found, t, number),
        "profiles": _rows(found["profiles"], lambda key: t(f"profile.{key}")),
        "timepoints": _rows(found["assessments"]["by_timepoint"], _titles(found, language)),
        "sites": [{**row, "flares": flares[row["key"]]} for row in _rows(sites, str)],
        "drawings": _drawings(found, t, language),
    }


def named(code: str, language: str) -> str:
    """What happened, what failed, where a worker died or why there was no text, in words."""
    if code.endswith(REFUSED):
        return say("rehearsal.refused", language, what=named(code.removesuffix(REFUSED), language))
    slug = code.lower().replace(" ", "-")
    for key in (f"rehearsal.code.{slug}", f"desk.why.{code}"):
        with suppress(KeyError):
            return say(key, language)
    return code


def _titles(found: Mapping[str, Any], language: str) -> Callable[[str], str]:
    titles = {key: one["title"] for key, one in found["assessments"]["by_timepoint"].items()}
    return lambda key: str(titles[key].get(language) or next(iter(titles[key].values())))


def _tiles(found: Mapping[str, Any], t: Any, number: Any) -> list[tuple[str, str]]:
    assessments, messages = found["assessments"], found["messages"]
    tiles = [
        (t("expected"), number(assessments["expected"])),
        (t("compliance"), f"{number(assessments['compliance'])} %"),
        (t("sent"), t("sent_of", n=number(messages["sent"]), staff=number(messages["to_staff"]))),
        (t("per_patient"), _with_range(messages["per_patient"], t, number)),
        (t("per_patient_day"), number(messages["per_patient_and_day"]["mean"])),
        (t("segments"), number(messages["segments"])),
        (t("flares_week"), number(found["flares"]["per_week_and_site"])),
        (t("burden"), number(found["burden"]["minutes_per_patient_and_week"])),
    ]
    cost = messages["cost"]
    return tiles if cost is None else [*tiles[:6], (t("cost"), number(cost)), *tiles[6:]]


def _with_range(found: Mapping[str, Any], t: Any, number: Any) -> str:
    return str(t("range", mean=number(found["mean"]), least=number(found["least"]), most=number(found["most"])))


def _rows(groups: Mapping[str, Mapping[str, Any]], name: Any) -> list[dict[str, Any]]:
    return [
        {"key": key, "name": name(key), **one, "on_time": one["completed"] - one["late"]}
        for key, one in groups.items()
        if one["expected"]
    ]


def _drawings(found: Mapping[str, Any], t: Any, language: str) -> dict[str, Markup]:
    messages = found["messages"]
    weeks: Counter[int] = Counter()
    for one in found["flares"]["weeks"]:
        weeks[one["week"]] += one["episodes"]
    played = found["flares"]["played_weeks"]
    rows = _rows(found["profiles"], lambda key: t(f"profile.{key}"))
    stacked = [(row["name"], [(row[key], css) for key, css in PARTS]) for row in rows]
    return {
        "profiles": shares(stacked, t("by_profile")),
        "days": bars(
            [(month_day(date.fromisoformat(day), language), n) for day, n in messages["per_day"].items()],
            t("days"),
            14 * (1 + len(messages["per_day"]) // 112),
        ),
        "hours": bars([(f"{h:02d}", messages["per_hour"].get(f"{h:02d}", 0)) for h in range(24)], t("hours"), 2),
        "weeks": bars([(str(n), weeks[n]) for n in range(1, played + 1)], t("weeks"), 1 + played // 20),
    }
