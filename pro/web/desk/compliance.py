"""Who answers and who is slipping: figures per site, a calendar per patient, and the table behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pro.domain.assessment import State
from pro.domain.compliance import percent
from pro.services import standing
from pro.services.access import Right
from pro.services.standing import Filter, Page, Row, SiteFigures
from pro.web import charts, strips
from pro.web.asked import row_number
from pro.web.desk import phrases
from pro.web.desk.badges import badges, task_label
from pro.web.desk.frame import blueprint, language, t
from pro.web.parts import current_parts, moment
from pro.web.rights import needs, who

LEGEND = (
    State.COMPLETED,
    State.LATE,
    State.PARTIAL,
    State.MISSED,
    State.OPEN,
    State.EXPECTED,
    State.EXCUSED,
)


@blueprint.get("/compliance")
@needs(Right.SEE_COMPLIANCE)
def compliance() -> ResponseReturnValue:
    chosen = _chosen()
    site = request.args.get("site", type=row_number)
    page = standing.page(current_parts(), who(), moment(), chosen, request.args.get("after", "")[:40], site)
    spoken = language()
    return render_template(
        "desk/compliance.html",
        active="compliance",
        page=page,
        chosen=chosen,
        site=site,
        filters=standing.FILTERS,
        cards=[_card(each) for each in page.sites],
        key=strips.key({state: phrases.state_word(state, spoken) for state in LEGEND}),
        groups=_groups(page),
        study=phrases.percent_words(page.study.ratio, spoken),
        study_sum=phrases.sum_words(page.study, spoken),
    )


@blueprint.get("/compliance.csv")
@needs(Right.SEE_COMPLIANCE)
def compliance_file() -> ResponseReturnValue:
    """The whole table, streamed a page at a time; separators and numbers as a statistics package reads them."""
    rows = standing.all_rows(current_parts(), who(), moment(), _chosen())
    name = f"compliance-{moment().study:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_lines(rows), mimetype="text/csv; charset=utf-8", headers=headers)


COLUMNS = (
    "patient",
    "day0",
    "withdrawn",
    "expected",
    "completed",
    "completed_on_time",
    "completed_late",
    "partial",
    "missed",
    "excused",
    "compliance_percent",
    "planned_to_today",
    "missed_in_a_row",
)


def _lines(rows: Iterator[Row]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in rows:
        figures = row.figures
        writer.writerow(
            [
                row.number,
                row.day0.isoformat(),
                row.withdrawn_at.date().isoformat() if row.withdrawn_at else "",
                figures.expected,
                figures.completed,
                figures.on_time,
                figures.late,
                figures.partial,
                figures.missed,
                figures.excused,
                "" if figures.ratio is None else percent(figures.ratio),
                row.planned,
                row.missed_in_a_row,
            ]
        )
        if buffer.tell() > 8000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _chosen() -> Filter:
    asked = request.args.get("show", "all")
    return next((each for each in standing.FILTERS if each == asked), "all")


def _card(site: SiteFigures) -> dict[str, object]:
    spoken = language()
    return {
        "site": site,
        "percent": phrases.percent_words(site.figures.ratio, spoken) or "–",
        "sum": phrases.sum_words(site.figures, spoken),
        "trend": charts.trend(
            [week.ratio for week in site.weeks], t("compliance.trend", site=site.place.name), t("compliance.line")
        ),
        "below": standing.is_below(site.figures),
        "available": t("of", some=site.available[0], all=site.available[1]),
    }


def _groups(page: Page) -> list[dict[str, object]]:
    """The page's patients by site, each group with its drawing."""
    groups = []
    for each in page.sites:
        rows = [row for row in page.rows if row.site_id == each.place.id]
        if rows:
            groups.append(
                {
                    "place": each.place,
                    "rows": [_table_row(row) for row in rows],
                    "strip": _strip(page, rows, each.place.name),
                }
            )
    return groups


def _strip(page: Page, rows: list[Row], site: str) -> str:
    spoken = language()
    words = strips.Words(
        title=t("compliance.calendar", site=site),
        today=t("compliance.today"),
        line=t("compliance.line"),
        nothing=t("compliance.nothing"),
    )
    drawn = [
        strips.Strip(
            number=row.number,
            href=url_for("staff.patient", number=row.number),
            cells=row.cells,
            ratio=row.figures.ratio,
            percent=phrases.percent_words(row.figures.ratio, spoken),
            sum=phrases.sum_words(row.figures, spoken),
            below=row.below,
            note=_note(row),
        )
        for row in rows
    ]
    return strips.calendar(drawn, page.first, page.last, page.today, words, lambda day: phrases.month_day(day, spoken))


def _note(row: Row) -> str:
    """The one thing to know of this patient."""
    spoken = language()
    if row.withdrawn_at is not None:
        return t("note.withdrawn", day=phrases.month_day(row.withdrawn_at.date(), spoken))
    if row.review and who().may(Right.SEE_FLARE, row.site_id):
        return phrases.review_words(row.review, spoken)
    if not row.stands.is_asked:
        return ", ".join(words for _, _, words in badges(row.stands, spoken))
    if row.tasks:
        return t("note.call", kind=task_label(row.tasks[0], row.recent, spoken))
    return "" if row.figures.expected else t("note.starts", day=phrases.month_day(row.day0, spoken))


def _table_row(row: Row) -> dict[str, object]:
    return {"row": row, "percent": phrases.percent_words(row.figures.ratio, language()) or "–", "note": _note(row)}
