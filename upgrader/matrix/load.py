"""The data files into one `Matrix`; every mistake of every file is told at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from upgrader.checking import Mistakes
from upgrader.matrix.model import (
    Annotation,
    Change,
    Entry,
    ErrorEntry,
    EventKind,
    Matrix,
    PrecheckCode,
    Release,
    RequiredAction,
    Source,
    Spanned,
)
from upgrader.matrix.yaml_text import entries
from upgrader.model.errors import InputError
from upgrader.model.version import parse_version

T = TypeVar("T")

FILES = (
    "versions.yaml", "annotation_compat.yaml", "ram_actions.yaml", "events.yaml", "changes.yaml",
    "error_catalogue.yaml", "precheck_codes.yaml", "sources.yaml",
)  # fmt: skip


def data_directory() -> Path:
    """Where the data files are: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


@lru_cache(maxsize=1)
def load_matrix() -> Matrix:
    """The shipped knowledge. Raises `InputError` with every mistake, each with file and line."""
    return read_matrix(data_directory())


def read_matrix(directory: Path) -> Matrix:
    """The knowledge in `directory`."""
    mistakes = Mistakes(str(directory))

    def read(name: str, kind: type[T]) -> tuple[T, ...]:
        return entries(directory / name, kind, mistakes)

    releases = read("versions.yaml", Release)
    annotations = read("annotation_compat.yaml", Annotation)
    actions = read("ram_actions.yaml", RequiredAction)
    events = read("events.yaml", EventKind)
    changes = read("changes.yaml", Change)
    errors = read("error_catalogue.yaml", ErrorEntry)
    codes = read("precheck_codes.yaml", PrecheckCode)
    sources = read("sources.yaml", Source)
    cross_check(mistakes, releases, annotations, actions, events, changes, errors, codes, sources)
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
        digest=digest_of(directory),
    )


def _sorted(found: tuple[T, ...], key: Callable[[T], Any]) -> tuple[T, ...]:
    return tuple(sorted(found, key=key))


def digest_of(directory: Path) -> str:
    """The digest of every data file's name and bytes."""
    digest = hashlib.sha256()
    for path in sorted(directory.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return "sha256:" + digest.hexdigest()


def cross_check(
    mistakes: Mistakes,
    releases: tuple[Release, ...],
    annotations: tuple[Annotation, ...],
    actions: tuple[RequiredAction, ...],
    events: tuple[EventKind, ...],
    changes: tuple[Change, ...],
    errors: tuple[ErrorEntry, ...],
    codes: tuple[PrecheckCode, ...],
    sources: tuple[Source, ...],
) -> None:
    """What one entry alone can't show: sources exist, spans are spans and don't overlap, names are known."""
    known = {source.id for source in sources}
    everything: list[tuple[str, Iterable[Entry]]] = [
        ("versions.yaml", releases), ("annotation_compat.yaml", annotations), ("ram_actions.yaml", actions),
        ("events.yaml", events), ("changes.yaml", changes), ("error_catalogue.yaml", errors),
        ("precheck_codes.yaml", codes),
    ]  # fmt: skip
    for name, found in everything:
        for entry in found:
            _check_entry(mistakes, name, entry, known)
    _unique(mistakes, "versions.yaml", [str(release.version.numbers) for release in releases])
    _unique(mistakes, "changes.yaml", [change.id for change in changes])
    _unique(mistakes, "error_catalogue.yaml", [error.id for error in errors])
    _no_overlap(mistakes, "annotation_compat.yaml", [((a.name, lb), a) for a in annotations for lb in a.lb])
    _no_overlap(mistakes, "ram_actions.yaml", [((a.action, a.feature), a) for a in actions])
    names, called = {a.name for a in annotations}, {a.action for a in actions}
    for change in changes:
        for missing in sorted({*change.annotations} - names) + sorted({*change.actions} - called):
            mistakes.add("changes.yaml", f"{change.id} names {missing}, which no entry describes")


def _check_entry(mistakes: Mistakes, file: str, entry: Entry, known: set[str]) -> None:
    label = str(getattr(entry, "id", "") or getattr(entry, "name", "") or getattr(entry, "text", "") or entry)
    if not entry.sources:
        mistakes.add(file, f"{label} cites no source")
    for source in entry.sources:
        if source not in known:
            mistakes.add(file, f"{label} cites {source!r}, which sources.yaml does not have")
    versions = [getattr(entry, name, "") for name in ("since", "until", "text")]
    for text in [v for v in versions if v] + list(getattr(entry, "defaults", ())):
        try:
            parse_version(text)
        except InputError as error:
            mistakes.add(file, f"{label}: {error.what}")
            return
    if isinstance(entry, Spanned) and entry.until and parse_version(entry.until) <= parse_version(entry.since):
        mistakes.add(file, f"{label} ends ({entry.until}) before it begins ({entry.since})")
    pattern = getattr(entry, "pattern", "")
    try:
        re.compile(pattern)
    except re.error as error:
        mistakes.add(file, f"{label}: the pattern is no regular expression ({error})")


def _unique(mistakes: Mistakes, file: str, keys: list[str]) -> None:
    for key in sorted({k for k in keys if keys.count(k) > 1}):
        mistakes.add(file, f"{key} is described twice")


def _no_overlap(mistakes: Mistakes, file: str, spans: list[tuple[tuple[str, str], Spanned]]) -> None:
    for number, (key, one) in enumerate(spans):
        for other_key, other in spans[number + 1 :]:
            if key == other_key and _overlap(one, other):
                mistakes.add(file, f"{' '.join(key)} is described twice for the same versions")


def _overlap(one: Spanned, other: Spanned) -> bool:
    first, second = sorted((one, other), key=lambda e: parse_version(e.since))
    return not first.until or parse_version(first.until) > parse_version(second.since)
