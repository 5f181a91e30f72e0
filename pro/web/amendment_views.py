"""What an amendment does to one patient, in a coordinator's words: like changes of a row of days in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import groupby

from markupsafe import Markup

from pro.domain import zones
from pro.domain.patient_days import patient_day
from pro.domain.protocol import Protocol
from pro.domain.reminders import leaves_at
from pro.domain.schedule import Planned
from pro.library import Library
from pro.services.amended import Amended, Item, Numbers
from pro.web.amendment_drawing import Words, drawing
from pro.web.desk.phrases import month_day
from pro.web.words import in_language, say, say_clock, say_place

KINDS = ("appears", "vanishes", "renewed", "kept", "same", "over")
STAYS = ("answered", "begun", "message-sent", "over", "would-be-over")


@dataclass(frozen=True, slots=True)
class Line:
    kind: str
    what: str
    """Such as `Week 4`."""
    said: str


@dataclass(frozen=True, slots=True)
class Card:
    """One patient."""

    number: str
    versions: str
    drawn: Markup
    lines: tuple[Line, ...]
    place: str
    """Whose clocks its times go by, where the site's show another; else empty."""
    stays: tuple[str, ...]


def summary(numbers: Numbers, language: str) -> list[str]:
    """`24 assessments move`, `6 appear`: what there is none of is left out."""
    days = [("days", numbers.moves - numbers.sms), ("sms", numbers.sms)] if numbers.sms else [("moves", numbers.moves)]
    found = days + [(kind, getattr(numbers, kind)) for kind in KINDS]
    return [say(f"amendment.count.{kind}", language, n=n) for kind, n in found if n]


def card(one: Amended, library: Library, to: Protocol, now: datetime, language: str) -> Card:
    patient = one.patient
    protocols = {version: library.protocol(to.id, version) for version in {patient.protocol_version, to.version}}
    speak = Speaker(to, protocols[patient.protocol_version], patient.zone, now, language)
    today = patient_day(now, zones.zone(patient.zone), to.cutoff)
    visits = frozenset(each.key for named in protocols.values() for each in named.timepoints if not each.repeats)
    words = Words(
        say("amendment.drawing.title", language, number=patient.number),
        say("amendment.drawing.before", language, version=patient.protocol_version),
        say("amendment.drawing.after", language, version=to.version),
        say("amendment.drawing.today", language),
    )
    return Card(
        patient.number,
        say("amendment.versions", language, before=patient.protocol_version, after=to.version),
        drawing(one.items, visits, today, words, partial(month_day, language=language)),
        tuple(speak.lines(one.items)),
        "" if _same_clocks(patient.zone, patient.site_zone, now) else say_place(patient.zone, language),
        tuple(_stays(one.items, language)),
    )


def _same_clocks(zone: str, other: str, now: datetime) -> bool:
    return now.astimezone(zones.zone(zone)).utcoffset() == now.astimezone(zones.zone(other)).utcoffset()


def _stays(items: Sequence[Item], language: str) -> Iterator[str]:
    for why in (*STAYS, "same"):
        n = sum((item.kind == "stays" and item.why == why) or (item.passed and why == "same") for item in items)
        if n:
            yield say(f"amendment.stay.{why}", language, n=n)


