"""What waits for a visit or an event is planned when it happens, and costs nothing where nothing waits. Both engines."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pro.library import DEFAULT_ROOT, Library, load
from pro.services import anchoring, closing, recounting
from pro.services.answering import Submitted, open_link, report_now, reportable, save, submit
from pro.services.enrolment import COMMAND_LINE
from pro.services.enrolment.holding import end, hold, pause, unpause
from pro.services.parts import Parts
from tests.conftest import Urls
from tests.factories import make_parts, make_patient, make_staff, make_study
from tests.services.play import BAD, begin, fill, give_link, saves, stand
from tests.services.test_bells import rows

DAY0 = date(2026, 4, 15)
EVENING = datetime(2026, 4, 15, 18, 0, tzinfo=UTC)
AFTER = """
  - key: after-flare
    title: {en: After a flare, fr: Après une poussée}
    respondent: patient
    questionnaires: [raid 1]
    anchor: {event: flare-opened}
    hours: {from: 24, to: 72}
    reminders: [10:00]

  - key: after-start
    title: {en: After the start, fr: Après le début}
    respondent: patient
    questionnaires: [raid 1]
    anchor: {visit: day0}
    days: 3
    reminders: [10:00]

  - key: after-dose
    title: {en: After the last dose, fr: Après la dernière dose}
    respondent: patient
    questionnaires: [raid 1]
    anchor: {event: dose-stopped}
    days: 30
    window: {after: 2}

  - key: report
    title: {en: Something new, fr: Du nouveau}
    respondent: patient
    questionnaires: [raid 1]
    days: {from: 0, to: 5}
    started_by: patient

"""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A third version of the protocol, with timepoints that wait."""
    root = tmp_path_factory.mktemp("books") / "questionnaires"
    shutil.copytree(DEFAULT_ROOT, root)
    folder: Path = root / "protocols/thera-demo"
    text = (folder / "1.yaml").read_text("utf-8").replace('version: "1"', 'version: "3"', 1)
    mark = "\n\n# --- Flares."
    assert text.count(mark) == 1
    (folder / "3.yaml").write_text(text.replace(mark, AFTER + mark), "utf-8")
    return load(root)


@pytest.fixture
def parts(database_urls: Urls, books: Library) -> Parts:
    return make_parts(database_urls, books=books)


@pytest.fixture
def patient(parts: Parts) -> int:
    made = make_study(parts)
    make_staff(parts, made, "first", duty=1)
    stand(parts, EVENING)
    return make_patient(parts, made, day0=DAY0)


def planned(parts: Parts, timepoint: str) -> list[dict[str, object]]:
    return [row for row in rows(parts, "assessment") if row["timepoint"] == timepoint]


def events(parts: Parts, kind: str) -> list[dict[str, object]]:
    return [json.loads(str(row["payload"])) for row in rows(parts, "audit_event") if row["kind"] == kind]


def send_day0(parts: Parts, token: str) -> None:
    moment = parts.clock.now()
    visit = next(one for one in open_link(parts, token, moment).waiting if one.timepoint == "day0")
    started = begin(parts, token, moment, assessment_id=visit.assessment_id)
    answers = {"pain-vas-48h.pain": 50, "patient-global.global": 50}
    save(parts, started.session_token, visit.assessment_id, saves(answers), moment)
    assert isinstance(submit(parts, started.session_token, visit.assessment_id, moment), Submitted)


def test_a_visit_sent_in_plans_what_is_counted_from_it(parts: Parts, patient: int) -> None:
    assert planned(parts, "after-start") == []
    send_day0(parts, give_link(parts, patient))
    (one,) = planned(parts, "after-start")
    assert (one["day"], one["opens_at"]) == (date(2026, 4, 18), datetime(2026, 4, 18, 2, tzinfo=UTC))
    assert one["next_at"] == datetime(2026, 4, 18, 8, tzinfo=UTC)
    (event,) = events(parts, "assessment.planned")
    assert event == {
        "after": "the submission of day0",
        "assessments": [{"day": "2026-04-18", "timepoint": "after-start"}],
    }


def test_a_flare_that_opens_plans_in_hours_once(parts: Parts, patient: int) -> None:
    fill(parts, give_link(parts, patient), BAD)
    (one,) = planned(parts, "after-flare")
    assert one["opens_at"] == EVENING + timedelta(hours=24)
    assert one["closes_at"] == EVENING + timedelta(hours=72)
    assert one["next_at"] == datetime(2026, 4, 17, 8, tzinfo=UTC)


def test_an_event_that_staff_report(parts: Parts, patient: int) -> None:
    assert anchoring.report(parts, COMMAND_LINE.actor, patient, "dose-stopped", parts.clock.now()) == 1
    assert anchoring.report(parts, COMMAND_LINE.actor, patient, "dose-stopped", parts.clock.now()) == 0
    (one,) = planned(parts, "after-dose")
    assert (one["day"], one["closes_at"]) == (date(2026, 5, 15), datetime(2026, 5, 18, 2, tzinfo=UTC))
    assert len(events(parts, "patient.event")) == 2
    with pytest.raises(ValueError, match="dose-stopped"):
        anchoring.report(parts, COMMAND_LINE.actor, patient, "flare-opened", parts.clock.now())


