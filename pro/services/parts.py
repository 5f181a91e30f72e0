"""The joined parts that every service verb works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from pro.clock import Clock
from pro.library import Library
from pro.services.shelf import Shelf
from pro.settings import Settings
from pro.sms.sender import Sender
from pro.store.contacts import Cipher
from pro.store.engine import Database


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    study: Database
    contacts: Database
    cipher: Cipher
    library: Library
    clock: Clock
    sender: Sender
    shelf: Shelf = field(default_factory=Shelf, repr=False)
    """The library with installed wordings laid over: `services.wording` asks it."""
