"""A questionnaire with its owner's text, where one is installed in the study database of the settings."""

from __future__ import annotations

import os

from pro.domain.questionnaire import Questionnaire


def worded(questionnaire: Questionnaire) -> Questionnaire:
    """As patients read it; a machine without DATABASE_URL has no installed text, and our labels stand."""
    if not questionnaire.takes_wording or not os.environ.get("DATABASE_URL"):
        return questionnaire
    from pro.commands.opened import ready
    from pro.services import wording

    parts = ready()
    return wording.questionnaire(parts, questionnaire.id, questionnaire.version, parts.clock.now())
