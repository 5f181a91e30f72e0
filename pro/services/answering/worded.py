"""In which language, and under which owner's text, answers were given: each save says what stood on its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pro.domain.questionnaire import Questionnaire
from pro.services.answering.facts import CLEARED
from pro.store.sittings import Found


def given_under(asked: Questionnaire, saves: Iterable[Found], usual: str) -> list[dict[str, object]]:
    """What the answers that stand were given under, with how many: first what most were given under, of equals the last.

    `saves`: oldest first. One that does not say counts as given in the `usual` language under the text that stands now.
    """
    standing: dict[str, tuple[str, str | None]] = {}
    for row in saves:
        standing.pop(row.item, None)
        if row.code != CLEARED and row.item.partition(".")[0] == asked.id:
            standing[row.item] = (row.language, row.wording) if row.language else (usual, asked.wordings.get(usual))
    last_first = Counter(reversed(standing.values()))
    return [
        {"language": language, "sha256": sha256, "demonstration": asked.takes_wording and sha256 is None, "answers": n}
        for (language, sha256), n in last_first.most_common()
    ]