@dataclass(frozen=True, slots=True)
class Speaker:
    to: Protocol
    before: Protocol
    zone: str
    now: datetime
    language: str

    def lines(self, items: Iterable[Item]) -> Iterator[Line]:
        """Like changes in a row are one line; visits are told before what repeats."""
        changed = sorted(
            (self._to_come(item) for item in items if item.kind != "stays" and not item.passed), key=self._place
        )
        for (_, kind, key, _), group in groupby(changed, key=self._like):
            alike = list(group)
            yield Line(kind, self.title(key), self._said(alike))

    def _to_come(self, item: Item) -> Item:
        """What is new in the middle of its window is not reminded of at times that have passed."""
        if item.kind != "appears" or item.after is None:
            return item
        left = tuple(step for step in item.after.reminders if step.at > self.now)
        return replace(item, after=replace(item.after, reminders=left))

    def title(self, key: str) -> str:
        for protocol in (self.to, self.before):
            for each in protocol.timepoints:
                if each.key == key:
                    return in_language(each.title, self.language) or key
        return key

    def _place(self, item: Item) -> tuple[object, ...]:
        repeats, kind, key, shape = self._like(item)
        return repeats, kind, self._order(key), str(shape), item.day

    def _order(self, key: str) -> tuple[int, str]:
        """As the protocol lists them: week 2 before week 12."""
        listed = [each.key for each in (*self.to.timepoints, *self.before.timepoints)]
        return (listed.index(key) if key in listed else len(listed)), key

    def _like(self, item: Item) -> tuple[bool, str, str, tuple[object, ...]]:
        """What is told together."""
        repeats = any(
            each.key == item.timepoint and each.repeats for each in (*self.to.timepoints, *self.before.timepoints)
        )
        shift = (item.after.day - item.before.day).days if item.after and item.before else 0
        windows = tuple(self._shape(each) for each in (item.before, item.after) if each is not None)
        return repeats, item.kind, item.timepoint, (shift, windows)

    def _shape(self, one: Planned) -> tuple[object, ...]:
        first, last = self._window(one)
        late = one.late_until and self._local(one.late_until).time()
        return (first - one.day).days, (last - one.day).days, late, self._clocks(one)

    def _said(self, alike: Sequence[Item]) -> str:
        item = alike[0]
        when = self._days([each.day for each in alike])
        if item.kind == "appears":
            return self._new(item.after, when)
        if item.kind in ("vanishes", "renewed"):
            return self.say(item.kind, when=when)
        assert item.before is not None
        assert item.after is not None
        if item.before.day != item.after.day:
            return self.say("day", before=self._day(item.before.day), after=self._day(item.after.day))
        return "; ".join(self._parts(item.before, item.after, when)) or self.say("window", when=when)

    def _parts(self, before: Planned, after: Planned, when: str) -> Iterator[str]:
        if self._clocks(before) != self._clocks(after):
            silenced = self._silenced(after)
            said = self.say("sms", when=when, before=self._sms(before), after=self._sms(after))
            yield "; ".join([said, self.say("quiet", sms=", ".join(silenced))] if silenced else [said])
        if self._window(before) != self._window(after):
            spans = [" – ".join(self._day(each) for each in self._window(one)) for one in (before, after)]
            yield self.say("open", before=spans[0], after=spans[1])
        if before.late_until != after.late_until:
            yield self.say("late", before=self._late(before), after=self._late(after))

    def _new(self, after: Planned | None, when: str) -> str:
        """A form that appears, and whether any SMS will ask for it."""
        silenced = self._silenced(after) if after is not None else ()
        go = [clock for clock in self._clocks(after) if clock not in silenced] if after is not None else []
        if go:
            said = self.say("appears", when=when, sms=", ".join(go))
            return "; ".join([said, self.say("quiet", sms=", ".join(silenced))] if silenced else [said])
        return self.say("appears-quiet" if silenced else "appears-silent", when=when, sms=", ".join(silenced))

    def _silenced(self, one: Planned) -> tuple[str, ...]:
        """Clock times at which the quiet hours keep an SMS back until it is too late."""
        zone, quiet, late = zones.zone(self.zone), self.to.quiet_hours, self.to.late_message
        kept = [step for step in one.reminders if leaves_at(step.at, one.closes_at, zone, quiet, late) is None]
        return self._clocks(replace(one, reminders=tuple(kept)))

    def _late(self, one: Planned) -> str:
        if one.late_until is None:
            return self.say("never")
        return self.say("late-until", at=say_clock(self._local(one.late_until), self.language))

    def _window(self, one: Planned) -> tuple[date, date]:
        """First and last patient-day."""
        zone = zones.zone(self.zone)
        instants = one.opens_at, one.closes_at - (one.closes_at - one.opens_at) / 1000
        first, last = (patient_day(at, zone, self.to.cutoff) for at in instants)
        return first, last

    def _clocks(self, one: Planned) -> tuple[str, ...]:
        found = {
            (self._local(step.at).time(), say_clock(self._local(step.at), self.language)) for step in one.reminders
        }
        return tuple(said for _, said in sorted(found))

    def _sms(self, one: Planned | None) -> str:
        clocks = self._clocks(one) if one is not None else ()
        return ", ".join(clocks) or self.say("no-sms")

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(zones.zone(self.zone))

    def _day(self, day: date) -> str:
        return month_day(day, self.language)

    def _days(self, days: Sequence[date]) -> str:
        if len(days) == 1:
            return self._day(days[0])
        return self.say("days", n=len(days), first=self._day(days[0]), last=self._day(days[-1]))

    def say(self, key: str, **values: object) -> str:
        return say(f"amendment.line.{key}", self.language, **values)
