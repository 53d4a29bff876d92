"""What a migration is: one breaking change, with how it is found, mended and undone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from upgrader.migrations.context import Context
from upgrader.model.finding import Finding
from upgrader.model.plan import Step

Mends = tuple[tuple[Step, tuple[Finding, ...]], ...]
"""Steps, each with the findings that it mends."""


class Migration(Protocol):
    """A module of this package; its docstring is its documentation. It is a check (see `assess.check`) that mends.

    `WINDOW` (from, to) are the versions between which the change lies: it concerns an upgrade that starts below
    `to`, from `from` on.
    """

    __doc__: str | None
    ID: str
    CODE: str
    TITLE: str
    NEEDS: tuple[str, ...]
    WINDOW: tuple[str, str]

    def applies(self, context: Context) -> str:
        """Why it does not concern this cluster; empty when it does."""

    def find(self, context: Context) -> Iterable[Finding]:
        """What is in the way."""

    def steps(self, findings: Iterable[Finding], context: Context) -> Mends:
        """How it is mended; findings that only a person can settle get no step."""
