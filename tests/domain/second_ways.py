"""Every score of the library a second time: from the paper or the form, sharing nothing with the engine.

`SECOND_WAYS[questionnaire][scale]` takes the answers as a person gives them (what is missing is not in them) and gives
an exact Fraction, a float where there are roots and logarithms, a text, or None where there is no score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import log, sqrt
from typing import Any

Given = Mapping[str, Any]
Second = Fraction | float | str | None
Way = Callable[[Given], Second]


def exactly(answer: Any) -> Fraction:
    return Fraction(str(answer))


def alone(item: str) -> Way:
    """The answer is the score."""
    return lambda given: exactly(given[item]) if item in given else None


def sum_of(items: Sequence[str], times: int = 1) -> Way:
    """All of them, or nothing."""

    def way(given: Given) -> Second:
        return times * sum(exactly(given[item]) for item in items) if all(item in given for item in items) else None

    return way


def numbered(prefix: str, first: int, last: int, width: int = 1) -> list[str]:
    return [f"{prefix}{n:0{width}}" for n in range(first, last + 1)]


# --- joints, counted one by one

HAND = [*(f"MCP{n}" for n in range(1, 6)), "IP1", *(f"PIP{n}" for n in range(2, 6))]
OF_28 = ["shoulder", "elbow", "wrist", *HAND, "knee"]
OF_44 = [*OF_28, "SC", "AC", "ankle", *(f"MTP{n}" for n in range(1, 6))]
OF_66 = [*OF_44, "TMJ", *(f"DIP{n}" for n in range(2, 6)), "tarsus", *(f"toe{n}" for n in range(1, 6))]
OF_68 = [*OF_66, "hip"]
OF_12 = ["MCP2", "MCP3", "wrist", "ankle", "hip", "knee"]
LEFT_OUT = ("replaced", "fused", "not_assessable")


def sides(names: Sequence[str]) -> list[str]:
    return [f"{side}-{name}" for name in names for side in "LR"]


def count(item: str, names: Sequence[str], left_out: Sequence[str] = LEFT_OUT) -> Way:
    def way(given: Given) -> Second:
        if item not in given:
            return None
        unseen = [joint for joint in sides(names) if any(joint in given.get(out, []) for out in left_out)]
        if len(unseen) == 2 * len(names):
            return None
        total = 0
        for joint in given[item]:
            if joint[2:] in names and not any(joint in given.get(out, []) for out in left_out):
                total += 1
        return Fraction(total)

    return way


COUNTS: dict[str, Way] = {
    f"{letter}jc{suffix}": count(item, names)
    for letter, item in (("t", "tender"), ("s", "swollen"))
    for suffix, names in (("28", OF_28), ("44", OF_44), ("_hh12", OF_12))
} | {"tjc68": count("tender", OF_68), "sjc66": count("swollen", OF_66)}


# --- DAS28 and the response


def das28(rate: str, inside: int, weight: float, whole: bool, times: float, plus: float) -> Way:
    """Printed formula: tender and swollen roots, a logarithm of the rate, and the global where it is a whole one."""

    def way(given: Given) -> Second:
        needed = ["tender28", "swollen28", rate, *(["global"] if whole else [])]
        if not all(item in given for item in needed):
            return None
        joints = 0.56 * sqrt(given["tender28"]) + 0.28 * sqrt(given["swollen28"])
        figure = joints + weight * log(float(given[rate]) + inside)
        return (figure + (0.014 * float(given["global"]) if whole else 0)) * times + plus

    return way


def eular_response(given: Given) -> Second:
    """The table: level now by fall, in whole hundredths."""
    if not {"baseline", "current"} <= given.keys():
        return None
    before, now = (
        int(Decimal(given[key]).quantize(Decimal("0.01"), ROUND_HALF_UP) * 100) for key in ("baseline", "current")
    )
    level = (now > 320) + (now > 510)
    fall = 0 if before - now > 120 else 1 if before - now > 60 else 2
    return [("good", "moderate", "none"), ("moderate", "moderate", "none"), ("moderate", "none", "none")][level][fall]


def change(given: Given) -> Second:
    return given["current"] - Fraction(given["baseline"]) if {"baseline", "current"} <= given.keys() else None


def relative_change(given: Given) -> Second:
    if not {"baseline", "current"} <= given.keys() or given["baseline"] == 0:
        return None
    return Fraction(100 * given["current"], given["baseline"]) - 100


# --- impact, function

RAID = {"pain": 21, "function": 16, "fatigue": 15, "sleep": 12, "physical": 12, "emotional": 12, "coping": 12}


def raid(given: Given) -> Second:
    known = [given[item] for item in RAID if item in given]
    if len(known) < 6:
        return None
    return sum((w * given.get(item, Fraction(sum(known), len(known))) for item, w in RAID.items()), Fraction(0)) / 100


HAQ = {"dressing": 2, "arising": 2, "eating": 3, "walking": 2, "hygiene": 3, "reach": 2, "grip": 3, "activities": 3}


def haq(with_aids: bool) -> Way:
    def way(given: Given) -> Second:
        scores = []
        for category, size in HAQ.items():
            known = [int(given[item]) for item in numbered(category, 1, size) if item in given]
            helped = with_aids and (category in given.get("aids", []) or category in given.get("help", []))
            if known:
                scores.append(2 if helped and max(known) < 2 else max(known))
        return Fraction(sum(scores), len(scores)) if len(scores) >= 6 else None

    return way


def mdhaq(given: Given) -> Second:
    """The form's table: each three points are one, a third 0.3, two thirds 0.7."""
    if not all(item in given for item in "abcdefghij"):
        return None
    whole, thirds = divmod(sum(int(given[item]) for item in "abcdefghij"), 3)
    return whole + Fraction([0, 3, 7][thirds], 10)


