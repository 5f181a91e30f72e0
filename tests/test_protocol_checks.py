"""What `pro protocol check` says of anchors, hours, bursts, zones, recall and forms that nobody can reach."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from pro.commands.protocol import check
from pro.domain.protocol import Anchor
from pro.domain.questionnaire import AllOf, AnyOf, Item, Kind, Option, Questionnaire
from pro.domain.questionnaire import Test as Compared
from pro.domain.reach import never_shown
from pro.domain.schedule import plan
from pro.library import DEFAULT_ROOT, Problem, Unreadable, check_protocol_file, load
from pro.library.recalls import recall_hours

SOURCE = DEFAULT_ROOT / "protocols/thera-demo/1.yaml"
WEEK2 = "    days: 14\n    window: {before: 1, after: 1}\n"
DIARY_DAYS = "    days: {from: 0, to: 83}\n"


def changed(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    path = tmp_path / "protocol.yaml"
    text = SOURCE.read_text("utf-8")
    for old, new in pairs:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    return path


def told(path: Path) -> tuple[list[str], list[str]]:
    """Problems and warnings, each `LINE: what`."""
    warnings: list[Problem] = []
    problems: tuple[Problem, ...] = ()
    try:
        check_protocol_file(path, DEFAULT_ROOT, warnings)
    except Unreadable as refused:
        problems = refused.problems
    return [f"{one.line}: {one.what}" for one in problems], [f"{one.line}: {one.what}" for one in warnings]


def line_of(path: Path, text: str) -> int:
    lines = path.read_text("utf-8").splitlines()
    (found,) = (n for n, line in enumerate(lines, 1) if text in line)
    return found


def week2(rest: str) -> tuple[str, str]:
    return WEEK2, f"{rest}\n"


REFUSED = [
    ("itself", week2("    days: 14\n    anchor: {visit: week2}"), "anchor:", "week2 waits for itself (week2 for week2)"),
    ("no such visit", week2("    days: 14\n    anchor: {visit: week3}"), "anchor:", "'week3' is no visit that comes once"),
    ("a diary", week2("    days: 14\n    anchor: {visit: diary}"), "anchor:", "'diary' is no visit that comes once"),
    ("nothing examined", week2("    days: 14\n    anchor: {visit: day0, by: examination}"), "anchor:", "nothing is examined at day0"),  # noqa: E501
    ("no such event", week2("    days: 14\n    anchor: {event: full-moon}"), "anchor:", "unknown event 'full-moon'"),
    ("two anchors", week2("    days: 14\n    anchor: {visit: day0, event: dose-stopped}"), "anchor:", "one visit or one event"),
    ("no days", week2("    window: {before: 1, after: 1}"), "key: week2", "`days:` is missing here"),
    ("hours backwards", week2("    hours: {from: 72, to: 24}"), "    hours: {", "from before to"),
    ("hours without the clock time", week2("    hours: {from: 240, to: 242}"), None, "10:00 is never in the window: day 0 begins at 04:00, so it is open from 04:00 to 06:00"),  # noqa: E501
    ("hours and days", week2("    days: 14\n    hours: {from: 24, to: 72}"), "    hours: {", "days and hours are both given"),
    ("hours and window", week2("    hours: {from: 400, to: 472}\n    window: {after: 1}"), "    hours: {", "has no window:"),
    ("words of every", (DIARY_DAYS, "    days: {from: 0, to: 83, every: fortnight}\n"), "every:", "'fortnight' must be a number of days"),  # noqa: E501
    ("burst too long", (DIARY_DAYS, "    days: {from: 0, to: 83, every: week, for: 8 days}\n"), "for:", "must be 1 to 7 days"),
    ("patient's with reminders", (DIARY_DAYS, DIARY_DAYS + "    started_by: patient\n"), "reminders: [18:00", "nobody is reminded"),  # noqa: E501
    ("a zone", ("cutoff: 04:00\n", "cutoff: 04:00\nzones: [Europe/Paris, Europe/Pariss]\n"), "zones:", "did you mean Europe/Paris?"),  # noqa: E501
    ("overlap after a visit", week2("    days: 3\n    anchor: {visit: week4}\n    window: {before: 1, after: 1}"), None, "can overlap on day"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("pair", "at", "what"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_cannot_come_about_is_refused_at_its_line(
    tmp_path: Path, pair: tuple[str, str], at: str | None, what: str
) -> None:
    path = changed(tmp_path, pair)
    problems, _ = told(path)
    assert any(what in one and (at is None or one.startswith(f"{line_of(path, at)}: ")) for one in problems), problems


@pytest.mark.parametrize("hours", ["{from: 246, to: 248}", "{from: 244, to: 251}", "{from: 240, to: 260}"])
def test_hours_that_may_hold_a_clock_time_are_not_refused(tmp_path: Path, hours: str) -> None:
    """10:00 to 12:00, and 08:00 to 15:00; the clocks may change by two hours on the way."""
    problems, warnings = told(changed(tmp_path, week2(f"    hours: {hours}")))
    assert [one for one in problems if "10:00" in one] == []
    assert any("may hold no 10:00" in one for one in warnings)


@pytest.mark.parametrize("anchor", ["{visit: day0}", "{event: dose-stopped}"])
def test_hours_from_an_instant_nobody_foresees_are_not_refused(tmp_path: Path, anchor: str) -> None:
    problems, warnings = told(changed(tmp_path, week2(f"    hours: {{from: 240, to: 242}}\n    anchor: {anchor}")))
    assert problems == []
    assert any("may hold no 10:00" in one for one in warnings)


NEVER_HIT = [
    ((90, 92), "reference_first:", "joint-pain-diary is asked on days 0 to 83, on none of days 90 to 92, so R3 can never be hit"),
    ((-3, -1), "reference_first:", "on none of days -3 to -1, so R3 can never be hit"),
    ((81, 83), "reference_last:", "never after day 83, so nothing is compared and R3 can never be hit"),
]  # fmt: skip


def reference(first: int, last: int) -> tuple[tuple[str, str], ...]:
    return ("reference_first: 0 ", f"reference_first: {first} "), ("reference_last: 2", f"reference_last: {last}")


@pytest.mark.parametrize(("days", "at", "what"), NEVER_HIT)
def test_a_rule_that_compares_with_days_nobody_answers_on_is_refused(
    tmp_path: Path, days: tuple[int, int], at: str, what: str
) -> None:
    path = changed(tmp_path, *reference(*days))
    (one,), _ = told(path)
    assert one.startswith(f"{line_of(path, at)}: ")
    assert what in one


def test_a_rule_that_may_compare_holds(tmp_path: Path) -> None:
    assert told(changed(tmp_path, *reference(80, 82)))[0] == []
    every = (DIARY_DAYS, "    days: {from: 0, to: 83, every: week}\n")
    assert any("on none of days 1 to 6" in one for one in told(changed(tmp_path, every, *reference(1, 6)))[0])
    assert told(changed(tmp_path, every, *reference(1, 7)))[0] == []
    asked = "questionnaires: [joint-pain-diary 1, injection-diary 1]"
    away = (DIARY_DAYS, DIARY_DAYS + "    anchor: {event: dose-stopped}\n")
    assert asked in SOURCE.read_text("utf-8")
    assert [one for one in told(changed(tmp_path, away, *reference(90, 92)))[0] if "R3" in one] == []


@pytest.mark.parametrize("slip", ["joint-pain-diary 9", "joint-pain-diray 1"])
def test_a_slip_in_a_timepoint_is_said_once(tmp_path: Path, slip: str) -> None:
    """The rules that read the questionnaire say nothing more of it."""
    (one,), _ = told(changed(tmp_path, ("[joint-pain-diary 1,", f"[{slip},")))
    assert slip.split()[0] in one


@pytest.mark.parametrize("slip", ["joint-exam 9", "joint-exm 1"])
def test_a_slip_in_a_form_is_not_said_again_by_what_is_computed_from_it(tmp_path: Path, slip: str) -> None:
    path = tmp_path / "protocol.yaml"
    text = SOURCE.with_name("2.yaml").read_text("utf-8")
    assert text.count("clinician: [joint-exam 1]") == 5
    path.write_text(text.replace("joint-exam 1", slip), "utf-8")
    problems, _ = told(path)
    assert [one for one in problems if slip.split()[0] not in one.split(";")[0]] == []
    assert len(problems) == 5


def test_an_event_that_there_is_not_brings_no_warnings(tmp_path: Path) -> None:
    (one,), warnings = told(changed(tmp_path, week2("    days: 14\n    anchor: {event: flair}")))
    assert "unknown event 'flair'" in one
    assert [each for each in warnings if "flair" in each] == []


AS_NUMBERS = [
    ("review_within: 24 h", "review_within: 24", "review_within: must be a time span such as 30 min, 2 h or 14 d"),
    ("link_life: ", "link_life: 14 #", "link_life: must be a time span such as 30 min, 2 h or 14 d"),
    ("cutoff: 04:00", "cutoff: 4", "cutoff: must be a clock time from 00:00 to 23:59, such as 08:30"),
    ("reminders: [18:00, 20:00]", "reminders: [18, 9.5]", "reminders: must be a clock time from 00:00 to 23:59"),
    ("reminders: [18:00, 20:00]", "reminders: [18:00, 9.5]", "reminders: must be a clock time from 00:00 to 23:59"),
    ("late_until: 12:00", "late_until: 12", "late_until: must be a clock time from 00:00 to 23:59"),
    ("from: 20:30", "from: 20.5", "from: must be a clock time from 00:00 to 23:59"),
    ("version: \"1\"", "version: 1", "version: put it in quotes, as in \"1\""),
    (DIARY_DAYS, "    days: {from: 0:00, to: 83}\n", "from: must be a whole number, not text"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what"), AS_NUMBERS)
def test_a_number_where_a_text_belongs_is_told_what_it_looks_like(
    tmp_path: Path, old: str, new: str, what: str
) -> None:
    path = changed(tmp_path, (old, new))
    (one,), _ = told(path)
    line = path.read_text("utf-8").splitlines()[int(one.split(":")[0]) - 1]
    assert new.strip() in line
    assert what in one


def test_keys_types_and_figures_that_are_wrong_are_said_in_one_round(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("cutoff: 04:00", "cutoff: 13:00"),
        ("daily_cap: 3", "daily_cap: three"),
        ("late_message: 2 h", "late_mesage: 2 h"),
        ("link_life: 2 d", "link_life: 2 days"),
        ("late_until: 12:00", "late_until: 12h"),
        ("episode_days: 7", "episode_days: 0"),
        ("      jump: 2\n", ""),
        ("      item: temperature\n", "      itm: temperature\n"),
    )
    problems, warnings = told(path)
    expected = [
        ("cutoff: 13:00", "13:00 is out of range; the cut-off is 00:00 to 12:00"),
        ("daily_cap: three", "daily_cap: must be a whole number, not text"),
        ("late_mesage: 2 h", "unknown key `late_mesage`; did you mean `late_message`?"),
        ("link_life: 2 days", "'2 days' must be a time span such as 30 min, 2 h or 14 d"),
        ("late_until: 12h", "'12h' must be a clock time from 00:00 to 23:59, such as 08:30"),
        ("episode_days: 0", "must be at least 1 day"),
        ("- key: R1", "rules: `jump:` is missing here"),
        ("itm: temperature", "rules: unknown key `itm`; did you mean `item`?"),
    ]
    assert problems == [f"{line_of(path, text)}: {what}" for text, what in expected]
    assert not warnings


def test_what_stands_in_for_a_wrong_value_is_not_called_wrong_itself(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        (DIARY_DAYS, "    days: {from: first, to: -3, every: 0}\n"),
        ("languages: [en, fr]", "languages: [en, [fr]]"),
        ("quiet_hours:\n", "quiet_hours: none\nqueit_hours:\n"),
    )
    problems, _ = told(path)
    assert [each.split(": ", 1)[1] for each in problems] == [
        "languages: must be text, not a list",
        "quiet_hours: must be keys and values, not text",
        "unknown key `queit_hours`; did you mean `quiet_hours`?",
        "from: must be a whole number, not text",
    ]


def test_an_overlap_is_said_once_with_all_that_both_windows_ask(tmp_path: Path) -> None:
    (one,), _ = told(changed(tmp_path, week2("    days: 26\n    window: {before: 1, after: 1}")))
    assert "week4 (day 28) and week2 (day 26) overlap on day 27" in one
    assert "both ask pain-vas-48h and patient-global; move or shorten one" in one


def test_what_an_event_can_bring_over_is_warned_of_once(tmp_path: Path) -> None:
    away = week2("    days: 14\n    anchor: {event: dose-stopped}\n    window: {before: 1, after: 1}")
    problems, warnings = told(changed(tmp_path, away))
    (one,) = (each for each in warnings if "over that of day0" in each)
    assert problems == []
    assert "both ask pain-vas-48h and patient-global; an answer" in one


def test_visits_that_wait_for_each_other_are_both_named(tmp_path: Path) -> None:
    round_ = (
        week2("    days: 14\n    anchor: {visit: week4}"),
        ("    days: 28\n", "    days: 28\n    anchor: {visit: week2}\n"),
    )
    problems, _ = told(changed(tmp_path, *round_))
    assert sum("waits for itself" in one for one in problems) == 2


def test_a_visit_after_a_visit_and_one_after_an_event_hold(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        week2("    days: 5\n    anchor: {visit: day0}\n    window: {before: 1, after: 1}"),
        ("    days: 56\n", "    hours: {from: 24, to: 72}\n    anchor: {event: flare-opened}\n"),
    )
    text = path.read_text("utf-8")
    after = text.index("anchor: {event: flare-opened}")
    path.write_text(
        text[:after] + text[after:].replace("    window: {before: 1, after: 1}\n", "", 1),
        "utf-8",
    )
    problems, warnings = told(path)
    assert problems == []
    assert any("an event (flare-opened) can bring its window over" in one for one in warnings)
    found = check_protocol_file(path, DEFAULT_ROOT)
    assert found.timepoint("week2").anchor == Anchor("visit", "day0")
    assert found.timepoint("week8").hours is not None


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("{from: 0, to: 20, every: week}", [0, 7, 14]),
        ("{from: 0, to: 9, every: 3 days}", [0, 3, 6, 9]),
        ("{from: 0, to: 57, every: 4 weeks, for: 3 days}", [0, 1, 2, 28, 29, 30, 56, 57]),
        ("{from: 0, to: 4, every: day}", [0, 1, 2, 3, 4]),
    ],
)
def test_every_in_words(tmp_path: Path, days: str, expected: list[int]) -> None:
    path = changed(tmp_path, (DIARY_DAYS, f"    days: {days}\n"))
    assert list(check_protocol_file(path, DEFAULT_ROOT).timepoint("diary").targets) == expected


# --- what a patient's phone and sheet name


def test_an_illness_in_a_patients_title_is_a_warning_at_its_line(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("title: {en: Daily diary, fr: Carnet quotidien}", "title:\n      en: Diary\n      fr: Votre hémochromatose"),
        ("fr: THERA, démonstration", "fr: L'hémochromatose"),
        ("title: {en: Screening, fr: Sélection}", "title: {en: Pain at screening, fr: Sélection}"),
    )
    problems, warnings = told(path)
    assert problems == []
    (one,) = (each for each in warnings if "in the title" in each)
    assert one.startswith(f"{line_of(path, 'fr: Votre')}: 'hémochromatose' in the title tells others what")


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_shipped_protocols_name_no_illness_to_patients(version: str) -> None:
    assert not [one for one in told(DEFAULT_ROOT / f"protocols/thera-demo/{version}.yaml")[1] if "title" in one]


# --- recall


def test_a_window_longer_than_the_recall_is_a_warning_unless_it_says_why(tmp_path: Path) -> None:
    longer = week2("    days: 14\n    window: {before: 1, after: 2}")
    path = changed(tmp_path, longer)
    problems, warnings = told(path)
    assert problems == []
    assert f"{line_of(path, 'after: 2}')}: the window is 96 h long" in "\n".join(warnings)
    assert "pain-vas-48h 1 (48 h)" in "\n".join(warnings)
    noted = week2("    days: 14\n    window: {before: 1, after: 2}\n    recall_note: as published")
    assert not any("96 h" in one for one in told(changed(tmp_path, noted))[1])
    all_noted = ("cutoff: 04:00\n", "cutoff: 04:00\nrecall_note: {en: the owner agrees, fr: accord}\n")
    assert told(changed(tmp_path, longer, all_noted)) == ([], [])


def test_a_window_is_as_long_as_the_schedule_has_it_open(tmp_path: Path) -> None:
    path = changed(tmp_path, week2("    days: 14\n    window: {before: 1, after: 1}"))
    planned = plan(check_protocol_file(path, DEFAULT_ROOT), date(2026, 3, 2), ZoneInfo("Asia/Tokyo"))
    week = next(one for one in planned if one.timepoint == "week2")
    hours = int((week.closes_at - week.opens_at).total_seconds()) // 3600
    assert any(f"the window is {hours} h long" in one for one in told(path)[1])
    assert hours == 72


def test_messages_over_the_cap_and_a_form_without_a_reminder_are_warned_of(tmp_path: Path) -> None:
    path = changed(tmp_path, ("daily_cap: 3", "daily_cap: 1"))
    problems, warnings = told(path)
    assert not problems
    (cap,) = (one for one in warnings if "messages" in one)
    assert cap.startswith(
        f"{line_of(path, 'daily_cap')}: whoever does not answer would get 3 messages on days 0, 1, 2 and"
    )
    assert cap.endswith("and at most 1 go out a day; raise it, or take reminders away")
    silent = changed(tmp_path, ("    reminders: [10:00]\n", ""))
    assert any(one.endswith("nobody is reminded of day0; add reminders:, if it should be") for one in told(silent)[1])
    assert not any("remind" in one or "messages" in one for one in told(SOURCE)[1])


def test_the_command_says_warnings_and_holds(tmp_path: Path) -> None:
    path = changed(tmp_path, week2("    days: 14\n    window: {before: 1, after: 2}"))
    said = CliRunner().invoke(check, [str(path)])
    assert said.exit_code == 0
    lines = said.stderr.splitlines()
    assert f"warning: {path}:{line_of(path, 'after: 2}')}: the window is 96 h long" in lines[1]
    assert said.stdout == f"{path}: thera-demo 1 holds\n"


@pytest.mark.parametrize(
    ("id_", "hours"),
    [("pain-vas-48h", 48), ("raid", 168), ("who-5", 336), ("rand-36", 672), ("eq-5d-5l", 24), ("adherence", None)],
)
def test_recall_is_read_from_its_words(id_: str, hours: int | None) -> None:
    library = load()
    assert recall_hours(library.questionnaire(id_, "1")) == hours
    assert recall_hours(replace(library.questionnaire(id_, "1"), recall_hours=5)) == 5


# --- forms that nobody can reach

YES = Item("flare", Kind.YES_NO, {}, {})
PAIN = Item("pain", Kind.RATING, {}, {}, low=0, high=10)  # type: ignore[arg-type]
WHERE = Item("where", Kind.SEVERAL, {}, {}, options=(Option("knee", {}), Option("hip", {}), Option("none", {}, True)))


def asking(*items: Item) -> Questionnaire:
    keys = " ".join(f"{item.key}:{item.show_if}" for item in items)
    return Questionnaire("q", "1", keys, {}, ("en",), {}, 1, "", "", items, ())  # type: ignore[arg-type]


def at(op: str, value: object, item: str = "pain") -> Compared:
    return Compared(item, op, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("condition", "reachable"),
    [
        (AllOf((at("at_least", 7), at("at_most", 3))), False),
        (AllOf((at("at_least", 3), at("at_most", 7))), True),
        (AllOf((at("is", 5), at("at_least", 5))), True),
        (AllOf((at("is", 5), at("is", 6))), False),
        (AnyOf((AllOf((at("is", 5), at("is", 6))), at("is", 7))), True),
        (AllOf((at("is", True, "flare"), at("is", False, "flare"))), False),
        (AllOf((at("includes", "knee", "where"), at("includes", "hip", "where"))), True),
        (AllOf((at("includes", "knee", "where"), at("includes", "none", "where"))), False),
    ],
)
def test_a_condition_that_can_never_hold(condition: object, reachable: bool) -> None:
    asked = asking(YES, PAIN, WHERE, Item("more", Kind.YES_NO, {}, {}, show_if=condition))  # type: ignore[arg-type]
    assert never_shown(asked) == (() if reachable else ("more",))


def test_what_asks_about_an_item_that_then_does_not_show() -> None:
    mild = Item("mild", Kind.YES_NO, {}, {}, show_if=at("at_most", 3))
    severe = Item("severe", Kind.YES_NO, {}, {}, show_if=AllOf((at("is", True, "mild"), at("at_least", 7))))
    assert never_shown(asking(PAIN, mild, severe)) == ("severe",)


def test_a_form_nobody_reaches_is_refused_where_it_is_asked(tmp_path: Path) -> None:
    root = tmp_path / "questionnaires"
    shutil.copytree(DEFAULT_ROOT, root)
    (root / "published.lock").write_text("", "utf-8")
    path = root / "library/joint-pain-diary/1.yaml"
    text = path.read_text("utf-8")
    key = "  - key: rest_pain\n"
    assert key in text
    never = "{all: [{item: worst_pain, at_least: 7}, {item: worst_pain, at_most: 3}]}"
    item = f"  - key: never\n    kind: yes-no\n    text: {{en: A, fr: A}}\n    short: {{en: A, fr: A}}\n    show_if: {never}\n"
    path.write_text(text.replace(key, item + key), "utf-8")
    cases = path.with_suffix(".cases.yaml")
    cases.write_text(re.sub(r" *hidden:.*\n", "", cases.read_text("utf-8")), "utf-8")
    with pytest.raises(Unreadable, match=r"1\.yaml:\d+: joint-pain-diary\.\w+ can never show"):
        check_protocol_file(root / "protocols/thera-demo/1.yaml", root)


def test_every_item_of_the_library_can_show() -> None:
    assert [one.id for one in load().questionnaires() if never_shown(one)] == []
