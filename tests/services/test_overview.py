"""What the desk reads, on both engines: figures, pages by key, and no more than a screen's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, update

from pro.domain.assessment import State
from pro.domain.compliance import percent
from pro.services import access, audit, audit_trail, episodes, outbox_view, overview, patients, standing
from pro.services.access import Identity, SignedIn
from pro.services.enrolment import COMMAND_LINE, holding
from pro.services.parts import Parts
from pro.store.tables import Flare, Message, Reminder, Task, metadata
from tests.conftest import Urls
from tests.factories import NOW, PASSWORD, Made, make_parts, make_patient, make_staff, make_study, settle

FIRST = date(2026, 4, 1)


@pytest.fixture
def parts(database_urls: Urls) -> Iterator[Parts]:
    made = make_parts(database_urls)
    yield made
    made.study.close()
    made.contacts.close()


@pytest.fixture
def made(parts: Parts) -> Made:
    study = make_study(parts)
    make_staff(parts, study, "inv")
    make_staff(parts, study, "dm", role="data-manager", site=None)
    return study


def who(parts: Parts, login: str = "inv") -> Identity:
    opened = access.sign_in(parts, login, PASSWORD, "", parts.clock.now())
    assert isinstance(opened, SignedIn)
    identity = access.staff_of(parts, opened.token, parts.clock.now())
    assert identity is not None
    return identity


def days(*missed: int, until: int = 13) -> Callable[[date], str | None]:
    """Diary days from the first of April: completed but those missed, none after `until`."""
    return lambda day: None if day > date(2026, 4, until) else "missed" if day.day in missed else "completed"


def test_kept_count_and_live_rows_agree_with_the_patients(parts: Parts, made: Made) -> None:
    for n, missed in enumerate(((), (3, 4), (12, 13))):
        settle(parts, make_patient(parts, made, f"R-00{n}", day0=FIRST), days(*missed))
    settle(parts, make_patient(parts, made, "R-009", day0=FIRST), days(until=14))
    page = standing.page(parts, who(parts), parts.clock.now())
    assert page.study == sum((row.figures for row in page.rows[1:]), page.rows[0].figures)
    assert (page.study.completed, page.study.expected) == (13 + 11 + 11 + 14, 13 + 13 + 13 + 14)
    assert [row.missed_in_a_row for row in page.rows] == [0, 0, 2, 0]


def test_partial_and_excused_days_stay_expected(parts: Parts, made: Made) -> None:
    states = {7: "excused", 8: "partial", 9: "late", 10: "missed"}
    patient_id = make_patient(parts, made, day0=date(2026, 4, 4))
    settle(parts, patient_id, lambda d: states.get(d.day, "completed") if d <= date(2026, 4, 13) else None)
    page = standing.page(parts, who(parts), parts.clock.now())
    figures = page.rows[0].figures
    assert (figures.expected, figures.completed, figures.late, figures.partial) == (10, 7, 1, 1)
    assert percent(page.study.ratio) == Decimal("70.0")
    assert {cell.state for cell in page.rows[0].cells} >= {State.EXCUSED, State.PARTIAL, State.LATE, State.MISSED}


def test_nothing_closed_is_neither_none_nor_all(parts: Parts, made: Made) -> None:
    make_patient(parts, made, day0=date(2026, 4, 15))
    page = standing.page(parts, who(parts), parts.clock.now())
    assert page.study.ratio is None
    assert page.rows[0].figures.ratio is None
    assert not page.rows[0].below


def test_a_withdrawn_patient_is_measured_until_then(parts: Parts, made: Made) -> None:
    patient_id = make_patient(parts, made, day0=FIRST)
    settle(parts, patient_id, days(3, 4, until=10))
    table = metadata.tables["assessment"]
    with parts.study.writing() as session:
        left = datetime(2026, 4, 11, 12, tzinfo=UTC)
        session.execute(update(metadata.tables["patient"]).values(withdrawn_at=left))
        session.execute(update(table).where(table.c.day > date(2026, 4, 10)).values(cancelled_at=left))
    page = standing.page(parts, who(parts), parts.clock.now())
    row = page.rows[0]
    assert page.sites[0].available == (8, 14)
    assert (row.figures.completed, row.figures.expected) == (8, 10)
    assert row.planned == 14
    assert row.missed_in_a_row == 0


def test_pages_follow_the_key_and_miss_nobody(parts: Parts, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "PAGE", 2)
    monkeypatch.setattr(standing, "LOOKED_AT", 3)
    for n in range(7):
        settle(parts, make_patient(parts, made, f"R-00{n}", day0=FIRST), days(*(range(1, 10) if n != 4 else ())))
    identity, now = who(parts), parts.clock.now()
    for chosen, wanted in (("all", 7), ("below", 6)):
        seen: list[str] = []
        after: str | None = ""
        while after is not None:
            page = standing.page(parts, identity, now, chosen, after)  # type: ignore[arg-type]
            assert len(page.rows) <= 2
            seen += [row.number for row in page.rows]
            after = page.next
        assert len(seen) == len(set(seen)) == wanted
    assert [row.number for row in standing.all_rows(parts, identity, now, "below")] == [
        f"R-00{n}" for n in (0, 1, 2, 3, 5, 6)
    ]


def test_other_sites_are_not_read(parts: Parts, made: Made) -> None:
    make_patient(parts, made, "L-001", site="L")
    identity, now = who(parts), parts.clock.now()
    assert standing.page(parts, identity, now).rows == ()
    assert standing.page(parts, identity, now, site_id=made.sites["L"]).rows == ()
    assert patients.listing(parts, identity, now).rows == ()
    assert len(patients.listing(parts, who(parts, "dm"), now).rows) == 1


def test_today_counts_more_than_it_shows(parts: Parts, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "SHOWN", 2)
    for n in range(3):
        patient_id = make_patient(parts, made, f"R-00{n}", day0=FIRST)
        opened = NOW - timedelta(hours=30 - n)
        with parts.study.writing() as session:
            session.add(
                Flare(
                    patient_id=patient_id,
                    site_id=made.sites["R"],
                    n=1,
                    opened_at=opened,
                    opened_day=date(2026, 4, 14),
                    last_hit_day=date(2026, 4, 14),
                )
            )
    today = overview.today(parts, who(parts), parts.clock.now())
    assert (len(today.flares), today.flares_in_all, today.things) == (2, 3, 3)
    assert [line.number for line in today.flares] == ["R-000", "R-001"]
    assert all(line.overdue for line in today.flares)


def test_next_visits_say_which_are_not_asked_for(parts: Parts, made: Made) -> None:
    """On hold or in a pause nobody is to be asked for them; a pause of other days changes nothing."""
    named = ("R-001", "R-002", "R-003", "R-004")
    ids = {number: make_patient(parts, made, number, day0=FIRST) for number in named}
    day = FIRST + timedelta(days=14)
    holding.hold(parts, COMMAND_LINE, ids["R-002"], "hospital", parts.clock.now())
    holding.pause(parts, COMMAND_LINE, ids["R-003"], day, day + timedelta(days=2), "holiday", parts.clock.now())
    holding.pause(parts, COMMAND_LINE, ids["R-004"], day + timedelta(days=3), day + timedelta(days=9), "holiday",
                  parts.clock.now())  # fmt: skip
    found = overview.today(parts, who(parts), parts.clock.now())
    shown = {(one.number, one.timepoint): one.not_asked for one in (*found.visits, *found.to_enter)}
    week2 = {number: shown[number, "week2"] for number in named}
    assert week2 == {"R-001": "", "R-002": "hold", "R-003": "pause", "R-004": ""}


def test_a_curve_keeps_its_gaps_and_takes_the_newest_version(parts: Parts, made: Made) -> None:
    patient_id = make_patient(parts, made, day0=FIRST)
    settle(parts, patient_id, days(5, until=8), lambda day: {"worst_pain": day.day})
    table = metadata.tables["response"]
    with parts.study.writing() as session:
        old = session.execute(table.select().where(table.c.day == date(2026, 4, 7))).one()
        corrected = {k: v for k, v in old._mapping.items() if k != "id"}
        corrected |= {"n": 2, "answers": old.answers.replace('"value":7', '"value":2')}
        session.execute(table.insert().values(corrected))
        old = session.execute(table.select().where(table.c.day == date(2026, 4, 3))).one()
        skipped = {k: v for k, v in old._mapping.items() if k != "id"}
        skipped |= {"n": 2, "answers": '{"worst_pain":{"code":"skipped","value":null}}'}
        session.execute(table.insert().values(skipped))
    identity = who(parts)
    found = patients.find(parts, identity, "R-001")
    assert found is not None
    page = patients.page(parts, found, parts.clock.now(), every=True)
    assert [(point.day.day, int(point.value)) for point in page.curve] == [
        (1, 1), (2, 2), (4, 4), (6, 6), (7, 2), (8, 8),
    ]  # fmt: skip
    assert date(2026, 4, 5) in page.missed
    assert [row.n for row in page.answers if row.day.day == 7] == [2, 1]


def test_messages_and_the_steps_that_none_carried(parts: Parts, made: Made) -> None:
    patient_id = make_patient(parts, made, day0=FIRST)
    assessments = metadata.tables["assessment"]
    with parts.study.writing() as session:
        mine = session.execute(assessments.select().where(assessments.c.day == date(2026, 4, 14))).first()
        assert mine is not None
        session.add(
            Reminder(assessment_id=mine.id, step="at-20:00", planned_at=NOW - timedelta(hours=12), why_none="submitted")
        )
        for n in range(5):
            session.add(
                Message(
                    dedupe_key=f"reminder:{n}",
                    site_id=made.sites["R"],
                    patient_id=patient_id,
                    template="reminder",
                    language="fr",
                    due_at=NOW - timedelta(hours=1),
                    not_after=NOW,
                    state=("delivered", "sending", "pending", "dropped", "dropped")[n],
                    error=(None, None, None, "submitted", "no-number")[n],
                )
            )
    identity, now = who(parts), parts.clock.now()
    found = outbox_view.page(parts, identity, now, "all", None)
    assert (found.figures.sent, found.figures.due, found.figures.unknown) == (1, 3, 1)
    assert (found.figures.dropped, found.figures.no_number) == (2, 1)
    assert [step.why for step in found.unsent] == ["submitted"]
    after = (found.texts[0].due_at, found.texts[0].id)
    assert len(outbox_view.page(parts, identity, now, "all", after).texts) == 4


def test_the_trail_pages_by_key_through_equal_instants(
    parts: Parts, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail, "PAGE", 4)
    for number in ("R-001", "R-002"):
        patient_id = make_patient(parts, made, number, day0=FIRST)
        with parts.study.writing() as session:
            for _ in range(5):
                audit.record(session, audit.lock_patient(session, patient_id), "link.made", {}, audit.WORKER, NOW)
    identity = who(parts)
    seen: list[tuple[str, int]] = []
    before = None
    while True:
        page = audit_trail.read_page(parts, identity, before=before)
        seen += [(entry.chain, entry.seq) for entry in page.entries]
        if page.next is None:
            break
        before = page.next
    assert len(seen) == len(set(seen)) == 10


def test_statements_do_not_grow_with_the_patients(parts: Parts, made: Made) -> None:
    identity, now = who(parts), parts.clock.now()
    counts = []
    for n in range(2):
        for k in range(3):
            settle(parts, make_patient(parts, made, f"R-{n}{k}", day0=FIRST), days())
        statements: list[str] = []

        def note(_c: object, _k: object, statement: str, *_: object, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(parts.study.engine, "after_cursor_execute", note)
        overview.today(parts, identity, now)
        standing.page(parts, identity, now)
        patients.listing(parts, identity, now)
        event.remove(parts.study.engine, "after_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 35


def test_a_patient_to_call_stands_there_once_with_the_most_urgent_reason(parts: Parts, made: Made) -> None:
    first, second = make_patient(parts, made, "R-001", day0=FIRST), make_patient(parts, made, "R-002", day0=FIRST)
    with parts.study.writing() as session:
        for n, (patient_id, kind) in enumerate(
            ((first, "under-80"), (second, "under-80"), (first, "missed-in-a-row"), (first, "number-unreachable"))
        ):
            session.add(
                Task(site_id=made.sites["R"], patient_id=patient_id, kind=kind, made_at=NOW + timedelta(minutes=n))
            )
    today = overview.today(parts, who(parts), parts.clock.now())
    assert [(line.number, line.kind) for line in today.tasks] == [
        ("R-001", "number-unreachable"),
        ("R-002", "under-80"),
    ]
    assert today.things == today.tasks_in_all == 2
