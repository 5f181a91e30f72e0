"""The page of a patient's scales: figures in words in both languages, lines, formulas, and what is missing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pro.app import create_app
from pro.domain.joints import SETS
from pro.domain.questionnaire import Kind, Value
from pro.domain.scoring import score
from pro.services import access
from pro.services.access import SignedIn
from pro.services.parts import Parts
from pro.web.desk.scale_words import figure, plain, reason_words, rounded
from pro.web.words import LANGUAGES, typeset
from tests.conftest import Urls
from tests.domain.instruments import LIBRARY, MANY
from tests.factories import PASSWORD, make_parts, make_patient, make_staff, make_study
from tests.visits import examine, examined, give, made_with

NARROW = "\u202f"


class Page:
    def __init__(self, parts: Parts) -> None:
        self.parts, self.made = parts, make_study(parts)
        self.patient = make_patient(parts, self.made, day0=date(2026, 3, 17))
        for role in ("investigator", "coordinator", "monitor", "data-manager"):
            for language in LANGUAGES:
                make_staff(parts, self.made, f"{role}-{language}", role=role, language=language)
        make_staff(parts, self.made, "elsewhere", role="monitor", site="L")
        self.app = create_app(parts)

    def answer(self, login: str = "investigator-en") -> tuple[int, str]:
        outcome = access.sign_in(self.parts, login, PASSWORD, "10.0.0.1", self.parts.clock.now())
        assert isinstance(outcome, SignedIn)
        client = self.app.test_client()
        client.set_cookie("staff", outcome.token)
        answer = client.get("/staff/patients/R-001/scales")
        return answer.status_code, answer.get_data(as_text=True)

    def words(self, language: str = "en") -> str:
        """What the page says, without markup; drawings give their titles."""
        status, page = self.answer(f"investigator-{language}")
        assert status == 200
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page))).replace(" .", ".")

    def give(self, timepoint: str, questionnaire: str, answers: dict[str, object]) -> None:
        give(self.parts, self.patient, timepoint, questionnaire, answers)

    def exam(self, timepoint: str, *counts: object) -> None:
        examine(self.parts, self.patient, timepoint, examined(*counts))  # type: ignore[arg-type]


@pytest.fixture
def page(sqlite_urls: Urls) -> Iterator[Page]:
    parts = make_parts(sqlite_urls)
    yield Page(parts)
    parts.study.close()
    parts.contacts.close()


def good_response(page: Page) -> None:
    """5.80 at day 0 and 2.45 in week 4, worked out by hand in tests/services/test_scales.py."""
    page.give("day0", "patient-global", {"global": 60})
    page.exam("day0", 8, 8, 40)
    page.give("week4", "patient-global", {"global": 20})
    page.exam("week4", 1, 0, 10)


def test_das28_stands_with_its_formula_and_the_response(page: Page) -> None:
    good_response(page)
    said = page.words()
    assert "0.56·√1 + 0.28·√0 + 0.70·ln(10) + 0.014·20 = 2.45" in said
    assert "Good response" in said
    assert "DAS28 with ESR, 4 variables fell by 3.35: from 5.80 (day 0) to 2.45 (week 4)." in said
    assert "−3.35 since day 0, better" in said
    assert "in remission" in said


def test_the_same_in_french(page: Page) -> None:
    good_response(page)
    said = page.words("fr").replace(NARROW, " ")
    assert "0,56·√1 + 0,28·√0 + 0,70·ln(10) + 0,014·20 = 2,45" in said
    assert "Bonne réponse" in said
    assert "DAS28-VS à 4 variables a baissé de 3,35 : de 5,80 (jour 0) à 2,45 (semaine 4)." in said
    assert "en rémission" in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "DAS28, week 4: no value. Missing: ESR or CRP. "
            "“Joint examination” of week 4 was saved without it; the value comes from the laboratory.",
        ),
        ("fr", "DAS28 (semaine 4) : pas de valeur. Il manque : VS ou CRP."),
    ],
)
def test_missing_blood_is_named(page: Page, language: str, said: str) -> None:
    page.give("week4", "patient-global", {"global": 20})
    page.exam("week4", 2, 1)
    assert said in page.words(language).replace(NARROW, " ")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "“Joint examination” of week 4 has no score: none of the 28 joints could be judged."),
        (
            "fr",
            "« Examen articulaire » (semaine 4) n'a pas de score : aucune des 28 articulations n'a pu être évaluée.",
        ),
    ],
)
def test_no_das28_from_no_joint_at_all(page: Page, language: str, said: str) -> None:
    page.give("week4", "patient-global", {"global": 0})
    examine(page.parts, page.patient, "week4", {**examined(0, 0, 5), "not_assessable": sorted(SETS["28"])})
    words = page.words(language).replace(NARROW, " ").replace("\u2019", "'").replace("\xa0", " ")
    assert said in words
    assert "0.56·√0" not in words.replace(",", ".")


@pytest.mark.parametrize(
    ("language", "outside", "inside", "judged"),
    [
        (
            "en",
            "examined on 3 May, outside the visit's window",
            "examined on 17 Mar ",
            "26 of 28 joints could be judged",
        ),
        (
            "fr",
            "examen du 3 mai, hors de la fenêtre de la visite",
            "examen du 17 mars ",
            "26 articulations sur 28 ont pu être évaluées",
        ),
    ],
)
def test_what_a_das28_rests_on_stands_beside_it(
    page: Page, language: str, outside: str, inside: str, judged: str
) -> None:
    page.give("day0", "patient-global", {"global": 60})
    examine(page.parts, page.patient, "day0", {**examined(8, 8, 40), "examined_on": "2026-03-17"})
    page.give("week4", "patient-global", {"global": 20})
    out = {"not_assessable": ["L-knee", "R-knee", "R-hip"], "examined_on": "2026-05-03"}
    examine(page.parts, page.patient, "week4", {**examined(1, 0, 10), **out})
    said = page.words(language).replace("\u2019", "'").replace("\xa0", " ").replace(NARROW, " ")
    assert said.count(f" {judged} ") >= 3  # DAS28, both counts
    response = "EULAR response" if language == "en" else "Réponse EULAR"
    first, rest = said.split(response, 1)
    assert outside in first
    assert outside in rest[:400]
    assert inside in said
    assert f"{inside.strip()}," not in said


@pytest.mark.parametrize(
    ("language", "said", "sets"),
    [
        ("en", "(without the hips: 10 joints)", "Swollen joints of the 12"),
        ("fr", "(sans les hanches : 10 articulations)", "Articulations gonflées sur les 12"),
    ],
)
def test_a_count_without_hips_says_so_and_stands_apart(page: Page, language: str, said: str, sets: str) -> None:
    page.give("week4", "joint-count", {"tender": ["L-hip"], "swollen": ["L-hip"]})
    page.exam("week4", 1, 1, 10)
    _, drawn = page.answer(f"investigator-{language}")
    text = html.unescape(drawn).replace(NARROW, " ").replace("\xa0", " ")
    theirs, clinicians = text.split('id="card-joint-exam"')
    assert said not in theirs
    assert sets in theirs
    assert said in clinicians


@pytest.mark.parametrize(("joints", "esr", "ends"), [(1, 10, ("1", "6.5")), (8, 300, ("1", "7")), (0, 1, ("0", "6.5"))])
def test_the_drawing_of_a_das28_spans_its_cut_offs_and_its_values(
    page: Page, joints: int, esr: int, ends: tuple[str, str]
) -> None:
    """By hand with ESR4 and a global of 20: 2.45, 6.65 or 0.28."""
    page.give("week4", "patient-global", {"global": 20})
    page.exam("week4", joints, 0 if joints < 8 else 8, esr)
    drawing = re.search(r'id="activity".*?<svg(.*?)</svg>', page.answer()[1], re.DOTALL)
    assert drawing
    said = re.findall(r"<text[^>]*text-anchor=\"end\"[^>]*>([^<]*)<", drawing[1])
    assert tuple(said[:2]) == ends


def test_an_examination_that_is_not_entered_is_named(page: Page) -> None:
    page.give("week4", "patient-global", {"global": 20})
    said = page.words()
    assert "Tender joints of 28 (clinician), Swollen joints of 28 (clinician) and ESR or CRP." in said
    assert "The clinician's form “Joint examination” of week 4 is not entered." in typeset(said, "en").replace("’", "'")
    assert "week 8: no value" not in said, "what is to come is not missing"


def test_other_formulas_at_baseline_and_now_are_not_compared(page: Page) -> None:
    page.give("day0", "patient-global", {"global": 60})
    page.exam("day0", 8, 8, 40)
    page.give("week4", "patient-global", {"global": 20})
    page.exam("week4", 1, 0, None, "2")
    said = page.words()
    assert "EULAR response, week 4: no value. Missing: ESR." in said
    assert "fell by" not in said


def test_lines_with_their_source_and_the_change(page: Page) -> None:
    page.give("day0", "pain-vas-48h", {"pain": 71})
    page.give("week4", "pain-vas-48h", {"pain": 38})
    said = page.words()
    assert "40 or less: acceptable to patients" in said
    assert "REFLECT" in said
    assert "−33 since day 0, better" in said
    assert "day 0 71; week 2 missed; week 4 38; week 8 to come; week 12 to come" in said


def test_quality_of_life_reads_well(page: Page) -> None:
    page.give("day0", "eq-5d-5l", {"mobility": "2", "selfcare": "1", "usual": "1", "pain": "3", "anxiety": "1"})
    page.give("day0", "who-5", {"q1": "3"})
    page.give("day0", "rand-36", {f"q{n}": "1" for n in range(3, 13)})
    said = page.words("fr").replace(NARROW, " ")
    assert "21131" in said
    assert "valeurs françaises (Andrade 2020)" in said
    assert "0,915" in said
    assert "il faut 5 réponses sur 5, il y en a 1" in said
    assert "Bien-être bas (50 ou moins)" in said
    assert re.search(r"Fonctionnement physique .* 0,0 ", said)


def test_the_patients_own_count_says_so(page: Page) -> None:
    page.give("week4", "joint-count", {"tender": ["L-knee"], "swollen": []})
    assert "the patient's own count" in page.words().replace("’", "'")


def test_an_examination_without_blood_says_at_which_visits_none_was_entered(page: Page) -> None:
    page.exam("day0", 4, 2, 20)
    page.exam("week2", 3, 2)
    said = page.words()
    assert "W4: not entered · W8, W12: to come" in said


def test_whoever_may_enter_the_examination_is_led_there(page: Page) -> None:
    if "staff.exam" not in page.app.view_functions:
        pytest.skip("the form is not there yet")
    link = 'href="/staff/patients/R-001/visits/week4/joint-exam"'
    assert link in page.answer("coordinator-en")[1]
    assert link not in page.answer("monitor-en")[1]


def test_two_versions_of_a_questionnaire_are_named(page: Page) -> None:
    made_with(page.parts, page.patient, "day0", "1")
    page.give("day0", "pain-vas-48h", {"pain": 71})
    page.give("week4", "pain-vas-48h", {"pain": 38})
    assert "Answered with version 1 (D0), version 2 (W4)" in page.words()


@pytest.mark.parametrize("role", ["investigator", "coordinator", "monitor", "data-manager"])
def test_whoever_sees_the_patient_sees_the_scales(page: Page, role: str) -> None:
    status, text = page.answer(f"{role}-en")
    assert status == 200
    assert 'href="/staff/patients/R-001"' in text
    assert page.answer("elsewhere")[0] == 404


def test_a_patient_without_any_answer_has_a_page(page: Page) -> None:
    for key in ("day0", "week2", "week4", "week8", "week12"):
        made_with(page.parts, page.patient, key, "1")
    said = page.words()
    assert "No value yet" in said
    assert "Disease activity" not in said, "version 1 computes nothing"


def test_no_address_of_another_place_and_no_inline_style(page: Page) -> None:
    good_response(page)
    _, text = page.answer()
    assert "style=" not in text
    assert not re.search(r'(src|href)="https?:', text)


# --- words


SCORED = sorted({one.id for one in LIBRARY.questionnaires() if one.scales})
ENDS = st.sampled_from(["low", "high"])


@settings(max_examples=MANY, deadline=None)
@given(st.sampled_from(SCORED), st.data())
def test_every_reason_of_the_library_has_its_words(id_: str, data: st.DataObject) -> None:
    """Whatever is left out, what scoring says of it is said in French."""
    one = LIBRARY.latest_questionnaire(id_)
    answers: dict[str, Value] = {}
    for item in one.items:
        if item.kind in (Kind.SEVERAL, Kind.TEXT, Kind.DATE, Kind.TIME) or not data.draw(st.booleans()):
            continue
        by_kind: dict[Kind, Value] = {Kind.JOINTS: (), Kind.YES_NO: True}
        ends = int((item.low if data.draw(ENDS) == "low" else item.high) or 0)
        answers[item.key] = by_kind.get(item.kind, item.options[0].code if item.options else ends)
    for found in score(one, answers).values():
        if found.reason is not None:
            said = reason_words(found.reason, one, "fr")
            assert said != typeset(found.reason, "fr"), found.reason
            assert not re.search(r"\b(answered|needs|items|doses due)\b", said), said


@pytest.mark.parametrize(
    ("questionnaire", "scale", "value", "en", "fr"),
    [
        ("das28", "das28_esr4", "4.17499", "4.17", "4,17"),
        ("das28", "das28_esr4", "4.175", "4.18", "4,18"),
        ("rand-36", "pain", "45", "45.0", "45,0"),
        ("eq-5d-5l", "index_fr", "-0.5254", "−0.525", "−0,525"),
        ("who-5", "who_5", "48", "48", "48"),
        ("haq-di", "haq_di", "1.125", "1.13", "1,13"),
        ("haq-di", "haq_di", "1.50", "1.5", "1,5"),
    ],
)
def test_figures_are_rounded_for_reading(questionnaire: str, scale: str, value: str, en: str, fr: str) -> None:
    meant = next(one for one in LIBRARY.latest_questionnaire(questionnaire).scales if one.key == scale)
    shown = rounded(questionnaire, meant, Decimal(value))
    assert (figure(shown, "en"), figure(shown, "fr")) == (en, fr)
    assert plain(Decimal("5.10"), "fr") == "5,1"
