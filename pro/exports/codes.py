"""The codes that stand in the data set, column by column, read from where the code itself has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from pro.domain import flares, freezing, message, reminders
from pro.domain.assessment import State
from pro.exports import content
from pro.services import flagging, reviewing, settling, snoozing, undoing
from pro.services.amending_rows import AMENDED, PASSED
from pro.services.enrolment import holding, leaving
from pro.services.enrolment.inclusion import BEFORE_ENROLMENT
from pro.services.enrolment.trial import TEMPLATE as TEST
from pro.store.tables import Mode

_YES_NO = ("true", "false")
_NOT_SENT = (
    *(why for why in get_args(reminders.Why) if why != "ok"),
    *(AMENDED, snoozing.UNDONE, holding.HELD, holding.PAUSED, holding.ENDED),
)
_NO_LONGER_CALLED_FOR = (State.COMPLETED, State.LATE, State.PARTIAL, State.MISSED, State.EXCUSED)
"""What had become of an assessment when the message that it shared with others left without it."""
_EXCUSES = tuple(f"{kind}: {why}" for kind in (holding.HELD, holding.PAUSED) for why in holding.REASONS)

CODES: dict[tuple[str, str], tuple[str, ...]] = {
    ("patients", "withdrawn_why"): leaving.WHY,
    ("patients", "data_use"): leaving.EARLIER,
    ("assessments", "respondent"): ("patient", "clinician"),
    ("assessments", "excused_why"): _EXCUSES,
    ("assessments", "answered"): _YES_NO,
    ("assessments", "state"): tuple(State),
    ("responses", "mode"): tuple(Mode),
    ("responses", "completeness"): get_args(freezing.Completeness),
    ("answers", "code"): freezing.ITEM_CODES,
    ("flares", "outcome"): tuple(reviewing.Outcome),
    ("flares", "end_why"): (flagging.NO_MORE_HITS, reviewing.CLOSED_BY_INVESTIGATOR),
    ("flare_triggers", "result"): get_args(flares.Result),
    ("messages", "template"): ("reminder", TEST, "flare", "flare-now"),
    ("messages", "state"): tuple(message.State),
    ("messages", "error"): (*_NOT_SENT, settling.MISSING),
    ("reminders", "why_none"): tuple(
        dict.fromkeys((*_NOT_SENT, "failed", BEFORE_ENROLMENT, PASSED, *_NO_LONGER_CALLED_FOR))
    ),
    ("reminders", "message_state"): tuple(message.State),
    ("pauses", "why"): holding.REASONS,
    ("holds", "why"): holding.REASONS,
    ("ends", "how"): ("ended", "withdrawn"),
    ("ends", "why"): tuple(dict.fromkeys((*holding.REASONS, *leaving.WHY))),
    ("ends", "earlier_data"): leaving.EARLIER,
    ("not_done", "why"): undoing.WHY,
    ("items", "kind"): content.KINDS,
    ("items", "not_applicable"): _YES_NO,
    ("scales", "direction"): content.DIRECTIONS,
    ("scales", "better"): tuple(content.BETTER.values()),
}
"""Table and column → every code that may stand there, beside an empty field."""
NUMBERS_TOO = frozenset({("messages", "error")})
"""Where a number of the provider's may stand as well."""


def is_known(table: str, column: str, value: str) -> bool:
    """Whether that value may stand there; any value where the column has no codes."""
    known: Iterable[str] | None = CODES.get((table, column))
    if known is None or not value:
        return True
    return value in known or ((table, column) in NUMBERS_TOO and value.isdigit())
