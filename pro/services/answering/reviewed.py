"""What a patient read before sending, against what would be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pro.domain.answers import Answer, NotAllowed, check
from pro.domain.questionnaire import Item, Questionnaire
from pro.domain.showing import shown

Reviewed = Mapping[str, tuple[str, object]]
"""By `questionnaire.item`: code and value of each answer on the page that was read, as the page had them."""


def changed_since(
    questionnaires: Iterable[Questionnaire], standing: Mapping[str, Answer], reviewed: Reviewed
) -> dict[str, Answer | None]:
    """What would be sent and was not read so, in order, as it stands now; None where it stands no more.

    An item that does not show is not sent, whatever was answered to it.
    """
    changed: dict[str, Answer | None] = {}
    for one in questionnaires:
        own = {item.key: standing[key] for item in one.items if (key := f"{one.id}.{item.key}") in standing}
        for item_key in shown(one, own):
            key = f"{one.id}.{item_key}"
            if own.get(item_key) != _read(one.item(item_key), reviewed.get(key)):
                changed[key] = own.get(item_key)
    return changed


def _read(item: Item, given: tuple[str, object] | None) -> Answer | None:
    if given is None:
        return None
    code, value = given
    if code in ("skipped", "not-applicable"):
        return Answer("skipped" if code == "skipped" else "not-applicable")
    try:
        return Answer("answered", check(item, value))
    except NotAllowed:
        return None
