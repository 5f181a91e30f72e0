"""What a protocol may say of staff's forms, of what is computed, and of the baseline; each problem at its line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pro.domain.protocol import QuestionnaireVersion
from pro.library import DEFAULT_ROOT, Unreadable, check_protocol_file, load, publish_protocol, publish_questionnaire

VISIT = "    questionnaires: [pain-vas-48h 1, patient-global 1]\n"
DESK = VISIT + "    clinician: [joint-exam 1]\n    computed: [das28 1, eular-response 1]\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The demonstration's first protocol, as a draft with an examination and what is computed from it."""
    root = shutil.copytree(DEFAULT_ROOT, tmp_path / "questionnaires")
    (root / "published.lock").unlink()
    for other in (root / "protocols/thera-demo").glob("*.yaml"):
        if other.name != "1.yaml":
            other.unlink()
    path = root / "protocols/thera-demo/1.yaml"
    text = path.read_text("utf-8").replace(VISIT, DESK).replace("\ntimepoints:\n", "\nbaseline: day0\ntimepoints:\n")
    path.write_text(text, "utf-8")
    return path


def _change(path: Path, old: str, new: str, timepoint: str = "") -> int:
    """Replaces `old` at its first place after that timepoint's key; the line of that timepoint's list afterwards."""
    text = path.read_text("utf-8")
    start = text.index(f"  - key: {timepoint}\n") if timepoint else 0
    at = text.index(old, start)
    path.write_text(text[:at] + new + text[at + len(old) :], "utf-8")
    return text[:at].count("\n") + 1


def _said(path: Path) -> list[str]:
    with pytest.raises(Unreadable) as refused:
        check_protocol_file(path, path.parents[2])
    return str(refused.value).splitlines()


def test_the_lists_and_the_baseline_are_read(path: Path) -> None:
    protocol = check_protocol_file(path, path.parents[2])
    week4 = protocol.timepoint("week4")
    assert protocol.baseline == "day0"
    assert week4.clinician == (QuestionnaireVersion("joint-exam", "1"),)
    assert [each.id for each in week4.computed] == ["das28", "eular-response"]
    assert [each.id for each in week4.named] == [
        "pain-vas-48h", "patient-global", "joint-exam", "das28", "eular-response",
    ]  # fmt: skip
    assert load(path.parents[2]).protocol("thera-demo", "1") == protocol


def test_a_protocol_without_them_has_none() -> None:
    protocol = load().protocol("thera-demo", "1")
    assert protocol.baseline == ""
    assert all(each.clinician == each.computed == () for each in protocol.timepoints)


