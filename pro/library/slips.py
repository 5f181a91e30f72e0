"""What is missing because of a slip that is told at its own line already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pro.domain.protocol import QuestionnaireVersion
from pro.domain.questionnaire import Questionnaire

Known = Mapping[tuple[str, str], Questionnaire]


def is_slip(id_: str, named: Iterable[QuestionnaireVersion], known: Known) -> bool:
    """Whether one of those named is this questionnaire in a version that there is not, or its id misspelt."""
    unknown = [one.id for one in named if (one.id, one.version) not in known]
    ids = {name for name, _ in known}
    return id_ in unknown or bool(get_close_matches(id_, [one for one in unknown if one not in ids], n=1))
