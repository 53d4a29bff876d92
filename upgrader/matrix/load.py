"""The data files into one `Matrix`; every mistake of every file is told at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from upgrader.checking import Mistakes
from upgrader.matrix.cross_check import cross_check
from upgrader.matrix.kept import kept
from upgrader.matrix.model import (
    Annotation,
    Change,
    ErrorEntry,
    EventKind,
    Matrix,
    PrecheckCode,
    Release,
    RequiredAction,
    Source,
    Stop,
)
from upgrader.matrix.overlays import overlaid, overlay_directories
from upgrader.model.version import parse_version

T = TypeVar("T")


def data_directory() -> Path:
    """Where the data files are: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


@lru_cache(maxsize=1)
def load_matrix() -> Matrix:
    """The shipped knowledge with its overlays. Raises `InputError` with every mistake, each with file and line."""
    directory, overlays = data_directory(), overlay_directories()
    return kept("matrix", Matrix, data_files(directory, *overlays), lambda: read_matrix(directory, overlays))


def read_matrix(directory: Path, overlays: tuple[Path, ...] = ()) -> Matrix:
    """The knowledge in `directory`, with what the overlays add or replace; later ones win."""
    # Here, because a start mostly finds all of it kept, and needs no YAML.
    from upgrader.matrix.yaml_text import placed_entries

    mistakes = Mistakes(str(directory))

    placed: dict[str, tuple[tuple[str, Any], ...]] = {}

    def read(name: str, kind: type[T]) -> tuple[T, ...]:
        found: tuple[tuple[str, T], ...] = placed_entries(directory / name, kind, mistakes)
        for overlay in overlays:
            if (overlay / name).is_file():
                found = overlaid(name, found, placed_entries(overlay / name, kind, mistakes))
        placed[name] = found
        return tuple(entry for _, entry in found)

    releases = read("versions.yaml", Release)
    annotations = read("annotation_compat.yaml", Annotation)
    actions = read("ram_actions.yaml", RequiredAction)
    events = read("events.yaml", EventKind)
    changes = read("changes.yaml", Change)
    errors = read("error_catalogue.yaml", ErrorEntry)
    codes = read("precheck_codes.yaml", PrecheckCode)
    sources = read("sources.yaml", Source)
    stops = read("stops.yaml", Stop)
    cross_check(placed, mistakes)
    mistakes.raise_if_any("python -m upgrader.matrix.check")
    return Matrix(
        releases=_sorted(releases, lambda r: r.version),
        annotations=_sorted(annotations, lambda a: (a.name, a.lb, parse_version(a.since))),
        required_actions=_sorted(actions, lambda a: (a.action, parse_version(a.since))),
        event_kinds=_sorted(events, lambda e: (e.object, e.reason, parse_version(e.since))),
        all_changes=_sorted(changes, lambda c: (c.version, c.id)),
        errors=errors,
        precheck_codes=codes,
        sources=sources,
        digest=digest_of(directory, *overlays),
        stops=_sorted(stops, lambda s: parse_version(s.before)),
    )


def _sorted(found: tuple[T, ...], key: Callable[[T], Any]) -> tuple[T, ...]:
    return tuple(sorted(found, key=key))


def data_files(*directories: Path) -> list[Path]:
    """The data files of each folder, by name."""
    return [path for directory in directories for path in sorted(directory.glob("*.yaml"))]


def digest_of(*directories: Path) -> str:
    """The digest of every data file's name and bytes."""
    digest = hashlib.sha256()
    for path in data_files(*directories):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return "sha256:" + digest.hexdigest()
