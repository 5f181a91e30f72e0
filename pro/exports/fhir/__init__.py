"""FHIR R4 (4.0.1) `Questionnaire`: written from the library, read as a draft of it."""

from __future__ import annotations

from pro.exports.fhir.elements import NotAQuestionnaire
from pro.exports.fhir.reading import Draft, draft_of
from pro.exports.fhir.writing import Written, as_json, resource_of

__all__ = ["Draft", "NotAQuestionnaire", "Written", "as_json", "draft_of", "resource_of"]