def rapid3(given: Given) -> Second:
    function = mdhaq(given)
    if function is None or not {"pain", "global"} <= given.keys():
        return None
    assert isinstance(function, Fraction)
    return function + exactly(given["pain"]) + exactly(given["global"])


# --- quality of life

STEPS = [5, 5, *[3] * 10, *[2] * 7, 5, 6, 5, *[6] * 9, 5, *[5] * 4]
"""How many answers each item of RAND-36 has."""
HIGHEST_IS_BEST = {*range(3, 20), 24, 25, 28, 29, 31, 32, 33, 35}


def rand(*items: int) -> Way:
    """The mean of the items answered, each on 0 to 100 in equal steps."""

    def way(given: Given) -> Second:
        points = []
        for n in items:
            if f"q{n}" in given:
                share = Fraction(int(given[f"q{n}"]) - 1, STEPS[n - 1] - 1)
                points.append(100 * (share if n in HIGHEST_IS_BEST else 1 - share))
        return sum(points, Fraction(0)) / len(points) if points else None

    return way


DIMENSIONS = ("mobility", "selfcare", "usual", "pain", "anxiety")
FRANCE = {
    "1": (0, 0, 0, 0, 0),
    "2": ("0.03759", "0.03656", "0.03313", "0.02198", "0.02046"),
    "3": ("0.04774", "0.050781", "0.03979", "0.04704", "0.04683"),
    "4": ("0.17949", "0.1722510", "0.15689", "0.26374", "0.20005"),
    "5": ("0.32509", "0.258331", "0.24005", "0.44399", "0.25803"),
}
"""What each level takes off (Andrade 2020)."""


def eq_profile(given: Given) -> Second:
    return "".join(str(given[item]) if item in given else "9" for item in DIMENSIONS)


def eq_index(given: Given) -> Second:
    profile = str(eq_profile(given))
    return None if "9" in profile else 1 - sum(exactly(FRANCE[level][n]) for n, level in enumerate(profile))


