"""Knowledge that users add: folders with files named like ours, whose entries are added to ours or take their place.

An entry takes the place of ours when it has the same identity (a version's number, a change's id, an annotation's
name, kind and `since`, …). Folders come from the environment, and from packages by their entry points; the digest
covers them, so that a plan tells which knowledge it was made with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from upgrader.entry_points import points
from upgrader.model.errors import InputError

VARIABLE = "CCM_UPGRADE_DATA"
"""Folders with overlays, separated as in PATH; later ones win."""
GROUP = "ccm_upgrade.data"

IDENTITY: Mapping[str, Callable[[Any], object]] = {
    "versions.yaml": lambda one: one.version.numbers,
    "annotation_compat.yaml": lambda one: (one.name, one.lb, one.since),
    "ram_actions.yaml": lambda one: (one.action, one.feature, one.since),
    "events.yaml": lambda one: (one.object, one.reason, one.when, one.since),
    "changes.yaml": lambda one: one.id,
    "error_catalogue.yaml": lambda one: one.id,
    "precheck_codes.yaml": lambda one: (one.check, one.code),
    "sources.yaml": lambda one: one.id,
    "stops.yaml": lambda one: (one.before, one.after),
}
"""File → what makes two of its entries the same."""

Placed = tuple[tuple[str, Any], ...]


def overlay_directories(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The folders of packages by name, then those of the environment. Raises `InputError` for one that is not there."""
    found = [_of_package(point.name, point.value) for point in points(GROUP)]
    found += [Path(part) for part in environ.get(VARIABLE, "").split(os.pathsep) if part]
    for directory in found:
        check_overlay(directory)
    return tuple(found)


def check_overlay(directory: Path) -> None:
    """Raise `InputError` where the folder is none, or has a data file that no overlay can have."""
    if not directory.is_dir():
        raise InputError(what="the data overlay is no folder", where=str(directory), next_command=f"correct {VARIABLE}")
    strange = sorted({path.name for path in directory.glob("*.yaml")} - IDENTITY.keys())
    if strange:
        raise InputError(
            what=f"a data overlay can't have {', '.join(strange)}", where=str(directory),
            why=f"it may have {', '.join(sorted(IDENTITY))}", next_command="rename or remove the file",
        )  # fmt: skip


def overlaid(name: str, base: Placed, extra: Placed) -> Placed:
    """The entries of `extra` before those of `base` whose place they do not take: the first error that fits speaks."""
    identity = IDENTITY[name]
    taken = {identity(entry) for _, entry in extra}
    return extra + tuple(item for item in base if identity(item[1]) not in taken)


def _of_package(name: str, package: str) -> Path:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError) as error:
        raise InputError(what=f"the data overlay {name} can't be used", where=package, why=str(error),
                         next_command=f"mend or uninstall {package}") from error  # fmt: skip
    if spec is None or not spec.submodule_search_locations:
        raise InputError(what=f"the data overlay {name} can't be used", where=package, why="it is no package",
                         next_command=f"mend or uninstall {package}")  # fmt: skip
    return Path(next(iter(spec.submodule_search_locations)))