COMPUTED = "    computed: [das28 1, eular-response 1]\n"
CLINICIAN = "    clinician: [joint-exam 1]\n"
SPOILT = [
    ("unknown in clinician", CLINICIAN, CLINICIAN.replace("joint-exam", "joint-exm"), "unknown questionnaire 'joint-exm'"),
    ("unknown in computed", COMPUTED, COMPUTED.replace("das28 1", "das28 7"), "das28 has no version 7; there is 1"),
    ("computed is typed", COMPUTED, "    computed: [das28 1, who-5 1]\n", "who-5.q1 has no from:, so nothing gives it"),
    ("no examination", CLINICIAN, "", "das28.tender28 needs joint-exam as reported by the clinician; week4 does not have"),
    ("no global", " patient-global 1]", "]", "das28.global needs patient-global as reported by the patient; week4 does not"),
    ("examination on the phone", VISIT + CLINICIAN, VISIT.replace("]", ", joint-exam 1]"), "as reported by the clinician"),
    ("computed too early", COMPUTED, "    computed: [eular-response 1, das28 1]\n", "eular-response.current needs das28; week4"),
    ("computed alone", COMPUTED, "    computed: [eular-response 1]\n", "eular-response.current needs das28; week4 does not"),
    ("computed on the phone", "[pain-vas-48h 1,", "[das28 1,", "das28 is computed from other questionnaires; list it under"),
    ("in two lists", CLINICIAN, "    clinician: [joint-exam 1, patient-global 1]\n", "stands under questionnaires of this"),
    ("twice", CLINICIAN, "    clinician: [joint-exam 1, joint-exam 1]\n", "questionnaire 'joint-exam' stands here twice"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what"), [each[1:] for each in SPOILT], ids=[each[0] for each in SPOILT])
def test_what_cannot_be_is_refused_at_its_line(path: Path, old: str, new: str, what: str) -> None:
    first = _change(path, old, new, "week4")
    lines = range(first, first + 4)
    found = [re.fullmatch(rf"{path}:(\d+): (.+)", each) for each in _said(path)]
    assert any(each is not None and what in each[2] and int(each[1]) in lines for each in found), _said(path)


def test_what_is_from_the_baseline_needs_one(path: Path) -> None:
    _change(path, "baseline: day0\n", "")
    said = _said(path)
    assert len(said) == 5
    assert all("eular-response.baseline is from the baseline; name that timepoint at the top" in each for each in said)


@pytest.mark.parametrize("key", ["day1", "diary"])
def test_the_baseline_is_a_timepoint_that_comes_once(path: Path, key: str) -> None:
    line = _change(path, "baseline: day0", f"baseline: {key}")
    what = f"{key!r} is no timepoint that comes once; there are screening, day0, week2"
    assert any(each.startswith(f"{path}:{line}: {what}") for each in _said(path))


def test_the_baseline_must_give_what_is_compared(path: Path) -> None:
    _change(path, COMPUTED, "", "day0")
    assert all("eular-response.baseline needs das28; day0 does not have it" in each for each in _said(path))


def test_staff_enter_nothing_at_a_timepoint_that_repeats(path: Path) -> None:
    _change(
        path, "    days: {from: 0, to: 83}\n", "    clinician: [joint-exam 1]\n    days: {from: 0, to: 83}\n", "diary"
    )
    (said,) = _said(path)
    assert "this timepoint repeats; what staff enter belongs to a single visit" in said


def test_a_version_that_lacks_what_is_wanted_is_refused(path: Path) -> None:
    """`from:` is held to the newest version where it stands, to the version asked here."""
    folder = path.parents[2] / "library/joint-exam"
    for end in ("yaml", "cases.yaml"):
        shutil.copy(folder / f"1.{end}", folder / f"9.{end}")
    newest = folder / "9.yaml"
    newest.write_text(newest.read_text("utf-8").replace('version: "1"', 'version: "9"'), "utf-8")
    old = folder / "1.yaml"
    old.write_text(re.sub(r"  - key: esr\n    title(?:.|\n)*", "", old.read_text("utf-8")), "utf-8")
    old.write_text(old.read_text("utf-8").replace("key: esr", "key: vs"), "utf-8")
    cases = folder / "1.cases.yaml"
    cases.write_text(re.sub(r",? ?esr: ({[^}]*}|[^,}\n]*)", "", cases.read_text("utf-8")), "utf-8")
    said = _said(path)
    assert all("das28.esr needs the item esr, which joint-exam 1 does not have" in each for each in said), said


def test_a_published_protocol_has_no_draft_in_any_list(path: Path) -> None:
    root = path.parents[2]
    library = load(root)
    for each in library.questionnaires():
        if each.id != "joint-exam":
            publish_questionnaire(library, each)
    library = load(root)
    with pytest.raises(Unreadable, match=r"^\S+ asks joint-exam 1, which is a draft; publish the questionnaire first$"):
        publish_protocol(library, library.protocol("thera-demo", "1"))
    publish_questionnaire(library, library.questionnaire("joint-exam", "1"))
    library = load(root)
    assert publish_protocol(library, library.protocol("thera-demo", "1"))
    assert load(root).is_protocol_published("thera-demo", "1")
