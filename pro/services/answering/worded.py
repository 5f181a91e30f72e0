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
    mine, unsaid = f"{asked.id}.", (usual, asked.wordings.get(usual))
    for row in saves:
        item = row.item
        if item.startswith(mine):
            standing.pop(item, None)
            if row.code != CLEARED:
                standing[item] = (language, row.wording) if (language := row.language) else unsaid
    last_first = Counter(reversed(standing.values()))
    return [
        {"language": language, "sha256": sha256, "demonstration": asked.takes_wording and sha256 is None, "answers": n}
        for (language, sha256), n in last_first.most_common()
    ]
