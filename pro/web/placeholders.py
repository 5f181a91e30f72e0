"""The words that stand wherever our short labels are shown in place of an owner's text."""

from __future__ import annotations

from collections.abc import Iterable

from pro.domain.questionnaire import Questionnaire
from pro.web.words import in_language, say


def banner_here(questionnaire: Questionnaire, language: str) -> str:
    """For a page of that questionnaire alone; empty where the text is the owner's, or our own."""
    return say("phone.placeholder.here", language) if questionnaire.is_placeholder(language) else ""


def banner_of(questionnaires: Iterable[Questionnaire], language: str) -> str:
    """For a page of several: the same, with those it is true of."""
    titles = [in_language(one.title, language) for one in questionnaires if one.is_placeholder(language)]
    return say("phone.placeholder.of", language, titles=", ".join(titles)) if titles else ""
