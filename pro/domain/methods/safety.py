"""Safety and adherence: grades a patient's data suggest, which the investigator confirms, and doses taken of due."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from pro.domain.methods.outcome import Method, Outcome
from pro.domain.questionnaire import Scale, Value

FEVER = Decimal(38)
"""From here on it is fever (°C)."""
GRADE_2_ABOVE = Decimal(39)
GRADE_3_ABOVE = Decimal(40)
GRADE_4_HOURS_ABOVE = Decimal(24)


def fever_grade_provisional(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Provisional CTCAE grade of a fever: 0 below 38.0 °C, 1 to 39.0, 2 to 40.0, 3 above, 4 above for over 24 h.

    CTCAE v5.0, US National Cancer Institute, 2017. The scale's items are the highest temperature and the hours
    above 40.0 °C; without the hours the grade above 40.0 is 3, the least it can be. The investigator grades.
    """
    heat, hours = (answers.get(key) for key in scale.items)
    if not isinstance(heat, Decimal):
        return Outcome(None, f"needs {scale.items[0]}, which is not answered")
    return Outcome(Fraction(_fever_grade(heat, hours if isinstance(hours, Decimal) else Decimal(0))))


def _fever_grade(heat: Decimal, hours: Decimal) -> int:
    if heat > GRADE_3_ABOVE:
        return 4 if hours > GRADE_4_HOURS_ABOVE else 3
    if heat > GRADE_2_ABOVE:
        return 2
    return 1 if heat >= FEVER else 0


REACTION_GRADES: Mapping[str, int] = {
    "none": 0,
    **dict.fromkeys(("tenderness", "warmth", "redness", "itch", "bruise"), 1),
    **dict.fromkeys(("pain", "swelling", "phlebitis"), 2),
    **dict.fromkeys(("wound", "surgery"), 3),
}


def injection_site_grade_provisional(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Provisional CTCAE grade 0 to 3 of what was noticed at an injection site: that of the worst sign.

    CTCAE v5.0, US National Cancer Institute, 2017: 1 tenderness with or without warmth, redness, itch; 2 pain,
    swelling, inflamed vein; 3 ulcer, dead tissue or an operation. A bruise, which CTCAE does not name here, counts
    as the least grade. The investigator grades.
    """
    (key,) = scale.items
    signs = answers.get(key)
    if not isinstance(signs, tuple) or not signs:
        return Outcome(None, "not answered")
    unknown = [sign for sign in signs if sign not in REACTION_GRADES]
    if unknown:
        return Outcome(None, f"no grade is known for {', '.join(unknown)}")
    return Outcome(Fraction(max(REACTION_GRADES[sign] for sign in signs)))


def adherence_reported(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Doses taken, percent of the days the patient answered; days without an answer are left out.

    By convention it stands beside the conservative figure. Words: Vrijens et al., Br J Clin Pharmacol 2012;73:691-705.
    """
    return _share(scale, answers, "answered")


def adherence_conservative(scale: Scale, answers: Mapping[str, Value]) -> Outcome:
    """Doses taken, percent of the doses due; a day without an answer counts as not taken.

    By convention it stands beside the reported figure. Words: Vrijens et al., Br J Clin Pharmacol 2012;73:691-705.
    """
    return _share(scale, answers, "due")


def _share(scale: Scale, answers: Mapping[str, Value], of: str) -> Outcome:
    """100 × (taken + part × part_counts) / `of`; `part` absent means no dose was taken in part."""
    given = {key: value for key, value in answers.items() if isinstance(value, (int, Decimal))}
    reason = _why_no_share(given, of)
    if reason is not None:
        return Outcome(None, reason)
    counts, parts = given.get("part_counts", 0).as_integer_ratio()
    doses = int(given["taken"]) * parts + int(given.get("part", 0)) * counts
    return Outcome(Fraction(100 * doses, int(given[of]) * parts))


def _why_no_share(given: Mapping[str, int | Decimal], of: str) -> str | None:
    missing = [key for key in ("due", "answered", "taken") if key not in given]
    if missing:
        return f"needs {', '.join(missing)}"
    part = given.get("part", 0)
    if part and "part_counts" not in given:
        return "needs part_counts, since some doses were taken in part"
    if given["answered"] > given["due"]:
        return "more days answered than doses due; count the days on which a dose was due"
    if given["taken"] + part > given["answered"]:
        return "more doses than days answered; two doses on one day count once"
    return None if given[of] else f"{of} is 0"


METHODS: dict[str, Method] = {
    "fever_grade_provisional": fever_grade_provisional,
    "injection_site_grade_provisional": injection_site_grade_provisional,
    "adherence_reported": adherence_reported,
    "adherence_conservative": adherence_conservative,
}
