"""What each code of the data set means, in words: `codes.csv` beside the codebook."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    # reasons
    "hospital": "the patient is in hospital",
    "side-effect": "a side effect",
    "other-illness": "another illness",
    "holiday": "the patient is away on holiday",
    "technical": "a technical problem",
    "doctor": "the doctor decided it",
    "completed": "the patient's part in the study is done",
    "other": "another reason",
    "patient-wish": "the patient wished it and gave no other reason",
    "burden": "taking part was too much for the patient",
    "no-effect": "the treatment did not help",
    "moved": "the patient moved away",
    "died": "the patient died",
    # who and how
    "patient": "filled in by the patient",
    "clinician": "filled in by the site",
    "true": "yes",
    "false": "no",
    "own-phone": "on the patient's own telephone or computer",
    "site-tablet": "on a device of the site",
    "read-aloud": "questions read aloud by the site, answers typed in by it",
    "paper": "on paper, typed in by the site",
    "staff": "examined or asked by the site and entered at the desk",
    # answers
    "complete": "every item that was shown was reached: answered, skipped or said not to apply",
    "partial": "some items that were shown were never reached",
    "empty": "nothing was reached",
    "answered": "has a value",
    "skipped": "the respondent saw it and chose not to answer",
    "not-applicable": "the respondent said that it does not apply",
    "not-shown": "not asked, because of the answer to another item",
    "not-reached": "would have been asked, but the respondent did not get there",
    # flares
    "confirmed": "the investigator found a flare",
    "not-a-flare": "the investigator found no flare",
    "cannot-tell": "the investigator could not tell",
    "days-without-a-hit": "enough days went by on which no rule was met",
    "closed-by-investigator": "an investigator closed it",
    "hit": "the rule was met on that day",
    "no hit": "the rule was judged and not met",
    "not evaluable": "too little was recorded to judge the rule",
    # messages
    "reminder": "a reminder to the patient",
    "test": "the test of a number at enrolment",
    "flare": "to staff: a flare waits to be looked at",
    "flare-now": "to staff: a flare that cannot wait, such as fever",
    "pending": "waits to be sent",
    "claimed": "taken up by a worker; not sent yet",
    "sending": "given to the provider; its answer is not known yet",
    "sent": "the provider took it",
    "delivered": "the provider reports that it reached the telephone",
    "undelivered": "the provider reports that it did not reach the telephone",
    "failed": "the provider refused it for good",
    "dropped": "never sent; the reason is written",
    "contact-missing": "there was no telephone number any more",
    # why none was sent
    "withdrawn": "the patient had left the study",
    "opted-out": "the patient had said STOP",
    "no-number": "there was no telephone number",
    "cancelled": "the assessment was cancelled",
    "excused": "the assessment was excused by the site",
    "submitted": "the assessment was sent in before the message could leave",
    "closed": "the assessment was closed already",
    "not-open": "the assessment was not open",
    "too-late": "too late after its time to be of use",
    "asked-for-later": "the patient had asked for a later one",
    "daily-cap": "the patient had had the day's greatest number of messages",
    "quiet-hours": "it would have come in quiet hours",
    "amended": "an amendment of the protocol moved or removed it",
    "snooze-undone": "the patient took the wish for it back",
    "newer-test": "another test message was asked for before it left",
    "hold": "the site was holding the patient's assessments",
    "pause": "the site had paused these days",
    "ended": "the patient's part in the study had ended",
    "before-enrolment": "its time was before the patient was enrolled",
    "before-amendment": "its time was before the amendment that planned it",
    # ends
    "keep": "answers given before are used",
    "do-not-use": "answers given before are kept and not used",
    # forms
    "visit-missed": "the visit did not take place",
    "refused": "the patient refused the examination",
    "not-possible": "the examination was not possible",
    "no-examiner": "nobody was there to examine",
    "forgotten": "the examination was forgotten",
    # items and scales
    "yes-no": "yes or no",
    "one": "one of the choices",
    "several": "any number of the choices, a JSON list of their codes",
    "rating": "whole number on a row of buttons",
    "vas": "whole number on a line from end to end",
    "integer": "whole number typed in",
    "decimal": "number typed in, with as many decimals as told",
    "date": "date, YYYY-MM-DD",
    "time": "clock time, HH:MM",
    "text": "free text",
    "joints": "joints that are marked, a JSON list of their names",
    "higher-worse": "a higher value is worse",
    "higher-better": "a higher value is better",
    "none": "no end is better",
    "higher": "higher is better",
    "lower": "lower is better",
}
_STATES: Mapping[str, str] = {
    "expected": "its window is not open yet",
    "open": "its window is open, nothing begun",
    "begun": "begun and not sent in; its window is open",
    "completed": "sent in on time",
    "late": "sent in after the end of its window, while late entry was allowed",
    "partial": "not sent in; some answers were kept",
    "missed": "not sent in, and no answer was kept",
    "excused": "excused by the site; expected all the same",
    "cancelled": "cancelled; never expected",
}
_OF_A_COLUMN: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("assessments", "state"): _STATES,
    ("patients", "data_use"): {
        "keep": "the answers may be used: the patient did not withdraw, or withdrew and left them to the study",
        "do-not-use": "the patient withdrew and decided that the answers given before are not to be used",
    },
    ("reminders", "why_none"): {
        "failed": "the message that carried it failed",
        **{state: f"the assessment: {_STATES[state]}" for state in ("completed", "late", "partial", "missed")},
    },
    ("ends", "how"): {"ended": "ended by the site", "withdrawn": "the patient left the study"},
}


def said_of(table: str, column: str, code: str) -> str:
    """What a code means there. KeyError for a code nobody has described."""
    found = _OF_A_COLUMN.get((table, column), {}).get(code)
    if found is not None:
        return found
    kind, colon, why = code.partition(": ")
    return f"{_WORDS[kind]}: {_WORDS[why]}" if colon else _WORDS[code]
