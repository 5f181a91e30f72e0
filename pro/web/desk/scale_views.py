"""What the page of a patient's scales shows, card by card, ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial

from markupsafe import Markup

from pro.domain.assessment import State
from pro.domain.questionnaire import Questionnaire, Scale
from pro.services.scales import Card, Line, Reading, Scales, Visit
from pro.web import scale_charts
from pro.web.desk import phrases
from pro.web.desk.scale_notes import judged_words, outside_words, titled, when_examined
from pro.web.desk.scale_parts import CardView, Cell, Row, Source, Table
from pro.web.desk.scale_words import (
    absent_words,
    bound_of,
    bound_words,
    change_words,
    plain,
    s,
    short_titles,
    value_words,
    visit_name,
    visit_short,
)
from pro.web.placeholders import banner_here
from pro.web.scale_charts import Cut, Drawn, Mark
from pro.web.words import in_language

FEW = 3
"""Scales with numbers that get a chart each; a card with more of them has a row each."""
NOT_YET = (State.EXPECTED, State.OPEN, State.BEGUN)


@dataclass(frozen=True, slots=True)
class Views:
    """Turns a patient's scales into what the page draws, in one language."""

    found: Scales
    language: str

    def cards(self, apart: Sequence[Card] = ()) -> list[CardView]:
        """All but those that the page shows apart."""
        return [self.card(card) for card in self.found.cards if card not in apart]

    def ticks(self) -> list[tuple[int, str]]:
        offsets = sorted({visit.offset for visit in self.found.visits if visit.offset >= 0})
        return [(offset, visit_short(offset, self.language)) for offset in offsets] or [(0, "")]

    def card(self, card: Card) -> CardView:
        shorts = short_titles(card.lines, self.language)
        titles = [titled(each.scale, short, self.language) for each, short in zip(card.lines, shorts, strict=True)]
        numbers = [line for line in card.lines if line.scale.low is not None]
        charts = len(numbers) <= FEW
        rows = [self.row(card, line, title, charts) for line, title in zip(card.lines, titles, strict=True)]
        same = rows[0].absent if len({row.absent for row in rows}) == 1 else ()
        if not charts:
            same = min((row.absent for row in rows), key=lambda absent: len(" ".join(absent)))
        return CardView(
            id=card.questionnaire.id,
            title=phrases.form_title(card.questionnaire, self.language),
            by=self._by(card),
            banner=banner_here(card.questionnaire, self.language),
            charts=charts,
            empty=not any(row.value for row in rows),
            rows=tuple(rows),
            absent=same,
            versions=self._versions(card),
            source=card.questionnaire.source,
            table=self.table(card, titles),
        )

    def row(self, card: Card, line: Line, title: str, chart: bool) -> Row:
        last, id_ = line.last, card.questionnaire.id
        change, change_short = self.change(card, line)
        return Row(
            title=title,
            value=value_words(id_, last, self.language) if last else "",
            when=", ".join(filter(None, (self.when(last.visit), when_examined(last, self.language)))) if last else "",
            change=change,
            change_short=change_short,
            band=in_language(last.band.text, self.language) if last and last.band else "",
            direction="" if line.scale.direction == "none" else s(f"direction.{line.scale.direction}", self.language),
            answered=self._answered(last),
            cut=self.cut(line.scale),
            sources=self.sources(line.scale),
            absent=self.absent(card, line),
            drawing=self.drawing(card, line, chart),
            notes=self.notes(last) if last else (),
        )

    def notes(self, reading: Reading) -> tuple[str, ...]:
        judged = judged_words(reading, self.language)
        return (*outside_words(self.found, reading, self.language), *([judged] if judged else []))

    def since(self) -> str:
        """Heads the column of changes."""
        baseline = self.found.baseline
        return s("since", self.language, visit=visit_name(baseline, self.language)) if baseline else ""

    def axis(self) -> str:
        ticks = self.ticks()
        return f"{ticks[0][1]}–{ticks[-1][1]}"

    def when(self, visit: Visit) -> str:
        day = phrases.short_day(visit.day, self.language)
        return s("now", self.language, visit=visit_name(visit, self.language), day=day)

    def change(self, card: Card, line: Line) -> tuple[str, str]:
        """From the baseline to the newest value, in a sentence and in a word or two.

        Empty where they are the same visit or nothing is a number.
        """
        since, last = self.found.baseline, line.last
        if since is None or last is None or last.number is None or last.visit is since:
            return "", ""
        visit = visit_name(since, self.language)
        first = line.at(since)
        if first is None or first.number is None:
            return s("no-baseline", self.language, visit=visit), s("dash", self.language)
        by, better = change_words(card.questionnaire.id, line, first, last, self.language)
        if not by:
            return s("same", self.language, visit=visit), s("same-short", self.language)
        said = s("change", self.language, change=by, visit=visit)
        return (f"{said}, {better}", f"{by} {better}") if better else (said, by)

    def cut(self, scale: Scale) -> str:
        """The one line of a scale with two bands, in words."""
        if len(scale.bands) != 2 or bound_of(scale.bands[0]) is None:
            return ""
        text = in_language(scale.bands[0].text, self.language)
        bound = bound_words(scale, 0, self.language, partial(plain, language=self.language))
        return text if bound in text else s("cut.is", self.language, bound=bound, text=text)

    def sources(self, scale: Scale) -> tuple[Source, ...]:
        """Every bound with its citation."""
        say_bound = partial(plain, language=self.language)
        named = []
        for n, band in enumerate(scale.bands):
            if band.source:
                bound = bound_words(scale, n, self.language, say_bound)
                text = in_language(band.text, self.language)
                said = text if bound in text else s("cut.is", self.language, bound=bound, text=text)
                named.append(Source(said, band.source))
        return tuple(named)

    def absent(self, card: Card, line: Line) -> tuple[str, ...]:
        """Visits without a value, those with one reason together: `W2: missed`, `W8, W12: to come`."""
        found: dict[str, list[str]] = {}
        for reading in line.readings:
            if reading.score is None or reading.score.value is None:
                why = absent_words(reading, card.questionnaire, self.language)
                found.setdefault(why, []).append(visit_short(reading.visit.offset, self.language))
        return tuple(s("cut.is", self.language, bound=", ".join(visits), text=why) for why, visits in found.items())

    def drawing(self, card: Card, line: Line, chart: bool, zoned: bool = False) -> Markup:
        """Empty where the scale is no number or has no value after day 0."""
        scale = line.scale
        marks = [self._mark(card, reading) for reading in line.readings if reading.visit.offset >= 0]
        if scale.low is None or scale.high is None or not any(mark.value is not None for mark in marks):
            return Markup("")
        low, high = _fitting(scale.low, scale.high, marks) if zoned else (scale.low, scale.high)
        drawn = Drawn(
            marks=marks,
            ticks=self.ticks(),
            low=low,
            high=high if chart else _near(high, marks),
            ends=(plain(self._end(low), self.language), plain(self._end(high), self.language)),
            cuts=[
                Cut(bound, plain(bound, self.language)) for band in scale.bands if (bound := bound_of(band)) is not None
            ],
            zones=[in_language(band.text, self.language) for band in scale.bands] if zoned else (),
        )
        title = self._title(card, line)
        return scale_charts.chart(drawn, title) if chart else scale_charts.spark(drawn, title)

    def _end(self, value: Decimal) -> Decimal:
        return value.quantize(Decimal("0.1")) if value != value.to_integral_value() else value

    def _mark(self, card: Card, reading: Reading) -> Mark:
        said = value_words(card.questionnaire.id, reading, self.language)
        gone = reading.number is None and reading.visit.state not in NOT_YET
        return Mark(reading.visit.offset, reading.number, said, gone)

    def _title(self, card: Card, line: Line) -> str:
        """The drawing in words: every visit with its value or why it has none."""
        said = []
        for reading in line.readings:
            words = value_words(card.questionnaire.id, reading, self.language)
            words = words or absent_words(reading, card.questionnaire, self.language)
            said.append(s("at", self.language, visit=visit_name(reading.visit, self.language), value=words))
        title = titled(line.scale, in_language(line.scale.title, self.language), self.language)
        if line.scale.direction != "none":
            title += f", {s(f'direction.{line.scale.direction}', self.language)}"
        return s("list-title", self.language, title=title, list="; ".join(said))

    def _by(self, card: Card) -> str:
        """Whose figures these are; a patient's count is never taken for a clinician's."""
        if card.source == "patient" and any(line.scale.method.startswith("joint_count") for line in card.lines):
            return s("by.own-count", self.language)
        return s(f"by.{card.source}", self.language)

    def _answered(self, last: Reading | None) -> str:
        score = last.score if last else None
        if score is None or score.answered >= score.of:
            return ""
        return s("of", self.language, answered=score.answered, of=score.of)

    def _versions(self, card: Card) -> str:
        """Versions that were answered, with their visits, where they are several."""
        found: dict[str, list[str]] = {}
        for reading in card.lines[0].readings if card.lines else ():
            if reading.score is not None:
                found.setdefault(reading.version, []).append(visit_short(reading.visit.offset, self.language))
        if len(found) < 2:
            only = next(iter(found), card.questionnaire.version)
            return s("version", self.language, version=only)
        said = [f"{s('version', self.language, version=v)} ({', '.join(visits)})" for v, visits in found.items()]
        return s("versions", self.language, list=", ".join(said))

    def table(self, card: Card, titles: Sequence[str]) -> Table:
        visits = [reading.visit for reading in card.lines[0].readings] if card.lines else []
        days = [when_examined(reading, self.language) for reading in card.lines[0].readings] if card.lines else []
        heads = [
            (visit_name(v, self.language), said or phrases.month_day(v.day, self.language))
            for v, said in zip(visits, days, strict=True)
        ]
        rows = [
            (title, tuple(self._cell(card.questionnaire, reading) for reading in line.readings))
            for line, title in zip(card.lines, titles, strict=True)
        ]
        return Table(tuple(heads), tuple(rows))

    def _cell(self, questionnaire: Questionnaire, reading: Reading) -> Cell:
        value = value_words(questionnaire.id, reading, self.language)
        if not value:
            return Cell(absent_words(reading, questionnaire, self.language), (), True)
        more = [in_language(reading.band.text, self.language)] if reading.band else []
        more += [self._answered(reading)] if self._answered(reading) else []
        more += self.notes(reading)
        more += [s("corrected", self.language)] if reading.n > 1 else []
        return Cell(value, tuple(more), False)


def _fitting(low: Decimal, high: Decimal, marks: Sequence[Mark]) -> tuple[Decimal, Decimal]:
    """The part of a DAS28's scale where its cut-offs lie, wider by whole steps where a value lies beyond."""
    values = [mark.value for mark in marks if mark.value is not None]
    least = min(*values, Decimal(1)).to_integral_value(ROUND_FLOOR)
    most = max(values)
    top = Decimal("6.5") if most <= Decimal("6.5") else most.to_integral_value(ROUND_CEILING)
    return max(low, least), min(high, top)


def _near(high: Decimal, marks: Sequence[Mark]) -> Decimal:
    """The top of a drawing in a row: the scale's own, nearer where every value lies in its lowest third."""
    most = max(mark.value for mark in marks if mark.value is not None)
    return max(most * Decimal("1.25"), Decimal(5)) if most * 3 < high else high
