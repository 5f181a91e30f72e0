"""A patient's sitting: link, start, saves, submission."""

from pro.services.answering.advice import Advice, advice_of
from pro.services.answering.facts import (
    CLEARED,
    LONG,
    SESSION_LIFE,
    Changed,
    Closed,
    Incomplete,
    LinkStatus,
    LinkView,
    Next,
    NoSitting,
    Part,
    RefusedSave,
    Report,
    Save,
    Saved,
    SiteCard,
    Sitting,
    Started,
    Submitted,
    Waiting,
)
from pro.services.answering.freezing import Freezing, freeze_all, receipt_of, saved_change, score_json
from pro.services.answering.reporting import report_here, report_now, reportable
from pro.services.answering.reviewed import Reviewed, changed_since
from pro.services.answering.saving import save
from pro.services.answering.sitting import continue_with, open_link, sitting, speak, start
from pro.services.answering.submitting import receipt_again, submit
from pro.services.answering.views import newest, questionnaires_of, saves_of, token_hash

__all__ = [
    "CLEARED",
    "LONG",
    "SESSION_LIFE",
    "Advice",
    "Changed",
    "Closed",
    "Freezing",
    "Incomplete",
    "LinkStatus",
    "LinkView",
    "Next",
    "NoSitting",
    "Part",
    "RefusedSave",
    "Report",
    "Reviewed",
    "Save",
    "Saved",
    "SiteCard",
    "Sitting",
    "Started",
    "Submitted",
    "Waiting",
    "advice_of",
    "changed_since",
    "continue_with",
    "freeze_all",
    "newest",
    "open_link",
    "questionnaires_of",
    "receipt_again",
    "receipt_of",
    "report_here",
    "report_now",
    "reportable",
    "save",
    "saved_change",
    "saves_of",
    "score_json",
    "sitting",
    "speak",
    "start",
    "submit",
    "token_hash",
]
