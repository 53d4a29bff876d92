"""All conditions, by an explicit list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from upgrader.diagnose.conditions import (
    deletion,
    drain,
    empty,
    gone,
    hairpin,
    hand_edits,
    local_address,
    roles,
    silent,
    unread,
)
from upgrader.diagnose.look import Look
from upgrader.diagnose.model import Diagnosis


class Condition(Protocol):
    """Something that can be seen without an event. `TITLE` is the sentence that is true where it is found."""

    __doc__: str | None
    ID: str
    TITLE: str

    def look_for(self, look: Look) -> Iterable[Diagnosis]:
        """What is so."""


CONDITIONS: tuple[Condition, ...] = (
    gone, silent, empty, unread, hand_edits, deletion, drain, local_address, hairpin, roles,
)  # fmt: skip