PROMIS_TABLES = {
    "global physical": "16.2 19.9 23.5 26.7 29.6 32.4 34.9 37.4 39.8 42.3 44.9 47.7 50.8 54.1 57.7 61.9 67.7",
    "global mental": "21.2 25.1 28.4 31.3 33.8 36.3 38.8 41.1 43.5 45.8 48.3 50.8 53.3 56.0 59.0 62.5 67.6",
    "physical": "22.5 26.6 28.9 30.5 31.9 33.2 34.4 35.6 36.7 37.9 39.2 40.5 41.9 43.5 45.5 48.3 57.0",
    "anxiety": "40.3 48.0 51.2 53.7 55.8 57.7 59.5 61.4 63.4 65.3 67.3 69.3 71.2 73.3 75.4 77.9 81.6",
    "depression": "41.0 49.0 51.8 53.9 55.7 57.3 58.9 60.5 62.2 63.9 65.7 67.5 69.4 71.2 73.3 75.7 79.4",
    "fatigue": "33.7 39.7 43.1 46.0 48.6 51.0 53.1 55.1 57.0 58.8 60.7 62.7 64.6 66.7 69.0 71.6 75.8",
    "sleep": "32.0 37.5 41.1 43.8 46.2 48.4 50.5 52.4 54.3 56.1 57.9 59.8 61.7 63.8 66.0 68.8 73.3",
    "social": "27.5 31.8 34.0 35.7 37.3 38.8 40.5 42.3 44.2 46.2 48.1 50.0 51.9 53.7 55.8 58.3 64.2",
    "interference": "41.6 49.6 52.0 53.9 55.6 57.1 58.5 59.9 61.2 62.5 63.8 65.2 66.6 68.0 69.7 71.6 75.6",
}
"""T-scores of the raw sums 4 to 20, as printed."""


def pain_of_five(rating: int) -> int:
    """0 is 5, 1 to 3 are 4, 4 to 6 are 3, 7 to 9 are 2, 10 is 1."""
    return next(points for points, upto in ((5, 0), (4, 3), (3, 6), (2, 9), (1, 10)) if rating <= upto)


def promis_raw(items: Sequence[str]) -> Way:
    def way(given: Given) -> Second:
        if not all(item in given for item in items):
            return None
        return Fraction(sum(pain_of_five(given[i]) if i == "global07" else int(given[i]) for i in items))

    return way


def promis_t(table: str, items: Sequence[str]) -> Way:
    def way(given: Given) -> Second:
        raw = promis_raw(items)(given)
        return None if raw is None else Fraction(PROMIS_TABLES[table].split()[int(raw) - 4])

    return way


def promis(table: str, name: str, items: Sequence[str]) -> dict[str, Way]:
    return {f"{name}_raw": promis_raw(items), f"{name}_t": promis_t(table, items)}


PROMIS_29: dict[str, Way] = {"pain_intensity": alone("pain_intensity")}
for domain in list(PROMIS_TABLES)[2:]:
    PROMIS_29 |= promis(domain, domain, numbered(domain, 1, 4))


# --- flares, safety, adherence


def gout_signs(given: Given) -> dict[str, bool]:
    limits = {"declared": 1, "rest_pain": 4, "swollen": 1, "warm": 1}
    return {sign: int(given[sign]) >= least for sign, least in limits.items() if sign in given}


def gout_met(given: Given) -> Second:
    signs = gout_signs(given)
    return Fraction(list(signs.values()).count(True)) if signs else None


def gout_flare(given: Given) -> Second:
    """Told only where the worst and the best of the unknown signs say the same."""
    signs = gout_signs(given)
    least = list(signs.values()).count(True)
    most = least + 4 - len(signs)
    return "flare" if least >= 3 else "no flare" if most < 3 else None


def gout_tree(given: Given) -> Second:
    signs = gout_signs(given)
    pain, declared = signs.get("rest_pain"), signs.get("declared")
    if pain and declared:
        return "flare"
    return "no flare" if pain is False or declared is False else None


def fever(given: Given) -> Second:
    if "temperature" not in given:
        return None
    tenths = round(float(given["temperature"]) * 10)
    grade = (tenths >= 380) + (tenths >= 391) + (tenths >= 401)
    return Fraction(grade + (grade == 3 and float(given.get("hours_above_40", 0)) > 24))


SITE = {"tenderness": 1, "warmth": 1, "redness": 1, "itch": 1, "bruise": 1, "pain": 2, "swelling": 2, "phlebitis": 2,
        "wound": 3, "surgery": 3}  # fmt: skip