def test_what_is_planned_on_hold_is_excused(parts: Parts, patient: int) -> None:
    hold(parts, COMMAND_LINE, patient, "hospital", parts.clock.now())
    anchoring.report(parts, COMMAND_LINE.actor, patient, "dose-stopped", parts.clock.now())
    (one,) = planned(parts, "after-dose")
    assert one["excused_why"] == "hold: planned meanwhile"
    assert one["next_at"] == one["closes_at"]


def test_the_patient_opens_a_report_once_a_day(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=EVENING + timedelta(days=30))
    assert [one.key for one in reportable(parts, token, parts.clock.now())] == ["report"]
    assert report_now(parts, token, "report", parts.clock.now())
    assert report_now(parts, token, "report", stand(parts, EVENING + timedelta(hours=1)))
    (one,) = planned(parts, "report")
    assert (one["day"], one["opens_at"]) == (DAY0, EVENING)
    assert one["next_at"] == one["closes_at"] == datetime(2026, 4, 16, 2, tzinfo=UTC)
    assert events(parts, "assessment.opened") == [{"day": "2026-04-15", "timepoint": "report"}]
    waiting = open_link(parts, token, parts.clock.now()).waiting
    assert "report" in [each.timepoint for each in waiting]
    assert report_now(parts, token, "report", stand(parts, EVENING + timedelta(days=1)))
    assert len(planned(parts, "report")) == 2


def test_a_report_is_opened_on_its_days_behind_a_good_link(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=EVENING + timedelta(days=30))
    assert not report_now(parts, token, "diary", parts.clock.now())
    assert not report_now(parts, "x" * 22, "report", parts.clock.now())
    assert not report_now(parts, token, "report", stand(parts, EVENING + timedelta(days=6)))
    end(parts, COMMAND_LINE, patient, "completed", stand(parts, EVENING))
    assert not report_now(parts, token, "report", parts.clock.now())
    assert planned(parts, "report") == []


def test_a_report_left_empty_is_missed_by_nobody(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=EVENING + timedelta(days=30))
    assert report_now(parts, token, "report", parts.clock.now())
    closing.tick(parts, stand(parts, EVENING + timedelta(days=1)))
    (one,) = planned(parts, "report")
    assert (one["closed_at"], one["cancelled_at"]) == (None, parts.clock.now().study)
    assert events(parts, "assessment.left-empty") == [{"day": "2026-04-15", "timepoint": "report", "saves": []}]
    assert [row for row in rows(parts, "tally") if row["timepoint"] == "report"] == []
    assert recounting.tally(parts).ok


def test_a_report_begun_and_not_sent_is_kept_as_far_as_it_came(parts: Parts, patient: int) -> None:
    token = give_link(parts, patient, until=EVENING + timedelta(days=30))
    opened = report_now(parts, token, "report", parts.clock.now())
    assert opened
    started = begin(parts, token, assessment_id=opened)
    save(parts, started.session_token, opened, saves({"raid.pain": 3}), parts.clock.now())
    closing.tick(parts, stand(parts, EVENING + timedelta(days=1)))
    (one,) = planned(parts, "report")
    assert (one["answered"], one["cancelled_at"]) == (True, None)
    assert [row["partial"] for row in rows(parts, "tally") if row["timepoint"] == "report"] == [1]


def test_what_is_planned_into_a_pause_is_excused_until_that_is_taken_back(parts: Parts, patient: int) -> None:
    now = parts.clock.now()
    pause(parts, COMMAND_LINE, patient, date(2026, 5, 10), date(2026, 5, 20), "holiday", now)
    anchoring.report(parts, COMMAND_LINE.actor, patient, "dose-stopped", now)
    (one,) = planned(parts, "after-dose")
    assert (one["excused_why"], one["next_at"]) == ("pause: holiday", one["closes_at"])
    assert unpause(parts, COMMAND_LINE, patient, 1, now).assessments >= 1
    (one,) = planned(parts, "after-dose")
    assert one["excused_at"] is None


def test_an_event_is_reported_with_the_day_on_which_it_happened(parts: Parts, patient: int) -> None:
    now = parts.clock.now()
    for day in (DAY0 - timedelta(days=1), anchoring.day_of(parts, patient, None, now) + timedelta(days=1)):
        with pytest.raises(anchoring.NotReported, match="from day 0"):
            anchoring.report(parts, COMMAND_LINE.actor, patient, "dose-stopped", now, day)
    assert anchoring.report(parts, COMMAND_LINE.actor, patient, "dose-stopped", now, DAY0) == 1
    (one,) = planned(parts, "after-dose")
    assert one["day"] == DAY0 + timedelta(days=30)
    assert events(parts, "patient.event") == [{"event": "dose-stopped", "day": DAY0.isoformat()}]
