"""Every questionnaire's scores as a statistician's script has them: plain functions, ints and floats, no engine.

A function gets one patient's answers (item → number, text, bool or list; what is not answered is absent) and
returns scale → number or text, None where the score does not exist. The formulas and missing rules are the
library's; the papers stand there. What is said of no scale (a reason, a band) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import floor, log, sqrt
from typing import Any

from pro.domain.joints import SETS
from pro.domain.methods.promis import T_SCORES

Answers = Mapping[str, Any]
Numbers = dict[str, float | str | None]


def total(a: Answers, items: Iterable[str]) -> float | None:
    """The sum of items that are all needed."""
    values = [a.get(item) for item in items]
    return None if None in values else sum(values)  # type: ignore[arg-type]


def only(*items: str) -> Callable[[Answers], Numbers]:
    """For a questionnaire whose scales are its answers."""
    return lambda a: {item: a.get(item) for item in items}


def adherence(a: Answers) -> Numbers:
    due, answered, taken = a.get("due"), a.get("answered"), a.get("taken")
    part, counts = a.get("part", 0), a.get("part_counts")
    none: Numbers = {"reported": None, "conservative": None}
    if due is None or answered is None or taken is None or (part and counts is None):
        return none
    if answered > due or taken + part > answered:
        return none
    doses = 100 * (taken + part * (counts or 0))
    return {"reported": doses / answered if answered else None, "conservative": doses / due if due else None}


def das28(a: Answers) -> Numbers:
    scores: Numbers = {"das28_esr4": None, "das28_esr3": None, "das28_crp4": None, "das28_crp3": None}
    if "tender28" not in a or "swollen28" not in a:
        return scores
    joints = 0.56 * sqrt(a["tender28"]) + 0.28 * sqrt(a["swollen28"])
    if "esr" in a:
        by_esr = joints + 0.70 * log(a["esr"])
        scores["das28_esr3"] = by_esr * 1.08 + 0.16
        if "global" in a:
            scores["das28_esr4"] = by_esr + 0.014 * a["global"]
    if "crp" in a:
        by_crp = joints + 0.36 * log(a["crp"] + 1)
        scores["das28_crp3"] = by_crp * 1.10 + 1.15
        if "global" in a:
            scores["das28_crp4"] = by_crp + 0.014 * a["global"] + 0.96
    return scores


FRENCH = {
    "mobility": (0, 0.03759, 0.04774, 0.17949, 0.32509),
    "selfcare": (0, 0.03656, 0.050781, 0.172251, 0.258331),
    "usual": (0, 0.03313, 0.03979, 0.15689, 0.24005),
    "pain": (0, 0.02198, 0.04704, 0.26374, 0.44399),
    "anxiety": (0, 0.02046, 0.04683, 0.20005, 0.25803),
}
"""What each level takes off 1 in the French value set."""


def eq_5d_5l(a: Answers) -> Numbers:
    levels = [a.get(item, 9) for item in FRENCH]
    index = None
    if 9 not in levels:
        index = 1 - sum(off[level - 1] for off, level in zip(FRENCH.values(), levels, strict=True))
    return {"profile": "".join(map(str, levels)), "index_fr": index, "vas": a.get("vas")}


def eular_response(a: Answers) -> Numbers:
    if "baseline" not in a or "current" not in a:
        return {"eular_response": None}
    baseline, current = floor(a["baseline"] * 100 + 0.5), floor(a["current"] * 100 + 0.5)
    fall = baseline - current
    if fall > 120:
        response = "good" if current <= 320 else "moderate"
    else:
        response = "moderate" if fall > 60 and current <= 510 else "none"
    return {"eular_response": response}


def fever_grade(a: Answers) -> Numbers:
    heat = a.get("temperature")
    if heat is None:
        return {"fever_grade": None}
    if heat > 40:
        return {"fever_grade": 4 if a.get("hours_above_40", 0) > 24 else 3}
    return {"fever_grade": 2 if heat > 39 else 1 if heat >= 38 else 0}


def fihoa(a: Answers) -> Numbers:
    return {"fihoa": total(a, FIHOA)}


FIHOA = [f"q{n}" for n in range(1, 11)]


def gout_flare(a: Answers) -> Numbers:
    signs = []
    if "declared" in a:
        signs.append(a["declared"])
    if "rest_pain" in a:
        signs.append(a["rest_pain"] > 3)
    for item in ("swollen", "warm"):
        if item in a:
            signs.append(a[item] >= 1)
    met = sum(signs)
    flare = "flare" if met >= 3 else "no flare" if met + 4 - len(signs) < 3 else None
    tree = None
    if a.get("declared") is False or a.get("rest_pain", 4) <= 3:
        tree = "no flare"
    elif "declared" in a and "rest_pain" in a:
        tree = "flare"
    return {"criteria_met": met if signs else None, "gout_flare": flare, "gout_flare_tree": tree}


HAQ = {
    "dressing": ("dressing1", "dressing2"),
    "arising": ("arising1", "arising2"),
    "eating": ("eating1", "eating2", "eating3"),
    "walking": ("walking1", "walking2"),
    "hygiene": ("hygiene1", "hygiene2", "hygiene3"),
    "reach": ("reach1", "reach2"),
    "grip": ("grip1", "grip2", "grip3"),
    "activities": ("activities1", "activities2", "activities3"),
}


def haq_di(a: Answers) -> Numbers:
    raised = {*a.get("aids", ()), *a.get("help", ())}
    plain, with_aids = [], []
    for category, items in HAQ.items():
        scores = [a[item] for item in items if item in a]
        if scores:
            worst = max(scores)
            plain.append(worst)
            with_aids.append(max(worst, 2) if category in raised else worst)
    if len(plain) < 6:
        return {"haq_di": None, "haq_di_alternative": None}
    return {"haq_di": sum(with_aids) / len(plain), "haq_di_alternative": sum(plain) / len(plain)}


DOSES = {"yes": 1, "part": 0.5, "no": 0}


def injection_diary(a: Answers) -> Numbers:
    dose = DOSES[a["dose"]] if "dose" in a else None
    return {"dose_taken": dose, "temperature": a.get("temperature") if a.get("temperature_taken") else None}


SIGNS = {
    **{"none": 0, "tenderness": 1, "warmth": 1, "redness": 1, "itch": 1, "bruise": 1},
    **{"pain": 2, "swelling": 2, "phlebitis": 2, "wound": 3, "surgery": 3},
}


def injection_site_grade(a: Answers) -> Numbers:
    signs = a.get("reactions")
    return {"injection_site_grade": max(SIGNS[sign] for sign in signs) if signs else None}


TENDER = {"tjc28": SETS["28"], "tjc44": SETS["44"], "tjc68": SETS["68"], "tjc_hh12": SETS["hh12"]}
SWOLLEN = {"sjc28": SETS["28"], "sjc44": SETS["44"], "sjc66": SETS["66"], "sjc_hh12": SETS["hh12"]}


def joint_count(a: Answers) -> Numbers:
    return _counts(a, {*a.get("replaced", ()), *a.get("fused", ()), *a.get("not_assessable", ())})


def joint_exam(a: Answers) -> Numbers:
    out = set(a.get("not_assessable", ()))
    counts = _counts(a, out)
    if SETS["hh12"] & SETS["66"] <= out:
        counts["sjc_hh12"] = None
    return counts | {"crp": a.get("crp"), "esr": a.get("esr")}


def _counts(a: Answers, left_out: set[str]) -> Numbers:
    counts: Numbers = {}
    for item, sets in (("tender", TENDER), ("swollen", SWOLLEN)):
        marked = set(a[item]) - left_out if item in a else None
        for scale, joints in sets.items():
            counts[scale] = None if marked is None or joints <= left_out else len(marked & joints)
    return counts


def joint_pain_diary(a: Answers) -> Numbers:
    return {
        "worst_pain": a.get("worst_pain"),
        "average_pain": a.get("average_pain"),
        "stiffness": a.get("stiffness"),
        "tender_count": len(a["tender"]) if "tender" in a else None,
        "swollen_count": len(a["swollen"]) if "swollen" in a else None,
    }


def _t_table(method: str) -> list[float]:
    return [float(each) for each in T_SCORES[method][1].split()]


PROMIS_29 = {
    domain: ([f"{domain}{n}" for n in range(1, 5)], _t_table(f"promis_29_{domain}_t"))
    for domain in ("physical", "anxiety", "depression", "fatigue", "sleep", "social", "interference")
}


def promis_29(a: Answers) -> Numbers:
    scores: Numbers = {}
    for domain, (items, table) in PROMIS_29.items():
        raw = total(a, items)
        scores[f"{domain}_raw"] = raw
        scores[f"{domain}_t"] = None if raw is None else table[int(raw) - 4]
    scores["pain_intensity"] = a.get("pain_intensity")
    return scores


PHYSICAL, MENTAL = _t_table("promis_physical_t"), _t_table("promis_mental_t")
PAIN = (5, 4, 4, 4, 3, 3, 3, 2, 2, 2, 1)


def promis_global(a: Answers) -> Numbers:
    physical = total(a, ("global03", "global06", "global08"))
    if physical is not None:
        physical = physical + PAIN[a["global07"]] if "global07" in a else None
    mental = total(a, ("global02", "global04", "global05", "global10"))
    return {
        "physical_raw": physical,
        "physical_t": None if physical is None else PHYSICAL[int(physical) - 4],
        "mental_raw": mental,
        "mental_t": None if mental is None else MENTAL[int(mental) - 4],
    }


def ra_flare(a: Answers) -> Numbers:
    return {"ra_flare": total(a, ("pain", "function", "fatigue", "stiffness", "participation"))}


RAID = {
    **{"pain": 0.21, "function": 0.16, "fatigue": 0.15},
    **{"sleep": 0.12, "physical": 0.12, "emotional": 0.12, "coping": 0.12},
}


def raid(a: Answers) -> Numbers:
    given = [a[item] for item in RAID if item in a]
    if len(given) < 6:
        return {"raid": None}
    mean = sum(given) / len(given)
    return {"raid": sum(weight * a.get(item, mean) for item, weight in RAID.items())}


def _points(codes: int, *, falling: bool = False) -> dict[int, float]:
    points = {code: 100 * (code - 1) / (codes - 1) for code in range(1, codes + 1)}
    return {code: 100 - value for code, value in points.items()} if falling else points


def _rand(rising: Mapping[int, Iterable[int]], falling: Mapping[int, Iterable[int]]) -> dict[str, dict[int, float]]:
    """Item → points, from the items by how many answers they have."""
    tables = {f"q{n}": _points(codes) for codes, numbers in rising.items() for n in numbers}
    return tables | {f"q{n}": _points(codes, falling=True) for codes, numbers in falling.items() for n in numbers}


RAND_36 = {
    "physical_functioning": _rand({3: range(3, 13)}, {}),
    "role_physical": _rand({2: range(13, 17)}, {}),
    "role_emotional": _rand({2: range(17, 20)}, {}),
    "energy_fatigue": _rand({6: (29, 31)}, {6: (23, 27)}),
    "emotional_wellbeing": _rand({6: (24, 25, 28)}, {6: (26, 30)}),
    "social_functioning": _rand({5: (32,)}, {5: (20,)}),
    "pain": _rand({}, {6: (21,), 5: (22,)}),
    "general_health": _rand({5: (33, 35)}, {5: (1, 34, 36)}),
    "health_change": _rand({}, {5: (2,)}),
}


def rand_36(a: Answers) -> Numbers:
    scores: Numbers = {}
    for scale, tables in RAND_36.items():
        points = [table[a[item]] for item, table in tables.items() if item in a]
        scores[scale] = sum(points) / len(points) if points else None
    return scores


def rapid3(a: Answers) -> Numbers:
    raw = total(a, "abcdefghij")
    if raw is None:
        return {"function": None, "rapid3": None}
    function = floor(raw / 3 * 10 + 0.5) / 10
    rest = total(a, ("pain", "global"))
    return {"function": function, "rapid3": None if rest is None else function + rest}


def who_5(a: Answers) -> Numbers:
    raw = total(a, ("q1", "q2", "q3", "q4", "q5"))
    return {"who_5": None if raw is None else raw * 4}


def pain_response(a: Answers) -> Numbers:
    before, now = a.get("baseline"), a.get("current")
    if before is None or now is None:
        return {"change": None, "relative_change": None, "pain_now": now}
    return {"change": now - before, "relative_change": (now / before - 1) * 100 if before else None, "pain_now": now}


STRAIGHT: Mapping[str, Callable[[Answers], Numbers]] = {
    "adherence": adherence,
    "das28": das28,
    "eq-5d-5l": eq_5d_5l,
    "eular-response": eular_response,
    "fever-grade": fever_grade,
    "fihoa": fihoa,
    "gout-flare": gout_flare,
    "haq-di": haq_di,
    "injection-diary": injection_diary,
    "injection-site-grade": injection_site_grade,
    "joint-count": joint_count,
    "joint-exam": joint_exam,
    "joint-pain-diary": joint_pain_diary,
    "pain-response": pain_response,
    "pain-vas-48h": only("pain"),
    "patient-global": only("global"),
    "promis-29": promis_29,
    "promis-global": promis_global,
    "ra-flare": ra_flare,
    "raid": raid,
    "rand-36": rand_36,
    "rapid3": rapid3,
    "who-5": who_5,
}
"""By questionnaire id."""