def site(given: Given) -> Second:
    return (
        Fraction(max((SITE.get(sign, 0) for sign in given["reactions"]), default=0)) if "reactions" in given else None
    )


def adherence(of: str) -> Way:
    """Numbers that contradict each other make no share, and neither does a dose in part that counts nobody knows what."""

    def way(given: Given) -> Second:
        if not {"due", "answered", "taken"} <= given.keys():
            return None
        due, answered, taken, part = (given.get(item, 0) for item in ("due", "answered", "taken", "part"))
        if (part and "part_counts" not in given) or not taken + part <= answered <= due or given[of] == 0:
            return None
        return (taken + part * exactly(given.get("part_counts", 0))) * 100 / given[of]

    return way


def injection_temperature(given: Given) -> Second:
    """Asked only of those who took it."""
    asked = given.get("temperature_taken") is True and "temperature" in given
    return exactly(given["temperature"]) if asked else None


def dose(given: Given) -> Second:
    return {"yes": Fraction(1), "part": Fraction(1, 2), "no": Fraction(0), None: None}[given.get("dose")]


SECOND_WAYS: dict[str, dict[str, Way]] = {
    "adherence": {"reported": adherence("answered"), "conservative": adherence("due")},
    "das28": {
        "das28_esr4": das28("esr", 0, 0.70, True, 1, 0),
        "das28_esr3": das28("esr", 0, 0.70, False, 1.08, 0.16),
        "das28_crp4": das28("crp", 1, 0.36, True, 1, 0.96),
        "das28_crp3": das28("crp", 1, 0.36, False, 1.10, 1.15),
    },
    "eq-5d-5l": {"profile": eq_profile, "index_fr": eq_index, "vas": alone("vas")},
    "eular-response": {"eular_response": eular_response},
    "fever-grade": {"fever_grade": fever},
    "fihoa": {"fihoa": sum_of(numbered("q", 1, 10))},
    "gout-flare": {"criteria_met": gout_met, "gout_flare": gout_flare, "gout_flare_tree": gout_tree},
    "haq-di": {"haq_di": haq(True), "haq_di_alternative": haq(False)},
    "injection-diary": {"dose_taken": dose, "temperature": injection_temperature},
    "injection-site-grade": {"injection_site_grade": site},
    "joint-count": COUNTS,
    # A hip is not offered to swell there: when the other ten are out, none could be judged.
    "joint-exam": {
        **COUNTS,
        "sjc_hh12": count("swollen", [*OF_12[:4], "knee"]),
        "crp": alone("crp"),
        "esr": alone("esr"),
    },
    "joint-pain-diary": {
        "worst_pain": alone("worst_pain"),
        "average_pain": alone("average_pain"),
        "stiffness": alone("stiffness"),
        "tender_count": count("tender", OF_68, ()),
        "swollen_count": count("swollen", OF_66, ()),
    },
    "pain-response": {"change": change, "relative_change": relative_change, "pain_now": alone("current")},
    "pain-vas-48h": {"pain": alone("pain")},
    "patient-global": {"global": alone("global")},
    "promis-29": PROMIS_29,
    "promis-global": {
        **promis("global physical", "physical", ["global03", "global06", "global07", "global08"]),
        **promis("global mental", "mental", ["global02", "global04", "global05", "global10"]),
    },
    "ra-flare": {"ra_flare": sum_of(["pain", "function", "fatigue", "stiffness", "participation"])},
    "raid": {"raid": raid},
    "rand-36": {
        "physical_functioning": rand(*range(3, 13)),
        "role_physical": rand(13, 14, 15, 16),
        "role_emotional": rand(17, 18, 19),
        "energy_fatigue": rand(23, 27, 29, 31),
        "emotional_wellbeing": rand(24, 25, 26, 28, 30),
        "social_functioning": rand(20, 32),
        "pain": rand(21, 22),
        "general_health": rand(1, 33, 34, 35, 36),
        "health_change": rand(2),
    },
    "rapid3": {"function": mdhaq, "rapid3": rapid3},
    "who-5": {"who_5": sum_of(numbered("q", 1, 5), times=4)},
}
