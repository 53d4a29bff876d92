"""`python -m upgrader.matrix.check`: loads all knowledge and names every mistake."""

from __future__ import annotations

import sys
from pathlib import Path

from upgrader.matrix.behaviour import load_entries
from upgrader.matrix.load import data_directory, read_matrix
from upgrader.matrix.startup import read_startup
from upgrader.model.errors import InputError


def main(directory: Path | None = None) -> int:
    """0 when the data is whole; 64 with every mistake on stderr when it is not."""
    where = directory or data_directory()
    try:
        matrix = read_matrix(where)
        load_entries(where / "behaviour.yaml")
        read_startup(where / "startup.yaml")
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(
        f"data: {len(matrix.releases)} releases, {len(matrix.annotations)} annotations, "
        f"{len(matrix.required_actions)} actions, {len(matrix.event_kinds)} events, {len(matrix.all_changes)} changes, "
        f"{len(matrix.errors)} errors: whole\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
