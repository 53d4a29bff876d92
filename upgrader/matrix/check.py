"""`python -m upgrader.matrix.check`: loads all knowledge and names every mistake."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from upgrader.checking import Mistakes
from upgrader.matrix.behaviour import check_entries
from upgrader.matrix.load import data_directory, read_matrix
from upgrader.matrix.model import Entry, ErrorEntry, EventKind
from upgrader.matrix.startup import read_startup
from upgrader.model.errors import InputError

T = TypeVar("T")


def main(directory: Path | None = None) -> int:
    """0 when the data is whole; 64 with every mistake on stderr when it is not."""
    where = directory or data_directory()
    mistakes = Mistakes(str(where))
    matrix = _read(lambda: read_matrix(where), mistakes)
    behaviour = _read(lambda: check_entries(where / "behaviour.yaml"), mistakes)
    startup = _read(lambda: read_startup(where / "startup.yaml"), mistakes)
    if matrix is not None:
        check_patterns(matrix.errors, matrix.event_kinds, mistakes)
        known = {source.id for source in matrix.sources}
        _check_sources("behaviour.yaml", behaviour or (), known, mistakes)
        if startup is not None:
            parts = (*startup.flags, *startup.controllers, *startup.leader_locks, *startup.rights)
            _check_sources("startup.yaml", parts, known, mistakes)
    if matrix is None or mistakes.found:
        sys.stderr.write("\n".join(mistakes.found) + "\n")
        return InputError.exit_code
    sys.stdout.write(
        f"data: {len(matrix.releases)} releases, {len(matrix.annotations)} annotations, "
        f"{len(matrix.required_actions)} actions, {len(matrix.event_kinds)} events, {len(matrix.all_changes)} changes, "
        f"{len(matrix.errors)} errors: whole\n"
    )
    return 0


def _read(read: Callable[[], T], mistakes: Mistakes) -> T | None:
    try:
        return read()
    except InputError as error:
        mistakes.found.append(str(error))
        return None


def _check_sources(file: str, found: Iterable[Entry], known: set[str], mistakes: Mistakes) -> None:
    for unknown in sorted({source for entry in found for source in entry.sources} - known):
        mistakes.add(file, f"cites {unknown!r}, which sources.yaml does not have")


def check_patterns(errors: tuple[ErrorEntry, ...], events: tuple[EventKind, ...], mistakes: Mistakes) -> None:
    """Add a mistake where a pattern is none, or does not speak first for its own example.

    Left out of loading: compiling a hundred patterns takes longer than reading all of the data.
    """
    patterns: list[tuple[str, re.Pattern[str]]] = []
    for name, where, pattern in [
        *((e.id, "error_catalogue.yaml", e.pattern) for e in errors),
        *((f"{e.reason} since {e.since}", "events.yaml", e.pattern) for e in events),
    ]:
        try:
            patterns.append((name, re.compile(pattern)))
        except re.error as error:
            mistakes.add(where, f"{name}: the pattern is no regular expression ({error})")
    for entry in errors:
        first = next((name for name, pattern in patterns if pattern.search(entry.message)), None)
        if first != entry.id:
            mistakes.add("error_catalogue.yaml", f"{entry.id}: its example is found by {first or 'no pattern'}")


if __name__ == "__main__":
    sys.exit(main())
