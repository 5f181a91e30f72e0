"""What the protocol's page says of days, windows and texts, in one language and by the clocks of one zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from pro.domain.message_lint import Flaw
from pro.domain.outlook import ClockChange, Outlook, Text
from pro.domain.protocol import Anchor, Protocol, Timepoint
from pro.domain.schedule import Planned
from pro.web.desk.phrases import month_day, short_day
from pro.web.words import in_language, say, say_clock, say_date, say_day, say_number

HOUR = timedelta(hours=1)
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Words:
    language: str
    zone: ZoneInfo

    def t(self, key: str, **values: object) -> str:
        return say(f"protocol.{key}", self.language, **values)

    def number(self, number: int | Decimal) -> str:
        return say_number(number, self.language)

    def nth(self, day: int) -> str:
        """A study day, with a real minus before day 0."""
        return str(day).replace("-", MINUS)

    # Times

    def day(self, day: date) -> str:
        return say_day(day, self.language)

    def full_date(self, day: date) -> str:
        return say_date(day, self.language)

    def short(self, day: date) -> str:
        return short_day(day, self.language)

    def month_day(self, day: date) -> str:
        return month_day(day, self.language)

    def clock(self, at: datetime) -> str:
        return say_clock(at.astimezone(self.zone), self.language)

    def stamp(self, at: datetime) -> str:
        """`Sun 14 June, 04:00`."""
        return f"{self.short(at.astimezone(self.zone).date())}, {self.clock(at)}"

    def window(self, one: Planned) -> str:
        """From its opening to its closing; a date that is the same is said once."""
        opens, closes = (at.astimezone(self.zone) for at in (one.opens_at, one.closes_at))
        if opens.date() == closes.date():
            return self.t("window.same-day", start=self.stamp(one.opens_at), end=self.clock(one.closes_at))
        return self.t("window.days", start=self.stamp(one.opens_at), end=self.stamp(one.closes_at))

    def late(self, one: Planned) -> str:
        return "" if one.late_until is None else self.t("window.late", end=self.stamp(one.late_until))

    def minutes(self, minutes: Decimal) -> str:
        """`7 min`, over an hour `1 h 20 min`; empty for none."""
        if not minutes:
            return ""
        if minutes < 60:
            return self.t("minutes", n=self.number(minutes))
        hours, rest = divmod(int(minutes.to_integral_value(ROUND_HALF_UP)), 60)
        return self.t("hours-minutes", hours=hours, n=rest) if rest else self.t("hours", n=hours)

    def basis(self, outlook: Outlook) -> str:
        """What a printed page, or a list of lines, is reckoned from."""
        day, cutoff = say_day(outlook.day0, self.language, year=True), say_clock(outlook.protocol.cutoff, self.language)
        return self.t("printed", day=day, zone=outlook.zone.key, cutoff=cutoff)

    # Texts

    def why(self, sms: Text) -> str:
        """Why a text does not go; empty where it does."""
        return "" if sms.leaves_at is not None else self.t(f"why.{sms.why}")

    def flaw(self, flaw: Flaw) -> str:
        return self.t(f"flaw.{flaw.kind}", what=flaw.what)

    # The clocks

    def change(self, change: ClockChange) -> str:
        """What the clocks show before the jump, and right after it; which dates a jump over the date line takes away."""
        if change.skipped:
            return " ".join(self._skipped(day) for day in change.skipped)
        key = "clocks.forward" if change.forward else "clocks.back"
        return self.t(
            key if change.shown.date() == change.then.date() else f"{key}-day",
            day=self.day(change.shown.date()),
            new=self.day(change.then.date()),
            shown=say_clock(change.shown, self.language),
            then=say_clock(change.then, self.language),
        )

    def _skipped(self, day: date) -> str:
        before, after = (self.day(day + timedelta(days=by)) for by in (-1, 1))
        said = say_day(day, self.language, year=True)
        return self.t("clocks.skipped", day=said, zone=self.zone.key, before=before, after=after)

    def _length(self, by: timedelta) -> str:
        if by % HOUR:
            return self.t("minutes", n=by // timedelta(minutes=1))
        return self.t("clocks.hours", n=by // HOUR)

    # When

    def when(self, protocol: Protocol, timepoint: Timepoint, day0: date) -> str:
        """The rule of a timepoint, with its dates where they count from day 0."""
        if timepoint.on_demand:
            days = self._days(timepoint.first_day, timepoint.last_day)
            return self.t("when.on-demand", days=days)
        anchor = "" if timepoint.anchor.kind == "day0" else self.anchor(protocol, timepoint.anchor)
        if timepoint.hours is not None:
            opens, closes = (self._length(each) for each in (timepoint.hours.opens, timepoint.hours.closes))
            return self.t("when.hours", start=opens, end=closes, anchor=anchor or self.t("anchor.day0"))
        said = self._rhythm(timepoint)
        if anchor:
            return self.t("when.after", rhythm=said, anchor=anchor)
        first, last = (day0 + timedelta(days=n) for n in (timepoint.first_day, timepoint.last_day))
        dates = (
            self.day(first)
            if first == last
            else self.t("when.span", first=self.month_day(first), last=self.month_day(last))
        )
        return self.t("when.dated", rhythm=said, dates=dates)

    def _rhythm(self, timepoint: Timepoint) -> str:
        days = self._days(timepoint.first_day, timepoint.last_day)
        if not timepoint.repeats:
            return days
        if timepoint.burst > 1:
            return self.t("when.burst", days=days, n=timepoint.burst, every=timepoint.every)
        if timepoint.every > 1:
            return self.t("when.every", days=days, n=timepoint.every)
        return self.t("when.daily", days=days)

    def _days(self, first: int, last: int) -> str:
        return (
            self.t("when.day", n=self.nth(first))
            if first == last
            else self.t("when.days", first=self.nth(first), last=self.nth(last))
        )

    def anchor(self, protocol: Protocol, anchor: Anchor) -> str:
        if anchor.kind == "visit":
            title = in_language(protocol.timepoint(anchor.name).title, self.language)
            return self.t(f"anchor.{anchor.by}", title=title)
        return self.t(f"anchor.{anchor.name}")
