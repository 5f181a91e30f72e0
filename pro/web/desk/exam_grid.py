"""The joints of one list as a clinician's sheet has them: the patient facing the reader, right on the left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pro.domain.joints import SETS, label
from pro.domain.questionnaire import Item

ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("jaw", ("TMJ",)),
    ("sternoclavicular", ("SC",)),
    ("acromioclavicular", ("AC",)),
    ("shoulder", ("shoulder",)),
    ("elbow", ("elbow",)),
    ("wrist", ("wrist",)),
    ("mcp", ("MCP1", "MCP2", "MCP3", "MCP4", "MCP5")),
    ("pip", ("IP1", "PIP2", "PIP3", "PIP4", "PIP5")),
    ("dip", ("", "DIP2", "DIP3", "DIP4", "DIP5")),
    ("hip", ("hip",)),
    ("knee", ("knee",)),
    ("ankle", ("ankle",)),
    ("tarsus", ("tarsus",)),
    ("mtp", ("MTP1", "MTP2", "MTP3", "MTP4", "MTP5")),
    ("toes", ("toe1", "toe2", "toe3", "toe4", "toe5")),
)
"""From head to foot; of fingers and toes the first is next to the middle line. An empty name keeps a place."""
NAMES = frozenset(name for _, names in ROWS for name in names if name)


@dataclass(frozen=True, slots=True)
class Box:
    """One joint to tick; without a joint a place that stays empty."""

    joint: str
    words: str
    digit: str
    """Which finger or toe; empty for a joint that stands alone."""
    in_28: bool
    ticked: bool


@dataclass(frozen=True, slots=True)
class GridRow:
    key: str
    right: tuple[Box, ...]
    left: tuple[Box, ...]


def grid(item: Item, ticked: Collection[str], language: str) -> tuple[GridRow, ...]:
    """The rows with a joint that this list offers."""
    rows = []
    for key, names in ROWS:
        right, left = (tuple(_box(item, side, name, ticked, language) for name in names) for side in "RL")
        if any(box.joint for box in (*right, *left)):
            rows.append(GridRow(key, right[::-1], left))
    return tuple(rows)


def fits(item: Item) -> bool:
    """Whether the grid has a place for every joint of the list."""
    return all(joint.partition("-")[2] in NAMES for joint in item.joints)


def _box(item: Item, side: str, name: str, ticked: Collection[str], language: str) -> Box:
    joint = f"{side}-{name}"
    if joint not in item.joints:
        return Box("", "", "", False, False)
    digit = name[-1] if name[-1].isdigit() else ""
    return Box(joint, label(joint, language), digit, joint in SETS["28"], joint in ticked)
