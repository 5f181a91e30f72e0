"""Every text message a study can send, counted and looked over before the first one leaves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pro.domain.message import LONGEST_LINK, TEMPLATES
from pro.domain.message_lint import Flaw, flaws, lint
from pro.domain.phone import Segments, segments
from pro.domain.protocol import Protocol

LINK = "https://".ljust(LONGEST_LINK, "x")
"""As long as a link may be: a shorter one costs no more."""
DIGITS = "4821"
TITLE_WORD, CRITERION_WORD = 4, 8
"""Letters from which a word of the title or of a criterion would tell something."""
ORDINARY = frozenset(
    re.findall(
        r"\w+",
        """this that with from have been will your days week weeks month months year years daily today evening questions
        page link message messages ready open please patient patients person signed written consent informed between
        before during after while within without under over least most more less than other others able about against
        demonstration demo phase request requested attention digits these four look test
        avec dans pour sans sous plus moins vous votre vos cette jour jours semaine semaines mois ans ceci entre avant
        pendant apres depuis quotidien quotidienne lien ouvrez attendent recevoir consentement eclaire ecrit signe
        autre autres demande demandez connectez suite tout toute chiffres quatre personne""",
    )
)
"""Words of a protocol that are anybody's."""


@dataclass(frozen=True, slots=True)
class SmsText:
    template: str
    language: str
    body: str
    cost: Segments
    problems: tuple[str, ...]
    flaws: tuple[Flaw, ...]


def study_words(protocol: Protocol) -> frozenset[str]:
    """What would tell of this study: its id, and the words of its titles and criteria that are not everybody's."""
    found = {part for part in protocol.id.split("-") if len(part) >= TITLE_WORD}
    for text in protocol.title.values():
        found |= set(_words(text, TITLE_WORD))
    for criterion in protocol.criteria:
        for text in criterion.text.values():
            found |= set(_words(text, CRITERION_WORD))
    return frozenset(found)


def _words(text: str, least: int) -> Iterator[str]:
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        if len(word) >= least and _plain(word) not in ORDINARY:
            yield word


def _plain(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign))


def sms_texts(protocol: Protocol) -> tuple[SmsText, ...]:
    """Every text in each language of the study, with what it costs and what is wrong with it."""
    words = study_words(protocol)
    return tuple(
        looked_over(template, language, wordings[language].format(link=LINK, digits=DIGITS), words)
        for template, wordings in TEMPLATES.items()
        for language in protocol.languages
    )


def looked_over(template: str, language: str, body: str, words: frozenset[str]) -> SmsText:
    """A text as it would leave, with what it costs and what is wrong with it; `words`: those of `study_words`."""
    said = words & set(re.findall(r"[^\W\d_]+", body.lower()))
    return SmsText(template, language, body, segments(body), lint(body, said), tuple(flaws(body, said)))
