"""What no entry shows by itself: cited sources exist, names are known, nothing is described twice for one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from upgrader.checking import Mistakes
from upgrader.matrix.model import Spanned
from upgrader.model.version import parse_version

Placed = Sequence[tuple[str, Any]]
"""The entries of one file, each with its place (`file:line`)."""


def cross_check(files: Mapping[str, Placed], mistakes: Mistakes) -> None:
    """Add a mistake for every contradiction between entries. A file that could not be read has no entries."""
    versions, annotations = files["versions.yaml"], files["annotation_compat.yaml"]
    actions, changes = files["ram_actions.yaml"], files["changes.yaml"]
    _sources_exist(files, mistakes)
    _unique([(place, str(release.version.numbers)) for place, release in versions], mistakes)
    _unique([(place, source.id) for place, source in files["sources.yaml"]], mistakes)
    _unique([(place, change.id) for place, change in changes], mistakes)
    _unique([(place, error.id) for place, error in files["error_catalogue.yaml"]], mistakes)
    _unique([(place, f"{code.check} {code.code}") for place, code in files["precheck_codes.yaml"]], mistakes)
    _no_overlap([(place, f"{a.name} for {lb}", a) for place, a in annotations for lb in a.lb], mistakes)
    _no_overlap([(place, f"{a.action} for {a.feature}", a) for place, a in actions], mistakes)
    _no_overlap([(place, f"{e.object} {e.reason} {e.when}", e) for place, e in files["events.yaml"]], mistakes)
    names, called = {a.name for _, a in annotations}, {a.action for _, a in actions}
    for place, change in changes:
        for unknown in sorted({*change.annotations} - names) + sorted({*change.actions} - called):
            mistakes.add(place, f"{change.id} names {unknown}, which no entry describes")
    for place, annotation in annotations:
        if annotation.renamed_from and annotation.renamed_from not in names:
            mistakes.add(
                place, f"{annotation.name} is renamed from {annotation.renamed_from}, which no entry describes"
            )


def _sources_exist(files: Mapping[str, Placed], mistakes: Mistakes) -> None:
    known = {source.id for _, source in files["sources.yaml"]}
    for name, found in files.items():
        for place, entry in found if name != "sources.yaml" else ():
            for source in sorted({*entry.sources} - known):
                mistakes.add(place, f"cites {source!r}, which sources.yaml does not have")


def _unique(keys: Sequence[tuple[str, str]], mistakes: Mistakes) -> None:
    first: dict[str, str] = {}
    for place, key in keys:
        if first.setdefault(key, place) != place:
            mistakes.add(place, f"{key} is described twice, first at {first[key]}")


def _no_overlap(spans: Sequence[tuple[str, str, Spanned]], mistakes: Mistakes) -> None:
    by_key: dict[str, list[tuple[str, Spanned]]] = {}
    for place, key, entry in spans:
        by_key.setdefault(key, []).append((place, entry))
    for key, found in by_key.items():
        for (_, one), (place, other) in pairwise(sorted(found, key=lambda item: parse_version(item[1].since))):
            if not one.until or parse_version(one.until) > parse_version(other.since):
                mistakes.add(place, f"{key} is described twice for {other.since}")
