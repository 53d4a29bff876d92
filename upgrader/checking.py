"""Gathering mistakes: all at once, each with its place."""

from __future__ import annotations

from upgrader.model.errors import InputError


class Mistakes:
    """Collects mistakes in an input and raises them as one `InputError`."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[str] = []

    def add(self, place: str, what: str) -> None:
        """Remember a mistake at `place` (`file:line`)."""
        self.found.append(f"{place}: {what}")

    def raise_if_any(self, next_command: str = "") -> None:
        """Raise an `InputError` that lists every mistake; do nothing when there is none."""
        if self.found:
            count = len(self.found)
            raise InputError(
                what=f"{count} mistake{'s' if count > 1 else ''}:\n  " + "\n  ".join(self.found),
                where=self.where,
                next_command=next_command,
            )
